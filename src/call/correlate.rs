//! The other leg of the same fax, found without being asked: time, hosts, numbers, Call-ID and tag relations.
//!
//! A back-to-back user agent (the PBX) gives each leg a dialog of its own; what they share is that the second
//! begins inside the first one's setup, the host in the middle, and numbers.

use std::net::IpAddr;
use std::ops::Range;

use crate::call::index::{DialogEntry, DialogId, Index, Map, Names};
use crate::capture::{FrameNo, Timestamp};

mod cut;
mod redirect;
mod unsigned;

/// The second leg begins within this many seconds of the first.
const WINDOW: f64 = 5.0;
/// Digits that must agree at the end of two numbers.
const DIGITS: usize = 6;
/// Least score of two legs of one call.
const ENOUGH: u32 = 5;
/// Points for the same number of the caller and of the callee.
const BOTH_NUMBERS: u32 = 5;
/// Shorter Call-IDs and tags occur in others by chance.
const SHORTEST_NAME: usize = 8;
/// Candidates looked at for one dialog.
const MOST_CANDIDATES: usize = 200;

/// A dialog of the list with its sort keys, copied out of the dialog for cache locality.
#[derive(Clone, Copy)]
pub(crate) struct Listed<'i> {
    pub(crate) id: DialogId,
    pub(crate) dialog: &'i DialogEntry,
    pub(crate) first_frame: FrameNo,
    started: Timestamp,
}

impl<'i> Listed<'i> {
    pub(crate) fn new(id: DialogId, dialog: &'i DialogEntry) -> Self {
        Self {
            id,
            dialog,
            first_frame: dialog.first_frame,
            started: dialog.started,
        }
    }
}

/// Which calls belong together.
#[derive(Debug, Default)]
pub(crate) struct Partners {
    /// Partners of each dialog, best first.
    of: Map<DialogId, Vec<DialogId>>,
    /// Legs that the host in the middle gave up for another one.
    given_up: Vec<DialogId>,
}

impl Partners {
    /// Partners of a dialog, best first.
    pub(crate) fn get(&self, id: &DialogId) -> Option<&Vec<DialogId>> {
        self.of.get(id)
    }

    /// Whether the call went on over another leg than this one.
    pub(crate) fn is_given_up(&self, id: DialogId) -> bool {
        self.given_up.contains(&id)
    }
}

/// Partners of each dialog, best first.
pub(crate) fn partners(index: &Index, calls: &[Listed<'_>]) -> Partners {
    let mut order: Vec<&Listed<'_>> = calls.iter().collect();
    order.sort_by_key(|listed| listed.started);
    let features = Features::of(index, &order);
    let mut scored: Map<DialogId, Vec<(u32, DialogId)>> = Map::default();
    for (place, one) in order.iter().enumerate() {
        for at in features.candidates(place) {
            let Some(other) = order.get(at) else {
                break;
            };
            let points = score(Leg::of(index, one.dialog), Leg::of(index, other.dialog));
            if points >= ENOUGH {
                scored.entry(one.id).or_default().push((points, other.id));
                scored.entry(other.id).or_default().push((points, one.id));
            }
        }
    }
    for (points, one, other) in cut::pairs(index, &order) {
        let known = scored.get(&one).into_iter().flatten();
        if !known.clone().any(|(_, id)| *id == other) {
            scored.entry(one).or_default().push((points, other));
            scored.entry(other).or_default().push((points, one));
        }
    }
    for (one, other) in unsigned::pairs(index, calls) {
        scored.entry(one).or_default().push((ENOUGH, other));
        scored.entry(other).or_default().push((ENOUGH, one));
    }
    let mut out = Map::default();
    for (id, mut list) in scored {
        list.sort_by_key(|(points, other)| (std::cmp::Reverse(*points), *other));
        out.insert(id, list.into_iter().map(|(_, other)| other).collect());
    }
    let given_up = redirect::follow(index, &order, &mut out);
    Partners { of: out, given_up }
}

/// Features that rule out nearly every pair of dialogs as legs of one call, in the order of their start.
///
/// A busy PBX has thousands of dialogs within seconds, so each feature is one word in an array of its own: loops over
/// them are vectorised.
#[derive(Default)]
struct Features {
    started: Vec<Timestamp>,
    /// Until when a second leg may begin: if its Call-ID or tag shows that it is one, and otherwise.
    until: Vec<(Timestamp, Timestamp)>,
    callee: Vec<u32>,
    has_hops: Vec<bool>,
    from: Vec<u32>,
    to: Vec<u32>,
    caller: Vec<u32>,
    call_id: Vec<u32>,
    tag: Vec<u32>,
}

impl Features {
    fn of(index: &Index, order: &[&Listed<'_>]) -> Self {
        let mut out = Self::default();
        let all = [
            &mut out.from,
            &mut out.to,
            &mut out.caller,
            &mut out.callee,
            &mut out.call_id,
            &mut out.tag,
        ];
        for list in all {
            list.reserve_exact(order.len());
        }
        out.started.reserve_exact(order.len());
        out.until.reserve_exact(order.len());
        out.has_hops.reserve_exact(order.len());
        for Listed { dialog, .. } in order {
            let end = (dialog.started.plus_seconds(WINDOW)).min(dialog.last_packet);
            let inside = dialog.answered.unwrap_or(end).min(end);
            out.until.push((end, inside));
            out.callee.push(host_key(dialog.callee.addr));
            out.has_hops.push(!dialog.rare().hops.is_empty());
            let names = index.names(dialog);
            let call_id = names.call_id().unwrap_or_default();
            out.started.push(dialog.started);
            out.from.push(number_key(names.from()));
            out.to.push(number_key(names.to()));
            out.caller.push(host_key(dialog.caller.addr));
            out.call_id.push(pieces(before_host(call_id)));
            out.tag.push(pieces(names.caller_tag()));
        }
        out
    }

    /// Places of the dialogs for which [`score`] may give something beside the one at `place`. They
    /// began later, but before it was over.
    fn candidates(&self, place: usize) -> impl Iterator<Item = usize> {
        let begin = place + 1;
        let later = self.started.get(begin..).unwrap_or_default();
        let later = later.get(..MOST_CANDIDATES).unwrap_or(later);
        let (end, inside) = self.until.get(place).copied().unwrap_or_default();
        let end = begin + later.partition_point(|started| *started <= end);
        let inside = begin + later.partition_point(|started| *started <= inside);
        let own = Own {
            from: own(&self.from, place, NO_NUMBER),
            to: own(&self.to, place, NO_NUMBER),
            call_id: own(&self.call_id, place, NO_PIECES),
            tag: own(&self.tag, place, NO_PIECES),
            callee: self.callee.get(place).copied().unwrap_or_default(),
            has_hops: self.has_hops.get(place).copied().unwrap_or_default(),
        };
        let fits = move |range: Range<usize>| {
            let early = range.start..range.end.min(inside);
            self.related(&own, range) || self.alike(&own, early)
        };
        let all = if fits(begin..end) { begin..end } else { 0..0 };
        all.filter(move |at| fits(*at..*at + 1))
    }

    /// Whether a name of some dialogs may be inside one of `own`, or the other way round.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "all are looked at, and so several at a time"
    )]
    fn related(&self, own: &Own, range: Range<usize>) -> bool {
        let may_hold = |list: &[u32], own: u32| {
            let list = list.get(range.clone()).unwrap_or_default();
            list.iter().fold(false, |found, other| {
                let both = own & other;
                found | (both == own) | (both == *other)
            })
        };
        may_hold(&self.call_id, own.call_id) | may_hold(&self.tag, own.tag)
    }

    /// Whether numbers or hosts let some dialogs be the second leg.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "all are looked at, and so several at a time"
    )]
    fn alike(&self, own: &Own, range: Range<usize>) -> bool {
        let some = !range.is_empty();
        let has = |list: &[u32], key: u32| {
            let list = list.get(range.clone()).unwrap_or_default();
            list.iter()
                .fold(false, |found, other| found | (*other == key))
        };
        some && (own.has_hops
            || has(&self.to, own.to) | has(&self.from, own.from) | has(&self.caller, own.callee))
    }
}

/// Features of the dialog whose other leg is looked for. A missing one matches no other.
struct Own {
    from: u32,
    to: u32,
    call_id: u32,
    tag: u32,
    callee: u32,
    has_hops: bool,
}

/// The feature of one dialog; a missing one matches no other.
fn own(list: &[u32], place: usize, none: Missing) -> u32 {
    let own = list.get(place).copied().unwrap_or(none.of_second);
    if own == none.of_second {
        none.of_first
    } else {
        own
    }
}

/// Placeholders of a missing feature: different for first and second leg, so that they never compare equal.
#[derive(Clone, Copy)]
struct Missing {
    of_first: u32,
    of_second: u32,
}

const NO_NUMBER: Missing = Missing {
    of_first: u32::MAX,
    of_second: 0,
};

/// Bits that are never set by a trigram.
const NO_PIECES: Missing = Missing {
    of_first: 1 << 30,
    of_second: 1 << 31,
};

/// The pieces of three octets of a name, each as one of 30 bits: a name inside another has no bit that the
/// other has not.
fn pieces(name: &[u8]) -> u32 {
    let [first, second, rest @ ..] = name else {
        return NO_PIECES.of_second;
    };
    if name.len() < SHORTEST_NAME {
        return NO_PIECES.of_second;
    }
    let mut piece = u32::from(*first) << 8 | u32::from(*second);
    rest.iter().fold(0, |all, octet| {
        piece = (piece << 8 | u32::from(*octet)) & 0x00FF_FFFF;
        all | 1 << ((u64::from(piece.wrapping_mul(0x9E37_79B1)) * 30) >> 32)
    })
}

/// The same for the same host.
fn host_key(host: IpAddr) -> u32 {
    match host {
        IpAddr::V4(host) => host.to_bits(),
        IpAddr::V6(host) => {
            let words = host.octets();
            let (words, _) = words.as_chunks::<4>();
            words
                .iter()
                .fold(0, |key, word| key ^ u32::from_be_bytes(*word))
        }
    }
}

/// The same for the same number in the sense of [`same_number`].
fn number_key(number: &str) -> u32 {
    if number.is_empty() {
        return NO_NUMBER.of_second;
    }
    let digits = number.bytes().rev().filter(u8::is_ascii_digit);
    let (count, key) = digits.take(DIGITS).fold((0, 0), |(count, key), digit| {
        (count + 1, key * 10 + u32::from(digit - b'0'))
    });
    if count == DIGITS {
        return key + 1;
    }
    // Shorter names must be the same altogether.
    let hash = number.bytes().fold(0x811C_9DC5_u32, |hash, octet| {
        (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193)
    });
    (hash | 1 << 31) & !1
}

/// A dialog and its names.
#[derive(Clone, Copy)]
struct Leg<'i> {
    dialog: &'i DialogEntry,
    names: Names<'i>,
}

impl<'i> Leg<'i> {
    fn of(index: &'i Index, dialog: &'i DialogEntry) -> Self {
        let names = index.names(dialog);
        Self { dialog, names }
    }
}

/// How much two dialogs look like legs of one call; `first` began first.
fn score(one: Leg<'_>, other: Leg<'_>) -> u32 {
    let (first, second) = (one.dialog, other.dialog);
    if second.started > first.last_packet
        || one.names.call_id().is_none()
        || other.names.call_id().is_none()
    {
        return 0;
    }
    let relation = u32::from(related_ids(one.names, other.names)) * 5;
    let middle = shares_middle(first, second)
        || is_up(first) && is_up(second) && shares_middle(second, first);
    let numbers = numbers(one.names, other.names);
    // The second leg begins before the first is answered; what was up when the capture began, was up with its other leg.
    let inside = if is_up(first) {
        is_up(second)
    } else {
        first
            .answered
            .is_none_or(|answered| second.started <= answered)
    };
    // Without a host in the middle two calls of one number are two calls, as those of a fax server; a PBX with an
    // address for each side has both numbers on both legs.
    let apart = first.caller.addr != second.caller.addr && first.callee.addr != second.callee.addr;
    let tied = middle || apart && numbers == BOTH_NUMBERS;
    if relation == 0 && !(inside && tied) {
        return 0;
    }
    let answers = close(first.answered, second.answered);
    let ends = close(first.ended, second.ended);
    relation
        + 3 * u32::from(middle)
        + numbers
        + u32::from(inside)
        + u32::from(answers)
        + u32::from(ends)
}

/// Points for the same numbers.
fn numbers(one: Names<'_>, other: Names<'_>) -> u32 {
    3 * u32::from(same_number(one.to(), other.to()))
        + 2 * u32::from(same_number(one.from(), other.from()))
}

/// The capture begins in the dialog.
fn is_up(dialog: &DialogEntry) -> bool {
    !dialog.starts_with_invite && dialog.answered.is_none()
}

/// The host that got the first INVITE sends the second.
fn shares_middle(first: &DialogEntry, second: &DialogEntry) -> bool {
    let middle = second.caller.addr;
    first.caller.addr != middle
        && (first.callee.addr == middle || first.rare().hops.iter().any(|hop| hop.addr == middle))
}

fn close(a: Option<Timestamp>, b: Option<Timestamp>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.seconds_since(b).abs() < 2.0,
        _ => false,
    }
}

/// The same number, whatever prefix: the last digits agree.
fn same_number(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    if digits(a).min(digits(b)) < DIGITS {
        return !a.is_empty() && a == b;
    }
    let last = |text: &str| -> [u8; DIGITS] {
        let mut digits = text.bytes().rev().filter(u8::is_ascii_digit);
        std::array::from_fn(|_| digits.next().unwrap_or_default())
    };
    last(a) == last(b)
}

/// One Call-ID contains the other, or one From tag the other: SBCs derive them so.
fn related_ids(a: Names<'_>, b: Names<'_>) -> bool {
    let holds = |long: &[u8], short: &[u8]| {
        short.len() >= SHORTEST_NAME && memchr::memmem::find(long, short).is_some()
    };
    let either = |a: &[u8], b: &[u8]| holds(a, b) || holds(b, a);
    match (a.call_id(), b.call_id()) {
        (Some(x), Some(y)) if either(before_host(x), before_host(y)) => true,
        _ => either(a.caller_tag(), b.caller_tag()),
    }
}

fn before_host(call_id: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'@', call_id).unwrap_or(call_id.len());
    call_id.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_agree_with_the_comparison_of_numbers() {
        let numbers = [
            "",
            "100",
            "alice",
            "+43 1 234567",
            "01234567",
            "1234567",
            "12345",
            "567",
        ];
        for a in numbers {
            for b in numbers {
                let list = [number_key(a), number_key(b)];
                let same = own(&list, 0, NO_NUMBER) == list[1];
                assert_eq!(same, same_number(a, b), "{a} {b}");
            }
        }
    }

    #[test]
    fn pieces_never_deny_a_name_inside_another() {
        let may_hold = |one: &[u8], other: &[u8]| {
            let list = [pieces(one), pieces(other)];
            let one = own(&list, 0, NO_PIECES);
            let both = one & list[1];
            both == one || both == list[1]
        };
        assert!(may_hold(b"b2b-4fa81c77-1", b"4fa81c77"));
        assert!(may_hold(b"4fa81c77", b"b2b-4fa81c77-1"));
        assert!(!may_hold(b"4fa81c77", b"0123456789"));
        assert!(!may_hold(b"4fa81", b"4fa81"));
    }
}
