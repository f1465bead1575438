//! zstd by its own library.

use std::io::{self, Read};

use super::{ZSTD_WINDOW_LOG_MAX, damaged};

/// Decompresses all frames of `input`.
pub(super) fn decoder(input: Box<dyn Read + Send>) -> impl Read + Send {
    Zstd::Fresh(Some(input))
}

/// The library's reader: it goes over skippable frames and from one frame to the next by itself.
enum Zstd {
    Fresh(Option<Box<dyn Read + Send>>),
    Inside(::zstd::Decoder<'static, io::BufReader<Box<dyn Read + Send>>>),
}

impl Read for Zstd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self {
                Self::Fresh(input) => {
                    let Some(input) = input.take() else {
                        return Ok(0);
                    };
                    let mut decoder = ::zstd::Decoder::new(input)?;
                    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                    *self = Self::Inside(decoder);
                }
                Self::Inside(decoder) => {
                    return decoder.read(buffer).map_err(|error| damaged(&error));
                }
            }
        }
    }
}
