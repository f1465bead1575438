//! Bits of the coded data, the first one sent the highest of its octet.

/// Reads bits at any place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'d> {
    octets: &'d [u8],
}

impl<'d> Bits<'d> {
    pub(super) const fn new(octets: &'d [u8]) -> Self {
        Self { octets }
    }

    /// How many there are.
    pub(super) const fn len(self) -> usize {
        self.octets.len().saturating_mul(8)
    }

    /// `count` (at most 16) bits at a place; behind the end are zeros.
    pub(super) fn peek(self, place: usize, count: u32) -> u32 {
        let octet = place / 8;
        let word = if let Some(&[a, b, c, d]) = self.octets.get(octet..octet + 4) {
            u32::from_be_bytes([a, b, c, d])
        } else {
            let rest = self.octets.get(octet..).unwrap_or_default();
            let padded = rest.iter().copied().chain([0; 4]).take(4);
            padded.fold(0, |word, octet| word << 8 | u32::from(octet))
        };
        let shift = u32::try_from(place % 8).unwrap_or_default();
        (word << shift) >> (u32::BITS - count)
    }

    /// Where the first end of line at or behind a place begins: its last eleven zeros and the one (T.4 4.1.2).
    pub(super) fn find_eol(self, place: usize) -> Option<usize> {
        let mut zeros = 0;
        let mut at = place;
        while at < self.len() {
            // Where an octet may be skipped as a whole, it is: fill is long.
            if at.is_multiple_of(8) && self.octets.get(at / 8) == Some(&0) {
                zeros += 8;
                at += 8;
                continue;
            }
            if self.peek(at, 1) == 0 {
                zeros += 1;
            } else if zeros >= EOL_ZEROS {
                return Some(at - EOL_ZEROS);
            } else {
                zeros = 0;
            }
            at += 1;
        }
        None
    }
}

/// Zeros of an end of line.
const EOL_ZEROS: usize = 11;
