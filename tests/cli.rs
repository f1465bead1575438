//! The command line: exit status, errors, outputs (docs/cli.md).
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

#[path = "support/shared.rs"]
mod shared;

fn faxflow(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn stdout(words: &[&str]) -> String {
    String::from_utf8(faxflow(words).stdout).unwrap()
}

#[test]
fn lists_the_calls_of_the_demo() {
    let text = stdout(&["calls", "assets/demo.pcap"]);
    assert!(text.contains("8 calls, 7 faxes"), "{text}");
    assert!(text.contains("3/3") && text.contains("488"), "{text}");
}

#[test]
fn draws_the_flow_without_a_terminal() {
    let text = stdout(&["assets/demo.pcap"]);
    for word in [
        "DIS (3)",
        "never came",
        "PPS-EOP",
        "page 2",
        "t30-dis-no-dcs",
        "488",
    ] {
        assert!(text.contains(word), "{word}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 118));
    assert_eq!(text, stdout(&["flow", "assets/demo.pcap"]));
}

/// A text fits `--width`, with two legs, long labels and long times too.
#[test]
fn flow_fits_80_columns() {
    let mut files = vec!["assets/demo.pcap".to_owned()];
    let captures = shared::directories().into_iter().take(2);
    files.extend(
        captures
            .flat_map(|directory| fs::read_dir(directory).unwrap())
            .filter_map(|entry| {
                let path = entry.unwrap().path();
                path.extension()
                    .is_some_and(|kind| kind == "pcap" || kind == "pcapng")
                    .then(|| path.to_str().unwrap().to_owned())
            }),
    );
    for file in files {
        for shape in [&[][..], &["--ascii", "--time", "absolute"]] {
            let words = [&["flow", &file, "--width", "80"], shape].concat();
            let text = stdout(&words);
            let wide = text.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{words:?}");
        }
    }
}

#[test]
fn exit_status_tells_scripts() {
    let status = |words: &[&str]| faxflow(words).status.code().unwrap();
    assert_eq!(status(&["check", "assets/demo.pcap"]), 1);
    assert_eq!(status(&["check", "Cargo.toml"]), 2);
    assert_eq!(status(&["check", "assets/demo.pcap", "no-such-file"]), 2);
    assert_eq!(status(&["calls", "."]), 2);
    assert_eq!(status(&["flow", "assets/demo.pcap", "--call", "99"]), 3);
    assert_eq!(status(&["flow", "assets/demo.pcap", "--call", "5"]), 0);
    assert_eq!(status(&["--no-such-option"]), 2);
    assert_eq!(status(&["rules"]), 0);
    assert_eq!(status(&["rules", "no-such-rule"]), 2);
}

#[test]
fn errors_are_one_line_that_names_the_file() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (file, word) in [
        ("Cargo.toml", "text file"),
        ("no-such-file", "cannot open"),
        (".", "directory"),
        (empty, "empty"),
    ] {
        let output = faxflow(&["calls", file]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with(&format!("faxflow: {file}: ")), "{error}");
        assert!(error.contains(word), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn json_is_one_document_with_every_field() {
    let document: serde_json::Value = serde_json::from_str(&stdout(&[
        "flow",
        "--format",
        "json",
        "--call",
        "1",
        "assets/demo.pcap",
    ]))
    .unwrap();
    assert_eq!(document["schema"], "faxflow/1");
    let call = &document["calls"][0];
    for field in [
        "number",
        "call_id",
        "from",
        "to",
        "caller",
        "callee",
        "caller_agent",
        "callee_agent",
        "started",
        "answered",
        "ended",
        "duration_s",
        "state",
        "status",
        "packets",
        "other_leg",
        "path",
        "hops",
        "fax",
        "hints",
        "messages",
    ] {
        assert!(call.get(field).is_some(), "{field}");
    }
    let fax = &call["fax"];
    assert_eq!(
        (fax["verdict"].as_str(), fax["pages_confirmed"].as_u64()),
        (Some("ok"), Some(3))
    );
    assert_eq!(
        (fax["cause"].is_null(), fax["resolution"].as_str()),
        (true, Some("204x98"))
    );
    let names: Vec<&str> = call["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["name"].as_str())
        .collect();
    for name in [
        "INVITE",
        "200 OK",
        "CED",
        "DIS",
        "DCS",
        "TCF",
        "CFR",
        "page data",
        "PPS-MPS",
        "MCF",
        "DCN",
        "BYE",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[test]
fn reads_standard_input_and_compressed_captures() {
    let plain = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &plain).unwrap();
    let packed = packed.finish().unwrap();
    let expected = stdout(&["calls", "assets/demo.pcap"]);
    let list = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    for bytes in [plain, packed] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(["calls", "-"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &bytes).unwrap();
        let found = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(list(&found), list(&expected));
    }
}

/// A socket that is reset in the middle of the capture: what came is shown, and the exit status is that of an error.
#[cfg(unix)]
#[test]
fn a_read_error_in_the_middle_is_an_error() {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let capture = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap")).unwrap();
    for command in ["calls", "flow", "check"] {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        // What is never read resets the other end when this one is closed.
        theirs.write_all(b"unread").unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args([command, "-"])
            .stdin(OwnedFd::from(theirs))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        ours.write_all(&capture[..capture.len() / 2]).unwrap();
        drop(ours);
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(
            error.starts_with("faxflow: -: cannot read after frame "),
            "{error}"
        );
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("fax"), "{command}: {shown}");
    }
    // A capture that is only cut is no error.
    let cut = tempfile::NamedTempFile::new().unwrap();
    fs::write(cut.path(), &capture[..capture.len() / 2]).unwrap();
    let output = faxflow(&["calls", cut.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
}

/// What is coloured says the same without its colours.
#[test]
fn color_always_colours_text_only() {
    let uncoloured = |text: &str| {
        let mut parts = text.split("\x1b[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |out, part| out + part.split_once('m').unwrap().1)
    };
    for command in ["calls", "flow", "check"] {
        let plain = stdout(&[command, "assets/demo.pcap"]);
        let coloured = stdout(&[command, "assets/demo.pcap", "--color", "always"]);
        assert!(!plain.contains('\x1b'), "{command}");
        assert_eq!(uncoloured(&coloured), plain, "{command}");
        // A failed fax in bold red, a good one in cyan.
        let has = |codes: &str, word: &str| {
            (coloured.lines()).any(|line| line.contains(&format!("\x1b[{codes}m{word}")))
        };
        assert!(has("1;31", "✗ "), "{command}");
        assert!(has("36", "✓ "), "{command}");
        for format in ["json", "ndjson", "markdown"] {
            let words = [command, "assets/demo.pcap", "--format", format];
            let always = [&words[..], &["--color", "always"]].concat();
            assert_eq!(stdout(&always), stdout(&words), "{words:?}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("calls.txt");
    let to_file = |color: &str| {
        let name = file.to_str().unwrap();
        faxflow(&["calls", "assets/demo.pcap", "--color", color, "-o", name]);
        fs::read_to_string(&file).unwrap().contains('\x1b')
    };
    assert!(to_file("always"));
    assert!(!to_file("auto") && !to_file("never"));
}

#[test]
fn never_writes_over_the_capture() {
    let directory = tempfile::tempdir().unwrap();
    let capture = directory.path().join("fax.pcap");
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap"),
        &capture,
    )
    .unwrap();
    let before = fs::read(&capture).unwrap();
    let name = capture.to_str().unwrap();
    let output = faxflow(&["flow", name, "-o", name]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(&capture).unwrap(), before);
    let text = directory.path().join("flow.txt");
    assert_eq!(
        faxflow(&["flow", name, "-o", text.to_str().unwrap()])
            .status
            .code(),
        Some(0)
    );
    assert!(fs::read_to_string(&text).unwrap().contains("DIS"));
}

/// Scripts and people at a terminal get one line, with the word that was probably meant.
#[test]
fn wrong_usage_is_one_line() {
    for (words, said) in [
        (&["--colour", "x"][..], "did you mean --color?"),
        (&["chekc"], "did you mean `faxflow check`?"),
        (&["check", "a", "--format", "jso"], "did you mean json?"),
        (&["man", "chek"], "did you mean check?"),
        (
            &["flow", "assets/demo.pcap", "--format", "csv"],
            "calls --format csv",
        ),
        (
            &["calls", "assets/demo.pcap", "-o", "/no/such/dir/x"],
            "there is no folder /no/such/dir",
        ),
    ] {
        let output = faxflow(words);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(
            error.starts_with("faxflow: ") && error.contains(said),
            "{error}"
        );
    }
}

#[test]
fn the_sample_is_built_in() {
    let text = stdout(&["--demo"]);
    let file = stdout(&["flow", "assets/demo.pcap"]);
    let rest = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert!(text.starts_with("demo.pcap   "), "{text}");
    assert_eq!(rest(&text), rest(&file));
    assert_eq!(stdout(&["-r", "assets/demo.pcap"]), file);
    assert_eq!(stdout(&["flow", "-I", "assets/demo.pcap"]), file);
}

#[test]
fn times_in_any_zone() {
    let head = |words: &[&str]| stdout(&[&["calls", "assets/demo.pcap"], words].concat());
    assert!(head(&[]).contains("2025-03-03 10:03:00 to 10:09:31 UTC"));
    let local = head(&["--tz", "Asia/Tokyo"]);
    assert!(
        local.contains("2025-03-03 19:03:00 to 19:09:31 JST"),
        "{local}"
    );
    assert!(local.contains(" 19:03:00.000 "), "{local}");
    assert!(head(&["--time", "absolute"]).contains(" 10:03:00.000 "));
    let flow = stdout(&["flow", "assets/demo.pcap", "--call", "1", "--tz", "+05:30"]);
    assert!(flow.contains("15:33:00.000"), "{flow}");
}

#[test]
fn lists_for_a_spreadsheet() {
    let calls = stdout(&["calls", "assets/demo.pcap", "--format", "csv"]);
    assert_eq!(calls.lines().count(), 9);
    let check = stdout(&[
        "check",
        "assets/demo.pcap",
        "assets/demo.pcap",
        "--format",
        "csv",
    ]);
    assert_eq!(check.lines().count(), 15);
    let cause = check
        .lines()
        .any(|line| line.contains(",failed,") && line.contains("t30-dis-no-dcs"));
    assert!(cause, "{check}");
}

/// A ticket says what to ask whom, a flow has the ladder.
#[test]
fn markdown_of_check_is_a_ticket() {
    let ticket = stdout(&["check", "assets/demo.pcap", "--format", "markdown"]);
    assert!(ticket.contains("## Evidence") && ticket.contains("## What to check, and whom to ask"));
    assert!(!ticket.contains("## Flow"));
    assert!(stdout(&["flow", "assets/demo.pcap", "--format", "markdown"]).contains("## Flow"));
}

#[test]
fn each_command_has_its_page() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().to_str().unwrap();
    assert_eq!(faxflow(&["man", "-o", folder]).status.code(), Some(0));
    for name in ["faxflow.1", "faxflow-check.1", "faxflow-flow.1"] {
        let page = fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(
            page.contains("EXAMPLES") && page.contains("EXIT STATUS"),
            "{name}"
        );
    }
}

/// Settings hold as options do, the command line goes before them, and a wrong file is one line and exit status 2.
#[test]
fn settings_come_from_the_users_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("faxflow");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("config.toml");
    let run = |words: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env_remove("FAXFLOW_CONFIG")
            .env("XDG_CONFIG_HOME", home.path())
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(words)
            .output()
            .unwrap()
    };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let settings = "time = \"utc\"\ncolumns = [\"number\", \"caller\"]\n[hosts]\n\"192.0.2.10\" = \"gate\\u202eway\"\n";
    fs::write(&file, settings).unwrap();
    let list = text(&run(&["calls", "assets/demo.pcap"]).stdout);
    assert!(list.contains("gate\\u{202e}way:5060"), "{list}");
    assert!(!list.contains("carrier"), "{list}");
    let flow = text(&run(&["flow", "assets/demo.pcap", "--call", "1"]).stdout);
    assert!(flow.contains("gate\\u{202e}way 192.0.2.10:5060"), "{flow}");
    let held = text(&run(&["config", "--time", "delta"]).stdout);
    assert!(held.contains("time = \"delta\""), "{held}");
    assert!(held.contains("config.toml line 2"), "{held}");
    assert!(!text(&run(&["config", "--no-config"]).stdout).contains("config.toml line"));
    fs::write(&file, "time = \"utc\"\nthemes = \"dark\"\n").unwrap();
    let wrong = run(&["check", "assets/demo.pcap"]);
    assert_eq!(wrong.status.code(), Some(2));
    let error = text(&wrong.stderr);
    assert!(
        error.contains("config.toml: line 2: unknown key themes; did you mean theme?"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(
        run(&["check", "assets/demo.pcap", "--no-config"])
            .status
            .code(),
        Some(1)
    );
    let absent = run(&["config", "--config", "/no/such/file"]);
    assert_eq!(absent.status.code(), Some(2));
}

/// `-w` keeps what comes through a pipe, and never writes over anything.
#[test]
fn a_pipe_is_kept_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept.pcap");
    let run = || {
        let capture = fs::File::open("assets/demo.pcap").unwrap();
        let mut cat = Command::new("cat")
            .stdin(capture)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .env("FAXFLOW_CONFIG", "")
            .args(["-", "-w", kept.to_str().unwrap()])
            .stdin(cat.stdout.take().unwrap())
            .output()
            .unwrap();
        cat.wait().unwrap();
        output
    };
    let output = run();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2007 → 3004"));
    assert!(fs::read(&kept).unwrap() == fs::read("assets/demo.pcap").unwrap());
    let again = run();
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&again.stderr).lines().count(), 1);
    let file = faxflow(&["assets/demo.pcap", "-w", kept.to_str().unwrap()]);
    assert!(
        String::from_utf8_lossy(&file.stderr).contains("this is a file"),
        "{file:?}"
    );
}
