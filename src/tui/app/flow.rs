//! State of an open flow: its ladder, the selected event, the message pane.

use std::collections::BTreeSet;

use crate::analysis::AnalysedFlow;
use crate::call::{Call, CallNo, Event, EventId};
use crate::hint::Hint;
use crate::tui::layout::{self, Wanted};
use crate::view::ladder::{self, Ladder, head};
use crate::view::time::Clock;
use crate::view::window::window;
use crate::view::{Pattern, Role, Row, Span, decode, hints, plain, to_text, wrap};

mod compare;
mod places;

pub(in crate::tui) use compare::Marked;
use places::deciding_event;

/// What the keys move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The ladder.
    #[default]
    Ladder,
    /// The decoded message.
    Message,
    /// The hints on it.
    Hints,
}

/// Columns of what is copied.
const COPIED: usize = 160;

/// Rows of text that scroll.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Its rows.
    pub rows: Vec<Row>,
    /// First one shown.
    pub top: usize,
    /// Rows on the screen.
    pub height: usize,
}

impl Text {
    /// Scrolls, as far as there is something to be shown.
    pub(in crate::tui) fn scroll(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}

/// The parameters of the current layout of ladder and message; it is redone when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    ladder: ladder::Options,
    message: MessageShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MessageShape {
    width: usize,
    raw: bool,
    /// Full screen: with every field.
    full: bool,
    clock: Clock,
    event: Option<(CallNo, EventId)>,
}

/// The blank line above the hints: it separates them where there is no room for a frame.
pub(in crate::tui) fn hints_heading(ascii: bool) -> Row {
    let text = if ascii { "--" } else { "──" };
    Row::of(vec![Span::new(text, Role::Dim)])
}

/// An open flow.
#[derive(Debug)]
pub struct FlowView {
    /// The legs and their hints.
    pub flow: AnalysedFlow,
    /// Laid out for the screen.
    pub ladder: Ladder,
    /// Who, which calls, the verdict in one sentence: as long as it is, for the whole width.
    pub title: Row,
    /// Stages of the fax; empty where there is no fax.
    pub strip: Row,
    /// Selected event; it may be folded away, then the row that stands for it is shown as selected.
    selected: Option<(CallNo, EventId)>,
    /// First row of the ladder on the screen.
    pub top: usize,
    /// Rows of the ladder on the screen.
    pub height: usize,
    /// What the keys move in.
    pub focus: Pane,
    /// Octets and SIP text in place of words.
    pub raw: bool,
    /// The decoded message; full screen with the hints under it.
    pub message: Text,
    /// Hints on it; full screen they are part of the message.
    pub hints: Text,
    /// What is searched for.
    pub search: Option<Pattern>,
    /// A message that waits for another one to be compared with.
    marked: Option<(CallNo, EventId)>,
    /// The other one.
    other: Option<(CallNo, EventId)>,
    /// Both side by side.
    pub compared: Text,
    /// Only what differs.
    pub only_differences: bool,
    /// Lines of the pane under the ladder: as many as the event has that the flow opens with, until the user wants
    /// others. With each step another height would move the ladder.
    pane: Option<usize>,
    ascii: bool,
    shape: Option<Shape>,
}

impl FlowView {
    /// A flow just opened: the event that decides how the fax ended is selected, else the first one.
    pub fn new(flow: AnalysedFlow, ascii: bool) -> Self {
        let options = ladder::Options::default();
        Self {
            ladder: ladder::layout(&flow, &options),
            title: Row::default(),
            strip: Row::default(),
            selected: deciding_event(&flow),
            flow,
            top: 0,
            height: 0,
            focus: Pane::Ladder,
            raw: false,
            message: Text::default(),
            hints: Text::default(),
            search: None,
            marked: None,
            other: None,
            compared: Text::default(),
            only_differences: false,
            pane: None,
            ascii,
            shape: None,
        }
    }

    /// The same flow with one leg more or less, or with what has come since; the selection stays.
    pub(in crate::tui) fn renew(&mut self, flow: AnalysedFlow) {
        let old = self.current_event().map(|event| (event.call, event.frame));
        self.flow = flow;
        self.shape = None;
        // Events may have moved: the same frame is the same place.
        if let Some((call, frame)) = old
            && self
                .current_event_of(self.selected)
                .is_none_or(|event| event.frame != frame)
        {
            let found = self
                .events()
                .find(|event| event.call == call && event.frame == frame)
                .map(|event| (event.call, event.id));
            self.selected = found;
        }
    }

    /// Numbers of the legs.
    pub fn numbers(&self) -> BTreeSet<CallNo> {
        self.flow.flow.legs.iter().map(|call| call.number).collect()
    }

    /// Row of the ladder that is selected.
    pub fn cursor(&self) -> usize {
        let Some((call, event)) = self.selected else {
            return 0;
        };
        self.ladder
            .row_of(call, event)
            .or_else(|| self.row_after(call, event))
            .unwrap_or(0)
            .min(self.ladder.len().saturating_sub(1))
    }

    /// The event whose message is shown.
    pub fn current(&self) -> Option<(CallNo, EventId)> {
        self.ladder.event_at(self.cursor())
    }

    pub(in crate::tui) fn current_event(&self) -> Option<&Event> {
        self.current_event_of(self.current())
    }

    fn current_event_of(&self, key: Option<(CallNo, EventId)>) -> Option<&Event> {
        self.message_of(key?).map(|(_, event)| event)
    }

    fn message_of(&self, (number, id): (CallNo, EventId)) -> Option<(&Call, &Event)> {
        let call = self
            .flow
            .flow
            .legs
            .iter()
            .find(|call| call.number == number)?;
        Some((call, call.event(id)?))
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.flow
            .flow
            .legs
            .iter()
            .flat_map(|call| call.all_events())
    }

    /// The first row not before an event that is hidden.
    fn row_after(&self, call: CallNo, event: EventId) -> Option<usize> {
        let at = self.message_of((call, event))?.1.at;
        let later = self.ladder.keys.iter().position(|key| {
            self.message_of(*key)
                .is_some_and(|(_, event)| event.at >= at)
        });
        later.or_else(|| self.ladder.len().checked_sub(1))
    }

    /// Selects a row.
    pub(in crate::tui) fn select_row(&mut self, row: usize) {
        let row = row.min(self.ladder.len().saturating_sub(1));
        self.selected = self.ladder.event_at(row);
    }

    /// Moves the selection by rows.
    pub(in crate::tui) fn move_by(&mut self, by: isize) {
        self.select_row(self.cursor().saturating_add_signed(by));
    }

    /// Selects the next (or previous) row that `is` one; `false`: there is none.
    pub(in crate::tui) fn move_to(
        &mut self,
        forward: bool,
        is: impl Fn(&Self, usize) -> bool,
    ) -> bool {
        let cursor = self.cursor();
        let found = if forward {
            (cursor + 1..self.ladder.len()).find(|row| is(self, *row))
        } else {
            (0..cursor).rev().find(|row| is(self, *row))
        };
        if let Some(row) = found {
            self.select_row(row);
        }
        found.is_some()
    }

    /// Text of the selected row, or of the whole message.
    pub(in crate::tui) fn copied(&self, message: bool) -> String {
        let current = self.current();
        if message {
            return self
                .whole_message()
                .map_or_else(String::new, |rows| to_text(&rows));
        }
        let options = ladder::Options {
            width: COPIED,
            ..self.ladder.options().clone()
        };
        // As a text has it: nothing is cut.
        let whole = ladder::layout_whole(&self.flow, &options);
        let rows: Vec<Row> = whole
            .whole_rows()
            .filter(|row| row.event == current)
            .collect();
        to_text(&rows)
    }

    /// The selected message with nothing cut.
    fn whole_message(&self) -> Option<Vec<Row>> {
        let (call, event) = self.message_of(self.current()?)?;
        let clock = self.ladder.clock();
        let mut rows = decode::message_by(call, event, self.raw, COPIED, clock);
        let hints = self.hints_of_row(self.cursor());
        rows.extend(hints::rows(&hints, None, COPIED, self.ascii));
        Some(rows)
    }

    /// The pane under the ladder taller or lower by a line.
    pub(in crate::tui) fn resize_pane(&mut self, taller: bool) {
        let now = self.message.height + self.hints.height + usize::from(self.hints.height > 0);
        self.pane = Some(if taller {
            now + 1
        } else {
            now.saturating_sub(1)
        });
    }

    /// The pane after (or before) the one in focus; panes with nothing in them are passed over.
    pub(in crate::tui) fn focus_next(&mut self, forward: bool) {
        let mut panes = vec![Pane::Ladder];
        if self.message.height > 0 {
            panes.push(Pane::Message);
        }
        if self.hints.height > 0 && !self.hints.rows.is_empty() {
            panes.push(Pane::Hints);
        }
        let at = panes
            .iter()
            .position(|pane| *pane == self.focus)
            .unwrap_or(0);
        let step = if forward { 1 } else { panes.len() - 1 };
        self.focus = panes
            .get((at + step) % panes.len())
            .copied()
            .unwrap_or_default();
    }

    /// Heights that the parts would like to have.
    pub fn wanted(&self, width: usize) -> Wanted {
        Wanted {
            // One column stays free in front. Blanks between parts count as they are drawn.
            title: wrap(
                &self.title.text().replace("   ", " - "),
                width.saturating_sub(1),
            )
            .len()
            .max(1),
            strip: usize::from(!self.strip.spans.is_empty()),
            header: self.ladder.header.len(),
            message: self.message.rows.len(),
            hints: self.hints.rows.len(),
            ladder: self.ladder.len(),
            pane: self.pane.unwrap_or_default(),
        }
    }

    /// Lays out again what has changed, and keeps the selection on the screen.
    pub(in crate::tui) fn settle(
        &mut self,
        options: &ladder::Options,
        size: (u16, u16),
        full: bool,
        limit: Option<usize>,
    ) {
        let options = ladder::Options {
            width: layout::ladder_width(size, limit),
            ..options.clone()
        };
        if self
            .shape
            .as_ref()
            .is_none_or(|shape| shape.ladder != options)
        {
            self.ladder = ladder::layout(&self.flow, &options);
        }
        let message = MessageShape {
            width: layout::message_width(size, full),
            raw: self.raw,
            full,
            clock: self.ladder.clock(),
            event: self.current(),
        };
        let old = self.shape.as_ref().map(|shape| shape.message);
        if old != Some(message) {
            let moved = old.is_none_or(|old| old.event != message.event || old.full != full);
            self.lay_out_message(message, moved);
        }
        let shape = Shape {
            ladder: options,
            message,
        };
        self.shape = Some(shape);
        let width = usize::from(size.0.saturating_sub(1));
        self.title = head::headline(&self.flow, width, self.ascii);
        self.strip = head::strip(&self.flow.flow, self.ascii);
        if self.pane.is_none() && !full {
            let hints = self.hints.rows.len();
            self.pane = Some(self.message.rows.len() + hints + usize::from(hints > 0));
        }
        let wanted = self.wanted(usize::from(size.0));
        let areas = if full {
            layout::message(size, wanted)
        } else {
            layout::flow(size, wanted)
        };
        self.message.height = usize::from(areas.message.height);
        self.hints.height = usize::from(areas.hints.height.saturating_sub(1));
        self.message.scroll(0);
        self.hints.scroll(0);
        if !full {
            self.height = usize::from(areas.ladder.height);
            self.top = window(self.cursor(), self.top, self.ladder.len(), self.height);
        }
    }

    fn lay_out_message(&mut self, shape: MessageShape, moved: bool) {
        let lay_out = if shape.full {
            decode::message_by
        } else {
            decode::side_pane
        };
        let width = shape.width;
        let message = |key| {
            let (call, event) = self.message_of(key)?;
            Some(lay_out(call, event, shape.raw, width, shape.clock))
        };
        let mut rows = self.current().and_then(message).unwrap_or_default();
        if let Some(other) = self.ladder.other_direction_at(self.cursor()) {
            rows.push(Row::default());
            rows.extend(message(other).unwrap_or_default());
        }
        self.message.rows = rows;
        if self.ascii {
            for span in self.message.rows.iter_mut().flat_map(|row| &mut row.spans) {
                *span = Span::new(plain(span.text(), true), span.role);
            }
        }
        let hints: Vec<Hint> = self.hints_of_row(self.cursor());
        self.hints.rows = if shape.full {
            hints::rows(&hints, None, width, self.ascii)
        } else {
            hints::side_pane(&hints, width, self.ascii)
        };
        if shape.full && !self.hints.rows.is_empty() {
            // Full screen, one pane scrolls through everything: what is wrong first.
            let mut rows = std::mem::take(&mut self.hints.rows);
            rows.push(hints_heading(self.ascii));
            rows.append(&mut self.message.rows);
            self.message.rows = rows;
        }
        if moved {
            self.message.top = 0;
            self.hints.top = 0;
        }
    }

    /// Hints that stand on a row; on the first row also those that stand on none.
    fn hints_of_row(&self, row: usize) -> Vec<Hint> {
        let mut found: Vec<Hint> = self
            .placed_hints()
            .filter(|(place, _)| *place == row)
            .map(|(_, hint)| hint.clone())
            .collect();
        if row == 0 {
            let legs = self.flow.flow.legs.iter().zip(&self.flow.hints);
            let nowhere = legs.flat_map(|(call, hints)| {
                hints
                    .iter()
                    .filter(|hint| hints::place(call, hint).is_none())
            });
            found.extend(nowhere.cloned());
        }
        found
    }
}
