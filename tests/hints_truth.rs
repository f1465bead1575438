//! Hints and root cause against the truth files of ../shared/captures/synthetic.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeSet;
use std::path::Path;

use faxflow::analysis::reading::Analysis;
use faxflow::analysis::{Analysed, Options};
use faxflow::call::Verdict;
use faxflow::hint::Severity;
use serde_json::Value;

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

/// What faxflow says of a capture, and what the truth file says.
struct Judged {
    name: String,
    /// Rule that the truth file names.
    cause: Option<String>,
    /// Causes of all faxes of the capture.
    said: BTreeSet<Option<&'static str>>,
    /// Hints of severity error or warning that neither `cause` nor `also` names.
    alarms: Vec<String>,
    /// Rules of `cause` and `also` that no hint of that severity names.
    missed: Vec<String>,
}

fn judge(truth: &Value, calls: &[Analysed]) -> Judged {
    let cause = truth["cause"].as_str().map(str::to_owned);
    let also: BTreeSet<String> = truth["also"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    let named = |id: &str| also.contains(id) || cause.as_deref() == Some(id);
    let serious = || {
        calls.iter().flat_map(|one| {
            one.hints
                .iter()
                .filter(|hint| hint.finding.severity <= Severity::Warning)
                .map(move |hint| (one.call.number, hint))
        })
    };
    Judged {
        name: truth["name"].as_str().unwrap().to_owned(),
        said: calls
            .iter()
            .filter_map(|one| one.call.fax.as_ref())
            // Of two legs one may have all it needs: the other one has the cause.
            .filter(|fax| cause.is_none() || fax.verdict != Verdict::Ok)
            .map(|fax| fax.cause)
            .collect(),
        alarms: serious()
            .filter(|(_, hint)| !named(hint.rule.id))
            .map(|(call, hint)| {
                format!(
                    "{call}: {:?} {} {:?} {}{}",
                    hint.finding.severity,
                    hint.rule.id,
                    hint.finding.frames,
                    hint.finding.seen,
                    if hint.consequence {
                        " (consequence)"
                    } else {
                        ""
                    }
                )
            })
            .collect(),
        missed: also
            .iter()
            .chain(cause.as_ref())
            .filter(|id| !serious().any(|(_, hint)| hint.rule.id == id.as_str()))
            .cloned()
            .collect(),
        cause,
    }
}

impl Judged {
    /// Every fax has the cause of the truth file; a call that never was a fax shows it as a hint.
    fn cause_is_right(&self) -> bool {
        if self.said.is_empty() {
            self.cause
                .as_ref()
                .is_none_or(|cause| !self.missed.contains(cause))
        } else {
            self.said.iter().all(|said| *said == self.cause.as_deref())
        }
    }
}

#[test]
fn cause_is_that_of_the_truth_and_good_faxes_raise_no_alarm() {
    let Some(dir) = shared::captures("synthetic") else {
        return;
    };
    let captures = shared::truths(&dir);
    let (mut wrong, mut alarms) = (Vec::new(), Vec::new());
    for (truth, file) in &captures {
        let judged = judge(truth, &analyse(file));
        if !judged.cause_is_right() {
            println!(
                "CAUSE  {}: {:?}, not {:?}",
                judged.name, judged.said, judged.cause
            );
            wrong.push(judged.name.clone());
        }
        for alarm in &judged.alarms {
            let kind = if judged.cause.is_none() {
                "ALARM "
            } else {
                "extra "
            };
            println!("{kind} {}: {alarm}", judged.name);
        }
        if judged.cause.is_none() && !judged.alarms.is_empty() {
            alarms.push(judged.name.clone());
        }
        if !judged.missed.is_empty() {
            println!("missed {}: {}", judged.name, judged.missed.join(" "));
        }
    }
    println!(
        "{} captures, {} causes wrong, {} good ones with alarms",
        captures.len(),
        wrong.len(),
        alarms.len()
    );
    assert!(wrong.is_empty(), "wrong cause: {wrong:?}");
    assert!(alarms.is_empty(), "false alarms: {alarms:?}");
}
