//! The terminal taken over, and given back as it was: on quit, error, panic and signals.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

/// Alternate screen, cursor hidden.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J";
/// Buttons and wheel of the mouse are reported, in the form that has no limit of columns.
const MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// No mouse, end of a synchronized update, whole scroll region, plain text, cursor shown, main screen.
const LEAVE: &[u8] = b"\x1b[?1006l\x1b[?1000l\x1b[?2026l\x1b[r\x1b[m\x1b[?25h\x1b[?1049l";

static ACTIVE: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is wanted (`--no-mouse`).
static WITH_MOUSE: AtomicBool = AtomicBool::new(false);
static OWNER: OnceLock<ThreadId> = OnceLock::new();

/// Where frames go: not through [`io::stdout`], which would cut each in two at its last line feed.
#[cfg(unix)]
pub(super) type Output = std::fs::File;
#[cfg(not(unix))]
pub(super) type Output = io::Stdout;

/// The terminal to write frames to.
#[cfg(unix)]
pub(super) fn output() -> io::Result<Output> {
    use std::os::fd::AsFd;
    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

/// The terminal to write frames to; its console wants text, which only the standard library gives it.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
pub(super) fn output() -> io::Result<Output> {
    Ok(io::stdout())
}

/// The terminal while it is ours; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Screen {
    signals: Signals,
}

impl Screen {
    /// Takes the terminal over. Keys come from standard input, or from the terminal itself where that is
    /// the capture.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other("standard output is no terminal"));
        }
        install_panic_hook();
        WITH_MOUSE.store(mouse, Ordering::SeqCst);
        let signals = Signals::catch()?;
        take()?;
        Ok(Self { signals })
    }

    /// Whether a signal asks to end.
    pub(super) fn must_end(&self) -> bool {
        self.signals.pending().is_some()
    }

    /// Whether a signal asks to stop (TSTP from outside).
    pub(super) fn must_stop(&self) -> bool {
        self.signals.asked_to_stop()
    }

    /// Whether the program goes on after it was stopped in a way that nobody can mind (STOP): the terminal is taken
    /// over again then.
    pub(super) fn went_on(&self) -> io::Result<bool> {
        if !self.signals.went_on() {
            return Ok(false);
        }
        ACTIVE.store(false, Ordering::SeqCst);
        take()?;
        Ok(true)
    }

    /// Stops the program as `^Z` does elsewhere; returns when it goes on.
    pub(super) fn suspend() -> io::Result<()> {
        give_back();
        stop();
        take()
    }

    /// Gives the terminal back; after a signal, ends as that signal does.
    pub(super) fn end(self) {
        let pending = self.signals.pending();
        drop(self);
        if let Some(signal) = pending {
            die_of(signal);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// The terminal's columns and rows, within what is drawn in a moment: there are terminals that claim any size.
pub(super) fn size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size().map(bounded)
}

/// A size as it is drawn.
pub(super) fn bounded((columns, rows): (u16, u16)) -> (u16, u16) {
    const COLUMNS_MAX: u16 = 1000;
    const ROWS_MAX: u16 = 500;
    (columns.min(COLUMNS_MAX), rows.min(ROWS_MAX))
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    out.write_all(ENTER)?;
    if WITH_MOUSE.load(Ordering::SeqCst) {
        out.write_all(MOUSE)?;
    }
    out.flush()
}

/// Restores the terminal if it was taken over. Write errors are ignored: there is nowhere left to report them.
fn give_back() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = out.write_all(LEAVE);
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}

/// A panic of the screen's own thread is reported after the terminal is restored. Panics of other threads are caught by
/// their callers; a report here would only garble the screen.
fn install_panic_hook() {
    if OWNER.set(thread::current().id()).is_err() {
        return;
    }
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if ACTIVE.load(Ordering::SeqCst) {
            if OWNER.get() != Some(&thread::current().id()) {
                return;
            }
            give_back();
        }
        previous(info);
    }));
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    use signal_hook::{flag, low_level};

    /// Signals that ask to end, noted instead of followed.
    #[derive(Debug)]
    pub(super) struct Signals {
        caught: Arc<AtomicUsize>,
        stop: Arc<AtomicBool>,
        went_on: Arc<AtomicBool>,
    }

    impl Signals {
        pub(super) fn catch() -> io::Result<Self> {
            let caught = Arc::new(AtomicUsize::new(0));
            for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
                flag::register_usize(
                    signal,
                    Arc::clone(&caught),
                    usize::try_from(signal).unwrap_or_default(),
                )?;
            }
            let (stop, went_on) = (Arc::default(), Arc::default());
            flag::register(SIGTSTP, Arc::clone(&stop))?;
            flag::register(SIGCONT, Arc::clone(&went_on))?;
            Ok(Self {
                caught,
                stop,
                went_on,
            })
        }

        pub(super) fn asked_to_stop(&self) -> bool {
            self.stop.swap(false, Ordering::SeqCst)
        }

        pub(super) fn went_on(&self) -> bool {
            self.went_on.swap(false, Ordering::SeqCst)
        }

        pub(super) fn pending(&self) -> Option<i32> {
            i32::try_from(self.caught.load(Ordering::SeqCst))
                .ok()
                .filter(|signal| *signal != 0)
        }
    }

    pub(super) fn stop() {
        let _ = low_level::emulate_default_handler(SIGTSTP);
    }

    pub(super) fn die_of(signal: i32) {
        let _ = low_level::emulate_default_handler(signal);
    }
}

#[cfg(unix)]
use unix::{Signals, die_of, stop};

#[cfg(not(unix))]
mod other {
    use std::io;

    /// No signals here.
    #[derive(Debug)]
    pub(super) struct Signals;

    impl Signals {
        #[expect(clippy::unnecessary_wraps, reason = "the same shape as with signals")]
        pub(super) fn catch() -> io::Result<Self> {
            Ok(Self)
        }

        #[expect(clippy::unused_self, reason = "the same shape as with signals")]
        pub(super) fn pending(&self) -> Option<i32> {
            None
        }

        #[expect(clippy::unused_self, reason = "the same shape as with signals")]
        pub(super) fn asked_to_stop(&self) -> bool {
            false
        }

        #[expect(clippy::unused_self, reason = "the same shape as with signals")]
        pub(super) fn went_on(&self) -> bool {
            false
        }
    }

    pub(super) fn stop() {}

    pub(super) fn die_of(_signal: i32) {}
}

#[cfg(not(unix))]
use other::{Signals, die_of, stop};
