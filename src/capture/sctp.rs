//! User messages out of SCTP DATA chunks (RFC 9260).

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Endpoint;

/// Streams on which a message is put together at a time.
const MESSAGES_MAX: usize = 256;

/// Octets of one message.
const MESSAGE_MAX: usize = 256 * 1024;

/// Source port, destination port, chunks.
pub(super) fn header(data: &[u8]) -> Option<(u16, u16, &[u8])> {
    let (&[s0, s1, d0, d1, ..], chunks) = data.split_first_chunk::<12>()?;
    let src_port = u16::from_be_bytes([s0, s1]);
    let dst_port = u16::from_be_bytes([d0, d1]);
    Some((src_port, dst_port, chunks))
}

/// One DATA chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk<'f> {
    first: bool,
    last: bool,
    tsn: u32,
    stream: u16,
    pub(super) data: &'f [u8],
    /// Octets that the snap length cut off.
    pub(super) cut: u32,
}

impl Chunk<'_> {
    /// Whether it is a message of its own.
    pub(super) fn is_whole(&self) -> bool {
        self.first && self.last
    }
}

/// The DATA chunks of a packet.
pub(super) fn data_chunks(mut data: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        loop {
            let (&[kind, flags, l0, l1], _) = data.split_first_chunk::<4>()?;
            let len = usize::from(u16::from_be_bytes([l0, l1]));
            if len < 4 {
                return None;
            }
            let chunk = data.get(..len).unwrap_or(data);
            // Chunks are padded to four octets.
            data = data.get(len.next_multiple_of(4)..).unwrap_or_default();
            if kind != 0 {
                continue;
            }
            let (&[_, _, _, _, t0, t1, t2, t3, s0, s1, ..], user) =
                chunk.split_first_chunk::<16>()?;
            return Some(Chunk {
                first: flags & 0x02 != 0,
                last: flags & 0x01 != 0,
                tsn: u32::from_be_bytes([t0, t1, t2, t3]),
                stream: u16::from_be_bytes([s0, s1]),
                data: user,
                cut: u32::try_from(len - chunk.len()).unwrap_or(u32::MAX),
            });
        }
    })
}

/// Messages that came in several chunks, put together as far as these come in order.
#[derive(Debug, Default)]
pub(super) struct Messages {
    partial: HashMap<(Endpoint, Endpoint, u16), Partial, FixedState>,
}

#[derive(Debug)]
struct Partial {
    next: u32,
    data: Vec<u8>,
}

impl Messages {
    /// Adds a chunk; gives the message that it completes, unless the chunk is one of its own.
    pub(super) fn add(
        &mut self,
        src: Endpoint,
        dst: Endpoint,
        chunk: &Chunk<'_>,
    ) -> Option<Vec<u8>> {
        if chunk.is_whole() {
            return None;
        }
        let key = (src, dst, chunk.stream);
        if chunk.first {
            if self.partial.len() >= MESSAGES_MAX {
                self.partial.clear();
            }
            let partial = Partial {
                next: chunk.tsn.wrapping_add(1),
                data: chunk.data.to_vec(),
            };
            self.partial.insert(key, partial);
            return None;
        }
        let partial = self.partial.get_mut(&key)?;
        if partial.next != chunk.tsn || partial.data.len() + chunk.data.len() > MESSAGE_MAX {
            return None;
        }
        partial.next = chunk.tsn.wrapping_add(1);
        partial.data.extend_from_slice(chunk.data);
        chunk
            .last
            .then(|| self.partial.remove(&key))?
            .map(|partial| partial.data)
    }
}
