//! `--asterisk DIR`: hints cite the PBX's own settings.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::process::Output;

#[path = "support/shared.rs"]
mod shared;

fn flow(capture: &str, more: &[&str]) -> Output {
    let capture = shared::own().join(capture);
    assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .args(["flow", capture.to_str().unwrap(), "--width", "300"])
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn hints_cite_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("udptl.conf", "[general]\nudptlstart=5000\nudptlend=5100\n");
    write("pjsip.conf", "[fax](!)\nt38_udptl=no\n[trunk](fax)\n");
    write("logger.conf", "[logfiles]\nfull => notice,warning\n");
    let asterisk = ["--asterisk", folder.path().to_str().unwrap()];
    let refused = flow("t38-fail-488.pcap", &asterisk);
    let text = String::from_utf8(refused.stdout).unwrap();
    assert!(
        text.contains("t38_udptl=no (pjsip.conf:2, [trunk])"),
        "{text}"
    );
    let unanswered = flow("t38-fail-one-way.pcap", &asterisk);
    let text = String::from_utf8(unanswered.stdout).unwrap();
    assert!(text.contains("fax log of your Asterisk is off"), "{text}");
    // Not without being asked for.
    let plain = String::from_utf8(flow("t38-fail-488.pcap", &[]).stdout).unwrap();
    assert!(!plain.contains("Your Asterisk"), "{plain}");
    let redacted = [&asterisk[..], &["--redact"]].concat();
    let text = String::from_utf8(flow("t38-fail-488.pcap", &redacted).stdout).unwrap();
    assert!(text.contains("pjsip.conf:2"), "{text}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let output = flow("t38-fail-488.pcap", &["--asterisk", "/no/such/folder"]);
    assert_eq!(output.status.code(), Some(2));
}
