//! Hints as rows: in full under the message, in one line beside the arrow.

use crate::call::{Call, EventId};
use crate::hint::{Hint, Severity};
use crate::view::{Role, Row, Span, plain, wrap};

/// Most frames that are named.
const FRAMES: usize = 12;
/// Columns before all lines but the first.
const INDENT: usize = 2;

/// The hints that stand on `event` in full (all hints where it is `None`): mark, rule, what was seen,
/// advice, frames, reference; wrapped to `width`.
pub fn rows(hints: &[Hint], event: Option<EventId>, width: usize, ascii: bool) -> Vec<Row> {
    hints
        .iter()
        .filter(|hint| event.is_none() || hint.finding.event == event)
        .flat_map(|hint| full(hint, width, ascii))
        .collect()
}

/// Hints for a pane beside the ladder: the first in full if it is about something wrong, of the others what
/// was seen. Full screen (Enter) has all of all.
pub fn side_pane(hints: &[Hint], width: usize, ascii: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut cut = false;
    for (at, hint) in hints.iter().enumerate() {
        rows.extend(seen(hint, width, ascii));
        if at == 0 && hint.finding.severity <= Severity::Warning && !hint.consequence {
            rows.extend(indented(&hint.advice(), Role::Plain, width, ascii));
            let source = indented(&source(hint), Role::Dim, usize::MAX, ascii);
            rows.extend(source);
        } else {
            cut |= hint.finding.severity != Severity::Ok;
        }
    }
    if cut {
        rows.push(Row::of(vec![Span::new("  Enter: advice", Role::Dim)]));
    }
    for row in &mut rows {
        crate::view::clip(row, width, ascii);
    }
    rows
}

/// One hint in full.
pub fn full(hint: &Hint, width: usize, ascii: bool) -> Vec<Row> {
    let mut rows = seen(hint, width, ascii);
    rows.extend(indented(&hint.advice(), Role::Plain, width, ascii));
    rows.extend(indented(&source(hint), Role::Dim, width, ascii));
    for row in &mut rows {
        crate::view::clip(row, width, ascii);
    }
    rows
}

/// Where it was seen, and where it is written.
fn source(hint: &Hint) -> String {
    let mut source = frames(hint);
    if !source.is_empty() {
        source.push_str(".  ");
    }
    source.push_str(hint.rule.reference);
    if hint.consequence {
        source.push_str("  (a consequence of the cause)");
    }
    source
}

fn indented(text: &str, role: Role, width: usize, ascii: bool) -> Vec<Row> {
    wrap_paragraph(&plain(text, ascii), width.saturating_sub(INDENT))
        .into_iter()
        .map(|line| Row::of(vec![Span::plain(" ".repeat(INDENT)), Span::new(line, role)]))
        .collect()
}

/// Mark, rule and what was seen.
fn seen(hint: &Hint, width: usize, ascii: bool) -> Vec<Row> {
    let role = role(hint);
    let mark = hint.finding.severity.mark(ascii);
    let head = format!("{}   {}", hint.rule.id, plain(&hint.says(), ascii));
    let mut rows: Vec<Row> = Vec::new();
    for (at, line) in wrap_paragraph(&head, width.saturating_sub(INDENT))
        .into_iter()
        .enumerate()
    {
        let start = if at == 0 {
            format!("{mark} ")
        } else {
            " ".repeat(INDENT)
        };
        rows.push(Row::of(vec![Span::new(start, role), Span::new(line, role)]));
    }
    rows
}

/// Mark and what was seen, for beside the arrow.
pub fn one_line(hint: &Hint, ascii: bool) -> Vec<Span> {
    let role = role(hint);
    vec![
        Span::new(format!("{} ", hint.finding.severity.mark(ascii)), role),
        Span::new(plain(&hint.says(), ascii), role),
    ]
}

/// `Frames 312, 418, 530`; empty where there are none.
pub fn frames(hint: &Hint) -> String {
    let frames = &hint.finding.frames;
    let named: Vec<String> = frames
        .iter()
        .take(FRAMES)
        .map(ToString::to_string)
        .collect();
    let more = frames.len().saturating_sub(FRAMES);
    match (named.as_slice(), more) {
        ([], _) => String::new(),
        ([one], _) => format!("Frame {one}"),
        (named, 0) => format!("Frames {}", named.join(", ")),
        (named, more) => format!("Frames {} and {more} more", named.join(", ")),
    }
}

/// What a hint stands for: its severity, or a consequence.
pub fn role(hint: &Hint) -> Role {
    if hint.consequence {
        return Role::Consequence;
    }
    match hint.finding.severity {
        Severity::Error => Role::Error,
        Severity::Warning => Role::Warning,
        Severity::Note => Role::Note,
        Severity::Ok => Role::Good,
    }
}

/// The event on whose row a hint stands: see [`crate::hint::place`].
pub fn place(call: &Call, hint: &Hint) -> Option<EventId> {
    crate::hint::place(call, hint).map(|event| event.id)
}

/// Wraps, keeping runs of spaces inside a line.
fn wrap_paragraph(text: &str, width: usize) -> Vec<String> {
    if unicode_width::UnicodeWidthStr::width(text) <= width {
        return vec![text.to_owned()];
    }
    wrap(text, width)
}
