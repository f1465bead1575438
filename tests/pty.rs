//! The real binary on a pseudo-terminal: opened, walked through, saved, left. It waits for text, never for time.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::thread;
use std::time::{Duration, Instant};

use portable_pty::PtySize;
use terminal::{PATIENCE, Terminal};

#[path = "support/terminal.rs"]
mod terminal;

fn demo() -> String {
    format!("{}/assets/demo.pcap", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn from_the_list_to_a_saved_flow() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(24, 80, &[&demo()], directory.path());
    terminal.wait_for("8 calls, 7 faxes");
    terminal.wait_for("3 pages, V.17");
    terminal.press("jjjj\r");
    terminal.wait_for("no DCS");
    terminal.press("e");
    terminal.wait_for("t30-dis-no-dcs");
    terminal.press("s");
    terminal.wait_for("save packets");
    terminal.press("\u{15}flow.txt\r");
    let saved = directory.path().join("flow.txt");
    let start = Instant::now();
    while !saved.exists() {
        assert!(
            start.elapsed() < PATIENCE,
            "nothing saved:\n{}",
            terminal.screen()
        );
        thread::sleep(Duration::from_millis(10));
    }
    assert!(std::fs::read_to_string(&saved).unwrap().contains("DIS (3)"));
    terminal.press("q");
    terminal.wait_for("8 calls");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn keeps_its_place_when_the_window_changes() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(24, 80, &[&demo()], directory.path());
    terminal.wait_for("8 calls");
    terminal.press("\r");
    terminal.wait_for("INVITE");
    terminal.press("]]]");
    terminal.wait_for("Transmitting Subscriber");
    terminal
        .parser
        .lock()
        .unwrap()
        .screen_mut()
        .set_size(50.try_into().unwrap(), 160.try_into().unwrap());
    terminal
        .master
        .resize(PtySize {
            rows: 50,
            cols: 160,
            pixel_width: 0,
            pixel_height: 0,
        })
        .unwrap();
    terminal.wait_for("Transmitting Subscriber");
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn a_path_is_folded_and_its_window_moves() {
    let directory = tempfile::tempdir().unwrap();
    let path = format!(
        "{}/tests/scenarios/hints/sip-not-relayed/fires-far.pcap",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut terminal = Terminal::start(24, 80, &[&path], directory.path());
    terminal.wait_for("1 call");
    terminal.press("\r");
    // Four lifelines have no room: copies are folded, and three of the hosts are shown.
    terminal.wait_for("[1 192.0.2.10  2 203.0.113.5  3 203.0.113.6]  4 198.51.100.20");
    terminal.wait_for("via 2, 3");
    terminal.press(">");
    terminal.wait_for("1 192.0.2.10  [2 203.0.113.5  3 203.0.113.6  4 198.51.100.20]");
    terminal.press("<");
    terminal.wait_for("[1 192.0.2.10  2 203.0.113.5");
    // From copies to nothing folded.
    terminal.press("ff");
    terminal.wait_for("100 Trying");
    terminal.press("f");
    terminal.wait_for("via 2, 3");
    terminal.press("q");
    terminal.wait_for("1 call");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn an_error_is_readable_and_leaves_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let terminal = Terminal::start(24, 80, &["no-such-file"], directory.path());
    terminal.wait_for("faxflow: no-such-file");
    assert_eq!(terminal.end(), (2, true));
}

#[test]
fn text_is_coloured_on_a_terminal_unless_no_color_is_set() {
    let directory = tempfile::tempdir().unwrap();
    for (no_color, coloured) in [("", true), ("1", false)] {
        let words = ["check", &demo()];
        let terminal =
            Terminal::start_in(60, 160, &words, directory.path(), &[("NO_COLOR", no_color)]);
        terminal.wait_for("t30-dis-no-dcs");
        // All of it is drawn when the program has ended.
        thread::sleep(Duration::from_millis(200));
        assert_eq!(terminal.is_coloured(), coloured, "NO_COLOR={no_color}");
        assert_eq!(terminal.end(), (1, true));
    }
}

#[test]
fn leaving_while_packets_are_saved_says_that_they_are_lost() {
    let directory = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(directory.path().join("slow.pcap"))
        .status();
    assert!(made.unwrap().success());
    // It is held open and never read: the save waits once the pipe is full.
    let mut reader = std::process::Command::new("sh")
        .args(["-c", "exec 3<slow.pcap; read wait"])
        .stdin(std::process::Stdio::piped())
        .current_dir(directory.path())
        .spawn()
        .unwrap();
    let mut terminal = Terminal::start(24, 120, &[&demo()], directory.path());
    terminal.wait_for("3 pages, V.17");
    terminal.press("s");
    terminal.wait_for("save packets");
    terminal.press("\u{15}slow.pcap\r");
    terminal.wait_for("Write over it?");
    terminal.press("y");
    terminal.press("q");
    terminal.wait_for("slow.pcap: not written");
    assert_eq!(terminal.end(), (2, true));
    drop(reader.stdin.take());
    reader.wait().unwrap();
}

#[test]
fn what_came_through_a_pipe_can_be_kept() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (sample, writer) = (std::fs::read(demo()).unwrap(), pipe.clone());
    let octets = sample.clone();
    // It is held open: more may come.
    let writer = thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new()
            .write(true)
            .open(writer)
            .unwrap();
        std::io::Write::write_all(&mut pipe, &octets).unwrap();
        pipe
    });
    let mut terminal = Terminal::start(24, 120, &["pipe"], directory.path());
    let writer = writer.join().unwrap();
    terminal.wait_for("3 pages, V.17");
    terminal.press("q");
    terminal.wait_for("in no file. Keep it?");
    terminal.press("y");
    terminal.wait_for("keep all packets in: faxflow-2");
    terminal.press("\u{15}kept.pcap\r");
    terminal.wait_for("to kept.pcap");
    assert_eq!(terminal.end(), (0, true));
    drop(writer);
    assert!(std::fs::read(directory.path().join("kept.pcap")).unwrap() == sample);
}

#[test]
fn chosen_columns_are_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let settings = directory.path().join("config.toml");
    std::fs::write(&settings, "# mine\ntime = \"utc\"\n").unwrap();
    let variables = [("FAXFLOW_CONFIG", settings.to_str().unwrap())];
    let mut terminal = Terminal::start_in(24, 120, &[&demo()], directory.path(), &variables);
    terminal.wait_for("3 pages, V.17");
    terminal.press("C");
    terminal.wait_for("Columns of the list");
    terminal.press("> \u{1b}");
    terminal.wait_for("Keep these columns");
    terminal.press("y");
    terminal.wait_for("columns saved");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
    let text = std::fs::read_to_string(&settings).unwrap();
    assert!(
        text.starts_with("columns = [\"start\", \"length\", "),
        "{text}"
    );
    assert!(text.ends_with("# mine\ntime = \"utc\"\n"), "{text}");
}
