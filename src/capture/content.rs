//! What names a capture: a digest of its (uncompressed) octets, the same whatever the file is called.

use sha2::{Digest, Sha256};

use crate::uid::Uid;

/// So many octets at the start count in full.
const WHOLE: u64 = 4 << 20;
/// Beyond them so many octets ...
const SAMPLE: u64 = 1024;
/// ... of so many: a gigabyte is to cost a few milliseconds.
const EVERY: u64 = 256 * 1024;

/// Takes in a capture from its first octet to its last.
#[derive(Clone, Default)]
pub(super) struct Content {
    digest: Sha256,
    length: u64,
}

impl Content {
    /// The next octets.
    pub(super) fn take(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            let (counts, run) = run_at(self.length);
            let run = usize::try_from(run).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at_checked(run).unwrap_or((rest, &[]));
            if counts {
                self.digest.update(now);
            }
            self.length += now.len() as u64;
            rest = later;
        }
    }

    /// The name of what was taken in so far.
    pub(super) fn uid(&self) -> Uid {
        let mut digest = self.digest.clone();
        digest.update(self.length.to_be_bytes());
        Uid::from(digest)
    }
}

/// Whether the octets at an offset count, and how many of them there are before that changes.
fn run_at(offset: u64) -> (bool, u64) {
    let within = offset % EVERY;
    if offset < WHOLE {
        (true, WHOLE - offset)
    } else if within < SAMPLE {
        (true, SAMPLE - within)
    } else {
        (false, EVERY - within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(octets: &[u8], piece: usize) -> Uid {
        let mut content = Content::default();
        octets.chunks(piece).for_each(|piece| content.take(piece));
        content.uid()
    }

    #[test]
    fn does_not_depend_on_how_it_is_read() {
        let octets: Vec<u8> = (0..(5_u32 << 20)).map(|n| n.to_le_bytes()[1]).collect();
        assert_eq!(uid(&octets, 7919), uid(&octets, 1 << 20));
        assert_ne!(uid(&octets, 4096), uid(&octets[1..], 4096));
        assert_ne!(uid(&octets, 4096), uid(&octets[..octets.len() - 1], 4096));
        let mut other = octets.clone();
        other[4 << 20] ^= 1;
        assert_ne!(uid(&octets, 4096), uid(&other, 4096));
    }
}
