//! The time column of a ladder.

use std::collections::BTreeSet;

use crate::analysis::AnalysedFlow;
use crate::call::Event;
use crate::capture::Timestamp;
use crate::view::ladder::Ladder;
use crate::view::time::{self, Clock, TimeMode, Zone};

impl Ladder {
    /// The clock of its rows, for the side pane; there are no deltas there.
    pub fn clock(&self) -> Clock {
        match self.options.time {
            TimeMode::Relative | TimeMode::Delta => Clock::Since(self.start),
            TimeMode::Local | TimeMode::Utc => Clock::OfDay(self.time_digits, self.zone()),
        }
    }

    fn zone(&self) -> Zone {
        self.options.time.zone(self.options.zone)
    }

    pub(super) fn time(&self, at: usize, event: &Event) -> String {
        // A missing message has no time.
        if !event.observed {
            return String::new();
        }
        match self.options.time {
            TimeMode::Relative => time::seconds(self.start, event.at),
            TimeMode::Local | TimeMode::Utc => {
                time::of_day(event.at, self.time_digits, self.zone())
            }
            TimeMode::Delta => {
                let before = self.before.get(at).copied().unwrap_or(self.start);
                time::seconds(before, event.at)
            }
        }
    }

    /// Reference time of each row's delta: that of the row above. With more hops or legs a copy stands right below its original,
    /// whatever came in between: then the latest time of the rows above that is not later.
    pub(super) fn times_before(&self) -> Vec<Timestamp> {
        let two = self.flow.flow.legs.len() > 1 || self.columns.has_path();
        let mut last = self.start;
        let mut above = BTreeSet::from([self.start]);
        let rows = self.items.items.iter();
        rows.map(|item| {
            let Some(event) = self
                .event(item.leg, item.event)
                .filter(|event| event.observed)
            else {
                return last;
            };
            let before = if two {
                above
                    .range(..=event.at)
                    .next_back()
                    .copied()
                    .unwrap_or(event.at)
            } else {
                last
            };
            last = event.at;
            above.insert(event.at);
            before
        })
        .collect()
    }
}

/// Columns of the time.
pub(super) fn width(
    flow: &AnalysedFlow,
    (mode, zone): (TimeMode, Zone),
    start: Timestamp,
    digits: u8,
) -> usize {
    if mode.is_of_day() {
        return time::of_day(start, digits, mode.zone(zone)).len();
    }
    let calls = flow.flow.legs.iter();
    let last = calls.flat_map(|call| call.events.last().into_iter().chain(call.copies.last()));
    last.map(|event| time::seconds(start, event.at).len())
        .max()
        .unwrap_or(0)
        .max(8)
}

/// Digits that the time stamps of the flow really have: 9 where any is finer than a microsecond.
pub(super) fn digits(flow: &AnalysedFlow) -> u8 {
    let mut events = flow.flow.legs.iter().flat_map(|call| &call.events);
    if events.any(|event| event.at.0 % 1_000 != 0) {
        9
    } else {
        6
    }
}
