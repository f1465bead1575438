//! What both legs of a fax carried: T.30 messages and what goes with them, each paired with its copy.

use crate::call::{Call, Event, EventId, EventKind, Side};
use crate::line::{Fcs, Tone};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;
use crate::t38::Indicator;

/// A message passes a B2BUA within this time and its own duration, seconds.
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
        let copies = if from_a {
            find_copies(&here, &there)
        } else {
            find_copies(&there, &here)
        };
        out.extend(copies.into_iter().map(|(original, copy)| {
            let (of_a, of_b) = if from_a {
                (original, copy)
            } else {
                (copy, original)
            };
            Pair {
                a: of_a.id,
                b: of_b.id,
                delay: copy.end.seconds_since(original.end),
                from_a,
                changed: fif(original) != fif(copy),
            }
        }));
    }
    out.sort_by_key(|pair| pair.a);
    out
}

fn messages(call: &Call, side: Side) -> Vec<&Event> {
    let of_side = call.events.iter().filter(|event| event.from == side);
    of_side
        .filter(|event| matches!(event.kind, EventKind::T30(_)))
        .collect()
}

fn fif(event: &Event) -> Option<&[u8]> {
    match &event.kind {
        EventKind::T30(frame) => Some(frame.fif()),
        _ => None,
    }
}

/// Pairs what one terminal sent on the leg nearer to it with its copies on the next leg, both in time order.
///
/// T.30 messages, TCF, page data and tones are paired, each kind among itself; other events, and those that were not
/// observed, have no copy.
pub(crate) fn find_copies<'a>(
    originals: &[&'a Event],
    copies: &[&'a Event],
) -> Vec<(&'a Event, &'a Event)> {
    let of_kind = |events: &[&'a Event], kind| -> Vec<Sent<'a>> {
        let sent = events.iter().filter_map(|event| Sent::of(event));
        sent.filter(|sent| sent.what.kind() == kind).collect()
    };
    let mut out = Vec::new();
    for kind in [Kind::Message, Kind::Tcf, Kind::Page, Kind::Tone] {
        let pairs = follow(&of_kind(originals, kind), &of_kind(copies, kind));
        out.extend(
            pairs
                .iter()
                .map(|(original, copy)| (original.event, copy.event)),
        );
    }
    out
}

/// What passes from leg to leg.
#[derive(Clone, Copy)]
enum What<'a> {
    Message(&'a T30Frame),
    Tcf,
    Page { page: u32, block: Option<u32> },
    Tone(Tone),
}

/// Its kind: a copy overtakes nothing of its own kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Tcf,
    Page,
    Tone,
}

impl What<'_> {
    const fn kind(self) -> Kind {
        match self {
            Self::Message(_) => Kind::Message,
            Self::Tcf => Kind::Tcf,
            Self::Page { .. } => Kind::Page,
            Self::Tone(_) => Kind::Tone,
        }
    }

    /// Whether it says the same as something on the other leg.
    fn equals(self, copy: Self) -> bool {
        match (self, copy) {
            (Self::Message(original), Self::Message(copy)) => equal(original, copy),
            (Self::Tcf, Self::Tcf) => true,
            (
                Self::Page { page, block },
                Self::Page {
                    page: page_of_copy,
                    block: block_of_copy,
                },
            ) => page == page_of_copy && block == block_of_copy,
            (Self::Tone(original), Self::Tone(copy)) => original == copy,
            _ => false,
        }
    }
}

/// An event that passes from leg to leg.
#[derive(Clone, Copy)]
struct Sent<'a> {
    event: &'a Event,
    what: What<'a>,
}

impl<'a> Sent<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        let what = match &event.kind {
            EventKind::T30(frame) => What::Message(frame),
            EventKind::Tcf(_) => What::Tcf,
            EventKind::PageData(data) => What::Page {
                page: data.page,
                block: data.block,
            },
            EventKind::Indicator(Indicator::Ced) => What::Tone(Tone::Ced),
            EventKind::Indicator(Indicator::Cng) => What::Tone(Tone::Cng),
            EventKind::Tone { tone, .. } => What::Tone(*tone),
            _ => return None,
        };
        event.observed.then_some(Self { event, what })
    }

    /// Whether another event may be the copy of this one; its end has been looked at. When a message began depends on
    /// how much of its preamble was captured, so only its end counts.
    fn may_become(&self, copy: &Self) -> bool {
        let begins = copy.event.at.seconds_since(self.event.at) >= -EARLY;
        let of_message = self.what.kind() == Kind::Message;
        (begins || of_message) && self.what.equals(copy.what)
    }
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
            .find(|(_, copy, _)| original.may_become(copy));
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
