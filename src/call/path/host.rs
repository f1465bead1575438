//! Which endpoints are one element.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::exchange::{Exchange, Exchanges, How};
use super::via::Via;
use crate::capture::Endpoint;

/// An address; with a port only where two elements share it.
type Key = (IpAddr, u16);

/// The elements of a dialog, by number, and those of each exchange.
#[derive(Debug, Default)]
pub(super) struct Elements {
    places: HashMap<Key, usize, RandomState>,
    /// Joined elements: the one that stands for each.
    same: Vec<usize>,
    shared: HashSet<IpAddr, RandomState>,
    /// Sender and receiver of the request of each exchange.
    ends: Vec<(usize, usize)>,
}

impl Elements {
    pub(super) fn of(exchanges: &Exchanges) -> Self {
        let list = &exchanges.list;
        let mut out = Self {
            shared: shared_addresses(list),
            ..Self::default()
        };
        out.ends = list
            .iter()
            .map(|one| (out.sender(one), out.at(one.to)))
            .collect();
        for (at, one) in list.iter().enumerate() {
            let Some(parent) = one.parent else { continue };
            match parent.how {
                How::Via(1) | How::Replaced => out.join_neighbours(parent.place, at),
                How::Via(_) => {}
                How::Nat => out.put_nat_between(list, parent.place, at),
            }
        }
        out
    }

    /// Sender and receiver of the request of an exchange.
    pub(super) fn ends(&self, exchange: usize) -> Option<(usize, usize)> {
        let (from, to) = *self.ends.get(exchange)?;
        Some((self.find(from), self.find(to)))
    }

    /// The element at an endpoint that a header names.
    pub(super) fn named(&mut self, end: Endpoint) -> usize {
        let at = self.at(end);
        self.find(at)
    }

    fn sender(&mut self, one: &Exchange) -> usize {
        let named = one.via.first().and_then(|via| via.named);
        let own = named.filter(|named| named.addr == one.from.addr);
        self.at(own
            .filter(|_| self.shared.contains(&one.from.addr))
            .unwrap_or(one.from))
    }

    fn at(&mut self, end: Endpoint) -> usize {
        let port = if self.shared.contains(&end.addr) {
            end.port
        } else {
            0
        };
        let next = self.same.len();
        let at = *self.places.entry((end.addr, port)).or_insert(next);
        if at == next {
            self.same.push(next);
        }
        at
    }

    fn find(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(next) = self.same.get(at).copied().filter(|next| *next != at) {
            at = next;
        }
        at
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        let (first, later) = (one.min(other), one.max(other));
        if let Some(slot) = self.same.get_mut(later) {
            *slot = first;
        }
    }

    /// What got the request sent it on.
    fn join_neighbours(&mut self, parent: usize, child: usize) {
        let (Some((_, got)), Some((sent, _))) = (self.ends(parent), self.ends(child)) else {
            return;
        };
        let whole = self.ends(parent).is_none_or(|(from, _)| from != sent);
        if got != sent && whole {
            self.join(got, sent);
        }
    }

    /// The host that changes addresses has that of either hop that is not an end's.
    fn put_nat_between(&mut self, list: &[Exchange], parent: usize, child: usize) {
        let (Some(a), Some(b)) = (list.get(parent), list.get(child)) else {
            return;
        };
        let (Some((_, a_to)), Some((b_from, _))) = (self.ends(parent), self.ends(child)) else {
            return;
        };
        let middle = if a.to.addr == b.to.addr { b_from } else { a_to };
        if a.to.addr != b.to.addr && a.from.addr != b.from.addr && a_to != b_from {
            self.join(a_to, b_from);
        }
        if let Some(ends) = self.ends.get_mut(parent) {
            ends.1 = middle;
        }
        if let Some(ends) = self.ends.get_mut(child) {
            ends.0 = middle;
        }
    }
}

/// Addresses with two elements: a message goes from the address to itself, or the Via stack has it with two ports
/// (Kamailio 5060 and Asterisk 5050 on one machine).
fn shared_addresses(list: &[Exchange]) -> HashSet<IpAddr, RandomState> {
    let mut out: HashSet<IpAddr, RandomState> = HashSet::default();
    for one in list {
        if one.from.addr == one.to.addr && one.from.port != one.to.port {
            out.insert(one.from.addr);
        }
        let named = || one.via.iter().filter_map(|via: &Via| via.named);
        for (place, end) in named().enumerate() {
            if named()
                .skip(place + 1)
                .any(|other| other.addr == end.addr && other.port != end.port)
            {
                out.insert(end.addr);
            }
        }
    }
    out
}
