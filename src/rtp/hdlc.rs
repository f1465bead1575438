//! HDLC of T.30 out of bits: flags, bit stuffing, frame check sequence (T.30 5.3.2 to 5.3.7, ISO/IEC 13239).
//!
//! Octets are kept in the order of T.38: the first bit sent is the highest.

use crate::line::Fcs;

/// One demodulated bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bit {
    /// Sample in the middle of the bit.
    pub sample: usize,
    /// The decision.
    pub one: bool,
    /// Nothing was received here: a packet is lost.
    pub erased: bool,
    /// Part of the power that lies in the two tones of the channel: near 0.5 if nothing else is there.
    pub share: f32,
    /// Mean square of the samples of the bit.
    pub power: f32,
}

/// What stood between two flags.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Octets without check sequence (as far as that can be told).
    pub octets: Vec<u8>,
    /// Whether it fits; `Unseen` where the carrier went away before the closing flag.
    pub fcs: Fcs,
    /// Bits are missing inside.
    pub damaged: bool,
    /// Raw bits it took.
    pub bits: usize,
    /// Mean of the bits' [`Bit::share`].
    pub share: f32,
    /// Mean square of its samples.
    pub power: f32,
    /// Its first sample.
    pub first: usize,
    /// Its last sample.
    pub last: usize,
}

/// What a bit completes.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing yet.
    None,
    /// A flag, directly after another one.
    Flag,
    /// A flag, and the content before it (too short ones included).
    Closed(Content),
    /// Seven ones in a row: the content before them is given up.
    Aborted(Content),
}

/// Finds flags and what is between them.
#[derive(Debug, Default)]
pub struct Deframer {
    /// Bits since the last flag; `None` while no flag was seen.
    raw: Option<Vec<Bit>>,
    /// The last eight bits, and which of them are erased.
    window: u8,
    erased: u8,
}

/// No T.30 frame is longer: 1,024 octets with all their stuffing.
const MAX_BITS: usize = 10_000;

impl Deframer {
    /// Takes one bit.
    pub fn push(&mut self, bit: Bit) -> Step {
        self.window = self.window << 1 | u8::from(bit.one);
        self.erased = self.erased << 1 | u8::from(bit.erased);
        if let Some(raw) = &mut self.raw {
            raw.push(bit);
        }
        if self.window == 0x7E && self.erased == 0 {
            return match self.raw.replace(Vec::new()) {
                // Two flags may share a zero: then only seven bits are new.
                Some(raw) if raw.len() > 8 => {
                    Step::Closed(content(raw.get(..raw.len() - 8).unwrap_or_default(), true))
                }
                Some(_) => Step::Flag,
                None => Step::Closed(content(&[], true)),
            };
        }
        let abort = self.window.trailing_ones() >= 7 && self.erased.trailing_zeros() >= 7;
        let full = self.raw.as_ref().is_some_and(|raw| raw.len() > MAX_BITS);
        if (abort || full)
            && let Some(raw) = self.raw.take()
        {
            let kept = raw.len().saturating_sub(7);
            return Step::Aborted(content(raw.get(..kept).unwrap_or_default(), false));
        }
        Step::None
    }

    /// The carrier is gone: what was begun and not closed, without the last `doubtful` bits.
    pub fn finish(&mut self, doubtful: usize) -> Option<Content> {
        let raw = self.raw.take()?;
        let kept = raw.len().saturating_sub(doubtful);
        Some(content(raw.get(..kept).unwrap_or_default(), false))
    }
}

/// Takes the stuffing out and checks the frame.
fn content(raw: &[Bit], closed: bool) -> Content {
    let mut octets = Vec::with_capacity(raw.len() / 8);
    let (mut octet, mut filled, mut ones) = (0u8, 0, 0);
    let mut destuffed = 0usize;
    for bit in raw {
        if ones == 5 && !bit.one && !bit.erased {
            ones = 0;
            continue;
        }
        ones = if bit.one { ones + 1 } else { 0 };
        octet = octet << 1 | u8::from(bit.one);
        filled += 1;
        destuffed += 1;
        if filled == 8 {
            octets.push(octet);
            filled = 0;
        }
    }
    let whole = destuffed.is_multiple_of(8);
    let good = closed && whole && octets.len() >= 4 && crc(&octets) == RESIDUE;
    let fcs = match (good, closed) {
        (true, _) => Fcs::Good,
        (false, true) => Fcs::Bad,
        (false, false) => Fcs::Unseen,
    };
    if closed {
        octets.truncate(octets.len().saturating_sub(2));
    }
    #[expect(clippy::cast_precision_loss, reason = "thousands of bits at most")]
    let count = raw.len().max(1) as f32;
    Content {
        octets,
        fcs,
        damaged: raw.iter().any(|bit| bit.erased),
        bits: raw.len(),
        share: raw.iter().map(|bit| bit.share).sum::<f32>() / count,
        power: raw.iter().map(|bit| bit.power).sum::<f32>() / count,
        first: raw.first().map_or(0, |bit| bit.sample),
        last: raw.last().map_or(0, |bit| bit.sample),
    }
}

/// What is left after a frame with its check sequence.
const RESIDUE: u16 = 0x1D0F;

/// CRC of T.30 5.3.7 (x^16 + x^12 + x^5 + 1, begun with ones), over octets whose highest bit was sent first.
fn crc(octets: &[u8]) -> u16 {
    octets.iter().fold(0xFFFF, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet) << 8, |crc: u16, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                crc << 1 ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bit(one: bool) -> Bit {
        Bit {
            sample: 0,
            one,
            erased: false,
            share: 0.5,
            power: 1.0,
        }
    }

    /// Flag, frame with check sequence and stuffing, flag.
    fn encode(octets: &[u8]) -> Vec<Bit> {
        let mut framed = octets.to_vec();
        framed.extend((!crc(octets)).to_be_bytes());
        let mut bits = flag();
        let mut ones = 0;
        for octet in framed {
            for place in (0..8).rev() {
                let one = octet >> place & 1 == 1;
                bits.push(bit(one));
                ones = if one { ones + 1 } else { 0 };
                if ones == 5 {
                    bits.push(bit(false));
                    ones = 0;
                }
            }
        }
        bits.extend(flag());
        bits
    }

    fn flag() -> Vec<Bit> {
        (0..8)
            .map(|place| bit(0x7E_u8 << place & 0x80 != 0))
            .collect()
    }

    fn decode(bits: &[Bit]) -> Vec<Content> {
        let mut deframer = Deframer::default();
        bits.iter()
            .filter_map(|bit| match deframer.push(*bit) {
                Step::Closed(content) | Step::Aborted(content) if content.bits > 0 => Some(content),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn decodes_mcf() {
        let frames = decode(&encode(&[0xFF, 0xC8, 0x31]));
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].octets, [0xFF, 0xC8, 0x31]);
        assert_eq!(frames[0].fcs, Fcs::Good);
    }

    #[test]
    fn check_sequence_is_that_of_t30() {
        // CRC-16/GENIBUS: the same polynomial and order, inverted at the end.
        assert_eq!(!crc(b"123456789"), 0xD64E);
    }

    #[test]
    fn flags_may_share_a_zero() {
        let mut deframer = Deframer::default();
        let bits = "011111101111110011111101111110";
        let flags = bits
            .chars()
            .filter(|one| !matches!(deframer.push(bit(*one == '1')), Step::None))
            .count();
        assert_eq!(flags, 4);
    }

    #[test]
    fn a_wrong_bit_is_a_bad_frame() {
        let mut bits = encode(&[0xFF, 0xC8, 0x31]);
        bits[20].one = !bits[20].one;
        assert_eq!(decode(&bits)[0].fcs, Fcs::Bad);
    }

    #[test]
    fn an_erased_flag_is_none() {
        let mut bits = encode(&[0xFF, 0xC8, 0x31]);
        for lost in &mut bits[30..36] {
            lost.erased = true;
            lost.one = false;
        }
        let frames = decode(&bits);
        assert_eq!(frames.len(), 1);
        assert!(frames[0].damaged);
        assert_eq!(frames[0].fcs, Fcs::Bad);
    }

    #[test]
    fn keeps_what_the_carrier_left() {
        let bits = encode(&[0xFF, 0xC8, 0x31]);
        let mut deframer = Deframer::default();
        for bit in &bits[..40] {
            deframer.push(*bit);
        }
        let rest = deframer.finish(0).unwrap();
        assert_eq!(rest.fcs, Fcs::Unseen);
        assert_eq!(rest.octets[..2], [0xFF, 0xC8]);
    }

    proptest! {
        #[test]
        fn encode_then_decode(octets in proptest::collection::vec(any::<u8>(), 2..40)) {
            let frames = decode(&encode(&octets));
            prop_assert_eq!(frames.len(), 1);
            prop_assert_eq!(&frames[0].octets, &octets);
            prop_assert_eq!(frames[0].fcs, Fcs::Good);
        }

        #[test]
        fn any_bits_decode_without_panic(bits in proptest::collection::vec(any::<(bool, bool)>(), 0..400)) {
            let mut deframer = Deframer::default();
            for (one, erased) in bits {
                deframer.push(Bit { erased, ..bit(one) });
            }
            deframer.finish(4);
        }
    }
}
