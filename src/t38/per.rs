//! The little of aligned PER (X.691) that UDPTL and IFP need: a cursor, length determinants, open types.

use std::borrow::Cow;
use std::fmt;

/// Why octets do not decode, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Octets from the start of what was decoded.
    pub offset: usize,
    /// Why, in a few words.
    pub reason: &'static str,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.reason, self.offset)
    }
}

impl std::error::Error for DecodeError {}

/// A checked cursor over octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// Octets consumed so far.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// What has not been consumed.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    pub(super) fn error(&self, reason: &'static str) -> DecodeError {
        DecodeError {
            offset: self.at,
            reason,
        }
    }

    pub(super) fn octet(&mut self, reason: &'static str) -> Result<u8, DecodeError> {
        let octet = *self.rest().first().ok_or_else(|| self.error(reason))?;
        self.at += 1;
        Ok(octet)
    }

    pub(super) fn u16(&mut self, reason: &'static str) -> Result<u16, DecodeError> {
        let pair = *self
            .rest()
            .first_chunk::<2>()
            .ok_or_else(|| self.error(reason))?;
        self.at += 2;
        Ok(u16::from_be_bytes(pair))
    }

    pub(super) fn take(
        &mut self,
        count: usize,
        reason: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let taken = self.rest().get(..count).ok_or_else(|| self.error(reason))?;
        self.at += count;
        Ok(taken)
    }

    /// Takes what is there of `count` octets; true if all of them are.
    pub(super) fn take_some(&mut self, count: usize) -> (&'a [u8], bool) {
        let rest = self.rest();
        let taken = rest.get(..count).unwrap_or(rest);
        self.at += taken.len();
        (taken, taken.len() == count)
    }

    /// A length determinant (X.691 10.9): the length, and whether more fragments follow.
    pub(super) fn length(&mut self) -> Result<(usize, bool), DecodeError> {
        const REASON: &str = "length is cut off";
        let first = self.octet(REASON)?;
        match first {
            0x00..=0x7F => Ok((usize::from(first), false)),
            0x80..=0xBF => {
                let second = self.octet(REASON)?;
                Ok((usize::from(first & 0x3F) << 8 | usize::from(second), false))
            }
            0xC1..=0xC4 => Ok((usize::from(first & 0x0F) << 14, true)),
            _ => {
                self.at -= 1;
                Err(self.error("invalid length"))
            }
        }
    }

    /// An open type: length determinant (or several, for fragments) and octets. The flag tells whether all of
    /// it is there.
    pub(super) fn open_type(&mut self) -> Result<(Cow<'a, [u8]>, bool), DecodeError> {
        let (count, mut more) = self.length()?;
        let (first, mut whole) = self.take_some(count);
        if !more {
            return Ok((Cow::Borrowed(first), whole));
        }
        let mut octets = first.to_vec();
        while more && whole {
            let (count, again) = self.length()?;
            let (part, all) = self.take_some(count);
            octets.extend_from_slice(part);
            (whole, more) = (all, again);
        }
        Ok((Cow::Owned(octets), whole))
    }
}
