//! A capture that still grows: what has not come yet is no fault. Good faxes, cut at many places.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use faxflow::api::analysis::Options;
use faxflow::api::analysis::reading::Analysis;
use faxflow::api::hint::Severity;

#[path = "support/shared.rs"]
mod shared;

shared::over_captures!(
    a_fault_is_told_though_the_capture_may_go_on,
    a_call_in_progress_raises_no_alarm_too_early
);

/// Places at which each capture is cut.
const CUTS: usize = 16;

/// True as long as the fax goes on: that it was delivered takes them back, or SIP that comes at its very end.
const TRUE_SO_FAR: &[&str] = &[
    "t30-low-rate",
    "t30-ppr",
    "t30-ecm-off",
    "udptl-loss-unrecovered",
    "cap-sip-not-captured",
];

/// Rules that fire as error or warning on a capture that ends here for now.
fn alarms(octets: &[u8]) -> BTreeSet<&'static str> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    let mut analysis = Analysis::open(Options {
        file: file.path().to_owned(),
        follow: true,
        ..Options::default()
    })
    .unwrap();
    while analysis.step(10_000).unwrap() {}
    assert!(!analysis.is_finished());
    analysis.settle();
    let numbers: Vec<_> = analysis.numbers().collect();
    let calls = analysis.analyse_all(&numbers, false).unwrap();
    calls
        .iter()
        .flat_map(|one| &one.hints)
        .filter(|hint| hint.finding.severity <= Severity::Warning)
        .map(|hint| hint.rule.id)
        .collect()
}

/// Octets up to the end of each record of a pcap file (little-endian, as the synthetic ones are).
fn ends(octets: &[u8]) -> Vec<usize> {
    let mut at = 24;
    let mut ends = Vec::new();
    while let Some(len) = octets.get(at + 8..at + 12) {
        at += 16 + usize::try_from(u32::from_le_bytes(len.try_into().unwrap())).unwrap();
        ends.push(at);
    }
    ends
}

/// Alarms on a good fax that the whole capture does not raise.
fn too_early(path: &Path) -> Vec<String> {
    let octets = fs::read(path).unwrap();
    let ends = ends(&octets);
    let whole = alarms(&octets);
    let mut out = BTreeSet::new();
    for cut in 1..CUTS {
        let frames = ends.len() * cut / CUTS;
        let Some(end) = ends.get(frames.saturating_sub(1)) else {
            continue;
        };
        for rule in alarms(&octets[..*end]) {
            if !whole.contains(rule) && !TRUE_SO_FAR.contains(&rule) {
                out.insert(format!("{rule} after {frames} frames"));
            }
        }
    }
    let name = path.file_stem().unwrap().to_string_lossy();
    out.into_iter()
        .map(|one| format!("{name}: {one}"))
        .collect()
}

#[test]
fn the_shipped_sample_raises_no_alarm_too_early() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap");
    let wrong = too_early(&sample);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was held back comes when the call is over.
fn a_fault_is_told_though_the_capture_may_go_on(directory: &Path) {
    let mut silent = Vec::new();
    for (truth, path) in shared::truths(directory) {
        // Whether a capture ends early is not known before it ends.
        let cause = truth["cause"].as_str();
        let Some(cause) = cause.filter(|cause| *cause != "cap-ends-early") else {
            continue;
        };
        if !alarms(&fs::read(&path).unwrap()).contains(cause) {
            silent.push(format!("{}: {cause}", path.display()));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

fn a_call_in_progress_raises_no_alarm_too_early(directory: &Path) {
    let good = shared::truths(directory)
        .into_iter()
        .filter(|(truth, path)| {
            truth["cause"].is_null() && path.extension().is_some_and(|end| end == "pcap")
        });
    let wrong: Vec<String> = good.flat_map(|(_, path)| too_early(&path)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
