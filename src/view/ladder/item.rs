//! Which events get a row, in what order, and what a row stands for besides.

use std::collections::{HashMap, VecDeque};

use crate::call::{Call, Event, EventKind, Flow, Side};
use crate::t38::Indicator;
use crate::view::ladder::Options;
use crate::view::ladder::columns::Columns;
use crate::view::ladder::plan::Plan;

/// The longest a message can take from one leg to the other and still be the same, seconds.
const LONGEST_RELAY: f64 = 4.0;

/// Within so many seconds it stands right below the original.
const TOGETHER: f64 = 1.0;

/// A row: an event, and what it stands for besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Index of the leg in the flow.
    pub(super) leg: usize,
    /// Index of the event in its call.
    pub(super) event: usize,
    /// RTP: the span of the other direction, on the same row.
    pub(super) partner: Option<usize>,
    /// The same message on the other leg, if it was there before: its index there.
    pub(super) relayed: Option<usize>,
    /// What is folded into this row.
    pub(super) folded: Folded,
}

/// What is folded into a row, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    /// SIP retransmissions.
    pub(super) retransmissions: u32,
    /// Provisional answers.
    pub(super) provisional: u32,
    /// Repeats of a T.30 message.
    pub(super) repeats: u32,
}

/// The rows, and for every event of every leg the row that shows it or stands for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    /// By leg and event: index in `items`; `u32::MAX` where the event has no row at all.
    rows: Vec<Vec<u32>>,
}

impl Items {
    /// Chooses, folds, orders.
    pub(super) fn of(
        flow: &Flow,
        columns: &Columns,
        options: &Options,
        pinned: &[Vec<bool>],
    ) -> Self {
        let plans: Vec<Plan> = flow
            .legs
            .iter()
            .enumerate()
            .map(|(leg, call)| Plan::of(call, options, pinned.get(leg).map_or(&[], Vec::as_slice)))
            .collect();
        let merged = merge(flow, &plans);
        let relayed = match flow.legs.as_slice() {
            [a, b] if columns.passes => pair(&[a, b], &merged, columns),
            _ => HashMap::new(),
        };
        let mut items = Self {
            items: Vec::with_capacity(merged.len()),
            rows: flow
                .legs
                .iter()
                .map(|call| vec![u32::MAX; call.events.len()])
                .collect(),
        };
        let originals: HashMap<(usize, usize), (usize, usize)> =
            relayed.iter().map(|(from, to)| (*to, *from)).collect();
        let at = |(leg, event): (usize, usize)| {
            let call = flow.legs.get(leg)?;
            call.events.get(event).map(|event| event.at)
        };
        // The same message on the other leg comes right below, whatever happened in between; what took so long that
        // other messages crossed it keeps its own time.
        let soon = |from, to| {
            let times = at(from).zip(at(to));
            times.is_some_and(|(from, to)| to.seconds_since(from) < TOGETHER)
        };
        for place in merged {
            let original = originals.get(&place).copied();
            if original.is_some_and(|original| soon(original, place)) {
                continue;
            }
            items.put(place, original.map(|(_, event)| event), &plans);
            if let Some(copy) = relayed.get(&place).filter(|copy| soon(place, **copy)) {
                items.put(*copy, Some(place.1), &plans);
            }
        }
        for (leg, plan) in plans.iter().enumerate() {
            items.fill(leg, plan);
        }
        items
    }

    fn put(&mut self, (leg, event): (usize, usize), relayed: Option<usize>, plans: &[Plan]) {
        let row = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let Some(slot) = self.rows.get_mut(leg).and_then(|rows| rows.get_mut(event)) else {
            return;
        };
        if *slot != u32::MAX {
            return;
        }
        *slot = row;
        let plan = plans.get(leg);
        self.items.push(Item {
            leg,
            event,
            partner: plan.and_then(|plan| plan.partners.get(&event).copied()),
            relayed,
            folded: plan
                .and_then(|plan| plan.folded.get(&event).copied())
                .unwrap_or_default(),
        });
    }

    /// Gives events without a row the row of the event that stands for them.
    fn fill(&mut self, leg: usize, plan: &Plan) {
        let Some(rows) = self.rows.get_mut(leg) else {
            return;
        };
        for (event, into) in &plan.stand_ins {
            let row = rows.get(*into).copied().unwrap_or(u32::MAX);
            if let Some(slot) = rows.get_mut(*event) {
                *slot = row;
            }
        }
        // The rest (hidden indicators, hidden media): the next row of the leg, or the last.
        let mut next = u32::MAX;
        for slot in rows.iter_mut().rev() {
            if *slot == u32::MAX {
                *slot = next;
            } else {
                next = *slot;
            }
        }
        let mut last = u32::MAX;
        for slot in rows.iter_mut() {
            if *slot == u32::MAX {
                *slot = last;
            } else {
                last = *slot;
            }
        }
    }

    /// The row of an event.
    pub(super) fn row_of(&self, leg: usize, event: usize) -> Option<usize> {
        let row = *self.rows.get(leg)?.get(event)?;
        usize::try_from(row)
            .ok()
            .filter(|row| *row < self.items.len())
    }
}

/// Shown events of all legs in time order, as (leg, event).
fn merge(flow: &Flow, plans: &[Plan]) -> Vec<(usize, usize)> {
    let mut merged: Vec<_> = flow
        .legs
        .iter()
        .zip(plans)
        .enumerate()
        .flat_map(|(leg, (call, plan))| {
            call.events
                .iter()
                .zip(&plan.shown)
                .enumerate()
                .filter(|(_, (_, shown))| **shown)
                .map(move |(at, (event, _))| (event.at, event.frame, leg, at))
        })
        .collect();
    if flow.legs.len() > 1 {
        // Stable, so that each leg keeps its own order.
        merged.sort_by_key(|(at, frame, ..)| (*at, *frame));
    }
    merged
        .into_iter()
        .map(|(_, _, leg, at)| (leg, at))
        .collect()
}

/// For a message that both legs carried: the copy, by the original, which is on the leg nearer to its sender.
fn pair(
    legs: &[&Call; 2],
    merged: &[(usize, usize)],
    columns: &Columns,
) -> HashMap<(usize, usize), (usize, usize)> {
    let left = usize::from(columns.place(1, Side::Caller).gap < columns.place(0, Side::Caller).gap);
    let mut waiting: HashMap<(usize, bool, String), VecDeque<usize>> = HashMap::new();
    let mut pairs = HashMap::new();
    for (leg, at) in merged.iter().copied() {
        let Some(event) = legs.get(leg).and_then(|call| call.events.get(at)) else {
            continue;
        };
        let Some(name) = name(event) else { continue };
        let way = columns.place(leg, event.from).to_right;
        let other = 1 - leg.min(1);
        let is_original = (leg == left) == way;
        let queue = waiting.entry((other, way, name.clone())).or_default();
        let copy_of = loop {
            let Some(candidate) = queue.pop_front() else {
                break None;
            };
            let age = legs
                .get(other)
                .and_then(|call| call.events.get(candidate))
                .map_or(f64::MAX, |first| event.at.seconds_since(first.at));
            // Both legs are in one capture: a copy may be recorded a little before its original.
            let longest = if is_original { EARLY } else { LONGEST_RELAY };
            if age <= longest {
                break Some(candidate);
            }
        };
        match copy_of {
            Some(copy) if is_original => {
                pairs.insert((leg, at), (other, copy));
            }
            Some(first) => {
                pairs.insert((other, first), (leg, at));
            }
            None => waiting.entry((leg, way, name)).or_default().push_back(at),
        }
    }
    pairs
}

/// A copy may seem this much too early, seconds.
const EARLY: f64 = 0.1;

/// By what the copies of a message on two legs are known; `None` for what is not carried from leg to leg.
fn name(event: &Event) -> Option<String> {
    if !event.observed {
        return None;
    }
    match &event.kind {
        EventKind::T30(frame) => Some(frame.name().into_owned()),
        EventKind::Tcf(_) => Some("TCF".to_owned()),
        EventKind::PageData(page) => Some(format!("page {} {:?}", page.page, page.block)),
        EventKind::Indicator(Indicator::Ced) => Some("CED".to_owned()),
        EventKind::Indicator(Indicator::Cng) => Some("CNG".to_owned()),
        EventKind::Tone { tone, .. } => Some(tone.to_string()),
        _ => None,
    }
}
