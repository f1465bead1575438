//! zstd without the C library: the decoder of `ruzstd`.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::{MAGIC_LEN, ZSTD_WINDOW_LOG_MAX, damaged};

const ZSTD_WINDOW_MAX: u64 = 1 << ZSTD_WINDOW_LOG_MAX;

/// Decompresses all frames of `input`.
pub(super) fn decoder(input: Box<dyn Read + Send>) -> impl Read + Send {
    Zstd::Between(Compressed::new(input))
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
