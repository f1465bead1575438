//! Sound in blocks of 10 ms, each with the few figures that tones and fast modems are known by.
//!
//! A block is a whole number of periods of every frequency measured, so phases of following blocks compare.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "small integers; the precision of f32 is that of 24-bit samples"
)]

use super::audio::{RATE, Stretch};
use super::g711;

/// Samples of a block: 10 ms.
pub const LEN: usize = 80;
/// Blocks of a second.
pub const PER_SECOND: f32 = 100.0;
/// Weakest sound that is looked at, dBm0.
pub const WEAKEST: f32 = -48.0;

/// A correlation with a complex oscillator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phasor {
    /// In phase.
    pub re: f32,
    /// In quadrature.
    pub im: f32,
}

impl Phasor {
    /// Square of its length.
    pub fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    /// `self` turned back by the angle of `other`.
    #[must_use]
    pub fn against(self, other: Self) -> Self {
        Self {
            re: self.re * other.re + self.im * other.im,
            im: self.im * other.re - self.re * other.im,
        }
    }
}

/// Figures of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Block {
    /// Mean square of its samples; 0 where it is too weak to look at.
    pub power: f32,
    /// More than half of it is lost.
    pub erased: bool,
    /// Mean product of a sample and the one before it, and of a sample and the second before it.
    pub lags: [f32; 2],
    /// At 1100 Hz: CNG. Scaled so that a sine's `power` is that of its samples (as those below).
    pub cng: Phasor,
    /// At 2100 Hz: CED.
    pub ced: Phasor,
    /// Power at 400, 500 and 600 Hz: busy tones.
    pub low: f32,
}

/// Frequencies of the oscillators, Hz: multiples of 100.
const HZ: [u32; 5] = [1100, 2100, 400, 500, 600];

/// Measures a stretch block by block; the last, short block is left out.
pub fn measure(stretch: &Stretch) -> Vec<Block> {
    let oscillators = HZ.map(oscillator);
    let weakest = g711::mean_square(WEAKEST);
    let mut values = [0f32; LEN];
    let mut blocks: Vec<Block> = stretch
        .samples
        .chunks_exact(LEN)
        .map(|samples| {
            to_floats(&mut values, samples);
            let power = lagged(&values, 0);
            if power < weakest {
                return Block::default();
            }
            let [cng, ced, low @ ..] = oscillators
                .each_ref()
                .map(|oscillator| correlate(&values, oscillator));
            Block {
                power,
                erased: false,
                lags: [lagged(&values, 1), lagged(&values, 2)],
                cng,
                ced,
                low: low.into_iter().map(Phasor::power).sum(),
            }
        })
        .collect();
    for (hole, _) in &stretch.holes {
        let first = (hole.start + LEN / 2) / LEN;
        let end = (hole.end + LEN / 2) / LEN;
        for block in blocks.iter_mut().take(end).skip(first) {
            block.erased = true;
        }
    }
    blocks
}

/// Cosine and sine of one block.
type Oscillator = ([f32; LEN], [f32; LEN]);

fn oscillator(hz: u32) -> Oscillator {
    let angle =
        |sample: usize| std::f64::consts::TAU * f64::from(hz) * sample as f64 / f64::from(RATE);
    let scale = std::f64::consts::SQRT_2 / LEN as f64;
    (
        std::array::from_fn(|sample| (angle(sample).cos() * scale) as f32),
        std::array::from_fn(|sample| (-angle(sample).sin() * scale) as f32),
    )
}

fn correlate(values: &[f32; LEN], (cosine, sine): &Oscillator) -> Phasor {
    Phasor {
        re: dot(values, cosine),
        im: dot(values, sine),
    }
}

/// Samples as numbers that vectors hold.
pub(super) fn to_floats(values: &mut [f32], samples: &[i16]) {
    for (value, sample) in values.iter_mut().zip(samples) {
        *value = f32::from(*sample);
    }
}

/// Sum of products, in eight lanes so that the compiler can use vectors.
pub(super) fn dot(values: &[f32], others: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    for (left, right) in values.chunks_exact(8).zip(others.chunks_exact(8)) {
        for (lane, (one, other)) in lanes.iter_mut().zip(left.iter().zip(right)) {
            *lane += one * other;
        }
    }
    lanes.iter().sum()
}

fn lagged(values: &[f32; LEN], lag: usize) -> f32 {
    let later = values.get(lag..).unwrap_or_default();
    // Eight at a time: with a lag the last, incomplete lanes are left out.
    let counted = later.len() / 8 * 8;
    dot(later, values) / counted.max(1) as f32
}

#[cfg(test)]
#[expect(clippy::cast_sign_loss, reason = "float to integer casts saturate")]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::f64::consts::TAU;

    use super::*;
    use crate::capture::{Endpoint, FrameNo, Timestamp};
    use crate::rtp::{RtpArrival, audio};

    /// G.711 (µ-law) packets of a signal of full scale 1.
    pub(crate) fn packets(signal: &[f64]) -> Vec<RtpArrival> {
        let octet = |value: f64| {
            let wanted = (value * 32768.0).clamp(-32000.0, 32000.0);
            let distance =
                |octet: &u8| (f64::from(g711::Law::Mu.sample(*octet)) - wanted).abs() as u32;
            (0..=255u8).min_by_key(distance).unwrap()
        };
        let endpoint = Endpoint::new([192, 0, 2, 1].into(), 4000);
        signal
            .chunks_exact(160)
            .enumerate()
            .map(|(number, samples)| {
                let mut payload = vec![0x80, 0];
                payload.extend((number as u16).to_be_bytes());
                payload.extend((number as u32 * 160).to_be_bytes());
                payload.extend([0, 0, 0, 1]);
                payload.extend(samples.iter().map(|sample| octet(*sample)));
                RtpArrival {
                    frame: FrameNo(number as u32 + 1),
                    at: Timestamp(number as u64 * 20_000_000),
                    src: endpoint,
                    dst: endpoint,
                    payload,
                    cut: 0,
                }
            })
            .collect()
    }

    pub(crate) fn stretch(signal: &[f64]) -> Stretch {
        audio::rebuild(&packets(signal), &HashMap::new()).remove(0)
    }

    /// Amplitude of a sine of some dBm0, full scale 1.
    pub(crate) fn amplitude(level: f64) -> f64 {
        10f64.powf((level - 3.15) / 20.0)
    }

    /// A sine.
    pub(crate) fn sine(hz: f64, level: f64, seconds: f64) -> Vec<f64> {
        (0..(seconds * 8000.0) as usize)
            .map(|sample| amplitude(level) * (TAU * hz * sample as f64 / 8000.0).sin())
            .collect()
    }

    #[test]
    fn measures_a_tone() {
        let blocks = measure(&stretch(&sine(1100.0, -20.0, 0.2)));
        assert_eq!(blocks.len(), 20);
        for block in blocks {
            assert!((g711::dbm0(block.power) + 20.0).abs() < 0.3);
            assert!(block.cng.power() / block.power > 0.98);
            assert!(block.ced.power() / block.power < 0.01);
            // cos(2π 1100 / 8000)
            assert!((block.lags[0] / block.power - 0.649).abs() < 0.03);
        }
    }

    #[test]
    fn weak_sound_is_silence() {
        assert!(
            measure(&stretch(&sine(1100.0, -52.0, 0.2)))
                .iter()
                .all(|block| *block == Block::default())
        );
    }
}
