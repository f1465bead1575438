//! How a call ends: BYE, its answer, what comes too early or never.

use std::collections::{HashMap, HashSet};

use crate::call::{Event, EventId, EventKind, FaultSide, HopId, Relay, Side, Transaction};
use crate::capture::Timestamp;
use crate::hint::context::header;
use crate::hint::rule::{Check, Layer, hide};
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::sip::{q850_text, reason_cause};
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::whole::is_seen;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::timer::T1;

/// Hung up this soon after the answer (or the switch to T.38): nobody can say yet that DIS is missing, seconds.
const EARLY: f64 = 12.0;
/// The called side should show itself until T1 runs out: if it hangs up before, it never began the fax, seconds.
const CALLED_GIVES_UP: f64 = T1.earliest();
/// A dialog is left open if nothing more comes for this long while the capture goes on, seconds.
const STUCK: f64 = 35.0;
/// A host in the middle passes a BYE on within this, seconds.
const FOLLOWS: f64 = 5.5;
/// Sends of a BYE after which silence is no accident (at 0, 0.5 and 1.5 s).
const BYES_IN_VAIN: usize = 3;
/// Wait after the last of them, seconds.
const WAIT_AFTER_BYES: f64 = 2.0;
/// A BYE is answered within this time where all is well, seconds.
const PROMPT: f64 = 4.0;
/// Q.850 causes of a normal end.
const NORMAL_CAUSES: [u16; 3] = [16, 17, 31];

pub(super) const RULES: &[&Rule] = &[
    &SIP_EARLY_BYE,
    &SIP_BYE_MISSING,
    &SIP_BYE_UNANSWERED,
    &SIP_BYE_Q850,
    &SIP_TEARDOWN_OK,
];

pub(in crate::hint) static SIP_EARLY_BYE: Rule = Rule {
    id: "sip-early-bye",
    severity: Severity::Error,
    title: "Hung up before the fax began",
    advice: "The call was ended before the fax handshake. Look at the side that sent the BYE: fax disabled on \
             the extension, no disk space on the fax server, a person or voicemail that answered, T.38 refused \
             without fallback to audio (Asterisk aborts where audio fallback, option f, is not allowed), or a \
             billing limit. On Asterisk add `fax` to the `console =>` line in /etc/asterisk/logger.conf, \
             asterisk -rx \"logger reload\", and watch asterisk -rcvvvvvvvvvv while the fax is repeated.",
    step: "see why the side that sent the BYE hung up: its log, its extension",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (fax enabled, disk space)",
    when: "BYE within 12 s of the answer or of the switch to T.38, or of the called side before T1 runs out (30 s), before any DIS or DCS, of a call that was to be a fax",
    check: Check::One(early_bye),
    layer: Layer::Teardown,
    covers: &[hide(&[&T30_NO_DIS, &T38_NO_REINVITE])],
    ..super::SIP
};

pub(in crate::hint) static SIP_BYE_MISSING: Rule = Rule {
    id: "sip-bye-missing",
    severity: Severity::Error,
    title: "Nobody hung up",
    advice: "Neither side closed the dialog. Kamailio keeps it until its dialog timeout (12 h by default), so \
             channels and limits of concurrent calls stay used. Find the side that should hang up, normally the \
             caller after DCN, look for the call in kamcmd dlg.list, and enable session timers.",
    step: "find the side that should hang up; enable session timers",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (BYE, or stuck calls in Kamailio)",
    when: "an answered call has no BYE, and the capture goes on for 35 s after its last packet",
    check: Check::One(bye_missing),
    layer: Layer::Teardown,
    absence: Some(0.0),
    aftermath: true,
    ..super::SIP
};

pub(in crate::hint) static SIP_BYE_UNANSWERED: Rule = Rule {
    id: "sip-bye-unanswered",
    severity: Severity::Error,
    title: "The BYE is not confirmed",
    advice: "The other end never confirmed the hang-up, so one side may still have the call. Check Route and \
             Contact of the BYE (NAT, wrong next hop) and whether it arrives at the other side. A 481 says that \
             the peer had dropped the dialog before: harmless, unless that was during the fax.",
    step: "check Route and Contact of the BYE: does it arrive?",
    reference: "RFC 3261 (BYE); 4PSA Knowledge Base, Troubleshooting fax issues (BYE and 200 OK)",
    when: "a BYE is sent three times without final response, or answered 408, 481 or 5xx, or challenged and not repeated",
    check: Check::Many(bye_unanswered),
    layer: Layer::Teardown,
    absence: Some(0.0),
    aftermath: true,
    covers: &[hide(&[&SIP_BYE_MISSING, &SIP_RETRANSMISSIONS])],
    ..super::SIP
};

pub(in crate::hint) static SIP_BYE_Q850: Rule = Rule {
    id: "sip-bye-q850",
    severity: Severity::Note,
    title: "The end of the call names a cause",
    advice: "The side that ended the call says why. 16 and 31 are normal; 34, 38, 41, 42, 44, 47 are faults of \
             the network behind it; 58, 65, 79 and 88 on a T.38 call point to refused T.38; 102 is a timer. \
             Many gateways say 16 for everything.",
    reference: "RFC 3326; Q.850; asterisk issue 1880 (58 after 488)",
    when: "BYE, CANCEL or a final response has a Reason header; a warning if the fax failed and the cause is not 16, 17 or 31",
    check: Check::Many(q850_cause),
    layer: Layer::Teardown,
    aftermath: true,
    ..super::SIP
};

pub(in crate::hint) static SIP_TEARDOWN_OK: Rule = Rule {
    id: "sip-teardown-ok",
    severity: Severity::Ok,
    title: "Call closed properly",
    advice: "BYE and its 200 OK after the fax: no side keeps the call, and nothing stays stuck in the proxy.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (BYE, 200 OK)",
    when: "BYE after DCN or the last MCF, answered with 200 within 4 s",
    check: Check::One(teardown_ok),
    ..super::SIP
};

/// Whether the call was to be a fax: one was found in it, or T.38 was asked for.
fn fax_expected(context: &RuleContext<'_>) -> bool {
    context.call.fax.is_some()
        || context
            .call
            .negotiations
            .iter()
            .any(crate::call::Negotiation::offers_t38)
}

/// Time at which the fax could begin: the answer, or the last switch to T.38 that was accepted.
fn fax_could_begin(context: &RuleContext<'_>) -> Option<Timestamp> {
    let switched = context
        .call
        .media
        .iter()
        .filter(|period| period.t38.is_some())
        .map(|period| period.from)
        .next_back();
    let answered = context.answer().map(|event| event.at);
    answered.max(switched)
}

fn early_bye(context: &RuleContext<'_>) -> Option<Finding> {
    let (Some(answer), Some((bye, sip)), Some(begin)) =
        (context.answer(), context.bye(), fax_could_begin(context))
    else {
        return None;
    };
    let began = context.t30().any(|(_, frame)| {
        frame
            .fcf
            .label()
            .is_some_and(|label| matches!(label, "DIS" | "DTC" | "DCS" | "NSS" | "DCN"))
    });
    let paged = context
        .call
        .fax
        .as_ref()
        .is_some_and(|fax| fax.pages_sent > 0);
    // Later than that the caller waited in vain (t30-no-dis), but the called side never began.
    let limit = match bye.from {
        Side::Caller => EARLY,
        Side::Callee => CALLED_GIVES_UP,
    };
    let early = bye.at.seconds_since(begin) < limit && bye.at >= answer.at;
    if !fax_expected(context) || began || paged || !early || context.call.capture.starts_mid_call {
        return None;
    }
    let after = bye.at.seconds_since(answer.at);
    let cause = header(sip, "Reason")
        .and_then(|value| reason_cause(value).next())
        .map(|(protocol, cause)| format!(" ({protocol} cause {cause})"))
        .unwrap_or_default();
    let seen = format!(
        "{} hung up {after:.1} s after answer, before fax started{cause}",
        context.who_begins(bye.from)
    );
    Some(
        Finding::new(Severity::Error, [bye.frame, answer.frame], seen)
            .on(bye.id)
            .about(context.endpoint(bye.from))
            .blame_one_of(
                context,
                Some(bye.from)
                    .filter(|side| both_heard(context) && is_its_end(context, *side, bye)),
            ),
    )
}

/// Whether a hang-up is that of the call: a host in the middle that drops one leg and keeps the other may go on with a
/// third one, and what a proxy passes on has its reason behind it.
fn is_its_end(context: &RuleContext<'_>, side: Side, bye: &Event) -> bool {
    let keeps_other = context.other.is_some_and(|other| {
        let ends = other.hang_up().map(|end| end.at.seconds_since(bye.at));
        other.answered.is_some() && ends.is_none_or(|after| after > FOLLOWS)
    });
    let in_middle = context.fault_side(side) == FaultSide::Pbx;
    !(in_middle && keeps_other) && is_seen(context, side)
}

/// Whether the media of both sides are in the capture: else nobody knows what came before the BYE.
fn both_heard(context: &RuleContext<'_>) -> bool {
    let is_media = |event: &Event| {
        event.observed
            && !matches!(
                event.kind,
                EventKind::Sip(_) | EventKind::Icmp { .. } | EventKind::Gap { .. }
            )
    };
    let mut media = context.call.events.iter().filter(|event| is_media(event));
    let first = media.next().map(|event| event.from);
    media.any(|event| Some(event.from) != first)
}

fn bye_missing(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let up = call.has_sip()
        && (call.answered.is_some() || call.capture.starts_mid_call)
        && context.bye().is_none();
    let quiet = call.capture.last_time.seconds_since(call.last_packet);
    if !up || quiet < STUCK {
        return None;
    }
    let last = call.events.iter().rev().find(|event| event.observed)?;
    let dcn = context.t30_named("DCN").last().map(|(event, _)| event);
    let mut finding = Finding::new(
        Severity::Error,
        [Some(last.last_frame), dcn.map(|event| event.frame)]
            .into_iter()
            .flatten(),
        "No BYE after the fax – call may stay stuck in Kamailio",
    )
    .on(last.id);
    if call.fax.is_none() {
        "No BYE at the end – call may stay stuck in Kamailio".clone_into(&mut finding.seen);
    }
    if let Some(dcn) = dcn {
        finding = finding.more(format!(
            "DCN came from {}: it should have hung up.",
            context.whose(dcn.from)
        ));
    }
    Some(finding)
}

fn bye_unanswered(context: &RuleContext<'_>) -> Vec<Finding> {
    let byes: Vec<&Transaction> = context.transactions("BYE").collect();
    let glare = byes.iter().any(|bye| bye.from == Side::Caller)
        && byes.iter().any(|bye| bye.from == Side::Callee);
    let confirmed = byes.iter().any(|bye| is_confirmed(bye));
    byes.iter()
        .filter_map(|bye| {
            let first = context.event(*bye.requests.first()?)?;
            let last = context.event(*bye.requests.last()?)?;
            let sends = most_on_a_hop(context, bye);
            let end = context.call.capture.last_time;
            let waited = end.seconds_since(last.at) >= WAIT_AFTER_BYES
                || end.seconds_since(first.at) >= PROMPT;
            // An answer counts where the BYE comes from.
            let arrived = bye.final_response();
            let arrived = arrived.filter(|(_, id)| context.call.reaches_maker(*id, first.id));
            let (severity, seen) = match arrived {
                None if sends >= BYES_IN_VAIN && waited => (
                    Severity::Error,
                    format!("BYE {sends}x without 200 OK – peer may keep the call (stuck dialog)"),
                ),
                // The dialog is gone on the other side: closed all the same.
                Some((481, _)) => (
                    Severity::Warning,
                    "BYE answered 481 – the peer had dropped the dialog before".to_owned(),
                ),
                Some((status @ (408 | 500..=599), _)) => (
                    Severity::Error,
                    format!("BYE answered {status} – peer may keep the call (stuck dialog)"),
                ),
                Some((status @ (401 | 407), _)) if !confirmed => (
                    Severity::Error,
                    format!("BYE answered {status} and not repeated – peer may keep the call"),
                ),
                _ => return None,
            };
            // Both sides hang up at once: each finds the other's dialog gone.
            let severity = if glare { Severity::Note } else { severity };
            let answer = bye.final_response().and_then(|(_, id)| context.frame(id));
            let frames = [Some(first.frame), Some(last.frame), answer];
            Some(
                Finding::new(severity, frames.into_iter().flatten(), seen)
                    .on(first.id)
                    .about(context.endpoint(bye.from.other()))
                    .more(format!(
                        "The BYE comes from {}; {} does not confirm it.",
                        context.whose(bye.from),
                        context.whose(bye.from.other())
                    )),
            )
        })
        .collect()
}

/// How often a request was sent on the hop that has it most often: a stateful proxy repeats what nobody answers.
fn most_on_a_hop(context: &RuleContext<'_>, sent: &Transaction) -> usize {
    let call = context.call;
    if call.path.is_one_hop() {
        return sent.requests.len();
    }
    let requests: HashSet<EventId> = sent.requests.iter().copied().collect();
    let mut by_hop: HashMap<Option<HopId>, usize> = HashMap::new();
    for event in &call.events {
        let original = match event.relay {
            Relay::Copy(id) => id,
            _ => event.id,
        };
        if requests.contains(&original) {
            *by_hop.entry(event.hop).or_default() += 1;
        }
    }
    by_hop.into_values().max().unwrap_or_default()
}

fn is_confirmed(bye: &Transaction) -> bool {
    bye.final_response()
        .is_some_and(|(status, _)| (200..300).contains(&status))
}

fn q850_cause(context: &RuleContext<'_>) -> Vec<Finding> {
    let failed = context.call.fax.is_some() && !context.delivered();
    context
        .messages()
        .filter(|(event, _)| !event.retransmission)
        .filter_map(|(event, sip)| {
            let (protocol, cause) = reason_cause(header(sip, "Reason")?).next()?;
            let isdn = protocol.eq_ignore_ascii_case("Q.850");
            let text = if isdn {
                q850_text(cause)
            } else {
                "SIP status elsewhere"
            };
            let strange = isdn && !NORMAL_CAUSES.contains(&cause);
            let severity = if failed && strange {
                Severity::Warning
            } else {
                Severity::Note
            };
            let seen = format!(
                "{} ended the call: cause {cause} – {text}",
                context.who_begins(event.from)
            );
            Some(
                Finding::new(severity, [event.frame], seen)
                    .on(event.id)
                    .about(event.src),
            )
        })
        .take(1)
        .collect()
}

fn teardown_ok(context: &RuleContext<'_>) -> Option<Finding> {
    let end = fax_end(context)?;
    let closed = context.transactions("BYE").find_map(|bye| {
        let request = context.event(*bye.requests.first()?)?;
        let (_, id) = bye.final_response().filter(|_| is_confirmed(bye))?;
        let answer = context.event(id)?;
        let prompt = answer.at.seconds_since(request.at) <= PROMPT;
        (prompt && request.at >= end.at).then_some((request, answer))
    });
    let (request, answer) = closed?;
    Some(
        Finding::new(
            Severity::Ok,
            [request.frame, answer.frame],
            "Call closed properly: BYE + 200 OK",
        )
        .on(answer.id),
    )
}

/// DCN, or without it the last MCF: the one after which no page was to come.
fn fax_end<'a>(context: &RuleContext<'a>) -> Option<&'a Event> {
    let last = |name| context.t30_named(name).last().map(|(event, _)| event);
    let pages = &context.call.fax.as_ref()?.pages;
    let done = pages
        .last()
        .is_none_or(|page| page.confirmed && !page.announces_more());
    last("DCN").or_else(|| last("MCF").filter(|_| done))
}
