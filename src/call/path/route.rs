//! The route of the first INVITE, the hops of a dialog, and on which of them each message is.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::exchange::{Exchange, Exchanges, How};
use super::host::Elements;
use super::via::{record_route, uri_address};
use super::{HopId, HopKind, HostId, MAX_HOPS, Path, relay};
use crate::call::{Event, EventKind, Side, SipEvent};
use crate::capture::Endpoint;
use crate::sip::Message;

/// Works out the path of a dialog; gives each SIP event its hop, and tells copies from originals.
pub(crate) fn trace(events: &mut [Event]) -> Path {
    let exchanges = Exchanges::of(events);
    if exchanges.list.is_empty() {
        return Path::default();
    }
    let elements = Elements::of(&exchanges);
    relay::mark(events, &exchanges);
    let mut tracer = Tracer {
        events,
        exchanges: &exchanges,
        elements,
        path: Path::default(),
        id_of: HashMap::default(),
        hop_of: vec![None; exchanges.list.len()],
    };
    tracer.lay_route();
    tracer.place_the_rest();
    tracer.name_hosts();
    tracer.know_refusing_proxy();
    let Tracer {
        mut path, hop_of, ..
    } = tracer;
    for (event, exchange) in events.iter_mut().zip(&exchanges.of_event) {
        event.hop = exchange.and_then(|at| hop_of.get(at).copied().flatten());
    }
    path.read_sdp(events);
    path
}

/// A path in the making.
pub(super) struct Tracer<'e> {
    pub(super) events: &'e [Event],
    pub(super) exchanges: &'e Exchanges,
    pub(super) elements: Elements,
    pub(super) path: Path,
    /// Hosts by element.
    pub(super) id_of: HashMap<usize, HostId, RandomState>,
    pub(super) hop_of: Vec<Option<HopId>>,
}

/// A step of the route, towards the callee.
pub(super) struct Step {
    pub(super) from: (usize, Endpoint),
    pub(super) to: (usize, Endpoint),
    pub(super) exchange: Option<usize>,
    pub(super) how: Option<How>,
}

impl Tracer<'_> {
    fn lay_route(&mut self) {
        let Some(root) = self.first_invite().or_else(|| self.longest()) else {
            return;
        };
        let steps = self.steps(root);
        for step in &steps {
            let Some((from, to)) = self.host(step.from).zip(self.host(step.to)) else {
                break;
            };
            if self.path.route.is_empty() {
                self.path.route.push(from);
            }
            let Some(hop) = self.add_hop(
                from,
                to,
                (step.from.1, step.to.1),
                HopKind::Route,
                step.exchange,
            ) else {
                break;
            };
            self.path.route.push(to);
            if let Some(slot) = step.exchange.and_then(|at| self.hop_of.get_mut(at)) {
                *slot = Some(hop);
            }
        }
        self.give_roles(&steps);
    }

    /// The root of the INVITE that began the dialog: that which was answered, else the last one of the caller (after
    /// a challenge or a redirection).
    fn first_invite(&self) -> Option<usize> {
        let list = &self.exchanges.list;
        let roots = list
            .iter()
            .enumerate()
            .filter(|(_, one)| one.is_initial() && one.parent.is_none());
        let best = roots.max_by_key(|(at, one)| {
            (
                one.is_answered(),
                one.cseq,
                std::cmp::Reverse((one.at, *at)),
            )
        });
        best.map(|(at, _)| at)
    }

    /// Where the capture begins later: the request that passes most hops, of those that somebody answers if any is.
    fn longest(&self) -> Option<usize> {
        let list = &self.exchanges.list;
        let roots = list
            .iter()
            .enumerate()
            .filter(|(_, one)| one.parent.is_none());
        let best = roots.max_by_key(|(at, _)| {
            let chain = self.chain(*at);
            let leaf = chain.last().and_then(|at| list.get(*at));
            let answered = leaf.is_some_and(|leaf| !leaf.responses.is_empty());
            (answered, chain.len(), std::cmp::Reverse(*at))
        });
        best.map(|(at, _)| at)
    }

    /// From an exchange along those that were relayed from it to the one that was answered, else to the deepest.
    fn chain(&self, root: usize) -> Vec<usize> {
        let mut out = vec![root];
        while let Some(one) = out.last().and_then(|at| self.exchanges.list.get(*at)) {
            let children = one
                .children
                .iter()
                .filter_map(|at| Some((*at, self.exchanges.list.get(*at)?)));
            let best = children.max_by_key(|(at, child)| {
                let final_response = child.responses.iter().any(|answer| answer.status >= 200);
                (
                    child.is_answered(),
                    final_response && !child.children.is_empty(),
                    final_response,
                    !child.children.is_empty(),
                    std::cmp::Reverse((child.at, *at)),
                )
            });
            let Some((at, _)) = best.filter(|_| out.len() < MAX_HOPS) else {
                break;
            };
            out.push(at);
        }
        out
    }

    fn steps(&mut self, root: usize) -> Vec<Step> {
        let chain = self.chain(root);
        let mut steps: Vec<Step> = Vec::new();
        let Some(first) = self.exchanges.list.get(root) else {
            return steps;
        };
        // What its Via lines tell of the way before the first captured hop.
        let mut before: Option<(usize, Endpoint)> = None;
        for via in first.via.iter().skip(1).rev() {
            let Some(end) = via.host() else { continue };
            let element = (self.elements.named(end), end);
            steps.extend(
                before
                    .filter(|before| before.0 != element.0)
                    .map(|from| hidden(from, element)),
            );
            before = Some(element);
        }
        for at in &chain {
            let (Some(one), Some((from, to))) =
                (self.exchanges.list.get(*at), self.elements.ends(*at))
            else {
                break;
            };
            let (from, to) = ((from, one.from), (to, one.to));
            let how = one.parent.map(|parent| parent.how);
            if let Some(before) = before.take().filter(|before| before.0 != from.0) {
                steps.push(hidden(before, from));
            }
            if let Some(How::Via(lines)) =
                how.filter(|_| steps.last().is_some_and(|step| step.to.0 != from.0))
            {
                self.pass_hidden(&mut steps, one, lines, from);
            }
            steps.push(Step {
                from,
                to,
                exchange: Some(*at),
                how,
            });
        }
        if first.side == Side::Caller {
            self.go_beyond(&mut steps, &chain);
            steps
        } else {
            let back = |step: Step| Step {
                from: step.to,
                to: step.from,
                ..step
            };
            steps.into_iter().rev().map(back).collect()
        }
    }

    /// Hosts between two captured hops that only Via tells of.
    fn pass_hidden(
        &mut self,
        steps: &mut Vec<Step>,
        one: &Exchange,
        lines: usize,
        to: (usize, Endpoint),
    ) {
        let between = one.via.iter().take(lines).skip(1).rev();
        let ends: Vec<Endpoint> = between.filter_map(super::via::Via::host).collect();
        let named: Vec<(usize, Endpoint)> = ends
            .into_iter()
            .map(|end| (self.elements.named(end), end))
            .collect();
        for element in named.into_iter().chain([to]) {
            let last = steps.last().map(|step| step.to);
            steps.extend(
                last.filter(|last| last.0 != element.0)
                    .map(|last| hidden(last, element)),
            );
        }
    }

    /// What Record-Route and Contact of the answer tell of the way behind the last captured hop.
    fn go_beyond(&mut self, steps: &mut Vec<Step>, chain: &[usize]) {
        let last = chain.last().and_then(|at| self.exchanges.list.get(*at));
        let Some(answer) = last.and_then(|one| answer_of(self.events, one)) else {
            return;
        };
        let routes: Vec<(usize, Endpoint)> = record_route(answer)
            .into_iter()
            .map(|end| (self.elements.named(end), end))
            .collect();
        let Some(last) = steps.last().map(|step| step.to) else {
            return;
        };
        let Some(own) = routes.iter().position(|(element, _)| *element == last.0) else {
            return;
        };
        let contact = answer
            .contact()
            .and_then(uri_address)
            .map(|end| (self.elements.named(end), end));
        let passed = |element: usize| {
            steps
                .iter()
                .any(|step| step.from.0 == element || step.to.0 == element)
        };
        let Some(contact) = contact.filter(|(element, _)| !passed(*element)) else {
            return;
        };
        let beyond: Vec<(usize, Endpoint)> = routes
            .into_iter()
            .take(own)
            .rev()
            .chain([contact])
            .collect();
        for element in beyond {
            let last = steps.last().map(|step| step.to);
            steps.extend(
                last.filter(|last| last.0 != element.0)
                    .map(|last| hidden(last, element)),
            );
        }
    }
}

/// The response of an exchange that tells the route: a 2xx, else one with a tag.
fn answer_of<'e>(events: &'e [Event], one: &Exchange) -> Option<&'e Message> {
    let ok = one
        .responses
        .iter()
        .find(|answer| (200..300).contains(&answer.status));
    let ringing = || {
        one.responses
            .iter()
            .rfind(|answer| (101..200).contains(&answer.status))
    };
    let place = ok.or_else(ringing)?.event;
    sip(events.get(place)?).map(|sip| &sip.message)
}

fn hidden(from: (usize, Endpoint), to: (usize, Endpoint)) -> Step {
    Step {
        from,
        to,
        exchange: None,
        how: None,
    }
}

pub(super) fn sip(event: &Event) -> Option<&SipEvent> {
    match &event.kind {
        EventKind::Sip(sip) => Some(sip),
        _ => None,
    }
}
