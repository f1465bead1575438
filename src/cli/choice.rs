//! Words that an option takes: format, colour, time.

use clap::ValueEnum;

use crate::export;
use crate::view::time::TimeMode;

/// Form of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One document, schema faxflow/1
    Json,
    /// One call a line
    Ndjson,
    /// For a ticket: check says what to ask whom, flow has the ladder
    Markdown,
    /// For a spreadsheet (calls, check)
    Csv,
    /// For a ticket, one self-contained page (flow, check)
    Html,
}

/// Form of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    /// One TIFF a fax
    #[default]
    Tiff,
    /// One PNG a page
    Png,
    /// One PDF a fax
    Pdf,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Time {
    /// Seconds since the start of the flow
    #[default]
    Relative,
    /// Seconds since the row above
    Delta,
    /// Time of day in your zone (TZ, --tz)
    Local,
    /// Time of day in UTC
    #[value(alias = "absolute")]
    Utc,
}

impl From<Time> for TimeMode {
    fn from(time: Time) -> Self {
        match time {
            Time::Relative => Self::Relative,
            Time::Delta => Self::Delta,
            Time::Local => Self::Local,
            Time::Utc => Self::Utc,
        }
    }
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Ndjson => Self::Ndjson,
            Format::Markdown => Self::Markdown,
            Format::Csv => Self::Csv,
            Format::Html => Self::Html,
        }
    }
}

impl From<PageFormat> for export::pages::Form {
    fn from(format: PageFormat) -> Self {
        match format {
            PageFormat::Tiff => Self::Tiff,
            PageFormat::Png => Self::Png,
            PageFormat::Pdf => Self::Pdf,
        }
    }
}
