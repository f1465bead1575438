//! `faxflow watch` while captures come and it is killed.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const FILES: usize = 200;

/// Captures that differ in the time of their first packet.
fn capture(number: usize) -> Vec<u8> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/sip-fail-486.pcap");
    let mut octets = fs::read(sample).unwrap();
    let micros = u32::try_from(number).unwrap().to_le_bytes();
    octets[28..32].copy_from_slice(&micros);
    octets
}

/// A capture as a capturing tool writes it: piece by piece, closed at the end.
fn rotate(folder: &Path, number: usize) {
    let octets = capture(number);
    let mut file = File::create(folder.join(format!("cap-{number}.pcap"))).unwrap();
    for piece in octets.chunks(octets.len() / 3 + 1) {
        file.write_all(piece).unwrap();
        thread::sleep(Duration::from_millis(2));
    }
}

fn watch(folder: &Path, aside: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .arg("watch")
        .arg(folder)
        .args(["-q", "-o"])
        .arg(aside.join("faxes.ndjson"))
        .arg("--openmetrics")
        .arg(aside.join("faxes.prom"))
        .args(more)
        .spawn()
        .unwrap()
}

/// The whole lines of the output.
fn lines(aside: &Path) -> Vec<Value> {
    let text = fs::read_to_string(aside.join("faxes.ndjson")).unwrap_or_default();
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn captures(lines: &[Value]) -> Vec<&Value> {
    lines
        .iter()
        .filter(|line| line["type"] == "capture")
        .collect()
}

#[test]
fn each_capture_is_checked_once_though_the_watcher_is_killed() {
    let (folder, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, aside) = (folder.path(), aside.path());
    let mut watcher = watch(folder, aside, &["--idle", "3600"]);
    for number in 0..FILES {
        rotate(folder, number);
        // At any time: SIGKILL.
        if [37, 90, 141].contains(&number) {
            watcher.kill().unwrap();
            watcher.wait().unwrap();
        }
        if [38, 100, 141].contains(&number) {
            watcher = watch(folder, aside, &["--idle", "3600"]);
        }
    }
    let start = Instant::now();
    while captures(&lines(aside)).len() < FILES && start.elapsed() < Duration::from_secs(120) {
        thread::sleep(Duration::from_millis(100));
    }
    thread::sleep(Duration::from_millis(500));
    watcher.kill().unwrap();
    watcher.wait().unwrap();
    let all = lines(aside);
    let captures = captures(&all);
    let ids: BTreeSet<&str> = captures
        .iter()
        .map(|one| one["capture_id"].as_str().unwrap())
        .collect();
    let files: BTreeSet<&str> = captures
        .iter()
        .map(|one| one["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        (captures.len(), ids.len(), files.len()),
        (FILES, FILES, FILES)
    );
    let calls = all.iter().filter(|line| line["type"] == "call");
    let of_calls: BTreeSet<&str> = calls
        .map(|call| call["capture_id"].as_str().unwrap())
        .collect();
    assert_eq!(of_calls, ids);
    let metrics = fs::read_to_string(aside.join("faxes.prom")).unwrap();
    assert!(
        metrics.contains(&format!("faxflow_captures_total {FILES}\n")),
        "{metrics}"
    );
    assert!(metrics.ends_with("# EOF\n"));
}

#[test]
fn a_second_run_has_nothing_left_to_do() {
    let (folder, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, aside) = (folder.path(), aside.path());
    for number in 0..5 {
        fs::write(folder.join(format!("cap-{number}.pcap")), capture(number)).unwrap();
    }
    fs::write(folder.join("notes.txt"), "no capture\n").unwrap();
    fs::write(folder.join("copy-1.pcap"), capture(3)).unwrap();
    let run = || {
        let status = watch(folder, aside, &["--once", "--idle", "0"])
            .wait()
            .unwrap();
        assert_eq!(status.code(), Some(0));
        captures(&lines(aside)).len()
    };
    // The copy is the same capture under another name.
    assert_eq!((run(), run()), (5, 5));
    // What a killed watcher wrote and did not note as done is cut, and done again.
    let mut output = File::options()
        .append(true)
        .open(aside.join("faxes.ndjson"))
        .unwrap();
    output
        .write_all(b"{\"schema\":\"faxflow/1\",\"type\":\"capt")
        .unwrap();
    fs::write(folder.join("cap-5.pcap"), capture(5)).unwrap();
    assert_eq!((run(), run()), (6, 6));
    let mut two = [
        watch(folder, aside, &["--idle", "3600"]),
        watch(folder, aside, &["--idle", "3600"]),
    ];
    let first_gone = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        two.iter_mut().find_map(|one| one.try_wait().unwrap())
    });
    assert_eq!(
        first_gone.and_then(|status| status.code()),
        Some(2),
        "one state, one watcher"
    );
    for one in &mut two {
        one.kill().unwrap_or_default();
        one.wait().unwrap();
    }
}
