//! Text, Markdown and JSON of what was found. Text is the rows of [`crate::view`], nothing else.
//!
//! Every function writes to anything that takes octets; files and pipes are in [`mod@file`].

use std::borrow::Borrow;
use std::io::{self, Write};

use crate::analysis::{Analysed, AnalysedFlow, CallRow};
use crate::capture::{CaptureInfo, Timestamp};
use crate::hint::Rule;
use crate::view::Names;
use crate::view::calls::Column;
use crate::view::stats::Tally;
use crate::view::style::Palette;
use crate::view::time::{TimeMode, Zone};
use crate::view::{ladder, time};
use ascii::{Ascii, StandIn};

pub mod ascii;
mod colour;
pub mod compare;
pub mod csv;
pub(crate) use crate::file;
pub mod html;
mod json;
pub use json::Several;
mod markdown;
pub mod pages;
mod rule;
mod text;

#[cfg(test)]
pub(crate) use json::SCHEMA;

/// Form of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One document, schema `faxflow/1`.
    Json,
    /// One call a line.
    Ndjson,
    /// For a ticket.
    Markdown,
    /// For a spreadsheet.
    Csv,
    /// For a ticket: one page that stands alone (`html`).
    Html,
}

/// Shape of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns of text.
    pub width: usize,
    /// Plain ASCII.
    pub ascii: bool,
    /// How time is shown.
    pub time: TimeMode,
    /// The zone of local time.
    pub zone: Zone,
    /// What shares a row, as on the screen.
    pub fold: ladder::Fold,
    /// The verdicts of `check` on one line each, however long: for grep.
    pub one_line: bool,
    /// Text with the colours of its roles; JSON and Markdown have none.
    pub colour: Option<Palette>,
    /// The columns of a list, where the user chose them.
    pub columns: Option<Vec<Column>>,
    /// Names for hosts.
    pub names: Names,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 118,
            ascii: false,
            time: TimeMode::Relative,
            zone: Zone::UTC,
            fold: ladder::Fold::default(),
            one_line: true,
            colour: None,
            columns: None,
            names: Names::default(),
        }
    }
}

impl Options {
    /// `2026-11-22 14:02:11 UTC`: a date in the zone that is asked for.
    fn date(&self, at: Timestamp) -> String {
        let zone = self.time.zone(self.zone);
        format!("{} {}", time::date(at, zone), zone.name(at))
    }

    fn ladder(&self) -> ladder::Options {
        ladder::Options {
            width: self.width,
            ascii: self.ascii,
            time: self.time,
            zone: self.zone,
            fold: self.fold,
            names: self.names.clone(),
            ..ladder::Options::default()
        }
    }
}

/// The flows of one or more faxes. In JSON every leg is a call with its messages, each call once.
pub fn flow<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    format: Format,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    match format {
        Format::Text => text::flows(out, capture, flows, options),
        Format::Markdown if options.ascii => {
            markdown::flows(&mut Ascii::new(out, StandIn::Text), capture, flows, options)
        }
        Format::Markdown => markdown::flows(out, capture, flows, options),
        Format::Json => json::flows(out, capture, flows, true),
        Format::Ndjson => json::flow_lines(out, capture, flows, true),
        Format::Html => html::document(out, capture, flows, options),
        Format::Csv => Err(io::Error::other("a flow has no CSV: use calls or check")),
    }
}

/// The list of calls: text and Markdown from `rows`, gone over twice, JSON from `calls`. Both are asked for one
/// by one, so that they may be made one by one.
pub fn calls<'r, R, I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    rows: R,
    calls: I,
    format: Format,
    options: &Options,
) -> io::Result<()>
where
    R: IntoIterator<Item: Borrow<CallRow<'r>>> + Clone,
    I: IntoIterator,
    I::Item: Borrow<Analysed>,
{
    match format {
        Format::Text => text::calls(out, capture, rows, options),
        Format::Markdown if options.ascii => {
            markdown::calls(&mut Ascii::new(out, StandIn::Text), capture, rows, options)
        }
        Format::Markdown => markdown::calls(out, capture, rows, options),
        Format::Json => json::calls(out, capture, calls),
        Format::Ndjson => json::call_lines(out, capture, calls),
        Format::Csv => {
            csv::heading(out)?;
            csv::calls(out, capture, calls, options)
        }
        Format::Html => Err(io::Error::other(
            "the list of calls has no HTML: use flow or check",
        )),
    }
}

/// One verdict and the hints for every fax of a capture (called once a file; of HTML it is the part between
/// `html::begin` and `html::end`, of CSV what follows `csv::heading`).
pub fn check<I>(
    out: &mut impl Write,
    capture: &CaptureInfo,
    flows: I,
    format: Format,
    options: &Options,
) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    match format {
        Format::Text => text::check(out, capture, flows, options),
        Format::Markdown if options.ascii => {
            markdown::tickets(&mut Ascii::new(out, StandIn::Text), capture, flows, options)
        }
        Format::Markdown => markdown::tickets(out, capture, flows, options),
        Format::Json => json::flows(out, capture, flows, false),
        Format::Ndjson => json::flow_lines(out, capture, flows, false),
        Format::Html => html::flows(out, capture, flows, options, None),
        Format::Csv => csv::flows(out, capture, flows, options),
    }
}

/// As [`check`] in JSON, for one capture of a document of several.
pub fn one_of_several<I>(out: &mut impl Write, capture: &CaptureInfo, flows: I) -> io::Result<()>
where
    I: IntoIterator,
    I::Item: Borrow<AnalysedFlow>,
{
    json::one_of_several(out, capture, flows)
}

/// What many captures sum up to.
pub fn stats(
    out: &mut impl Write,
    tally: &Tally,
    ascii: bool,
    colour: Option<Palette>,
) -> io::Result<()> {
    let rows = tally.rows(ascii);
    rows.iter()
        .try_for_each(|row| colour::write_row(out, row, colour))
}

/// The rules, one line each; with an id that rule in full. `false`: there is no such rule.
pub fn rules(
    out: &mut impl Write,
    rules: impl IntoIterator<Item = &'static Rule>,
    id: Option<&str>,
    width: usize,
) -> io::Result<bool> {
    rule::write(out, rules, id, width)
}

#[cfg(test)]
mod tests;
