//! V.21 channel 2, the modem of T.30 messages: 300 bit/s, 1650 Hz for one, 1850 Hz for zero (V.21, T.30 5.1).
//!
//! Two correlators, as long as a bit, run along the samples; the stronger one decides. A loop keeps the clock
//! in step with the changes between them. Then HDLC, and the rules that keep noise from becoming frames.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "samples are 16 bits, sums of 27 products of them fit 32; float to integer casts saturate"
)]

use std::ops::Range;

use wide::{i16x8, i32x4};

use super::audio::{RATE, Stretch};
use super::g711;
use super::hdlc::{Bit, Content, Deframer, Step};
use crate::line::Fcs;

const ONE_HZ: u32 = 1650;
const ZERO_HZ: u32 = 1850;
/// Samples of a bit: 8000 / 300.
const BIT: f64 = 80.0 / 3.0;
/// Length of the correlators, in samples.
const WINDOW: usize = 27;
/// Both tones repeat after so many samples (33 and 37 periods).
const PERIOD: usize = 160;
/// Oscillator amplitude: 27 products with 16-bit samples stay below 2^31.
const AMPLITUDE: f64 = 1024.0;

/// Weakest signal that is looked at, dBm0: -43 with room for the ends of a bit.
const WEAKEST: f32 = -50.0;
/// Part of the power in the two tones: pure V.21 has 0.4 to 0.58, fast modems below 0.25, white noise 0.07.
const CARRIER_ON: f32 = 0.33;
const CARRIER_OFF: f32 = 0.22;
/// Flags in a row that make a preamble (1 s ± 15 % has about 37 of them).
const PREAMBLE_FLAGS: u32 = 4;

/// What was heard on the channel, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Flags: samples from the start of the carrier to the end of the last flag before a frame.
    Preamble {
        /// From the start of the carrier to the first frame, or to its end.
        samples: Range<usize>,
        /// Mean square of its samples.
        power: f32,
    },
    /// A frame.
    Frame(Content),
    /// The carrier with neither flags nor frames (V.8 JM).
    Unframed {
        /// Where.
        samples: Range<usize>,
        /// Mean square of its samples.
        power: f32,
    },
}

/// Demodulates a stretch of sound and takes the frames out.
pub fn listen(stretch: &Stretch) -> Vec<Heard> {
    let mut receiver = Receiver::default();
    demodulate(stretch, |bit| receiver.push(bit));
    receiver.carrier_lost();
    receiver.heard
}

/// The two correlators, a period of the tones at a time: the four sums of a sample stand in one vector.
struct Correlators {
    /// For each place in the period the oscillators, cosine and sine of one, of zero; behind each, negative, that of the
    /// sample that leaves the window.
    oscillators: [i16x8; PERIOD],
    /// The last samples before the next ones.
    before: [i16; WINDOW],
    /// Correlation up to there.
    sums: i32x4,
}

/// Power of one less that of zero, and of both, in the windows that end at each sample of a period.
struct Powers {
    difference: [f32; PERIOD],
    both: [f32; PERIOD],
}

/// Cosine or sine.
type Wave = fn(f64) -> f64;

impl Correlators {
    fn new() -> Self {
        const TONES: [(u32, Wave); 4] = [
            (ONE_HZ, f64::cos),
            (ONE_HZ, f64::sin),
            (ZERO_HZ, f64::cos),
            (ZERO_HZ, f64::sin),
        ];
        let oscillators = |place: usize| {
            let left = (place + PERIOD - WINDOW) % PERIOD;
            let mut lanes = [0i16; 8];
            for (pair, (hz, of)) in lanes.chunks_exact_mut(2).zip(TONES) {
                let at = |place: usize| {
                    let turns = f64::from(hz) * place as f64 / f64::from(RATE);
                    (of(std::f64::consts::TAU * turns) * AMPLITUDE).round() as i16
                };
                pair.copy_from_slice(&[at(place), -at(left)]);
            }
            i16x8::new(lanes)
        };
        Self {
            oscillators: std::array::from_fn(oscillators),
            before: [0; WINDOW],
            sums: i32x4::ZERO,
        }
    }

    /// Takes the next period of samples; only the last of all may be shorter.
    fn take(&mut self, samples: &[i16]) -> Powers {
        let mut squares = [[0f32; 4]; PERIOD];
        let mut sums = self.sums;
        let mut leaving = [0i16; PERIOD];
        let (early, late) = leaving.split_at_mut(WINDOW);
        early.copy_from_slice(&self.before);
        for (leave, sample) in late.iter_mut().zip(samples) {
            *leave = *sample;
        }
        let pairs = samples.iter().zip(&leaving);
        for (((enter, leave), oscillators), squares) in
            pairs.zip(&self.oscillators).zip(&mut squares)
        {
            let (e, l) = (*enter, *leave);
            sums += i16x8::new([e, l, e, l, e, l, e, l]).dot(*oscillators);
            let parts = sums.round_float();
            *squares = (parts * parts).to_array();
        }
        self.sums = sums;
        if let Some(last) = samples.last_chunk() {
            self.before = *last;
        }
        let mut powers = Powers {
            difference: [0.0; PERIOD],
            both: [0.0; PERIOD],
        };
        let rows = powers.difference.iter_mut().zip(&mut powers.both);
        for ((difference, both), [a, b, c, d]) in rows.zip(&squares) {
            let (one, zero) = (a + b, c + d);
            *difference = one - zero;
            *both = one + zero;
        }
        powers
    }
}

/// The clock of the bits.
struct Clock {
    /// Sample at which the window covers the next bit.
    next: f64,
    /// Mean distance of changes from where they belong, in samples.
    error: f64,
}

impl Clock {
    /// The first sample whose window covers the next bit.
    fn due(&self) -> usize {
        self.next.ceil() as usize
    }

    /// A change between the tones at `sample` (of the end of the window): it belongs between two bits.
    fn change(&mut self, sample: f64) {
        let late = sample - (self.next - BIT / 2.0);
        let late = late - BIT * (late / BIT).round();
        self.error += (late.abs() - self.error) / 8.0;
        let gain = if self.error > 4.0 { 0.4 } else { 0.12 };
        self.next += gain * late;
    }
}

/// Calls `take` for every bit of the stretch, silence included.
fn demodulate(stretch: &Stretch, mut take: impl FnMut(Bit)) {
    let weakest = g711::mean_square(WEAKEST) * WINDOW as f32;
    let mut correlators = Correlators::new();
    let mut clock = Clock {
        next: BIT,
        error: BIT,
    };
    let mut due = clock.due();
    let mut before = 0f32;
    let mut holes = stretch.holes.iter().map(|(hole, _)| hole).peekable();
    for (number, samples) in stretch.samples.chunks(PERIOD).enumerate() {
        let powers = correlators.take(samples);
        let windows = powers.difference.iter().zip(&powers.both);
        for (place, (difference, both)) in (number * PERIOD..).zip(windows.take(samples.len())) {
            if (*difference > 0.0) != (before > 0.0) {
                let fraction = f64::from(before / (before - difference));
                if holes.peek().is_none_or(|hole| place < hole.start) {
                    clock.change(place as f64 - 1.0 + fraction);
                    due = clock.due();
                }
            }
            before = *difference;
            if place < due {
                continue;
            }
            clock.next += BIT;
            due = clock.due();
            let middle = place.saturating_sub(WINDOW / 2);
            while holes
                .next_if(|hole| hole.end + WINDOW / 2 <= middle)
                .is_some()
            {}
            let erased = holes
                .peek()
                .is_some_and(|hole| hole.start <= middle + 6 && middle < hole.end + 6);
            let total = energy(stretch, place);
            let share = if total > weakest {
                both / (total * WINDOW as f32 * (AMPLITUDE * AMPLITUDE) as f32)
            } else {
                0.0
            };
            take(Bit {
                sample: middle,
                one: *difference > 0.0,
                erased,
                share,
                power: total / WINDOW as f32,
            });
        }
    }
}

/// Sum of squares of the window that ends at a sample.
fn energy(stretch: &Stretch, last: usize) -> f32 {
    let window = stretch
        .samples
        .get((last + 1).saturating_sub(WINDOW)..=last);
    let squares = (window.unwrap_or_default().iter()).map(|sample| i64::from(*sample).pow(2));
    squares.sum::<i64>() as f32
}

/// Bits to frames: knows whether the carrier is there and whether flags announced a message.
#[derive(Default)]
struct Receiver {
    deframer: Deframer,
    heard: Vec<Heard>,
    /// [`Bit::share`], smoothed over eight bits.
    share: f32,
    carrier: Option<Carrier>,
    /// Sample of the last bit.
    last: usize,
}

struct Carrier {
    first: usize,
    /// Flags directly after each other.
    flags: u32,
    /// Enough flags were seen: what comes now are frames.
    announced: bool,
    /// Anything after the preamble was reported.
    framed: bool,
    power: f32,
    bits: u32,
    /// Bits unlike the one before: a pure tone has none.
    changes: u32,
    one: bool,
}

impl Receiver {
    fn push(&mut self, bit: Bit) {
        if !bit.erased {
            self.share += (bit.share - self.share) / 8.0;
        }
        match &mut self.carrier {
            None if self.share > CARRIER_ON => {
                // The mean has taken some bits to rise.
                let first = bit.sample.saturating_sub((8.0 * BIT) as usize);
                self.carrier = Some(Carrier {
                    first,
                    flags: 0,
                    announced: false,
                    framed: false,
                    power: 0.0,
                    bits: 0,
                    changes: 0,
                    one: bit.one,
                });
            }
            Some(_) if self.share < CARRIER_OFF => self.carrier_lost(),
            _ => {}
        }
        if let Some(carrier) = &mut self.carrier
            && !bit.erased
        {
            carrier.power += bit.power;
            carrier.bits += 1;
            carrier.changes += u32::from(carrier.one != bit.one);
            carrier.one = bit.one;
        }
        self.last = bit.sample;
        match self.deframer.push(bit) {
            Step::None => {}
            Step::Flag => self.flag(),
            Step::Closed(contents) => {
                self.contents(contents);
                self.flag();
            }
            Step::Aborted(contents) => {
                self.contents(contents);
                if let Some(carrier) = &mut self.carrier {
                    carrier.flags = 0;
                }
            }
        }
    }

    fn flag(&mut self) {
        if let Some(carrier) = &mut self.carrier {
            carrier.flags += 1;
            carrier.announced |= carrier.flags >= PREAMBLE_FLAGS;
        }
    }

    fn contents(&mut self, contents: impl IntoIterator<Item = Content>) {
        if let Some(carrier) = &mut self.carrier {
            carrier.flags = 0;
        }
        for content in contents {
            self.content(content);
        }
    }

    fn content(&mut self, content: Content) {
        let announced = self.carrier.as_ref().is_some_and(|it| it.announced);
        let own = matches!(content.octets.as_slice(), [0xFF, 0xC0 | 0xC8, _, ..]);
        let worth = match content.fcs {
            Fcs::Good => announced || own,
            // Flags that are hit by a loss look like short frames.
            Fcs::Bad | Fcs::Unseen if content.damaged => {
                announced
                    && content.known >= 24
                    && (content.addressed || content.known > content.bits / 2 && content.bits > 56)
            }
            Fcs::Bad | Fcs::Unseen => {
                announced && content.bits >= 32 && content.share > CARRIER_OFF
            }
        };
        if worth {
            self.preamble(content.first);
            if let Some(carrier) = &mut self.carrier {
                // A good frame stands for flags that were not captured.
                carrier.announced = true;
                carrier.framed = true;
            }
            self.heard.push(Heard::Frame(content));
        }
    }

    /// Reports the flags before the first frame, once.
    fn preamble(&mut self, end: usize) {
        if let Some(carrier) = &mut self.carrier
            && carrier.announced
            && !carrier.framed
        {
            carrier.framed = true;
            self.heard.push(Heard::Preamble {
                samples: carrier.first..end.max(carrier.first),
                power: carrier.power / carrier.bits.max(1) as f32,
            });
        }
    }

    fn carrier_lost(&mut self) {
        // The mean has taken some bits to fall: they are no part of the signal.
        const FALL: usize = 7;
        let end = self.last.saturating_sub((FALL as f64 * BIT) as usize);
        let begun = self.deframer.finish(FALL);
        self.contents(begun.into_iter().filter(|content| content.bits >= 40));
        self.preamble(end);
        if let Some(carrier) = self.carrier.take()
            && !carrier.announced
            && carrier.bits > 200
            && carrier.changes > carrier.bits / 6
        {
            self.heard.push(Heard::Unframed {
                samples: carrier.first..end.max(carrier.first),
                power: carrier.power / carrier.bits.max(1) as f32,
            });
        }
    }
}
