-- Ten questions of an operator, in words that DuckDB and ClickHouse both read.

-- 1. How did the faxes end?
select verdict, count(*) as faxes, sum(pages_confirmed) as pages from faxes group by verdict order by faxes desc, verdict;

-- 2. With whom do they succeed? Each leg counts for the host that was called.
select callee_addr as peer, count(*) as faxes, sum(case when verdict = 'ok' then 1 else 0 end) as good,
    round(100.0 * sum(case when verdict = 'ok' then 1 else 0 end) / count(*), 1) as percent
from each_call where is_fax group by callee_addr order by percent, faxes desc, peer;

-- 3. How is it from day to day?
select date_trunc('day', started) as day, count(*) as faxes, sum(case when verdict = 'ok' then 1 else 0 end) as good
from faxes group by day order by day;

-- 4. Why do they fail, day by day?
select date_trunc('day', started) as day, cause, count(*) as faxes
from faxes where cause is not null group by day, cause order by day, faxes desc, cause;

-- 5. Who has to act?
select coalesce(fault_side, 'open') as who, count(*) as faxes from faxes where verdict <> 'ok' group by who order by faxes desc, who;

-- 6. Which calls to faxes were answered late, or never?
select to_user, callee_addr, count(*) as calls, sum(case when answered is null then 1 else 0 end) as never,
    round(max(date_diff('millisecond', started, answered)) / 1000.0, 1) as longest_s
from each_call where (is_fax and date_diff('millisecond', started, answered) > 10000) or state in ('rejected', 'unanswered')
group by to_user, callee_addr order by calls desc, to_user, callee_addr;

-- 7. Which gateways train again, or have pages repeated?
select callee_agent as gateway, count(distinct call_uid) as faxes, count(distinct nullif(trained, '')) as trained_again,
    sum(repeated) as pages_repeated
from (
    select c.call_uid as call_uid, c.callee_agent as callee_agent, h.call_uid as trained, coalesce(p.repeated, 0) as repeated
    from each_call as c
    left join (select distinct call_uid, capture_id from hints where rule in ('t30-ftt', 't30-train-failed')) as h
        on h.call_uid = c.call_uid and h.capture_id = c.capture_id
    left join (select call_uid, capture_id, sum(attempts - 1) as repeated from pages group by call_uid, capture_id) as p
        on p.call_uid = c.call_uid and p.capture_id = c.capture_id
    where c.is_fax
) as legs group by callee_agent order by trained_again desc, pages_repeated desc, gateway;

-- 8. Which faxes went over G.711 and should have been T.38? With whom.
select callee_addr as peer, callee_agent as agent, count(*) as faxes, sum(case when verdict = 'ok' then 1 else 0 end) as good
from each_call where is_fax and carrier in ('g711', 't38+g711') group by peer, agent order by faxes desc, peer, agent;

-- 9. How fast are they, and how long does a page take?
select modem, bit_rate, ecm, count(*) as faxes, round(avg(duration_s), 1) as mean_s, sum(pages_confirmed) as pages
from faxes group by modem, bit_rate, ecm order by faxes desc, modem, bit_rate, ecm;

-- 10. Which numbers fail again and again?
select to_user, count(*) as failed, min(started) as since, max(cause) as one_cause
from faxes where verdict in ('failed', 'partial') group by to_user having count(*) > 1 order by failed desc, to_user;
