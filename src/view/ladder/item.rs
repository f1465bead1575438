//! Which events get a row, in what order, and what a row stands for besides.

use crate::call::{Call, Flow};
use crate::view::ladder::columns::Columns;
use crate::view::ladder::plan::{Folded, Plan};
use crate::view::ladder::relays::Relays;
use crate::view::ladder::{Fold, Options};

/// Within so many seconds a copy stands right below its original.
const TOGETHER: f64 = 1.0;

/// An event by its leg, and by its place among all that was seen of it.
pub(super) type Key = (usize, usize);

/// A row: an event, and the events that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Index of the leg in the flow.
    pub(super) leg: usize,
    /// Index of the event in its call.
    pub(super) event: usize,
    /// RTP: the span of the other direction, on the same row.
    pub(super) partner: Option<usize>,
    /// The same message on the hop or leg before, if it was there before.
    pub(super) relayed: Option<Key>,
    /// SIP at the other leg that the host between both passed on with this.
    pub(super) begun: Option<Key>,
    /// The same message on further hops, where one arrow stands for all: their indices, in the order passed.
    pub(super) across: Box<[usize]>,
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
        let mut relays = Relays::of(flow, columns, &merged);
        if options.fold == Fold::Copies {
            relays.fold(flow, columns, &merged, pinned);
        }
        let mut items = Self {
            items: Vec::with_capacity(merged.len()),
            rows: flow
                .legs
                .iter()
                .map(|call| vec![u32::MAX; call.events.len() + call.copies.len()])
                .collect(),
        };
        let at = |(leg, event): Key| {
            let call = flow.legs.get(leg)?;
            seen(call, event).map(|event| event.at)
        };
        // The same message on the next hop or leg comes right below, whatever happened in between; what took so long
        // that other messages crossed it keeps its own time.
        let soon = |from, to| {
            let times = at(from).zip(at(to));
            times.is_some_and(|(from, to)| to.seconds_since(from) < TOGETHER)
        };
        for place in merged {
            let before = relays.before(place).map(|before| relays.holder(before));
            if relays.holder(place) != place || before.is_some_and(|before| soon(before, place)) {
                continue;
            }
            let mut next = vec![place];
            while let Some(place) = next.pop() {
                items.put(place, &relays, &plans);
                let after = relays.after(place).iter().rev();
                next.extend(after.filter(|after| soon(place, **after)));
            }
        }
        for (leg, plan) in plans.iter().enumerate() {
            items.fill(leg, plan);
        }
        items
    }

    fn put(&mut self, place: Key, relays: &Relays, plans: &[Plan]) {
        let (leg, event) = place;
        let row = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        let across: Box<[usize]> = relays.across(place).into();
        let Some(rows) = self.rows.get_mut(leg) else {
            return;
        };
        if rows.get(event).is_none_or(|slot| *slot != u32::MAX) {
            return;
        }
        for shown in across.iter().chain([&event]) {
            if let Some(slot) = rows.get_mut(*shown) {
                *slot = row;
            }
        }
        let plan = plans.get(leg);
        self.items.push(Item {
            leg,
            event,
            partner: plan.and_then(|plan| plan.partners.get(&event).copied()),
            relayed: relays.before(place),
            begun: relays.begun_by(place),
            across,
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

/// An event of a call, or a copy of another link.
pub(super) fn seen(call: &Call, at: usize) -> Option<&crate::call::Event> {
    call.events
        .get(at)
        .or_else(|| call.copies.get(at.checked_sub(call.events.len())?))
}

/// Shown events of all legs in time order, as (leg, event).
fn merge(flow: &Flow, plans: &[Plan]) -> Vec<Key> {
    let mut merged: Vec<_> = flow
        .legs
        .iter()
        .zip(plans)
        .enumerate()
        .flat_map(|(leg, (call, plan))| {
            call.all_events()
                .zip(&plan.shown)
                .enumerate()
                .filter(|(_, (_, shown))| **shown)
                .map(move |(at, (event, _))| (event.at, event.frame, leg, at))
        })
        .collect();
    let copied = flow.legs.iter().any(|call| !call.copies.is_empty());
    if flow.legs.len() > 1 || copied {
        // Stable, so that each leg keeps its own order.
        merged.sort_by_key(|(at, frame, ..)| (*at, *frame));
    }
    merged
        .into_iter()
        .map(|(_, _, leg, at)| (leg, at))
        .collect()
}
