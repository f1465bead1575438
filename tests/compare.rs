//! `faxflow compare`: where a bad fax leaves the way of a good one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

fn compare(good: &str, bad: &str, more: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .args([&["compare", good, bad], more].concat())
        .output()
        .unwrap()
}

fn document(good: &Path, bad: &Path) -> (Value, i32) {
    let output = compare(
        good.to_str().unwrap(),
        bad.to_str().unwrap(),
        &["--format", "json"],
    );
    let code = output.status.code().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout);
    (
        document.unwrap_or_else(|_| panic!("{}: {told}", bad.display())),
        code,
    )
}

/// Whether the first difference is what a cause is about.
fn is_about(cause: &str, difference: &Value) -> bool {
    let name = |side: &str| {
        difference[side]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let (good, bad) = (name("good"), name("bad"));
    let refused = bad.starts_with(['3', '4', '5', '6']);
    let changed = |what: &str| {
        let mut changes = difference["changes"].as_array().unwrap().iter();
        changes.any(|change| change["name"].as_str().unwrap().ends_with(what))
    };
    let is_any = |name: &str, any: &[&str]| any.iter().any(|one| name.contains(one));
    match cause {
        "t38-reinvite-unsupported-media" | "t38-reinvite-rejected" | "leg-t38-one-sided" => refused,
        "sip-no-answer" => bad == "CANCEL",
        other if other.starts_with("sip-invite-") => refused,
        "t38-image-port-zero" => bad.ends_with("m=image:0"),
        "t38-reinvite-timeout" => good == "200 OK m=image",
        "t38-image-missing-in-answer" => bad == "200 OK m=audio",
        "t38-audio-and-image" => bad.ends_with("m=audio,image"),
        "t38-back-to-audio-midfax" => bad == "INVITE m=audio",
        "sip-session-refresh" => bad.starts_with("INVITE"),
        "sip-ack-missing" => good == "ACK",
        "t38-maxdatagram-small" => changed("T38FaxMaxDatagram"),
        "t38-private-address" => changed("address"),
        "t38-ratemgmt-mismatch" => changed("T38FaxRateManagement"),
        "t38-version-mismatch" => changed("T38FaxVersion"),
        "g711-codec-lowrate" => changed("formats"),
        "leg-reinvite-not-relayed" => good == "INVITE m=image",
        "leg-latency" => is_any(&bad, &["DIS", "DCS"]),
        "leg-t30-not-relayed" => difference["bad"]["observed"] == false,
        "t30-no-dis" => good == "DIS",
        "t30-dis-no-dcs"
        | "t30-dcn-before-dcs"
        | "t30-crp-fnv"
        | "leg-media-not-relayed"
        | "udptl-one-way"
        | "udptl-wrong-destination" => good == "DCS",
        "t30-dcs-no-response" | "t30-dcn-after-dcs" | "t30-train-failed" | "udptl-icmp" => {
            good == "CFR"
        }
        "t30-postmsg-no-response" | "t30-rtn" | "t30-rnr-wait" | "t30-dcn-after-page" => {
            good == "MCF"
        }
        "t30-page-truncated" | "t30-dropped-mid-fax" | "cap-ends-early" => {
            is_any(&good, &["EOP", "MPS"])
        }
        // Whatever was lost first.
        "udptl-loss-unrecovered" | "g711-loss" => is_any(&good, &["DIS", "DCS", "CFR", "MCF"]),
        other => panic!("what is {other} about?"),
    }
}

/// The good capture of the kind of a bad one: as many legs, T.38 or sound, with ECM or without.
fn good_of(truth: &Value, among: &Path) -> Option<PathBuf> {
    let legs = truth["calls"].as_array().unwrap().len();
    let name = truth["name"].as_str().unwrap();
    let sound = name.starts_with("audio") || name.contains("g729");
    let ecm = truth["faxes"].to_string().contains("PPS");
    let names: &[&str] = match (legs, sound, ecm) {
        (2.., ..) => &["t38-ok-b2bua"],
        (_, true, _) => &["audio-ok-v17-nonecm", "audio-ok-v29"],
        (_, false, true) => &["t38-ok-1page-ecm", "t38-ok-fec"],
        (_, false, false) => &["t38-ok-1page-nonecm", "t38-ok-v17"],
    };
    let files = names.iter().map(|name| among.join(format!("{name}.pcap")));
    files.into_iter().find(|file| file.exists())
}

fn the_first_difference_is_what_the_cause_is_about(directory: &Path) {
    let (mut compared, mut wrong) = (0, Vec::new());
    for (truth, capture) in shared::truths(directory) {
        let Some(cause) = truth["cause"].as_str() else {
            continue;
        };
        let good = good_of(&truth, directory).unwrap();
        let (document, code) = document(&good, &capture);
        let difference = &document["difference"];
        if code != 1 || document["matters"] != true || !is_about(cause, difference) {
            let text = difference["text"].as_str().unwrap_or("none");
            wrong.push(format!("{} ({cause}): {code}, {text}", capture.display()));
        }
        compared += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 15, "{compared}");
}

fn good_faxes_have_no_difference_that_matters(directory: &Path) {
    let mut compared = 0;
    for (truth, capture) in shared::truths(directory) {
        let good = truth["expect"].as_str() == Some("ok")
            || truth["name"].as_str().unwrap().contains("-ok-");
        if !good || truth["faxes"].as_array().unwrap().len() != 1 {
            continue;
        }
        let (document, code) = document(&good_of(&truth, directory).unwrap(), &capture);
        assert_eq!(
            (code, &document["matters"]),
            (0, &Value::Bool(false)),
            "{}: {}",
            capture.display(),
            document["difference"]["text"]
        );
        compared += 1;
    }
    assert!(compared > 8, "{compared}");
}

fn a_fax_is_like_itself(directory: &Path) {
    for (truth, capture) in shared::truths(directory) {
        if truth["faxes"].as_array().unwrap().len() != 1 {
            continue;
        }
        let (document, code) = document(&capture, &capture);
        let at = capture.display();
        assert_eq!((code, &document["difference"]), (0, &Value::Null), "{at}");
    }
}

shared::over_captures!(
    the_first_difference_is_what_the_cause_is_about,
    good_faxes_have_no_difference_that_matters,
    a_fax_is_like_itself,
);

#[test]
fn text_and_markdown_have_both_ladders() {
    let good = shared::own().join("t38-ok-v17.pcap");
    let bad = shared::own().join("t38-fail-one-way.pcap");
    let (good, bad) = (good.to_str().unwrap(), bad.to_str().unwrap());
    for format in ["text", "markdown"] {
        let output = compare(good, bad, &["--format", format]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stdout).unwrap();
        for part in ["GOOD", "BAD", "never came", "DCS", "INVITE m=image"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let narrow = compare(good, bad, &["--width", "60", "--ascii"]);
    let text = String::from_utf8(narrow.stdout).unwrap();
    assert!(text.is_ascii(), "{text}");
    let html = compare(good, bad, &["--format", "html"]);
    assert_eq!(html.status.code(), Some(2));
}

#[test]
fn which_fax_is_meant() {
    let two = shared::own().join("t38-ok-two-calls.pcap");
    let bad = shared::own().join("t38-fail-488.pcap");
    let voice = shared::own().join("voice-dtmf.pcap");
    let (two, bad) = (two.to_str().unwrap(), bad.to_str().unwrap());
    let code = |good: &str, bad: &str| compare(good, bad, &[]).status.code();
    let told = compare(two, bad, &[]);
    assert_eq!(told.status.code(), Some(2));
    let line = String::from_utf8(told.stderr).unwrap();
    assert!(line.contains("calls 1, 2"), "{line}");
    assert_eq!(code(&format!("{two}:2"), bad), Some(1));
    assert_eq!(code(&format!("{two}:1"), &format!("{two}:2")), Some(0));
    assert_eq!(code(&format!("{two}:7"), bad), Some(3));
    assert_eq!(code(voice.to_str().unwrap(), bad), Some(3));
    assert_eq!(code("no-such.pcap", bad), Some(2));
}
