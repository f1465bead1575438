//! The list of calls: columns fitted to a width, sorted and filtered.

use std::fmt::Write as _;
use std::ops::Range;

use crate::analysis::CallRow;
use crate::call::{CallNo, CallState};
use crate::capture::{CaptureInfo, Note, Timestamp};
use crate::view::ladder::head;
use crate::view::{self, Role, Row, Span, clip, fit, plain, time};

mod column;
mod order;

pub use column::SortBy;
pub use order::{matches, sort};

use column::Column;

/// Between two columns.
const BETWEEN: usize = 2;
/// The result keeps this much before other columns go.
const RESULT_LEAST: usize = 28;
/// A width at which nothing is cut.
pub const WHOLE: usize = 1 << 20;

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

/// The list: heading lines and rows made when asked for.
#[derive(Clone, Debug)]
pub struct Calls<'a> {
    /// File, calls, time, packets, notes.
    pub title: Row,
    /// Names of the columns.
    pub header: Row,
    rows: &'a [CallRow],
    columns: Vec<(Column, usize)>,
    result: usize,
    start: Timestamp,
    options: Options,
}

/// How wide the content of the columns is. It only grows, so that a list which grows is measured row by row
/// as they come, and not as a whole whenever it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    start: Timestamp,
    content: [usize; Column::ALL.len()],
}

impl Measure {
    /// No rows yet; times are shown from `start`.
    pub fn new(start: Timestamp) -> Self {
        Self {
            start,
            ..Self::default()
        }
    }

    /// Time that times are shown from.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// Takes in a row.
    pub fn add(&mut self, row: &CallRow) {
        let mut text = String::new();
        for (column, width) in Column::ALL.iter().zip(&mut self.content) {
            text.clear();
            write_text(&mut text, *column, row, self.start);
            *width = (*width).max(view::width(&text));
        }
    }
}

/// Lays out the list; `rows` in the order to be shown.
pub fn layout<'a>(rows: &'a [CallRow], info: &CaptureInfo, options: &Options) -> Calls<'a> {
    let start = info
        .first_time
        .or_else(|| rows.iter().map(|row| row.started).min())
        .unwrap_or_default();
    let mut measure = Measure::new(start);
    for row in rows {
        measure.add(row);
    }
    layout_measured(rows, &measure, info, options)
}

/// Lays out a list whose columns have been measured already.
pub fn layout_measured<'a>(
    rows: &'a [CallRow],
    measure: &Measure,
    info: &CaptureInfo,
    options: &Options,
) -> Calls<'a> {
    let start = measure.start;
    let mut columns: Vec<(Column, usize)> = Column::ALL
        .iter()
        .zip(measure.content)
        // A column in which nothing stands says nothing.
        .filter(|(column, content)| **column != Column::OtherLeg || *content > 0)
        .map(|(column, content)| (*column, width_of(*column, content, options.width)))
        .collect();
    let room = |columns: &[(Column, usize)]| {
        let used: usize = columns.iter().map(|(_, width)| width + BETWEEN).sum();
        options.width.saturating_sub(MARK + used)
    };
    for column in Column::LEAST_NEEDED {
        if room(&columns) >= RESULT_LEAST {
            break;
        }
        columns.retain(|(kept, _)| *kept != column);
    }
    let result = room(&columns);
    let mut calls = Calls {
        title: title(rows, info, options.ascii),
        header: Row::default(),
        rows,
        columns,
        result,
        start,
        options: options.clone(),
    };
    calls.header = calls.heading();
    clip(&mut calls.title, options.width, options.ascii);
    clip(&mut calls.header, options.width, options.ascii);
    calls
}

/// The mark of a marked call and the space after it.
const MARK: usize = 2;

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
        let end = range.end.min(self.rows.len());
        let shown = self.rows.get(range.start.min(end)..end).unwrap_or_default();
        shown.iter().map(|row| self.row(row)).collect()
    }

    fn heading(&self) -> Row {
        let mut spans = vec![Span::plain(" ".repeat(MARK))];
        let sorted = |by: SortBy| match self.options.sorted {
            Some((sorted, descending)) if sorted == by => match (descending, self.options.ascii) {
                (false, false) => "▲",
                (true, false) => "▼",
                (false, true) => "^",
                (true, true) => "v",
            },
            _ => "",
        };
        for (column, width) in &self.columns {
            let mark = match column {
                Column::Sorted(by) => sorted(*by),
                Column::OtherLeg => "",
            };
            let text = format!("{}{mark}", column.heading());
            spans.push(Span::new(
                cell(&text, *width, column.is_right(), self.options.ascii),
                Role::Heading,
            ));
        }
        spans.push(Span::new(
            format!("result{}", sorted(SortBy::Result)),
            Role::Heading,
        ));
        Row::of(spans)
    }

    fn row(&self, row: &CallRow) -> Row {
        let ascii = self.options.ascii;
        let marked = self.options.marked.contains(&row.number);
        let mark = match (marked, ascii) {
            (false, _) => "  ",
            (true, false) => "● ",
            (true, true) => "* ",
        };
        let mut spans = Vec::with_capacity(self.columns.len() + 2);
        spans.push(Span::new(mark, Role::Mark));
        let mut text = String::new();
        for (column, width) in &self.columns {
            text.clear();
            write_text(&mut text, *column, row, self.start);
            let text = plain(&text, ascii);
            let role = match column {
                Column::Sorted(SortBy::Start | SortBy::Duration) | Column::OtherLeg => Role::Dim,
                Column::Sorted(SortBy::Hints) if row.hints.0 > 0 => Role::Error,
                Column::Sorted(SortBy::Hints) if row.hints.1 > 0 => Role::Warning,
                Column::Sorted(_) => Role::Plain,
            };
            spans.push(Span::new(
                cell(&text, *width, column.is_right(), ascii),
                role,
            ));
        }
        let (text, role) = result(row, ascii);
        spans.push(Span::new(fit(&text, self.result, ascii), role));
        let mut row = Row::of(spans);
        clip(&mut row, self.options.width, ascii);
        row
    }
}

/// Text in a column, with the space after it.
fn cell(text: &str, width: usize, right: bool, ascii: bool) -> String {
    let text = fit(text, width, ascii);
    let padding = width.saturating_sub(view::width(&text));
    let (before, after) = if right { (padding, 0) } else { (0, padding) };
    let mut out = String::with_capacity(text.len() + padding + BETWEEN);
    push_spaces(&mut out, before);
    out.push_str(&text);
    push_spaces(&mut out, after + BETWEEN);
    out
}

fn push_spaces(out: &mut String, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let some = count.min(SPACES.len());
        out.push_str(SPACES.get(..some).unwrap_or(SPACES));
        count -= some;
    }
}

fn width_of(column: Column, content: usize, width: usize) -> usize {
    let content = match column {
        Column::Sorted(SortBy::From | SortBy::To) => content.min((width / 6).clamp(8, 64)),
        _ => content,
    };
    // One more for the mark of the sorted column.
    content.max(column.heading().len() + 1)
}

/// Appends what stands in a column.
fn write_text(out: &mut String, column: Column, row: &CallRow, start: Timestamp) {
    let Column::Sorted(by) = column else {
        if let Some(other) = row.other_leg {
            let _ = write!(out, "↔{other}");
        }
        return;
    };
    // Writing to a String never fails.
    let _ = match by {
        SortBy::Number => write!(out, "{}", row.number),
        SortBy::Start => time::write_clock(out, start, row.started),
        SortBy::Duration => write!(out, "{:.1}s", row.duration),
        SortBy::From => out.write_str(&plain(&row.from, false)),
        SortBy::To => out.write_str(&plain(&row.to, false)),
        SortBy::Carrier => out.write_str(carrier(row)),
        SortBy::Pages => match &row.fax {
            Some(fax) => write!(out, "{}/{}", fax.pages_confirmed, fax.pages_sent),
            None => out.write_str("-"),
        },
        SortBy::Rate => {
            let rate = row.fax.as_ref().and_then(|fax| fax.rate.as_deref());
            out.write_str(rate.unwrap_or("-"))
        }
        SortBy::State => out.write_str(row.state.name()),
        SortBy::Packets => {
            let packets = &row.packets;
            let all = u64::from(packets.sip) + u64::from(packets.rtp) + u64::from(packets.t38);
            write_thousands(out, all)
        }
        SortBy::Hints => match row.hints {
            (0, 0) => out.write_str("-"),
            (0, warnings) => write!(out, "{warnings}!"),
            (errors, 0) => write!(out, "{errors}✗"),
            (errors, warnings) => write!(out, "{errors}✗ {warnings}!"),
        },
        SortBy::Result => out.write_str(&result(row, false).0),
    };
}

/// `T.38`, `G.711`, `voice`; `fax?` while the analysis is due, `-` where no media flowed.
pub(crate) fn carrier(row: &CallRow) -> &'static str {
    match &row.fax {
        Some(fax) => head::carrier_name(fax.carrier),
        None if row.pending => "fax?",
        None if row.packets.rtp > 0
            || matches!(row.state, CallState::Completed | CallState::InCall) =>
        {
            "voice"
        }
        None => "-",
    }
}

/// Verdict in a sentence, or what became of the call.
pub(crate) fn result(row: &CallRow, ascii: bool) -> (String, Role) {
    match &row.fax {
        Some(fax) => {
            let (mark, role) = head::verdict(fax.verdict, ascii);
            (format!("{mark} {}", plain(&fax.summary, ascii)), role)
        }
        None if row.pending => ("not analysed yet".to_owned(), Role::Dim),
        None => match row.status {
            Some(status @ 300..) => (format!("{}: {status}", row.state.name()), Role::Warning),
            _ => (row.state.name().to_owned(), Role::Dim),
        },
    }
}

fn title(rows: &[CallRow], info: &CaptureInfo, ascii: bool) -> Row {
    let faxes = rows.iter().filter(|row| row.fax.is_some()).count();
    let mut text = format!(
        "   {}, {}",
        count(rows.len(), "call", "calls"),
        count(faxes, "fax", "faxes")
    );
    if let (Some(first), Some(last)) = (info.first_time, info.last_time) {
        let (from, until) = (time::date(first), time::date(last));
        let same_day = from.get(..10) == until.get(..10);
        let until = if same_day {
            until.get(11..).unwrap_or(&until)
        } else {
            &until
        };
        let _ = write!(text, "   {from} to {until} UTC");
    }
    let _ = write!(text, "   {} packets", thousands(info.packets));
    if !info.notes.is_empty() {
        let _ = write!(text, "   {}", count(info.notes.len(), "note", "notes"));
    }
    Row::of(vec![
        Span::new(plain(&info.file, ascii), Role::Heading),
        Span::new(text, Role::Dim),
    ])
}

/// A note with its place: `Note: the last frame is cut (frame 41203, offset 12345600)`
pub(crate) fn note_text(note: &Note, ascii: bool) -> String {
    let mut text = format!("Note: {}", plain(&note.text, ascii));
    // Writing to a String never fails.
    let _ = match (note.frame, note.offset) {
        (Some(frame), Some(offset)) => write!(text, " (frame {frame}, offset {offset})"),
        (Some(frame), None) => write!(text, " (frame {frame})"),
        (None, Some(offset)) => write!(text, " (offset {offset})"),
        (None, None) => Ok(()),
    };
    text
}

/// The first note in one line of `width`; where that is not all there is to read, `more` stands at its end.
pub(crate) fn note_row(notes: &[Note], more: &str, width: usize, ascii: bool) -> Option<Row> {
    let text = note_text(notes.first()?, ascii);
    if notes.len() == 1 && view::width(&text) <= width {
        return Some(Row::of(vec![Span::new(text, Role::Warning)]));
    }
    let room = width.saturating_sub(view::width(more) + BETWEEN);
    let text = fit(&text, room, ascii).into_owned();
    let mut row = Row::of(vec![
        Span::new(text, Role::Warning),
        Span::new(format!("{}{more}", " ".repeat(BETWEEN)), Role::Dim),
    ]);
    clip(&mut row, width, ascii);
    Some(row)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number.try_into().unwrap_or(u64::MAX)),
        if number == 1 { one } else { many }
    )
}

/// `41,203`
pub(crate) fn thousands(number: u64) -> String {
    let mut out = String::new();
    // Writing to a String never fails.
    let _ = write_thousands(&mut out, number);
    out
}

fn write_thousands(out: &mut String, number: u64) -> std::fmt::Result {
    if number < 1000 {
        return write!(out, "{number}");
    }
    write_thousands(out, number / 1000)?;
    write!(out, ",{:03}", number % 1000)
}

#[cfg(test)]
mod tests;
