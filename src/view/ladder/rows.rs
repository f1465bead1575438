//! The rows of a ladder, made when they are asked for: on a screen one line each, in a text wrapped.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::call::{Event, EventId};
use crate::view::ladder::Ladder;
use crate::view::ladder::detail::{self, Across, Context, Parts};
use crate::view::ladder::geometry::{Arrow, GUTTER};
use crate::view::ladder::item::Item;
use crate::view::{Role, Row, Span, clip};

impl Ladder {
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
            let mut row = Row::of(self.geometry.line(
                "",
                (&self.columns, None),
                self.options.ascii,
            ));
            row.spans.push(Span::plain(" ".repeat(GUTTER)));
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
        let (place, relays) = self.place(item, event);
        let ascii = self.options.ascii;
        let time = self.time(at, event);
        let arrow = Arrow {
            place,
            relays: &relays,
            label: &label,
        };
        let mut spans = self
            .geometry
            .line(&time, (&self.columns, Some(&arrow)), ascii);
        spans.push(Span::plain(" ".repeat(GUTTER)));
        let mut row = Row::of(spans);
        row.event = self.key(item);
        let left_out = self.geometry.left_out(&self.columns, &arrow);
        let across = self.across(item, event, &relays);
        Some((row, self.parts((item, event), left_out, across)))
    }

    /// What the further hops of a row add.
    fn across(&self, item: &Item, event: &Event, relays: &[usize]) -> Option<Across> {
        let last = self.event(item.leg, *item.across.last()?)?;
        let numbers: Vec<String> = relays.iter().map(|at| (at + 1).to_string()).collect();
        let call = self.flow.flow.legs.get(item.leg)?;
        let copies = item.across.iter();
        let copies: Vec<EventId> = copies
            .filter_map(|at| Some(self.event(item.leg, *at)?.id))
            .collect();
        Some(Across {
            via: numbers.join(", "),
            delay: detail::delay(event, last),
            rewritten: detail::rewritten(call, &copies),
        })
    }

    fn parts(
        &self,
        (item, event): (&Item, &Event),
        left_out: Option<String>,
        across: Option<Across>,
    ) -> Parts {
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
                .and_then(|(leg, first)| Some((leg == item.leg, self.event(leg, first)?))),
            begun: item.begun.and_then(|(leg, first)| self.event(leg, first)),
            leg: item.leg,
            across,
            folded: item.folded,
            hints: of_event(&item.event)
                .chain(item.partner.iter().flat_map(of_event))
                .chain(item.across.iter().flat_map(of_event))
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
pub(crate) fn wrap_spans(part: &[Span], width: usize) -> Vec<Vec<Span>> {
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
        crate::view::wrap(word, width)
    }
}
