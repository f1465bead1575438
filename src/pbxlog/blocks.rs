//! A log in blocks of whole lines, so that its size does not matter. What is compressed by gzip is read as well.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Octets that are looked at at once.
const BLOCK: usize = 1 << 20;
/// A line that is longer is cut in two.
const LINE_MOST: usize = 1 << 20;

/// Reads a log in blocks of whole lines.
pub(super) struct Blocks {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    /// Octets at the end of the buffer that begin a line.
    rest: usize,
    /// Where the next block begins in the (uncompressed) log.
    offset: u64,
    ended: bool,
}

impl Blocks {
    /// Opens a log at an octet of it.
    pub(super) fn open(path: &Path, from: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = [0; 2];
        let zipped = file.read(&mut magic)? == 2 && magic == [0x1f, 0x8b];
        let input: Box<dyn Read> = if zipped {
            file.seek(SeekFrom::Start(0))?;
            let mut input = MultiGzDecoder::new(file);
            io::copy(&mut input.by_ref().take(from), &mut io::sink())?;
            Box::new(input)
        } else if file.seek(SeekFrom::Start(from)).is_ok() {
            Box::new(file)
        } else {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a log is read twice: give a file, no pipe",
            ));
        };
        Ok(Self {
            input,
            buffer: Vec::new(),
            rest: 0,
            offset: from,
            ended: false,
        })
    }

    /// The next block, and where it begins.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        let begun = self.buffer.len() - self.rest;
        self.buffer.drain(..begun);
        let start = self.offset;
        let mut end = 0;
        while end == 0 && !self.ended {
            let had = self.buffer.len();
            let more = (&mut self.input).take(BLOCK as u64);
            // `take` by itself reads until the block is full or the log ends.
            let got = { more }.read_to_end(&mut self.buffer)?;
            self.ended = got == 0;
            let fresh = self.buffer.get(had..).unwrap_or_default();
            end = match memchr::memrchr(b'\n', fresh) {
                Some(place) => had + place + 1,
                None if self.buffer.len() > LINE_MOST => self.buffer.len(),
                None => 0,
            };
        }
        if self.ended {
            end = self.buffer.len();
        }
        self.rest = self.buffer.len() - end;
        self.offset += end as u64;
        let block = self.buffer.get(..end).unwrap_or_default();
        Ok((!block.is_empty()).then_some((start, block)))
    }
}

/// The lines of a block, each with its place in it.
pub(super) fn lines(block: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = block.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        let place = at;
        at += end + 1;
        Some((place, line.strip_suffix(b"\r").unwrap_or(line)))
    })
}
