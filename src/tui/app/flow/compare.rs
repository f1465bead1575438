//! Two messages of a flow to be compared: which, and their rows.

use super::{COPIED, FlowView};
use crate::tui::layout::GUTTER;
use crate::view::decode::beside::{Shape, side_by_side};
use crate::view::{Row, to_text};

/// What became of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Marked {
    /// It waits for another one.
    First,
    /// It was taken away.
    Gone,
    /// There are two now.
    Both,
    /// Nothing is there.
    Nothing,
}

impl FlowView {
    /// Marks the selected message; of a second one both are to be shown.
    pub(in crate::tui) fn mark(&mut self) -> Marked {
        let Some(current) = self.current() else {
            return Marked::Nothing;
        };
        match self.marked {
            Some(marked) if marked == current => {
                self.marked = None;
                Marked::Gone
            }
            Some(_) => {
                self.other = Some(current);
                self.compared.top = 0;
                Marked::Both
            }
            None => {
                self.marked = Some(current);
                Marked::First
            }
        }
    }

    /// The row of the marked message, where it is shown.
    pub(in crate::tui) fn marked_row(&self) -> Option<usize> {
        let (call, event) = self.marked?;
        self.ladder.row_of(call, event)
    }

    /// Lays both out for a screen.
    pub(in crate::tui) fn settle_compared(&mut self, size: (u16, u16)) {
        let width = usize::from(size.0.saturating_sub(GUTTER));
        self.compared.rows = self.compared_rows(width);
        self.compared.height = usize::from(size.1.saturating_sub(1));
        self.compared.scroll(0);
    }

    /// Both messages with nothing cut.
    pub(in crate::tui) fn copied_compared(&self) -> String {
        to_text(&self.compared_rows(COPIED))
    }

    fn compared_rows(&self, width: usize) -> Vec<Row> {
        let message = |key: Option<_>| self.message_of(key?);
        let (Some(left), Some(right)) = (message(self.marked), message(self.other)) else {
            return Vec::new();
        };
        let shape = Shape {
            width,
            clock: self.ladder.clock(),
            ascii: self.ascii,
            only_differences: self.only_differences,
        };
        side_by_side(left, right, shape)
    }
}
