//! Signals that end the program, held back while a file has a name that must not stay.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

/// The signals held back; when it is dropped, the one that came takes its course.
#[derive(Debug, Default)]
pub(super) struct Hold {
    caught: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Hold {
    /// None yet.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Holds them back from now on, where that is not done already.
    pub(super) fn begin(&mut self, screen: bool) -> io::Result<()> {
        if screen || !self.registered.is_empty() {
            return Ok(());
        }
        let ignored = ignored();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored & 1 << (signal - 1) != 0 {
                continue;
            }
            let number = usize::try_from(signal).unwrap_or_default();
            self.registered.push(flag::register_usize(
                signal,
                Arc::clone(&self.caught),
                number,
            )?);
        }
        Ok(())
    }

    /// A writer that fails once a signal has come.
    pub(super) fn guard<'w>(&self, to: &'w mut dyn Write) -> Guarded<'w> {
        Guarded {
            to,
            caught: Arc::clone(&self.caught),
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.registered.is_empty() {
            return;
        }
        if let Ok(signal @ 1..) = i32::try_from(self.caught.load(Ordering::SeqCst)) {
            let _ = low_level::emulate_default_handler(signal);
        }
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

/// The signals that whoever started the program ignores (`nohup`, a job in the background of a script), bit n - 1 for
/// signal n: they stay ignored. Where the system does not tell, none.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    (status.lines().find_map(|line| line.strip_prefix("SigIgn:")))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// See [`Hold::guard`].
pub(super) struct Guarded<'w> {
    to: &'w mut dyn Write,
    caught: Arc<AtomicUsize>,
}

impl Write for Guarded<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.caught.load(Ordering::Relaxed) != 0 {
            return Err(io::Error::other("ended by a signal"));
        }
        self.to.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
