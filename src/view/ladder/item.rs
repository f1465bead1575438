//! Which events get a row, in what order, and what a row stands for besides.

use std::collections::HashMap;

use crate::call::pairing::find_copies;
use crate::call::{Call, Event, Flow, Side};
use crate::view::ladder::Options;
use crate::view::ladder::columns::Columns;
use crate::view::ladder::plan::{Folded, Plan};

/// Within so many seconds a copy stands right below its original.
const TOGETHER: f64 = 1.0;

/// A row: an event, and the events that share it.
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

/// Events that both legs carried: the copy by its original, which is on the leg nearer to the sender.
fn pair(
    legs: &[&Call; 2],
    merged: &[(usize, usize)],
    columns: &Columns,
) -> HashMap<(usize, usize), (usize, usize)> {
    let left = usize::from(columns.place(1, Side::Caller).gap < columns.place(0, Side::Caller).gap);
    let sent = |leg: usize, to_right: bool| -> Vec<&Event> {
        let shown = merged.iter().filter(|(of, _)| *of == leg);
        shown
            .filter_map(|(leg, at)| legs.get(*leg)?.events.get(*at))
            .filter(|event| columns.place(leg, event.from).to_right == to_right)
            .collect()
    };
    let place = |leg: usize, event: &Event| Some((leg, usize::try_from(event.id.0).ok()?));
    let mut pairs = HashMap::new();
    for (near, to_right) in [(left, true), (1 - left, false)] {
        let far = 1 - near;
        let copies = find_copies(&sent(near, to_right), &sent(far, to_right));
        pairs.extend(
            copies
                .into_iter()
                .filter_map(|(original, copy)| Some((place(near, original)?, place(far, copy)?))),
        );
    }
    pairs
}
