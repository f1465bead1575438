//! gzip and zstd, told by content, with limits against decompression bombs.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::error::of_the_system;

/// Octets needed to tell a compression.
pub(super) const MAGIC_LEN: usize = 4;

/// Decompressed octets that are always allowed.
pub(super) const DECOMPRESSED_FREE: u64 = 64 * 1024 * 1024;

/// Beyond [`DECOMPRESSED_FREE`], decompressed octets allowed per compressed octet; captures stay below 50.
pub(super) const RATIO_MAX: u64 = 250;

/// The largest window of a zstd frame (`zstd --ultra -22` and `--long` use 128 MiB).
const ZSTD_WINDOW_MAX: u64 = 128 * 1024 * 1024;

/// A compression around a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames.
    Zstd,
}

impl Compression {
    /// Tells the compression by the first [`MAGIC_LEN`] octets.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Decompresses `input`. `position` is how many octets of `input` were consumed.
pub(super) fn decoder(
    how: Compression,
    input: Box<dyn Read + Send>,
    position: Arc<AtomicU64>,
) -> Box<dyn Read + Send> {
    match how {
        Compression::Gzip => Box::new(Limited {
            input: MultiGzDecoder::new(BufReader::new(input)),
            position,
            given: 0,
        }),
        Compression::Zstd => Box::new(Limited {
            input: Zstd::Between(Compressed::new(input)),
            position,
            given: 0,
        }),
    }
}

/// Stops a bomb.
struct Limited<R> {
    input: R,
    position: Arc<AtomicU64>,
    given: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.position.load(Ordering::Relaxed);
        let allowed = DECOMPRESSED_FREE.max(taken.saturating_mul(RATIO_MAX));
        if self.given > allowed {
            return Err(io::Error::other(format!(
                "it decompresses to more than {RATIO_MAX} times its size, which no capture does"
            )));
        }
        let count = self.input.read(buffer)?;
        self.given += count as u64;
        Ok(count)
    }
}

/// Compressed octets of which the first few were looked at already.
struct Compressed {
    head: [u8; MAGIC_LEN],
    /// How many octets of `head` are still to be read.
    ahead: usize,
    input: BufReader<Box<dyn Read + Send>>,
}

impl Compressed {
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            head: [0; MAGIC_LEN],
            ahead: 0,
            input: BufReader::new(input),
        }
    }

    /// The next [`MAGIC_LEN`] octets, without consuming them; `None` at the end of the input.
    fn peek(&mut self) -> io::Result<Option<[u8; MAGIC_LEN]>> {
        if self.ahead == 0 {
            if self.input.fill_buf()?.is_empty() {
                return Ok(None);
            }
            self.input.read_exact(&mut self.head)?;
            self.ahead = MAGIC_LEN;
        }
        Ok(Some(self.head))
    }
}

impl Read for Compressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead == 0 {
            return self.input.read(buffer);
        }
        let mut head = self.head.get(MAGIC_LEN - self.ahead..).unwrap_or_default();
        let count = head.read(buffer)?;
        self.ahead -= count;
        Ok(count)
    }
}

/// zstd frames one after the other; the crate's own reader ends with the first.
enum Zstd {
    Between(Compressed),
    Inside(Box<StreamingDecoder<Compressed, FrameDecoder>>),
    Ended,
}

impl Zstd {
    /// Begins the next frame, stepping over skippable ones. `Ended` when there is none.
    fn next_frame(mut input: Compressed) -> io::Result<Self> {
        loop {
            let Some(magic) = input.peek()? else {
                return Ok(Self::Ended);
            };
            // RFC 8878 3.1.2: skippable frames.
            if matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18]) {
                let mut header = [0; 8];
                input.read_exact(&mut header)?;
                let [.., a, b, c, d] = header;
                let length = u32::from_le_bytes([a, b, c, d]);
                io::copy(&mut input.by_ref().take(length.into()), &mut io::sink())?;
                continue;
            }
            let decoder = StreamingDecoder::new_with_max_window_size(input, ZSTD_WINDOW_MAX)
                .map_err(|error| damaged(&error))?;
            return Ok(Self::Inside(Box::new(decoder)));
        }
    }
}

/// What the crate says is for its developers.
fn damaged(error: &(dyn std::error::Error + 'static)) -> io::Error {
    if let Some(error) = of_the_system(error) {
        return error;
    }
    let detail = error.to_string();
    let detail = detail.split([':', '(', '{']).next().unwrap_or_default();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "the zstd data are cut or damaged ({}); copy the file again, or unpack what can be had with zstd -dc",
            detail.trim().to_lowercase()
        ),
    )
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Ended) {
                Self::Ended => return Ok(0),
                Self::Between(input) => *self = Self::next_frame(input)?,
                Self::Inside(mut decoder) => {
                    let count = decoder.read(buffer).map_err(|error| damaged(&error))?;
                    if count > 0 || buffer.is_empty() {
                        *self = Self::Inside(decoder);
                        return Ok(count);
                    }
                    *self = Self::Between(decoder.into_inner());
                }
            }
        }
    }
}
