//! The way of a dialog: the hosts that its messages pass, and the hops between them.
//!
//! A proxy sends a message on, and a capture near it has the message once on each hop. Each of these observations
//! is an [`Event`] of the call; [`Relay`] tells the original from its copies. A call without a proxy has one hop.

use crate::call::{BySide, Call, Event, EventId, EventKind, Side, UdptlStats};
use crate::capture::{Endpoint, FrameNo, Timestamp};

mod exchange;
mod host;
mod joint;
mod media;
mod media_proxy;
mod observe;
mod passage;
mod place;
mod relay;
mod route;
mod via;

pub(crate) use joint::join;
pub(crate) use passage::passage;
pub(crate) use route::trace;
pub(in crate::call) use via::{host_of, uri_host, via_hosts};

/// Hops of one dialog; Max-Forwards begins at 70 (RFC 3261 8.1.1.6).
pub const MAX_HOPS: usize = 70;
/// Hosts of one dialog that are told apart.
pub const MAX_HOSTS: usize = 72;

/// Place of a host in [`Path::hosts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u8);

/// Place of a hop in [`Path::hops`]; people and JSON count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HopId(pub u8);

/// The hosts of a dialog and the hops between them.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// Hosts, each once, in the order in which the first INVITE passes them; then those that it does not pass.
    pub hosts: Vec<Host>,
    /// The way of the first INVITE, caller first; a host that it passes twice stands twice.
    pub route: Vec<HostId>,
    /// First those of the route (hop n lies between its elements n and n + 1), then the others.
    pub hops: Vec<Hop>,
    /// Media endpoints that SDP announces, by hop.
    pub announced: Vec<Announced>,
    /// Stretches of the route with media of their own, from the caller on.
    pub links: Vec<Link>,
    /// Streams of neighbouring links compared.
    pub crossings: Vec<Crossing>,
}

/// A media endpoint that an SDP announces on a hop; the first time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Where the SDP was seen, or what hop of the route it passes by.
    pub hop: HopId,
    /// Who sent it; what a proxy wrote in its place is of the same side.
    pub side: Side,
    /// For T.38.
    pub image: bool,
    /// The endpoint.
    pub end: Endpoint,
    /// The message.
    pub event: EventId,
    /// Its time.
    pub at: Timestamp,
}

/// Neighbouring hops with the same media: proxies between them leave SDP alone.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// Its first hop.
    pub first: HopId,
    /// Its last one.
    pub last: HopId,
    /// T.38 figures by sender, as seen here; empty where the path has one link ([`Call::udptl`] has them).
    pub udptl: BySide<Option<UdptlStats>>,
}

/// The T.38 of one direction before and behind the host between two links.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// Who sent it.
    pub way: Side,
    /// Link on which it comes, by its place in [`Path::links`].
    pub before: usize,
    /// Link on which it leaves.
    pub after: usize,
    /// The packets.
    pub packets: Passage,
}

/// What of a stream passed a host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Passage {
    /// Packets that came.
    pub came: u32,
    /// Of them different ones, sequence numbers left aside.
    pub different: u32,
    /// From the first to the last of them.
    pub seconds: f64,
    /// Packets that left.
    pub went: u32,
    /// Packets that came and left.
    pub passed: u32,
    /// First packet that came.
    pub first: Option<FrameNo>,
    /// First packet of which no copy left.
    pub first_lost: Option<FrameNo>,
    /// Median and longest delay, seconds.
    pub delay: Option<(f64, f64)>,
}

/// An element: one lifeline, perhaps with several addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Where it was seen first, towards the caller if it has an address on either side.
    pub addr: Endpoint,
    /// Its other addresses, without those that differ by the port only.
    pub others: Vec<Endpoint>,
    /// What it calls itself in Via, if that is another address: it is behind a NAT.
    pub contact: Option<Endpoint>,
    /// What it does.
    pub role: Role,
    /// `User-Agent` or `Server` of what it sent itself.
    pub agent: Option<String>,
    /// How it is known.
    pub known: Known,
    /// A media proxy: the element that puts its address into SDP.
    pub serves: Option<HostId>,
}

/// What a host of a path does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends the first INVITE.
    Caller,
    /// Relays SIP with its Via on top.
    Proxy,
    /// Relays media and speaks no SIP.
    MediaProxy,
    /// Changes addresses and nothing else.
    Nat,
    /// Ends one dialog and begins another.
    B2bua,
    /// Gets the first INVITE.
    Callee,
}

impl Role {
    /// As in JSON: `caller`, `proxy`, `media-proxy`, `nat`, `b2bua`, `callee`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Proxy => "proxy",
            Self::MediaProxy => "media-proxy",
            Self::Nat => "nat",
            Self::B2bua => "b2bua",
            Self::Callee => "callee",
        }
    }
}

/// How a host is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// Its packets are in the capture.
    Packets,
    /// Only Via, Record-Route or Contact tell of it.
    Headers,
    /// SDP names it.
    Sdp,
}

/// Two neighbours, in the direction of the first INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Nearer to the caller.
    pub from: HostId,
    /// Nearer to the callee.
    pub to: HostId,
    /// Addresses of both on this hop.
    pub ends: (Endpoint, Endpoint),
    /// Whether it is part of the route.
    pub kind: HopKind,
    /// `UDP`, `TCP`, `SCTP`, `WS`.
    pub transport: &'static str,
    /// Messages of it are in the capture.
    pub captured: bool,
    /// What the host between the hop before and this one changed in the SDP.
    pub rewritten: Vec<Rewrite>,
}

/// Where a hop lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopKind {
    /// On the route of the first INVITE.
    Route,
    /// Past a proxy that is in no Record-Route.
    Direct,
    /// To a contact that did not answer the call.
    Fork,
    /// To an address from which nothing comes.
    Nowhere,
}

/// A line of SDP that differs from that of the same message one hop before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The message as it left.
    pub event: EventId,
    /// `c=`, `audio port`, `image port`, `image transport`, ...
    pub what: String,
    /// It is about the address or port of this kind of media.
    pub image: bool,
}

/// What a message is to the end-to-end view of its dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Relay {
    /// As its maker sent it, as near to it as the capture has it.
    #[default]
    Original,
    /// The same message on a further hop; its original.
    Copy(EventId),
    /// It ends on its hop (RFC 3261 16.7, 16.10): 100, ACK of a failure, CANCEL behind a proxy, or a response that
    /// its proxy keeps.
    HopOnly,
}

impl Relay {
    /// Whether the end-to-end view has it.
    pub const fn is_original(self) -> bool {
        matches!(self, Self::Original)
    }
}

impl Path {
    /// A host.
    pub fn host(&self, id: HostId) -> Option<&Host> {
        self.hosts.get(usize::from(id.0))
    }

    /// A hop.
    pub fn hop(&self, id: HopId) -> Option<&Hop> {
        self.hops.get(usize::from(id.0))
    }

    /// Hops of the route.
    pub fn route_hops(&self) -> &[Hop] {
        let end = self.route.len().saturating_sub(1).min(self.hops.len());
        self.hops.get(..end).unwrap_or_default()
    }

    /// Whether all that the capture has of it is between one pair of hosts.
    pub fn is_one_hop(&self) -> bool {
        self.hops.iter().filter(|hop| hop.captured).count() <= 1
    }

    /// The first and the last host of the route of which there are packets.
    pub fn captured_ends(&self) -> Option<(&Host, &Host)> {
        let captured = || self.route_hops().iter().filter(|hop| hop.captured);
        let (first, last) = (captured().next()?, captured().next_back()?);
        Some((self.host(first.from)?, self.host(last.to)?))
    }

    /// The link of a media packet; `None` where there is one link only, or no SDP tells.
    pub fn link_of_media(&self, src: Endpoint, dst: Endpoint, from: Side) -> Option<usize> {
        if self.links.len() < 2 {
            return None;
        }
        self.link_of(self.hop_of_media(src, dst, from)?)
    }

    /// Gives what refers to events their new numbers.
    pub(crate) fn renumber(&mut self, new: impl Fn(EventId) -> EventId) {
        for one in &mut self.announced {
            one.event = new(one.event);
        }
        for rewrite in self.hops.iter_mut().flat_map(|hop| &mut hop.rewritten) {
            rewrite.event = new(rewrite.event);
        }
    }

    /// The hosts that are neither end, each once, in the order of the route.
    pub fn middle(&self) -> impl Iterator<Item = &Host> {
        let inner = self.route.len().saturating_sub(2);
        let mut seen: Vec<HostId> = self
            .route
            .first()
            .into_iter()
            .chain(self.route.last())
            .copied()
            .collect();
        let ids = self.route.iter().skip(1).take(inner).filter(move |id| {
            let new = !seen.contains(id);
            seen.push(**id);
            new
        });
        ids.filter_map(|id| self.host(*id))
    }

    /// What the host of an endpoint does.
    pub fn role_of(&self, end: Endpoint) -> Option<Role> {
        let host = self.host_at(end).and_then(|id| self.host(id));
        host.filter(|host| host.known != Known::Headers)
            .map(|host| host.role)
    }

    /// The host that has an endpoint: by address and port where two elements share the address.
    pub fn host_at(&self, end: Endpoint) -> Option<HostId> {
        let has = |wanted: &dyn Fn(&Endpoint) -> bool| {
            self.hosts
                .iter()
                .position(|host| wanted(&host.addr) || host.others.iter().any(wanted))
        };
        let at = has(&|addr| *addr == end).or_else(|| has(&|addr| addr.addr == end.addr))?;
        u8::try_from(at).ok().map(HostId)
    }
}

impl Hop {
    /// Whether a message with these addresses goes towards the callee; `None`: they do not tell.
    fn goes_forward(&self, src: Endpoint, dst: Endpoint) -> Option<bool> {
        let (from, to) = self.ends;
        let ports = (src == from || dst == to, src == to || dst == from);
        let addrs = (
            src.addr == from.addr || dst.addr == to.addr,
            src.addr == to.addr || dst.addr == from.addr,
        );
        [ports, addrs]
            .into_iter()
            .find(|(forth, back)| forth != back)
            .map(|(forth, _)| forth)
    }
}

impl Call {
    /// A message on all hops: the original and its copies.
    pub fn observations(&self, original: EventId) -> impl Iterator<Item = &Event> {
        let all = self.events.iter();
        all.filter(move |event| event.id == original || event.relay == Relay::Copy(original))
    }

    /// Whether a message reached the host that made another one, or the hop on which that was seen first.
    pub fn reaches_maker(&self, message: EventId, other: EventId) -> bool {
        if self.path.is_one_hop() {
            return true;
        }
        let at = |id: EventId| self.events.get(usize::try_from(id.0).unwrap_or(usize::MAX));
        let maker = at(other).and_then(|event| Some((event.hop, self.hosts_of(event)?.0)));
        maker.is_none_or(|(hop, maker)| {
            let got = |event: &Event| self.hosts_of(event).is_some_and(|(_, to)| to == maker);
            self.observations(message)
                .any(|event| event.hop == hop || got(event))
        })
    }

    /// Whether a host on the way gave an SDP another address for T.38 or sound.
    pub fn is_readdressed(&self, original: EventId) -> bool {
        let copies: Vec<EventId> = self.observations(original).map(|event| event.id).collect();
        let mut all = self.path.hops.iter().flat_map(|hop| &hop.rewritten);
        all.any(|rewrite| rewrite.what.ends_with(" c=") && copies.contains(&rewrite.event))
    }

    /// Source and destination host of an event of SIP.
    pub fn hosts_of(&self, event: &Event) -> Option<(HostId, HostId)> {
        let hop = self.path.hop(event.hop?)?;
        if !matches!(event.kind, EventKind::Sip(_)) {
            return None;
        }
        let forward = hop
            .goes_forward(event.src, event.dst)
            .unwrap_or(event.from == Side::Caller);
        Some(if forward {
            (hop.from, hop.to)
        } else {
            (hop.to, hop.from)
        })
    }
}

/// Of some links, the one nearest to the end that gets what `side` sends.
pub(crate) fn nearest_link(
    side: Side,
    links: impl Iterator<Item = Option<usize>>,
) -> Option<usize> {
    match side {
        Side::Caller => links.flatten().max(),
        Side::Callee => links.flatten().min(),
    }
}
