-- Loads the files that the variable `results` names, see duckdb.sql.

create or replace temp table batch as
select * from read_json(getvariable('results'), format = 'newline_delimited', columns = {
    type: 'varchar', file: 'varchar', capture_id: 'varchar',
    capture: 'struct(format varchar, packets bigint, bytes bigint, first_time varchar, last_time varchar,
        notes struct(frame bigint, "offset" bigint, "text" varchar)[])',
    number: 'integer', call_uid: 'varchar', call_id: 'varchar',
    from_user: 'varchar', from_host: 'varchar', to_user: 'varchar', to_host: 'varchar',
    caller: 'varchar', callee: 'varchar', caller_agent: 'varchar', callee_agent: 'varchar',
    started: 'varchar', answered: 'varchar', ended: 'varchar', duration_s: 'double', state: 'varchar', status: 'smallint',
    packets: 'struct(sip bigint, rtp bigint, t38 bigint)', other_leg_uid: 'varchar', cause: 'varchar', fault_side: 'varchar',
    fax: 'struct(carrier varchar, sender varchar, verdict varchar, reached varchar, pages_sent integer, pages_confirmed integer,
        sender_id varchar, receiver_id varchar, modem varchar, bit_rate integer, ecm boolean, compression varchar,
        resolution varchar, summary varchar, pages struct(number integer, attempts integer, confirmed boolean, bad_rows bigint,
        "rows" bigint, longest_bad_run bigint, bytes bigint, duration_s double)[])',
    hints: 'struct("rule" varchar, severity varchar, side varchar, hop smallint, "text" varchar)[]'
});

-- A capture, or a call of it, that is known already is not taken in again.
create or replace temp table fresh_captures as
select * from batch where type = 'capture' and capture_id not in (select capture_id from captures)
qualify row_number() over (partition by capture_id) = 1;

create or replace temp table fresh_calls as
select * from batch where type = 'call'
    and not exists (select 1 from calls where calls.call_uid = batch.call_uid and calls.capture_id = batch.capture_id)
qualify row_number() over (partition by call_uid, capture_id) = 1;

insert into captures
select capture_id, file, capture.format, capture.packets, capture.bytes, cast(capture.first_time as timestamptz),
    cast(capture.last_time as timestamptz) from fresh_captures;

insert into notes
select capture_id, note.frame, note."offset", note."text" from (select capture_id, unnest(capture.notes) as note from fresh_captures);

insert into calls
select call_uid, capture_id, file, number, call_id, from_user, from_host, to_user, to_host, caller, callee,
    regexp_replace(caller, ':[0-9]+$', ''), regexp_replace(callee, ':[0-9]+$', ''), caller_agent, callee_agent,
    cast(started as timestamptz), cast(answered as timestamptz), cast(ended as timestamptz), duration_s, state, status,
    packets.sip, packets.rtp, packets.t38, other_leg_uid, cause, fault_side, fax is not null, fax.carrier, fax.sender,
    fax.verdict, fax.reached, fax.pages_sent, fax.pages_confirmed, fax.sender_id, fax.receiver_id, fax.modem, fax.bit_rate,
    fax.ecm, fax.compression, fax.resolution, fax.summary
from fresh_calls;

insert into pages
select call_uid, capture_id, page.number, page.attempts, page.confirmed, page.bad_rows, page."rows", page.longest_bad_run,
    page.bytes, page.duration_s
from (select call_uid, capture_id, unnest(fax.pages) as page from fresh_calls);

insert into hints
select call_uid, capture_id, hint."rule", hint.severity, hint.side, hint.hop, hint."text"
from (select call_uid, capture_id, unnest(hints) as hint from fresh_calls);
