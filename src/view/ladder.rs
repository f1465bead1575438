//! The flow of one fax as a ladder: one lifeline a host, one row an event.
//!
//! Laying out decides which events have a row and in what order (`item`), where the lifelines stand
//! (`columns`) and how wide everything is; the rows themselves are made only when they are asked for.

use crate::analysis::AnalysedFlow;
use crate::call::{CallNo, Event, EventId, EventKind};
use crate::capture::Timestamp;
use crate::view::time::TimeMode;
use crate::view::{Row, clip};

use columns::{Columns, Place};
use geometry::{Geometry, Need};
use item::{Item, Items};
use label::Label;
use leg::Leg;

mod columns;
mod detail;
mod geometry;
pub mod head;
mod header;
mod item;
mod label;
mod leg;
mod lifelines;
mod narrow;
mod options;
mod plan;
mod relays;
mod rows;
mod times;
mod wording;

pub use options::{Fold, Options};
pub(crate) use rows::wrap_spans;

/// A ladder: its head, and rows that are made when they are asked for.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// Who, which calls, the verdict in one sentence.
    pub title: Row,
    /// Stages of the fax; empty where there is no fax.
    pub strip: Row,
    /// Host names over the lifelines.
    pub header: Vec<Row>,
    /// Events that can be selected, in the order of their rows.
    pub keys: Vec<(CallNo, EventId)>,
    /// The first lifeline shown, and by how many it can be moved; `None`: all are shown.
    pub window: Option<(usize, usize)>,
    flow: AnalysedFlow,
    options: Options,
    columns: Columns,
    geometry: Geometry,
    items: Items,
    /// By leg.
    legs: Vec<Leg>,
    start: Timestamp,
    time_digits: u8,
    /// Reference time of each row's delta; empty where none is shown.
    before: Vec<Timestamp>,
}

/// Lays out one or two legs for a screen: exactly one row an event, labels shortened where unavoidable, no
/// row wider than asked for.
pub fn layout(flow: &AnalysedFlow, options: &Options) -> Ladder {
    let mut ladder = Ladder::of(flow, options, true);
    ladder.header = ladder.geometry.header(&ladder.columns, options.ascii);
    let Ladder {
        title,
        strip,
        header,
        ..
    } = &mut ladder;
    for row in [title, strip].into_iter().chain(header) {
        clip(row, options.width, options.ascii);
    }
    ladder
}

/// Lays out one or two legs for a text: no label is cut, what stands beside them is wrapped. Its rows are
/// [`Ladder::whole_rows`].
pub fn layout_whole(flow: &AnalysedFlow, options: &Options) -> Ladder {
    let mut ladder = Ladder::of(flow, options, false);
    ladder.header = ladder.geometry.whole_header(&ladder.columns);
    ladder
}

impl Ladder {
    fn of(flow: &AnalysedFlow, options: &Options, for_screen: bool) -> Self {
        let geometry = if for_screen {
            Geometry::for_screen
        } else {
            Geometry::for_text
        };
        let columns = Columns::of(&flow.flow, &flow.pbx, options);
        let legs: Vec<Leg> = (0..flow.flow.legs.len())
            .map(|leg| Leg::of(flow, leg, &columns, options))
            .collect();
        let pinned: Vec<Vec<bool>> = legs
            .iter()
            .enumerate()
            .map(|(leg, facts)| facts.pinned(flow, leg))
            .collect();
        let calls = &flow.flow.legs;
        let start = calls
            .iter()
            .map(|call| call.started)
            .min()
            .unwrap_or_default();
        let time_digits = times::digits(flow);
        let time = times::width(flow, (options.time, options.zone), start, time_digits);
        let items = Items::of(&flow.flow, &columns, options, &pinned);
        let mut ladder = Self {
            title: head::title(&flow.flow, options.width, options.ascii),
            strip: head::strip(&flow.flow, options.ascii),
            header: Vec::new(),
            keys: Vec::new(),
            window: None,
            flow: flow.clone(),
            options: options.clone(),
            geometry: geometry(&columns, options.width, 0, &[]),
            columns,
            items,
            legs,
            start,
            time_digits,
            before: Vec::new(),
        };
        if ladder.columns.has_path() {
            ladder.find_room(&pinned, time, for_screen);
        }
        if options.time == TimeMode::Delta {
            ladder.before = ladder.times_before();
        }
        ladder.keys = ladder
            .items
            .items
            .iter()
            .filter_map(|item| ladder.key(item))
            .collect();
        let needs = ladder.needs();
        ladder.geometry = geometry(&ladder.columns, options.width, time, &needs);
        ladder
    }

    /// Where there is no room for all lifelines: folds, takes some away, and on a screen shows a window of the rest.
    fn find_room(&mut self, pinned: &[Vec<bool>], time: usize, for_screen: bool) {
        let width = self.options.width;
        if Geometry::fits(&self.columns, width, time) {
            return;
        }
        self.columns.merge_media_proxies();
        if Geometry::fits(&self.columns, width, time) {
            return;
        }
        if self.options.fold != Fold::Nothing {
            self.options.fold = Fold::Copies;
            self.items = Items::of(&self.flow.flow, &self.columns, &self.options, pinned);
            let places = self.items.items.iter().filter_map(|item| {
                let event = self.event(item.leg, item.event)?;
                Some(self.place(item, event).0)
            });
            let used = places.flat_map(|place| [place.from, place.to]).collect();
            self.columns.hide_relays(&used);
        }
        if for_screen && !Geometry::fits(&self.columns, width, time) {
            let all = self.columns.shown().len();
            let first = self.columns.show_window(self.options.first, width, time);
            self.window = Some((first, all - self.columns.shown().len()));
        }
    }

    /// The event that a row is known by: that of the call where copies of other links share it.
    fn key(&self, item: &Item) -> Option<(CallNo, EventId)> {
        let call = self.flow.flow.legs.get(item.leg)?;
        let mut all = std::iter::once(&item.event).chain(&item.across);
        let own = all.find(|at| **at < call.events.len());
        let event = self.event(item.leg, own.copied().unwrap_or(item.event))?;
        Some((event.call, event.id))
    }

    /// From where to where the arrow of a row goes, and the lifelines at which it was relayed.
    fn place(&self, item: &Item, event: &Event) -> (Place, Vec<usize>) {
        let Some(call) = self.flow.flow.legs.get(item.leg) else {
            return (self.columns.side_place(item.leg, event.from), Vec::new());
        };
        let place = self.columns.place(item.leg, call, event);
        let copies: Vec<Place> = item
            .across
            .iter()
            .filter_map(|at| self.event(item.leg, *at))
            .map(|copy| self.columns.place(item.leg, call, copy))
            .collect();
        let Some(last) = copies.last() else {
            return (place, Vec::new());
        };
        let all = || std::iter::once(&place).chain(&copies);
        let whole = if matches!(event.kind, EventKind::Rtp(_)) {
            // Both directions are on the row, whichever began.
            let ends = || all().flat_map(|place| [place.from, place.to]);
            let (left, right) = (ends().min().unwrap_or(0), ends().max().unwrap_or(0));
            if place.to_right() {
                Place {
                    from: left,
                    to: right,
                }
            } else {
                Place {
                    from: right,
                    to: left,
                }
            }
        } else {
            Place {
                from: place.from,
                to: last.to,
            }
        };
        let mut relays: Vec<usize> = all().flat_map(|place| [place.from, place.to]).collect();
        relays.retain(|at| *at != whole.from && *at != whole.to);
        relays.sort_unstable();
        relays.dedup();
        (whole, relays)
    }

    /// What the labels need, by gap.
    fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for item in &self.items.items {
            let (Some(event), Some(label)) = (self.event(item.leg, item.event), self.label(item))
            else {
                continue;
            };
            let place = self.place(item, event).0;
            let Some(gap) = Geometry::label_gap(&self.columns, place) else {
                continue;
            };
            if needs.len() <= gap {
                needs.resize(gap + 1, Need::default());
            }
            if let Some(need) = needs.get_mut(gap) {
                let (full, least) = label.widths();
                need.full = need.full.max(full);
                need.least = need.least.max(least);
            }
        }
        needs
    }

    /// How it is laid out.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether some call of it has more hops than one.
    pub fn has_path(&self) -> bool {
        self.columns.has_path()
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.items.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of an event; of one that is folded away, the row that stands for it.
    pub fn row_of(&self, call: CallNo, event: EventId) -> Option<usize> {
        let leg = self
            .flow
            .flow
            .legs
            .iter()
            .position(|leg| leg.number == call)?;
        self.items.row_of(leg, usize::try_from(event.0).ok()?)
    }

    /// The event of a row.
    pub fn event_at(&self, row: usize) -> Option<(CallNo, EventId)> {
        self.keys.get(row).copied()
    }

    /// The event of the other direction that stands on a row too: RTP.
    pub fn other_direction_at(&self, row: usize) -> Option<(CallNo, EventId)> {
        let item = self.items.items.get(row)?;
        let event = self.event(item.leg, item.partner?)?;
        Some((event.call, event.id))
    }

    fn event(&self, leg: usize, event: usize) -> Option<&Event> {
        item::seen(self.flow.flow.legs.get(leg)?, event)
    }

    fn label(&self, item: &Item) -> Option<Label> {
        let event = self.event(item.leg, item.event)?;
        let partner = item
            .partner
            .and_then(|partner| self.event(item.leg, partner));
        let facts = self
            .legs
            .get(item.leg)
            .map(|leg| leg.label)
            .unwrap_or_default();
        Some(Label::of(event, partner, facts))
    }
}

#[cfg(test)]
mod tests;
