//! Which host has which lifeline.
//!
//! Calls of one hop stand between caller and callee, by side; two of them share a host, or stand apart. Where a call
//! passes more hosts, each has a lifeline (`lifelines`), and a place on the screen as far as there is room (`narrow`).

use std::fmt::Write as _;
use std::net::IpAddr;

use unicode_width::UnicodeWidthStr;

use crate::call::path::HostId;
use crate::call::{Call, Event, EventKind, Flow, Side};
use crate::capture::Endpoint;
use crate::view::ladder::Options;
use crate::view::ladder::lifelines::Lifelines;
use crate::view::plain;

/// The lifelines of one or two legs.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// All hosts; people count from 1.
    pub(super) hosts: Vec<Host>,
    /// By leg: lifeline of the caller, of the callee.
    legs: Vec<(usize, usize)>,
    /// By leg: the lifelines of the hosts of its path. Empty where every call has one hop.
    ways: Vec<Way>,
    /// What one leg carries may go on to the other: no host is called on both, or calls on both.
    pub(super) passes: bool,
    /// Of two legs of longer paths: the sides that are one host.
    pub(super) joint: Option<(Side, Side)>,
    /// By lifeline: where it stands.
    stands: Vec<Stand>,
    /// There are hosts to the left or to the right of what is shown.
    pub(super) windowed: bool,
}

/// Between the hosts of an overview.
pub(super) const BETWEEN_HOSTS: &str = "  ";

/// By host of a path: its lifeline.
pub(super) type Way = Vec<Option<usize>>;

/// A host at the head of a lifeline.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) endpoint: Endpoint,
    /// Its other addresses.
    pub(super) others: Vec<IpAddr>,
    /// Its address, with the port where two lifelines share the address.
    pub(super) name: String,
    /// What it is, from long to short: the first that has room is taken.
    pub(super) roles: Vec<String>,
    /// Whether it needs its lifeline.
    pub(super) kind: Kind,
    /// A media proxy: the lifeline of the element that it serves.
    pub(super) serves: Option<usize>,
}

/// What becomes of a lifeline where there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An end or a B2BUA: it stays longest.
    Needed,
    /// It only relays.
    Relay,
}

/// Where a lifeline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// A column of the ladder.
    Column(usize),
    /// Left of what is shown.
    Left,
    /// Right of it.
    Right,
    /// Nowhere: nothing begins or ends there.
    Hidden,
}

/// An arrow's place: from one lifeline to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Place {
    /// It points to the right.
    pub(super) const fn to_right(self) -> bool {
        self.from < self.to
    }
}

impl Columns {
    /// One leg: caller, callee. Two legs: the host that both share in the middle, else four. A longer path: all its
    /// hosts.
    pub(super) fn of(flow: &Flow, pbx: &[IpAddr], options: &Options) -> Self {
        let ascii = options.ascii;
        let mut columns = Self {
            hosts: Vec::new(),
            legs: Vec::new(),
            ways: Vec::new(),
            passes: true,
            joint: None,
            stands: Vec::new(),
            windowed: false,
        };
        if flow.legs.iter().any(|call| !call.path.is_one_hop()) {
            let lifelines = Lifelines::of(flow, pbx, ascii);
            columns.joint = lifelines.joint;
            columns.passes = lifelines.joint.is_none_or(|(of_a, of_b)| of_a != of_b);
            columns.legs = lifelines.ends;
            columns.ways = lifelines.ways;
            columns.hosts = lifelines.hosts;
        } else {
            match flow.legs.as_slice() {
                [] => {}
                [a, b] => columns.put_two((a, b), pbx, ascii),
                [a, ..] => columns.put_one(a, pbx, ascii),
            }
        }
        columns.name_hosts(options);
        columns.stands = (0..columns.hosts.len()).map(Stand::Column).collect();
        columns
    }

    /// Addresses, or what the user calls them, with ports where a port tells two hosts apart.
    fn name_hosts(&mut self, options: &Options) {
        let ends: Vec<Endpoint> = self.hosts.iter().map(|host| host.endpoint).collect();
        let shared = |end: Endpoint| {
            ends.iter()
                .any(|other| other.addr == end.addr && *other != end)
        };
        // Of two legs of one hop all ports are told, or none.
        let all = self.ways.is_empty() && ends.iter().any(|end| shared(*end));
        for host in &mut self.hosts {
            let addr = host.endpoint.addr;
            let with_port = all || shared(host.endpoint);
            // What has no room is cut at its end: what the user calls a host says more than its address.
            let name = match options.names.of(addr) {
                Some(_) if with_port => format!("{} {addr}", options.names.endpoint(host.endpoint)),
                Some(called) => format!("{called} {addr}"),
                None if with_port => host.endpoint.to_string(),
                None => addr.to_string(),
            };
            host.name = plain(&name, options.ascii).into_owned();
        }
    }

    /// Some call passes more than one hop.
    pub(super) fn has_path(&self) -> bool {
        !self.ways.is_empty()
    }

    fn put_one(&mut self, call: &Call, pbx: &[IpAddr], ascii: bool) {
        let at = self.hosts.len();
        self.legs.push((at, at + 1));
        for side in [Side::Caller, Side::Callee] {
            let role = role(call, side, pbx, ascii);
            self.hosts.push(Host::new(call.endpoint(side), role));
        }
    }

    fn put_two(&mut self, (a, b): (&Call, &Call), pbx: &[IpAddr], ascii: bool) {
        let Some((of_a, of_b)) = shared(a, b) else {
            self.put_one(a, pbx, ascii);
            self.put_one(b, pbx, ascii);
            // The hosts in the middle only pass on what the outer ones say.
            let middle = self.hosts.iter_mut().skip(1);
            for (host, side) in middle.zip([Side::Callee, Side::Caller]) {
                let role = if pbx.contains(&host.endpoint.addr) {
                    format!("PBX, {side}")
                } else {
                    side.to_string()
                };
                host.roles = vec![role];
            }
            return;
        };
        let outer =
            |call: &Call, side: Side| Host::new(call.endpoint(side), role(call, side, pbx, ascii));
        let middle = middle_role((a, of_a), (b, of_b), pbx);
        self.hosts = vec![
            outer(a, of_a.other()),
            Host::new(a.endpoint(of_a), middle),
            outer(b, of_b.other()),
        ];
        self.passes = of_a != of_b;
        self.legs.push(match of_a {
            Side::Callee => (0, 1),
            Side::Caller => (1, 0),
        });
        self.legs.push(match of_b {
            Side::Caller => (1, 2),
            Side::Callee => (2, 1),
        });
    }

    /// Where an arrow goes: between the hosts of its event, else between the ends of its leg.
    pub(super) fn place(&self, leg: usize, call: &Call, event: &Event) -> Place {
        if matches!(event.kind, EventKind::Log(_)) {
            return self.beside(self.side_place(leg, event.from));
        }
        let way = self.ways.get(leg);
        let own = way.and_then(|way| {
            let (from, to) = call.ends_of(event)?;
            let lifeline = |id: HostId| way.get(usize::from(id.0)).copied().flatten();
            let (from, to) = (lifeline(from)?, lifeline(to)?);
            (from != to).then_some(Place { from, to })
        });
        own.unwrap_or_else(|| self.side_place(leg, event.from))
    }

    /// In the gap beside the lifeline that an arrow comes from: a line of a log goes nowhere.
    fn beside(&self, place: Place) -> Place {
        let to = if place.to_right() {
            place.from + 1
        } else {
            place.from.saturating_sub(1)
        };
        Place {
            to: to.min(self.hosts.len().saturating_sub(1)),
            ..place
        }
    }

    /// From one end of a leg to the other.
    pub(super) fn side_place(&self, leg: usize, from: Side) -> Place {
        let lifelines = self.legs.get(leg).copied().unwrap_or((0, 1));
        let (from, to) = match from {
            Side::Caller => lifelines,
            Side::Callee => (lifelines.1, lifelines.0),
        };
        Place { from, to }
    }

    /// Whether the host of a lifeline has an address.
    pub(super) fn has_address(&self, lifeline: usize, end: Endpoint) -> bool {
        let host = self.hosts.get(lifeline);
        host.is_some_and(|host| host.endpoint.addr == end.addr || host.others.contains(&end.addr))
    }

    /// Where a lifeline stands.
    pub(super) fn stand(&self, lifeline: usize) -> Stand {
        self.stands.get(lifeline).copied().unwrap_or(Stand::Hidden)
    }

    /// Where all of them stand.
    pub(super) fn stands(&self) -> Vec<Stand> {
        self.stands.clone()
    }

    /// The hosts that have a column of their own, from left to right, with their numbers.
    pub(super) fn shown(&self) -> Vec<(usize, &Host)> {
        let mut shown: Vec<(usize, &Host)> = Vec::new();
        for (at, host) in self.hosts.iter().enumerate() {
            if self.stand(at) == Stand::Column(shown.len()) {
                shown.push((at + 1, host));
            }
        }
        shown
    }

    /// Where a host has no column, all that there are: `1 192.0.2.10  [2 :5060  3 :5050]  4 192.0.2.20`.
    pub(super) fn overview(&self) -> Option<String> {
        let shown = self.shown();
        if shown.len() == self.hosts.len() {
            return None;
        }
        let is_shown = |number: usize| shown.iter().any(|(other, _)| *other == number);
        let mut text = String::new();
        let mut before: Option<IpAddr> = None;
        for (number, host) in (1..).zip(&self.hosts) {
            let opens = self.windowed
                && is_shown(number)
                && shown.first().is_some_and(|(first, _)| *first == number);
            let closes = self.windowed && shown.last().is_some_and(|(last, _)| *last == number);
            if number > 1 {
                text.push_str(BETWEEN_HOSTS);
            }
            if opens {
                text.push('[');
            }
            let addr = host.endpoint.addr;
            let name = if before == Some(addr) {
                format!(":{}", host.endpoint.port)
            } else {
                host.name.clone()
            };
            before = Some(addr);
            let _ = write!(text, "{number} {name}");
            if closes {
                text.push(']');
            }
        }
        Some(text)
    }

    /// Whether the gap right of that column lies between two legs and never holds an arrow.
    pub(super) fn is_void(&self, gap: usize) -> bool {
        !self.has_path() && !self.legs.iter().any(|(a, b)| *a.min(b) == gap)
    }

    /// Gaps between the columns.
    pub(super) fn gaps(&self) -> usize {
        self.shown().len().saturating_sub(1)
    }

    /// Gives the lifelines their columns anew.
    pub(super) fn restand(&mut self, stands: Vec<Stand>) {
        self.windowed = stands
            .iter()
            .any(|stand| matches!(stand, Stand::Left | Stand::Right));
        self.stands = stands;
    }
}

impl Host {
    /// An end, with one word for what it is.
    fn new(endpoint: Endpoint, role: String) -> Self {
        Self {
            endpoint,
            others: Vec::new(),
            name: String::new(),
            roles: vec![role],
            kind: Kind::Needed,
            serves: None,
        }
    }

    /// The longest text for what it is that has room; the shortest where none has.
    pub(super) fn role(&self, room: usize) -> &str {
        let fitting = self.roles.iter().find(|role| role.width() <= room);
        fitting.or(self.roles.last()).map_or("", String::as_str)
    }
}

/// What a side is; the user's own PBX (`--pbx`) is named.
fn role(call: &Call, side: Side, pbx: &[IpAddr], ascii: bool) -> String {
    let own = if pbx.contains(&call.endpoint(side).addr) {
        "PBX, "
    } else {
        ""
    };
    let party = match side {
        Side::Caller => &call.from,
        Side::Callee => &call.to,
    };
    match &party.user {
        Some(user) => format!("{own}{side} {}", plain(user, ascii)),
        None => format!("{own}{side}"),
    }
}

/// What the host is that both legs share: the PBX where the user says so, or where it is called on one leg
/// and calls on the other one, and the hosts behind it are not the same.
fn middle_role((a, of_a): (&Call, Side), (b, of_b): (&Call, Side), pbx: &[IpAddr]) -> String {
    let behind = |call: &Call, side: Side| call.endpoint(side.other()).addr;
    if pbx.contains(&a.endpoint(of_a).addr) {
        "PBX".to_owned()
    } else if of_a == of_b {
        format!("{of_a} of both")
    } else if behind(a, of_a) == behind(b, of_b) {
        format!("{of_a}, {of_b}")
    } else if pbx.is_empty() {
        "PBX".to_owned()
    } else {
        // Between the two, but not the one that the user named.
        "B2BUA".to_owned()
    }
}

/// The sides of two legs that are the same host: usually the callee of the first, the caller of the second.
pub(super) fn shared(a: &Call, b: &Call) -> Option<(Side, Side)> {
    meeting(|side| Some(a.endpoint(side)), |side| Some(b.endpoint(side)))
}

/// The sides at which two legs meet, by where each of them ends: at the same endpoint, else at the same address.
pub(super) fn meeting(
    of_a: impl Fn(Side) -> Option<Endpoint>,
    of_b: impl Fn(Side) -> Option<Endpoint>,
) -> Option<(Side, Side)> {
    const PAIRS: [(Side, Side); 4] = [
        (Side::Callee, Side::Caller),
        (Side::Caller, Side::Callee),
        (Side::Callee, Side::Callee),
        (Side::Caller, Side::Caller),
    ];
    let meets = |same: fn(Endpoint, Endpoint) -> bool| {
        let here = |(a, b): &&(Side, Side)| of_a(*a).zip(of_b(*b)).is_some_and(|(x, y)| same(x, y));
        PAIRS.iter().find(here).copied()
    };
    meets(|x, y| x == y).or_else(|| meets(|x, y| x.addr == y.addr))
}
