//! A good fax beside a bad one: text, Markdown and JSON.

use std::io::{self, Write};

use crate::capture::{CaptureInfo, Timestamp};
use crate::compare::{Change, Comparison, Step};
use crate::view::compare::{self as view, Sample};

use super::ascii::{Ascii, StandIn};
use super::markdown::escape;
use super::{Format, Options, colour, json};

/// One side: the capture and the fax.
#[derive(Clone, Copy, Debug)]
pub struct Of<'a> {
    /// The capture.
    pub capture: &'a CaptureInfo,
    /// The fax and what it is called.
    pub sample: Sample<'a>,
}

/// Writes a comparison.
pub fn write(
    out: &mut impl Write,
    comparison: &Comparison<'_>,
    (good, bad): (Of<'_>, Of<'_>),
    format: Format,
    options: &Options,
) -> io::Result<()> {
    match format {
        Format::Text => {
            let both = (good.sample, bad.sample);
            view::rows(comparison, both, options.width, options.ascii)
                .iter()
                .try_for_each(|row| colour::write_row(out, row, options.colour))
        }
        Format::Markdown if options.ascii => {
            markdown(&mut Ascii::new(out, StandIn::Text), comparison, (good, bad))
        }
        Format::Markdown => markdown(out, comparison, (good, bad)),
        Format::Json | Format::Ndjson => {
            json::compare(out, comparison, (good, bad), format == Format::Json)
        }
        Format::Csv | Format::Html => {
            Err(io::Error::other("a comparison is text, Markdown or JSON"))
        }
    }
}

fn markdown(
    out: &mut impl Write,
    comparison: &Comparison<'_>,
    (good, bad): (Of<'_>, Of<'_>),
) -> io::Result<()> {
    writeln!(out, "# A good fax beside a bad one\n")?;
    for (word, one) in [("Good", good), ("Bad", bad)] {
        let (about, verdict, _) = view::sample(one.sample, false);
        writeln!(
            out,
            "- **{word}:** {}: {}",
            escape(&about),
            escape(&verdict)
        )?;
    }
    let (text, _) = view::headline(comparison);
    writeln!(out, "\n**First difference:** {}", escape(&text))?;
    for pair in &comparison.pairs {
        writeln!(
            out,
            "\n## Call {} beside call {}\n\n| GOOD | | BAD | |\n|---|---|---|---|",
            pair.good.number, pair.bad.number
        )?;
        for row in &pair.rows {
            let mark = match (&row.good, &row.bad) {
                (Some(_), Some(_)) if row.changes.is_empty() => "",
                (Some(_), Some(_)) => "≠",
                (Some(_), None) => "only good",
                (None, _) => "only bad",
            };
            let changes: Vec<String> = row.changes.iter().map(change_told).collect();
            writeln!(
                out,
                "| {} | {mark} | {} | {} |",
                step_told(row.good.as_ref(), pair.good.started),
                step_told(row.bad.as_ref(), pair.bad.started),
                changes.join("; ")
            )?;
        }
    }
    Ok(())
}

/// A step, `start` being when its call began; nothing where there is none.
fn step_told(step: Option<&Step<'_>>, start: Timestamp) -> String {
    let Some(step) = step else {
        return String::new();
    };
    let often = match (step.event.observed, step.times) {
        (false, _) => " never came".to_owned(),
        (true, 1) => String::new(),
        (true, times) => format!(" ({times}x)"),
    };
    escape(&format!(
        "{:.3} {} of {}{often}",
        step.event.at.seconds_since(start),
        step.name,
        step.event.from.name(),
    ))
}

fn change_told(change: &Change) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
    escape(&format!(
        "{}: {}, {}",
        change.name,
        value(&change.good),
        value(&change.bad)
    ))
}
