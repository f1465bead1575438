//! Fast modems heard, not demodulated: V.27ter, V.29, V.17 (training, TCF, page, ECM block).
//!
//! Their data is scrambled: a steady, flat spectrum of known width around 1800 or 1700 Hz. Their training
//! begins with two points in turn: three or two lines, which tell V.17 from V.29 and the rates of V.27ter.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts of blocks and bins, far below 2^24"
)]

use std::f32::consts::TAU;
use std::ops::Range;
use std::sync::LazyLock;

use super::audio::{RATE, Stretch};
use super::block::{self, Block};
use crate::line::Modem;

/// A span of a fast modem.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The modulation as far as it can be told; V.27ter with its rate.
    pub modem: Modem,
    /// From the start of the training to the end of the carrier, in samples.
    pub samples: Range<usize>,
    /// Mean square.
    pub power: f32,
}

/// Shortest span, in blocks: 142 ms of V.17's short training and a frame or two.
const SHORTEST: usize = 28;
/// Blocks of silence in a row that end a span: T.30 leaves 75 ms, the echo protection tone 20 to 25 ms.
const SILENT: usize = 4;
/// Blocks in a row unlike a modem that end a span.
const UNLIKE: usize = 6;
/// Erased blocks in a row that end a span.
const ERASED: usize = 60;
/// A block this much weaker than the span is silence in it: 12 dB.
const WEAKER: f32 = 0.06;

/// Finds the spans of fast modems. `messages` are the samples where V.21 was heard.
pub fn find(stretch: &Stretch, blocks: &[Block], messages: &[Range<usize>]) -> Vec<Found> {
    let mut found: Vec<Found> = candidates(blocks, messages)
        .into_iter()
        .filter_map(|run| examine(stretch, blocks, run))
        .collect();
    found.dedup_by(|later, earlier| {
        let joined = is_one(blocks, earlier, later);
        if joined {
            earlier.samples.end = later.samples.end;
        }
        joined
    });
    found
}

/// Spans of one modem with no silence between them are one: T.30 has 55 ms of it at least.
fn is_one(blocks: &[Block], earlier: &Found, later: &Found) -> bool {
    let between = earlier.samples.end / block::LEN..later.samples.start / block::LEN;
    let loud = |block: &Block| block.erased || block.power > earlier.power * WEAKER;
    earlier.modem.name == later.modem.name
        && blocks
            .get(between)
            .is_none_or(|between| between.iter().all(loud))
}

/// Runs of blocks whose lag products fit: power around 1750 Hz, neither a low nor a high tone.
fn candidates(blocks: &[Block], messages: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut messages = messages.iter().peekable();
    let mut runs = Vec::new();
    let mut run: Option<Run> = None;
    for (place, block) in blocks.iter().enumerate() {
        let sample = place * block::LEN;
        while messages.next_if(|it| it.end <= sample).is_some() {}
        let message = messages
            .peek()
            .is_some_and(|it| it.start < sample + block::LEN);
        let smooth = blocks
            .get(place.saturating_sub(2)..(place + 3).min(blocks.len()))
            .unwrap_or_default();
        let like = !message && block.power > 0.0 && is_like(smooth);
        if let Some(current) = &mut run {
            if message || current.is_over(block, like, place) {
                runs.extend(current.finish());
                run = None;
            }
        } else if like {
            run = Some(Run::new(place, block.power));
        }
    }
    runs.extend(run.and_then(|run| run.finish()));
    runs
}

/// V.17 has lags of 0.13 and -0.48, V.29 0.20 and -0.45, V.27ter 0.15 and -0.72 to -0.82, white noise 0 and 0;
/// lines that are 8 dB better at one end of the band than at the other move them to the limits taken here.
fn is_like(blocks: &[Block]) -> bool {
    let heard = || blocks.iter().filter(|block| !block.erased);
    let power: f32 = heard().map(|block| block.power).sum();
    let [first, second] = heard().fold([0.0, 0.0], |[first, second], block| {
        let [one, two] = block.lags;
        [first + one, second + two]
    });
    power > 0.0
        && (-0.35..0.6).contains(&(first / power))
        && (-0.93..-0.18).contains(&(second / power))
}

struct Run {
    start: usize,
    /// After the last block that was like a modem.
    end: usize,
    /// Mean power of the like ones, of late.
    power: f32,
    silent: usize,
    unlike: usize,
    erased: usize,
}

impl Run {
    const fn new(start: usize, power: f32) -> Self {
        Self {
            start,
            end: start + 1,
            power,
            silent: 0,
            unlike: 0,
            erased: 0,
        }
    }

    /// Takes a block; whether the run ended with it.
    fn is_over(&mut self, block: &Block, like: bool, place: usize) -> bool {
        if block.erased {
            self.erased += 1;
        } else if block.power < self.power * WEAKER {
            self.silent += 1;
        } else if like {
            self.end = place + 1;
            self.power += (block.power - self.power) / 8.0;
            (self.silent, self.unlike, self.erased) = (0, 0, 0);
        } else {
            self.unlike += 1;
            self.silent = 0;
        }
        self.silent >= SILENT || self.unlike >= UNLIKE || self.erased >= ERASED
    }

    fn finish(&self) -> Option<Range<usize>> {
        (self.end - self.start >= SHORTEST).then_some(self.start..self.end)
    }
}

/// Is it steady and of the width of a modem? Then which one, and from where to where.
fn examine(stretch: &Stretch, blocks: &[Block], run: Range<usize>) -> Option<Found> {
    let inside = blocks.get(run.clone())?;
    let power = steady(inside)?;
    let spectrum = Spectrum::of(stretch, middle(&run))?;
    let band = spectrum.band()?;
    let run = widen(blocks, run, power);
    let onset = run.start * block::LEN..(run.start + 45).min(run.end) * block::LEN;
    let modem = match (band, Lines::of(stretch, onset)) {
        (Band::Wide, Some(Lines::V17)) => V17,
        (Band::Wide, Some(Lines::V29)) => V29,
        (Band::Wide, _) if spectrum.centre < 1745.0 => V29,
        (Band::Wide, _) => V17,
        (Band::Medium, _) => v27ter(4800),
        (Band::Narrow, _) => v27ter(2400),
    };
    Some(Found {
        modem,
        samples: run.start * block::LEN..run.end * block::LEN,
        power,
    })
}

const V17: Modem = Modem {
    name: "V.17",
    rate: 0,
};
const V29: Modem = Modem {
    name: "V.29",
    rate: 0,
};

const fn v27ter(rate: u32) -> Modem {
    Modem {
        name: "V.27ter",
        rate,
    }
}

/// Mean power, if the blocks of the run differ little, as scrambled data does and speech does not.
fn steady(blocks: &[Block]) -> Option<f32> {
    let heard: Vec<f32> = blocks
        .chunks_exact(2)
        .filter(|pair| pair.iter().all(|block| !block.erased && block.power > 0.0))
        .map(|pair| pair.iter().map(|block| block.power).sum::<f32>() / 2.0)
        .collect();
    let count = heard.len().max(1) as f32;
    let mean = heard.iter().sum::<f32>() / count;
    let decibels = || heard.iter().map(|power| 10.0 * power.log10());
    let middle = decibels().sum::<f32>() / count;
    let spread = decibels()
        .map(|value| (value - middle).powi(2))
        .sum::<f32>()
        / count;
    // dB: data keeps within half of one; a longer span may see the level of the line change.
    let most = if blocks.len() < 100 { 1.5f32 } else { 2.5 };
    (heard.len() * 3 >= SHORTEST && spread < most * most).then_some(mean)
}

/// The samples by which the spectrum is judged: past the training if there is more, 2 s at most.
fn middle(run: &Range<usize>) -> Range<usize> {
    let skip = (run.len() / 4).min(150);
    let start = run.start + skip;
    let end = run.end.min(start + 200);
    start * block::LEN..end * block::LEN
}

/// Blocks of the same power before and after belong to it: the lines of the training are not like its data.
fn widen(blocks: &[Block], run: Range<usize>, power: f32) -> Range<usize> {
    let alike = |block: &&Block| !block.erased && (power / 4.0..power * 4.0).contains(&block.power);
    let before = blocks.get(..run.start).unwrap_or_default();
    let before = before.iter().rev().take(12).take_while(alike).count();
    let after = blocks.get(run.end..).unwrap_or_default();
    let after = after.iter().take(3).take_while(alike).count();
    run.start - before..run.end + after
}

/// Width of the spectrum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Band {
    /// 1200 Bd: V.27ter 2400.
    Narrow,
    /// 1600 Bd: V.27ter 4800.
    Medium,
    /// 2400 Bd: V.29, V.17.
    Wide,
}

/// Centre and width of a power spectrum.
#[derive(Clone, Copy, Debug)]
struct Spectrum {
    /// Mean frequency, Hz.
    centre: f32,
    /// Standard deviation around it, Hz: width / √12 for a flat one.
    width: f32,
    /// Part of the power that lies outside of 300 to 3300 Hz.
    outside: f32,
}

/// Samples of a window of the spectrum.
const WINDOW: usize = 64;
/// Bins up to half the sampling rate.
const BINS: usize = WINDOW / 2;

impl Spectrum {
    fn of(stretch: &Stretch, samples: Range<usize>) -> Option<Self> {
        let mut bins = [0f32; BINS];
        let mut values = [0f32; WINDOW];
        let start = samples.start;
        for (number, window) in stretch
            .samples
            .get(samples)?
            .chunks_exact(WINDOW)
            .enumerate()
        {
            let first = start + number * WINDOW;
            if stretch.is_erased(first) || stretch.is_erased(first + WINDOW - 1) {
                continue;
            }
            block::to_floats(&mut values, window);
            for (sum, oscillator) in bins.iter_mut().skip(1).zip(BINS_OF_WINDOW.iter()) {
                *sum += oscillator.power(&values);
            }
        }
        let total: f32 = bins.iter().sum();
        let hz = |bin: usize| bin as f32 * RATE as f32 / WINDOW as f32;
        let mean = |of: &dyn Fn(f32) -> f32| {
            let weighted = bins
                .iter()
                .enumerate()
                .map(|(bin, power)| of(hz(bin)) * power);
            weighted.sum::<f32>() / total
        };
        let centre = mean(&|hz| hz);
        (total > 0.0).then(|| Self {
            centre,
            width: mean(&|hz| (hz - centre).powi(2)).sqrt(),
            outside: mean(&|hz| {
                if (300.0..3300.0).contains(&hz) {
                    0.0
                } else {
                    1.0
                }
            }),
        })
    }

    fn band(&self) -> Option<Band> {
        if !(1350.0..2200.0).contains(&self.centre) || self.outside > 0.12 {
            return None;
        }
        match self.width {
            230.0..390.0 => Some(Band::Narrow),
            390.0..540.0 => Some(Band::Medium),
            540.0..800.0 => Some(Band::Wide),
            _ => None,
        }
    }
}

/// Oscillators of the bins from the first on, weighted after Hann.
static BINS_OF_WINDOW: LazyLock<Vec<Oscillator<WINDOW>>> = LazyLock::new(|| {
    let turn = |place: usize| TAU * place as f32 / WINDOW as f32;
    let hann = |place: usize| 0.5 - 0.5 * turn(place).cos();
    let of_bin = |bin: usize| Oscillator::new(|place| (turn(place * bin % WINDOW), hann(place)));
    (1..BINS).map(of_bin).collect()
});

/// An oscillator over a window of `N` samples.
struct Oscillator<const N: usize> {
    cosines: [f32; N],
    sines: [f32; N],
}

impl<const N: usize> Oscillator<N> {
    /// `at` gives angle and weight of each sample.
    fn new(at: impl Fn(usize) -> (f32, f32)) -> Self {
        let part = |of: fn(f32) -> f32| {
            std::array::from_fn(|place| {
                let (angle, weight) = at(place);
                of(angle) * weight
            })
        };
        Self {
            cosines: part(f32::cos),
            sines: part(f32::sin),
        }
    }

    /// Square of the correlation with a window.
    fn power(&self, window: &[f32]) -> f32 {
        let (re, im) = (
            block::dot(window, &self.cosines),
            block::dot(window, &self.sines),
        );
        re * re + im * im
    }
}

/// The lines of two points in turn, at the start of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// 600, 1800 and 3000 Hz.
    V17,
    /// 500, 1700 and 2900 Hz.
    V29,
}

/// Samples of a window in which lines are looked for: two blocks.
const LINES: usize = 2 * block::LEN;

/// Oscillators of the outer lines: of V.17 (600 and 3000 Hz), of V.29 (500 and 2900 Hz).
static OUTER_LINES: LazyLock<[[Oscillator<LINES>; 2]; 2]> = LazyLock::new(|| {
    [[600.0, 3000.0], [500.0, 2900.0]].map(|sides| {
        sides.map(|hz: f32| Oscillator::new(|place| (TAU * hz * place as f32 / RATE as f32, 1.0)))
    })
});

impl Lines {
    fn of(stretch: &Stretch, onset: Range<usize>) -> Option<Self> {
        // V.17 has half of its power in the outer lines, V.29 three quarters; data has a tenth there.
        const LEAST: f32 = 0.3;
        let samples = stretch.samples.get(onset)?;
        let mut values = vec![0f32; samples.len()];
        block::to_floats(&mut values, samples);
        let mut best = [0f32; 2];
        for window in values.windows(LINES).step_by(block::LEN) {
            let total = block::dot(window, window).max(1.0);
            for (best, sides) in best.iter_mut().zip(OUTER_LINES.iter()) {
                let lines: f32 = sides.iter().map(|line| line.power(window)).sum();
                *best = best.max(2.0 * lines / LINES as f32 / total);
            }
        }
        let [v17, v29] = best;
        if v17.max(v29) < LEAST {
            None
        } else if v17 > v29 {
            Some(Self::V17)
        } else {
            Some(Self::V29)
        }
    }
}
