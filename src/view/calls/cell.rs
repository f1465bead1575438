//! The content of a cell: written to a reused buffer, and measured without being written.
//! A list of a hundred thousand calls is written in the time that formatting a tenth of them would take.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::column::Column;
use super::{BETWEEN, SortBy, carriers, result};
use crate::analysis::CallRow;
use crate::call::Verdict;
use crate::text::is_plain_ascii;
use crate::view::time::Began;
use crate::view::{Names, digits, fit, plain, push_number, width};

/// How times and hosts are told.
#[derive(Clone, Copy)]
pub(super) struct Look<'n> {
    pub(super) began: Began,
    pub(super) names: &'n Names,
}

/// Names of the hosts between the ends.
fn via(row: &CallRow<'_>, names: &Names) -> String {
    let hosts: Vec<&str> = row.via.iter().map(|host| names.shown(host)).collect();
    plain(&hosts.join(", "), false).into_owned()
}

/// Appends the content of a cell.
pub(super) fn write_text(out: &mut String, column: Column, row: &CallRow<'_>, look: Look<'_>) {
    // Writing to a String never fails.
    let _ = match column {
        Column::OtherLeg => row
            .other_leg
            .map_or(Ok(()), |other| write!(out, "↔{other}")),
        Column::Via => out.write_str(&via(row, look.names)),
        Column::Caller => out.write_str(&look.names.endpoint(row.caller)),
        Column::Callee => out.write_str(&look.names.endpoint(row.callee)),
        Column::CallId => out.write_str(&plain(&call_id(row), false)),
        Column::Cause => out.write_str(row.cause.unwrap_or("-")),
        Column::Sorted(SortBy::Number) => {
            push_number(out, row.number.0.into(), 1);
            Ok(())
        }
        Column::Sorted(SortBy::Start) => {
            look.began.write(out, row.started);
            Ok(())
        }
        Column::Sorted(SortBy::Duration) => write_duration(out, row.duration),
        Column::Sorted(SortBy::From) => out.write_str(&plain(look.names.shown(&row.from), false)),
        Column::Sorted(SortBy::To) => out.write_str(&plain(look.names.shown(&row.to), false)),
        Column::Sorted(SortBy::Carrier) => out.write_str(&carriers(row)),
        Column::Sorted(SortBy::Pages) => match &row.fax {
            // The pages of a good fax that this leg shows nothing of are those of the other leg.
            Some(fax) if fax.verdict == Verdict::Ok && fax.pages_sent == 0 => out.write_str("-"),
            Some(fax) => write!(out, "{}/{}", fax.pages_confirmed, fax.pages_sent),
            None => out.write_str("-"),
        },
        Column::Sorted(SortBy::Rate) => out.write_str(rate(row)),
        Column::Sorted(SortBy::State) => out.write_str(row.state.name()),
        Column::Sorted(SortBy::Packets) => {
            push_thousands(out, packets(row));
            Ok(())
        }
        Column::Sorted(SortBy::Hints) => match row.hints {
            (0, 0) => out.write_str("-"),
            (0, warnings) => write!(out, "{warnings}!"),
            (errors, 0) => write!(out, "{errors}✗"),
            (errors, warnings) => write!(out, "{errors}✗ {warnings}!"),
        },
        Column::Sorted(SortBy::Result) => out.write_str(&result(row, false).0),
    };
}

/// The width of what [`write_text`] appends.
pub(super) fn text_width(column: Column, row: &CallRow<'_>, look: Look<'_>) -> usize {
    match column {
        Column::OtherLeg => row.other_leg.map_or(0, |other| 1 + digits(other.0.into())),
        Column::Via if row.via.is_empty() => 0,
        Column::Sorted(SortBy::Number) => digits(row.number.0.into()),
        Column::Sorted(SortBy::Start) => look.began.width(row.started),
        Column::Sorted(SortBy::Duration) => duration_width(row.duration),
        Column::Sorted(SortBy::From) => width(&plain(look.names.shown(&row.from), false)),
        Column::Sorted(SortBy::To) => width(&plain(look.names.shown(&row.to), false)),
        Column::Sorted(SortBy::Carrier) => width(&carriers(row)),
        Column::Sorted(SortBy::Pages) if row.fax.is_none() => 1,
        Column::Sorted(SortBy::Rate) => width(rate(row)),
        Column::Sorted(SortBy::State) => row.state.name().len(),
        Column::Sorted(SortBy::Packets) => thousands_width(packets(row)),
        Column::Sorted(SortBy::Hints) if row.hints == (0, 0) => 1,
        Column::Cause => row.cause.unwrap_or("-").len(),
        Column::CallId => width(&plain(&call_id(row), false)),
        Column::Via
        | Column::Caller
        | Column::Callee
        | Column::Sorted(SortBy::Pages | SortBy::Hints | SortBy::Result) => {
            written_width(column, row, look)
        }
    }
}

pub(super) fn duration_width(seconds: f64) -> usize {
    match tenths(seconds) {
        Some(tenths) => digits(tenths / 10) + ".0s".len(),
        None => format!("{seconds:.1}s").len(),
    }
}

pub(super) fn thousands_width(number: u64) -> usize {
    let digits = digits(number);
    digits + (digits - 1) / 3
}

fn written_width(column: Column, row: &CallRow<'_>, look: Look<'_>) -> usize {
    let mut text = String::new();
    write_text(&mut text, column, row, look);
    width(&text)
}

/// Appends the content of a cell, padded to a width, and a space.
pub(super) fn push_column(
    out: &mut String,
    (column, columns): (Column, usize),
    row: &CallRow<'_>,
    look: Look<'_>,
    ascii: bool,
) {
    // Digits and points, measured before they are written.
    if column.is_right() {
        let used = text_width(column, row, look);
        if used <= columns {
            push_spaces(out, columns - used);
            write_text(out, column, row, look);
            push_spaces(out, BETWEEN);
            return;
        }
    }
    let begin = out.len();
    if column == Column::Via && text_width(column, row, look) > columns {
        // Names that have no room are counted.
        let count = row.via.len();
        let _ = write!(out, "{count} {}", if count == 1 { "host" } else { "hosts" });
    } else {
        write_text(out, column, row, look);
    }
    let text = out.get(begin..).unwrap_or_default();
    let plain = text.len() <= columns && (column.is_ours() || is_plain_ascii(text));
    if plain && !column.is_right() {
        let after = columns - text.len() + BETWEEN;
        push_spaces(out, after);
        return;
    }
    let text = text.to_owned();
    out.truncate(begin);
    push_cell(out, &text, columns, column.is_right(), ascii);
}

/// Appends a text as wide as a column, with the space after it.
pub(super) fn push_cell(out: &mut String, text: &str, columns: usize, right: bool, ascii: bool) {
    let text = plain(text, ascii);
    let text = fit(&text, columns, ascii);
    let padding = columns.saturating_sub(width(&text));
    let (before, after) = if right { (padding, 0) } else { (0, padding) };
    push_spaces(out, before);
    out.push_str(&text);
    push_spaces(out, after + BETWEEN);
}

fn push_spaces(out: &mut String, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let some = count.min(SPACES.len());
        out.push_str(SPACES.get(..some).unwrap_or(SPACES));
        count -= some;
    }
}

/// All packets of a call.
pub(super) fn packets(row: &CallRow<'_>) -> u64 {
    let packets = &row.packets;
    u64::from(packets.sip) + u64::from(packets.rtp) + u64::from(packets.t38)
}

fn call_id<'r>(row: &'r CallRow<'_>) -> Cow<'r, str> {
    String::from_utf8_lossy(row.call_id.as_deref().unwrap_or(b"-"))
}

fn rate<'r>(row: &'r CallRow<'_>) -> &'r str {
    let rate = row.fax.as_ref().and_then(|fax| fax.rate.as_deref());
    rate.unwrap_or("-")
}

/// Appends `12.3s`.
fn write_duration(out: &mut String, seconds: f64) -> std::fmt::Result {
    let Some(tenths) = tenths(seconds) else {
        return write!(out, "{seconds:.1}s");
    };
    push_number(out, tenths / 10, 1);
    out.push('.');
    push_number(out, tenths % 10, 1);
    out.push('s');
    Ok(())
}

/// Tenths of a second, rounded as the formatting of floats rounds. `None`: that alone knows how, as what lies
/// halfway goes where its binary fraction is.
fn tenths(seconds: f64) -> Option<u64> {
    const DAY: f64 = 86_400.0;
    if !(0.0..DAY).contains(&seconds) {
        return None;
    }
    let exact = seconds * 10.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, less than a day"
    )]
    let (below, rounded) = (exact as u32, (exact + 0.5) as u32);
    let halfway = (exact - f64::from(below) - 0.5).abs() < 1e-6;
    (!halfway).then_some(rounded.into())
}

/// Appends `41,203`.
pub(super) fn push_thousands(out: &mut String, number: u64) {
    if number < 1000 {
        push_number(out, number, 1);
        return;
    }
    push_thousands(out, number / 1000);
    out.push(',');
    push_number(out, number % 1000, 3);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::Timestamp;

    proptest! {
        #[test]
        fn durations_are_those_of_the_formatting_of_floats(nanos in 0_u64..200_000_000_000_000, tie: bool) {
            let nanos = if tie { nanos / 50_000_000 * 50_000_000 } else { nanos };
            let seconds = Timestamp(nanos).seconds_since(Timestamp(0));
            let mut out = String::new();
            write_duration(&mut out, seconds).unwrap();
            prop_assert_eq!(out, format!("{seconds:.1}s"));
        }

        #[test]
        fn numbers_in_thousands(number: u64, short in 0_u64..2_000_000) {
            for number in [number, short] {
                let mut out = String::new();
                push_thousands(&mut out, number);
                let digits_only = out.replace(',', "");
                prop_assert_eq!(digits_only, number.to_string());
                let groups: Vec<&str> = out.split(',').skip(1).collect();
                prop_assert!(groups.iter().all(|group| group.len() == 3));
            }
        }
    }
}
