//! The other leg of the same fax, found without being asked: time, hosts, numbers, Call-ID and tag relations.
//!
//! A back-to-back user agent (the PBX) gives each leg a dialog of its own; what they share is that the second
//! begins inside the first one's setup, the host in the middle, and numbers (RULES.md 7).

use std::collections::HashMap;

use crate::call::index::{DialogEntry, DialogId};

/// The second leg begins within so many seconds of the first.
const WINDOW: f64 = 5.0;
/// Digits that must agree at the end of two numbers.
const DIGITS: usize = 6;
/// Points from which two dialogs are taken as legs of one call.
const ENOUGH: u32 = 5;
/// Candidates looked at for one dialog.
const MOST_CANDIDATES: usize = 200;

/// Partners of each dialog, best first.
pub(crate) fn partners(calls: &[(DialogId, &DialogEntry)]) -> HashMap<DialogId, Vec<DialogId>> {
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|at| calls.get(*at).map(|(_, dialog)| dialog.started));
    let mut scored: HashMap<DialogId, Vec<(u32, DialogId)>> = HashMap::new();
    for (place, at) in order.iter().enumerate() {
        let Some((id, dialog)) = calls.get(*at) else {
            continue;
        };
        let later = order
            .iter()
            .skip(place + 1)
            .take(MOST_CANDIDATES)
            .filter_map(|at| calls.get(*at));
        for (other_id, other) in later {
            if other.started.seconds_since(dialog.started) > WINDOW {
                break;
            }
            let points = score(dialog, other);
            if points >= ENOUGH {
                scored.entry(*id).or_default().push((points, *other_id));
                scored.entry(*other_id).or_default().push((points, *id));
            }
        }
    }
    let mut out = HashMap::new();
    for (id, mut list) in scored {
        list.sort_by_key(|(points, other)| (std::cmp::Reverse(*points), *other));
        out.insert(id, list.into_iter().map(|(_, other)| other).collect());
    }
    out
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
    let middle = |dialog: &DialogEntry| -> Vec<_> {
        std::iter::once(dialog.callee.addr)
            .chain(dialog.hops.iter().map(|hop| hop.addr))
            .collect()
    };
    middle(first).contains(&second.caller.addr) && first.caller.addr != second.caller.addr
}

fn close(a: Option<crate::capture::Timestamp>, b: Option<crate::capture::Timestamp>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.seconds_since(b).abs() < 2.0,
        _ => false,
    }
}

/// The same number, whatever prefix: the last digits agree.
fn same_number(a: &str, b: &str) -> bool {
    let digits =
        |text: &str| -> Vec<u8> { text.bytes().rev().filter(u8::is_ascii_digit).collect() };
    let (a_digits, b_digits) = (digits(a), digits(b));
    let shorter = a_digits.len().min(b_digits.len());
    if shorter >= DIGITS {
        return a_digits
            .iter()
            .take(DIGITS)
            .eq(b_digits.iter().take(DIGITS));
    }
    !a.is_empty() && a == b
}

/// One Call-ID holds the other, or one From tag the other: what SBCs make of the far leg's names.
fn related_ids(a: &DialogEntry, b: &DialogEntry) -> bool {
    let holds =
        |long: &[u8], short: &[u8]| short.len() >= 8 && memchr::memmem::find(long, short).is_some();
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
