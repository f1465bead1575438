//! Which leg failed first, which one stays up, and whether there is a second one.

use crate::call::EventKind;
use crate::capture::Timestamp;
use crate::hint::evidence::{frames, hang_up};
use crate::hint::leg::letter;
use crate::hint::{Finding, Hint, Scene, Severity, cause, rules};

/// `leg-bye-one-sided`: the other BYE follows within this time, seconds.
const BYE_FOLLOWS: f64 = 5.5;
/// `leg-bye-one-sided`: without it for so long the leg is stuck, seconds.
const STUCK: f64 = 35.0;
/// `leg-first-failure`: errors nearer than this have no order, seconds.
const SAME_TIME: f64 = 0.001;

pub(super) fn single(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    if scene.other.is_some() || call.fax.is_none() || !call.has_sip() {
        return Vec::new();
    }
    let Some(first) = call
        .events
        .iter()
        .find(|event| matches!(event.kind, EventKind::Sip(_)))
    else {
        return Vec::new();
    };
    let own = [call.caller, call.callee]
        .into_iter()
        .find(|host| scene.pbx().contains(&host.addr));
    let seen = match own {
        Some(host) => format!(
            "One leg: your PBX {} is the fax endpoint (fax server)",
            host.addr
        ),
        None => format!("One leg only: {} to {}", call.caller.addr, call.callee.addr),
    };
    vec![Finding::new(Severity::Note, vec![first.frame], seen).on(first.id)]
}

/// Rule and finding of the earliest error of a leg, with its time.
struct First {
    rule: &'static str,
    at: Timestamp,
    finding: Finding,
}

/// Earliest error of a scene's call, this rule left out; `None` too if something between the legs is wrong.
fn first_error(scene: &Scene<'_>) -> Result<Option<First>, BetweenLegs> {
    let mut first: Option<First> = None;
    for rule in rules() {
        // Sums and teardown tell nothing about the order of failures.
        let late = rule.id == "t30-partial-delivery" || rule.id.starts_with("sip-bye-");
        if rule.id == "leg-first-failure" || late {
            continue;
        }
        for finding in (rule.check)(scene) {
            if finding.severity != Severity::Error {
                continue;
            }
            if rule.id == "leg-bye-one-sided" {
                continue;
            }
            if rule.id.starts_with("leg-") {
                return Err(BetweenLegs);
            }
            let hint = Hint {
                rule,
                finding,
                consequence: false,
            };
            let at = cause::decided(scene.call, &hint);
            let finding = hint.finding;
            if first.as_ref().is_none_or(|first| at < first.at) {
                first = Some(First {
                    rule: rule.id,
                    at,
                    finding,
                });
            }
        }
    }
    Ok(first)
}

/// A fault between the legs explains both of them.
struct BetweenLegs;

pub(super) fn first_failure(scene: &Scene<'_>) -> Vec<Finding> {
    let Some(mirrored) = scene.mirrored() else {
        return Vec::new();
    };
    if scene.delivered() || mirrored.delivered() {
        return Vec::new();
    }
    let (Ok(Some(own)), Ok(Some(there))) = (first_error(scene), first_error(&mirrored)) else {
        return Vec::new();
    };
    let earlier = own.at.seconds_since(there.at);
    // The same failure seen from both legs says nothing about which leg it is on, but for SIP, which one
    // leg passes on to the other.
    let passed_on = own.rule.starts_with("sip-") || own.rule.starts_with("t38-");
    if earlier < SAME_TIME || (own.rule == there.rule && !passed_on) {
        return Vec::new();
    }
    let other = mirrored.call;
    let seen = format!(
        "Leg {} failed first: {} ({earlier:.2} s before this leg)",
        letter(other, scene.call),
        there.rule
    );
    let cited = own
        .finding
        .frames
        .iter()
        .chain(&there.finding.frames)
        .take(4);
    let mut found = Finding::new(Severity::Error, frames(cited.copied()), seen)
        .more(format!("There: {}", there.finding.seen));
    found.event = own.finding.event;
    vec![found]
}

pub(super) fn bye_one_sided(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    let Some(other) = scene.other.filter(|other| other.answered.is_some()) else {
        return Vec::new();
    };
    let Some(bye) = hang_up(call).filter(|_| call.answered.is_some()) else {
        return Vec::new();
    };
    let follows = hang_up(other).map(|event| event.at.seconds_since(bye.at));
    let goes_on = call.capture.last_time.seconds_since(bye.at) >= STUCK;
    let severity = match follows {
        Some(late) if late <= BYE_FOLLOWS => return Vec::new(),
        Some(late) if late <= STUCK => Severity::Warning,
        _ if goes_on => Severity::Error,
        _ => return Vec::new(),
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
    vec![
        Finding::new(
            severity,
            frames(cited),
            format!("BYE on leg {here} only – leg {there} {tail}"),
        )
        .on(bye.id),
    ]
}
