//! A pipe, copied to an unlinked file by a thread of its own: what has arrived can be read repeatedly without blocking.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Octets copied at once.
const PIECE: usize = 64 * 1024;

/// A pipe being copied.
#[derive(Debug)]
pub(super) struct Pipe {
    spool: Arc<File>,
    state: Mutex<State>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Octets in the spool.
    written: u64,
    ended: bool,
    failure: Option<io::Error>,
}

impl Pipe {
    /// Begins to copy `input`.
    pub(super) fn start(input: Box<dyn Read + Send>) -> io::Result<Arc<Self>> {
        let spool = tempfile::tempfile().map_err(not_kept)?;
        let pipe = Arc::new(Self {
            spool: Arc::new(spool),
            state: Mutex::default(),
            grown: Condvar::new(),
        });
        let copier = Arc::clone(&pipe);
        // Ends with the pipe, or with the process.
        thread::Builder::new()
            .name("pipe".to_owned())
            .spawn(move || copier.copy(input))?;
        Ok(pipe)
    }

    fn copy(&self, mut input: Box<dyn Read + Send>) {
        let mut piece = vec![0; PIECE];
        let failure = loop {
            match input.read(&mut piece) {
                Ok(0) => break None,
                Ok(count) => {
                    let mut spool: &File = &self.spool;
                    if let Err(error) = spool.write_all(piece.get(..count).unwrap_or_default()) {
                        break Some(not_kept(error));
                    }
                    self.state().written += count as u64;
                    self.grown.notify_all();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        let mut state = self.state();
        state.ended = true;
        state.failure = failure;
        self.grown.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file in which the octets are.
    pub(super) fn spool(&self) -> &Arc<File> {
        &self.spool
    }

    /// Whether more may come.
    pub(super) fn is_open(&self) -> bool {
        !self.state().ended
    }

    /// Waits until there are more than so many octets, the pipe ends, or a timeout expires.
    pub(super) fn wait(&self, beyond: u64, timeout: Duration) {
        let nothing_new = |state: &mut State| state.written <= beyond && !state.ended;
        drop(
            self.grown
                .wait_timeout_while(self.state(), timeout, nothing_new),
        );
    }
}

/// A pipe can be read but once: what is not kept is lost.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot keep what is read in a temporary file: {source}{}",
    super::error::advice(source)
)]
struct NotKept {
    source: io::Error,
}

fn not_kept(source: io::Error) -> io::Error {
    io::Error::new(source.kind(), NotKept { source })
}

/// Reads what has come, from the start.
#[derive(Debug)]
pub(super) struct Copied {
    pipe: Arc<Pipe>,
    offset: u64,
}

impl Copied {
    pub(super) fn new(pipe: Arc<Pipe>) -> Self {
        Self { pipe, offset: 0 }
    }
}

impl Read for Copied {
    /// 0 octets: no more has come, yet or at all.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.pipe.state();
        let left = state.written.saturating_sub(self.offset);
        if left == 0 {
            return state.failure.take().map_or(Ok(0), Err);
        }
        drop(state);
        let len = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let space = buffer.get_mut(..len).unwrap_or_default();
        let count = self.pipe.spool.read_at(space, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
