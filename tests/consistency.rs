//! Cause, side, headline and hints of every capture say the same; a part of a capture accuses nobody of what it lacks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::fs;
use std::path::{Path, PathBuf};

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::call::{FaultSide, Verdict};
use faxflow::api::hint::Severity;

#[path = "support/shared.rs"]
mod shared;

fn analyse(path: &Path) -> Vec<Analysed> {
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    analysis.analyse_all(&numbers, false).unwrap()
}

fn captures(directory: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let end = path.extension().and_then(|end| end.to_str());
            matches!(end, Some("pcap" | "pcapng" | "cap"))
        })
        .collect();
    all.sort();
    all
}

/// What a headline names.
fn named(summary: &str) -> Option<FaultSide> {
    [
        ("the caller's side (", FaultSide::Caller),
        ("the callee's side (", FaultSide::Callee),
        ("the network between", FaultSide::Path),
        ("the element in the middle", FaultSide::Pbx),
        ("your PBX (", FaultSide::Pbx),
    ]
    .into_iter()
    .find(|(words, _)| summary.contains(words))
    .map(|(_, side)| side)
}

/// What one call says against itself.
fn contradictions(one: &Analysed, all: &[Analysed]) -> Vec<String> {
    let call = &one.call;
    let mut out = Vec::new();
    let mut say = |what: String| out.push(format!("call {}: {what}", call.number));
    let side = call.cause.and_then(|cause| cause.side);
    if let Some(fax) = &call.fax {
        let has_cause = fax.cause.is_some();
        if fax.cause != call.cause {
            say(format!(
                "cause of fax {:?}, of call {:?}",
                fax.cause, call.cause
            ));
        }
        match fax.verdict {
            Verdict::Ok if has_cause => say(format!("delivered, but {:?}", fax.cause)),
            Verdict::Failed | Verdict::Partial if !has_cause => say("no cause".to_owned()),
            Verdict::Incomplete if !matches!(side, None | Some(FaultSide::Capture)) => {
                say(format!("incomplete, but {:?}", fax.cause));
            }
            _ => {}
        }
        let told = named(&fax.summary);
        let expected = side.filter(|side| *side != FaultSide::Capture);
        // The PBX of the user is an end of its leg where the capture has no more of the path.
        let ours = told == Some(FaultSide::Pbx) && fax.summary.contains("your PBX (");
        let theirs = told.is_none() && fax.summary.contains("the other side (");
        if has_cause && told != expected && !(expected.is_some() && (ours || theirs)) {
            say(format!("headline \"{}\", side {side:?}", fax.summary));
        }
    }
    if let Some(cause) = call.cause {
        let legs = || {
            let other = all
                .iter()
                .find(|leg| Some(leg.call.number) == call.other_leg);
            std::iter::once(one).chain(other)
        };
        let is_error = |severity| {
            let verdict = call.fax.as_ref().map(|fax| fax.verdict);
            severity == Severity::Error
                || (severity == Severity::Warning && verdict.is_none())
                || verdict == Some(Verdict::Incomplete)
        };
        let fits = legs().flat_map(|leg| &leg.hints).any(|hint| {
            hint.rule.id == cause.rule
                && hint.side == cause.side
                && !hint.consequence
                && is_error(hint.finding.severity)
        });
        if !fits {
            say(format!("no hint bears out {cause:?}"));
        }
    }
    out
}

fn check(directory: &Path) {
    let mut wrong = Vec::new();
    for path in captures(directory) {
        let all = analyse(&path);
        for one in &all {
            let name = path.file_name().unwrap().to_string_lossy();
            wrong.extend(
                contradictions(one, &all)
                    .into_iter()
                    .map(|what| format!("{name}: {what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_contradicts_itself() {
    check(&shared::own());
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn nothing_contradicts_itself_in_all_captures() {
    for name in ["synthetic", "paths", "pages", "reports", "real"] {
        check(&shared::shared(name));
    }
}

/// Parts of a capture, in sixteenths of its frames.
const PARTS: [(usize, usize); 9] = [
    (0, 5),
    (0, 8),
    (0, 11),
    (0, 14),
    (8, 16),
    (12, 16),
    (2, 16),
    (4, 12),
    (6, 10),
];

/// Header of a little-endian pcap file, as the synthetic ones are, and its records.
fn records(octets: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let (head, mut rest) = octets.split_at_checked(24)?;
    if head.get(..4)? != [0xd4, 0xc3, 0xb2, 0xa1] {
        return None;
    }
    let mut out = Vec::new();
    while let Some(len) = rest.get(8..12) {
        let len = usize::try_from(u32::from_le_bytes(len.try_into().unwrap())).unwrap();
        let (record, more) = rest.split_at_checked(16 + len)?;
        out.push(record);
        rest = more;
    }
    Some((head, out))
}

/// Verdicts and accusations of the faxes of a capture. An INVITE that is refused stands for itself.
fn accusations(all: &[Analysed]) -> Vec<(Option<Verdict>, Option<FaultSide>)> {
    all.iter()
        .filter(|one| one.call.fax.is_some())
        .map(|one| {
            let side = one.call.cause.and_then(|cause| cause.side);
            (one.call.fax.as_ref().map(|fax| fax.verdict), side)
        })
        .collect()
}

/// What parts of a capture say that the whole does not.
fn too_much(path: &Path) -> Vec<String> {
    let octets = fs::read(path).unwrap();
    let Some((head, records)) = records(&octets) else {
        return Vec::new();
    };
    let whole = accusations(&analyse(path));
    let failed =
        |verdict: Option<Verdict>| matches!(verdict, Some(Verdict::Failed | Verdict::Partial));
    let is_good = whole
        .iter()
        .all(|(verdict, side)| !failed(*verdict) && side.is_none());
    let mut out = Vec::new();
    for (from, to) in PARTS {
        let part = &records[records.len() * from / 16..records.len() * to / 16];
        let mut octets = head.to_vec();
        octets.extend(part.iter().flat_map(|record| record.iter()));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), octets).unwrap();
        let all = analyse(file.path());
        for (verdict, side) in accusations(&all) {
            let named = !matches!(side, None | Some(FaultSide::Capture));
            let known = whole.iter().any(|(_, whole)| *whole == side);
            if is_good && (failed(verdict) || named) || named && !known {
                out.push(format!(
                    "{}: {from}/16 to {to}/16: {verdict:?} {side:?}",
                    path.file_name().unwrap().to_string_lossy()
                ));
            }
        }
    }
    out
}

#[test]
fn a_part_of_a_capture_accuses_nobody_for_the_rest() {
    let wrong: Vec<String> = captures(&shared::own())
        .iter()
        .flat_map(|path| too_much(path))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn a_part_of_a_path_accuses_nobody_for_the_rest() {
    let wrong: Vec<String> = captures(&shared::shared("paths"))
        .iter()
        .flat_map(|path| too_much(path))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
