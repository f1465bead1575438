//! The same T.30 message on both legs of a fax.

use crate::call::{Call, Event, EventId, EventKind, Side};
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

/// A message passes a B2BUA within this time and its own duration, seconds (RULES.md 7).
const WITHIN: f64 = 1.5;
/// Where nothing passes in that time, the B2BUA is slow: then up to this, seconds.
const SLOW: f64 = 10.0;
/// A B2BUA that delays everything delays this much more or less, seconds.
const SPREAD: f64 = 1.0;
/// Both legs are in one capture: a copy may seem this much too early, seconds.
const EARLY: f64 = 0.1;

/// A T.30 message and its copy on the other leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Event of the first call.
    pub a: EventId,
    /// Event of the second call.
    pub b: EventId,
    /// Seconds from the end of the original to the end of the copy, not below 0 but for the order of capture.
    pub delay: f64,
    /// Which of the two is the original: true if it is on the first call.
    pub from_a: bool,
    /// The FIF differs: something in between edited it.
    pub changed: bool,
}

/// Pairs the T.30 messages of two legs of one fax.
///
/// The leg that began first is the caller's: what its caller says goes on to the other leg, and what the
/// other leg's callee says comes back. Equal are the FCF and the FIF; DIS, DTC, DCS and the non-standard
/// messages, which gateways edit, need only the FCF. A copy has a good or bad check sequence like any
/// message: what was relayed damaged was relayed.
pub fn pair_messages(a: &Call, b: &Call) -> Vec<Pair> {
    let a_first = a.number <= b.number;
    let mut out = Vec::new();
    for side in [Side::Caller, Side::Callee] {
        let (here, there) = (messages(a, side), messages(b, side));
        let from_a = (side == Side::Caller) == a_first;
        let pairs = if from_a {
            follow(&here, &there)
        } else {
            follow(&there, &here)
        };
        out.extend(pairs.into_iter().map(|(original, copy)| {
            let (of_a, of_b) = if from_a {
                (original, copy)
            } else {
                (copy, original)
            };
            Pair {
                a: of_a.event.id,
                b: of_b.event.id,
                delay: copy.event.end.seconds_since(original.event.end),
                from_a,
                changed: original.frame.fif() != copy.frame.fif(),
            }
        }));
    }
    out.sort_by_key(|pair| pair.a);
    out
}

/// A message of one side.
#[derive(Clone, Copy)]
struct Sent<'a> {
    event: &'a Event,
    frame: &'a T30Frame,
}

fn messages(call: &Call, side: Side) -> Vec<Sent<'_>> {
    call.events
        .iter()
        .filter(|event| event.from == side && event.observed)
        .filter_map(|event| match &event.kind {
            EventKind::T30(frame) => Some(Sent { event, frame }),
            _ => None,
        })
        .collect()
}

/// Originals and their copies, in order. Where some found none in the usual time, a second try allows for the
/// delay that the others show, or, where none found one, for that of a slow B2BUA.
fn follow<'a>(originals: &[Sent<'a>], copies: &[Sent<'a>]) -> Vec<(Sent<'a>, Sent<'a>)> {
    let usual = within(originals, copies, WITHIN);
    if usual.len() == originals.len().min(copies.len()) {
        return usual;
    }
    let mut delays: Vec<f64> = usual
        .iter()
        .map(|(original, copy)| copy.event.end.seconds_since(original.event.end))
        .collect();
    delays.sort_by(f64::total_cmp);
    let limit = delays
        .get(delays.len() / 2)
        .map_or(SLOW, |median| median + SPREAD);
    let slow = within(originals, copies, limit.max(WITHIN));
    if slow.len() > usual.len() {
        slow
    } else {
        usual
    }
}

fn within<'a>(
    originals: &[Sent<'a>],
    copies: &[Sent<'a>],
    limit: f64,
) -> Vec<(Sent<'a>, Sent<'a>)> {
    let mut out = Vec::new();
    // Both lists are in time order and nothing overtakes: copies before the last match are used up.
    let mut next = 0;
    for original in originals {
        let longest = limit + original.event.end.seconds_since(original.event.at).max(0.0);
        let hit = copies
            .iter()
            .enumerate()
            .skip(next)
            .map(|(place, copy)| {
                (
                    place,
                    copy,
                    copy.event.end.seconds_since(original.event.end),
                )
            })
            .skip_while(|(.., delay)| *delay < -EARLY)
            .take_while(|(.., delay)| *delay <= longest)
            .find(|(_, copy, _)| equal(original.frame, copy.frame));
        if let Some((place, copy, _)) = hit {
            next = place + 1;
            out.push((*original, *copy));
        }
    }
    out
}

/// Whether a message may be the copy of another.
fn equal(original: &T30Frame, copy: &T30Frame) -> bool {
    let edited = matches!(
        original.fcf,
        Fcf::Dis | Fcf::Dtc | Fcf::Dcs | Fcf::Nsf | Fcf::Nsc | Fcf::Nss
    );
    let broken = original.damaged || copy.damaged || copy.fcs != Fcs::Good;
    original.fcf == copy.fcf
        && original.fcf2 == copy.fcf2
        && (edited || broken || original.fif() == copy.fif())
}
