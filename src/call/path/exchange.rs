//! Transactions hop by hop (RFC 3261 17), and which one was relayed from which (16.6).

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::via::{self, Via};
use crate::call::transaction::cseq_of;
use crate::call::{Event, EventKind, Side, SipEvent};
use crate::capture::{Endpoint, Timestamp};
use crate::sip::StartLine;

/// Exchanges of the same request among which one is looked for: a dialog passes 70 hops at most.
const MOST_ALIKE: usize = 80;
/// The copy of a request whose Via was replaced comes within so many seconds; that of an INVITE within timer B.
const REPLACED: f64 = 2.0;
const REPLACED_INVITE: f64 = 32.0;
/// Two capture points: a copy may seem this much too early, seconds.
const EARLY: f64 = 0.1;

/// A request and its responses on one hop. Numbers are places in the list of events.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) method: String,
    pub(super) cseq: u32,
    pub(super) side: Side,
    /// Of the request.
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) at: Timestamp,
    pub(super) via: Vec<Via>,
    /// The request has a tag in To.
    pub(super) in_dialog: bool,
    pub(super) requests: Vec<usize>,
    /// Responses, in the order of the capture.
    pub(super) responses: Vec<Answer>,
    pub(super) parent: Option<Parent>,
    pub(super) children: Vec<usize>,
}

/// A response: its event, and what tells it from others.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) event: usize,
    pub(super) status: u16,
    pub(super) rseq: Option<String>,
}

/// What an exchange was relayed from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    pub(super) place: usize,
    pub(super) how: How,
}

/// How one knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// So many Via lines were added on the way: more than one where a hop is not captured.
    Via(usize),
    /// Via was replaced: topology hiding, a B2BUA that keeps the Call-ID.
    Replaced,
    /// The same octets between other addresses: NAT.
    Nat,
}

impl Exchange {
    /// By what it is known on whichever hop.
    fn name(&self) -> Name {
        let top = self.via.first();
        Name {
            branch: top.map_or_else(String::new, |via| via.branch.clone()),
            sent_by: top.map_or_else(String::new, |via| via.sent_by.clone()),
            cseq: self.cseq,
            method: self.method.clone(),
        }
    }

    /// The first final response, if it was one of success.
    pub(super) fn is_answered(&self) -> bool {
        self.responses
            .iter()
            .any(|one| (200..300).contains(&one.status))
    }

    pub(super) fn is_refused(&self) -> bool {
        !self.is_answered() && self.responses.iter().any(|one| one.status >= 300)
    }

    /// It is the first INVITE, or one of those that repeat it with credentials.
    pub(super) fn is_initial(&self) -> bool {
        self.method == "INVITE" && !self.in_dialog && self.side == Side::Caller
    }
}

/// Names a transaction wherever it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    branch: String,
    sent_by: String,
    cseq: u32,
    method: String,
}

/// All exchanges of a dialog, and the place of that of each event.
pub(super) struct Exchanges {
    pub(super) list: Vec<Exchange>,
    pub(super) of_event: Vec<Option<usize>>,
    by_name: HashMap<Name, Vec<usize>, RandomState>,
}

impl Exchanges {
    /// Puts the messages of a dialog together.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut out = Self {
            list: Vec::new(),
            of_event: vec![None; events.len()],
            by_name: HashMap::default(),
        };
        // A response may be in the capture before its request.
        for request in [true, false] {
            for (place, event) in events.iter().enumerate() {
                let EventKind::Sip(sip) = &event.kind else {
                    continue;
                };
                if matches!(sip.message.start, StartLine::Request { .. }) == request {
                    out.add(place, event, sip);
                }
            }
        }
        out.link();
        out
    }

    fn add(&mut self, place: usize, event: &Event, sip: &SipEvent) {
        let Some((cseq, method)) = cseq_of(sip) else {
            return;
        };
        let status = sip.message.status();
        let (from, to, side) = match status {
            Some(_) => (event.dst, event.src, event.from.other()),
            None => (event.src, event.dst, event.from),
        };
        let fresh = Exchange {
            method,
            cseq,
            side,
            from,
            to,
            at: event.at,
            via: via::stack(&sip.message),
            in_dialog: status.is_none() && sip.message.to().tag.is_some(),
            requests: Vec::new(),
            responses: Vec::new(),
            parent: None,
            children: Vec::new(),
        };
        let at = self.place_of(fresh, status.is_some());
        if let Some(one) = self.list.get_mut(at) {
            match status {
                None => one.requests.push(place),
                Some(status) => one.responses.push(Answer {
                    event: place,
                    status,
                    rseq: sip.message.header("RSeq").map(str::to_owned),
                }),
            }
        }
        if let Some(slot) = self.of_event.get_mut(place) {
            *slot = Some(at);
        }
    }

    /// The exchange of a message, new if need be.
    fn place_of(&mut self, fresh: Exchange, is_response: bool) -> usize {
        let alike = self.by_name.entry(fresh.name()).or_default();
        let ends = (fresh.from.addr, fresh.to.addr);
        let here = alike.iter().copied().find(|at| {
            let known = self.list.get(*at);
            known.is_some_and(|one| (one.from.addr, one.to.addr) == ends && one.side == fresh.side)
        });
        // A host may answer from another address.
        let only = match alike.as_slice() {
            [only] if is_response => Some(*only),
            _ => None,
        };
        here.or(only).unwrap_or_else(|| {
            let at = self.list.len();
            if alike.len() < MOST_ALIKE {
                alike.push(at);
            }
            self.list.push(fresh);
            at
        })
    }

    /// Finds for each exchange the one that it was relayed from.
    fn link(&mut self) {
        let nat = self.nat_order();
        let parents: Vec<Option<Parent>> = (0..self.list.len())
            .map(|at| self.nat_parent(at, &nat).or_else(|| self.parent_by_via(at)))
            .collect();
        for (at, parent) in parents.into_iter().enumerate() {
            self.set_parent(at, parent);
        }
        self.link_replaced();
        self.cut_circles();
    }

    fn set_parent(&mut self, at: usize, parent: Option<Parent>) {
        let Some(parent) = parent.filter(|parent| parent.place != at) else {
            return;
        };
        if let Some(one) = self.list.get_mut(at) {
            one.parent = Some(parent);
        }
        if let Some(one) = self.list.get_mut(parent.place) {
            one.children.push(at);
        }
    }

    /// The exchange whose top Via is further down in the stack of this one.
    fn parent_by_via(&self, at: usize) -> Option<Parent> {
        let one = self.list.get(at)?;
        one.via.iter().enumerate().skip(1).find_map(|(depth, via)| {
            let name = Name {
                branch: via.branch.clone(),
                sent_by: via.sent_by.clone(),
                cseq: one.cseq,
                method: one.method.clone(),
            };
            let found = self.by_name.get(&name)?;
            let fits = |place: &&usize| {
                let parent = self.list.get(**place);
                parent.is_some_and(|parent| depth == 1 && parent.to.addr == one.from.addr)
            };
            // Of several, on either side of a NAT, the one that arrives here, else the last.
            let place = found.iter().find(fits).or_else(|| found.last()).copied()?;
            (place != at).then_some(Parent {
                place,
                how: How::Via(depth),
            })
        })
    }

    /// Of each two pairs of addresses between which the same octets go, whether the first one is nearer to the caller.
    ///
    /// Frame order proves nothing for one message; most of them decide.
    fn nat_order(&self) -> HashMap<(Ends, Ends), i32, RandomState> {
        let mut votes: HashMap<(Ends, Ends), i32, RandomState> = HashMap::default();
        for alike in self.by_name.values() {
            let [first, second] = alike.as_slice() else {
                continue;
            };
            let (Some(a), Some(b)) = (self.list.get(*first), self.list.get(*second)) else {
                continue;
            };
            if a.requests.is_empty() || b.requests.is_empty() || a.via.is_empty() {
                continue;
            }
            let (a, b) = if a.at <= b.at { (a, b) } else { (b, a) };
            let earlier = if a.side == Side::Caller {
                (ends(a), ends(b))
            } else {
                (ends(b), ends(a))
            };
            *votes.entry(earlier).or_default() += 1;
            *votes.entry((earlier.1, earlier.0)).or_default() -= 1;
        }
        votes
    }

    fn nat_parent(
        &self,
        at: usize,
        votes: &HashMap<(Ends, Ends), i32, RandomState>,
    ) -> Option<Parent> {
        let one = self.list.get(at)?;
        one.via.first()?;
        let [first, second] = self.by_name.get(&one.name())?.as_slice() else {
            return None;
        };
        let place = if *first == at { *second } else { *first };
        let other = self.list.get(place)?;
        if one.requests.is_empty() || other.requests.is_empty() || other.side != one.side {
            return None;
        }
        let nearer = votes
            .get(&(ends(other), ends(one)))
            .copied()
            .unwrap_or_default();
        let after = match nearer.cmp(&0) {
            std::cmp::Ordering::Equal => (other.at, place) < (one.at, at),
            order => (order == std::cmp::Ordering::Greater) == (one.side == Side::Caller),
        };
        after.then_some(Parent {
            place,
            how: How::Nat,
        })
    }

    /// Requests whose Via tells of no copy before: the same number and method from the host that got the one before.
    fn link_replaced(&mut self) {
        let mut alike: HashMap<(u32, &str, Side), Vec<usize>, RandomState> = HashMap::default();
        for (at, one) in self.list.iter().enumerate() {
            let list = alike
                .entry((one.cseq, one.method.as_str(), one.side))
                .or_default();
            if list.len() < MOST_ALIKE && !one.requests.is_empty() {
                list.push(at);
            }
        }
        let mut found = Vec::new();
        let mut taken: Vec<usize> = Vec::new();
        for list in alike.into_values().filter(|list| list.len() > 1) {
            for at in &list {
                let Some(one) = self.list.get(*at).filter(|one| one.parent.is_none()) else {
                    continue;
                };
                let before = list
                    .iter()
                    .copied()
                    .filter(|place| place != at && !taken.contains(place));
                let parent = before
                    .filter_map(|place| Some((place, self.list.get(place)?)))
                    .filter(|(_, before)| is_replaced(before, one))
                    .max_by_key(|(place, before)| (before.at, *place));
                if let Some((place, _)) = parent {
                    taken.push(place);
                    found.push((
                        *at,
                        Parent {
                            place,
                            how: How::Replaced,
                        },
                    ));
                }
            }
        }
        found.sort_by_key(|(at, _)| *at);
        for (at, parent) in found {
            self.set_parent(at, Some(parent));
        }
    }

    /// A hostile dialog may say of two messages that each was relayed from the other.
    fn cut_circles(&mut self) {
        for at in 0..self.list.len() {
            let mut next = Some(at);
            let mut steps = 0;
            while let Some(place) = next
                .and_then(|place| self.list.get(place))
                .and_then(|one| one.parent)
            {
                steps += 1;
                next = Some(place.place);
                if place.place == at || steps > MOST_ALIKE {
                    self.orphan(at);
                    break;
                }
            }
        }
    }

    fn orphan(&mut self, at: usize) {
        let parent = self.list.get_mut(at).and_then(|one| one.parent.take());
        if let Some(parent) = parent.and_then(|parent| self.list.get_mut(parent.place)) {
            parent.children.retain(|child| *child != at);
        }
    }

    /// The exchange of another method with the same branch on the same hop.
    pub(super) fn same_branch(&self, one: &Exchange, method: &str) -> Option<&Exchange> {
        let name = Name {
            method: method.to_owned(),
            ..one.name()
        };
        let alike = self
            .by_name
            .get(&name)?
            .iter()
            .filter_map(|at| self.list.get(*at));
        let mut here =
            alike.filter(|other| (other.from.addr, other.to.addr) == (one.from.addr, one.to.addr));
        here.next()
    }
}

type Ends = (IpAddr, IpAddr);

/// The addresses of an exchange towards the callee.
fn ends(one: &Exchange) -> Ends {
    match one.side {
        Side::Caller => (one.from.addr, one.to.addr),
        Side::Callee => (one.to.addr, one.from.addr),
    }
}

/// Whether `one` may be what the host that got `before` sent on with a Via of its own.
fn is_replaced(before: &Exchange, one: &Exchange) -> bool {
    let within = if one.method == "INVITE" {
        REPLACED_INVITE
    } else {
        REPLACED
    };
    let delay = one.at.seconds_since(before.at);
    before.children.is_empty()
        && before.to.addr == one.from.addr
        && before.from.addr != one.from.addr
        && before.in_dialog == one.in_dialog
        && before.via.first() != one.via.first()
        && (-EARLY..=within).contains(&delay)
}
