//! Damaged captures: bits flipped, octets cut out, blocks doubled and swapped. Nothing panics, nothing hangs.
//!
//! A few hundred in the ordinary run; `MUTATIONS=20000 cargo test --release --test mutations -- --ignored` for the rest.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail by panic"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use faxflow::analysis::Options;
use faxflow::analysis::reading::Analysis;
use faxflow::export::{self, Format};

#[path = "support/shared.rs"]
mod shared;

/// Longest time for one damaged capture; the contract says 10 s for the whole program.
const LONGEST: Duration = Duration::from_secs(10);
/// Largest capture that is damaged in the ordinary run.
const SMALL: u64 = 100_000;

/// A generator of our own (xorshift64*): the same damage in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`; 0 where `end` is 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap() % end.max(1)
    }

    fn range(&mut self, len: usize, most: usize) -> std::ops::Range<usize> {
        let from = self.below(len);
        from..(from + 1 + self.below(most)).min(len)
    }
}

fn damage(octets: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        if octets.len() < 32 {
            return;
        }
        let len = octets.len();
        match random.below(6) {
            0 => {
                for _ in 0..=random.below(64) {
                    octets[random.below(len)] ^= 1 << random.below(8);
                }
            }
            1 => octets.truncate(24 + random.below(len - 24)),
            2 => {
                octets.drain(random.range(len, 2000));
            }
            3 => {
                let block = octets[random.range(len, 4000)].to_vec();
                let at = random.below(len);
                octets.splice(at..at, block);
            }
            4 => {
                let (one, other) = (random.range(len / 2, 1000), random.range(len / 2, 1000));
                let count = one.len().min(other.len());
                for step in 0..count {
                    octets.swap(one.start + step, len / 2 + other.start + step);
                }
            }
            _ => {
                let fill = [0x00, 0xff, 0x7f, b'\r'][random.below(4)];
                octets[random.range(len, 8)].fill(fill);
            }
        }
    }
}

/// Through the library as `check --format json` does it.
fn check(octets: &[u8]) -> usize {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), octets).unwrap();
    let options = Options {
        file: file.path().to_owned(),
        ..Options::default()
    };
    let Ok(mut analysis) = Analysis::open(options) else {
        return 0;
    };
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    let flows: Vec<_> = numbers
        .iter()
        .map(|number| analysis.flow(&[*number], true).unwrap())
        .collect();
    let mut out = Vec::new();
    let shape = export::Options::default();
    export::check(&mut out, analysis.info(), &flows, Format::Json, &shape).unwrap();
    serde_json::from_slice::<serde_json::Value>(&out).unwrap();
    export::flow(&mut out, analysis.info(), &flows, Format::Text, &shape).unwrap();
    numbers.len()
}

fn captures(largest: u64) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = ["synthetic", "real"]
        .iter()
        .filter_map(|directory| shared::captures(directory))
        .flat_map(|directory| std::fs::read_dir(directory).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            [".pcap", ".pcapng", ".cap"]
                .iter()
                .any(|end| name.ends_with(end))
                && path.metadata().unwrap().len() <= largest
        })
        .collect();
    all.sort();
    all
}

fn damage_all(count: usize, largest: u64) {
    let captures = captures(largest);
    if captures.is_empty() {
        return;
    }
    let mut random = Random(0x00fa_cade);
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    for number in 0..count {
        let path = &captures[random.below(captures.len())];
        let seed = random.next() | 1;
        // Printed only when it fails: the last one named is the culprit.
        println!("{number}: {} with seed {seed:#x}", path.display());
        let mut octets = std::fs::read(path).unwrap();
        damage(&mut octets, &mut Random(seed));
        let start = Instant::now();
        calls += check(&octets);
        let took = start.elapsed();
        assert!(took < LONGEST, "{took:?}");
        slowest = slowest.max(took);
    }
    eprintln!("{count} damaged captures, {calls} calls in them, slowest {slowest:?}");
    assert!(
        calls > count / 4,
        "only {calls} calls: the damage hides everything"
    );
}

#[test]
fn survives_damage() {
    damage_all(200, SMALL);
}

#[test]
#[ignore = "long: run it in release"]
fn survives_much_damage() {
    let count = std::env::var("MUTATIONS").map_or(20_000, |count| count.parse().unwrap());
    damage_all(count, u64::MAX);
}
