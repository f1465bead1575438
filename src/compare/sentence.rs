//! The first difference in one sentence.

use std::fmt::Write as _;

use crate::analysis::{AnalysedFlow, cause_hint};
use crate::call::{Call, Event, EventKind};
use crate::compare::{Changes, Step, harmless, who};
use crate::text::count;

/// Differences of one message that the sentence names.
const NAMED: usize = 3;

/// A step that one of them has and the other has not.
pub(super) fn steps(
    bad: &Call,
    after: Option<&Step<'_>>,
    good: Option<&Step<'_>>,
    own: Option<&Step<'_>>,
) -> String {
    let mut out = match after {
        Some(step) => format!("After {},", told(step)),
        None => "At the very beginning".to_owned(),
    };
    match good {
        Some(step) => {
            let _ = write!(
                out,
                " GOOD has {} of {} (frame {})",
                step.name,
                who(step.event.from),
                step.event.frame.0
            );
        }
        None => out.push_str(" GOOD has nothing of that kind"),
    }
    match own {
        None => out.push_str("; in BAD nothing follows"),
        Some(step) => match &step.event.kind {
            EventKind::Missing(missing) => {
                let it = match good {
                    Some(good) if good.name == step.name => "it".to_owned(),
                    _ => step.name.clone(),
                };
                let _ = write!(
                    out,
                    "; in BAD {it} never came (waited {:.1} s",
                    missing.waited
                );
                if !missing.timer.is_empty() {
                    let _ = write!(out, ", {}", missing.timer);
                }
                out.push(')');
            }
            _ => {
                let _ = write!(out, "; BAD has {}", told(step));
            }
        },
    }
    if let (Some(after), Some(own)) = (after, own) {
        beside(&mut out, bad, after.event, own.event);
    }
    out.push('.');
    out
}

/// `DIS of the callee (frame 240)`, `DIS of the callee (frame 240, sent 3 times)`
fn told(step: &Step<'_>) -> String {
    let times = match step.again.len() {
        0 => String::new(),
        again => format!(", sent {} times", again + 1),
    };
    format!(
        "{} of {} (frame {}{times})",
        step.name,
        who(step.event.from),
        step.event.frame.0
    )
}

/// What the network did between two steps: losses, ICMP.
fn beside(out: &mut String, bad: &Call, from: &Event, until: &Event) {
    let between = |event: &&Event| event.at >= from.at && event.at <= until.end.max(until.at);
    let (mut lost, mut errors) = (0_u32, 0_u32);
    for event in bad.events.iter().filter(between) {
        match &event.kind {
            EventKind::Gap {
                lost: all,
                recovered,
                ..
            } => lost = lost.saturating_add(all.saturating_sub(*recovered)),
            EventKind::Icmp { count, .. } => errors = errors.saturating_add(*count),
            _ => {}
        }
    }
    if lost > 0 {
        let _ = write!(out, "; {} lost between", count(lost, "packet"));
    }
    if errors > 0 {
        let _ = write!(out, "; {} between", count(errors, "ICMP error"));
    }
}

/// The same message with another content, or more often.
pub(super) fn content(good: &Step<'_>, own: &Step<'_>, changes: &Changes) -> String {
    if changes.is_empty() {
        let times = match good.times {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        return format!(
            "{} is sent {times} in GOOD and {} times in BAD.",
            told(own),
            own.times
        );
    }
    let mut out = format!("{} differs:", told(own));
    for (at, change) in changes.iter().take(NAMED).enumerate() {
        let value = |value: &Option<String>| {
            let value = value.as_deref().unwrap_or("not given");
            let short: String = value.chars().take(60).collect();
            harmless(&short).into_owned()
        };
        let _ = write!(
            out,
            "{} {} is {} in GOOD and {} in BAD",
            if at == 0 { "" } else { ";" },
            harmless(&change.name),
            value(&change.good),
            value(&change.bad)
        );
    }
    if changes.len() > NAMED {
        let _ = write!(out, "; and {} more", changes.len() - NAMED);
    }
    out.push('.');
    out
}

/// Nothing differs in the steps, and yet it ended worse.
pub(super) fn same_steps(bad: &AnalysedFlow) -> String {
    let legs = bad.flow.legs.iter().zip(&bad.hints);
    let mut causes = legs.filter_map(|(leg, hints)| cause_hint(leg, hints));
    match causes.next() {
        Some(hint) => format!("Both take the same steps; BAD: {}.", hint.says()),
        None => "Both take the same steps, and BAD ended worse.".to_owned(),
    }
}
