//! Where things are in a flow: steps, troubles, frames, text, the event that decided.

use std::collections::BTreeSet;

use super::FlowView;
use crate::analysis::AnalysedFlow;
use crate::call::{Call, CallNo, EventId, EventKind};
use crate::hint::{Hint, Severity};
use crate::view::{Pattern, Row, decode, hints};

impl FlowView {
    /// Whether a row is a step of the fax.
    pub(in crate::tui) fn is_step(&self, row: usize) -> bool {
        let event = self.current_event_of(self.ladder.event_at(row));
        event.is_some_and(|event| match &event.kind {
            EventKind::T30(_) | EventKind::Tcf(_) | EventKind::PageData(_) => true,
            EventKind::Missing(_) => event.phase.is_some(),
            _ => false,
        })
    }

    /// Rows with an error or a warning on them.
    pub(in crate::tui) fn trouble_rows(&self) -> BTreeSet<usize> {
        self.placed_hints()
            .filter(|(_, hint)| hint.finding.severity <= Severity::Warning)
            .map(|(row, _)| row)
            .collect()
    }

    /// Whether a row, or the text of its SIP message, has what is searched for.
    pub(in crate::tui) fn row_has(&self, row: usize, pattern: &Pattern) -> bool {
        let has = |rows: &[Row]| rows.iter().any(|row| pattern.is_in(&row.text()));
        if has(&self.ladder.rows(row..row + 1)) {
            return true;
        }
        let message = self
            .ladder
            .event_at(row)
            .and_then(|key| self.message_of(key));
        message.is_some_and(|(call, event)| {
            matches!(event.kind, EventKind::Sip(_)) && has(&decode::message(call, event, true, 512))
        })
    }

    /// The row of a frame: the one that has it, or the first one after it.
    pub(in crate::tui) fn row_of_frame(&self, frame: u32) -> Option<usize> {
        let of = |row: usize| self.current_event_of(self.ladder.event_at(row));
        let has = |row: &usize| {
            of(*row).is_some_and(|event| event.frame.0 <= frame && frame <= event.last_frame.0)
        };
        let exact = |row: &usize| of(*row).is_some_and(|event| event.frame.0 == frame);
        let after = |row: &usize| of(*row).is_some_and(|event| event.frame.0 >= frame);
        (0..self.ladder.len())
            .find(exact)
            .or_else(|| (0..self.ladder.len()).find(has))
            .or_else(|| (0..self.ladder.len()).find(after))
    }

    /// Hints with the rows that they stand on.
    pub(super) fn placed_hints(&self) -> impl Iterator<Item = (usize, &Hint)> {
        let legs = self.flow.flow.legs.iter().zip(&self.flow.hints);
        legs.flat_map(|(call, hints)| hints.iter().map(move |hint| (call, hint)))
            .filter_map(|(call, hint)| {
                let row = self.ladder.row_of(call.number, hints::place(call, hint)?)?;
                Some((row, hint))
            })
    }
}

/// The event on which the root cause stands, or else the first error that is no consequence.
pub(super) fn deciding_event(flow: &AnalysedFlow) -> Option<(CallNo, EventId)> {
    let legs = || flow.flow.legs.iter().zip(&flow.hints);
    let find = |is: fn(&Call, &Hint) -> bool| {
        legs().find_map(|(call, hints)| {
            let hint = hints.iter().find(|hint| is(call, hint))?;
            Some((call.number, hints::place(call, hint)?))
        })
    };
    let cause = find(|call, hint| {
        let cause = call.cause.map(|cause| cause.rule);
        cause == Some(hint.rule.id) && hints::place(call, hint).is_some()
    });
    cause.or_else(|| {
        find(|call, hint| {
            hint.finding.severity == Severity::Error
                && !hint.consequence
                && hints::place(call, hint).is_some()
        })
    })
}
