//! `faxflow save`: the packets of one fax as a capture that reads the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::path::Path;
use std::process::Output;

use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

fn faxflow(words: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .env("FAXFLOW_CONFIG", "")
        .args(words)
        .output()
        .unwrap()
}

/// What the first call of a capture is said to be, frames left aside.
fn result(capture: &Path) -> Vec<(Value, Value, Value, Value)> {
    let output = faxflow(&["calls", "--format", "json", capture.to_str().unwrap()]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let calls = document["calls"].as_array().unwrap().iter();
    calls
        .map(|call| {
            let fax = &call["fax"];
            (
                call["call_id"].clone(),
                fax["verdict"].clone(),
                fax["cause"].clone(),
                fax["pages_confirmed"].clone(),
            )
        })
        .collect()
}

#[test]
fn a_saved_fax_reads_as_in_the_whole_capture() {
    let directory = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for (truth, capture) in shared::truths(&shared::own()) {
        let faxes = truth["faxes"].as_array().unwrap();
        let calls = truth["calls"].as_array().unwrap();
        // With other calls left out, what is between calls may read otherwise.
        if faxes.len() != 1 || faxes[0]["calls"].as_array().unwrap().len() != calls.len() {
            continue;
        }
        let saved = directory.path().join("saved.pcapng");
        let words = [capture.to_str().unwrap(), "--call", "1", "--force"];
        let to = ["-o", saved.to_str().unwrap()];
        let output = faxflow(&[&["save"], &words[..], &to[..]].concat());
        assert!(output.status.success(), "{}: {output:?}", capture.display());
        assert_eq!(result(&saved), result(&capture), "{}", capture.display());
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn all_packets_of_a_path_are_saved() {
    let directory = tempfile::tempdir().unwrap();
    let saved = directory.path().join("saved.pcapng");
    let mut compared = 0;
    for (truth, capture) in shared::truths(&shared::shared("paths")) {
        // Of TCP the segments without SIP stay behind.
        let mut hops = truth["hops"].as_array().unwrap().iter();
        if truth["faxes"].as_array().unwrap().len() != 1
            || !hops.all(|hop| hop["transport"] == "UDP")
        {
            continue;
        }
        let capture = capture.to_str().unwrap();
        let to = ["-o", saved.to_str().unwrap(), "--force"];
        let output = faxflow(&[&["save", capture, "--call", "1"], &to[..]].concat());
        assert!(output.status.success(), "{capture}: {output:?}");
        let packets = |file: &str| {
            let output = faxflow(&["calls", "--format", "json", file]);
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            document["capture"]["packets"].as_u64()
        };
        assert_eq!(
            packets(saved.to_str().unwrap()),
            packets(capture),
            "{capture}"
        );
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn hints_are_comments_and_nothing_is_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.pcap");
    let saved = directory.path().join("dis.pcapng");
    let words = ["save", demo, "--call", "5", "-o", saved.to_str().unwrap()];
    assert!(faxflow(&words).status.success());
    let octets = std::fs::read(&saved).unwrap();
    let comment = b"faxflow error t30-dis-no-dcs: ";
    let commented = octets.windows(comment.len()).any(|part| part == comment);
    assert!(commented);
    let again = faxflow(&words);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(std::fs::read(&saved).unwrap(), octets);
    let several = faxflow(&["save", demo, "-o", saved.to_str().unwrap()]);
    assert_eq!(several.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&several.stderr).contains("more than one fax"));
}
