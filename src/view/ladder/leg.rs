//! What rows need to know of the whole leg: its hints by event, where its media run.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::analysis::AnalysedFlow;
use crate::call::{Call, EventKind, HopId, Side};
use crate::hint::Severity;
use crate::view::hints;
use crate::view::ladder::Options;
use crate::view::ladder::columns::Columns;
use crate::view::ladder::wording::LabelFacts;

/// What rows need to know of a leg.
#[derive(Clone, Debug, Default)]
pub(super) struct Leg {
    pub(super) label: LabelFacts,
    /// Hints by the event that they stand on: indices, worst first.
    pub(super) hints: HashMap<usize, Vec<usize>>,
    /// Events at which media begins to come from, or go to, a host that is not over the lifeline.
    pub(super) elsewhere: HashMap<usize, String>,
}

impl Leg {
    pub(super) fn of(
        flow: &AnalysedFlow,
        leg: usize,
        columns: &Columns,
        options: &Options,
    ) -> Self {
        let Some(call) = flow.flow.legs.get(leg) else {
            return Self::default();
        };
        let blocks = call.events.iter().any(|event| {
            matches!(&event.kind, EventKind::PageData(page) if page.block.is_some_and(|block| block > 0))
        });
        let mut facts = Self {
            label: LabelFacts {
                sdp: options.sdp,
                blocks,
                ascii: options.ascii,
            },
            ..Self::default()
        };
        for (at, hint) in flow.hints.get(leg).into_iter().flatten().enumerate() {
            if let Some(event) = hints::place(call, hint).and_then(|id| usize::try_from(id.0).ok())
            {
                facts.hints.entry(event).or_default().push(at);
            }
        }
        let all = flow.hints.get(leg);
        for of_event in facts.hints.values_mut() {
            of_event.sort_by_key(|at| {
                all.and_then(|all| all.get(*at))
                    .map(|hint| (hint.finding.severity, hint.consequence))
            });
        }
        facts.find_elsewhere(call, leg, columns);
        facts
    }

    /// Media from or to other hosts than those of the lifelines: said where it begins.
    fn find_elsewhere(&mut self, call: &Call, leg: usize, columns: &Columns) {
        let mut known: HashMap<(Side, Option<HopId>), (IpAddr, IpAddr)> = HashMap::new();
        for (at, event) in call.all_events().enumerate() {
            let is_media = !matches!(
                event.kind,
                EventKind::Sip(_) | EventKind::Icmp { .. } | EventKind::Log(_)
            );
            if !is_media || !event.observed {
                continue;
            }
            let path = (event.src.addr, event.dst.addr);
            let stretch = call.stretch_of(event);
            if known.insert((event.from, stretch), path) == Some(path) {
                continue;
            }
            let place = columns.place(leg, call, event);
            let mut text = String::new();
            if !columns.has_address(place.from, event.src) {
                text = format!("from {}", event.src);
            }
            if !columns.has_address(place.to, event.dst) {
                if !text.is_empty() {
                    text.push(' ');
                }
                let _ = write!(text, "to {}", event.dst);
            }
            if !text.is_empty() {
                self.elsewhere.insert(at, text);
            }
        }
    }

    /// Events with an error or a warning: never folded.
    pub(super) fn pinned(&self, flow: &AnalysedFlow, leg: usize) -> Vec<bool> {
        let call = flow.flow.legs.get(leg);
        let count = call.map_or(0, |call| call.events.len() + call.copies.len());
        let mut pinned = vec![false; count];
        for (event, of_event) in &self.hints {
            let serious = of_event
                .iter()
                .filter_map(|at| flow.hints.get(leg)?.get(*at))
                .any(|hint| hint.finding.severity <= Severity::Warning);
            if let Some(slot) = pinned.get_mut(*event) {
                *slot = serious;
            }
        }
        pinned
    }
}
