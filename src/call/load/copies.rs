//! What was seen of the fax on the other links: the same messages before or behind a media proxy.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::audio::Elsewhere;
use super::t38::OnLink;
use super::{MAX_SIGNALS, order_heard};
use crate::call::path::Crossing;
use crate::call::{
    BySide, Call, Event, EventId, EventKind, FaxCarrier, HopId, Path, Relay, Side, UdptlStats, fax,
};
use crate::capture::Endpoint;

/// A copy on another link is at most so much earlier or later than what is read, seconds.
const APART: f64 = 10.0;

/// Gives the path the figures of its links, and the call the copies of its messages.
pub(super) fn take(
    call: &mut Call,
    (elsewhere, read): (Vec<OnLink>, BySide<Option<usize>>),
    crossings: Vec<Crossing>,
    sound: Vec<Elsewhere>,
) {
    call.path.crossings = crossings;
    if call.path.links.len() < 2 {
        return;
    }
    for side in [Side::Caller, Side::Callee] {
        let stats = call.udptl.of(side).clone();
        put(&mut call.path, *read.of(side), side, stats);
    }
    let mut copies = Vec::new();
    for mut one in elsewhere {
        order_heard(&mut one.heard, &call.capture);
        one.heard.truncate(MAX_SIGNALS);
        let carrier = if one.is_sound {
            FaxCarrier::G711
        } else {
            FaxCarrier::T38
        };
        let reading = fax::read(call.number, one.heard, carrier);
        let events = reading.map(|reading| reading.events).unwrap_or_default();
        let here = events
            .into_iter()
            .filter(|event| one.is_sound || one.stats.of(event.from).is_some());
        copies.extend(here);
        for side in [Side::Caller, Side::Callee] {
            if let Some(stats) = one.stats.of_mut(side).take() {
                put(&mut call.path, Some(one.link), side, stats);
            }
        }
    }
    for one in sound {
        copies.extend(one.copies(&call.events));
    }
    place(&call.path, &mut copies);
    pair(&call.events, &mut copies);
    copies.sort_by_key(|event| (event.at, event.frame));
    let first = u32::try_from(call.events.len()).unwrap_or(u32::MAX);
    for (event, number) in copies.iter_mut().zip(first..) {
        event.id = EventId(number);
    }
    call.copies = copies;
}

fn put(path: &mut Path, link: Option<usize>, side: Side, stats: UdptlStats) {
    if let Some(link) = link
        .and_then(|at| path.links.get_mut(at))
        .filter(|_| stats.packets > 0)
    {
        *link.udptl.of_mut(side) = Some(stats);
    }
}

/// Gives media their hops.
pub(super) fn place(path: &Path, events: &mut [Event]) {
    let mut known: HashMap<(Endpoint, Endpoint, bool), Option<HopId>, RandomState> =
        HashMap::default();
    for event in events
        .iter_mut()
        .filter(|event| !matches!(event.kind, EventKind::Sip(_)))
    {
        let key = (event.src, event.dst, event.from == Side::Caller);
        let hop = known
            .entry(key)
            .or_insert_with(|| path.hop_of_media(event.src, event.dst, event.from));
        event.hop = *hop;
    }
}

/// Tells the original of each T.30 message that was copied: in order, on each hop.
fn pair(originals: &[Event], copies: &mut [Event]) {
    let mut next: HashMap<(Option<HopId>, bool), usize, RandomState> = HashMap::default();
    for copy in copies.iter_mut().filter(|copy| copy.relay.is_original()) {
        let EventKind::T30(frame) = &copy.kind else {
            continue;
        };
        let begin = next
            .entry((copy.hop, copy.from == Side::Caller))
            .or_default();
        let rest = originals.iter().enumerate().skip(*begin);
        let mut near = rest.take_while(|(_, event)| event.at.seconds_since(copy.at) < APART);
        let same = |event: &Event| {
            event.from == copy.from
                && event.at.seconds_since(copy.at) > -APART
                && matches!(&event.kind, EventKind::T30(other) if other.octets == frame.octets)
        };
        let found = near
            .find(|(_, event)| same(event))
            .map(|(place, event)| (place, event.id));
        if let Some((place, id)) = found {
            *begin = place + 1;
            copy.relay = Relay::Copy(id);
        }
    }
}
