//! Hosts and hops of a path: those of the route as they come, then those beside it; roles, names, agents.

use super::exchange::{Exchange, How};
use super::route::{Step, Tracer, sip};
use super::{Hop, HopId, HopKind, Host, HostId, Known, MAX_HOPS, MAX_HOSTS, Relay, Role, relay};
use crate::call::Side;
use crate::capture::Endpoint;

/// Programs that are nothing but proxies, as they begin their `Server`.
const PROXIES: [&str; 4] = ["kamailio", "opensips", "openser", "sip express router"];

impl Tracer<'_> {
    /// The host of an element, new if need be.
    pub(super) fn host(&mut self, (element, end): (usize, Endpoint)) -> Option<HostId> {
        if let Some(id) = self.id_of.get(&element).copied() {
            if let Some(host) = self.path.hosts.get_mut(usize::from(id.0)) {
                let known = host.addr.addr == end.addr
                    || host.others.iter().any(|other| other.addr == end.addr);
                if !known {
                    host.others.push(end);
                }
            }
            return Some(id);
        }
        if self.path.hosts.len() >= MAX_HOSTS {
            return None;
        }
        let id = HostId(u8::try_from(self.path.hosts.len()).ok()?);
        self.path.hosts.push(Host {
            addr: end,
            others: Vec::new(),
            contact: None,
            role: Role::Callee,
            agent: None,
            known: Known::Headers,
            serves: None,
        });
        self.id_of.insert(element, id);
        Some(id)
    }

    pub(super) fn add_hop(
        &mut self,
        from: HostId,
        to: HostId,
        ends: (Endpoint, Endpoint),
        kind: HopKind,
        exchange: Option<usize>,
    ) -> Option<HopId> {
        if self.path.hops.len() > MAX_HOPS {
            return None;
        }
        let id = HopId(u8::try_from(self.path.hops.len()).ok()?);
        self.path.hops.push(Hop {
            from,
            to,
            ends,
            kind,
            transport: exchange.and_then(|at| self.transport(at)).unwrap_or("UDP"),
            captured: exchange.is_some(),
            rewritten: Vec::new(),
        });
        Some(id)
    }

    fn transport(&self, exchange: usize) -> Option<&'static str> {
        let one = self.exchanges.list.get(exchange)?;
        let first = one
            .requests
            .first()
            .copied()
            .or_else(|| Some(one.responses.first()?.event))?;
        sip(self.events.get(first)?).map(|sip| sip.transport)
    }

    /// The ends, and what stands between by how it relays.
    pub(super) fn give_roles(&mut self, steps: &[Step]) {
        let route = self.path.route.clone();
        for (id, step) in route.iter().skip(1).zip(steps.iter().skip(1)) {
            let role = match step.how {
                Some(How::Replaced) => Role::B2bua,
                Some(How::Nat) => Role::Nat,
                _ => Role::Proxy,
            };
            if let Some(host) = self.path.hosts.get_mut(usize::from(id.0)) {
                host.role = role;
            }
        }
        // Where a loop ends is what relayed the INVITE before.
        let answered = self.exchanges.list.iter().any(Exchange::is_answered);
        let inner = route
            .get(1..route.len().saturating_sub(1))
            .unwrap_or_default();
        let last = route.last().filter(|id| answered || !inner.contains(id));
        for (end, role) in [(last, Role::Callee), (route.first(), Role::Caller)] {
            let host = end.and_then(|id| self.path.hosts.get_mut(usize::from(id.0)));
            if let Some(host) = host {
                host.role = role;
            }
        }
    }

    /// A host at which a refused INVITE ended is a proxy if it calls itself one: those answer calls never.
    pub(super) fn know_refusing_proxy(&mut self) {
        let answered = self.exchanges.list.iter().any(Exchange::is_answered);
        let last = self.path.route.last().map(|id| usize::from(id.0));
        let last = last.and_then(|at| self.path.hosts.get_mut(at));
        let Some(host) = last.filter(|host| !answered && host.role == Role::Callee) else {
            return;
        };
        let agent = host.agent.as_deref().unwrap_or_default();
        let is_proxy = |name: &&str| {
            let begin = agent.get(..name.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        };
        if PROXIES.iter().any(is_proxy) {
            host.role = Role::Proxy;
        }
    }

    /// Gives the exchanges beside the route their hops.
    pub(super) fn place_the_rest(&mut self) {
        let never_sends = |tracer: &Self, element: usize| {
            let sends = |at: usize, one: &Exchange| {
                let ends = tracer.elements.ends(at);
                ends.is_some_and(|(from, to)| {
                    (from == element && !one.requests.is_empty())
                        || (to == element && !one.responses.is_empty())
                })
            };
            !tracer
                .exchanges
                .list
                .iter()
                .enumerate()
                .any(|(at, one)| sends(at, one))
        };
        for at in relay::by_depth(self.exchanges) {
            if self.hop_of.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let (Some(one), Some((from, to))) =
                (self.exchanges.list.get(at), self.elements.ends(at))
            else {
                continue;
            };
            let (Some(from_id), Some(to_id)) =
                (self.host((from, one.from)), self.host((to, one.to)))
            else {
                continue;
            };
            let known = self.known_hop(at, one, from_id, to_id);
            let hop = known.or_else(|| {
                if self.path.hops.len() > MAX_HOPS {
                    return None;
                }
                let on_route = |id: HostId| self.path.route.iter().position(|other| *other == id);
                let places = (on_route(from_id), on_route(to_id));
                let (kind, back) = match places {
                    (Some(from), Some(to)) => (HopKind::Direct, to < from),
                    _ if never_sends(self, to) => (HopKind::Nowhere, false),
                    _ if one.side == Side::Callee => (HopKind::Fork, true),
                    _ => (HopKind::Fork, false),
                };
                let (a, b) = if back {
                    ((to_id, one.to), (from_id, one.from))
                } else {
                    ((from_id, one.from), (to_id, one.to))
                };
                self.add_hop(a.0, b.0, (a.1, b.1), kind, Some(at))
            });
            if let Some(slot) = self.hop_of.get_mut(at) {
                *slot = hop;
            }
        }
    }

    /// The hop between two hosts that there is already. A spiral passes one pair of hosts more than once: then the
    /// direction decides, and the hop of what the request was relayed from.
    fn known_hop(&mut self, at: usize, one: &Exchange, from: HostId, to: HostId) -> Option<HopId> {
        let forward = one.side == Side::Caller;
        let wanted = if forward { (from, to) } else { (to, from) };
        let before = one
            .parent
            .and_then(|parent| self.hop_of.get(parent.place).copied().flatten());
        let distance = |place: usize| {
            let before = before.map_or(0, |hop| i32::from(hop.0) + if forward { 1 } else { -1 });
            i32::try_from(place)
                .unwrap_or(i32::MAX)
                .saturating_sub(before)
                .abs()
        };
        let hops = self.path.hops.iter().enumerate();
        let fits = hops.filter(|(_, hop)| {
            (hop.from, hop.to) == (from, to) || (hop.to, hop.from) == (from, to)
        });
        let place = fits
            .min_by_key(|(place, hop)| ((hop.from, hop.to) != wanted, distance(*place)))?
            .0;
        let transport = self.transport(at);
        let hop = self.path.hops.get_mut(place)?;
        if !hop.captured {
            hop.captured = true;
            hop.transport = transport.unwrap_or(hop.transport);
        }
        u8::try_from(place).ok().map(HopId)
    }

    /// Who is seen in packets, what it calls itself, and its own agent.
    pub(super) fn name_hosts(&mut self) {
        for (at, one) in self.exchanges.list.iter().enumerate() {
            let Some((from, to)) = self.elements.ends(at) else {
                continue;
            };
            let (from, to) = (self.id_of.get(&from).copied(), self.id_of.get(&to).copied());
            let nat = one.parent.is_some_and(|parent| parent.how == How::Nat);
            let named = one.via.first().and_then(|via| via.named).filter(|_| !nat);
            for id in [from, to].into_iter().flatten() {
                if let Some(host) = self.path.hosts.get_mut(usize::from(id.0)) {
                    host.known = Known::Packets;
                }
            }
            if let Some(host) = from.and_then(|id| self.path.hosts.get_mut(usize::from(id.0))) {
                let own = |named: &Endpoint| {
                    host.addr.addr == named.addr
                        || host.others.iter().any(|other| other.addr == named.addr)
                };
                let other = named.filter(|named| !one.requests.is_empty() && !own(named));
                host.contact = host.contact.or(other);
            }
            let sent = one.requests.iter().map(|place| (*place, from));
            let said = one.responses.iter().map(|answer| (answer.event, to));
            for (place, id) in sent.chain(said) {
                let own = self
                    .events
                    .get(place)
                    .filter(|event| !matches!(event.relay, Relay::Copy(_)));
                let agent = own.and_then(sip).and_then(|sip| sip.message.user_agent());
                let host = id.and_then(|id| self.path.hosts.get_mut(usize::from(id.0)));
                if let Some(host) = host.filter(|host| host.agent.is_none()) {
                    host.agent = agent.map(str::to_owned);
                }
            }
        }
    }
}
