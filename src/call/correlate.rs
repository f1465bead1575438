//! The other leg of the same fax, found without being asked: time, hosts, numbers, Call-ID and tag relations.
//!
//! A back-to-back user agent (the PBX) gives each leg a dialog of its own; what they share is that the second
//! begins inside the first one's setup, the host in the middle, and numbers (RULES.md 7).

use std::net::IpAddr;

use crate::call::index::{DialogEntry, DialogId, Map};
use crate::capture::Timestamp;

/// The second leg begins within so many seconds of the first.
const WINDOW: f64 = 5.0;
/// Digits that must agree at the end of two numbers.
const DIGITS: usize = 6;
/// Points from which two dialogs are taken as legs of one call.
const ENOUGH: u32 = 5;
/// Shorter Call-IDs and tags are found in others by chance.
const SHORTEST_NAME: usize = 8;
/// Candidates looked at for one dialog.
const MOST_CANDIDATES: usize = 200;

/// Partners of each dialog, best first.
pub(crate) fn partners(calls: &[(DialogId, &DialogEntry)]) -> Map<DialogId, Vec<DialogId>> {
    let mut order: Vec<&(DialogId, &DialogEntry)> = calls.iter().collect();
    order.sort_by_key(|(_, dialog)| dialog.started);
    let features: Vec<Features> = order
        .iter()
        .map(|(_, dialog)| Features::of(dialog))
        .collect();
    let mut scored: Map<DialogId, Vec<(u32, DialogId)>> = Map::default();
    for (place, ((id, dialog), own)) in order.iter().zip(&features).enumerate() {
        let end = (dialog.started.plus_seconds(WINDOW)).min(dialog.last_packet);
        let later = features.iter().enumerate().skip(place + 1);
        for (at, feature) in later.take(MOST_CANDIDATES) {
            if feature.started > end {
                break;
            }
            if !own.may_go_with(feature) {
                continue;
            }
            let Some((other_id, other)) = order.get(at) else {
                break;
            };
            let points = score(dialog, other);
            if points >= ENOUGH {
                scored.entry(*id).or_default().push((points, *other_id));
                scored.entry(*other_id).or_default().push((points, *id));
            }
        }
    }
    let mut out = Map::default();
    for (id, mut list) in scored {
        list.sort_by_key(|(points, other)| (std::cmp::Reverse(*points), *other));
        out.insert(id, list.into_iter().map(|(_, other)| other).collect());
    }
    out
}

/// What decides for nearly every pair of dialogs that they are no legs of one call, in a few words of memory:
/// a busy PBX has thousands of dialogs within seconds.
struct Features {
    started: Timestamp,
    last_packet: Timestamp,
    /// Until when a second leg may begin, unless its names tell that it is one.
    inside: Timestamp,
    from: u64,
    to: u64,
    caller: IpAddr,
    callee: IpAddr,
    has_hops: bool,
    call_id: Pieces,
    tag: Pieces,
}

impl Features {
    fn of(dialog: &DialogEntry) -> Self {
        let call_id = dialog.call_id.as_deref().unwrap_or_default();
        Self {
            started: dialog.started,
            last_packet: dialog.last_packet,
            inside: dialog.answered.unwrap_or(Timestamp(u64::MAX)),
            from: number_key(&dialog.from),
            to: number_key(&dialog.to),
            caller: dialog.caller.addr,
            callee: dialog.callee.addr,
            has_hops: !dialog.hops.is_empty(),
            call_id: Pieces::of(before_host(call_id)),
            tag: Pieces::of(&dialog.caller_tag),
        }
    }

    /// False: [`score`] would give none. `second` began later.
    fn may_go_with(&self, second: &Self) -> bool {
        if second.started > self.last_packet {
            return false;
        }
        let same = |a: u64, b: u64| a == b && a != 0;
        self.call_id.may_hold(second.call_id)
            || self.tag.may_hold(second.tag)
            || (second.started <= self.inside
                && (same(self.to, second.to)
                    || same(self.from, second.from)
                    || self.callee == second.caller
                    || self.has_hops))
    }
}

/// The pieces of three octets of a name, each as one of 64 bits: a name inside another has no bit that the
/// other has not.
#[derive(Clone, Copy)]
struct Pieces(u64);

impl Pieces {
    fn of(name: &[u8]) -> Self {
        if name.len() < SHORTEST_NAME {
            return Self(0);
        }
        let bits = name.windows(3).map(|piece| {
            let piece = piece
                .iter()
                .fold(0, |piece, octet| piece << 8 | u32::from(*octet));
            1_u64 << (piece.wrapping_mul(0x9E37_79B1) >> 26)
        });
        Self(bits.fold(0, |all, bit| all | bit))
    }

    /// Whether one of the two names may be inside the other.
    const fn may_hold(self, other: Self) -> bool {
        let both = self.0 & other.0;
        both != 0 && (both == self.0 || both == other.0)
    }
}

/// The same for the same number in the sense of [`same_number`]; 0 for none.
fn number_key(number: &str) -> u64 {
    let digits = number.bytes().rev().filter(u8::is_ascii_digit);
    let (count, key) = digits.take(DIGITS).fold((0, 0), |(count, key), digit| {
        (count + 1, key * 10 + u64::from(digit - b'0'))
    });
    if count == DIGITS {
        return key + 1;
    }
    // Shorter names must be the same altogether.
    let hash = number
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3)
        });
    if number.is_empty() { 0 } else { hash | 1 << 63 }
}

/// How much two dialogs look like legs of one call; `first` began first.
fn score(first: &DialogEntry, second: &DialogEntry) -> u32 {
    if second.started > first.last_packet || first.call_id.is_none() || second.call_id.is_none() {
        return 0;
    }
    let relation = u32::from(related_ids(first, second)) * 5;
    let middle = shares_middle(first, second);
    let numbers = 3 * u32::from(same_number(&first.to, &second.to))
        + 2 * u32::from(same_number(&first.from, &second.from));
    // The second leg begins before the first is answered.
    let inside = first
        .answered
        .is_none_or(|answered| second.started <= answered);
    if relation == 0 && (!inside || (numbers == 0 && !middle)) {
        return 0;
    }
    // Two calls from the same host to the same host are two calls, not two legs.
    if first.caller == second.caller && first.callee == second.callee && relation == 0 {
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

/// The host that got the first INVITE sends the second.
fn shares_middle(first: &DialogEntry, second: &DialogEntry) -> bool {
    let middle = second.caller.addr;
    first.caller.addr != middle
        && (first.callee.addr == middle || first.hops.iter().any(|hop| hop.addr == middle))
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

/// One Call-ID holds the other, or one From tag the other: what SBCs make of the far leg's names.
fn related_ids(a: &DialogEntry, b: &DialogEntry) -> bool {
    let holds = |long: &[u8], short: &[u8]| {
        short.len() >= SHORTEST_NAME && memchr::memmem::find(long, short).is_some()
    };
    let either = |a: &[u8], b: &[u8]| holds(a, b) || holds(b, a);
    match (a.call_id.as_deref(), b.call_id.as_deref()) {
        (Some(x), Some(y)) if either(before_host(x), before_host(y)) => true,
        _ => either(&a.caller_tag, &b.caller_tag),
    }
}

fn before_host(call_id: &[u8]) -> &[u8] {
    call_id
        .split(|octet| *octet == b'@')
        .next()
        .unwrap_or_default()
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
                let same = number_key(a) == number_key(b) && number_key(a) != 0;
                assert_eq!(same, same_number(a, b), "{a} {b}");
            }
        }
    }

    #[test]
    fn pieces_never_deny_a_name_inside_another() {
        let short = Pieces::of(b"4fa81c77");
        assert!(Pieces::of(b"b2b-4fa81c77-1").may_hold(short));
        assert!(short.may_hold(Pieces::of(b"b2b-4fa81c77-1")));
        assert!(!short.may_hold(Pieces::of(b"0123456789")));
        assert!(!Pieces::of(b"4fa81").may_hold(Pieces::of(b"4fa81")));
    }
}
