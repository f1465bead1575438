//! Logs of PBXs beside their captures: which lines are about the fax, and how the clocks differ.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    reason = "a test may fail by panic"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "support/json.rs"]
mod json;
#[path = "support/shared.rs"]
mod shared;

use json::{list, text};

/// How far off an offset may be: that of a log with finer times, that of one of whole seconds.
const OFF: (f64, f64) = (0.05, 1.0);

fn run(capture: &Path, log: &Path, more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .args(["flow", "--format", "json", "--log"])
        .arg(log)
        .arg(capture)
        .args(more)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn field<'v>(message: &'v Value, name: &str) -> Option<&'v str> {
    let of_name = list(&message["fields"])
        .iter()
        .find(|field| field["name"] == name);
    of_name.map(|field| text(&field["value"]))
}

/// The rows of the log of the first call, and what is said of the log.
fn rows(document: &Value) -> (Vec<&Value>, &Value) {
    let call = &document["calls"][0];
    let rows = list(&call["messages"]).iter();
    (
        rows.filter(|row| row["layer"] == "log").collect(),
        &call["log"],
    )
}

/// What is wrong with the answer for one log.
fn wrong(capture: &Path, truth: &Value) -> Vec<String> {
    let log = &truth["log"];
    let file = capture.with_file_name(text(&log["file"]));
    let document = run(capture, &file, &[]);
    let (rows, about) = rows(&document);
    let mut wrong = Vec::new();
    if list(&log["frames"]).is_empty() {
        if !rows.is_empty() || !about.is_null() {
            wrong.push(format!("{} rows of a foreign log", rows.len()));
        }
        return wrong;
    }
    let offset = about["offset_s"].as_f64().unwrap_or(f64::NAN);
    let most = if log["resolution_s"].as_f64().unwrap() < 1.0 {
        OFF.0
    } else {
        OFF.1
    };
    let off = (offset - log["offset_s"].as_f64().unwrap()).abs();
    if off.is_nan() || off > most {
        wrong.push(format!("offset {offset}, not {}", log["offset_s"]));
    }
    if about["side"] != log["end"] {
        wrong.push(format!("at the {}", about["side"]));
    }
    let line = |number: &Value| {
        let number = number.to_string();
        rows.iter()
            .find(move |row| field(row, "line") == Some(number.as_str()))
    };
    for frame in list(&log["frames"]) {
        // What the stack says it sent and the capture lacks is what a rule is about.
        let is_captured = list(&document["calls"][0]["messages"])
            .iter()
            .any(|message| message["hex"] == frame["hex"] && message["layer"] == "t30");
        let matched = line(&frame["line"])
            .and_then(|row| field(row, "in the capture"))
            .is_some_and(|seen| seen.starts_with(text(&frame["name"])));
        if matched != is_captured {
            wrong.push(format!(
                "line {} {}: matched {matched}",
                frame["line"], frame["name"]
            ));
        }
    }
    let result = &log["result"];
    let told = &about["result"];
    if told["text"] != result["text"] || told["ok"] != Value::Bool(result["code"] == 0) {
        wrong.push(format!("result {told}, not {result}"));
    }
    if line(&log["result_line"]).is_none() {
        wrong.push("no row of the result".to_owned());
    }
    wrong
}

fn every_log_is_matched(directory: &Path) {
    let mut all = Vec::new();
    let mut count = 0;
    for (truth, capture) in shared::truths(directory) {
        if truth["log"].is_object() {
            count += 1;
            let name = capture.file_name().unwrap().to_string_lossy().into_owned();
            all.extend(
                wrong(&capture, &truth)
                    .into_iter()
                    .map(|what| format!("{name}: {what}")),
            );
        }
    }
    assert!(count > 0, "no log in {}", directory.display());
    assert!(all.is_empty(), "{} wrong:\n{}", all.len(), all.join("\n"));
}

#[test]
fn every_log_of_the_repository_is_matched() {
    every_log_is_matched(&own());
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn every_synthetic_log_is_matched() {
    every_log_is_matched(&shared::shared("synthetic"));
}

fn own() -> PathBuf {
    shared::own().join("logs")
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn every_log_of_pages_is_matched() {
    every_log_is_matched(&shared::shared("pages"));
}

/// A capture of the repository with a log, and the log.
fn sample() -> (PathBuf, PathBuf, Value) {
    let (truth, capture) = shared::truths(&own())
        .into_iter()
        .find(|(truth, _)| !list(&truth["log"]["frames"]).is_empty())
        .expect("a capture with a log");
    let log = capture.with_file_name(text(&truth["log"]["file"]));
    (capture, log, truth)
}

#[test]
fn a_given_offset_is_kept() {
    let (capture, log, truth) = sample();
    let offset = truth["log"]["offset_s"].as_f64().unwrap() + 0.5;
    let document = run(&capture, &log, &["--log-offset", &offset.to_string()]);
    let (rows, about) = rows(&document);
    assert!(!rows.is_empty());
    assert_eq!(about["given"], true);
    assert!((about["offset_s"].as_f64().unwrap() - offset).abs() < 1e-9);
    let far = run(&capture, &log, &["--log-offset", "5"]);
    assert!(far["calls"][0]["log"].is_null());
}

#[test]
fn lines_without_sense_are_skipped() {
    let (capture, log, _) = sample();
    let good = run(&capture, &log, &[]);
    let mut octets = std::fs::read(&log).unwrap();
    octets
        .extend_from_slice(b"FLOW T.30 Tx:  ff 03 zz\n\xff\xfe\x00[2025-13-77 99:99:99] FAX[1]\n");
    octets.resize(octets.len() + 3_000_000, b'x');
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[2025-03-03 12:00:00] FAX[1][C-1] res_fax.c: FLOW T.30 Rx:  ff 0\n")
        .unwrap();
    file.write_all(&octets).unwrap();
    let bad = run(&capture, file.path(), &[]);
    assert_eq!(rows(&good).0.len(), rows(&bad).0.len());
    let note = list(&bad["capture"]["notes"])
        .iter()
        .any(|note| text(&note["text"]).contains("make no sense"));
    assert!(note, "{}", bad["capture"]["notes"]);
}

#[test]
fn a_missing_log_is_told() {
    let (capture, ..) = sample();
    let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .args(["check", "--log", "no-such.log"])
        .arg(&capture)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such.log"));
}
