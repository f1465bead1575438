//! Hints against the truth files of the synthetic captures: the cause of every failure, and no alarm
//! on a fax that was delivered.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeSet;
use std::path::Path;

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::hint::Severity;
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

shared::over_captures!(causes_and_no_false_alarm);

/// Captures in which something is truly wrong that `also` does not list.
const RIGHTLY: &[(&str, &str)] = &[
    // The capture cuts SIP to 96 octets: the ports of the SDP are not in it.
    ("t38-ok-snaplen96", "cap-sip-not-captured"),
];

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

/// Rules that fired as error or warning.
fn alarms(calls: &[Analysed]) -> BTreeSet<&'static str> {
    calls
        .iter()
        .flat_map(|one| &one.hints)
        .filter(|hint| matches!(hint.finding.severity, Severity::Error | Severity::Warning))
        .map(|hint| hint.rule.id)
        .collect()
}

/// What the truth file and the hints disagree about.
fn disagreement(truth: &Value, calls: &[Analysed]) -> Vec<String> {
    let name = truth["name"].as_str().unwrap();
    let cause = truth["cause"].as_str();
    let also: Vec<&str> = truth["also"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let fired = alarms(calls);
    let ours: BTreeSet<&str> = calls
        .iter()
        .filter_map(|one| Some(one.call.fax.as_ref()?.cause?.rule))
        .collect();
    let mut out = Vec::new();
    // A call that failed before any fax has no fax to name the cause: the hint itself tells.
    let told = match cause {
        Some(cause) if ours.is_empty() => calls
            .iter()
            .flat_map(|one| &one.hints)
            .any(|hint| hint.rule.id == cause),
        Some(cause) => ours.iter().eq([&cause]),
        None => ours.is_empty(),
    };
    if !told {
        out.push(format!("{name}: cause {ours:?}, should be {cause:?}"));
    }
    if cause.is_none() {
        let extra = fired
            .iter()
            .filter(|id| !also.contains(id) && !RIGHTLY.contains(&(name, id)));
        out.extend(extra.map(|id| format!("{name}: false alarm {id}")));
    }
    out
}

fn causes_and_no_false_alarm(directory: &Path) {
    let wrong: Vec<String> = shared::truths(directory)
        .iter()
        .flat_map(|(truth, capture)| disagreement(truth, &analyse(capture)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
