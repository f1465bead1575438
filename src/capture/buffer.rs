//! A bounded window over a stream: the only place where capture octets wait.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use super::content::Content;
use crate::uid::Uid;

/// Octets of the window as long as no record is larger: small enough to stay in the processor's cache.
const WINDOW: usize = 256 * 1024;

/// The largest record or block that is read as a whole. libpcap's own limit is 256 KiB for most link types.
pub(super) const RECORD_MAX: usize = 16 * 1024 * 1024;

/// What a record needs beside its data: its own header and that of its successor.
const SLACK: usize = 4096;

/// Octets read at once where single frames are picked: those of a voice packet and the header after it.
const PIECE: usize = 512;

/// Where the octets come from.
enum Input {
    /// One after the other. The lock is never taken: it only makes what is read again fit for several threads.
    Stream(Mutex<Box<dyn Read + Send>>),
    /// From anywhere in a file, few at once.
    Pieces(Arc<File>),
}

/// The window.
pub(super) struct Buffer {
    input: Input,
    data: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the stream of `data[0]`.
    origin: u64,
    failure: Option<io::Error>,
    /// Of what is read from its first octet on.
    content: Option<Content>,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("offset", &self.offset())
            .field("available", &self.available().len())
            .finish_non_exhaustive()
    }
}

impl Buffer {
    /// A window that begins at the octet `offset` of the stream, which is the next that `input` gives.
    pub(super) fn new(input: Box<dyn Read + Send>, offset: u64) -> Self {
        Self::over(Input::Stream(Mutex::new(input)), WINDOW, offset)
    }

    /// A window that can [`Buffer::jump`].
    pub(super) fn pick(file: Arc<File>, offset: u64) -> Self {
        Self::over(Input::Pieces(file), PIECE, offset)
    }

    fn over(input: Input, window: usize, offset: u64) -> Self {
        Self {
            input,
            data: vec![0; window],
            start: 0,
            end: 0,
            origin: offset,
            failure: None,
            content: None,
        }
    }

    /// A window over a whole capture, which [`Buffer::uid`] names.
    pub(super) fn of_capture(input: Box<dyn Read + Send>) -> Self {
        Self {
            content: Some(Content::default()),
            ..Self::new(input, 0)
        }
    }

    /// What names what was read so far.
    pub(super) fn uid(&self) -> Uid {
        self.content.as_ref().map(Content::uid).unwrap_or_default()
    }

    /// Goes on at an offset, where the input is a file.
    pub(super) fn jump(&mut self, offset: u64) {
        if matches!(self.input, Input::Pieces(_)) {
            (self.start, self.end, self.origin) = (0, 0, offset);
        }
    }

    /// All octets that are here and not yet consumed.
    pub(super) fn available(&self) -> &[u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    /// Offset in the stream of the first available octet.
    pub(super) fn offset(&self) -> u64 {
        self.origin + self.start as u64
    }

    /// Octets at an offset of the stream, consumed or not, as long as nothing was filled since.
    pub(super) fn at(&self, offset: u64, len: usize) -> &[u8] {
        offset
            .checked_sub(self.origin)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.data.get(index..self.end)?.get(..len))
            .unwrap_or_default()
    }

    /// Steps over octets.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Reads until at least `want` octets are available. False: the stream ends before that (for now).
    #[inline]
    pub(super) fn fill(&mut self, want: usize) -> bool {
        self.end - self.start >= want || self.refill(want)
    }

    #[cold]
    fn refill(&mut self, want: usize) -> bool {
        if want > RECORD_MAX + SLACK || self.failure.is_some() {
            return false;
        }
        while self.end - self.start < want {
            if let Err(error) = self.make_room(want) {
                self.failure = Some(error);
                return false;
            }
            let space = self.data.get_mut(self.end..).unwrap_or_default();
            let read = match &mut self.input {
                Input::Stream(input) => {
                    let input = input.get_mut().unwrap_or_else(PoisonError::into_inner);
                    input.read(space)
                }
                Input::Pieces(file) => file.read_at(space, self.origin + self.end as u64),
            };
            match read {
                Ok(0) => return false,
                Ok(count) => {
                    if let Some((content, new)) = self.content.as_mut().zip(space.get(..count)) {
                        content.take(new);
                    }
                    self.end += count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    return false;
                }
            }
        }
        true
    }

    /// Makes room behind the last octet. What waits is moved only when at least as much was consumed before it, so
    /// that no octet is moved more than once on average; else the window is doubled, as far as there is data:
    /// a record that only claims to be large costs nothing.
    fn make_room(&mut self, want: usize) -> io::Result<()> {
        let waiting = self.end - self.start;
        if self.end < self.data.len() && self.start + want <= self.data.len() {
            return Ok(());
        }
        if self.start >= waiting && self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.origin += self.start as u64;
            (self.start, self.end) = (0, waiting);
        }
        if self.end == self.data.len() {
            let more = self.data.len().max(PIECE);
            self.data.try_reserve_exact(more)?;
            self.data.resize(self.data.len() + more, 0);
        }
        Ok(())
    }

    /// Takes the failure out: for one before anything was read.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Why nothing more can be read; nothing is read after it.
    pub(super) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}
