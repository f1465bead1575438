//! Hints as rows: in full under the message, in one line beside the arrow.

use crate::call::EventId;
use crate::hint::Hint;
use crate::view::{Row, Span};

/// The hints that stand on `event` in full (all hints where it is `None`): mark, rule, what was seen,
/// advice, frames, reference; wrapped to `width`.
pub fn rows(hints: &[Hint], event: Option<EventId>, width: usize, ascii: bool) -> Vec<Row> {
    let _ = (hints, event, width, ascii);
    Vec::new()
}

/// Mark and what was seen, for beside the arrow.
pub fn one_line(hint: &Hint, ascii: bool) -> Vec<Span> {
    let _ = (hint, ascii);
    Vec::new()
}
