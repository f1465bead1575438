//! Which leg failed first, which one stays up, and whether there is a second one.

use crate::call::{Call, EventKind};
use crate::capture::Timestamp;
use crate::hint::evidence::hang_up;
use crate::hint::leg::letter;
use crate::hint::place::decided;
use crate::hint::rule::Family;
use crate::hint::{Finding, Hint, RuleContext, Severity};

/// `leg-bye-one-sided`: the other BYE follows within this time, seconds.
const BYE_FOLLOWS: f64 = 5.5;
/// `leg-bye-one-sided`: without it for so long the leg is stuck, seconds.
const STUCK: f64 = 35.0;
/// `leg-first-failure`: errors nearer than this have no order, seconds.
const SAME_TIME: f64 = 0.001;

pub(super) fn single(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if context.other.is_some() || call.fax.is_none() || !call.has_sip() {
        return None;
    }
    let first = call
        .events
        .iter()
        .find(|event| matches!(event.kind, EventKind::Sip(_)))?;
    let own = [call.caller, call.callee]
        .into_iter()
        .find(|host| context.pbx().contains(&host.addr));
    let seen = match own {
        Some(host) => format!(
            "One leg: your PBX {} is the fax endpoint (fax server)",
            host.addr
        ),
        None => format!("One leg only: {} to {}", call.caller.addr, call.callee.addr),
    };
    Some(Finding::new(Severity::Note, vec![first.frame], seen).on(first.id))
}

/// The earliest error of a leg with its time; `None` too if a fault between the legs explains both of them.
fn first_error<'h>(call: &Call, hints: &'h [Hint]) -> Option<(Timestamp, &'h Hint)> {
    let errors = || {
        let of_order = |hint: &&Hint| !hint.rule.aftermath;
        let is_error = |hint: &&Hint| hint.finding.severity == Severity::Error;
        hints.iter().filter(of_order).filter(is_error)
    };
    if errors().any(|hint| hint.rule.family == Family::Legs) {
        return None;
    }
    errors()
        .map(|hint| (decided(call, hint), hint))
        .min_by_key(|(at, _)| *at)
}

pub(super) fn first_failure(
    context: &RuleContext<'_>,
    own: &[Hint],
    there: &[Hint],
) -> Option<Finding> {
    let mirrored = context.mirrored()?;
    if context.delivered() || mirrored.delivered() {
        return None;
    }
    let (own_at, own) = first_error(context.call, own)?;
    let other = mirrored.call;
    let (there_at, there) = first_error(other, there)?;
    let earlier = own_at.seconds_since(there_at);
    // The same failure seen from both legs says nothing about which leg it is on, but for SIP, which one
    // leg passes on to the other.
    let passed_on = matches!(own.rule.family, Family::Sip | Family::T38);
    if earlier < SAME_TIME || (own.rule == there.rule && !passed_on) {
        return None;
    }
    let seen = format!(
        "Leg {} failed first: {} ({earlier:.2} s before this leg)",
        letter(other, context.call),
        there.rule.id
    );
    let cited = own
        .finding
        .frames
        .iter()
        .chain(&there.finding.frames)
        .take(4);
    let mut found = Finding::new(Severity::Error, cited.copied(), seen)
        .more(format!("There: {}", there.finding.seen));
    found.event = own.finding.event;
    Some(found)
}

pub(super) fn bye_one_sided(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other.filter(|other| other.answered.is_some())?;
    let bye = hang_up(call).filter(|_| call.answered.is_some())?;
    let follows = hang_up(other).map(|event| event.at.seconds_since(bye.at));
    let goes_on = call.capture.last_time.seconds_since(bye.at) >= STUCK;
    let severity = match follows {
        Some(late) if late <= BYE_FOLLOWS => return None,
        Some(late) if late <= STUCK => Severity::Warning,
        _ if goes_on => Severity::Error,
        _ => return None,
    };
    let (here, there) = (letter(call, other), letter(other, call));
    let tail = match follows {
        Some(late) => format!("ends {late:.0} s later"),
        None => "stays up (stuck call)".to_owned(),
    };
    let last = other.events.last();
    let cited = [Some(bye), last]
        .into_iter()
        .flatten()
        .map(|event| event.frame);
    Some(
        Finding::new(
            severity,
            cited,
            format!("BYE on leg {here} only – leg {there} {tail}"),
        )
        .on(bye.id),
    )
}
