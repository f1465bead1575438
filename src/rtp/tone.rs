//! Tones of a fax: CNG, CED and `ANSam` with or without phase reversals (T.30 4, V.8 7.2, V.25).

#![expect(
    clippy::cast_precision_loss,
    reason = "counts of blocks, far below 2^24"
)]

use std::f32::consts::{PI, TAU};
use std::ops::Range;

use super::block::{self, Block, Phasor};
use crate::line::Tone;

/// A tone that was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub tone: Tone,
    /// Where, in samples.
    pub samples: Range<usize>,
    /// Mean square.
    pub power: f32,
}

/// Finds the tones of a stretch, given its blocks.
pub fn find(blocks: &[Block]) -> Vec<Found> {
    let mut found = single(blocks, &CNG);
    found.extend(single(blocks, &CED));
    found
}

/// What a tone of one frequency has to be like.
struct Shape {
    phasor: fn(&Block) -> Phasor,
    /// Tolerance of the frequency, Hz, with what measuring adds.
    tolerance: f32,
    /// Least part of the power in a block. A tone off by 38 Hz has 0.6 of it.
    purity: f32,
    /// Least duration, in blocks.
    least: usize,
    /// Whether there may be reversals and modulation.
    answer: bool,
}

/// T.30 4.2: 1100 ± 38 Hz, 0.5 s ± 15 %.
const CNG: Shape = Shape {
    phasor: |block| block.cng,
    tolerance: 42.0,
    purity: 0.5,
    least: 35,
    answer: false,
};

/// T.30 4.3.3.2, V.25: 2100 ± 15 Hz, 2.6 to 4 s; as little as 0.4 s is taken.
const CED: Shape = Shape {
    phasor: |block| block.ced,
    tolerance: 18.0,
    purity: 0.7,
    least: 40,
    answer: true,
};

/// Blocks in a row that may be unlike the tone without ending it: a reversal, a click.
const TOLERATED: usize = 3;
/// Erased blocks in a row that do not end it.
const ERASED: usize = 20;

fn single(blocks: &[Block], shape: &Shape) -> Vec<Found> {
    let alike = |block: &Block| {
        block.power > 0.0 && (shape.phasor)(block).power() > shape.purity * block.power
    };
    runs(blocks, alike)
        .into_iter()
        .filter(|run| run.len() >= shape.least)
        .filter_map(|run| {
            let tone = judge(blocks.get(run.clone())?, shape)?;
            Some(found(blocks, run, tone))
        })
        .collect()
}

/// Runs of blocks that are alike, with short interruptions.
pub(super) fn runs(blocks: &[Block], alike: impl Fn(&Block) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    let (mut other, mut erased) = (usize::MAX / 2, 0usize);
    for (place, block) in blocks.iter().enumerate() {
        if block.erased {
            erased += 1;
        } else if alike(block) {
            match runs.last_mut() {
                Some(run) if other <= TOLERATED && erased <= ERASED => run.end = place + 1,
                _ => runs.push(place..place + 1),
            }
            (other, erased) = (0, 0);
        } else {
            other = other.saturating_add(1);
        }
    }
    runs
}

pub(super) fn found(blocks: &[Block], run: Range<usize>, tone: Tone) -> Found {
    let inside = blocks.get(run.clone()).unwrap_or_default();
    let heard = || inside.iter().filter(|block| !block.erased);
    let power = heard().map(|block| block.power).sum::<f32>() / heard().count().max(1) as f32;
    Found {
        tone,
        samples: run.start * block::LEN..run.end * block::LEN,
        power,
    }
}

/// Frequency, reversals and modulation of a run.
fn judge(run: &[Block], shape: &Shape) -> Option<Tone> {
    let phasors: Vec<Option<Phasor>> = run
        .iter()
        .map(|block| {
            let phasor = (shape.phasor)(block);
            (!block.erased && phasor.power() > shape.purity * block.power).then_some(phasor)
        })
        .collect();
    let steps: Vec<Phasor> = phasors
        .iter()
        .zip(phasors.iter().skip(1))
        .filter_map(|(before, after)| Some(unit((*after)?.against((*before)?))))
        .collect();
    let mean = Phasor {
        re: steps.iter().map(|step| step.re).sum::<f32>() / steps.len().max(1) as f32,
        im: steps.iter().map(|step| step.im).sum::<f32>() / steps.len().max(1) as f32,
    };
    // Steps of voice point anywhere: their mean is short.
    if steps.len() < shape.least / 2 || mean.power() < 0.64 {
        return None;
    }
    let turn = mean.im.atan2(mean.re);
    if (turn / TAU * block::PER_SECOND).abs() > shape.tolerance {
        return None;
    }
    if !shape.answer {
        return Some(Tone::Cng);
    }
    let reversals = reversals(&phasors, turn);
    // Every 450 ms (V.25): less than 1.2 s may show but one.
    let reversed = reversals >= if run.len() < 120 { 1 } else { 2 };
    Some(match (modulation(&phasors) > 0.1, reversed) {
        (false, false) => Tone::Ced,
        (false, true) => Tone::CedReversals,
        (true, false) => Tone::AnsAm,
        (true, true) => Tone::AnsAmReversals,
    })
}

fn unit(phasor: Phasor) -> Phasor {
    let length = phasor.power().sqrt().max(f32::MIN_POSITIVE);
    Phasor {
        re: phasor.re / length,
        im: phasor.im / length,
    }
}

/// How often the phase jumps by half a turn and stays: seen between blocks up to four apart.
fn reversals(phasors: &[Option<Phasor>], turn: f32) -> usize {
    let mut count = 0;
    let mut last: Option<(usize, Phasor)> = None;
    for (place, phasor) in phasors.iter().enumerate() {
        let Some(phasor) = *phasor else { continue };
        if let Some((before, old)) = last
            && place - before <= TOLERATED + 1
        {
            let step = phasor.against(old);
            let angle = step.im.atan2(step.re) - turn * (place - before) as f32;
            let angle = (angle + PI).rem_euclid(TAU) - PI;
            count += usize::from(angle.abs() > 2.4);
        }
        last = Some((place, phasor));
    }
    count
}

/// Depth of the amplitude modulation at 15 Hz (V.8: 0.2).
fn modulation(phasors: &[Option<Phasor>]) -> f32 {
    let lengths = || {
        phasors
            .iter()
            .enumerate()
            .filter_map(|(place, phasor)| Some((place, (*phasor)?.power().sqrt())))
    };
    let count = lengths().count().max(1) as f32;
    let mean = lengths().map(|(_, length)| length).sum::<f32>() / count;
    let (mut re, mut im) = (0.0, 0.0);
    for (place, length) in lengths() {
        let angle = TAU * 15.0 * place as f32 / block::PER_SECOND;
        re += (length - mean) * angle.cos();
        im += (length - mean) * angle.sin();
    }
    2.0 * (re * re + im * im).sqrt() / (count * mean.max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::{sine, stretch};
    use super::*;

    fn tones(signal: &[f64]) -> Vec<(Tone, f64, f64)> {
        find(&block::measure(&stretch(signal)))
            .into_iter()
            .map(|found| {
                let seconds = |sample: usize| sample as f64 / 8000.0;
                (
                    found.tone,
                    seconds(found.samples.start),
                    seconds(found.samples.len()),
                )
            })
            .collect()
    }

    fn silence(seconds: f64) -> Vec<f64> {
        sine(0.0, -90.0, seconds)
    }

    /// 2100 Hz with reversals every 450 ms and modulation of some depth.
    fn answer(reversals: bool, depth: f64, hz: f64) -> Vec<f64> {
        sine(hz, -12.0, 3.0)
            .into_iter()
            .enumerate()
            .map(|(sample, value)| {
                let time = sample as f64 / 8000.0;
                let sign = if reversals && time % 0.9 >= 0.45 {
                    -1.0
                } else {
                    1.0
                };
                value * sign * (1.0 + depth * (std::f64::consts::TAU * 15.0 * time).sin())
            })
            .collect()
    }

    #[test]
    fn finds_cng_at_the_edges_of_its_tolerance() {
        for (hz, level) in [(1100.0, -10.0), (1062.0, -35.0), (1138.0, -43.0)] {
            let signal = [silence(0.5), sine(hz, level, 0.5), silence(0.5)].concat();
            let found = tones(&signal);
            assert_eq!(found.len(), 1, "{hz} Hz: {found:?}");
            let (tone, start, duration) = found[0];
            assert_eq!(tone, Tone::Cng);
            assert!((start - 0.5).abs() < 0.02 && (duration - 0.5).abs() < 0.03);
        }
        for hz in [1000.0, 1180.0] {
            assert_eq!(tones(&sine(hz, -10.0, 0.5)), [], "{hz} Hz");
        }
    }

    #[test]
    fn tells_answer_tones_apart() {
        for hz in [2085.0, 2100.0, 2115.0] {
            for (reversals, depth, tone) in [
                (false, 0.0, Tone::Ced),
                (true, 0.0, Tone::CedReversals),
                (false, 0.2, Tone::AnsAm),
                (true, 0.2, Tone::AnsAmReversals),
            ] {
                let found = tones(&answer(reversals, depth, hz));
                assert_eq!(found.len(), 1, "{hz} Hz {tone:?}: {found:?}");
                assert_eq!(found[0].0, tone, "{hz} Hz");
                assert!(found[0].2 > 2.9);
            }
        }
        assert_eq!(tones(&answer(false, 0.0, 2150.0)), []);
    }

    #[test]
    fn dtmf_is_none_of_them() {
        let key = |low, high| -> Vec<f64> {
            sine(low, -10.0, 0.4)
                .iter()
                .zip(sine(high, -10.0, 0.4))
                .map(|(one, other)| one + other)
                .collect()
        };
        for (low, high) in [(697.0, 1209.0), (941.0, 1336.0), (941.0, 1209.0)] {
            assert_eq!(tones(&key(low, high)), []);
        }
    }
}
