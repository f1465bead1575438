//! The same signals as sound: tones, V.21, and something with the spectrum of a fast modem.

use std::f64::consts::TAU;

use super::fif;
use super::signal::{modem_of, training};
use super::step::{End, Step};
use crate::v21_signal::{CLEAN, Random, amplitude, message, modulate};

/// Silence that [`modulate`] puts on both sides.
const MARGIN: usize = 4000;
const LEVEL: f64 = -14.0;

/// Samples of a step at 8000 a second, full scale 1.
pub(crate) fn samples(step: &Step, from: End) -> Vec<f64> {
    let seconds = |usual: f64| step.args.number("for").unwrap_or(usual);
    match step.verb.as_str() {
        "cng" => tone(1100.0, seconds(0.5)),
        "ced" => tone(2100.0, seconds(2.6)),
        "ansam" => ansam(seconds(2.6)),
        "cm" => menu(980.0, 1180.0),
        "jm" => menu(1650.0, 1850.0),
        "tone" => {
            let hz = step.args.all_plain().map(super::text::number);
            let mut sum = vec![0.0; (seconds(1.0) * 8000.0) as usize];
            for hz in hz {
                sum.iter_mut()
                    .zip(tone(hz, seconds(1.0)))
                    .for_each(|(sum, sample)| *sum += sample / 2.0);
            }
            let pause = step.args.number("off").unwrap_or_default();
            sum.resize(sum.len() + (pause * 8000.0) as usize, 0.0);
            sum.repeat(step.args.count("times").unwrap_or(1))
        }
        "ind" => Vec::new(),
        "t30" => {
            let frames: Vec<Vec<u8>> = fif::burst(&step.args.0, from)
                .into_iter()
                .map(|frame| frame.octets)
                .collect();
            let sound = modulate(&message(&frames), CLEAN);
            sound[MARGIN..sound.len() - MARGIN].to_vec()
        }
        "tcf" | "page" | "ecm" => {
            let modem = modem_of(step);
            let octets = match step.verb.as_str() {
                "tcf" => 1.5 * modem.rate / 8.0,
                "page" => 1440.0,
                _ => step.args.number("frames").unwrap_or(4.0) * 262.0 + 20.0,
            };
            let data = step.args.number("octets").unwrap_or(octets) * 8.0 / modem.rate;
            fast(training(step, modem), data)
        }
        other => panic!("`{other}` has no sound"),
    }
}

fn tone(hz: f64, seconds: f64) -> Vec<f64> {
    (0..(seconds * 8000.0) as usize)
        .map(|sample| amplitude(LEVEL) * (sample as f64 * hz * TAU / 8000.0).sin())
        .collect()
}

/// 2100 Hz, its phase turned each 450 ms, its level waving at 15 Hz (V.8).
fn ansam(seconds: f64) -> Vec<f64> {
    let mut out = tone(2100.0, seconds);
    for (sample, value) in out.iter_mut().enumerate() {
        let turned = if sample / 3600 % 2 == 1 { -1.0 } else { 1.0 };
        *value *= turned * 0.2_f64.mul_add((sample as f64 * 15.0 * TAU / 8000.0).sin(), 1.0);
    }
    out
}

/// CM or JM of V.8, three times: 300 bit/s between two frequencies. The call is for a fax, in V.34 or V.17.
fn menu(one: f64, zero: f64) -> Vec<f64> {
    const OCTETS: [u8; 3] = [0x81, 0xC5, 0x10];
    let mut bits = Vec::new();
    for _ in 0..3 {
        bits.extend([true; 10]);
        bits.extend((0..10).map(|bit| bit >= 6));
        for octet in OCTETS {
            bits.push(false);
            bits.extend((0..8).map(|bit| octet >> bit & 1 == 1));
            bits.push(true);
        }
    }
    bits.extend([true; 10]);
    let samples = bits.len() * 80 / 3;
    let mut phase = 0.0_f64;
    (0..samples)
        .map(|sample| {
            let hz = if bits[sample * 3 / 80] { one } else { zero };
            phase += hz * TAU / 8000.0;
            amplitude(LEVEL) * phase.sin()
        })
        .collect()
}

/// 2400 baud on 1800 Hz: two points in turn while it trains, then any of four.
fn fast(training: f64, data: f64) -> Vec<f64> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let trained = (training.min(0.3) * 2400.0) as usize;
    let symbols: Vec<(f64, f64)> = (0..((training + data) * 2400.0) as usize)
        .map(|place| match place {
            _ if place < trained && place % 2 == 0 => (1.0, 1.0),
            _ if place < trained => (-1.0, 1.0),
            _ => (sign(&mut random), sign(&mut random)),
        })
        .collect();
    let count = ((training + data) * 8000.0) as usize;
    (0..count)
        .map(|sample| {
            let time = sample as f64 * 2400.0 / 8000.0;
            let middle = time as usize;
            let near = middle.saturating_sub(4)..(middle + 5).min(symbols.len());
            let (re, im) = near.fold((0.0, 0.0), |(re, im), place| {
                let weight = pulse(time - place as f64);
                (
                    re + weight * symbols[place].0,
                    im + weight * symbols[place].1,
                )
            });
            let (sin, cos) = (sample as f64 * 1800.0 * TAU / 8000.0).sin_cos();
            amplitude(LEVEL) * 0.7 * (re * cos - im * sin)
        })
        .collect()
}

fn sign(random: &mut Random) -> f64 {
    if random.unit() < 0.5 { -1.0 } else { 1.0 }
}

/// Raised cosine, a quarter rolled off.
fn pulse(time: f64) -> f64 {
    const ROLL: f64 = 0.25;
    let edge = 1.0 - (2.0 * ROLL * time).powi(2);
    if time.abs() < 1e-9 {
        return 1.0;
    }
    if edge.abs() < 1e-6 {
        return 0.0;
    }
    let x = time * TAU / 2.0;
    x.sin() / x * (ROLL * x).cos() / edge
}
