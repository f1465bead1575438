//! What a receiver offered in its DIS, and what of it came to the sender: a PBX in between may change it.

use crate::call::exchange::Line;
use crate::call::{Event, EventKind, pair_messages};
use crate::hint::RuleContext;
use crate::hint::context::event;
use crate::t30::capability::Capabilities;
use crate::t30::frame::T30Frame;

/// A DIS or DTC from end to end.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// As the receiver sent it.
    pub(super) made: Capabilities,
    /// As the sender got it.
    pub(super) got: Capabilities,
}

impl Offer {
    /// The offer that is this message of this call; of one leg what is here is all that is known.
    pub(super) fn of(context: &RuleContext<'_>, line: &Line<'_>) -> Option<Self> {
        let here = line.valid()?;
        let one = Capabilities::new(here.fif());
        let there = context.other.and_then(|other| {
            let pairs = pair_messages(context.call, other);
            let pair = pairs.iter().find(|pair| pair.a == line.event.id)?;
            let there = whole(event(other, pair.b)?)?;
            Some((pair.from_a, Capabilities::new(there.fif())))
        });
        Some(match there {
            Some((true, got)) => Self { made: one, got },
            Some((false, made)) => Self { made, got: one },
            None => Self {
                made: one.clone(),
                got: one,
            },
        })
    }
}

fn whole(event: &Event) -> Option<&T30Frame> {
    match &event.kind {
        EventKind::T30(frame) if !frame.is_doubtful() => Some(frame),
        _ => None,
    }
}
