//! Damaged captures: bits flipped, octets cut out, blocks doubled and swapped. Nothing panics, nothing hangs.
//!
//! A few hundred in the ordinary run; with `MUTATIONS=20000` as many through the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail by panic"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use faxflow::api::analysis::Options;
use faxflow::api::analysis::reading::Analysis;
use faxflow::api::export::{self, Format};

#[path = "support/shared.rs"]
mod shared;
#[path = "support/structure.rs"]
mod structure;

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
    let mut all: Vec<PathBuf> = (shared::directories().into_iter())
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

/// What is done to a capture.
type Change = fn(&mut Vec<u8>, &mut Random);

/// Valid framing around what lies; damage where the form of the capture is another one.
fn restructure(octets: &mut Vec<u8>, random: &mut Random) {
    if !structure::restructure(octets, random) {
        damage(octets, random);
    }
}

fn damage_all(count: usize, largest: u64, change: Change) {
    let captures = captures(largest);
    let mut random = Random(0x00fa_cade);
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    for number in 0..count {
        let path = &captures[random.below(captures.len())];
        let seed = random.next() | 1;
        // Printed only when it fails: the last one named is the culprit.
        println!("{number}: {} with seed {seed:#x}", path.display());
        let mut octets = std::fs::read(path).unwrap();
        change(&mut octets, &mut Random(seed));
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
    damage_all(200, SMALL, damage);
}

#[test]
fn survives_changes_of_structure() {
    damage_all(200, SMALL, restructure);
}

/// Address space of the program for one damaged capture, KiB.
const MEMORY: &str = "524288";
/// Damaged captures given to the program in the ordinary run.
const FEW: usize = 60;

/// The program itself: `check --format json` and `flow` end with a status of the contract, in time, within its memory,
/// and without a panic. What it does not survive stays in target/mutations.
///
/// `MUTATIONS=20000 FAXFLOW=target/release/faxflow cargo test --test mutations program -- --nocapture`; `SEED`
/// begins elsewhere, `STRUCTURE=1` changes their structure instead.
#[cfg(unix)]
#[test]
fn the_program_survives_damage() {
    let change: Change = if std::env::var_os("STRUCTURE").is_some() {
        restructure
    } else {
        damage
    };
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let many = number("MUTATIONS").map(|count| usize::try_from(count).unwrap());
    let captures = captures(if many.is_some() { u64::MAX } else { SMALL });
    let mut random = Random(number("SEED").unwrap_or(0x5eed_fa11) | 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mutations");
    let (mut statuses, mut slowest, mut findings) = ([0_usize; 4], Duration::ZERO, Vec::new());
    for number in 0..many.unwrap_or(FEW) {
        let path = &captures[random.below(captures.len())];
        let seed = random.next() | 1;
        let mut octets = std::fs::read(path).unwrap();
        change(&mut octets, &mut Random(seed));
        std::fs::write(&file, &octets).unwrap();
        let start = Instant::now();
        let check = run(&file, &["check", "--format", "json"]);
        let finding = match check.and_then(|status| Ok((status, run(&file, &["flow"])?))) {
            Ok((status, _)) => {
                statuses[status] += 1;
                None
            }
            Err(what) => Some(what),
        };
        slowest = slowest.max(start.elapsed());
        if let Some(what) = finding {
            std::fs::create_dir_all(&kept).unwrap();
            let name = kept.join(format!("{seed:x}.cap"));
            std::fs::write(&name, &octets).unwrap();
            findings.push(format!(
                "{number}, {} of {}: {what}",
                name.display(),
                path.display()
            ));
        }
    }
    println!("exit statuses 0 to 3: {statuses:?}, slowest {slowest:?}");
    assert!(
        findings.is_empty(),
        "{} findings: {findings:#?}",
        findings.len()
    );
}

/// The program: that of this build, or the one that `FAXFLOW` names.
#[cfg(unix)]
fn program() -> String {
    std::env::var("FAXFLOW").unwrap_or_else(|_| env!("CARGO_BIN_EXE_faxflow").to_owned())
}

/// The exit status, if it is one of the contract, or what went wrong.
#[cfg(unix)]
fn run(file: &Path, words: &[&str]) -> Result<usize, String> {
    let mut child = Command::new("sh")
        .env("FAXFLOW_CONFIG", "")
        .args(["-c", "ulimit -v \"$1\"; shift; exec \"$0\" \"$@\""])
        .args([&*program(), MEMORY])
        .args(words)
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut pause = Duration::from_micros(500);
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err("it hangs".to_owned());
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        _ if error.contains("panicked") => Err(error),
        Some(status @ 0..=3) => Ok(usize::try_from(status).unwrap()),
        _ => Err(format!("{}: {error}", output.status)),
    }
}
