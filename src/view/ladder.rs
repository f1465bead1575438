//! The flow of one fax as a ladder: one lifeline a host, one row an event.

use std::ops::Range;

use crate::analysis::AnalysedFlow;
use crate::call::{CallNo, EventId};
use crate::view::Row;
use crate::view::time::TimeMode;

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
}

/// Lays out one or two legs for a screen: exactly one row an event, labels shortened where unavoidable.
pub fn layout(flow: &AnalysedFlow, options: &Options) -> Ladder {
    let _ = (flow, options);
    Ladder {
        title: Row::default(),
        strip: Row::default(),
        header: Vec::new(),
        keys: Vec::new(),
    }
}

impl Ladder {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the rows (the range is cut to what there is).
    pub fn rows(&self, range: Range<usize>) -> Vec<Row> {
        let _ = range;
        Vec::new()
    }

    /// All rows.
    pub fn all_rows(&self) -> Vec<Row> {
        self.rows(0..self.len())
    }

    /// The row of an event; of one that is folded away, the row that stands for it.
    pub fn row_of(&self, call: CallNo, event: EventId) -> Option<usize> {
        let _ = (call, event);
        None
    }

    /// The event of a row.
    pub fn event_at(&self, row: usize) -> Option<(CallNo, EventId)> {
        self.keys.get(row).copied()
    }
}
