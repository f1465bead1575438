//! `faxflow capture`: takes a capture through dumpcap or tcpdump, shows it while it runs, and keeps the file.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::complain;
use super::{Failure, Status, screen};
use crate::analysis::Options;
use crate::analysis::service::Service;
use crate::capture::record::{Recorded, Recorder, Rotation};
use crate::cli::{Capture, Cli};
use crate::tui;
use live::Live;
use tool::{Running, Tool, Why, no_tool, tools};

mod live;
mod tool;

/// Of more calls than this, those that are over are dropped from the screen; they stay in the file.
const KEPT_CALLS: usize = 10_000;
/// Octets of a file of a set, where only their number is given.
const USUAL_SIZE: u64 = 100;
const MEGABYTE: u64 = 1_000_000;

/// What is known of the recording.
#[derive(Debug, Default)]
pub(super) struct State {
    recorded: Recorded,
    /// Something has come.
    begun: bool,
    /// The recording is over, perhaps by an error.
    over: bool,
    error: Option<String>,
}

/// A capture being taken.
#[derive(Debug)]
pub(super) struct Recording {
    running: Running,
    state: Arc<Mutex<State>>,
    name: String,
    path: PathBuf,
    /// It was ended from here.
    stopped: AtomicBool,
}

impl Recording {
    fn state<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends it. What came until now is in the file.
    fn stop(&self) {
        /// What the program still had to say is waited for so long.
        const PATIENCE: Duration = Duration::from_secs(1);
        self.stopped.store(true, Ordering::SeqCst);
        self.running.stop();
        let started = Instant::now();
        while !self.state(|state| state.over) && started.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Why it ended by itself, if it did.
    fn trouble(&self) -> Option<String> {
        if let Some(error) = self.state(|state| state.error.clone()) {
            return Some(error);
        }
        if self.stopped.load(Ordering::SeqCst) {
            return None;
        }
        let well = self.running.ended()?;
        let said = self.running.said();
        let last = tool::telling(&said).map_or(String::new(), |line| format!(": {line}"));
        let how = if well { "ended" } else { "failed" };
        Some(format!("{} {how}{last}", self.name))
    }
}

/// `faxflow capture`
pub(super) fn run(cli: &Cli, options: &Capture) -> Result<Status, Failure> {
    if let Some(host) = options
        .ssh
        .as_deref()
        .filter(|host| host.starts_with('-') || host.is_empty())
    {
        return Err(Failure::Usage(format!(
            "--ssh {host}: a host, or user@host"
        )));
    }
    let path = path_of(options)?;
    // Noted before anything is begun that must be ended.
    let ended = Arc::default();
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let _ = flag::register(signal, Arc::clone(&ended));
    }
    let recording = begin(options, &path)?;
    let status = show(cli, options, &recording, &ended);
    recording.stop();
    finish(cli, &recording, status)
}

/// What is there now.
fn finish(
    cli: &Cli,
    recording: &Recording,
    shown: Result<Status, Failure>,
) -> Result<Status, Failure> {
    let recorded = recording.state(|state| state.recorded);
    let path = recording.path.display();
    let error = recording.state(|state| state.error.clone());
    if recorded.frames == 0 && shown.as_ref().is_ok_and(|status| *status != Status::Good) {
        // It was told why: an empty file is of no use.
        let _ = std::fs::remove_file(&recording.path);
        return shown;
    }
    if !cli.general.quiet {
        let packets = crate::text::count(recorded.frames, "packet");
        complain(&format!(
            "{packets} in {path}; open it with: faxflow {path}"
        ));
    }
    if let Some(error) = error {
        complain(&error);
        return Ok(Status::Unreadable);
    }
    shown
}

/// The file to write to: without a name one that is not there yet.
fn path_of(options: &Capture) -> Result<PathBuf, Failure> {
    if let Some(path) = &options.write {
        if path.exists() && !options.force {
            let name = path.display();
            return Err(Failure::Usage(format!(
                "{name}: is there already; --force writes over it"
            )));
        }
        return Ok(path.clone());
    }
    let names = (2..1000).map(|number| format!("fax-{number}.pcapng"));
    let mut names = std::iter::once("fax.pcapng".to_owned()).chain(names);
    let free = names.find(|name| !Path::new(name).exists());
    let full = || Failure::Usage("fax.pcapng: is there already; name another with -w".to_owned());
    free.map(PathBuf::from).ok_or_else(full)
}

/// Starts the first program that captures; the error of the first one that did not is told if none does.
fn begin(options: &Capture, path: &Path) -> Result<Recording, Failure> {
    let rotation = (options.files.is_some() || options.size.is_some()).then(|| Rotation {
        files: options.files.map(Into::into),
        octets: options.size.unwrap_or(USUAL_SIZE).saturating_mul(MEGABYTE),
    });
    let mut first: Option<String> = None;
    for tool in tools(options) {
        let why = match start(&tool, options) {
            Ok((running, stdout, begun)) => {
                return record(&tool, options, (running, stdout, begun), path, rotation);
            }
            Err(why) => why,
        };
        let trouble = tool.trouble(options, &why);
        first.get_or_insert(trouble.text);
        if !trouble.try_another {
            break;
        }
    }
    Err(Failure::Usage(first.unwrap_or_else(|| no_tool(options))))
}

/// What has come already while it was waited for the first of it.
type Begun = Vec<u8>;

/// Starts a program and waits until it captures: until something comes or it says so.
fn start(tool: &Tool, options: &Capture) -> Result<(Running, Pieces, Begun), Why> {
    /// A program here that still runs after this time captures.
    const PATIENCE: Duration = Duration::from_secs(2);
    let (running, stdout) = tool.start(options).map_err(Why::NotStarted)?;
    let pieces = Pieces::of(stdout);
    let started = Instant::now();
    loop {
        match pieces.next(Duration::from_millis(20)) {
            Some(piece) if !piece.is_empty() => return Ok((running, pieces, piece)),
            _ => {}
        }
        if let Some(well) = running.ended() {
            // What it gave before it ended is there.
            let rest = pieces.next(Duration::from_millis(200)).unwrap_or_default();
            if !rest.is_empty() {
                return Ok((running, pieces, rest));
            }
            let _ = well;
            thread::sleep(Duration::from_millis(50));
            return Err(Why::Said(running.said()));
        }
        let waited = options.ssh.is_none() && started.elapsed() > PATIENCE;
        if running.has_begun() || waited {
            return Ok((running, pieces, Vec::new()));
        }
    }
}

/// Standard output of a program, read on a thread of its own.
struct Pieces(std::sync::mpsc::Receiver<Vec<u8>>);

impl Pieces {
    fn of(mut stdout: ChildStdout) -> Self {
        use std::io::Read as _;
        /// Pieces that wait while the disk is slow.
        const WAITING: usize = 256;
        let (outbox, pieces) = std::sync::mpsc::sync_channel(WAITING);
        thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            // Ends with the program, or when nobody wants it any more: then the pipe closes.
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                let piece = piece.get(..count).unwrap_or_default().to_vec();
                if outbox.send(piece).is_err() {
                    return;
                }
            }
        });
        Self(pieces)
    }

    fn next(&self, timeout: Duration) -> Option<Vec<u8>> {
        self.0.recv_timeout(timeout).ok()
    }
}

/// The pieces as they come.
struct Joined {
    pieces: Pieces,
    piece: io::Cursor<Vec<u8>>,
}

impl io::Read for Joined {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.piece.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            match self.pieces.0.recv() {
                Ok(piece) => self.piece = io::Cursor::new(piece),
                Err(_) => return Ok(0),
            }
        }
    }
}

fn record(
    tool: &Tool,
    options: &Capture,
    (running, pieces, begun): (Running, Pieces, Begun),
    path: &Path,
    rotation: Option<Rotation>,
) -> Result<Recording, Failure> {
    let recorder = Recorder::create(path, options.force, rotation).map_err(|source| {
        running.stop();
        let path = path.to_owned();
        Failure::Output(crate::file::Error::Io { path, source })
    })?;
    let state: Arc<Mutex<State>> = Arc::default();
    let shared = Arc::clone(&state);
    let input = Joined {
        pieces,
        piece: io::Cursor::new(begun),
    };
    thread::spawn(move || {
        let change = |change: &dyn Fn(&mut State)| {
            change(&mut shared.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let done = recorder.run(input, |recorded| {
            change(&|state| {
                state.recorded = recorded;
                state.begun = true;
            });
        });
        change(&|state| {
            state.over = true;
            state.error = done.as_ref().err().map(ToString::to_string);
        });
    });
    Ok(Recording {
        running,
        state,
        name: tool.name(options),
        path: path.to_owned(),
        stopped: AtomicBool::new(false),
    })
}

/// On the screen, or as lines where there is none.
fn show(
    cli: &Cli,
    options: &Capture,
    recording: &Recording,
    ended: &AtomicBool,
) -> Result<Status, Failure> {
    let general = &cli.general;
    let service = Service::start(Options {
        file: recording.path.clone(),
        site: general.site(),
        follow: true,
        keep_calls: Some(cli.keep_calls.unwrap_or(KEPT_CALLS)),
        ..Options::default()
    })?;
    let live = Live::new(service, recording, &options.number);
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if !io::stdout().is_terminal() || dumb {
        return live.lines(ended, general.quiet);
    }
    let _ = color_eyre::config::HookBuilder::default()
        .display_env_section(false)
        .install();
    tui::run(&live, screen::options(cli, false)).map_err(Failure::Screen)?;
    Ok(Status::Good)
}
