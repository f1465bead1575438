//! Where and when a hint stands: the row of the ladder, the deciding frame, the time at which it was decided.

use crate::call::{Call, Event, EventKind};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::context::event;
use crate::hint::evidence::hang_up;
use crate::hint::{Finding, Hint};

/// The event on whose row a hint stands: as the rule says, else the one that holds its first cited frame.
pub fn place<'a>(call: &'a Call, hint: &Hint) -> Option<&'a Event> {
    if let Some(id) = hint.finding.event {
        return event(call, id);
    }
    let frame = *hint.finding.frames.first()?;
    let begins = call
        .events
        .iter()
        .find(|event| event.frame == frame && event.observed);
    begins.or_else(|| {
        call.all_events()
            .filter(|event| event.frame <= frame && frame <= event.last_frame)
            // Of several that span it the one that is about the fax.
            .min_by_key(|event| (matches!(event.kind, EventKind::Rtp(_)), event.last_frame))
    })
}

/// The frame that a verdict names: of the row that bears the hint, in it the first one cited.
pub(crate) fn deciding_frame(call: &Call, hint: &Hint) -> Option<FrameNo> {
    let first = hint.finding.frames.first().copied();
    let Some(event) = place(call, hint) else {
        return first;
    };
    let within = |frame: &FrameNo| event.frame <= *frame && *frame <= event.last_frame;
    first.filter(within).or(Some(event.frame))
}

/// When a hint was decided: the time of its first cited frame, and the wait for what did not come, but no later
/// than the hang-up.
pub(crate) fn decided(call: &Call, hint: &Hint) -> Timestamp {
    let at = cited(call, &hint.finding);
    let Some(wait) = hint.rule.absence else {
        return at;
    };
    let over = at.plus_seconds(wait);
    hang_up(call)
        .map(|bye| bye.at)
        .filter(|bye| *bye > at)
        .map_or(over, |bye| over.min(bye))
}

/// Time of the first cited frame; without one, of the event; without that, the end of the call.
fn cited(call: &Call, finding: &Finding) -> Timestamp {
    let of_frame = |frame: FrameNo| {
        call.events
            .iter()
            .find(|event| event.frame <= frame && frame <= event.last_frame && event.observed)
            .map(|event| {
                if event.frame == frame {
                    event.at
                } else if event.last_frame == frame {
                    event.end
                } else {
                    // Inside a folded row: between its ends, by frame number.
                    between(event.at, event.end, event.frame, event.last_frame, frame)
                }
            })
    };
    let exact = |frame: FrameNo| {
        call.events
            .iter()
            .find(|event| event.frame == frame && event.observed)
            .map(|event| event.at)
    };
    let on_event = || {
        let id = finding.event?;
        event(call, id).map(|event| event.at)
    };
    finding
        .frames
        .first()
        .and_then(|frame| exact(*frame).or_else(|| of_frame(*frame)))
        .or_else(on_event)
        .unwrap_or(call.last_packet)
}

/// Time of a frame inside a row, by its number.
fn between(
    from: Timestamp,
    to: Timestamp,
    first: FrameNo,
    last: FrameNo,
    frame: FrameNo,
) -> Timestamp {
    let span = f64::from(last.0.saturating_sub(first.0).max(1));
    let part = f64::from(frame.0.saturating_sub(first.0)) / span;
    from.plus_seconds(to.seconds_since(from).max(0.0) * part)
}
