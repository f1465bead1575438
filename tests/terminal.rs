//! What the screen does with a terminal that is not as usual: another locale, stopped from outside, dumb, of a size that
//! cannot be; and files that come and go while they are followed.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use made::{Capture, message, request};
use terminal::{PATIENCE, Terminal};

#[path = "support/made.rs"]
mod made;
#[path = "support/terminal.rs"]
mod terminal;

fn demo() -> String {
    format!("{}/assets/demo.pcap", env!("CARGO_MANIFEST_DIR"))
}

/// A call between names whose UTF-8 holds 0x9b, the control sequence introducer of 8 bits.
fn latin() -> Vec<u8> {
    let mut capture = Capture::new();
    for start in [
        "INVITE sip:2@192.0.2.2 SIP/2.0",
        "SIP/2.0 486 B\u{e9}tise \u{15b}31m",
    ] {
        let text = message(
            start,
            "one\u{15b}31m",
            "1 INVITE",
            ";tag=\u{15b}",
            "text/plain",
            "\u{15b}31m",
        );
        let text = text.replace("<sip:1@", "\"\u{15b}31mEve\" <sip:\u{15b}31m@");
        capture.datagram((5060, 5060), text.as_bytes());
    }
    capture.octets
}

/// Nothing of 0x80 to 0x9f, nor anything else that is no ASCII.
fn is_ascii(terminal: &Terminal) {
    let octets = terminal.octets.lock().unwrap();
    let bad = octets.iter().position(|octet| !octet.is_ascii());
    let around = bad.map(|at| {
        String::from_utf8_lossy(octets.get(at.saturating_sub(20)..).unwrap_or_default())
            .into_owned()
    });
    assert!(bad.is_none(), "{around:?}");
}

#[test]
fn a_terminal_that_reads_no_utf8_gets_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.pcap");
    fs::write(&path, latin()).unwrap();
    let path = path.to_str().unwrap();
    for locale in ["C", "de_DE.ISO-8859-1"] {
        let variables = [("LC_ALL", locale)];
        for words in [
            &["calls", path][..],
            &["flow", path, "--call", "1"],
            &["check", path],
            &["calls", path, "--format", "json"],
            &["flow", path, "--call", "1", "--format", "markdown"],
            &["flow", path, "--call-id", "\u{15b}31m"],
        ] {
            let terminal = Terminal::start_in(40, 120, words, folder.path(), &variables);
            let octets = std::sync::Arc::clone(&terminal.octets);
            let (_, restored) = terminal.end();
            assert!(restored);
            let octets = octets.lock().unwrap();
            assert!(String::from_utf8_lossy(&octets).contains("plain ASCII"));
            assert!(
                octets.is_ascii(),
                "{words:?}: {}",
                String::from_utf8_lossy(&octets)
            );
        }
        let mut terminal = Terminal::start_in(24, 80, &[path], folder.path(), &variables);
        terminal.wait_for("1 call");
        terminal.press("\r");
        terminal.wait_for("INVITE");
        terminal.press("/\u{15b}\r?");
        terminal.wait_for("help");
        is_ascii(&terminal);
        terminal.press("\u{3}");
        terminal.end();
    }
    // A file stays UTF-8.
    let out = folder.path().join("flow.txt");
    let words = ["flow", path, "--call", "1", "-o", out.to_str().unwrap()];
    let terminal = Terminal::start_in(24, 80, &words, folder.path(), &[("LC_ALL", "C")]);
    assert_eq!(terminal.end().0, 0);
    assert!(!fs::read_to_string(out).unwrap().is_ascii());
}

#[test]
fn a_dumb_terminal_gets_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let terminal = Terminal::start_in(200, 120, &[&demo()], folder.path(), &[("TERM", "dumb")]);
    terminal.wait_for("TERM=dumb");
    let octets = std::sync::Arc::clone(&terminal.octets);
    assert_eq!(terminal.end(), (0, true));
    let text = String::from_utf8_lossy(&octets.lock().unwrap()).into_owned();
    assert!(text.contains("t30-dis-no-dcs") && !text.contains('\u{1b}'));
}

fn signal(terminal: &Terminal, name: &str) {
    let id = terminal.child.process_id().unwrap().to_string();
    let done = Command::new("kill")
        .args(["-s", name, &id])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Waits until the screen of the terminal is the main one (or the other).
fn wait_for_alternate(terminal: &Terminal, alternate: bool) {
    let start = Instant::now();
    while terminal.parser.lock().unwrap().screen().alternate_screen() != alternate {
        assert!(start.elapsed() < PATIENCE, "{}", terminal.screen());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn stopped_from_outside_it_gives_the_terminal_back_and_takes_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(24, 80, &[&demo()], folder.path());
    terminal.wait_for("8 calls, 7 faxes");
    signal(&terminal, "TSTP");
    wait_for_alternate(&terminal, false);
    assert!(!terminal.parser.lock().unwrap().screen().hide_cursor());
    signal(&terminal, "CONT");
    wait_for_alternate(&terminal, true);
    terminal.wait_for("8 calls, 7 faxes");
    // STOP cannot be minded: all is drawn again after it.
    signal(&terminal, "STOP");
    terminal
        .parser
        .lock()
        .unwrap()
        .process(b"\x1b[?1049l\x1b[2Jsomething else");
    signal(&terminal, "CONT");
    wait_for_alternate(&terminal, true);
    terminal.wait_for("8 calls, 7 faxes");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_window_of_any_size_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    for (rows, cols) in [(65_535, 65_535), (1, 1), (2, 65_535)] {
        let mut terminal = Terminal::start(24, 80, &[&demo()], folder.path());
        terminal.wait_for("8 calls");
        let size = portable_pty::PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        terminal.master.resize(size).unwrap();
        thread::sleep(Duration::from_millis(600));
        terminal.press("q");
        assert_eq!(terminal.end().0, 0);
    }
}

fn append(path: &Path, octets: &[u8]) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(octets).unwrap();
}

/// A capture with a call of some name, as a user of the caller.
fn capture_of(name: &str) -> Vec<u8> {
    let mut capture = Capture::new();
    let text = request("INVITE", name, 1, 1).replace("<sip:1@", &format!("<sip:{name}@"));
    capture.datagram((5060, 5060), text.as_bytes());
    capture.octets
}

#[test]
fn a_file_that_is_followed_may_come_late_and_be_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcap");
    let name = path.to_str().unwrap();
    let mut terminal = Terminal::start(24, 120, &["--follow", name], folder.path());
    terminal.wait_for("waiting for the file");
    fs::write(&path, "").unwrap();
    let first = capture_of("first");
    append(&path, &first[..24]);
    append(&path, &first[24..]);
    terminal.wait_for("first");
    // Truncated, and written anew.
    fs::write(&path, "").unwrap();
    thread::sleep(Duration::from_millis(600));
    append(&path, &capture_of("second"));
    terminal.wait_for("second");
    terminal.wait_for("truncated");
    // Deleted, then there again.
    fs::remove_file(&path).unwrap();
    terminal.wait_for("deleted");
    append(&path, &capture_of("third"));
    terminal.wait_for("third");
    // Rotated.
    fs::rename(&path, folder.path().join("growing.pcap.1")).unwrap();
    append(&path, &capture_of("fourth"));
    terminal.wait_for("fourth");
    terminal.wait_for("another file");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
}
