//! State of the calls list: rows as they come in, order, filter, marks, selection.

use crate::analysis::CallRow;
use crate::call::CallNo;
use crate::capture::Timestamp;
use crate::view::Names;
use crate::view::calls::{self, Filter, Measure, SortBy};
use crate::view::window::window;

/// The calls list.
#[derive(Debug, Default)]
pub struct CallsList {
    /// All rows, by number.
    all: Vec<CallRow<'static>>,
    /// Rows in the order shown, where that is another one (sorted otherwise, or filtered).
    shown: Option<Vec<CallRow<'static>>>,
    /// Selected call.
    selected: Option<CallNo>,
    /// Place of the selected call among the rows shown.
    cursor: usize,
    /// First row on the screen.
    top: usize,
    /// Marked calls, two at most, in the order of marking.
    marked: Vec<CallNo>,
    /// Words that every row shown has.
    filter: String,
    /// Column, and whether downwards.
    sorted: (SortBy, bool),
    /// The order has to be made again now.
    stale: bool,
    /// Rows that have come or changed since the order was made.
    changed: usize,
    /// Widths of all rows.
    measure: Measure,
    /// Names for hosts.
    names: Names,
}

impl CallsList {
    /// An empty list.
    pub fn new(names: Names) -> Self {
        Self {
            measure: Measure::new(Timestamp::default(), names.clone()),
            names,
            ..Self::default()
        }
    }

    /// Takes in rows that are new or have changed.
    pub(in crate::tui) fn take(&mut self, rows: Vec<CallRow<'static>>) {
        self.changed += rows.len();
        for row in rows {
            self.measure.add(&row);
            match self.all.last() {
                Some(last) if last.number >= row.number => {
                    match self.all.binary_search_by_key(&row.number, |old| old.number) {
                        Ok(at) => {
                            if let Some(old) = self.all.get_mut(at) {
                                *old = row;
                            }
                        }
                        Err(at) => self.all.insert(at, row),
                    }
                }
                _ => self.all.push(row),
            }
        }
    }

    /// Takes out the rows of calls that are no longer there.
    pub(in crate::tui) fn drop(&mut self, numbers: &[CallNo]) {
        let gone = |number: CallNo| numbers.binary_search(&number).is_ok();
        self.all.retain(|row| !gone(row.number));
        self.marked.retain(|number| !gone(*number));
        self.stale = true;
    }

    /// Widths of the columns.
    pub fn measure(&self) -> &Measure {
        &self.measure
    }

    /// Rows in the order shown.
    pub fn shown(&self) -> &[CallRow<'static>] {
        self.shown.as_deref().unwrap_or(&self.all)
    }

    /// How many calls there are, shown or not.
    pub fn total(&self) -> usize {
        self.all.len()
    }

    /// The row of a call.
    pub fn row(&self, number: CallNo) -> Option<&CallRow<'static>> {
        let at = self
            .all
            .binary_search_by_key(&number, |row| row.number)
            .ok()?;
        self.all.get(at)
    }

    /// Whether a call is known.
    pub fn has(&self, number: CallNo) -> bool {
        self.row(number).is_some()
    }

    /// The call with a Call-ID.
    pub fn number_of(&self, call_id: &str) -> Option<CallNo> {
        self.all
            .iter()
            .find(|row| row.call_id.as_deref() == Some(call_id.as_bytes()))
            .map(|row| row.number)
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&CallRow<'static>> {
        self.shown().get(self.cursor)
    }

    /// Place of the selected row among those shown.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// First row on the screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// Marked calls.
    pub fn marked(&self) -> &[CallNo] {
        &self.marked
    }

    /// The filter.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Column that the list is sorted by, and whether downwards.
    pub fn sorted(&self) -> (SortBy, bool) {
        self.sorted
    }

    /// Selects a call.
    pub fn select(&mut self, number: CallNo) {
        self.selected = Some(number);
        self.find_selected();
    }

    /// Selects the row at a place among those shown; `false`: it was selected already, or there is none.
    pub(in crate::tui) fn select_place(&mut self, place: usize) -> bool {
        let new = place != self.cursor && place < self.shown().len();
        if new {
            self.cursor = place;
            self.selected = self.selected().map(|row| row.number);
        }
        new
    }

    /// Selects the row `by` rows further, or the first or last one.
    pub(in crate::tui) fn move_by(&mut self, by: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.selected = self.selected().map(|row| row.number);
    }

    /// Marks or unmarks the selected call; a third mark takes the place of the first.
    pub(in crate::tui) fn mark_selected(&mut self) {
        if let Some(number) = self.selected().map(|row| row.number) {
            self.toggle_mark(number);
        }
    }

    fn toggle_mark(&mut self, number: CallNo) {
        if let Some(at) = self.marked.iter().position(|marked| *marked == number) {
            self.marked.remove(at);
            return;
        }
        if self.marked.len() == 2 {
            self.marked.remove(0);
        }
        self.marked.push(number);
    }

    /// Marks the selected call and its other leg, or takes these marks away. `false`: it has none.
    pub(in crate::tui) fn mark_with_other_leg(&mut self) -> bool {
        let Some((number, Some(other))) = self.selected().map(|row| (row.number, row.other_leg))
        else {
            return false;
        };
        let both = vec![number, other];
        let marked = both.iter().all(|call| self.marked.contains(call));
        self.marked = if marked { Vec::new() } else { both };
        true
    }

    /// Shows only rows with these words.
    pub(in crate::tui) fn set_filter(&mut self, filter: &str) {
        filter.clone_into(&mut self.filter);
        self.stale = true;
    }

    /// Sorts by the next of the columns that are shown, or the one before.
    pub(in crate::tui) fn sort_by_next(&mut self, forward: bool, shown: &[SortBy]) {
        let len = shown.len().max(1);
        let at = shown.iter().position(|by| *by == self.sorted.0);
        let next = match (at, forward) {
            (None, _) => 0,
            (Some(at), true) => (at + 1) % len,
            (Some(at), false) => (at + len - 1) % len,
        };
        let by = shown.get(next).copied().unwrap_or_default();
        self.sorted = (by, false);
        self.stale = true;
    }

    /// Turns the order round.
    pub(in crate::tui) fn turn(&mut self) {
        self.sorted.1 = !self.sorted.1;
        self.stale = true;
    }

    /// Makes the order again if it is stale, and keeps the selection on a screen of `height` rows. Times
    /// count from `start`. A long list that is sorted or filtered while it comes in is put in order again
    /// when it has grown by an eighth, and at its end.
    pub(in crate::tui) fn settle(&mut self, height: usize, start: Timestamp, finished: bool) {
        if self.measure.start() != start {
            self.measure = Measure::new(start, self.names.clone());
            self.all.iter().for_each(|row| self.measure.add(row));
        }
        let grown = self.changed > 0
            && (finished || self.shown.is_none() || self.changed * 8 >= self.all.len().min(8_000));
        if self.stale || grown {
            self.stale = false;
            self.changed = 0;
            self.order();
            self.find_selected();
        }
        self.top = window(self.cursor, self.top, self.shown().len(), height);
    }

    fn order(&mut self) {
        let natural = self.sorted == (SortBy::Number, false);
        if natural && self.filter.trim().is_empty() {
            self.shown = None;
            return;
        }
        let filter = Filter::new(&self.filter, &self.names);
        let mut rows: Vec<CallRow<'static>> = self
            .all
            .iter()
            .filter(|row| filter.has(row))
            .cloned()
            .collect();
        if !natural {
            calls::sort(&mut rows, self.sorted.0, self.sorted.1);
        }
        self.shown = Some(rows);
    }

    /// The cursor follows the selected call; where that is not shown, it stays as near as it can.
    fn find_selected(&mut self) {
        let last = self.shown().len().saturating_sub(1);
        let Some(number) = self.selected else {
            self.cursor = self.cursor.min(last);
            return;
        };
        let found = match &self.shown {
            None => self
                .all
                .binary_search_by_key(&number, |row| row.number)
                .ok(),
            Some(rows) => rows.iter().position(|row| row.number == number),
        };
        self.cursor = found.unwrap_or(self.cursor).min(last);
    }
}
