//! gzip and zstd, told by content, with limits against decompression bombs.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::error::of_the_system;

#[cfg(feature = "zstd")]
#[path = "compress/zstd_c.rs"]
mod zstd;
#[cfg(not(feature = "zstd"))]
#[path = "compress/zstd_rust.rs"]
mod zstd;

/// Octets needed to tell a compression.
pub(super) const MAGIC_LEN: usize = 4;

/// Decompressed octets that are always allowed.
pub(super) const DECOMPRESSED_FREE: u64 = 64 * 1024 * 1024;

/// Beyond [`DECOMPRESSED_FREE`], decompressed octets allowed per compressed octet; captures stay below 50.
pub(super) const RATIO_MAX: u64 = 250;

/// The largest window of a zstd frame (`zstd --ultra -22` and `--long` use 128 MiB).
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

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
            input: zstd::decoder(input),
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
