//! Faults of the environment: no room for what is read, signals while a file is written, outputs that are the capture,
//! a report of a capture that still grows.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use made::{Capture, request};

#[path = "support/made.rs"]
mod made;

const FAXFLOW: &str = env!("CARGO_BIN_EXE_faxflow");

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap")
}

/// The demo's faxes, and so much SIP behind them that no spool of some blocks holds it.
fn large() -> Vec<u8> {
    let mut capture = Capture::new();
    for tag in 0..6000 {
        let call = format!("call-{tag}");
        capture.datagram((5060, 5060), request("INVITE", &call, tag, 1).as_bytes());
    }
    capture.octets
}

/// The program under `sh`, after some set-up of its own; `input` goes to its standard input.
fn under(setup: &str, words: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("sh")
        .env("FAXFLOW_CONFIG", "")
        .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
        .arg(FAXFLOW)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_a_full_spool_does_not_hold_is_an_error_and_the_rest_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("large.pcap.gz");
    fs::write(&packed, gzip(&large())).unwrap();
    let packed = packed.to_str().unwrap();
    // No file may grow beyond 400 KB: a full disk, without one.
    for (words, input) in [
        (&["calls", "-"][..], large()),
        (&["calls", "-", "--format", "json"], large()),
        (&["check", "-"], large()),
        (&["calls", packed], Vec::new()),
        (&["check", packed], Vec::new()),
    ] {
        let output = under("ulimit -f 800", words, &input);
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains("cannot"), "{words:?}: {error}");
        if words[0] == "calls" {
            assert!(
                out.contains("not all of the capture was read"),
                "{words:?}: {out}"
            );
            let shown = out.matches("calling").count();
            assert!((100..5900 * 2).contains(&shown), "{words:?}: {shown}");
        }
    }
}

#[test]
fn a_spool_that_cannot_be_made_is_an_error() {
    let capture = fs::read(demo()).unwrap();
    let output = under("export TMPDIR=/no/such/folder", &["check", "-"], &capture);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("temporary file"), "{error}");
}

#[test]
fn a_pipe_that_is_read_whole_is_as_good_as_its_file() {
    let capture = fs::read(demo()).unwrap();
    let piped = under(":", &["check", "-", "--format", "json"], &capture);
    assert_eq!(piped.status.code(), Some(1), "{}", text(&piped.stderr));
    assert!(!text(&piped.stdout).contains("not all of the capture"));
}

#[test]
fn no_guise_of_the_capture_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    // A name that is no UTF-8.
    let name = std::ffi::OsStr::from_bytes(b"fax\xff.pcap");
    let capture = folder.path().join(name);
    fs::copy(demo(), &capture).unwrap();
    let before = fs::read(&capture).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&capture, &link).unwrap();
    let hard = folder.path().join("hard");
    fs::hard_link(&capture, &hard).unwrap();
    for output in [&capture, &link, &hard] {
        for by_stdin in [false, true] {
            let mut command = Command::new(FAXFLOW);
            command.env("FAXFLOW_CONFIG", "");
            command.arg("calls");
            if by_stdin {
                command.arg("-").stdin(fs::File::open(&capture).unwrap());
            } else {
                command.arg(&capture);
            }
            let done = command.arg("-o").arg(output).output().unwrap();
            assert_eq!(done.status.code(), Some(2), "{}", output.display());
            assert_eq!(fs::read(&capture).unwrap(), before);
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn an_output_keeps_the_mode_of_the_file_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.txt");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let done = Command::new(FAXFLOW)
        .env("FAXFLOW_CONFIG", "")
        .args(["check", demo().to_str().unwrap(), "-o"])
        .arg(&link)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert_ne!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn a_signal_leaves_the_old_file_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("large.pcap");
    let mut many = Capture::new();
    for tag in 0..8_000 {
        let call = format!("call-{tag}");
        many.datagram((5060, 5060), request("INVITE", &call, tag, 1).as_bytes());
    }
    fs::write(&capture, many.octets).unwrap();
    let path = folder.path().join("calls.json");
    // Whoever runs the tests in the background may ignore INT and HUP: then the output is whole.
    for signal in ["INT", "TERM", "HUP"] {
        for wait in [5, 60, 200, 600] {
            fs::write(&path, "before").unwrap();
            let mut child = Command::new(FAXFLOW)
                .env("FAXFLOW_CONFIG", "")
                .args(["calls", "--format", "json", "-o"])
                .arg(&path)
                .arg(&capture)
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            let id = child.id().to_string();
            Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .unwrap();
            let status = child.wait().unwrap();
            let whole = status.code() == Some(0);
            let now = fs::read(&path).unwrap();
            assert!(whole || now == b"before", "{signal} after {wait} ms");
            if whole {
                let _: serde_json::Value = serde_json::from_slice(&now).unwrap();
            }
            let left: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(left.len(), 2, "{left:?}");
        }
    }
}

#[test]
fn an_output_may_be_a_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let done = Command::new(FAXFLOW)
        .env("FAXFLOW_CONFIG", "")
        .args(["calls", demo().to_str().unwrap(), "-o"])
        .arg(&fifo)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(0));
    assert!(reader.join().unwrap().contains("8 calls, 7 faxes"));
}

#[test]
fn a_capture_that_still_grows_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcap");
    let octets = large();
    fs::write(&path, &octets).unwrap();
    let (done, stop) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn({
        let path = path.clone();
        let packets = octets[24..2000].to_vec();
        move || {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            while stop.recv_timeout(Duration::from_millis(1)).is_err() {
                file.write_all(&packets).unwrap();
            }
        }
    });
    let start = Instant::now();
    let output = Command::new(FAXFLOW)
        .env("FAXFLOW_CONFIG", "")
        .arg("calls")
        .arg(&path)
        .output()
        .unwrap();
    done.send(()).unwrap();
    writer.join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
    let out = text(&output.stdout);
    assert!(
        out.contains("still being written"),
        "{}",
        out.get(..2000).unwrap_or(&out)
    );
}
