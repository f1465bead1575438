//! The flow of one fax as a ladder: one lifeline a host, one row an event.
//!
//! Laying out decides which events have a row and in what order (`item`), where the lifelines stand
//! (`columns`) and how wide everything is; the rows themselves are made only when they are asked for.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::analysis::AnalysedFlow;
use crate::call::{CallNo, Event, EventId};
use crate::capture::Timestamp;
use crate::view::time::TimeMode;
use crate::view::{Role, Row, Span, clip};

use columns::{Columns, Geometry, Need};
use detail::{Context, Parts};
use item::{Item, Items};
use label::Label;
use leg::Leg;

mod columns;
mod detail;
pub mod head;
mod header;
mod item;
mod label;
mod leg;
mod plan;
mod times;
mod wording;

/// Shape of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five switches, each with a key of its own"
)]
pub struct Options {
    /// Columns to use.
    pub width: usize,
    /// Plain ASCII.
    pub ascii: bool,
    /// How time is shown.
    pub time: TimeMode,
    /// `m=` lines of SDP in labels, its T.38 parameters beside them.
    pub sdp: bool,
    /// Rows of RTP.
    pub media: bool,
    /// Repeats, indicators and provisional answers folded away.
    pub fold: bool,
    /// Hints beside their steps.
    pub hints: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 118,
            ascii: false,
            time: TimeMode::Relative,
            sdp: true,
            media: true,
            fold: true,
            hints: true,
        }
    }
}

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
    let mut ladder = Ladder::of(flow, options, Geometry::for_screen);
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
    let mut ladder = Ladder::of(flow, options, Geometry::for_text);
    ladder.header = ladder.geometry.whole_header(&ladder.columns);
    ladder
}

impl Ladder {
    fn of(
        flow: &AnalysedFlow,
        options: &Options,
        geometry: fn(&Columns, usize, usize, &[Need]) -> Geometry,
    ) -> Self {
        let columns = Columns::of(&flow.flow, &flow.pbx, options.ascii);
        let legs: Vec<Leg> = (0..flow.flow.legs.len())
            .map(|leg| Leg::of(flow, leg, &columns, options))
            .collect();
        let pinned: Vec<Vec<bool>> = (0..flow.flow.legs.len())
            .map(|leg| {
                legs.get(leg)
                    .map_or_else(Vec::new, |facts| facts.pinned(flow, leg))
            })
            .collect();
        let items = Items::of(&flow.flow, &columns, options, &pinned);
        let calls = &flow.flow.legs;
        let start = calls
            .iter()
            .map(|call| call.started)
            .min()
            .unwrap_or_default();
        let mut ladder = Self {
            title: head::title(&flow.flow, options.width, options.ascii),
            strip: head::strip(&flow.flow, options.ascii),
            header: Vec::new(),
            keys: Vec::with_capacity(items.items.len()),
            flow: flow.clone(),
            options: options.clone(),
            geometry: geometry(&columns, options.width, 0, &[]),
            columns,
            items,
            legs,
            start,
            time_digits: times::digits(flow),
            before: Vec::new(),
        };
        if options.time == TimeMode::Delta {
            ladder.before = ladder.times_before();
        }
        ladder.keys = ladder
            .items
            .items
            .iter()
            .filter_map(|item| ladder.event(item.leg, item.event))
            .map(|event| (event.call, event.id))
            .collect();
        let (time, needs) = (ladder.time_width(), ladder.needs());
        ladder.geometry = geometry(&ladder.columns, options.width, time, &needs);
        ladder
    }

    /// What the labels need, by gap.
    fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::new();
        for item in &self.items.items {
            let (Some(event), Some(label)) = (self.event(item.leg, item.event), self.label(item))
            else {
                continue;
            };
            let gap = self.columns.place(item.leg, event.from).gap;
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

    /// How many rows.
    pub fn len(&self) -> usize {
        self.items.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the rows (the range is cut to what there is).
    pub fn rows(&self, range: Range<usize>) -> Vec<Row> {
        let end = range.end.min(self.len());
        (range.start.min(end)..end)
            .filter_map(|at| self.row(at))
            .collect()
    }

    /// The strip of stages in lines of at most the ladder's width.
    pub fn whole_strip(&self) -> Vec<Row> {
        wrap_spans(&self.strip.spans, self.options.width)
            .into_iter()
            .map(Row::of)
            .collect()
    }

    /// All rows with nothing cut: what stands beside the ladder goes on in rows below. One after the other: of a
    /// long call they would take many times the memory of the call.
    pub fn whole_rows(&self) -> impl Iterator<Item = Row> + '_ {
        (0..self.len()).flat_map(|at| self.rows_of(at))
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
        self.flow.flow.legs.get(leg)?.events.get(event)
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

    fn row(&self, at: usize) -> Option<Row> {
        let (mut row, parts) = self.line(at)?;
        let mut first = true;
        for part in parts {
            if !first {
                row.spans.push(Span::new("; ", Role::Dim));
            }
            first = false;
            row.spans.extend(part);
        }
        clip(&mut row, self.options.width, self.options.ascii);
        Some(row)
    }

    fn rows_of(&self, at: usize) -> Vec<Row> {
        let Some((mut first, parts)) = self.line(at) else {
            return Vec::new();
        };
        let mut beside = parts
            .iter()
            .flat_map(|part| wrap_spans(part, self.geometry.right));
        first.spans.extend(beside.next().into_iter().flatten());
        let event = first.event;
        let mut rows = vec![first];
        rows.extend(beside.map(|spans| {
            let mut row = Row::of(
                self.geometry
                    .line("", None, self.options.ascii, |_| Vec::new()),
            );
            row.spans.push(Span::plain(" ".repeat(columns::GUTTER)));
            row.spans.extend(spans);
            row.event = event;
            row.continuation = true;
            row
        }));
        rows
    }

    /// Time, lifelines and arrow; and what is to stand beside them.
    fn line(&self, at: usize) -> Option<(Row, Parts)> {
        let item = self.items.items.get(at)?;
        let event = self.event(item.leg, item.event)?;
        let label = self.label(item)?;
        let place = self.columns.place(item.leg, event.from);
        let ascii = self.options.ascii;
        let time = self.time(at, event);
        let mut spans = self.geometry.line(&time, Some(place), ascii, |width| {
            label.arrow(width, place.to_right, ascii)
        });
        spans.push(Span::plain(" ".repeat(columns::GUTTER)));
        let mut row = Row::of(spans);
        row.event = Some((event.call, event.id));
        let left_out = label.left_out(self.geometry.gap(place.gap));
        Some((row, self.parts(item, event, left_out)))
    }

    fn parts(&self, item: &Item, event: &Event, left_out: Option<String>) -> Parts {
        let (Some(call), Some(leg)) = (self.flow.flow.legs.get(item.leg), self.legs.get(item.leg))
        else {
            return Parts::new();
        };
        let hints = self.flow.hints.get(item.leg).filter(|_| self.options.hints);
        let of_event = |event: &usize| leg.hints.get(event).into_iter().flatten();
        Context {
            call,
            event,
            partner: item
                .partner
                .and_then(|partner| self.event(item.leg, partner)),
            relayed: item
                .relayed
                .and_then(|first| self.event(1 - item.leg.min(1), first)),
            folded: item.folded,
            hints: of_event(&item.event)
                .chain(item.partner.iter().flat_map(of_event))
                .filter_map(|hint| hints?.get(*hint))
                .collect(),
            left_out,
            elsewhere: leg.elsewhere.get(&item.event).cloned(),
            sdp: self.options.sdp,
            ascii: self.options.ascii,
        }
        .parts()
    }
}

/// Spans of one sentence, broken into lines; each piece keeps the role of its span.
fn wrap_spans(part: &[Span], width: usize) -> Vec<Vec<Span>> {
    let mut lines: Vec<Vec<Span>> = Vec::new();
    let mut line: Vec<Span> = Vec::new();
    let mut used = 0;
    for span in part {
        for word in span.text().split_inclusive(' ') {
            for piece in wrap_word(word, width) {
                let piece_width = piece.trim_end().width();
                if used > 0 && used + piece_width > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                used += piece.width();
                line.push(Span::new(piece, span.role));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word in pieces of at most `width` columns.
fn wrap_word(word: &str, width: usize) -> Vec<String> {
    if word.trim_end().width() <= width {
        vec![word.to_owned()]
    } else {
        super::wrap(word, width)
    }
}

#[cfg(test)]
mod tests;
