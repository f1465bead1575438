//! The list of calls: columns fitted to a width, sorted and filtered.

use std::borrow::{Borrow, Cow};
use std::fmt::Write as _;
use std::ops::Range;

use crate::analysis::CallRow;
use crate::call::{CallNo, CallState, Verdict};
use crate::capture::{CaptureInfo, Note, Timestamp};
use crate::view::ladder::head;
use crate::view::time::{Began, TimeMode, Zone};
use crate::view::{self, Names, Role, Row, Span, clip, fit, plain, push_number, time};

mod cell;
mod column;
mod measure;
mod order;

pub use column::{Column, SortBy};
pub use measure::Measure;
pub use order::{Filter, sort};

use cell::{Look, push_cell, push_column, push_thousands};

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
    /// How the beginning of calls is shown.
    pub time: TimeMode,
    /// The zone of local time.
    pub zone: Zone,
    /// Calls that there are, where not all are shown.
    pub of: Option<usize>,
    /// Column by which the rows are sorted, and whether downwards: marked in the heading.
    pub sorted: Option<(SortBy, bool)>,
    /// The columns before the result, where the user chose them.
    pub columns: Option<Vec<Column>>,
    /// Names for hosts.
    pub names: Names,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 118,
            ascii: false,
            marked: Vec::new(),
            time: TimeMode::Relative,
            zone: Zone::UTC,
            of: None,
            sorted: None,
            columns: None,
            names: Names::default(),
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
    rows: &'a [CallRow<'a>],
    table: Table,
}

/// The columns of a list and how wide they are: what a row of it is made by.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(Column, usize)>,
    result: usize,
    began: Began,
    options: Options,
}

/// Lays out the list; `rows` in the order to be shown.
pub fn layout<'a>(rows: &'a [CallRow<'a>], info: &CaptureInfo, options: &Options) -> Calls<'a> {
    let mut measure = Measure::new(start(rows, info), options.names.clone());
    for row in rows {
        measure.add(row);
    }
    layout_measured(rows, &measure, info, options)
}

/// Time that the times of a list are shown from: the first packet of the capture.
pub fn start<'r, R>(rows: R, info: &CaptureInfo) -> Timestamp
where
    R: IntoIterator<Item: Borrow<CallRow<'r>>>,
{
    let earliest = || rows.into_iter().map(|row| row.borrow().started).min();
    info.first_time.or_else(earliest).unwrap_or_default()
}

/// Lays out a list whose columns have been measured already.
pub fn layout_measured<'a>(
    rows: &'a [CallRow<'a>],
    measure: &Measure,
    info: &CaptureInfo,
    options: &Options,
) -> Calls<'a> {
    let table = Table::new(measure, options);
    let faxes = rows.iter().filter(|row| row.fax.is_some()).count();
    Calls {
        title: title(rows.len(), faxes, info, options),
        header: table.heading(),
        rows,
        table,
    }
}

/// The mark of a marked call and the space after it.
const MARK: usize = 2;

impl Calls<'_> {
    /// Its columns.
    pub fn table(&self) -> &Table {
        &self.table
    }

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
        shown.iter().map(|row| self.table.row(row)).collect()
    }
}

impl Table {
    /// A table for rows that have been measured.
    pub fn new(measure: &Measure, options: &Options) -> Self {
        let began = measure.began(options.time, options.zone);
        let mut columns = columns(measure, began, options);
        let room = |columns: &[(Column, usize)]| {
            let used: usize = columns.iter().map(|(_, width)| width + BETWEEN).sum();
            options.width.saturating_sub(MARK + used)
        };
        // The result comes first, up to two fifths of the width.
        let least = measure
            .result()
            .min(options.width * 2 / 5)
            .max(RESULT_LEAST);
        for column in Column::LEAST_NEEDED {
            if room(&columns) >= least {
                break;
            }
            columns.retain(|(kept, _)| *kept != column);
        }
        Self {
            result: room(&columns),
            columns,
            began,
            options: options.clone(),
        }
    }

    /// What the list can be sorted by, in the order of the columns that are shown.
    pub fn sortable(&self) -> Vec<SortBy> {
        let shown = self.columns.iter().filter_map(|(column, _)| match column {
            Column::Sorted(by) => Some(*by),
            _ => None,
        });
        shown.chain([SortBy::Result]).collect()
    }

    /// The result of a row where its column cuts it.
    pub fn cut_result(&self, row: &CallRow<'_>) -> Option<Row> {
        let (text, role) = result(row, self.options.ascii);
        let cut = view::width(&text) > self.result;
        cut.then(|| Row::of(vec![Span::new(text, role)]))
    }

    /// Names of the columns.
    pub fn heading(&self) -> Row {
        let ascii = self.options.ascii;
        let mut spans = vec![Span::plain(" ".repeat(MARK))];
        let sorted = |by: SortBy| match self.options.sorted {
            Some((sorted, descending)) if sorted == by => match (descending, ascii) {
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
                _ => "",
            };
            let text = format!("{}{mark}", column.heading());
            let mut cell = String::new();
            push_cell(&mut cell, &text, *width, column.is_right(), ascii);
            spans.push(Span::new(cell, Role::Heading));
        }
        spans.push(Span::new(
            format!("result{}", sorted(SortBy::Result)),
            Role::Heading,
        ));
        let mut row = Row::of(spans);
        clip(&mut row, self.options.width, ascii);
        row
    }

    fn look(&self) -> Look<'_> {
        Look {
            began: self.began,
            names: &self.options.names,
        }
    }

    fn mark(&self, row: &CallRow<'_>) -> &'static str {
        let marked = self.options.marked.contains(&row.number);
        match (marked, self.options.ascii) {
            (false, _) => "  ",
            (true, false) => "● ",
            (true, true) => "* ",
        }
    }

    /// A row of the list.
    pub fn row(&self, row: &CallRow<'_>) -> Row {
        let ascii = self.options.ascii;
        let mut spans = Vec::with_capacity(self.columns.len() + 2);
        spans.push(Span::new(self.mark(row), Role::Mark));
        for (column, width) in &self.columns {
            let role = match column {
                Column::Sorted(SortBy::Hints) if row.hints.0 > 0 => Role::Error,
                Column::Sorted(SortBy::Hints) if row.hints.1 > 0 => Role::Warning,
                Column::Sorted(by) if !matches!(by, SortBy::Start | SortBy::Duration) => {
                    Role::Plain
                }
                _ => Role::Dim,
            };
            let mut cell = String::with_capacity(width + BETWEEN);
            push_column(&mut cell, (*column, *width), row, self.look(), ascii);
            spans.push(Span::new(cell, role));
        }
        let (text, role) = result(row, ascii);
        spans.push(Span::new(fit(&text, self.result, ascii), role));
        let mut row = Row::of(spans);
        clip(&mut row, self.options.width, ascii);
        row
    }

    /// Appends the text of a row, as [`Row::text`] has it, and a line end. Of a table as wide as it has to be:
    /// no row is cut.
    pub fn write_line(&self, out: &mut String, row: &CallRow<'_>) {
        let ascii = self.options.ascii;
        let begin = out.len();
        out.push_str(self.mark(row));
        for column in &self.columns {
            push_column(out, *column, row, self.look(), ascii);
        }
        push_result(out, row, ascii);
        let end = out.get(begin..).unwrap_or_default().trim_end().len();
        out.truncate(begin + end);
        out.push('\n');
    }
}

/// The columns that are shown where there is room, and how wide each is.
fn columns(measure: &Measure, began: Began, options: &Options) -> Vec<(Column, usize)> {
    let all: Vec<(Column, usize)> = measure.content(began).collect();
    let usual = Column::ALL.iter().take(Column::USUAL);
    let shown: Vec<Column> = match &options.columns {
        Some(chosen) => chosen.clone(),
        None => usual.copied().collect(),
    };
    (shown.into_iter())
        .filter_map(|wanted| all.iter().find(|(column, _)| *column == wanted).copied())
        // An empty column is left out.
        .filter(|(column, content)| {
            !matches!(column, Column::OtherLeg | Column::Via) || *content > 0
        })
        .map(|(column, content)| (column, width_of(column, content, options.width)))
        .collect()
}

fn width_of(column: Column, content: usize, width: usize) -> usize {
    let content = match column {
        Column::Sorted(SortBy::From | SortBy::To) => content.min((width / 6).clamp(8, 64)),
        Column::Via | Column::Caller | Column::Callee | Column::CallId => {
            content.min((width / 6).clamp(7, 64))
        }
        _ => content,
    };
    // One more for the mark of the sorted column.
    content.max(column.heading().len() + 1)
}

/// `T.38`, `G.711`, `voice`; `fax?` while the analysis is due, `-` where no media flowed.
pub(crate) fn carrier(row: &CallRow<'_>) -> &'static str {
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

/// [`carrier`], or that of each link of its path, where they differ: `T.38, G.711`.
pub(crate) fn carriers(row: &CallRow<'_>) -> Cow<'static, str> {
    let names = row.carriers.iter().map(|one| head::carrier_name(*one));
    match row.carriers.as_slice() {
        [] => carrier(row).into(),
        _ => names.collect::<Vec<_>>().join(", ").into(),
    }
}

/// Verdict in a sentence, or what became of the call.
pub(crate) fn result(row: &CallRow<'_>, ascii: bool) -> (String, Role) {
    let mut text = String::new();
    let role = push_result(&mut text, row, ascii);
    (text, role)
}

/// Appends what [`result`] says.
fn push_result(out: &mut String, row: &CallRow<'_>, ascii: bool) -> Role {
    match &row.fax {
        Some(fax) => {
            let (mark, role) = head::verdict(fax.verdict, ascii);
            // Writing to a String never fails.
            let _ = write!(out, "{mark} {}", plain(&fax.summary, ascii));
            role
        }
        None if row.pending => {
            out.push_str("not analysed yet");
            Role::Dim
        }
        None => push_outcome(out, row, ascii),
    }
}

/// Appends what became of a call without a fax: one that was refused or never answered is marked as a fax that failed.
fn push_outcome(out: &mut String, row: &CallRow<'_>, ascii: bool) -> Role {
    let failed = matches!(row.state, CallState::Rejected | CallState::Unanswered);
    if failed {
        out.push_str(head::verdict(Verdict::Failed, ascii).0);
        out.push(' ');
    }
    if let Some(failure) = row.failure.as_ref().filter(|_| failed) {
        out.push_str(&plain(failure, ascii));
        return Role::Error;
    }
    out.push_str(row.state.name());
    if let Some(status @ 300..) = row.status {
        out.push_str(": ");
        push_number(out, status.into(), 1);
        return if failed { Role::Error } else { Role::Warning };
    }
    if failed { Role::Error } else { Role::Dim }
}

/// File, calls, time, packets, notes.
pub fn title(calls: usize, faxes: usize, info: &CaptureInfo, options: &Options) -> Row {
    let mut text = format!(
        "   {}{}, {}",
        (options.of).map_or_else(String::new, |_| format!("{} of ", thousands(number(calls)))),
        count(options.of.unwrap_or(calls), "call", "calls"),
        count(faxes, "fax", "faxes")
    );
    if let (Some(first), Some(last)) = (info.first_time, info.last_time) {
        let zone = options.time.zone(options.zone);
        let _ = write!(text, "   {}", time::span(first, last, zone));
    }
    let packets = crate::text::noun(info.packets, "packet");
    let _ = write!(text, "   {} {packets}", thousands(info.packets));
    if !info.notes.is_empty() {
        let _ = write!(text, "   {}", count(info.notes.len(), "note", "notes"));
    }
    let mut row = Row::of(vec![
        Span::new(plain(&info.file, options.ascii), Role::Heading),
        Span::new(text, Role::Dim),
    ]);
    clip(&mut row, options.width, options.ascii);
    row
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

fn count(many: usize, one: &str, more: &str) -> String {
    let noun = if many == 1 { one } else { more };
    format!("{} {noun}", thousands(number(many)))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// `41,203`
pub(crate) fn thousands(number: u64) -> String {
    let mut out = String::new();
    push_thousands(&mut out, number);
    out
}

#[cfg(test)]
mod tests;
