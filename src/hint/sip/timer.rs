//! Session timers and limits of duration (RFC 4028) in the middle of a fax.

use crate::hint::rule::{Check, Layer, explain, hide};
use crate::hint::t30::page::T30_PAGE_NO_POSTMSG;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::answer::T38_IMAGE_PORT_ZERO;
use crate::hint::t38::media::T38_BACK_TO_AUDIO_MIDFAX;
use std::cell::LazyCell;
use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::call::{Event, EventId, Side, SipEvent};
use crate::capture::{Endpoint, Timestamp};
use crate::hint::context::{header, status};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::Sdp;

/// A repetition of the T.38 offer this soon after the switch belongs to the switch, seconds.
const REFRESH_AFTER: f64 = 20.0;
/// T.38 packets that stop this long after a refresh stop because of it, seconds.
const SILENCE_AFTER: f64 = 4.0;
/// How exactly a timer is met, seconds.
const EXACTLY: f64 = 2.0;
/// Whoever refreshes hangs up this long before the session expires, or a third of it (RFC 4028), seconds.
const HANG_UP_BEFORE: f64 = 32.0;
/// Durations that people set as limits, seconds.
const ROUND_LIMITS: [f64; 6] = [300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];

pub(super) const RULES: &[&Rule] = &[&SIP_SESSION_REFRESH, &SIP_SESSION_EXPIRED];

pub(in crate::hint) static SIP_SESSION_REFRESH: Rule = Rule {
    id: "sip-session-refresh",
    severity: Severity::Warning,
    title: "Session timer refresh in the middle of the fax",
    advice: "Long faxes cross the refresh of the session timer. Some stacks negotiate T.38 anew instead of merely \
             refreshing (FreeSWITCH issue 2789: 26 of 28 pages at 1800 s), or answer with m=image 0. Raise \
             Session-Expires, turn timers off for the fax trunk (timers=no, session-timers=refuse), or update \
             the stack on the side whose answer changed the media.",
    step: "raise Session-Expires, or turn timers off for the fax trunk",
    reference: "RFC 4028; signalwire/freeswitch issue 2789",
    when: "a re-INVITE or UPDATE repeats the T.38 session (or has no SDP) while the fax runs; an error if T.38 then stops",
    check: Check::One(session_refresh),
    covers: &[
        hide(&[&T38_BACK_TO_AUDIO_MIDFAX]),
        explain(&[
            &T30_DROPPED_MID_FAX,
            &T30_PAGE_NO_POSTMSG,
            &T38_IMAGE_PORT_ZERO,
        ]),
    ],
    ..super::SIP
};

pub(in crate::hint) static SIP_SESSION_EXPIRED: Rule = Rule {
    id: "sip-session-expired",
    severity: Severity::Error,
    title: "The call was cut by a timer, not by the fax",
    advice: "Nobody refreshed the session, or a limit of call duration was hit: credit, L() or \
             TIMEOUT(absolute) in Asterisk, the dialog timeout of Kamailio. Check who is the refresher in \
             Session-Expires and why it did not refresh, and the limits of the channel on the side that hung up.",
    step: "see who should have refreshed the session, and why it did not",
    reference: "RFC 4028; pjproject issues 833, 1722",
    when: "BYE without DCN about when Session-Expires runs out and nobody refreshed; a warning at a round duration (300, 600, 900 s ...)",
    check: Check::One(session_expired),
    layer: Layer::Teardown,
    covers: &[hide(&[&T30_DROPPED_MID_FAX])],
    ..super::SIP
};

/// Interval of `Session-Expires`, seconds.
fn session_expires(sip: &SipEvent) -> Option<f64> {
    header(sip, "Session-Expires")?
        .split(';')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// The interval in force at a time: that of the last 2xx before it.
fn interval_at(context: &RuleContext<'_>, at: Timestamp) -> Option<f64> {
    context
        .messages()
        .filter(|(event, sip)| event.at <= at && status(sip).is_some_and(is_success))
        .filter_map(|(_, sip)| session_expires(sip))
        .last()
}

/// Image endpoint of an SDP.
fn image_endpoint(sdp: &Sdp) -> Option<Endpoint> {
    sdp.media
        .iter()
        .find(|line| line.is_t38() && line.port > 0)
        .and_then(|line| Some(Endpoint::new(line.connection?, line.port)))
}

/// A request that refreshes, with what came of it.
struct Refresh<'a> {
    request: &'a Event,
    answer: Option<&'a Event>,
    broke: bool,
    /// Its answer takes T.38 away, or changes it.
    by_answer: bool,
    /// With SDP: without it a refresh cannot touch the media.
    offers: bool,
}

fn session_refresh(context: &RuleContext<'_>) -> Option<Finding> {
    let refresh = refreshes(context)
        .into_iter()
        .max_by_key(|refresh| refresh.broke)?;
    let interval = interval_at(context, refresh.request.at)
        .map(|seconds| format!(" ({seconds:.0} s)"))
        .unwrap_or_default();
    let (severity, end) = if refresh.broke {
        (Severity::Error, "it broke the T.38 media")
    } else if refresh.offers {
        (Severity::Warning, "ok")
    } else {
        (Severity::Note, "ok")
    };
    let seen = format!("Session-timer refresh{interval} in the fax – {end}");
    let frames = [
        Some(refresh.request.frame),
        refresh.answer.map(|event| event.frame),
    ];
    let mut finding = Finding::new(severity, frames.into_iter().flatten(), seen)
        .on(refresh.request.id)
        .about(context.endpoint(refresh.request.from));
    if refresh.broke {
        let side = refresh.request.from;
        finding = finding.about(context.endpoint(side.other())).more(format!(
            "{} refreshed; look at the answer of {}.",
            context.who_begins(side),
            context.whose(side.other())
        ));
        if !refresh.by_answer {
            // T.38 stops after it: the capture does not show who stopped it.
            finding = finding.blame_nobody();
        }
    }
    Some(finding)
}

fn refreshes<'a>(context: &RuleContext<'a>) -> Vec<Refresh<'a>> {
    // Few calls have any request that makes it worth to look for the fax.
    let fax = LazyCell::new(|| {
        let begun = context.t30().map(|(event, _)| event.at).min();
        let dcn = context.t30_named("DCN").next();
        (begun, dcn.map(|(event, _)| event.at))
    });
    let in_fax = |at: Timestamp| {
        let (begun, dcn) = *fax;
        begun.is_some_and(|begun| begun < at) && dcn.is_none_or(|dcn| at < dcn)
    };
    context
        .call
        .transactions
        .iter()
        .filter(|transaction| matches!(transaction.method.as_str(), "INVITE" | "UPDATE"))
        .filter_map(|transaction| {
            let (request, sip) = context.message(*transaction.requests.first()?)?;
            let running = t38_since(context, request.at)?;
            let late = request.at.seconds_since(running) >= REFRESH_AFTER;
            let side = request.from;
            let same = match &sip.sdp {
                Some(sdp) => image_endpoint(sdp) == own_endpoint(context, side, request.at),
                None => session_expires(sip).is_some(),
            };
            if !(late && same && in_fax(request.at)) {
                return None;
            }
            let answer = transaction
                .final_response()
                .and_then(|(_, id)| context.message(id));
            let offers = sip.sdp.is_some();
            Some(Refresh {
                request,
                answer: answer.map(|(event, _)| event),
                broke: offers && broke(context, request, answer),
                by_answer: answer.is_some_and(|(_, sip)| changes(context, request, sip)),
                offers,
            })
        })
        .collect()
}

/// Since when T.38 is agreed at this time.
fn t38_since(context: &RuleContext<'_>, at: Timestamp) -> Option<Timestamp> {
    let mut since = None;
    for period in context.call.media.iter().filter(|period| period.from < at) {
        since = match (period.t38, since) {
            (Some(_), None) => Some(period.from),
            (Some(_), since) => since,
            (None, _) => None,
        };
    }
    since
}

/// Image endpoint of a side in force at a time.
fn own_endpoint(context: &RuleContext<'_>, side: Side, at: Timestamp) -> Option<Endpoint> {
    let period = context
        .call
        .media
        .iter()
        .rfind(|period| period.from < at && period.t38.is_some())?;
    Some(*period.t38?.of(side))
}

/// Whether a refresh ended T.38: refused, answered without it or with other endpoints, or silence after it.
fn broke(context: &RuleContext<'_>, request: &Event, answer: Option<(&Event, &SipEvent)>) -> bool {
    let Some((answer, sip)) = answer else {
        return false;
    };
    if changes(context, request, sip) {
        return fax_unfinished(context);
    }
    let last = [Side::Caller, Side::Callee]
        .into_iter()
        .filter_map(|side| context.call.udptl.of(side).last)
        .map(|(_, at)| at)
        .max();
    let went_on = context.call.last_packet.seconds_since(answer.at) >= SILENCE_AFTER;
    fax_unfinished(context) && went_on && last.is_some_and(|last| last <= answer.at)
}

/// Whether the answer to a refresh refuses it, or has no T.38 any more, or at another endpoint.
fn changes(context: &RuleContext<'_>, request: &Event, answer: &SipEvent) -> bool {
    let accepted = status(answer).is_some_and(|status| (200..300).contains(&status));
    let endpoint = answer.sdp.as_ref().and_then(image_endpoint);
    let before = own_endpoint(context, request.from.other(), request.at);
    !accepted || endpoint.is_none() || endpoint != before
}

fn fax_unfinished(context: &RuleContext<'_>) -> bool {
    !context.delivered()
}

fn session_expired(context: &RuleContext<'_>) -> Option<Finding> {
    let (bye, _) = context.bye()?;
    let answer = context.answer()?;
    let finished = context.t30_named("DCN").next().is_some();
    if context.call.fax.is_none() || context.delivered() || finished {
        return None;
    }
    let since = last_refresh(context, bye.at).unwrap_or(answer.at);
    let elapsed = bye.at.seconds_since(since);
    let total = bye.at.seconds_since(answer.at);
    let interval = interval_at(context, bye.at);
    let (severity, seen) =
        if let Some(interval) = interval.filter(|it| runs_out(*it).contains(&elapsed)) {
            (
                Severity::Error,
                format!("Cut at {elapsed:.0} s – session timer ({interval:.0} s), not a fax fault"),
            )
        } else if ROUND_LIMITS
            .iter()
            .any(|limit| (total - limit).abs() <= EXACTLY)
        {
            (
                Severity::Warning,
                format!("Cut at {total:.0} s – session timer/call limit, not a fax fault"),
            )
        } else {
            return None;
        };
    let timer = context
        .messages()
        .find(|(_, sip)| session_expires(sip).is_some())
        .map(|(event, _)| event.frame);
    Some(
        Finding::new(
            severity,
            [Some(bye.frame), timer].into_iter().flatten(),
            seen,
        )
        .on(bye.id)
        .about(context.endpoint(bye.from))
        .blame_one_of(context, refresher_at(context, bye.at)),
    )
}

/// The side that has to refresh the session (RFC 4028, `refresher`): the other one does right to hang up.
fn refresher_at(context: &RuleContext<'_>, at: Timestamp) -> Option<Side> {
    let (answer, value) = context
        .messages()
        .filter(|(event, sip)| event.at <= at && status(sip).is_some_and(is_success))
        .filter_map(|(event, sip)| Some((event, header(sip, "Session-Expires")?)))
        .last()?;
    let refresher = value
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("refresher="))?;
    match refresher.trim() {
        "uac" => Some(answer.from.other()),
        "uas" => Some(answer.from),
        _ => None,
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// When a session that nobody refreshes is hung up, in seconds after the last refresh.
fn runs_out(interval: f64) -> RangeInclusive<f64> {
    let before = HANG_UP_BEFORE.max(interval / 3.0);
    (interval - before - EXACTLY)..=(interval + EXACTLY)
}

/// Time of the last 2xx to INVITE or UPDATE before a time.
fn last_refresh(context: &RuleContext<'_>, before: Timestamp) -> Option<Timestamp> {
    context
        .call
        .transactions
        .iter()
        .filter(|transaction| matches!(transaction.method.as_str(), "INVITE" | "UPDATE"))
        .filter_map(|transaction| {
            let (status, id) = transaction.final_response()?;
            is_success(status).then(|| context.at(id))?
        })
        .filter(|at| *at < before)
        .max()
}

/// The offers that repeat a T.38 session in force (a refresh), and are no switch.
pub(crate) fn refreshing(context: &RuleContext<'_>) -> HashSet<EventId> {
    refreshes(context)
        .iter()
        .map(|refresh| refresh.request.id)
        .collect()
}
