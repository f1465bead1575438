//! The terminal user interface: the only place that knows ratatui and crossterm.
//!
//! ```text
//! key → action (action.rs) → update (update.rs) → App (app.rs) → render → terminal
//!                                  └→ Effect → the loop below → service, files, clipboard
//! ```

use std::io;
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr};
use crossterm::event::{self, Event, MouseButton, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::analysis::service::{Service, Update};
use crate::call::CallNo;

pub mod action;
pub mod app;
mod effect;
mod graphics;
pub mod layout;
mod painter;
mod render;
mod terminal;
mod theme;
pub mod update;

use action::{Action, prompt_action_for};
use app::App;
pub use app::Options;
use painter::Painter;
use terminal::{Output, Screen};

/// Where calls come from: [`Service`], or something simpler in tests.
pub trait Source {
    /// The next update, or `None` if none comes within `timeout`.
    fn next(&self, timeout: Duration) -> Option<Update>;
    /// Asks for calls to be loaded.
    fn open(&self, calls: Vec<CallNo>, other_leg: bool);
    /// Asks for the pages of a call to be read.
    fn pages(&self, call: CallNo);
    /// Asks for the packets of calls to be written.
    fn save_packets(&self, calls: Vec<CallNo>, path: std::path::PathBuf);
    /// Asks for what came through a pipe to be written.
    fn keep(&self, path: std::path::PathBuf);
    /// The user leaves, or a signal ends the program: the last thing that is asked.
    fn leave(&self) {}
}

impl Source for Service {
    fn next(&self, timeout: Duration) -> Option<Update> {
        Self::next(self, timeout)
    }

    fn open(&self, calls: Vec<CallNo>, other_leg: bool) {
        Self::open(self, calls, other_leg);
    }

    fn pages(&self, call: CallNo) {
        Self::pages(self, call);
    }

    fn save_packets(&self, calls: Vec<CallNo>, path: std::path::PathBuf) {
        Self::save_packets(self, calls, path);
    }

    fn keep(&self, path: std::path::PathBuf) {
        Self::keep(self, path);
    }
}

/// Shows a capture until the user leaves. The terminal is given back as it was, whatever happens. With it what is to be
/// said afterwards.
pub fn run(source: &impl Source, options: Options) -> Result<Option<String>> {
    let screen = Screen::enter(options.mouse).wrap_err("cannot use the terminal")?;
    let mut app = App::new(
        options,
        terminal::size().wrap_err("cannot use the terminal")?,
    );
    let done = run_on(&screen, source, &mut app);
    let lost = finish_saving(&mut app, source);
    source.leave();
    screen.end();
    match done {
        Ok(()) if lost.is_some() => Err(color_eyre::eyre::eyre!(lost.unwrap_or_default())),
        // The terminal has gone: nobody can read the error.
        Err(error) if is_hang_up(&error) => Ok(None),
        done => done
            .map(|()| app.kept.take())
            .wrap_err("cannot go on with the terminal"),
    }
}

/// Columns of the terminal; `None` if there is none.
pub fn width() -> Option<usize> {
    crossterm::terminal::size()
        .ok()
        .map(|(columns, _)| usize::from(columns))
        .filter(|columns| *columns > 0)
}

fn is_hang_up(error: &io::Error) -> bool {
    const EIO: i32 = 5;
    error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(EIO)
}

/// How long a file that is being written is waited for when the user leaves.
const SAVING: Duration = Duration::from_secs(3);

/// Waits for the packets that are being saved; what to say if they are not.
fn finish_saving(app: &mut App, source: &impl Source) -> Option<String> {
    let path = app.waiting.saving.clone()?;
    let started = Instant::now();
    while app.waiting.saving.is_some() && started.elapsed() < SAVING {
        if let Some(update @ Update::Saved(_)) = source.next(Duration::from_millis(50)) {
            app.apply(update);
        }
    }
    let failed = app.notice.as_ref().filter(|notice| notice.failed);
    match (app.waiting.saving.is_some(), failed) {
        (true, _) => Some(format!(
            "{}: not written, the program ended before the packets were",
            path.display()
        )),
        (false, failed) => failed.map(|notice| notice.text.clone()),
    }
}

fn run_on(screen: &Screen, source: &impl Source, app: &mut App) -> io::Result<()> {
    let mut painter = Painter::new(terminal::output()?);
    let started = Instant::now();
    let mut due = Due::All;
    while !screen.must_end() && app.kept.is_none() {
        if screen.must_stop() {
            Screen::suspend()?;
            effect::come_back(app, &mut painter)?;
            due = Due::All;
        }
        if screen.went_on()? {
            effect::come_back(app, &mut painter)?;
            due = Due::All;
        }
        if take_updates(app, source, &mut painter)? {
            due = Due::All;
        }
        due = match due {
            Due::Nothing => Due::Nothing,
            due => {
                app.reading.elapsed = started.elapsed();
                if graphics::is_stale(app, &painter) {
                    painter.forget();
                }
                let due = draw(app, &mut painter, due.later())?;
                graphics::paint(app, &mut painter)?;
                due
            }
        };
        let wait = match due {
            Due::Nothing => patience(app, started.elapsed()),
            _ => REST,
        };
        if !event::poll(wait)? {
            continue;
        }
        // All keys that are there are taken before the screen is drawn: holding a key never runs behind.
        for _ in 0..64 {
            if let Some(action) = action_of(&event::read()?, app) {
                let effect = update::update(app, action);
                due = app.side_pane(action).map_or(Due::All, Due::Later);
                if !effect::perform(effect, app, source, &mut painter)? {
                    return Ok(());
                }
            }
            if !event::poll(Duration::from_millis(1))? {
                break;
            }
        }
    }
    Ok(())
}

/// Which part of the screen is drawn now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    /// The whole screen; this area may be deferred.
    Later(Rect),
    All,
}

impl Due {
    fn later(self) -> Option<Rect> {
        match self {
            Self::Later(area) => Some(area),
            Self::Nothing | Self::All => None,
        }
    }
}

/// The deferred part is drawn after this long without a key. A held key repeats faster.
const REST: Duration = Duration::from_millis(200);

/// In the first moment nearly all captures are read, and somebody waits for that.
const FIRST_MOMENT: Duration = Duration::from_millis(200);

/// How long to wait for a key before the service is polled again, by the time since the start.
fn patience(app: &App, running: Duration) -> Duration {
    let soon = !app.reading.finished && running < FIRST_MOMENT;
    Duration::from_millis(
        if soon || app.waiting.opening.is_some() || app.waiting.page.is_some() {
            5
        } else if app.reading.finished {
            250
        } else {
            50
        },
    )
}

/// Handles pending updates of the service, for a limited time. True: there were any.
fn take_updates(
    app: &mut App,
    source: &impl Source,
    painter: &mut Painter<Output>,
) -> io::Result<bool> {
    let started = Instant::now();
    let mut news = false;
    while started.elapsed() < Duration::from_millis(20) {
        let Some(update) = source.next(Duration::ZERO) else {
            break;
        };
        let effect = app.apply(update);
        news = true;
        effect::perform(effect, app, source, painter)?;
    }
    Ok(news)
}

/// Draws the screen; returns what is left to draw.
fn draw(app: &App, painter: &mut Painter<Output>, later: Option<Rect>) -> io::Result<Due> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
    let cursor = render::render(app, &mut buffer);
    if app.options.ascii {
        // What was typed, and whatever a view left: nothing else reaches a terminal that knows no UTF-8.
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                cell.set_symbol("?");
            }
        }
    }
    let complete = painter.show(&buffer, cursor, later)?;
    Ok(if complete { Due::Nothing } else { Due::All })
}

fn action_of(event: &Event, app: &App) -> Option<Action> {
    match event {
        Event::Key(key) if app.prompt.is_some() => prompt_action_for(*key),
        Event::Key(key) => app.options.keys.action_for(*key, app.context()),
        Event::Mouse(_) if app.prompt.is_some() => None,
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => Some(Action::Wheel(false)),
            MouseEventKind::ScrollDown => Some(Action::Wheel(true)),
            MouseEventKind::Down(MouseButton::Left) => Some(Action::Click(mouse.column, mouse.row)),
            _ => None,
        },
        Event::Resize(width, height) => {
            let (width, height) = terminal::bounded((*width, *height));
            Some(Action::Resize(width, height))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
