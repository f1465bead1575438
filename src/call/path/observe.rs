//! What was seen where: the events of a call on all of its hops and links, and the hosts that each goes between.

use super::{HopId, Host, HostId, Path};
use crate::call::{Call, Event, EventId, EventKind, Side};
use crate::capture::Endpoint;

impl Call {
    /// What was seen of it on all hops and links: its events, then the copies of other links.
    pub fn all_events(&self) -> impl DoubleEndedIterator<Item = &Event> + Clone {
        self.events.iter().chain(&self.copies)
    }

    /// An event, or a copy on another link.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let place = usize::try_from(id.0).ok()?;
        self.events
            .get(place)
            .or_else(|| self.copies.get(place.checked_sub(self.events.len())?))
    }

    /// A message everywhere where it was seen, its original included; one that was seen once is alone.
    pub fn everywhere(&self, event: &Event) -> Vec<&Event> {
        let original = match event.relay {
            super::Relay::Copy(id) => id,
            _ => event.id,
        };
        let all = self.all_events();
        all.filter(|one| one.id == original || one.relay == super::Relay::Copy(original))
            .collect()
    }

    /// The hop or link that an event is part of, by its first hop: what is on the same one may be told together.
    /// `None` where the call has one hop.
    pub fn stretch_of(&self, event: &Event) -> Option<HopId> {
        if self.path.is_one_hop() {
            return None;
        }
        let hop = event.hop?;
        if matches!(event.kind, EventKind::Sip(_)) {
            return Some(hop);
        }
        let link = self
            .path
            .link_of(hop)
            .and_then(|at| self.path.links.get(at));
        Some(link.map_or(hop, |link| link.first))
    }

    /// The hosts that an event goes between, from and to. Of media they are the ends of its link, or those that have
    /// the addresses.
    pub fn ends_of(&self, event: &Event) -> Option<(HostId, HostId)> {
        if let Some(ends) = self.hosts_of(event) {
            return Some(ends);
        }
        let (caller, callee) = self.path.stretch_ends(event.hop)?;
        let (from, to) = match event.from {
            Side::Caller => (caller, callee),
            Side::Callee => (callee, caller),
        };
        let ends = (
            self.path.host_with(event.src, from),
            self.path.host_with(event.dst, to),
        );
        Some(if ends.0 == ends.1 { (from, to) } else { ends })
    }
}

impl Path {
    /// The hosts at both ends of the link of a hop; without one of all that was captured of the route.
    fn stretch_ends(&self, hop: Option<HopId>) -> Option<(HostId, HostId)> {
        let link = hop
            .and_then(|hop| self.link_of(hop))
            .and_then(|at| self.links.get(at));
        if let Some(link) = link {
            return Some((self.hop(link.first)?.from, self.hop(link.last)?.to));
        }
        let captured = || self.route_hops().iter().filter(|hop| hop.captured);
        let (first, last) = (captured().next()?, captured().next_back()?);
        Some((first.from, last.to))
    }

    /// The host of an endpoint of media: that with this very endpoint, `usual` if the address is its own, or the one
    /// that has the address.
    fn host_with(&self, end: Endpoint, usual: HostId) -> HostId {
        let exact = self.host_at(end).filter(|id| {
            self.host(*id)
                .is_some_and(|host| host.addr == end || host.others.contains(&end))
        });
        let own = || {
            let host = self.host(usual);
            host.is_some_and(|host| host.has(end)).then_some(usual)
        };
        exact
            .or_else(own)
            .or_else(|| self.host_at(end))
            .unwrap_or(usual)
    }
}

impl Host {
    /// Whether the address is one of its own, whatever the port.
    pub fn has(&self, end: Endpoint) -> bool {
        self.addr.addr == end.addr || self.others.iter().any(|other| other.addr == end.addr)
    }
}
