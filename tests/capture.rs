//! `faxflow capture` with programs that stand in for dumpcap, tcpdump and ssh.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with programs, and the place to work in.
struct Place(tempfile::TempDir);

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.pcap");

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.path("bin")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A program; `$D` is the place.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        let place = self.0.path().display();
        let text =
            format!("#!/bin/sh\nD={place}\necho \"$@\" >> $D/args\necho $$ > $D/pid\n{script}\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// One that gives the sample and goes on until it is ended.
    fn plays(&self, name: &str) {
        let script = format!("echo 'listening on any' >&2\n/bin/cat {SAMPLE}\n/bin/sleep 1000");
        self.program(name, &script);
    }

    fn faxflow(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_faxflow"));
        command
            .arg("capture")
            .args(words)
            .current_dir(self.0.path())
            .env("PATH", self.path("bin"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn args(&self) -> String {
        fs::read_to_string(self.path("args")).unwrap_or_default()
    }

    /// Ends it by a signal once so many octets are in the file.
    fn ended_by(signal: &str, child: Child, file: &Path) -> Output {
        until(|| {
            fs::metadata(file).is_ok_and(|about| about.len() >= fs::metadata(SAMPLE).unwrap().len())
        });
        std::thread::sleep(Duration::from_millis(1200));
        let pid = child.id().to_string();
        let killed = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(killed.success());
        child.wait_with_output().unwrap()
    }

    /// Whether the program that captured still runs.
    fn program_runs(&self) -> bool {
        let pid = fs::read_to_string(self.path("pid")).unwrap();
        let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        state.is_ok_and(|state| !state.contains(") Z "))
    }
}

fn until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing comes");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// The one line on standard error of a command that cannot do what was asked.
fn refused(mut command: Command) -> String {
    let output = command.output().unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(output.stdout.is_empty());
    error
}

#[test]
fn a_signal_ends_it_and_the_file_stays() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let place = Place::new();
        place.plays("dumpcap");
        let child = place.faxflow(&["-w", "a.pcapng"]).spawn().unwrap();
        let output = Place::ended_by(signal, child, &place.path("a.pcapng"));
        assert!(output.status.success(), "{output:?}");
        assert!(!place.program_runs(), "{signal}");
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert!(
            out.contains("fax ended well, the capture can be stopped: call 1, "),
            "{out}"
        );
        assert!(
            out.contains("fax ended badly, the capture can be stopped: call "),
            "{out}"
        );
        assert!(error.contains("send the fax now"), "{error}");
        assert!(error.contains(" packets in a.pcapng"), "{error}");
        assert!(place.args().contains("-s 0"), "{}", place.args());
        let check = Command::new(env!("CARGO_BIN_EXE_faxflow"))
            .args(["calls", "a.pcapng"])
            .current_dir(place.0.path())
            .output()
            .unwrap();
        assert!(text(&check.stdout).contains(" faxes "), "{check:?}");
    }
}

#[test]
fn only_calls_of_a_number_are_shown_and_files_take_turns() {
    let place = Place::new();
    place.plays("tcpdump");
    let words = [
        "--number",
        "5550000000",
        "--files",
        "3",
        "--size",
        "50",
        "-i",
        "lo",
    ];
    let child = place.faxflow(&words).spawn().unwrap();
    let output = Place::ended_by("-INT", child, &place.path("fax.pcapng"));
    assert!(output.status.success(), "{output:?}");
    assert!(!text(&output.stdout).contains("call 1"), "{output:?}");
    assert!(place.args().contains("-i lo -s 0 -U"), "{}", place.args());
    // The next one has another name.
    let calls = Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .args(["calls", "--format", "json", SAMPLE])
        .output()
        .unwrap();
    let calls: serde_json::Value = serde_json::from_slice(&calls.stdout).unwrap();
    let callee = calls["calls"][0]["to"]["user"].as_str().unwrap();
    let child = place.faxflow(&["--number", callee]).spawn().unwrap();
    let output = Place::ended_by("-INT", child, &place.path("fax-2.pcapng"));
    assert!(text(&output.stdout).contains("call 1"), "{output:?}");
}

#[test]
fn what_hinders_is_one_line_with_the_way_out() {
    let place = Place::new();
    let denied = "echo \"tcpdump: any: You don't have permission to perform this capture on that device\" >&2\n\
                  echo '(socket: Operation not permitted)' >&2\nexit 1";
    place.program("tcpdump", denied);
    let error = refused(place.faxflow(&[]));
    assert!(
        error.contains("setcap cap_net_raw,cap_net_admin+eip"),
        "{error}"
    );
    assert!(
        error.contains("as root: tcpdump -i any -s 0 -U -n -w fax.pcap 'udp or "),
        "{error}"
    );
    assert!(!place.path("fax.pcapng").exists());

    // Where dumpcap has no right, tcpdump may have it.
    place.program("dumpcap", denied);
    place.plays("tcpdump");
    let child = place.faxflow(&["-w", "b.pcap"]).spawn().unwrap();
    let output = Place::ended_by("-INT", child, &place.path("b.pcap"));
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(place.path("b.pcap")).unwrap() == fs::read(SAMPLE).unwrap());

    let error = refused(place.faxflow(&["-w", "b.pcap"]));
    assert!(error.contains("--force"), "{error}");
    let error = refused(place.faxflow(&["-w", "no/such/folder.pcap"]));
    assert!(
        error.contains("no/such/folder.pcap: cannot write"),
        "{error}"
    );

    let place = Place::new();
    place.program(
        "tcpdump",
        "echo 'tcpdump: eth9: No such device exists' >&2\nexit 1",
    );
    let error = refused(place.faxflow(&["-i", "eth9"]));
    assert!(error.contains("no interface eth9"), "{error}");
    // dumpcap says that it captures before it tries.
    let script = "echo \"Capturing on 'eth9'\" >&2\n/bin/sleep 0.3\n\
                  echo 'could not be initiated on capture device \"eth9\" (No such device exists).' >&2\n\
                  echo 'Please check to make sure you have the right one.' >&2\nexit 1";
    place.program("dumpcap", script);
    let error = refused(place.faxflow(&["-i", "eth9"]));
    assert!(error.contains("no interface eth9"), "{error}");
    assert!(!place.path("fax.pcapng").exists());
    fs::remove_file(place.path("bin/dumpcap")).unwrap();
    place.program(
        "tcpdump",
        "echo \"tcpdump: can't parse filter expression: syntax error\" >&2\nexit 1",
    );
    let error = refused(place.faxflow(&["--filter", "hello world"]));
    assert!(
        error.contains("does not understand --filter 'hello world'"),
        "{error}"
    );
}

#[test]
fn another_host_is_asked_by_ssh() {
    let place = Place::new();
    place.plays("ssh");
    let words = [
        "--ssh",
        "root@pbx",
        "--filter",
        "udp'; reboot #",
        "-w",
        "a.pcapng",
    ];
    let child = place.faxflow(&words).spawn().unwrap();
    let output = Place::ended_by("-INT", child, &place.path("a.pcapng"));
    assert!(output.status.success(), "{output:?}");
    let args = place.args();
    let line = r"-- root@pbx tcpdump -i any -s 0 -U -n -w - 'udp'\''; reboot #'";
    assert!(args.contains(line), "{args}");
    let error = refused(place.faxflow(&["--ssh=-oProxyCommand=reboot"]));
    assert!(error.contains("a host, or user@host"), "{error}");
    place.program(
        "ssh",
        "echo 'ssh: connect to host pbx port 22: Connection refused' >&2\nexit 255",
    );
    let error = refused(place.faxflow(&["--ssh", "pbx"]));
    assert!(error.contains("Connection refused"), "{error}");
}
