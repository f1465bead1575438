//! Tones of the telephone network for who calls: busy, congestion, ringing, special information (ITU-T E.180, Q.35).
//!
//! Frequencies differ by country and speech has all of them; what tells these tones is that they come again and again
//! with the same length and the same pause.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts of blocks, far below 2^24"
)]

use std::f32::consts::TAU;
use std::ops::Range;

use super::audio::RATE;
use super::block::Block;
use super::tone::{Found, found, runs};
use crate::line::Tone;

/// Bursts and pauses of busy and congestion, in blocks of 10 ms.
const SHORT: std::ops::RangeInclusive<usize> = 15..=60;
/// Up to here it is congestion (0.2 to 0.3 s), from there on busy (0.33 to 0.6 s).
const CONGESTION: usize = 31;
/// Bursts alike that make a cadence.
const SERIES: usize = 3;
/// How much two bursts, or two pauses, of one cadence differ at most.
const EVEN: usize = 3;
/// Ringing: 0.8 to 2.2 s, every 3 to 6 s.
const RING: std::ops::RangeInclusive<usize> = 80..=220;
const BETWEEN_RINGS: std::ops::RangeInclusive<usize> = 250..=520;
/// Rings that make a cadence.
const RINGS: usize = 2;
/// The three tones of special information, Hz, in either set (950 and 914 or 985, 1371 or 1429, 1777 or 1800).
const INFORMATION: [Range<f32>; 3] = [890.0..1010.0, 1345.0..1455.0, 1750.0..1830.0];
/// Length of each: 276, 330 or 380 ms, and at most so long a pause after it.
const INFORMATION_LENGTH: std::ops::RangeInclusive<usize> = 22..=45;
const INFORMATION_PAUSE: usize = 6;
/// How far the sound of one block is from a pure tone at most.
const PURE: f32 = 0.12;

/// Finds the tones of a stretch, given its blocks.
pub fn find(blocks: &[Block]) -> Vec<Found> {
    let alike = |block: &Block| block.power > 0.0 && block.low > 0.75 * block.power;
    let bursts = runs(blocks, alike);
    let mut out = cadences(blocks, &bursts);
    out.extend(ringing(blocks, &bursts));
    out.extend(information(blocks));
    out
}

const fn even(one: usize, other: usize) -> bool {
    one.abs_diff(other) <= EVEN
}

/// Busy and congestion: the same short burst of 350 to 650 Hz and the same pause, three times at least.
fn cadences(blocks: &[Block], bursts: &[Range<usize>]) -> Vec<Found> {
    let mut out = Vec::new();
    let mut series: Vec<Range<usize>> = Vec::new();
    let mut close = |series: &mut Vec<Range<usize>>| {
        if let (Some(first), Some(last)) = (series.first(), series.last())
            && series.len() >= SERIES
        {
            let tone = if first.len() <= CONGESTION {
                Tone::Congestion
            } else {
                Tone::Busy
            };
            out.push(found(blocks, first.start..last.end, tone));
        }
        series.clear();
    };
    for burst in bursts {
        if !SHORT.contains(&burst.len()) {
            close(&mut series);
            continue;
        }
        let fits = match series.as_slice() {
            [] => true,
            [only] => even(only.len(), burst.len()) && SHORT.contains(&(burst.start - only.end)),
            [.., before, last] => {
                even(last.len(), burst.len())
                    && even(last.start - before.end, burst.start - last.end)
            }
        };
        if !fits {
            close(&mut series);
        }
        series.push(burst.clone());
    }
    close(&mut series);
    out
}

/// Ringing: long bursts of steady level that come again.
fn ringing(blocks: &[Block], bursts: &[Range<usize>]) -> Option<Found> {
    let is_ring = |burst: &&Range<usize>| RING.contains(&burst.len()) && is_steady(blocks, burst);
    let rings: Vec<&Range<usize>> = bursts.iter().filter(is_ring).collect();
    let again = |(one, next): (&&Range<usize>, &&Range<usize>)| {
        let pause = next.start.saturating_sub(one.end);
        one.len().abs_diff(next.len()) <= 2 * EVEN && BETWEEN_RINGS.contains(&pause)
    };
    let pairs = rings.iter().zip(rings.iter().skip(1));
    let (first, last) = (rings.first()?, rings.last()?);
    let in_cadence = pairs.filter(|pair| again((pair.0, pair.1))).count() + 1;
    (in_cadence >= RINGS && in_cadence == rings.len())
        .then(|| found(blocks, first.start..last.end, Tone::Ringing))
}

/// Whether the level keeps: two frequencies beat within 50 ms, speech over longer times.
fn is_steady(blocks: &[Block], run: &Range<usize>) -> bool {
    const BEAT: usize = 5;
    let inside = blocks.get(run.clone()).unwrap_or_default();
    let mean = |part: &[Block]| {
        part.iter().map(|block| block.power).sum::<f32>() / part.len().max(1) as f32
    };
    let all = mean(inside);
    let keeps = |part: &&[Block]| (0.5..2.0).contains(&(mean(part) / all.max(f32::MIN_POSITIVE)));
    let pieces = inside.chunks_exact(BEAT).count();
    inside.chunks_exact(BEAT).filter(keeps).count() * 10 >= pieces * 9
}

/// Special information: three pure tones, one after the other, each higher than the one before.
fn information(blocks: &[Block]) -> Vec<Found> {
    let [first, second, third] = INFORMATION.map(|hz| pure_runs(blocks, &hz));
    let follows = |one: &Range<usize>, runs: &[Range<usize>]| {
        let near = |next: &&Range<usize>| {
            next.start + 2 >= one.end && next.start <= one.end + INFORMATION_PAUSE
        };
        runs.iter().find(near).cloned()
    };
    let whole = |one: Range<usize>| {
        let two = follows(&one, &second)?;
        let three = follows(&two, &third)?;
        Some(found(blocks, one.start..three.end, Tone::Information))
    };
    first.into_iter().filter_map(whole).collect()
}

/// Runs of a pure tone of a frequency within these bounds.
fn pure_runs(blocks: &[Block], hz: &Range<f32>) -> Vec<Range<usize>> {
    let cosine = |hz: f32| (TAU * hz / RATE as f32).cos();
    let (most, least) = (cosine(hz.start), cosine(hz.end));
    let lag = |block: &Block, at: usize| block.lags.get(at).map_or(0.0, |lag| lag / block.power);
    let alike = |block: &Block| {
        let (one, two) = (lag(block, 0), lag(block, 1));
        let pure = (two - (2.0 * one * one - 1.0)).abs() < PURE;
        block.power > 0.0 && pure && (least - 0.03..most + 0.03).contains(&one)
    };
    let is_tone = |run: &Range<usize>| {
        let inside = blocks.get(run.clone()).unwrap_or_default();
        let heard = || inside.iter().filter(|block| block.power > 0.0);
        let mean = heard().map(|block| lag(block, 0)).sum::<f32>() / heard().count().max(1) as f32;
        INFORMATION_LENGTH.contains(&run.len()) && (least..most).contains(&mean)
    };
    let mut all = runs(blocks, alike);
    all.retain(is_tone);
    all
}

#[cfg(test)]
mod tests {
    use super::super::block;
    use super::super::block::tests::{sine, stretch};
    use super::*;

    fn tones(signal: &[f64]) -> Vec<Tone> {
        let found = find(&block::measure(&stretch(signal)));
        found.into_iter().map(|found| found.tone).collect()
    }

    fn silence(seconds: f64) -> Vec<f64> {
        sine(0.0, -90.0, seconds)
    }

    /// One or two frequencies, on and off so often.
    fn cadence(hz: &[f64], on: f64, off: f64, times: usize) -> Vec<f64> {
        let mut burst = vec![0.0; sine(1.0, -90.0, on).len()];
        for hz in hz {
            let tone = sine(*hz, -18.0, on);
            burst
                .iter_mut()
                .zip(tone)
                .for_each(|(sum, value)| *sum += value);
        }
        [burst, silence(off)].concat().repeat(times)
    }

    #[test]
    fn tells_the_tones_of_many_countries() {
        for (hz, on, off, tone) in [
            // Germany, France, Great Britain, United States, Japan.
            (&[425.0][..], 0.48, 0.48, Tone::Busy),
            (&[440.0], 0.5, 0.5, Tone::Busy),
            (&[400.0], 0.375, 0.375, Tone::Busy),
            (&[480.0, 620.0], 0.5, 0.5, Tone::Busy),
            (&[425.0], 0.24, 0.24, Tone::Congestion),
            (&[480.0, 620.0], 0.25, 0.25, Tone::Congestion),
            (&[425.0], 1.0, 4.0, Tone::Ringing),
            (&[440.0, 480.0], 2.0, 4.0, Tone::Ringing),
            (&[400.0], 1.0, 2.6, Tone::Ringing),
        ] {
            let signal = [silence(0.5), cadence(hz, on, off, 4)].concat();
            assert_eq!(tones(&signal), [tone], "{hz:?} {on} {off}");
        }
    }

    #[test]
    fn special_information_is_three_tones_that_rise() {
        let three = |hz: [f64; 3], seconds: f64| -> Vec<f64> {
            let tones = hz.map(|hz| sine(hz, -20.0, seconds));
            [silence(0.3), tones.concat(), silence(0.5)].concat()
        };
        for hz in [
            [950.0, 1400.0, 1800.0],
            [985.2, 1428.5, 1776.7],
            [913.8, 1370.6, 1776.7],
        ] {
            for seconds in [0.276, 0.33, 0.38] {
                assert_eq!(
                    tones(&three(hz, seconds)),
                    [Tone::Information],
                    "{hz:?} {seconds}"
                );
            }
        }
        assert_eq!(tones(&three([1800.0, 1400.0, 950.0], 0.33)), []);
        assert_eq!(tones(&three([950.0, 1400.0, 1400.0], 0.33)), []);
        assert_eq!(tones(&three([950.0, 1400.0, 1800.0], 1.0)), []);
    }

    #[test]
    fn what_has_no_cadence_is_none_of_them() {
        // Two bursts, bursts of different length, pauses of different length, a dial tone, another frequency.
        assert_eq!(tones(&cadence(&[425.0], 0.48, 0.48, 2)), []);
        let uneven = [(0.48, 0.48), (0.3, 0.48), (0.48, 0.48), (0.2, 0.4)];
        let uneven: Vec<f64> = uneven
            .iter()
            .flat_map(|(on, off)| cadence(&[425.0], *on, *off, 1))
            .collect();
        assert_eq!(tones(&uneven), []);
        assert_eq!(tones(&sine(425.0, -18.0, 8.0)), []);
        assert_eq!(tones(&cadence(&[1100.0], 0.5, 0.5, 5)), []);
        assert_eq!(tones(&cadence(&[425.0], 1.0, 4.0, 1)), []);
    }
}
