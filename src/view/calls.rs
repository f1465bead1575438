//! The list of calls: columns fitted to a width, sorted and filtered.

use std::ops::Range;

use crate::analysis::CallRow;
use crate::call::CallNo;
use crate::capture::CaptureInfo;
use crate::view::Row;

/// Shape of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns to use.
    pub width: usize,
    /// Plain ASCII.
    pub ascii: bool,
    /// Calls marked by the user.
    pub marked: Vec<CallNo>,
    /// Column by which the rows are sorted, and whether downwards: marked in the heading.
    pub sorted: Option<(SortBy, bool)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 118,
            ascii: false,
            marked: Vec::new(),
            sorted: None,
        }
    }
}

/// What to sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// Number of the call.
    #[default]
    Number,
    /// First packet.
    Start,
    /// Duration.
    Duration,
    /// Caller.
    From,
    /// Callee.
    To,
    /// T.38, G.711, voice.
    Carrier,
    /// Pages.
    Pages,
    /// Rate.
    Rate,
    /// Verdict.
    Result,
    /// State.
    State,
    /// Packets.
    Packets,
    /// Hints.
    Hints,
}

impl SortBy {
    /// All of them, in the order of the columns.
    pub const ALL: &'static [Self] = &[
        Self::Number,
        Self::Start,
        Self::Duration,
        Self::From,
        Self::To,
        Self::Carrier,
        Self::Pages,
        Self::Rate,
        Self::Result,
        Self::State,
        Self::Packets,
        Self::Hints,
    ];

    /// The next column (`forward`), or the one before; at the end round to the other.
    #[must_use]
    pub fn step(self, forward: bool) -> Self {
        let at = Self::ALL.iter().position(|by| *by == self).unwrap_or(0);
        let len = Self::ALL.len();
        let next = if forward { at + 1 } else { at + len - 1 } % len;
        Self::ALL.get(next).copied().unwrap_or_default()
    }
}

/// The list: heading lines and rows made when asked for.
#[derive(Clone, Debug)]
pub struct Calls<'a> {
    /// File, calls, time, packets, notes.
    pub title: Row,
    /// Names of the columns.
    pub header: Row,
    rows: &'a [CallRow],
}

/// Lays out the list; `rows` in the order to be shown.
pub fn layout<'a>(rows: &'a [CallRow], info: &CaptureInfo, options: &Options) -> Calls<'a> {
    let _ = (info, options);
    Calls {
        title: Row::default(),
        header: Row::default(),
        rows,
    }
}

impl Calls<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Some of the rows (the range is cut to what there is), one each call.
    pub fn rows(&self, range: Range<usize>) -> Vec<Row> {
        let _ = range;
        Vec::new()
    }
}

/// Sorts rows; equal ones by number. `descending` turns the key round, not the number.
pub fn sort(rows: &mut [CallRow], by: SortBy, descending: bool) {
    let _ = (rows, by, descending);
}

/// Whether a row has all words of `filter`, in any column, whatever the case. `state:failed`, `from:2007`
/// and the like look into one column only.
pub fn matches(row: &CallRow, filter: &str) -> bool {
    let _ = (row, filter);
    true
}
