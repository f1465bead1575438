//! Frames found of frames sent over bad lines, by level, noise, offset, drift, loss and echo.
//! The figures are in docs/audio.md; `cargo test --test audio_signal -- --nocapture` prints them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "test helpers; the exceptions of clippy.toml cover test functions only"
)]

use std::collections::HashMap;

use faxflow::api::line::{Fcs, SignalKind};
use faxflow::api::rtp::RtpArrival;
use faxflow::api::rtp::fax::{self, Heard};
use faxflow::api::rtp::g711::Law;

use v21_signal::{CLEAN, Line, Random, message, modulate, packets};

#[path = "support/v21_signal.rs"]
mod v21_signal;

/// Messages of a measurement, three frames in each.
const MESSAGES: usize = 20;

/// TSI, DCS and something long, with random contents.
fn frames(random: &mut Random) -> Vec<Vec<u8>> {
    let mut octets =
        |count: usize| -> Vec<u8> { (0..count).map(|_| random.next() as u8).collect() };
    vec![
        [vec![0xFF, 0xC0, 0xC2], octets(20)].concat(),
        [vec![0xFF, 0xC0, 0x04], octets(40)].concat(),
        [vec![0xFF, 0xC8, 0xC1], octets(4)].concat(),
    ]
}

fn listen(arrivals: &[RtpArrival]) -> Heard {
    fax::listen(arrivals, &HashMap::new())
}

fn good(heard: &Heard) -> Vec<Vec<u8>> {
    frames_of(heard, |fcs| fcs == Fcs::Good)
}

fn frames_of(heard: &Heard, wanted: fn(Fcs) -> bool) -> Vec<Vec<u8>> {
    heard
        .signals
        .iter()
        .filter_map(|signal| match &signal.kind {
            SignalKind::Hdlc(frame) if wanted(frame.fcs) => Some(frame.octets.clone()),
            _ => None,
        })
        .collect()
}

struct Count {
    sent: usize,
    found: usize,
    /// Good frames that nobody sent.
    wrong: usize,
    /// Frames shown as bad.
    bad: usize,
}

/// Sends messages over a line whose packets `harm` may change.
fn measure(
    name: &str,
    line: Line,
    mut harm: impl FnMut(&mut Vec<RtpArrival>, &mut Random),
) -> Count {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut count = Count {
        sent: 0,
        found: 0,
        wrong: 0,
        bad: 0,
    };
    for _ in 0..MESSAGES {
        let sent = frames(&mut random);
        let sound = modulate(&message(&sent), line);
        let mut arrivals = packets(&sound, line, &mut random);
        harm(&mut arrivals, &mut random);
        let heard = listen(&arrivals);
        let got = good(&heard);
        count.sent += sent.len();
        count.found += sent.iter().filter(|frame| got.contains(frame)).count();
        count.wrong += got.iter().filter(|frame| !sent.contains(frame)).count();
        count.bad += frames_of(&heard, |fcs| fcs != Fcs::Good).len();
    }
    println!(
        "| {name} | {} of {} | {} | {} |",
        count.found, count.sent, count.bad, count.wrong
    );
    count
}

fn all(name: &str, line: Line) {
    let count = measure(name, line, |_, _| {});
    assert_eq!((count.found, count.wrong), (count.sent, 0), "{name}");
}

#[test]
fn every_frame_at_every_level() {
    for law in [Law::Mu, Law::A] {
        for level in [-6.0, -14.0, -25.0, -35.0, -43.0] {
            all(
                &format!("{law:?}-law, {level} dBm0"),
                Line {
                    level,
                    law,
                    ..CLEAN
                },
            );
        }
    }
}

#[test]
fn every_frame_with_noise_offset_and_drift() {
    let snr = Some(20.0);
    for offset in [-7.0, 0.0, 7.0] {
        for drift in [-200.0, 0.0, 200.0] {
            let line = Line {
                offset,
                drift,
                snr,
                ..CLEAN
            };
            all(&format!("SNR 20 dB, {offset:+} Hz, {drift:+} ppm"), line);
        }
    }
    let worst = Line {
        level: -43.0,
        offset: 7.0,
        drift: 200.0,
        snr,
        law: Law::A,
    };
    all("A-law, -43 dBm0, SNR 20 dB, +7 Hz, +200 ppm", worst);
}

#[test]
fn most_frames_with_much_noise() {
    for (snr, least) in [(15.0, 60), (10.0, 60), (6.0, 50), (4.0, 0)] {
        let line = Line {
            snr: Some(snr),
            ..CLEAN
        };
        let count = measure(&format!("SNR {snr} dB"), line, |_, _| {});
        assert!(
            count.found >= least && count.wrong == 0,
            "{snr} dB: {}",
            count.found
        );
    }
}

#[test]
fn a_lost_packet_costs_the_frame_it_hits() {
    let mut hit = 0;
    let count = measure(
        "one packet of each message lost",
        CLEAN,
        |arrivals, random| {
            // Frames begin 0.5 + 1.0 s after the start and take 2.1 s.
            let place = 80 + (random.next() % 90) as usize;
            arrivals.remove(place);
            hit += 1;
        },
    );
    // A packet at the border of two frames hits both.
    assert!(count.found + hit + 10 >= count.sent, "{}", count.found);
    assert!(count.found < count.sent);
    assert!(
        count.bad + count.found + 5 >= count.sent,
        "{} bad",
        count.bad
    );
    assert_eq!(count.wrong, 0);
}

#[test]
fn a_packet_lost_in_the_preamble_costs_nothing() {
    let count = measure(
        "one packet of each preamble lost",
        CLEAN,
        |arrivals, random| {
            arrivals.remove(30 + (random.next() % 40) as usize);
        },
    );
    assert_eq!((count.found, count.wrong, count.bad), (count.sent, 0, 0));
}

#[test]
fn a_packet_sent_twice_costs_nothing() {
    let count = measure(
        "one packet of each message twice",
        CLEAN,
        |arrivals, random| {
            let place = 30 + (random.next() % 100) as usize;
            let mut copy = arrivals[place].clone();
            copy.frame.0 += 1000;
            arrivals.insert(place + 3, copy);
        },
    );
    assert_eq!((count.found, count.wrong, count.bad), (count.sent, 0, 0));
}

#[test]
fn sound_played_twice_costs_the_frame_it_hits() {
    // A slip of the sender's clock: the same 20 ms again, under new numbers.
    let count = measure("20 ms played twice", CLEAN, |arrivals, random| {
        let place = 80 + (random.next() % 90) as usize;
        let sound = arrivals[place].payload[12..].to_vec();
        let tail: Vec<Vec<u8>> = arrivals[place + 1..]
            .iter()
            .map(|arrival| arrival.payload[12..].to_vec())
            .collect();
        let shifted = std::iter::once(sound).chain(tail);
        for (arrival, sound) in arrivals[place + 1..].iter_mut().zip(shifted) {
            arrival.payload.truncate(12);
            arrival.payload.extend(sound);
        }
    });
    assert!(count.found + MESSAGES + 10 >= count.sent, "{}", count.found);
    assert_eq!(count.wrong, 0);
}

#[test]
fn every_frame_over_an_echo() {
    let mut random = Random(77);
    let (mut sent_count, mut found) = (0, 0);
    for echo in [-25.0, -20.0, -15.0, -10.0] {
        let (mut sent_here, mut found_here) = (0, 0);
        for _ in 0..MESSAGES {
            let sent = frames(&mut random);
            let mut sound = modulate(&message(&sent), CLEAN);
            let other = Line {
                level: CLEAN.level + echo,
                ..CLEAN
            };
            let echoed = modulate(&message(&frames(&mut random)), other);
            let late = 500 + (random.next() % 8000) as usize;
            for (sample, echo) in sound.iter_mut().skip(late).zip(echoed) {
                *sample += echo;
            }
            let got = good(&listen(&packets(&sound, CLEAN, &mut random)));
            sent_here += sent.len();
            found_here += sent.iter().filter(|frame| got.contains(frame)).count();
        }
        println!("| another V.21 signal {echo} dB under it | {found_here} of {sent_here} | | |");
        sent_count += sent_here;
        found += found_here;
    }
    assert_eq!(found, sent_count);
}

#[test]
fn an_echo_is_not_the_terminal_that_hears_it() {
    let mut random = Random(5);
    let sent = frames(&mut random);
    let own = modulate(&message(&sent), CLEAN);
    let mut echo = vec![0.0; 1600];
    echo.extend(own.iter().map(|value| value * 0.1));
    let mut one = listen(&packets(&own, CLEAN, &mut random));
    let mut other = listen(&packets(&echo, CLEAN, &mut random));
    assert_eq!((good(&one).len(), good(&other).len()), (3, 3));
    fax::drop_echoes(&mut one, &mut other);
    assert_eq!((good(&one).len(), one.is_fax), (3, true));
    assert_eq!((other.signals.len(), other.is_fax), (0, false));
}

#[test]
fn noise_is_no_fax() {
    let mut random = Random(99);
    for level in [-10.0, -30.0, -45.0] {
        let noise = v21_signal::amplitude(level) / 2f64.sqrt();
        let sound: Vec<f64> = (0..60 * 8000).map(|_| noise * random.normal()).collect();
        let heard = listen(&packets(&sound, CLEAN, &mut random));
        assert_eq!(heard.signals, [], "{level} dBm0");
    }
}
