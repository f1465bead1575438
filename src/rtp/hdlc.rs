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
    /// Bits, without stuffing.
    pub bits: usize,
    /// Of them, received.
    pub known: usize,
    /// It begins as T.30 frames do.
    pub addressed: bool,
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
    /// A flag, and what was before it (too short ones included): one frame, more where flags are lost.
    Closed(Vec<Content>),
    /// Seven ones in a row: what was before them is given up.
    Aborted(Vec<Content>),
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
                    Step::Closed(contents(raw.get(..raw.len() - 8).unwrap_or_default(), true))
                }
                Some(_) => Step::Flag,
                None => Step::Closed(Vec::new()),
            };
        }
        let abort = self.window.trailing_ones() >= 7 && self.erased.trailing_zeros() >= 7;
        let full = self.raw.as_ref().is_some_and(|raw| raw.len() > MAX_BITS);
        if (abort || full)
            && let Some(raw) = self.raw.take()
        {
            let kept = raw.len().saturating_sub(7);
            return Step::Aborted(contents(raw.get(..kept).unwrap_or_default(), false));
        }
        Step::None
    }

    /// The carrier is gone: what was begun and not closed, without the last `doubtful` bits.
    pub fn finish(&mut self, doubtful: usize) -> Vec<Content> {
        let raw = self.raw.take().unwrap_or_default();
        let kept = raw.len().saturating_sub(doubtful);
        contents(raw.get(..kept).unwrap_or_default(), false)
    }
}

/// Takes the stuffing out and checks the frame. Where bits are missing, a flag may be among them: then what is
/// between two flags is taken apart where an address begins, and nothing of it counts as received.
fn contents(raw: &[Bit], closed: bool) -> Vec<Content> {
    if !raw.iter().any(|bit| bit.erased) {
        return vec![content(&destuffed(raw), closed)];
    }
    let mut raw = raw.to_vec();
    let mut starts: Vec<usize> = Vec::new();
    for place in 0..raw.len() {
        let after = raw.get_mut(place..).unwrap_or_default();
        let known = match starts.last() {
            None => OPENING.len() / 2,
            // The shortest frame has five octets.
            Some(last) if place >= last + 40 => OPENING.len(),
            Some(_) => continue,
        };
        if begins(after, known) {
            fill(after);
            starts.push(place);
        }
    }
    let addressed = !starts.is_empty();
    if !addressed {
        starts.push(0);
    }
    let last = starts.len() - 1;
    let ends = starts.iter().skip(1).copied().chain([raw.len()]);
    starts
        .iter()
        .zip(ends)
        .enumerate()
        .map(|(number, (start, end))| {
            let own = raw.get(*start..end).unwrap_or_default();
            let mut content = content(&destuffed(own), closed && number == last);
            content.damaged = true;
            content.addressed = addressed;
            if content.fcs == Fcs::Good {
                content.fcs = Fcs::Bad;
            }
            content
        })
        .collect()
}

/// Address and control field of T.30 (5.3.4, 5.3.5: eight ones, 1100X000) with their stuffing.
const OPENING: [Option<bool>; 18] = {
    let (one, zero) = (Some(true), Some(false));
    [
        one, one, one, one, one, zero, one, one, one, one, one, zero, zero, zero, None, zero, zero,
        zero,
    ]
};

/// Whether a T.30 frame begins here, with at least so many of its first bits known.
fn begins(raw: &[Bit], known: usize) -> bool {
    let Some(raw) = raw.get(..OPENING.len()) else {
        return false;
    };
    let fits = |(bit, field): (&Bit, &Option<bool>)| {
        bit.erased || field.is_none_or(|field| field == bit.one)
    };
    raw.iter().filter(|bit| !bit.erased).count() >= known && raw.iter().zip(&OPENING).all(fits)
}

/// Puts what can only have been there in the place of erased bits.
fn fill(raw: &mut [Bit]) {
    for (bit, field) in raw.iter_mut().zip(&OPENING) {
        bit.one = field.unwrap_or(bit.one);
    }
}

fn destuffed(raw: &[Bit]) -> Vec<Bit> {
    let mut ones = 0;
    raw.iter()
        .filter(|bit| {
            // After five ones there can only be a stuffed zero, received or not.
            let stuffing = ones == 5 && (!bit.one || bit.erased);
            ones = if bit.one && !stuffing { ones + 1 } else { 0 };
            !stuffing
        })
        .copied()
        .collect()
}

fn content(bits: &[Bit], closed: bool) -> Content {
    let mut octets: Vec<u8> = bits
        .chunks_exact(8)
        .map(|bits| {
            bits.iter()
                .fold(0, |octet, bit| octet << 1 | u8::from(bit.one))
        })
        .collect();
    let whole = bits.len().is_multiple_of(8);
    let fcs = if !closed {
        Fcs::Unseen
    } else if whole && octets.len() >= 4 && crc(&octets) == RESIDUE {
        Fcs::Good
    } else {
        Fcs::Bad
    };
    if closed {
        octets.truncate(octets.len().saturating_sub(2));
    }
    let known = || bits.iter().filter(|bit| !bit.erased);
    let count = known().count();
    #[expect(clippy::cast_precision_loss, reason = "thousands of bits at most")]
    let mean = |of: fn(&Bit) -> f32| known().map(of).sum::<f32>() / count.max(1) as f32;
    Content {
        fcs,
        damaged: count < bits.len(),
        bits: bits.len(),
        known: count,
        addressed: matches!(octets.as_slice(), [0xFF, 0xC0 | 0xC8, ..]),
        share: mean(|bit| bit.share),
        power: mean(|bit| bit.power),
        first: bits.first().map_or(0, |bit| bit.sample),
        last: bits.last().map_or(0, |bit| bit.sample),
        octets,
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
            .flat_map(|bit| match deframer.push(*bit) {
                Step::Closed(contents) | Step::Aborted(contents) => contents,
                _ => Vec::new(),
            })
            .filter(|content| content.bits > 0)
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
    fn a_lost_flag_does_not_hide_two_frames() {
        let mut bits = encode(&[0xFF, 0xC0, 0x02, 0x04, 0x04]);
        let border = bits.len();
        bits.extend_from_slice(&encode(&[0xFF, 0xC8, 0x01, 0x00, 0x77, 0x1E])[8..]);
        for lost in &mut bits[border - 7..border - 1] {
            lost.erased = true;
            lost.one = false;
        }
        let frames = decode(&bits);
        assert_eq!(frames.len(), 2, "{frames:#?}");
        assert_eq!(frames[0].octets[..4], [0xFF, 0xC0, 0x02, 0x04]);
        assert_eq!(frames[1].octets, [0xFF, 0xC8, 0x01, 0x00, 0x77, 0x1E]);
        assert!(
            frames
                .iter()
                .all(|frame| frame.fcs != Fcs::Good && frame.damaged)
        );
    }

    #[test]
    fn a_lost_opening_flag_does_not_shift_the_octets() {
        let mut bits = flag();
        bits.extend(encode(&[0xFF, 0xC8, 0x31]));
        for lost in &mut bits[12..18] {
            lost.erased = true;
            lost.one = false;
        }
        let frames = decode(&bits);
        assert_eq!(frames.len(), 1, "{frames:#?}");
        assert_eq!(frames[0].octets, [0xFF, 0xC8, 0x31]);
        assert_eq!(frames[0].fcs, Fcs::Bad);
        assert!(frames[0].addressed);
    }

    #[test]
    fn keeps_what_the_carrier_left() {
        let bits = encode(&[0xFF, 0xC8, 0x31]);
        let mut deframer = Deframer::default();
        for bit in &bits[..40] {
            deframer.push(*bit);
        }
        let rest = deframer.finish(0).remove(0);
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
