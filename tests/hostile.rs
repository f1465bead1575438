//! A capture whose every text is hostile, through the real program: nothing of it steers a terminal, becomes HTML or
//! Markdown, or costs a file that was there before (docs/cli.md).
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use faxflow::api::text::is_hostile;

#[path = "support/made.rs"]
mod made;

/// Escape sequences of 7 and 8 bits, a title, a clipboard, bidirectional overrides, what hides, HTML, Markdown.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;t\u{7}\u{1b}]52;c;eA==\u{7}\u{9b}31m\u{90}q\u{9c}\u{202e}x\u{2066}y\u{200b}\u{feff}\
                     \u{e0041}\u{7f}\u{8}\u{c}<script>a|b</script>[l](http://e.example)![i](x)`c`\u{2028}";

fn faxflow(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .args(words)
        .output()
        .unwrap()
}

/// A refused call and a T.38 call, every header, SDP line, identification and reason as bad as it can be.
fn capture() -> made::Capture {
    let mut capture = made::Capture::new();
    let sdp = |host: u8| {
        format!(
            "v=0\r\no={NASTY} 1 1 IN IP4 192.0.2.{host}\r\ns={NASTY}\r\nc=IN IP4 192.0.2.{host}\r\nt=0 0\r\n\
             m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxRateManagement:{NASTY}\r\na={NASTY}:{NASTY}\r\n"
        )
    };
    for (call, refused) in [("good", false), ("bad", true)] {
        let names = |start: &str, cseq: &str, to_tag: &str| {
            let text = made::message(
                start,
                &format!("{call}{NASTY}"),
                cseq,
                to_tag,
                "application/sdp",
                &sdp(1),
            );
            text.replace("<sip:1@", &format!("\"{NASTY}\" <sip:1{NASTY}@"))
                .replace("<sip:2@", &format!("\"{NASTY}\" <sip:2{NASTY}@"))
                .replace(
                    "Content-Type",
                    &format!("User-Agent: {NASTY}\r\nServer: {NASTY}\r\nReason: {NASTY};text=\"{NASTY}\"\r\nX-{NASTY}: {NASTY}\r\nContent-Type"),
                )
        };
        let invite = names(
            &format!("INVITE sip:2{NASTY}@192.0.2.2 SIP/2.0"),
            "1 INVITE",
            "",
        );
        capture.datagram((5060, 5060), invite.as_bytes());
        let answer = if refused {
            names(&format!("SIP/2.0 488 No {NASTY}"), "1 INVITE", ";tag=x")
        } else {
            names(&format!("SIP/2.0 200 OK {NASTY}"), "1 INVITE", ";tag=x")
        };
        capture.datagram((5060, 5060), answer.as_bytes());
    }
    // CSI, NSF and a message of no known name, in octets as T.38 has them: first bit of the line in the top bit.
    for (seq, (fcf, fif)) in (0u8..).zip([
        (0x40, "\u{1b}[2Jx\u{7}\u{8}<b>|\u{9b}"),
        (0x20, NASTY),
        (0x80, "abc"),
        (0x7f, NASTY),
        (0xc1, "\0F_"),
    ]) {
        let mut octets = vec![0xff, 0xc8, fcf];
        octets.extend(fif.bytes().take(60).map(u8::reverse_bits));
        let len = u8::try_from(octets.len()).unwrap();
        // IFP: V.21 data, HDLC octets, then a good check sequence.
        let mut ifp = vec![0xc0, 2, 0x80, 0, len - 1];
        ifp.extend(octets);
        ifp.push(0x20);
        let mut packet = vec![0, seq, u8::try_from(ifp.len()).unwrap()];
        packet.extend(ifp);
        packet.extend([0, 0]);
        capture.datagram((4000, 4000), &packet);
    }
    // A damaged record, for the notes.
    capture.octets.extend([0xff; 40]);
    capture
}

fn written() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\u{1b}]0;t\u{7}\u{202e}<b>.pcap");
    fs::write(&path, capture().octets).unwrap();
    let name = path.to_str().unwrap().to_owned();
    (folder, name)
}

fn harmless(what: &str, octets: &[u8]) {
    let text = std::str::from_utf8(octets).unwrap();
    let bad = text.lines().find(|line| line.chars().any(is_hostile));
    assert!(bad.is_none(), "{what}: {bad:?}");
}

/// What of a Markdown document is no code: neither between fences nor between backticks of the same number.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let escaped = rest.get(..at).unwrap().ends_with('\\');
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let ticks = from.len() - from.trim_start_matches('`').len();
        let inside = from.get(ticks..).unwrap();
        let close = inside
            .match_indices(&"`".repeat(ticks))
            .map(|(at, _)| at)
            .find(|at| {
                let after = inside.get(at + ticks..).unwrap();
                !inside.get(..*at).unwrap().ends_with('`') && !after.starts_with('`')
            });
        rest = match close.filter(|_| !escaped) {
            Some(close) => inside.get(close + ticks..).unwrap(),
            None => inside,
        };
    }
    out + rest
}

/// Readers of Markdown make links by themselves of hosts and addresses that stand outside of code.
#[test]
fn markdown_holds_nothing_that_becomes_a_link() {
    let mut capture = made::Capture::new();
    for start in [
        "INVITE sip:www.evil.example SIP/2.0",
        "SIP/2.0 486 see www.evil.example or a@evil.example",
    ] {
        let text = made::message(
            start,
            "one@www.evil.example",
            "1 INVITE",
            ";tag=x",
            "text/plain",
            "",
        );
        let text = text
            .replace("<sip:1@", "\"www.evil.example\" <sip:www.evil.example@")
            .replace(
                "Content-Type",
                "User-Agent: http://evil.example a@evil.example evil.example\r\nContent-Type",
            );
        capture.datagram((5060, 5060), text.as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("www.evil.example");
    fs::write(&path, capture.octets).unwrap();
    for command in ["calls", "flow", "check"] {
        let mut words = vec![command, path.to_str().unwrap(), "--format", "markdown"];
        if command == "flow" {
            words.extend(["--call", "1"]);
        }
        let text = String::from_utf8(faxflow(&words).stdout).unwrap();
        assert!(text.contains("evil"), "{text}");
        let plain = without_code(&text);
        assert!(
            !plain.contains("evil.example") && !plain.contains("://"),
            "{plain}"
        );
    }
}

#[test]
fn nothing_of_a_capture_reaches_an_output_unescaped() {
    let (_folder, file) = written();
    for command in ["calls", "flow", "check"] {
        for format in ["text", "json", "ndjson", "markdown"] {
            let mut words = vec![command, &file, "--format", format, "-v"];
            if command == "flow" {
                words.extend(["--call", "1", "--call", "2"]);
            }
            let output = faxflow(&words);
            let what = format!("{command} as {format}");
            assert!(!output.stdout.is_empty(), "{what}");
            harmless(&what, &output.stdout);
            harmless(&format!("errors of {what}"), &output.stderr);
            let text = String::from_utf8(output.stdout).unwrap();
            match format {
                "json" => {
                    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
                    // The octets are all there, escaped.
                    let call = whole["calls"][0]["call_id"].as_str().unwrap();
                    assert!(
                        call.contains("\u{1b}[2J") && call.contains('\u{202e}'),
                        "{call:?}"
                    );
                }
                "ndjson" => {
                    for line in text.lines() {
                        let _: serde_json::Value = serde_json::from_str(line).unwrap();
                    }
                }
                "markdown" => {
                    let fenced = without_code(&text);
                    assert!(!fenced.contains("<script"), "{fenced}");
                    assert!(!fenced.contains("](http"), "{fenced}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn errors_repeat_no_control_characters_of_names() {
    let (folder, file) = written();
    let missing = folder.path().join("no\u{1b}[2J\u{202e}such");
    let missing = missing.to_str().unwrap();
    let text = folder.path().join("t\u{1b}[2J");
    fs::write(&text, "no capture \u{1b}[2J").unwrap();
    for words in [
        vec!["check", missing],
        vec!["calls", text.to_str().unwrap()],
        vec!["flow", &file, "--call", "77"],
        vec!["flow", &file, "--call-id", "x\u{1b}[2J"],
        vec!["calls", &file, "-o", "/no\u{1b}[2J/folder"],
        vec!["calls", &file, "-o", &file],
        vec!["rules", "x\u{1b}[2J"],
        vec!["calls", &file, "--no\u{1b}[2J"],
        vec!["calls", &file, "too\u{1b}[2J\nmany"],
    ] {
        let output = faxflow(&words);
        assert!(matches!(output.status.code(), Some(2 | 3)), "{words:?}");
        harmless(&format!("{words:?}"), &output.stderr);
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let (_folder, file) = written();
    for words in [
        vec!["flow", &file, "--call", "1"],
        vec!["check", &file, "--format", "json"],
        vec!["rules"],
        vec!["man"],
        vec!["completions", "bash"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(&words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{words:?}: {:?}",
            output.status
        );
        assert!(output.stderr.is_empty(), "{words:?}: {:?}", output.stderr);
    }
}

/// One error line that names the output, exit status 2, and what was there before still there, with nothing beside it.
fn loses_nothing(output: &Output, path: &Path) {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("faxflow: "), "{error}");
    assert_eq!(fs::read_to_string(path).unwrap(), "before");
    let left: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with(".faxflow"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing() {
    let (folder, file) = written();
    let path = folder.path().join("flow.txt");
    for command in ["calls", "flow", "check"] {
        fs::write(&path, "before").unwrap();
        // No file may grow beyond a block: what a full disk does, without one.
        let output = Command::new("sh")
            .env("FAXFLOW_CONFIG", "")
            .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""])
            .args([
                env!("CARGO_BIN_EXE_faxflow"),
                command,
                &file,
                "--format",
                "json",
                "-o",
            ])
            .arg(&path)
            .output()
            .unwrap();
        loses_nothing(&output, &path);
    }
    if Path::new("/dev/full").exists() {
        let output = faxflow(&["calls", &file, "-o", "/dev/full"]);
        assert_eq!(output.status.code(), Some(2));
        let full = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(["check", &file])
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told_in_one_line() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, file) = written();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    let path = locked.join("flow.txt");
    fs::write(&path, "before").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    let output = faxflow(&["calls", &file, "-o", path.to_str().unwrap()]);
    // Root may write everywhere.
    if output.status.code() != Some(0) {
        loses_nothing(&output, &path);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    let nowhere = folder.path().join("no/folder/flow.txt");
    let output = faxflow(&["calls", &file, "-o", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
}

#[cfg(unix)]
#[test]
fn no_name_of_any_capture_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one.pcap");
    let two = folder.path().join("two.pcap");
    let octets = capture().octets;
    fs::write(&one, &octets).unwrap();
    fs::write(&two, &octets).unwrap();
    let (soft, hard) = (folder.path().join("soft"), folder.path().join("hard"));
    std::os::unix::fs::symlink(&two, &soft).unwrap();
    fs::hard_link(&two, &hard).unwrap();
    let around = folder
        .path()
        .join("../")
        .join(folder.path().file_name().unwrap())
        .join("two.pcap");
    for name in [&two, &soft, &hard, &around] {
        let words = [
            "check",
            one.to_str().unwrap(),
            two.to_str().unwrap(),
            "-o",
            name.to_str().unwrap(),
        ];
        let output = faxflow(&words);
        assert_eq!(output.status.code(), Some(2), "{}", name.display());
        assert_eq!(fs::read(&two).unwrap(), octets, "{}", name.display());
        assert!(fs::symlink_metadata(&soft).unwrap().is_symlink());
        // Standard input may be the file too.
        let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(["calls", "-", "-o", name.to_str().unwrap()])
            .stdin(fs::File::open(&two).unwrap())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", name.display());
        assert_eq!(fs::read(&two).unwrap(), octets, "{}", name.display());
    }
}
