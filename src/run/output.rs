//! Where output goes, how wide and in which colours.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::{Failure, Status, locale};
use crate::cli::{Color, General, Output, Shape};
use crate::export::ascii::{Ascii, StandIn};
use crate::export::{self, Format};
use crate::file::{self, FileId};

/// The form of a text: as wide as asked for, else as the terminal that it goes to, else `usual`.
pub(super) fn form(
    general: &General,
    shape: &Shape,
    output: &Output,
    usual: usize,
) -> export::Options {
    let here = output.output.is_none();
    let terminal = terminal_width().filter(|_| here && io::stdout().is_terminal());
    let width = shape.columns(terminal);
    let ascii = shape.ascii || here && locale::output_is_ascii();
    export::Options {
        one_line: width.is_none(),
        ..general.for_export(width.unwrap_or(usual), ascii, coloured(general, output))
    }
}

/// Columns of a text that goes to no terminal.
pub(super) fn usual_width() -> usize {
    export::Options::default().width
}

pub(super) fn terminal_width() -> Option<usize> {
    crate::tui::width()
}

/// Pages are shown only where they are asked for.
pub(super) fn wants_pictures(general: &General, output: &Output) -> bool {
    output.with_pages && !general.no_pages
}

/// Writes to `-o FILE`, through a temporary file beside it, or to standard output.
pub(super) fn write(
    output: &Output,
    captures: &[PathBuf],
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = &output.output else {
        let json = matches!(output.format.into(), Format::Json | Format::Ndjson);
        return print_as(if json { StandIn::Json } else { StandIn::Text }, body).map(drop);
    };
    // Standard input may be a file too.
    let captures: Vec<FileId> = captures
        .iter()
        .filter_map(|capture| FileId::named(capture).ok())
        .collect();
    let ((), written) = file::write(path, &captures, file::How::default(), body)?;
    if written.owner_changed {
        complain(&written.told("output", path));
    }
    Ok(())
}

pub(super) fn print(
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Status, Failure> {
    print_as(StandIn::Text, body)
}

/// Standard output; a terminal that reads no UTF-8 gets stand-ins.
pub(super) fn print_as(
    stand_in: StandIn,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Status, Failure> {
    let ascii = locale::output_is_ascii();
    let body = |out: &mut dyn Write| {
        if ascii {
            body(&mut Ascii::new(out, stand_in))
        } else {
            body(out)
        }
    };
    file::write_to_stdout(body)
        .map_err(|error| Failure::Io("standard output".to_owned(), error))?;
    Ok(Status::Good)
}

/// One line on standard error; nobody may be there to read it.
pub(super) fn complain(text: &str) {
    let text = crate::view::plain(text, locale::errors_are_ascii());
    let _ = writeln!(io::stderr(), "faxflow: {text}");
}

/// Whether colours are wanted.
pub(super) fn colour(general: &General) -> bool {
    match general.color {
        Color::Always => true,
        Color::Never => false,
        // NO_COLOR counts if it is set and not empty (no-color.org).
        Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Whether text that a command writes is coloured: by itself only what goes to a terminal that has colours.
pub(super) fn coloured(general: &General, output: &Output) -> bool {
    let is_dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match general.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            colour(general) && output.output.is_none() && io::stdout().is_terminal() && !is_dumb()
        }
    }
}
