//! The real binary on a pseudo-terminal, and the screen it has drawn so far.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test may fail by panic; not every test uses all of it"
)]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// A running faxflow with the screen it has drawn so far.
pub(crate) struct Terminal {
    pub(crate) parser: Arc<Mutex<vt100::Parser>>,
    pub(crate) keys: Box<dyn Write + Send>,
    pub(crate) child: Box<dyn portable_pty::Child + Send + Sync>,
    /// All that was written to it.
    pub(crate) octets: Arc<Mutex<Vec<u8>>>,
    pub(crate) master: Box<dyn portable_pty::MasterPty + Send>,
}

/// How long anything may take on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl Terminal {
    /// In a locale of UTF-8.
    pub(crate) fn start(rows: u16, cols: u16, words: &[&str], directory: &std::path::Path) -> Self {
        Self::start_in(rows, cols, words, directory, &[])
    }

    /// With more variables in its environment.
    pub(crate) fn start_in(
        rows: u16,
        cols: u16,
        words: &[&str],
        directory: &std::path::Path,
        variables: &[(&str, &str)],
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
        command.env("LC_ALL", "C.UTF-8");
        command.env("NO_COLOR", "");
        command.env("FAXFLOW_CONFIG", "");
        for (name, value) in variables {
            command.env(name, value);
        }
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
        let octets = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&octets);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let some = buffer.get(..count).unwrap_or_default();
                all.lock().unwrap().extend_from_slice(some);
                seen.lock().unwrap().process(some);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            parser,
            keys,
            child,
            octets,
            master: pair.master,
        }
    }

    pub(crate) fn screen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Whether any character has a colour of its own.
    pub(crate) fn is_coloured(&self) -> bool {
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

    pub(crate) fn wait_for(&self, text: &str) {
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

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end: exit code, and whether the terminal is as it was.
    pub(crate) fn end(mut self) -> (u32, bool) {
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
