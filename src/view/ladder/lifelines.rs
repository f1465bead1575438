//! The lifelines of calls that pass more hosts than two: every host of the path once, in path order.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use crate::call::path::{self, HostId, Known};
use crate::call::{Call, Event, EventKind, Flow, Side};
use crate::capture::Endpoint;
use crate::sip::Party;
use crate::view::ladder::columns::{Host, Kind, Way, meeting, shared};
use crate::view::{fit, plain};

/// Longest name of a program over a lifeline.
const AGENT_MOST: usize = 24;

/// The lifelines of a flow with a path.
pub(super) struct Lifelines {
    pub(super) hosts: Vec<Host>,
    /// By leg: lifeline of the caller, of the callee.
    pub(super) ends: Vec<(usize, usize)>,
    /// By leg: the lifelines of the hosts of its path.
    pub(super) ways: Vec<Way>,
    /// The sides of both legs that are one host.
    pub(super) joint: Option<(Side, Side)>,
}

/// A host as one leg has it.
#[derive(Clone, Copy)]
struct Seen<'c> {
    addr: Endpoint,
    others: &'c [Endpoint],
    /// Its place in the path of the leg.
    id: Option<HostId>,
    host: Option<&'c path::Host>,
    on_route: bool,
    /// The end of the leg that it is.
    end: Option<Side>,
}

/// A host of all legs.
struct Element<'c> {
    addr: Endpoint,
    others: Vec<Endpoint>,
    seen: Vec<(&'c Call, Seen<'c>)>,
}

impl Lifelines {
    pub(super) fn of(flow: &Flow, pbx: &[IpAddr], ascii: bool) -> Self {
        let calls: Vec<&Call> = flow.legs.iter().map(AsRef::as_ref).collect();
        let mut legs: Vec<Vec<Seen<'_>>> = calls.iter().map(|call| hosts_of(call)).collect();
        let joint = match (calls.as_slice(), legs.as_slice()) {
            ([a, b], [of_a, of_b]) => joint((a, of_a), (b, of_b)),
            _ => None,
        };
        // From the one end over the joint to the other.
        if let (Some((of_a, of_b)), [a, b]) = (joint, legs.as_mut_slice()) {
            if of_a == Side::Caller {
                a.reverse();
            }
            if of_b == Side::Callee {
                b.reverse();
            }
        }
        let ported = ported(&legs);
        let mut elements: Vec<Element<'_>> = Vec::new();
        let mut ways: Vec<Way> = Vec::new();
        let mut ends = Vec::new();
        for (call, leg) in calls.iter().zip(&legs) {
            let mut way = vec![None; call.path.hosts.len()];
            let mut of_side = (0, 1);
            for seen in leg {
                let known = elements.iter().position(|one| one.is(seen, &ported));
                let at = known.unwrap_or(elements.len());
                if known.is_none() {
                    elements.push(Element::new(seen));
                }
                if let Some(element) = elements.get_mut(at) {
                    element.seen.push((call, *seen));
                }
                let slot = seen.id.and_then(|id| way.get_mut(usize::from(id.0)));
                if let Some(slot) = slot {
                    *slot = Some(at);
                }
                match seen.end {
                    Some(Side::Caller) => of_side.0 = at,
                    Some(Side::Callee) => of_side.1 = at,
                    None => {}
                }
            }
            ways.push(way);
            ends.push(of_side);
        }
        let mut hosts: Vec<Host> = elements
            .iter()
            .map(|element| element.host(&ways, &calls, pbx, ascii))
            .collect();
        for host in &mut hosts {
            if let (Some(served), [role]) = (host.serves, host.roles.as_mut_slice()) {
                let of = format!("{role} (of {})", served + 1);
                host.roles.insert(0, of);
            }
        }
        Self {
            hosts,
            ends,
            ways,
            joint,
        }
    }
}

/// The hosts of one leg in path order: those of captured hops, and each media proxy after the element that it serves.
fn hosts_of<'c>(call: &'c Call) -> Vec<Seen<'c>> {
    let path = &call.path;
    let ends = path.captured_ends();
    let Some((first, last)) = ends else {
        let end = |side| Seen {
            addr: call.endpoint(side),
            others: &[],
            id: None,
            host: None,
            on_route: true,
            end: Some(side),
        };
        return vec![end(Side::Caller), end(Side::Callee)];
    };
    let captured: BTreeSet<HostId> = path
        .hops
        .iter()
        .filter(|hop| hop.captured)
        .flat_map(|hop| [hop.from, hop.to])
        .collect();
    let media = media_addresses(call);
    let with_ids = || (0..).map(HostId).zip(&path.hosts);
    let seen = |(id, host): (HostId, &'c path::Host)| {
        let end = if std::ptr::eq(host, first) {
            Some(Side::Caller)
        } else if std::ptr::eq(host, last) {
            Some(Side::Callee)
        } else {
            None
        };
        Seen {
            addr: host.addr,
            others: &host.others,
            id: Some(id),
            host: Some(host),
            on_route: path.route.contains(&id),
            end,
        }
    };
    let mut out = Vec::new();
    for (id, host) in with_ids().filter(|(id, _)| captured.contains(id)) {
        out.push(seen((id, host)));
        let served = with_ids().filter(|(_, other)| {
            other.known == Known::Sdp
                && other.serves == Some(id)
                && media.contains(&other.addr.addr)
        });
        out.extend(served.map(seen));
    }
    out
}

/// Addresses that media come from or go to.
fn media_addresses(call: &Call) -> HashSet<IpAddr> {
    let is_media = |event: &&Event| !matches!(event.kind, EventKind::Sip(_));
    let events = call.all_events().filter(is_media);
    events
        .flat_map(|event| [event.src.addr, event.dst.addr])
        .collect()
}

/// The ends at which two legs meet.
fn joint((a, of_a): (&Call, &[Seen<'_>]), (b, of_b): (&Call, &[Seen<'_>])) -> Option<(Side, Side)> {
    let end = |seen: &[Seen<'_>], side: Side| {
        let one = seen.iter().find(|one| one.end == Some(side));
        one.map(|one| one.addr)
    };
    meeting(|side| end(of_a, side), |side| end(of_b, side)).or_else(|| shared(a, b))
}

/// Addresses that more than one host of a leg has.
fn ported(legs: &[Vec<Seen<'_>>]) -> HashSet<IpAddr> {
    let mut out = HashSet::new();
    for leg in legs {
        let mut once = HashSet::new();
        let addresses = leg.iter().map(|seen| seen.addr.addr);
        out.extend(addresses.filter(|addr| !once.insert(*addr)));
    }
    out
}

impl<'c> Element<'c> {
    fn new(seen: &Seen<'c>) -> Self {
        Self {
            addr: seen.addr,
            others: seen.others.to_vec(),
            seen: Vec::new(),
        }
    }

    /// Whether a leg has this host.
    fn is(&self, seen: &Seen<'_>, ported: &HashSet<IpAddr>) -> bool {
        let same =
            |a: &Endpoint, b: &Endpoint| a == b || (a.addr == b.addr && !ported.contains(&a.addr));
        let mine = || std::iter::once(&self.addr).chain(&self.others);
        let mut theirs = std::iter::once(&seen.addr).chain(seen.others);
        theirs.any(|other| mine().any(|own| same(own, other)))
    }

    fn roles(&self) -> impl Iterator<Item = path::Role> + '_ {
        let hosts = self.seen.iter().filter_map(|(_, seen)| seen.host);
        hosts.map(|host| host.role)
    }

    fn has(&self, role: path::Role) -> bool {
        self.roles().any(|own| own == role)
    }

    fn is_end(&self, side: Side) -> bool {
        self.seen.iter().any(|(_, seen)| seen.end == Some(side))
    }

    fn kind(&self) -> Kind {
        let relays = [path::Role::Proxy, path::Role::MediaProxy, path::Role::Nat];
        let ends = self.is_end(Side::Caller) || self.is_end(Side::Callee);
        if !ends && self.roles().all(|role| relays.contains(&role)) {
            Kind::Relay
        } else {
            Kind::Needed
        }
    }

    fn host(&self, ways: &[Way], calls: &[&Call], pbx: &[IpAddr], ascii: bool) -> Host {
        Host {
            endpoint: self.addr,
            others: self.addresses(),
            name: String::new(),
            roles: self.texts(pbx, ascii),
            kind: self.kind(),
            serves: self.served(ways, calls),
        }
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let seen = self.seen.iter().flat_map(|(_, seen)| {
            let contact = seen.host.and_then(|host| host.contact);
            std::iter::once(seen.addr)
                .chain(seen.others.iter().copied())
                .chain(contact)
        });
        seen.map(|end| end.addr).collect()
    }

    /// The lifeline of the element that a media proxy serves.
    fn served(&self, ways: &[Way], calls: &[&Call]) -> Option<usize> {
        let mut all = self.seen.iter().filter_map(|(call, seen)| {
            let served = seen
                .host
                .filter(|_| self.has(path::Role::MediaProxy))?
                .serves?;
            let leg = calls.iter().position(|other| std::ptr::eq(*other, *call))?;
            ways.get(leg)?.get(usize::from(served.0)).copied().flatten()
        });
        all.next()
    }

    /// Role and user, then the program, from long to short.
    fn texts(&self, pbx: &[IpAddr], ascii: bool) -> Vec<String> {
        let own = pbx.contains(&self.addr.addr);
        let role = self.role_word(own);
        let user = self.user();
        let agent = self.agent();
        let harmless = |text: &str| fit(&plain(text, ascii), AGENT_MOST, ascii).into_owned();
        let user = user.map(harmless);
        let agent = agent.as_deref().map(harmless);
        let first = agent
            .as_deref()
            .and_then(|agent| agent.split([' ', '/']).next())
            .map(str::to_owned);
        let beyond = self.beyond();
        let mut texts = Vec::new();
        let mut put = |parts: &[Option<&str>]| {
            let parts: Vec<&str> = parts.iter().flatten().copied().collect();
            texts.push(format!("{role} {}", parts.join(" ")).trim_end().to_owned());
        };
        let (user, agent, first) = (user.as_deref(), agent.as_deref(), first.as_deref());
        put(&[user, agent, beyond.as_deref()]);
        put(&[user, first, beyond.as_deref()]);
        put(&[user.or(agent), beyond.as_deref()]);
        put(&[user.or(agent)]);
        put(&[user.or(first)]);
        put(&[user]);
        texts.dedup();
        texts
    }

    fn role_word(&self, own: bool) -> &'static str {
        let between = self.is_end(Side::Caller) && self.is_end(Side::Callee);
        let on_route = self.seen.iter().any(|(_, seen)| seen.on_route);
        let either = |yours, other| if own { yours } else { other };
        if self.has(path::Role::B2bua) || between {
            either("PBX", "B2BUA")
        } else if self.has(path::Role::Proxy) {
            either("PBX, proxy", "proxy")
        } else if self.has(path::Role::MediaProxy) {
            "media proxy"
        } else if self.has(path::Role::Nat) {
            "NAT"
        } else if !on_route {
            "contact"
        } else if self.is_end(Side::Caller) {
            either("PBX, caller", "caller")
        } else {
            either("PBX, callee", "callee")
        }
    }

    /// The number of an end of the whole path.
    fn user(&self) -> Option<&'c str> {
        let relays = self.has(path::Role::B2bua) || self.kind() == Kind::Relay;
        let party = |party: &'c Party| party.user.as_deref();
        match self.seen.as_slice() {
            [(call, seen)] if !relays => match seen.end {
                Some(Side::Caller) => party(&call.from),
                Some(Side::Callee) => party(&call.to),
                None => None,
            },
            _ => None,
        }
    }

    /// The program as it calls itself, without what stands in brackets.
    fn agent(&self) -> Option<String> {
        let agents = self.seen.iter().filter_map(|(call, seen)| match seen.host {
            Some(host) => host.agent.as_deref(),
            None => call.agent.of(seen.end?).as_deref(),
        });
        let mut short = agents.map(|agent| agent.split('(').next().unwrap_or(agent).trim());
        short.find(|agent| !agent.is_empty()).map(str::to_owned)
    }

    /// The end of the route that is beyond what was captured.
    fn beyond(&self) -> Option<String> {
        self.seen.iter().find_map(|(call, seen)| {
            let path = &call.path;
            let (side, id) = match seen.end? {
                Side::Caller => ("from", path.route.first()?),
                Side::Callee => ("to", path.route.last()?),
            };
            let host = path.host(*id).filter(|host| host.known == Known::Headers)?;
            (seen.id != Some(*id)).then(|| format!("({side} {})", host.addr.addr))
        })
    }
}
