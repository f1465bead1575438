//! The real binary on a pseudo-terminal: opened, walked through, saved, left. It waits for text, never for time.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// A running faxflow with the screen it has drawn so far.
struct Terminal {
    parser: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn portable_pty::MasterPty + Send>,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl Terminal {
    fn start(rows: u16, cols: u16, words: &[&str], directory: &std::path::Path) -> Self {
        Self::start_with("", (rows, cols), words, directory)
    }

    /// With a value of `NO_COLOR`.
    fn start_with(
        no_color: &str,
        (rows, cols): (u16, u16),
        words: &[&str],
        directory: &std::path::Path,
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_faxflow"));
        command.args(words);
        command.env("TERM", "xterm-256color");
        command.env("RUST_BACKTRACE", "0");
        command.env("NO_COLOR", no_color);
        command.cwd(directory);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(
            rows.try_into().unwrap(),
            cols.try_into().unwrap(),
            0,
        )));
        let mut output = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&parser);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                seen.lock()
                    .unwrap()
                    .process(buffer.get(..count).unwrap_or_default());
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            parser,
            keys,
            child,
            master: pair.master,
        }
    }

    fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Whether any character has a colour of its own.
    fn is_coloured(&self) -> bool {
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        let (rows, cols) = screen.size();
        let mut cells =
            (0..u16::from(rows)).flat_map(|row| (0..u16::from(cols)).map(move |col| (row, col)));
        cells.any(|(row, col)| {
            let cell = screen.cell(row, col);
            cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
        })
    }

    fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                start.elapsed() < PATIENCE,
                "no {text:?} on\n{}",
                self.screen()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end: exit code, and whether the terminal is as it was.
    fn end(mut self) -> (u32, bool) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                thread::sleep(Duration::from_millis(100));
                let parser = self.parser.lock().unwrap();
                let restored =
                    !parser.screen().alternate_screen() && !parser.screen().hide_cursor();
                return (status.exit_code(), restored);
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn demo() -> String {
    format!("{}/assets/demo.pcap", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn from_the_list_to_a_saved_flow() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(24, 80, &[&demo()], directory.path());
    terminal.wait_for("6 calls, 5 faxes");
    terminal.wait_for("3 pages, V.17");
    terminal.press("jjjj\r");
    terminal.wait_for("no DCS");
    terminal.press("e");
    terminal.wait_for("t30-dis-no-dcs");
    terminal.press("s");
    terminal.wait_for("save flow as text");
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
    terminal.wait_for("6 calls");
    terminal.press("q");
    assert_eq!(terminal.end(), (0, true));
}

#[test]
fn keeps_its_place_when_the_window_changes() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(24, 80, &[&demo()], directory.path());
    terminal.wait_for("6 calls");
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
        let terminal = Terminal::start_with(no_color, (60, 160), &words, directory.path());
        terminal.wait_for("t30-dis-no-dcs");
        // All of it is drawn when the program has ended.
        thread::sleep(Duration::from_millis(200));
        assert_eq!(terminal.is_coloured(), coloured, "NO_COLOR={no_color}");
        assert_eq!(terminal.end(), (1, true));
    }
}
