//! V.8 in sound: CM of the calling and JM of the answering modem, 300 bit/s in channel 1 and 2 of V.21, each octet with
//! a start and a stop bit (V.8 5).
//!
//! They say what the call is for: a fax whose CM is answered by JM goes on in V.34 (Super G3, T.30 annex F), which is
//! not demodulated here.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "places in a stretch of sound, far below 2^52; float to integer casts saturate"
)]

use std::f64::consts::TAU;
use std::ops::Range;

use super::audio::{RATE, Stretch};
use super::g711;

/// Channels of V.21: the frequencies of one and zero, Hz.
const CHANNELS: [(Sequence, f64, f64); 2] = [
    (Sequence::Cm, 980.0, 1180.0),
    (Sequence::Jm, 1650.0, 1850.0),
];
/// Samples of a bit: 8000 / 300.
const BIT: f64 = 80.0 / 3.0;
/// Length of the correlators, in samples.
const WINDOW: usize = 27;
/// Weakest signal that is looked at, dBm0.
const WEAKEST: f32 = -46.0;
/// Part of the power in the two tones; see `v21`.
const CARRIER: f64 = 0.3;
/// Octets of a sequence that are read: call function, modulations, protocol, access.
const MOST_OCTETS: usize = 8;
/// Both are sent twice at least (V.8 7.3, 8.2): one alone may be chance.
const LEAST: usize = 2;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// Call menu.
    Cm,
    /// Joint menu.
    Jm,
}

impl Sequence {
    /// As T.38 has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cm => "cm-message",
            Self::Jm => "jm-message",
        }
    }
}

/// CM or JM, as often as it was sent in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// Which of the two.
    pub sequence: Sequence,
    /// From the first to the last of them.
    pub samples: Range<usize>,
    /// Mean square.
    pub power: f32,
    /// The octets, as V.8 counts their bits: the first sent is the lowest.
    pub octets: Vec<u8>,
}

/// Category of the call function octet (V.8 table 3), in its five first bits.
const CALL_FUNCTION: u8 = 0x01;
/// Category of the first modulation octet.
const MODULATION: u8 = 0x05;

impl Menu {
    /// Call function (V.8 table 4): 4 and 5 are T.30, 6 data modems.
    pub fn call_function(&self) -> Option<u8> {
        let octet = self.octets.first()?;
        (octet & 0x1f == CALL_FUNCTION).then_some(octet >> 5)
    }

    /// Whether the call is for a fax.
    pub fn is_fax(&self) -> bool {
        matches!(self.call_function(), Some(4 | 5))
    }

    /// What it says, in words.
    pub fn text(&self) -> String {
        let function = match self.call_function() {
            Some(1) => "H.324 multimedia",
            Some(2) => "V.18 text telephone",
            Some(3) => "T.101 videotex",
            Some(4) => "fax, the caller sends (T.30)",
            Some(5) => "fax, the caller receives (T.30)",
            Some(6) => "data modem (V series)",
            _ => "call function not known",
        };
        let v34 = self
            .octets
            .iter()
            .any(|octet| octet & 0x1f == MODULATION && octet & 0xc0 != 0);
        let modulation = if v34 { ", V.34" } else { "" };
        format!("{function}{modulation}")
    }
}

/// Finds CM and JM in a stretch of sound.
pub fn listen(stretch: &Stretch) -> Vec<Menu> {
    let mut found: Vec<Menu> = CHANNELS
        .iter()
        .filter_map(|(sequence, one, zero)| {
            let line = demodulate(&stretch.samples, *one, *zero);
            menu(*sequence, &line, &stretch.samples)
        })
        .collect();
    found.sort_by_key(|menu| menu.samples.start);
    found
}

/// For each sample whether the line is at one or zero; `None`: no carrier.
fn demodulate(samples: &[i16], one: f64, zero: f64) -> Vec<Option<bool>> {
    let weakest = f64::from(g711::mean_square(WEAKEST)) * WINDOW as f64;
    let turn = |hz: f64, place: usize| {
        let angle = TAU * (hz * place as f64 / f64::from(RATE)).fract();
        (angle.cos(), angle.sin())
    };
    let mut sums = [0.0_f64; 4];
    let mut energy = 0.0_f64;
    let leaving = std::iter::repeat_n(&0_i16, WINDOW).chain(samples);
    let mut out = Vec::with_capacity(samples.len());
    for (place, (enter, leave)) in samples.iter().zip(leaving).enumerate() {
        let (enter, leave) = (f64::from(*enter), f64::from(*leave));
        let old = place.wrapping_sub(WINDOW);
        for (pair, hz) in sums.chunks_exact_mut(2).zip([one, zero]) {
            let (new_cos, new_sin) = turn(hz, place);
            let (old_cos, old_sin) = if place < WINDOW {
                (0.0, 0.0)
            } else {
                turn(hz, old)
            };
            if let [re, im] = pair {
                *re += enter * new_cos - leave * old_cos;
                *im += enter * new_sin - leave * old_sin;
            }
        }
        energy += enter * enter - leave * leave;
        let [one_re, one_im, zero_re, zero_im] = sums;
        let (at_one, at_zero) = (
            one_re * one_re + one_im * one_im,
            zero_re * zero_re + zero_im * zero_im,
        );
        let share = (at_one + at_zero) / (energy * WINDOW as f64).max(1.0);
        let carrier = energy > weakest && share > CARRIER;
        out.push(carrier.then_some(at_one > at_zero));
    }
    out
}

/// The sequence that is sent over and over: ten ones, then zeros and ones as synchronization, then octets.
fn menu(sequence: Sequence, line: &[Option<bool>], samples: &[i16]) -> Option<Menu> {
    let mut seen: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let mut ones = 0_usize;
    let mut place = 0;
    while let Some(level) = line.get(place) {
        if *level == Some(true) {
            ones += 1;
        } else {
            // A zero after nine bits of ones and more begins the synchronization.
            if *level == Some(false)
                && ones as f64 > 8.5 * BIT
                && let Some((octets, end)) = octets(line, place)
            {
                let start = place.saturating_sub(ones.min((10.0 * BIT) as usize));
                seen.push((start..end, octets));
                place = end;
            }
            ones = 0;
        }
        place += 1;
    }
    // What was received twice the same is what was sent.
    let (_, octets) = seen
        .iter()
        .max_by_key(|(_, octets)| seen.iter().filter(|(_, other)| other == octets).count())?;
    let same: Vec<&Range<usize>> = seen
        .iter()
        .filter(|(_, other)| other == octets)
        .map(|(range, _)| range)
        .collect();
    let (first, last) = (same.first()?, same.last()?);
    if same.len() < LEAST {
        return None;
    }
    let all = first.start..last.end;
    let heard = samples.get(all.clone())?;
    let power = heard
        .iter()
        .map(|sample| f32::from(*sample).powi(2))
        .sum::<f32>();
    Some(Menu {
        sequence,
        power: power / heard.len().max(1) as f32,
        samples: all,
        octets: octets.clone(),
    })
}

/// The octets behind a synchronization of `0000001111` that begins at `start`, and where they end.
fn octets(line: &[Option<bool>], start: usize) -> Option<(Vec<u8>, usize)> {
    // The correlator sees a change half a bit late, and so does this.
    let bit = |number: usize| {
        let middle = start as f64 + (number as f64 + 0.5) * BIT;
        line.get(middle as usize).copied().flatten()
    };
    let synchronized = (0..10).all(|number| bit(number) == Some(number >= 6));
    if !synchronized {
        return None;
    }
    let mut octets = Vec::new();
    let mut at = 10;
    // A start bit of zero, eight bits from the lowest on, a stop bit of one.
    while octets.len() < MOST_OCTETS && bit(at) == Some(false) {
        let mut octet = 0_u8;
        for number in 0..8 {
            octet |= u8::from(bit(at + 1 + number)?) << number;
        }
        if bit(at + 9) != Some(true) {
            break;
        }
        octets.push(octet);
        at += 10;
    }
    let end = start + (at as f64 * BIT) as usize;
    (!octets.is_empty()).then_some((octets, end))
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::stretch;
    use super::*;

    /// CM or JM with these octets, three times, then silence.
    fn sent(octets: &[u8], one: f64, zero: f64) -> Vec<f64> {
        let mut bits = Vec::new();
        for _ in 0..3 {
            bits.extend([true; 10]);
            bits.extend([
                false, false, false, false, false, false, true, true, true, true,
            ]);
            for octet in octets {
                bits.push(false);
                bits.extend((0..8).map(|bit| octet >> bit & 1 == 1));
                bits.push(true);
            }
        }
        bits.extend([true; 10]);
        let (mut phase, mut signal) = (0.0_f64, Vec::new());
        let count = (bits.len() as f64 * BIT) as usize;
        for sample in 0..count {
            let bit = bits[(sample as f64 / BIT) as usize];
            phase += TAU * if bit { one } else { zero } / f64::from(RATE);
            signal.push(0.2 * phase.sin());
        }
        signal.extend([0.0; 800]);
        signal
    }

    #[test]
    fn reads_what_both_modems_say() {
        // T.30 fax; V.34 and V.17 and below.
        let octets = [0x81, 0x45, 0x1d, 0x10];
        for (sequence, one, zero) in CHANNELS {
            let heard = listen(&stretch(&sent(&octets, one, zero)));
            assert_eq!(heard.len(), 1, "{sequence:?}: {heard:?}");
            assert_eq!(
                (heard[0].sequence, heard[0].octets.as_slice()),
                (sequence, &octets[..])
            );
            assert!(heard[0].is_fax());
            assert_eq!(heard[0].text(), "fax, the caller sends (T.30), V.34");
        }
    }

    #[test]
    fn a_data_modem_is_no_fax() {
        let heard = listen(&stretch(&sent(&[0xc1, 0x45], 980.0, 1180.0)));
        assert_eq!(heard[0].call_function(), Some(6));
        assert!(!heard[0].is_fax());
    }

    #[test]
    fn flags_of_hdlc_are_none() {
        // 0x7E over and over, as before a message of T.30.
        let bits: Vec<bool> = (0..800).map(|bit| !matches!(bit % 8, 0 | 7)).collect();
        let mut phase = 0.0_f64;
        let signal: Vec<f64> = (0..(bits.len() as f64 * BIT) as usize)
            .map(|sample| {
                let one = bits[(sample as f64 / BIT) as usize];
                phase += TAU * if one { 1650.0 } else { 1850.0 } / f64::from(RATE);
                0.2 * phase.sin()
            })
            .collect();
        assert_eq!(listen(&stretch(&signal)), []);
    }
}
