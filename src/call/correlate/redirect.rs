//! A leg that the host in the middle gives up for another one: a voice menu that hears a fax, a gateway that sends the
//! call on to the fax server.

use super::{Leg, Listed, related_ids, same_number};
use crate::call::index::{DialogEntry, DialogId, Index, Map};

/// The new leg begins so near to the end of the old one, seconds.
const NEAR: f64 = 3.0;
/// The leg that stays is up so much longer, seconds.
const GOES_ON: f64 = 2.0;
/// A calling fax waits longer than this for an answering one, seconds.
const SHORT: f64 = 12.0;
/// The new call begins so near to the end of the old one that it takes its place, seconds.
const AT_ONCE: f64 = 0.5;
/// Legs that are looked at for one that ended.
const MOST: usize = 50;

/// Puts the new leg in the place of the old one. The legs that were given up.
pub(super) fn follow(
    index: &Index,
    order: &[&Listed<'_>],
    partners: &mut Map<DialogId, Vec<DialogId>>,
) -> Vec<DialogId> {
    let mut given_up = Vec::new();
    let by_id: Map<DialogId, &Listed<'_>> =
        order.iter().map(|listed| (listed.id, *listed)).collect();
    for old in order {
        if is_alone(partners, old) && moved_on(index, order, old) {
            given_up.push(old.id);
            continue;
        }
        let Some(stays) = partners.get(&old.id).and_then(|list| list.first()).copied() else {
            continue;
        };
        let Some(first) = by_id.get(&stays) else {
            continue;
        };
        if !is_given_up(first.dialog, old.dialog) {
            continue;
        }
        let Some(new) = successor(index, order, old, first) else {
            if has_t38_after(index, first.dialog, old.dialog) {
                // The new leg is not in the capture, or its SIP is not.
                partners.remove(&old.id);
                if let Some(list) = partners.get_mut(&stays) {
                    list.retain(|id| *id != old.id);
                }
                given_up.push(old.id);
            }
            continue;
        };
        let is_free = partners.get(&new.id).is_none_or(Vec::is_empty);
        if !is_free {
            continue;
        }
        partners.insert(new.id, vec![stays]);
        partners.entry(stays).or_default().insert(0, new.id);
        given_up.push(old.id);
    }
    given_up
}

fn is_alone(partners: &Map<DialogId, Vec<DialogId>>, one: &Listed<'_>) -> bool {
    partners.get(&one.id).is_none_or(Vec::is_empty)
}

/// Without the leg that stays: a short call of a host that at the moment of its end calls another number, for the same
/// calling number. No fax gives up so soon, and none is sent again to another number.
fn moved_on(index: &Index, order: &[&Listed<'_>], old: &Listed<'_>) -> bool {
    let (Some(answered), Some(ended)) = (old.dialog.answered, old.dialog.ended) else {
        return false;
    };
    let names = Leg::of(index, old.dialog).names;
    let is_short = ended.seconds_since(answered) < SHORT && !names.from().is_empty();
    let begin = order.partition_point(|one| ended.seconds_since(one.started) > AT_ONCE);
    let later = order.get(begin..).unwrap_or_default().iter().take(MOST);
    let mut near = later.take_while(|one| one.started.seconds_since(ended) <= AT_ONCE);
    is_short
        && near.any(|one| {
            let other = Leg::of(index, one.dialog).names;
            one.id != old.id
                && one.dialog.caller.addr == old.dialog.caller.addr
                && one.dialog.answered.is_some()
                && same_number(names.from(), other.from())
                && !same_number(names.to(), other.to())
        })
}

/// The host in the middle ended its second leg, while the first one went on.
fn is_given_up(first: &DialogEntry, old: &DialogEntry) -> bool {
    let ended = old.ended.is_some();
    let goes_on = first.last_packet.seconds_since(old.last_packet) > GOES_ON;
    ended && goes_on && first.callee.addr == old.caller.addr && first.answered.is_some()
}

/// The leg that stays switches to T.38 when the old one is over.
fn has_t38_after(index: &Index, first: &DialogEntry, old: &DialogEntry) -> bool {
    let mut flows = first.flows.iter().filter_map(|id| index.flow(*id));
    flows.any(|flow| {
        let begins = flow.t38.first().map(|packet| packet.frame);
        begins.is_some_and(|begins| begins > old.last_frame)
    })
}

/// The leg of the same host and the same calling number that begins when the old one ends.
fn successor<'o, 'i>(
    index: &Index,
    order: &[&'o Listed<'i>],
    old: &Listed<'_>,
    first: &Listed<'_>,
) -> Option<&'o Listed<'i>> {
    let end = old.dialog.last_packet;
    let begin = order.partition_point(|one| end.seconds_since(one.started) > NEAR);
    let later = order.get(begin..).unwrap_or_default();
    let near = later
        .iter()
        .take(MOST)
        .take_while(|one| one.started.seconds_since(end) <= NEAR);
    let names = Leg::of(index, old.dialog).names;
    let fits = |one: &&&Listed<'_>| {
        let other = Leg::of(index, one.dialog).names;
        one.id != old.id
            && one.id != first.id
            && one.dialog.caller.addr == old.dialog.caller.addr
            && one.dialog.answered.is_some()
            && one.started > old.started
            && (same_number(names.from(), other.from()) || related_ids(names, other))
    };
    near.filter(fits).copied().next()
}
