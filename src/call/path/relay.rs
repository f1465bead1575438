//! Which messages are copies of others, and which end on their hop.

use std::collections::HashSet;

use super::Relay;
use super::exchange::{Answer, Exchange, Exchanges};
use crate::call::{Event, EventId};

/// Tells originals, copies, and what ends on its hop.
pub(super) fn mark(events: &mut [Event], exchanges: &Exchanges) {
    let order = by_depth(exchanges);
    for at in &order {
        requests(events, exchanges, *at);
    }
    for at in order.iter().rev() {
        responses(events, exchanges, *at);
    }
    for (at, one) in exchanges.list.iter().enumerate() {
        if one.parent.is_none() && !one.children.is_empty() {
            keep_what_arrives(events, exchanges, at, one);
        }
    }
}

/// Places of the exchanges, those that others were relayed from first.
pub(super) fn by_depth(exchanges: &Exchanges) -> Vec<usize> {
    let roots = exchanges
        .list
        .iter()
        .enumerate()
        .filter(|(_, one)| one.parent.is_none());
    let mut order: Vec<usize> = roots.map(|(at, _)| at).collect();
    let mut next = 0;
    while let Some(at) = order.get(next).copied() {
        next += 1;
        if let Some(one) = exchanges.list.get(at) {
            order.extend(&one.children);
        }
    }
    order
}

fn requests(events: &mut [Event], exchanges: &Exchanges, at: usize) {
    let Some(one) = exchanges.list.get(at) else {
        return;
    };
    let parent = one
        .parent
        .and_then(|parent| exchanges.list.get(parent.place));
    let invite = invite_of(exchanges, one);
    let ends_here = match one.method.as_str() {
        "CANCEL" => invite.is_some_and(|invite| invite.parent.is_some()),
        "ACK" => invite.is_some_and(|invite| invite.is_refused() && invite.parent.is_some()),
        _ => false,
    };
    for (number, place) in one.requests.iter().enumerate() {
        let before = parent.and_then(|parent| {
            let last = parent.requests.len().checked_sub(1)?;
            parent.requests.get(number.min(last)).copied()
        });
        let relay = match before {
            _ if ends_here => Relay::HopOnly,
            Some(before) => Relay::Copy(original(events, before)),
            None => Relay::Original,
        };
        set(events, *place, relay);
    }
}

/// The INVITE that a CANCEL or an ACK on the same hop is about.
fn invite_of<'e>(exchanges: &'e Exchanges, one: &Exchange) -> Option<&'e Exchange> {
    if !matches!(one.method.as_str(), "CANCEL" | "ACK") {
        return None;
    }
    exchanges.same_branch(one, "INVITE")
}

/// The original of a message: itself, or what it is a copy of.
fn original(events: &[Event], place: usize) -> EventId {
    let event = events.get(place);
    match event.map(|event| event.relay) {
        Some(Relay::Copy(id)) => id,
        _ => event.map_or(EventId(0), |event| event.id),
    }
}

fn set(events: &mut [Event], place: usize, relay: Relay) {
    if let Some(event) = events.get_mut(place) {
        event.relay = relay;
    }
}

fn is_same(one: &Answer, other: &Answer) -> bool {
    one.status == other.status && one.rseq == other.rseq
}

fn responses(events: &mut [Event], exchanges: &Exchanges, at: usize) {
    let Some(one) = exchanges.list.get(at) else {
        return;
    };
    let children: Vec<&Exchange> = one
        .children
        .iter()
        .filter_map(|child| exchanges.list.get(*child))
        .collect();
    let hop_only = one.method == "CANCEL"
        && one
            .requests
            .first()
            .and_then(|place| events.get(*place))
            .is_some_and(|event| event.relay == Relay::HopOnly);
    for (number, answer) in one.responses.iter().enumerate() {
        if answer.status == 100 || hop_only {
            let inner = one.parent.is_some() || hop_only;
            set(
                events,
                answer.event,
                if inner {
                    Relay::HopOnly
                } else {
                    Relay::Original
                },
            );
            continue;
        }
        let repeat = one
            .responses
            .iter()
            .take(number)
            .filter(|before| is_same(before, answer))
            .count();
        let below = children.iter().find_map(|child| {
            let same: Vec<&Answer> = child
                .responses
                .iter()
                .filter(|below| is_same(below, answer))
                .collect();
            let last = same.len().checked_sub(1)?;
            same.get(repeat.min(last)).map(|below| below.event)
        });
        let relay = below.map_or(Relay::Original, |below| {
            Relay::Copy(original(events, below))
        });
        set(events, answer.event, relay);
    }
}

/// Responses that never reach the one who asked end on their hop: those of the branches of a fork that lost, of a
/// challenge that the proxy answers itself.
fn keep_what_arrives(events: &mut [Event], exchanges: &Exchanges, root: usize, asked: &Exchange) {
    if asked.responses.is_empty() {
        return;
    }
    let arrived: HashSet<EventId> = asked
        .responses
        .iter()
        .map(|answer| original(events, answer.event))
        .collect();
    let mut below = asked.children.clone();
    let mut next = 0;
    while let Some(at) = below.get(next).copied() {
        next += 1;
        let Some(one) = exchanges.list.get(at).filter(|_| at != root) else {
            continue;
        };
        below.extend(&one.children);
        let reaches = |answer: &Answer| arrived.contains(&original(events, answer.event));
        let lost: Vec<usize> = one
            .responses
            .iter()
            .filter(|answer| {
                !one.responses
                    .iter()
                    .any(|other| is_same(other, answer) && reaches(other))
            })
            .map(|answer| answer.event)
            .collect();
        for place in lost {
            set(events, place, Relay::HopOnly);
        }
    }
}
