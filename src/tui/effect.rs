//! What the application asks of the world: calls, files, the clipboard, job control.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Source;
use super::app::prompt::{Prompt, PromptKind, SaveFormat, SaveRequest};
use super::app::{App, Effect};
use super::painter::Painter;
use super::terminal::Screen;
use crate::export::file::{is_same, write_atomically};
use crate::export::{self, Format, Options};

/// Octets of text that terminals take by OSC 52 at most, by experience.
const CLIPBOARD_LIMIT: usize = 74_994;

/// Does what was asked; `false`: leave.
pub(super) fn perform<W: Write>(
    effect: Option<Effect>,
    app: &mut App,
    source: &impl Source,
    painter: &mut Painter<W>,
) -> io::Result<bool> {
    match effect {
        None => {}
        Some(Effect::Quit) => return Ok(false),
        Some(Effect::Open { calls, other_leg }) => source.open(calls, other_leg),
        Some(Effect::Save(request)) => save(app, source, request),
        Some(Effect::Copy(text)) => copy(app, painter, &text),
        Some(Effect::Redraw) => painter.forget(),
        Some(Effect::Suspend) => {
            Screen::suspend()?;
            app.size = crossterm::terminal::size()?;
            app.settle();
            painter.forget();
        }
    }
    Ok(true)
}

fn save(app: &mut App, source: &impl Source, request: SaveRequest) {
    if is_same(&request.path, Path::new(&app.reading.info.file)) {
        app.tell_failure("that is the capture itself: give another name");
        return;
    }
    if !request.overwrite && request.path.exists() {
        app.prompt = Some(Prompt {
            kind: PromptKind::Overwrite { request },
            text: String::new(),
        });
        return;
    }
    let format = match request.format {
        SaveFormat::Packets => {
            source.save_packets(request.calls, request.path);
            return;
        }
        SaveFormat::Text => Format::Text,
        SaveFormat::Markdown => Format::Markdown,
    };
    let Some(view) = &app.flow else { return };
    let options = Options {
        ascii: app.options.ascii,
        time: app.ladder.time,
        fold: app.ladder.fold,
        ..Options::default()
    };
    let capture = Path::new(&app.reading.info.file);
    let written = write_atomically(&request.path, Some(capture), |mut out| {
        export::flow(&mut out, &app.reading.info, [&view.flow], format, &options)
    });
    match written {
        Ok(()) => app.tell(format!(
            "{} saved to {}",
            request.format.name(),
            request.path.display()
        )),
        Err(error) => app.tell_failure(error.to_string()),
    }
}

/// OSC 52: the terminal, wherever it runs, puts the text into its clipboard.
fn copy<W: Write>(app: &mut App, painter: &mut Painter<W>, text: &str) {
    let text = text.trim_end();
    if text.len() > CLIPBOARD_LIMIT {
        app.tell_failure("too long to be copied: s saves it");
        return;
    }
    painter.send(format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).as_bytes());
    let lines = text.lines().count();
    app.tell(format!("{} copied", crate::text::count(lines, "line")));
}
