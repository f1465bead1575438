//! How wide the columns of a list have to be.

use super::SortBy;
use super::cell::{Look, duration_width, packets, text_width, thousands_width};
use super::column::Column;
use crate::analysis::CallRow;
use crate::capture::Timestamp;
use crate::view::time::{Began, TimeMode, Zone};
use crate::view::{Names, digits, width};

/// How wide the content of the columns is. It only grows, so that a list which grows is measured row by row
/// as they come, and not as a whole whenever it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    start: Timestamp,
    names: Names,
    /// Of the columns with words.
    words: [usize; Column::ALL.len()],
    /// Of those with numbers.
    extremes: Extremes,
    /// Of the results.
    result: usize,
}

impl Measure {
    /// No rows yet; times are shown from `start`, hosts by their names.
    pub fn new(start: Timestamp, names: Names) -> Self {
        Self {
            start,
            names,
            ..Self::default()
        }
    }

    /// Time that times are shown from.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// How the times of these calls are shown.
    pub(super) fn began(&self, mode: TimeMode, zone: Zone) -> Began {
        let calls = self.extremes.started.unwrap_or_default();
        Began::of(mode, zone, self.start, calls)
    }

    /// Takes in a row.
    pub fn add(&mut self, row: &CallRow<'_>) {
        self.extremes.take(row);
        self.result = self.result.max(result_width(row));
        let look = Look {
            began: Began::Since(self.start),
            names: &self.names,
        };
        for (column, width) in Column::ALL.iter().zip(&mut self.words) {
            if !column.is_number() {
                *width = (*width).max(text_width(*column, row, look));
            }
        }
    }

    /// How wide the results are.
    pub(super) fn result(&self) -> usize {
        self.result
    }

    /// The columns, and how wide each is.
    pub(super) fn content(&self, began: Began) -> impl Iterator<Item = (Column, usize)> {
        let widths = Column::ALL.into_iter().zip(self.words);
        widths.map(move |(column, words)| {
            let numbers = self.extremes.width(column, began);
            (column, numbers.unwrap_or(words))
        })
    }
}

/// About how wide the result of a row is: measured without being written.
fn result_width(row: &CallRow<'_>) -> usize {
    const MARK: usize = 2;
    const STATUS: usize = ": 488".len();
    match (&row.fax, &row.failure) {
        (Some(fax), _) => MARK + width(&fax.summary),
        (None, Some(failure)) => MARK + width(failure),
        (None, None) => MARK + row.state.name().len() + STATUS,
    }
}

/// The numbers and times of some rows that are the widest.
#[derive(Clone, Debug, Default, PartialEq)]
struct Extremes {
    number: u32,
    duration: f64,
    packets: u64,
    /// The first and the last start.
    started: Option<(Timestamp, Timestamp)>,
}

impl Extremes {
    /// Takes in a row.
    fn take(&mut self, row: &CallRow<'_>) {
        self.number = self.number.max(row.number.0);
        self.duration = self.duration.max(row.duration);
        self.packets = self.packets.max(packets(row));
        let (first, last) = self.started.unwrap_or((row.started, row.started));
        self.started = Some((first.min(row.started), last.max(row.started)));
    }

    /// The width of a column with numbers.
    fn width(&self, column: Column, began: Began) -> Option<usize> {
        let (first, last) = self.started?;
        match column {
            Column::Sorted(SortBy::Number) => Some(digits(self.number.into())),
            Column::Sorted(SortBy::Start) => Some(began.width(first).max(began.width(last))),
            Column::Sorted(SortBy::Duration) => Some(duration_width(self.duration)),
            Column::Sorted(SortBy::Packets) => Some(thousands_width(self.packets)),
            _ => None,
        }
    }
}
