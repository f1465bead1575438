//! Rules about the PBX's own log (`--log`): what the fax stack says beside what the capture shows.

use std::collections::HashSet;

use crate::call::log::{LogFrame, Says, Sureness, whole_frame};
use crate::call::{Call, Event, EventId, EventKind, FaxCarrier, Side, Verdict};
use crate::capture::Timestamp;
use crate::hint::rule::{Check, Family, Layer, RootCause};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::text::visible;

/// The rules of this family.
pub(crate) const RULES: &[&Rule] = &[
    &LOG_RESULT,
    &LOG_FRAME_NOT_CAPTURED,
    &LOG_FRAME_NOT_RECEIVED,
    &LOG_TIMER_EXPIRED,
];

/// The capture must go on for so long after a line for a message to be missing, seconds.
const GOES_ON: f64 = 3.0;
/// A message and the line about it are at most so far apart, seconds.
const NEAR: f64 = 3.5;
/// Names that are told.
const NAMES: usize = 4;

pub(in crate::hint) static LOG_RESULT: Rule = Rule {
    id: "log-result",
    severity: Severity::Note,
    title: "What the PBX's own fax stack says of the result",
    advice: "This is the stack's own reason, as it stands in FAXSTATUS, FAXERROR and FAXOPT(statusstr) of the dialplan and in its report. Where it differs from what the capture shows, the capture was \
        taken on another link than the one the stack speaks on, or what the stack confirmed was lost on the way.",
    reference: "spandsp t30_api (T30_ERR_*), Asterisk res_fax, FreeSWITCH mod_spandsp",
    when: "The log given by --log has a final result for the fax; a warning where it calls a fax a success that the capture shows failed, or the reverse.",
    check: Check::One(result),
    family: Family::Log,
    layer: Layer::Teardown,
    root: RootCause::Never,
    aftermath: true,
    ..Rule::PLAIN
};

pub(in crate::hint) static LOG_FRAME_NOT_CAPTURED: Rule = Rule {
    id: "log-frame-not-captured",
    severity: Severity::Warning,
    title: "The PBX says it sent a message that is not in the capture",
    advice: "The stack wrote the message out, and it never passed the place of the capture: an output filter of the PBX, another interface or route than the captured one, or a media element between the PBX and \
        the capture that made another message of it. Capture on all interfaces of the PBX (-i any) and compare.",
    reference: "spandsp log (Tx: lines); Asterisk logger.conf, level fax",
    when: "A Tx line of the log has no T.38 message with these octets near its time, none that is damaged or among lost packets, though the capture goes on; the log is surely about this call.",
    check: Check::One(not_captured),
    family: Family::Log,
    layer: Layer::Media,
    absence: Some(0.0),
    root: RootCause::Never,
    ..Rule::PLAIN
};

pub(in crate::hint) static LOG_FRAME_NOT_RECEIVED: Rule = Rule {
    id: "log-frame-not-received",
    severity: Severity::Warning,
    title: "The PBX never got a message that is in the capture",
    advice: "The message passed the capture on its way to the PBX and its fax stack has no line about it: a host firewall that does not open the UDPTL range (iptables -L -v -n counts drops), packets to another port or \
        address than the stack listens on (NAT, udptl.conf), or strict checks of the source address. Compare the destination of these packets with the PBX's SDP.",
    reference: "spandsp log (Rx: lines); Asterisk udptl.conf",
    when: "A whole T.38 message towards the writer of the log has no Rx line near its time, while the stack was running, logged messages and was not sending itself.",
    check: Check::One(not_received),
    family: Family::Log,
    layer: Layer::Media,
    absence: Some(0.0),
    root: RootCause::Never,
    ..Rule::PLAIN
};

pub(in crate::hint) static LOG_TIMER_EXPIRED: Rule = Rule {
    id: "log-timer-expired",
    severity: Severity::Note,
    title: "A T.30 timer of the PBX's fax stack ran out",
    advice: "The stack waited for an answer in vain, by its own clock. T2 (6 s): the next message of the phase did not come; T4 (3 s): the answer to a command did not come; T1 (35 s), T3, T5: the call as such. The ladder \
        shows what the other side sent at that time, if anything.",
    reference: "ITU-T T.30 clause 5.4.3; spandsp",
    when: "The log says that a timer expired.",
    check: Check::One(timer),
    family: Family::Log,
    layer: Layer::PhaseB,
    root: RootCause::Never,
    ..Rule::PLAIN
};

fn result(context: &RuleContext<'_>) -> Option<Finding> {
    let log = context.call.log.as_ref()?;
    let outcome = log.about.outcome.as_ref()?;
    let row =
        context.call.events.iter().find(
            |event| matches!(&event.kind, EventKind::Log(line) if line.number == outcome.line),
        );
    let text = visible(&outcome.text);
    let verdict = context.call.fax.as_ref().map(|fax| fax.verdict);
    let differs = match verdict {
        Some(Verdict::Ok) => !outcome.ok,
        Some(Verdict::Failed | Verdict::Partial) => outcome.ok,
        Some(Verdict::Incomplete) | None => false,
    };
    let sure = log.about.sure == Sureness::Sure;
    let (severity, but) = match (differs && sure, outcome.ok) {
        (true, true) => (Severity::Warning, ", but the capture shows that it failed"),
        (true, false) => (Severity::Warning, ", but the capture shows a good fax"),
        (false, _) => (Severity::Note, ""),
    };
    let code = outcome.code.filter(|code| *code > 0);
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    let seen = format!("The PBX's own words: {text}{code}{but}");
    let finding = Finding::new(severity, row.map(|row| row.frame), seen);
    let error = outcome
        .error
        .as_deref()
        .filter(|error| *error != outcome.text);
    Some(
        match error {
            Some(error) => finding.more(format!("FAXERROR: {}.", visible(error))),
            None => finding,
        }
        .on_any(row.map(|row| row.id)),
    )
}

/// The log tells the messages of this fax for sure, and the fax is one of T.38: of sound the capture may hear less or
/// more than the stack.
fn is_comparable(context: &RuleContext<'_>) -> bool {
    let t38 = context
        .call
        .fax
        .as_ref()
        .is_some_and(|fax| fax.carrier == FaxCarrier::T38);
    let sure = context
        .call
        .log
        .as_ref()
        .is_some_and(|log| log.about.sure == Sureness::Sure && !log.about.mixed);
    t38 && sure
}

fn not_captured(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let log = call.log.as_ref().filter(|_| is_comparable(context))?;
    let side = log.about.side;
    let missing: Vec<(&Event, &LogFrame)> = call
        .events
        .iter()
        .filter_map(|event| Some((event, whole_frame(event).filter(|frame| frame.sent)?)))
        .filter(|(row, _)| log.message_of(row.id).is_none())
        .filter(|(row, _)| row.at > call.capture.first_time && context.covers(row.at, GOES_ON))
        .filter(|(row, _)| !is_explained(context, row, side))
        .collect();
    let (first, _) = missing.first()?;
    let names = names(missing.iter().map(|(_, frame)| frame.octets.as_slice()));
    let at = first.at.seconds_since(call.started);
    let there = call.events.iter().find(|event| {
        let after = event.at.seconds_since(first.at);
        event.from == side
            && (0.0..NEAR).contains(&after)
            && matches!(event.kind, EventKind::T30(_))
    });
    let instead = match there.map(|event| &event.kind) {
        Some(EventKind::T30(frame)) => format!("; the capture has {} there", frame.name()),
        _ => String::new(),
    };
    let seen = format!("The PBX says it sent {names} at {at:.1} s, not in the capture{instead}");
    let finding = Finding::new(
        Severity::Warning,
        missing.iter().map(|(row, _)| row.frame),
        seen,
    );
    Some(finding.on(first.id).blame_nobody())
}

/// A damaged message, or lost packets, in which it may have been.
fn is_explained(context: &RuleContext<'_>, row: &Event, side: Side) -> bool {
    context
        .call
        .events
        .iter()
        .filter(|event| event.from == side)
        .any(|event| {
            let near =
                event.end.seconds_since(row.at) > -NEAR && event.at.seconds_since(row.at) < NEAR;
            near && match &event.kind {
                EventKind::T30(frame) => frame.damaged || frame.fcs != Fcs::Good,
                EventKind::Gap {
                    lost, recovered, ..
                } => lost > recovered,
                _ => false,
            }
        })
}

/// T.30 messages of a side in time order: when each begins, and how long it or one before it goes on.
fn own_messages(call: &Call, side: Side) -> Vec<(Timestamp, Timestamp)> {
    let messages = call
        .events
        .iter()
        .filter(|event| event.from == side && matches!(event.kind, EventKind::T30(_)));
    let mut spans: Vec<_> = messages.map(|event| (event.at, event.end)).collect();
    spans.sort_unstable();
    let mut until = Timestamp::default();
    for (_, end) in &mut spans {
        until = until.max(*end);
        *end = until;
    }
    spans
}

fn not_received(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let log = call.log.as_ref().filter(|_| is_comparable(context))?;
    let side = log.about.side;
    let of_stack = |event: &&Event| whole_frame(event).is_some();
    let first_line = call.events.iter().find(of_stack)?.at;
    let last_line = call
        .events
        .iter()
        .rev()
        .find(|event| matches!(event.kind, EventKind::Log(_)))?
        .at;
    let got: HashSet<EventId> = log.pairs.values().copied().collect();
    let own = own_messages(call, side);
    let speaks = |during: &Event| {
        let begun = own.partition_point(|(at, _)| *at < during.end);
        let last = begun.checked_sub(1).and_then(|last| own.get(last));
        last.is_some_and(|(_, until)| *until > during.at)
    };
    let missing: Vec<(&Event, &[u8])> = call
        .events
        .iter()
        .filter(|event| event.from == side.other() && event.observed)
        .filter_map(|event| match &event.kind {
            EventKind::T30(frame) if frame.is_whole() => Some((event, frame.octets.as_slice())),
            _ => None,
        })
        .filter(|(event, _)| event.at > first_line && last_line.seconds_since(event.end) > NEAR)
        .filter(|(event, _)| !got.contains(&event.id) && !speaks(event))
        .collect();
    let (first, _) = missing.first()?;
    let names = names(missing.iter().map(|(_, octets)| *octets));
    let seen = format!(
        "{names} from {} passed the capture, the PBX never got it",
        context.who(side.other())
    );
    let finding = Finding::new(
        Severity::Warning,
        missing.iter().map(|(event, _)| event.frame),
        seen,
    );
    Some(finding.on(first.id).blame_nobody())
}

fn timer(context: &RuleContext<'_>) -> Option<Finding> {
    context.call.log.as_ref()?;
    let expired = |event: &Event| match &event.kind {
        EventKind::Log(line) => match &line.says {
            Says::TimerExpired(timer) => Some(timer.clone()),
            _ => None,
        },
        _ => None,
    };
    let all: Vec<(&Event, String)> = context
        .call
        .events
        .iter()
        .filter_map(|event| Some((event, expired(event)?)))
        .collect();
    let (first, name) = all.first()?;
    let times = match all.len() {
        1 => String::new(),
        several => format!(", and {} more", several - 1),
    };
    let at = first.at.seconds_since(context.call.started);
    let seen = format!("{name} of the PBX's stack ran out at {at:.1} s{times}");
    let finding = Finding::new(
        Severity::Note,
        all.iter().map(|(event, _)| event.frame),
        seen,
    );
    Some(finding.on(first.id))
}

/// `TSI, DCS and 3 more`
fn names<'o>(all: impl Iterator<Item = &'o [u8]>) -> String {
    let names: Vec<String> = all
        .map(|octets| {
            let octet = octets.get(2).copied().unwrap_or_default();
            Fcf::decode(octet).0.name().into_owned()
        })
        .collect();
    let told = names
        .iter()
        .take(NAMES)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().checked_sub(NAMES) {
        Some(more @ 1..) => format!("{told} and {more} more"),
        _ => told,
    }
}
