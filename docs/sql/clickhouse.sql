-- Tables for the records of faxflow (docs/json.md), for ClickHouse 24.8 or later.
--
--   faxflow check --format ndjson FILE... > results/1.ndjson
--   clickhouse-client --multiquery < docs/sql/clickhouse.sql
--   clickhouse-client --query "insert into records format JSONAsString" < results/1.ndjson
--
-- Each line goes into `records`, and the views below put it into the tables. ReplacingMergeTree drops what is loaded twice.

create table if not exists captures (
    capture_id String, file String, format LowCardinality(String), packets UInt64, bytes UInt64,
    first_time Nullable(DateTime64(6, 'UTC')), last_time Nullable(DateTime64(6, 'UTC'))
) engine = ReplacingMergeTree order by capture_id;

create table if not exists notes (
    capture_id String, frame Nullable(UInt32), at_octet Nullable(UInt64), note String
) engine = ReplacingMergeTree order by (capture_id, note);

create table if not exists calls (
    call_uid String, capture_id String, file String, number UInt32, call_id Nullable(String),
    from_user Nullable(String), from_host Nullable(String), to_user Nullable(String), to_host Nullable(String),
    caller String, callee String, caller_addr String, callee_addr String, caller_agent Nullable(String), callee_agent Nullable(String),
    started DateTime64(6, 'UTC'), answered Nullable(DateTime64(6, 'UTC')), ended Nullable(DateTime64(6, 'UTC')), duration_s Float64,
    state LowCardinality(String), status Nullable(UInt16), sip_packets UInt64, rtp_packets UInt64, t38_packets UInt64,
    other_leg_uid Nullable(String), cause Nullable(String), fault_side Nullable(String),
    is_fax Bool, carrier Nullable(String), sender Nullable(String), verdict Nullable(String), reached Nullable(String),
    pages_sent Nullable(UInt32), pages_confirmed Nullable(UInt32), sender_id Nullable(String), receiver_id Nullable(String),
    modem Nullable(String), bit_rate Nullable(UInt32), ecm Nullable(Bool), compression Nullable(String), resolution Nullable(String),
    summary Nullable(String)
) engine = ReplacingMergeTree order by (call_uid, capture_id);

create table if not exists pages (
    call_uid String, capture_id String, page UInt32, attempts UInt32, confirmed Bool, bad_rows Nullable(UInt64),
    all_rows Nullable(UInt64), longest_bad_run Nullable(UInt64), octets Nullable(UInt64), duration_s Nullable(Float64)
) engine = ReplacingMergeTree order by (call_uid, capture_id, page);

create table if not exists hints (
    call_uid String, capture_id String, rule LowCardinality(String), severity LowCardinality(String), side Nullable(String),
    hop Nullable(UInt8), hint String
) engine = ReplacingMergeTree order by (call_uid, capture_id, rule, hint);

create table if not exists records (line String) engine = Null;

create materialized view if not exists captures_of_records to captures as
select JSONExtractString(line, 'capture_id') as capture_id, JSONExtractString(line, 'file') as file,
    JSONExtractString(line, 'capture', 'format') as format, JSONExtractUInt(line, 'capture', 'packets') as packets,
    JSONExtractUInt(line, 'capture', 'bytes') as bytes,
    parseDateTime64BestEffortOrNull(JSONExtractString(line, 'capture', 'first_time'), 6, 'UTC') as first_time,
    parseDateTime64BestEffortOrNull(JSONExtractString(line, 'capture', 'last_time'), 6, 'UTC') as last_time
from records where JSONExtractString(line, 'type') = 'capture';

create materialized view if not exists notes_of_records to notes as
select JSONExtractString(line, 'capture_id') as capture_id, JSONExtract(note, 'frame', 'Nullable(UInt32)') as frame,
    JSONExtract(note, 'offset', 'Nullable(UInt64)') as at_octet, JSONExtractString(note, 'text') as note
from (select line, arrayJoin(JSONExtractArrayRaw(line, 'capture', 'notes')) as note from records
    where JSONExtractString(line, 'type') = 'capture');

create materialized view if not exists calls_of_records to calls as
select JSONExtractString(line, 'call_uid') as call_uid, JSONExtractString(line, 'capture_id') as capture_id,
    JSONExtractString(line, 'file') as file, JSONExtractUInt(line, 'number') as number,
    JSONExtract(line, 'call_id', 'Nullable(String)') as call_id,
    JSONExtract(line, 'from_user', 'Nullable(String)') as from_user, JSONExtract(line, 'from_host', 'Nullable(String)') as from_host,
    JSONExtract(line, 'to_user', 'Nullable(String)') as to_user, JSONExtract(line, 'to_host', 'Nullable(String)') as to_host,
    JSONExtractString(line, 'caller') as caller, JSONExtractString(line, 'callee') as callee,
    replaceRegexpOne(caller, ':[0-9]+$', '') as caller_addr, replaceRegexpOne(callee, ':[0-9]+$', '') as callee_addr,
    JSONExtract(line, 'caller_agent', 'Nullable(String)') as caller_agent,
    JSONExtract(line, 'callee_agent', 'Nullable(String)') as callee_agent,
    parseDateTime64BestEffort(JSONExtractString(line, 'started'), 6, 'UTC') as started,
    parseDateTime64BestEffortOrNull(JSONExtractString(line, 'answered'), 6, 'UTC') as answered,
    parseDateTime64BestEffortOrNull(JSONExtractString(line, 'ended'), 6, 'UTC') as ended,
    JSONExtractFloat(line, 'duration_s') as duration_s, JSONExtractString(line, 'state') as state,
    JSONExtract(line, 'status', 'Nullable(UInt16)') as status, JSONExtractUInt(line, 'packets', 'sip') as sip_packets,
    JSONExtractUInt(line, 'packets', 'rtp') as rtp_packets, JSONExtractUInt(line, 'packets', 't38') as t38_packets,
    JSONExtract(line, 'other_leg_uid', 'Nullable(String)') as other_leg_uid,
    JSONExtract(line, 'cause', 'Nullable(String)') as cause, JSONExtract(line, 'fault_side', 'Nullable(String)') as fault_side,
    JSONType(line, 'fax') = 'Object' as is_fax, JSONExtract(line, 'fax', 'carrier', 'Nullable(String)') as carrier,
    JSONExtract(line, 'fax', 'sender', 'Nullable(String)') as sender, JSONExtract(line, 'fax', 'verdict', 'Nullable(String)') as verdict,
    JSONExtract(line, 'fax', 'reached', 'Nullable(String)') as reached,
    JSONExtract(line, 'fax', 'pages_sent', 'Nullable(UInt32)') as pages_sent,
    JSONExtract(line, 'fax', 'pages_confirmed', 'Nullable(UInt32)') as pages_confirmed,
    JSONExtract(line, 'fax', 'sender_id', 'Nullable(String)') as sender_id,
    JSONExtract(line, 'fax', 'receiver_id', 'Nullable(String)') as receiver_id,
    JSONExtract(line, 'fax', 'modem', 'Nullable(String)') as modem, JSONExtract(line, 'fax', 'bit_rate', 'Nullable(UInt32)') as bit_rate,
    JSONExtract(line, 'fax', 'ecm', 'Nullable(Bool)') as ecm, JSONExtract(line, 'fax', 'compression', 'Nullable(String)') as compression,
    JSONExtract(line, 'fax', 'resolution', 'Nullable(String)') as resolution,
    JSONExtract(line, 'fax', 'summary', 'Nullable(String)') as summary
from records where JSONExtractString(line, 'type') = 'call';

create materialized view if not exists pages_of_records to pages as
select JSONExtractString(line, 'call_uid') as call_uid, JSONExtractString(line, 'capture_id') as capture_id,
    JSONExtractUInt(page_line, 'number') as page, JSONExtractUInt(page_line, 'attempts') as attempts,
    JSONExtractBool(page_line, 'confirmed') as confirmed, JSONExtract(page_line, 'bad_rows', 'Nullable(UInt64)') as bad_rows,
    JSONExtract(page_line, 'rows', 'Nullable(UInt64)') as all_rows,
    JSONExtract(page_line, 'longest_bad_run', 'Nullable(UInt64)') as longest_bad_run,
    JSONExtract(page_line, 'bytes', 'Nullable(UInt64)') as octets, JSONExtract(page_line, 'duration_s', 'Nullable(Float64)') as duration_s
from (select line, arrayJoin(JSONExtractArrayRaw(line, 'fax', 'pages')) as page_line from records
    where JSONExtractString(line, 'type') = 'call');

create materialized view if not exists hints_of_records to hints as
select JSONExtractString(line, 'call_uid') as call_uid, JSONExtractString(line, 'capture_id') as capture_id,
    JSONExtractString(one, 'rule') as rule, JSONExtractString(one, 'severity') as severity,
    JSONExtract(one, 'side', 'Nullable(String)') as side, JSONExtract(one, 'hop', 'Nullable(UInt8)') as hop,
    JSONExtractString(one, 'text') as hint
from (select line, arrayJoin(JSONExtractArrayRaw(line, 'hints')) as one from records
    where JSONExtractString(line, 'type') = 'call');

create view if not exists each_call as
select * except (place) from (
    select *, row_number() over (partition by call_uid order by sip_packets + rtp_packets + t38_packets desc, capture_id) as place
    from calls final
) as ranked where place = 1;

create view if not exists faxes as
select leg.* from each_call as leg left join (select call_uid, is_fax from each_call) as other on other.call_uid = leg.other_leg_uid
where leg.is_fax and (leg.other_leg_uid is null or not other.is_fax or leg.call_uid < assumeNotNull(leg.other_leg_uid));
