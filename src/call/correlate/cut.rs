//! Legs of calls that were up when the capture began: neither INVITE tells which began inside the other, so the first
//! request and the media do. On one leg the host between is where the request goes, on the other where it comes from.

use std::net::IpAddr;

use crate::call::correlate::{BOTH_NUMBERS, ENOUGH, Listed, WINDOW, is_up, numbers, same_number};
use crate::call::index::{DialogEntry, DialogId, Index, Names};
use crate::call::{BySide, Side};
use crate::capture::Timestamp;

/// A B2BUA passes a request on within this time, seconds.
const PASSED_ON: f64 = 0.5;
/// The first requests of two legs are one, passed on, if they are so near to each other, seconds.
const TOGETHER: f64 = 2.5;
/// Dialogs that are looked at for one.
const MOST: usize = 50;

/// The hosts that media of a call come from, by side.
struct Senders {
    id: DialogId,
    /// Who sent the first message, and when; the sides may be the other way round than they are.
    asks: Side,
    asked: Timestamp,
    has_t38: bool,
    of: BySide<Vec<IpAddr>>,
}

/// Pairs of such legs, with their points.
pub(super) fn pairs(index: &Index, order: &[&Listed<'_>]) -> Vec<(u32, DialogId, DialogId)> {
    let up: Vec<(&Listed<'_>, Senders)> = order
        .iter()
        .filter(|one| one.dialog.has_sip() && is_up(one.dialog))
        .map(|one| (*one, Senders::of(index, one.id, one.dialog)))
        .collect();
    let mut out = Vec::new();
    for (place, (one, senders)) in up.iter().enumerate() {
        let later = up.iter().skip(place + 1).take(MOST);
        let near =
            later.take_while(|(other, _)| other.started.seconds_since(one.started) <= WINDOW);
        for (other, others) in near {
            let (names, others_names) = (index.names(one.dialog), index.names(other.dialog));
            if !same_numbers(names, others_names) || !senders.belongs_to(others) {
                continue;
            }
            let apart = other.started.seconds_since(one.started);
            let soon = u32::from(apart <= PASSED_ON) + u32::from(apart <= PASSED_ON / 10.0);
            out.push((ENOUGH + soon, senders.id, others.id));
        }
    }
    out
}

/// The same numbers, on one of them perhaps the other way round.
fn same_numbers(one: Names<'_>, other: Names<'_>) -> bool {
    let turned = same_number(one.from(), other.to()) && same_number(one.to(), other.from());
    turned || numbers(one, other) == BOTH_NUMBERS
}

impl Senders {
    fn of(index: &Index, id: DialogId, dialog: &DialogEntry) -> Self {
        let mut of: BySide<Vec<IpAddr>> = BySide::default();
        for flow in dialog.flows.iter().filter_map(|flow| index.flow(*flow)) {
            let Some((_, side)) = flow.owner else {
                continue;
            };
            let known = of.of_mut(side);
            if !known.contains(&flow.src.addr) {
                known.push(flow.src.addr);
            }
        }
        let first = dialog.messages.first();
        let from_caller = first.is_some_and(|first| dialog.path(first).0 == dialog.caller);
        let asks = if from_caller {
            Side::Caller
        } else {
            Side::Callee
        };
        let flows = dialog.flows.iter().filter_map(|flow| index.flow(*flow));
        Self {
            id,
            asks,
            asked: first.map(|first| first.at).unwrap_or_default(),
            has_t38: flows.clone().any(|flow| !flow.t38.is_empty()),
            of,
        }
    }

    fn has(&self, host: IpAddr) -> bool {
        self.of.caller.contains(&host) || self.of.callee.contains(&host)
    }

    fn belongs_to(&self, other: &Self) -> bool {
        let apart = other.asked.seconds_since(self.asked);
        if apart.abs() > TOGETHER {
            return self.has_t38 != other.has_t38 && self.meets(other);
        }
        let (first, then) = if apart < 0.0 {
            (other, self)
        } else {
            (self, other)
        };
        first.go_on_as(then)
    }

    /// A gateway asks for T.38 on one leg only. Whether a host is on both legs, and each has an end of its own.
    fn meets(&self, other: &Self) -> bool {
        let hosts = |one: &Self| [one.of.caller.clone(), one.of.callee.clone()].concat();
        let (own, others) = (hosts(self), hosts(other));
        own.iter().any(|host| others.contains(host))
            && own.iter().any(|host| !others.contains(host))
            && others.iter().any(|host| !own.contains(host))
    }

    /// Whether a host gets the request of this leg and makes that of the other one, and each leg has an end of its own.
    fn go_on_as(&self, later: &Self) -> bool {
        let own_end = |own: &Self, side: Side, other: &Self| {
            own.of.of(side).iter().any(|host| !other.has(*host))
        };
        let asked = self.of.of(self.asks.other());
        let asking = later.of.of(later.asks);
        asked.iter().any(|host| asking.contains(host))
            && own_end(self, self.asks, later)
            && own_end(later, later.asks.other(), self)
    }
}
