//! Pages of a fax: in words, and as pictures made of characters.

use crate::call::{Call, Event, PageAttempt};
use crate::field::Field;
use crate::text::count;
use crate::view::time::length;

pub mod picture;

/// The attempt at a page that an event carries data of.
pub fn of<'c>(call: &'c Call, event: &Event) -> Option<&'c PageAttempt> {
    let has = |attempt: &&PageAttempt| attempt.data.contains(&event.id);
    call.page_attempts.iter().find(has)
}

/// The same, if the event has the last of its data.
pub fn ended_by<'c>(call: &'c Call, event: &Event) -> Option<&'c PageAttempt> {
    of(call, event).filter(|attempt| attempt.data.last() == Some(&event.id))
}

/// `1143 rows, 3 damaged`; empty where none was decoded.
pub fn rows_in_words(attempt: &PageAttempt) -> String {
    let tally = &attempt.facts.tally;
    if attempt.layout.is_none() {
        return String::new();
    }
    let mut text = count(tally.rows, "row");
    if tally.bad_rows > 0 {
        text.push_str(&format!(", {} damaged", tally.bad_rows));
    }
    if attempt.facts.blank {
        text.push_str(", blank");
    }
    text
}

/// `EOP, MCF`, `EOP, no answer`, `broken off`
pub fn ending(attempt: &PageAttempt) -> String {
    match (attempt.command, attempt.answer) {
        (Some(command), Some(answer)) => format!("{command}, {answer}"),
        (Some(command), None) => format!("{command}, no answer"),
        (None, _) => "broken off".to_owned(),
    }
}

/// One line: `page 2, attempt 1: 1728x1143, MR, 204x98, 3 rows damaged (at most 2 in succession), EOP, MCF`
pub fn line(attempt: &PageAttempt) -> String {
    let tally = &attempt.facts.tally;
    let mut parts = Vec::new();
    if let Some(layout) = &attempt.layout {
        parts.push(format!("{}x{}", layout.width, tally.rows));
        parts.push(layout.coding.name().to_owned());
        parts.push(layout.resolution.to_string());
    } else {
        parts.push(attempt.compression().unwrap_or("unknown coding").to_owned());
        parts.push(count(attempt.bytes, "octet"));
    }
    if attempt.layout.is_some() && attempt.mode.is_none() {
        parts.push("coding guessed, no DCS".to_owned());
    }
    if tally.bad_rows > 0 {
        parts.push(format!(
            "{} damaged (at most {} in succession)",
            count(tally.bad_rows, "row"),
            tally.longest_bad_run
        ));
    }
    if attempt.missing_frames > 0 {
        let missing = count(attempt.missing_frames, "ECM frame");
        parts.push(format!("{missing} missing"));
    }
    if attempt.facts.blank {
        parts.push("blank".to_owned());
    }
    parts.push(ending(attempt));
    let number = match attempt.attempt {
        1 => String::new(),
        number => format!(", attempt {number}"),
    };
    format!("page {}{number}: {}", attempt.page, parts.join(", "))
}

/// What is known of the page that an event carries data of.
pub(crate) fn fields(attempt: &PageAttempt) -> Vec<Field> {
    let facts = &attempt.facts;
    let mut fields = vec![Field::new(
        "attempt at this page",
        attempt.attempt.to_string(),
    )];
    let mut add = |name: &'static str, value: String| fields.push(Field::new(name, value));
    if let Some(layout) = &attempt.layout {
        let (x, y) = layout.resolution.per_mm();
        let rows = facts.tally.rows;
        let size = format!(
            "{} x {rows} pixels, {:.0} x {:.0} mm",
            layout.width,
            f64::from(layout.width) / x,
            f64::from(rows) / y
        );
        add("page", size);
        add("resolution", layout.resolution.to_string());
        let damaged = match facts.tally.bad_rows {
            0 => "none".to_owned(),
            bad => format!(
                "{bad}, at most {} in succession",
                facts.tally.longest_bad_run
            ),
        };
        add("damaged rows", damaged);
        add("black", format!("{:.1} %", facts.black * 100.0));
        add("blank", yes(facts.blank));
        add("header line", yes(facts.header));
    }
    let coding = attempt.compression().unwrap_or("unknown").to_owned();
    let guessed = if attempt.mode.is_none() {
        " (guessed: no DCS)"
    } else {
        ""
    };
    add("coding", format!("{coding}{guessed}"));
    add("coded data", count(attempt.bytes, "octet"));
    add("sent in", length(attempt.seconds));
    if attempt.missing_frames > 0 {
        add("ECM frames missing", attempt.missing_frames.to_string());
    }
    add("ended by", ending(attempt));
    fields
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}
