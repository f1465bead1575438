//! What the application asks of the world: calls, files, the clipboard, job control.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Source;
use super::app::prompt::{Prompt, PromptKind, SaveFormat, SaveRequest};
use super::app::{App, Effect};
use super::painter::Painter;
use super::terminal::{self, Screen};
use crate::export::{self, Format, Options};
use crate::file::{self, FileId, How};

/// Octets of text that terminals take by OSC 52 at most, by experience.
const CLIPBOARD_LIMIT: usize = 74_994;

/// Performs an effect. False: quit.
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
        Some(Effect::Pages(call)) => source.pages(call),
        Some(Effect::Save(request)) => save(app, source, request),
        Some(Effect::WriteColumns(path)) => {
            match crate::settings::write_columns(&path, app.options.columns.as_deref()) {
                Ok(told) => app.tell(told),
                Err(error) => app.tell_failure(error),
            }
        }
        Some(Effect::Keep(path)) => source.keep(path),
        Some(Effect::Copy(text)) => copy(app, painter, &text),
        Some(Effect::Picture) => picture(app, painter),
        Some(Effect::Redraw) => painter.forget(),
        Some(Effect::Suspend) => {
            Screen::suspend()?;
            come_back(app, painter)?;
        }
    }
    Ok(true)
}

/// After the terminal was somebody else's: its size may be another one, and all is drawn again.
pub(super) fn come_back<W: Write>(app: &mut App, painter: &mut Painter<W>) -> io::Result<()> {
    app.size = terminal::size()?;
    app.settle();
    painter.forget();
    Ok(())
}

fn picture<W: Write>(app: &mut App, painter: &mut Painter<W>) {
    let Some(view) = &mut app.page else { return };
    if view.is_real() {
        view.set_real(None);
    } else {
        match painter.graphics.ask() {
            Ok(most) => view.set_real(Some(most)),
            Err(text) => {
                app.tell_failure(text);
                return;
            }
        }
    }
    app.settle();
    painter.forget();
}

fn save(app: &mut App, source: &impl Source, request: SaveRequest) {
    let captures = app.reading.info.files.clone();
    let there = FileId::named(&request.path);
    if there.as_ref().is_ok_and(|there| captures.contains(there)) {
        app.tell_failure("that is the capture itself: give another name");
        return;
    }
    if !request.overwrite && there.is_ok() {
        app.prompt = Some(Prompt {
            kind: PromptKind::Overwrite { request },
            text: String::new(),
        });
        return;
    }
    let format = match request.format {
        SaveFormat::Packets => {
            app.waiting.saving = Some(request.path.clone());
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
        zone: app.ladder.zone,
        fold: app.ladder.fold,
        names: app.options.names.clone(),
        ..Options::default()
    };
    let how = How {
        private: false,
        keep: false,
        screen: true,
    };
    let written = file::write(&request.path, &captures, how, |mut out| {
        export::flow(&mut out, &app.reading.info, [&view.flow], format, &options)
    });
    match written {
        Ok(((), written)) => app.tell(written.told(request.format.name(), &request.path)),
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
