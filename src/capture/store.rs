//! Octets that must be found again later: in the capture itself, or in a spool file.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::reader::{Frame, Mark, Origin as Capture, Reader};
use super::{Origin, Packet, Place};

/// Octets read at once at most: neighbouring payloads of a call then cost one read.
const READ_AHEAD: usize = 128 * 1024;

/// Octets read at once where payloads lie far apart: reading what is between them would cost more.
const READ_ALONE: usize = 1024;

/// Octets of the spool that are kept in memory before they are written.
const SPOOL_BUFFER: usize = 256 * 1024;

/// Octets of small payloads that are kept in memory: the T.38 of some dozen faxes. Fetching each from the
/// capture costs more than all that is done with it.
const MEMORY_MAX: usize = 16 << 20;

/// Threads that read ahead each for itself; further ones share.
const AHEADS: usize = 16;

thread_local! {
    /// Which read-ahead this thread has.
    static SLOT: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// Finds payloads again.
#[derive(Debug)]
pub struct Store {
    capture: Capture,
    spool: Spool,
    memory: Vec<u8>,
    /// One for each of some threads: they read in different places.
    ahead: [Mutex<Ahead>; AHEADS],
}

/// A file without a name that only grows, and its end that is not written yet.
#[derive(Debug, Default)]
struct Spool {
    file: Option<File>,
    written: u64,
    pending: Vec<u8>,
}

/// A piece of the capture, just read.
#[derive(Debug, Default)]
struct Ahead {
    offset: u64,
    data: Vec<u8>,
    /// How much is read next time.
    span: usize,
}

impl Store {
    /// A store for the capture that `reader` reads.
    pub fn new(reader: &Reader) -> Self {
        Self {
            capture: reader.origin().clone(),
            spool: Spool::default(),
            memory: Vec::new(),
            ahead: Default::default(),
        }
    }

    /// Makes sure that a packet's payload can be fetched later: where it lies in the capture, or else as a copy.
    pub fn locate(&mut self, packet: &Packet<'_>) -> io::Result<Place> {
        match packet.offset {
            Some(offset) => self.locate_at(offset, packet.payload),
            None => self.keep(packet.payload),
        }
    }

    /// As [`Store::locate`], for small payloads of which many are fetched at once: in memory while there is room.
    pub fn locate_small(&mut self, packet: &Packet<'_>) -> io::Result<Place> {
        if self.memory.len() + packet.payload.len() > MEMORY_MAX {
            return self.locate(packet);
        }
        let place = Place {
            origin: Origin::Memory,
            offset: self.memory.len() as u64,
            len: u32::try_from(packet.payload.len()).unwrap_or(u32::MAX),
        };
        self.memory.extend_from_slice(packet.payload);
        Ok(place)
    }

    /// As [`Store::locate`], for octets at an offset of the capture.
    pub fn locate_at(&mut self, offset: u64, octets: &[u8]) -> io::Result<Place> {
        if self.capture.source.plain().is_none() {
            return self.keep(octets);
        }
        Ok(Place {
            origin: Origin::Capture,
            offset,
            len: u32::try_from(octets.len()).unwrap_or(u32::MAX),
        })
    }

    /// Copies octets to the spool.
    pub fn keep(&mut self, octets: &[u8]) -> io::Result<Place> {
        if self.spool.pending.len() >= SPOOL_BUFFER {
            self.spool.flush()?;
        }
        let place = Place {
            origin: Origin::Spool,
            offset: self.spool.written + self.spool.pending.len() as u64,
            len: u32::try_from(octets.len()).unwrap_or(u32::MAX),
        };
        self.spool.pending.extend_from_slice(octets);
        Ok(place)
    }

    /// Fetches octets again; what is in memory needs no copy.
    pub fn fetch(&self, place: Place) -> io::Result<Cow<'_, [u8]>> {
        let len = usize::try_from(place.len).unwrap_or(usize::MAX);
        match (place.origin, self.capture.source.plain()) {
            (Origin::Memory, _) => usize::try_from(place.offset)
                .ok()
                .and_then(|at| self.memory.get(at..)?.get(..len))
                .map(Cow::Borrowed)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into()),
            (Origin::Spool, _) => self.spool.fetch(place.offset, len).map(Cow::Owned),
            (Origin::Capture, Some(file)) => {
                let own = self.ahead.get(SLOT.with(|slot| *slot) % AHEADS);
                let Some(own) = own else {
                    return Err(io::ErrorKind::Unsupported.into());
                };
                let mut ahead = own.lock().unwrap_or_else(PoisonError::into_inner);
                ahead.fetch(file, place.offset, len).map(Cow::Owned)
            }
            (Origin::Capture, None) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Writes the first octets of the capture as it came, where it lies in one file.
    pub fn copy_to(&self, octets: u64, out: &mut dyn io::Write) -> io::Result<()> {
        let Some(file) = self.capture.source.plain() else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut piece = vec![0; READ_AHEAD];
        let mut done = 0;
        while done < octets {
            let left = usize::try_from(octets - done).unwrap_or(usize::MAX);
            let space = piece.get_mut(..left.min(READ_AHEAD)).unwrap_or_default();
            file.read_exact_at(space, done)?;
            out.write_all(space)?;
            done += space.len() as u64;
        }
        Ok(())
    }

    /// Whether single frames can be read again, see [`Store::pick`].
    pub fn can_pick(&self) -> bool {
        self.capture.source.plain().is_some()
    }

    /// Reads single frames again: those at the marks, which are all of one section. Frames that cannot be had
    /// are left out.
    pub fn pick(
        &self,
        marks: impl IntoIterator<Item = Mark>,
        mut take: impl FnMut(&Frame<'_>),
    ) -> io::Result<()> {
        let mut marks = marks.into_iter().peekable();
        let Some(first) = marks.peek() else {
            return Ok(());
        };
        let Some(mut reader) = Reader::pick(&self.capture, *first)? else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        for mark in marks {
            reader.jump(mark);
            if let Ok(Some(frame)) = reader.next_frame()
                && frame.no == mark.frame()
            {
                take(&frame);
            }
        }
        reader.read_error()
    }

    /// Reads frames again, beginning with the one at the mark. Of a compressed capture everything before it
    /// is decompressed again.
    pub fn frames_from(&self, mark: Mark) -> io::Result<Reader> {
        Reader::resume(&self.capture, mark)
    }
}

impl Spool {
    fn flush(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        // At its place: an attempt that failed may have written a part of it.
        file.write_all_at(&self.pending, self.written)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn fetch(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if let Some(at) = offset.checked_sub(self.written) {
            let octets = usize::try_from(at)
                .ok()
                .and_then(|at| self.pending.get(at..)?.get(..len));
            return octets
                .map(<[u8]>::to_vec)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        let mut octets = vec![0; len];
        match &self.file {
            Some(file) => file.read_exact_at(&mut octets, offset)?,
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
        Ok(octets)
    }
}

impl Ahead {
    fn fetch(&mut self, file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        if let Some(octets) = self.get(offset, len) {
            return Ok(octets.to_vec());
        }
        if len > READ_AHEAD / 2 {
            let mut octets = vec![0; len];
            file.read_exact_at(&mut octets, offset)?;
            return Ok(octets);
        }
        self.span = self.next_span(offset, len);
        self.data.resize(self.span, 0);
        self.offset = offset;
        let mut have = 0;
        while have < len {
            let space = self.data.get_mut(have..).unwrap_or_default();
            match file.read_at(space, offset + have as u64) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.data.truncate(have);
        let octets = self.get(offset, len).map(<[u8]>::to_vec);
        octets.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Twice as much as last time where the next payload lies just behind what was read, else little.
    fn next_span(&self, offset: u64, len: usize) -> usize {
        let end = self.offset + self.data.len() as u64;
        let near = offset >= self.offset && offset < end + READ_ALONE as u64;
        let span = if near { self.span * 2 } else { READ_ALONE };
        span.clamp(READ_ALONE.max(len), READ_AHEAD)
    }

    fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let at = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.data.get(at..)?.get(..len)
    }
}
