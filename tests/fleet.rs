//! The recipes of docs/fleet.md, each where its tools are.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

/// Whether a tool is there; a test without it says so and passes.
fn there(words: &[&str]) -> bool {
    let ran = Command::new(words[0])
        .env("FAXFLOW_CONFIG", "")
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = ran.is_ok_and(|status| status.success());
    if !there {
        eprintln!("not here: {words:?}");
    }
    there
}

fn captures() -> Vec<PathBuf> {
    let folder = fs::read_dir(shared::own()).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
        .collect();
    all.sort();
    all
}

fn ndjson(command: &str, captures: &[PathBuf]) -> String {
    let mut out = String::new();
    for capture in captures {
        let run = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args([command, "--format", "ndjson"])
            .arg(capture)
            .output()
            .unwrap();
        out += &String::from_utf8(run.stdout).unwrap();
    }
    out
}

/// Batches of refused calls alone, of faxes alone, and of both, with the same types, and the numbers that the records hold.
#[test]
fn duckdb_answers_the_questions() {
    if !there(&["python3", "-c", "import duckdb"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (refused, faxes): (Vec<PathBuf>, Vec<PathBuf>) = captures().into_iter().partition(|path| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("sip-")
    });
    let mixed: Vec<PathBuf> = refused.iter().chain(&faxes).step_by(3).cloned().collect();
    let batches = [
        ("calls", refused.as_slice()),
        ("check", faxes.as_slice()),
        ("calls", mixed.as_slice()),
    ];
    let mut words = Vec::new();
    let mut by_uid: BTreeMap<String, Value> = BTreeMap::new();
    for (place, (command, captures)) in batches.into_iter().enumerate() {
        let text = ndjson(command, captures);
        let calls = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        for call in calls.filter(|line| line["type"] == "call") {
            by_uid.insert(call["call_uid"].as_str().unwrap().to_owned(), call);
        }
        let path = folder.path().join(format!("{place}.ndjson"));
        fs::write(&path, text).unwrap();
        words.push(path);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new("python3")
        .env("FAXFLOW_CONFIG", "")
        .arg(root.join("tests/support/questions.py"))
        .arg(root.join("docs/sql"))
        .args(words)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let tables = &told["tables"];
    assert_eq!(tables["captures"], refused.len() + faxes.len());
    assert_eq!(tables["each_call"], by_uid.len());
    assert_eq!(told["odd_uids"], 0);
    assert_eq!(told["answers"].as_array().unwrap().len(), 10);
    // How the faxes ended: a fax over two legs counts once.
    let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
    for (uid, call) in &by_uid {
        let other = call["other_leg_uid"].as_str().unwrap_or_default();
        let second = by_uid
            .get(other)
            .is_some_and(|other_leg| !other_leg["fax"].is_null() && other < uid.as_str());
        if let Some(verdict) = call["fax"]["verdict"].as_str().filter(|_| !second) {
            *ended.entry(verdict).or_default() += 1;
        }
    }
    let first: BTreeMap<&str, u64> = told["answers"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row[0].as_str().unwrap(), row[1].as_u64().unwrap()))
        .collect();
    assert_eq!(first, ended);
}

#[test]
fn parallel_checks_a_folder() {
    if !there(&["parallel", "--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut list = String::new();
    for capture in captures().iter().take(6) {
        list += &format!("{}\n", capture.display());
    }
    fs::write(folder.path().join("list"), &list).unwrap();
    let job = format!(
        "{} check --threads 1 --format ndjson -o {}/{{/}}.ndjson {{}}; test $? -le 3",
        env!("CARGO_BIN_EXE_faxflow"),
        folder.path().display()
    );
    let status = Command::new("parallel")
        .env("FAXFLOW_CONFIG", "")
        .args(["-j", "2", "-a"])
        .arg(folder.path().join("list"))
        .arg(job)
        .status()
        .unwrap();
    assert!(status.success());
    let results = fs::read_dir(folder.path()).unwrap();
    let results = results.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().ends_with(".ndjson")
    });
    assert_eq!(results.count(), 6);
}

/// The dashboard asks for what the watcher writes.
#[test]
fn the_dashboard_asks_for_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/grafana-dashboard.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let known = [
        "faxflow_faxes_total",
        "faxflow_captures_total",
        "faxflow_calls_total",
        "faxflow_pages_confirmed_total",
        "faxflow_last_packet_timestamp_seconds",
    ];
    let panels = board["panels"].as_array().unwrap();
    for panel in panels {
        let expression = panel["targets"][0]["expr"].as_str().unwrap();
        let of_ours = |word: &&str| word.starts_with("faxflow_");
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(of_ours) {
            assert!(known.contains(&word), "{word}");
        }
    }
}
