-- Tables for the records of faxflow (docs/json.md), for DuckDB 1.2 or later.
--
--   faxflow check --format ndjson FILE... > results/1.ndjson        (or calls, flow, watch)
--   duckdb fax.duckdb -c ".read docs/sql/duckdb.sql" -c "set variable results = 'results/*.ndjson'" -c ".read docs/sql/duckdb-load.sql"
--
-- Types come from here and never from what a batch holds. A batch that is loaded twice changes nothing.

create table if not exists captures (
    capture_id varchar primary key,
    file varchar, format varchar, packets bigint, bytes bigint, first_time timestamptz, last_time timestamptz
);

-- What is noted of captures: damage, cut frames, what could not be opened.
create table if not exists notes (
    capture_id varchar, frame bigint, at_octet bigint, note varchar
);

-- One row for each call of each capture. `is_fax` calls have the columns after it.
create table if not exists calls (
    call_uid varchar, capture_id varchar, file varchar, number integer, call_id varchar,
    from_user varchar, from_host varchar, to_user varchar, to_host varchar,
    caller varchar, callee varchar, caller_addr varchar, callee_addr varchar, caller_agent varchar, callee_agent varchar,
    started timestamptz, answered timestamptz, ended timestamptz, duration_s double,
    state varchar, status smallint, sip_packets bigint, rtp_packets bigint, t38_packets bigint,
    other_leg_uid varchar, cause varchar, fault_side varchar,
    is_fax boolean, carrier varchar, sender varchar, verdict varchar, reached varchar, pages_sent integer, pages_confirmed integer,
    sender_id varchar, receiver_id varchar, modem varchar, bit_rate integer, ecm boolean, compression varchar, resolution varchar,
    summary varchar,
    primary key (call_uid, capture_id)
);

create table if not exists pages (
    call_uid varchar, capture_id varchar, page integer, attempts integer, confirmed boolean, bad_rows bigint, all_rows bigint,
    longest_bad_run bigint, octets bigint, duration_s double,
    primary key (call_uid, capture_id, page)
);

create table if not exists hints (
    call_uid varchar, capture_id varchar, rule varchar, severity varchar, side varchar, hop smallint, hint varchar
);

-- A call that several captures hold counts once, as the one that has most of it shows it.
create or replace view each_call as
select * exclude (place) from (
    select *, row_number() over (partition by call_uid order by sip_packets + rtp_packets + t38_packets desc, capture_id) as place
    from calls
) as ranked where place = 1;

-- A fax through a PBX is two legs: here once.
create or replace view faxes as
select leg.* from each_call as leg left join each_call as other on other.call_uid = leg.other_leg_uid
where leg.is_fax and (other.call_uid is null or not other.is_fax or leg.call_uid < other.call_uid);
