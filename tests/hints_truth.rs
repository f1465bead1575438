//! Causes and hints against the truth files of ../shared/captures/synthetic: `cause`, `also`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may fail by panic"
)]

use faxflow::analysis::reading::Analysis;
use faxflow::analysis::{Analysed, Options};
use faxflow::hint::Severity;
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

fn analyse(path: &std::path::Path) -> Vec<Analysed> {
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    analysis.analyse_all(&numbers, false).unwrap()
}

#[test]
fn explore() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures/synthetic");
    let mut names: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    names.sort();
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !only.is_empty() && !name.contains(&only) {
            continue;
        }
        let truth: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let capture = ["pcap", "pcapng"]
            .iter()
            .map(|e| path.with_extension(e))
            .find(|p| p.exists())
            .unwrap();
        let calls = analyse(&capture);
        let cause = truth["cause"].as_str();
        let also: Vec<&str> = truth["also"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap())
            .collect();
        let ours: Vec<_> = calls
            .iter()
            .filter_map(|c| c.call.fax.as_ref().and_then(|f| f.cause))
            .collect();
        let fired: Vec<&str> = calls
            .iter()
            .flat_map(|c| &c.hints)
            .filter(|h| matches!(h.finding.severity, Severity::Error | Severity::Warning))
            .map(|h| h.rule.id)
            .collect();
        let extra: Vec<&str> = fired
            .iter()
            .copied()
            .filter(|id| !also.contains(id) && Some(*id) != cause)
            .collect();
        let missing: Vec<&str> = also
            .iter()
            .copied()
            .chain(cause)
            .filter(|id| !fired.contains(id))
            .collect();
        let cause_ok = match cause {
            Some(c) => {
                !ours.is_empty() && ours.iter().all(|o| *o == c)
                    || ours.is_empty() && fired.contains(&c)
            }
            None => ours.is_empty(),
        };
        let mark = if cause_ok && extra.is_empty() && missing.is_empty() {
            "OK  "
        } else if !cause_ok {
            "BAD "
        } else {
            "diff"
        };
        println!("{mark} {name} want {cause:?} got {ours:?} extra {extra:?} missing {missing:?}");
        if !only.is_empty() {
            for one in &calls {
                println!(
                    "  call {} {:?} {:?}",
                    one.call.number,
                    one.call.state,
                    one.call.fax.as_ref().map(|f| (
                        f.verdict,
                        f.carrier,
                        f.pages_sent,
                        f.pages_confirmed,
                        &f.summary
                    ))
                );
                for hint in &one.hints {
                    println!(
                        "    {:?}{} {} {:?}: {} | {:?}",
                        hint.finding.severity,
                        if hint.consequence { "*" } else { "" },
                        hint.rule.id,
                        hint.finding
                            .frames
                            .iter()
                            .take(4)
                            .map(|f| f.0)
                            .collect::<Vec<_>>(),
                        hint.finding.seen,
                        hint.finding.more
                    );
                }
            }
        }
    }
}
