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

/// Sines and cosines of both tones at one sample, and those of the sample that leaves the window.
#[derive(Clone, Copy, Default)]
struct Phase {
    enter: [i32; 4],
    leave: [i32; 4],
}

fn phases() -> Vec<Phase> {
    let at = |sample: usize| {
        let angle =
            |hz: u32| std::f64::consts::TAU * f64::from(hz) * sample as f64 / f64::from(RATE);
        let scaled = |value: f64| (value * AMPLITUDE).round() as i32;
        let (one, zero) = (angle(ONE_HZ), angle(ZERO_HZ));
        [
            scaled(one.cos()),
            scaled(one.sin()),
            scaled(zero.cos()),
            scaled(zero.sin()),
        ]
    };
    (0..PERIOD)
        .map(|sample| Phase {
            enter: at(sample),
            leave: at((sample + PERIOD - WINDOW) % PERIOD),
        })
        .collect()
}

/// The clock of the bits.
struct Clock {
    /// Sample at which the window covers the next bit.
    next: f64,
    /// Mean distance of changes from where they belong, in samples.
    error: f64,
}

impl Clock {
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
    let phases = phases();
    let weakest = g711::mean_square(WEAKEST) * WINDOW as f32;
    let mut sums = [0i32; 4];
    let mut energy = 0i64;
    let mut clock = Clock {
        next: BIT,
        error: BIT,
    };
    let mut before = 0f32;
    let mut holes = stretch.holes.iter().map(|(hole, _)| hole).peekable();
    let silence = std::iter::repeat_n(&0i16, WINDOW);
    let leaving = silence.chain(stretch.samples.iter());
    let samples = stretch.samples.iter().zip(leaving);
    for (place, ((enter, leave), phase)) in samples.zip(phases.iter().cycle()).enumerate() {
        let (enter, leave) = (i32::from(*enter), i32::from(*leave));
        for (sum, (new, old)) in sums.iter_mut().zip(phase.enter.iter().zip(&phase.leave)) {
            *sum += enter * new - leave * old;
        }
        energy += i64::from(enter * enter) - i64::from(leave * leave);
        let [one_cos, one_sin, zero_cos, zero_sin] = sums.map(|sum| sum as f32);
        let one = one_cos * one_cos + one_sin * one_sin;
        let zero = zero_cos * zero_cos + zero_sin * zero_sin;
        let difference = one - zero;
        if (difference > 0.0) != (before > 0.0) {
            let fraction = f64::from(before / (before - difference));
            if holes.peek().is_none_or(|hole| place < hole.start) {
                clock.change(place as f64 - 1.0 + fraction);
            }
        }
        before = difference;
        if place as f64 >= clock.next {
            clock.next += BIT;
            let middle = place.saturating_sub(WINDOW / 2);
            while holes
                .next_if(|hole| hole.end + WINDOW / 2 <= middle)
                .is_some()
            {}
            let erased = holes
                .peek()
                .is_some_and(|hole| hole.start <= middle + 6 && middle < hole.end + 6);
            let total = energy as f32;
            let share = if total > weakest {
                (one + zero) / (total * WINDOW as f32 * (AMPLITUDE * AMPLITUDE) as f32)
            } else {
                0.0
            };
            take(Bit {
                sample: middle,
                one: difference > 0.0,
                erased,
                share,
                power: total / WINDOW as f32,
            });
        }
    }
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
