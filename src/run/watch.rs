//! `faxflow watch DIR`: each capture of a folder is checked once, as rotation closes it. Safe to kill at any time: what was
//! done stands in the state file, written after the output, and the output is cut to what the state knows of.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::check::{self, Found, Report};
use super::input::Input;
use super::{Failure, Status, complain, parallel};
use crate::capture::Error;
use crate::cli::{Format, General, Watch};
use crate::export;
use crate::file::{self, FileId, How};
use closed::Closed;
use state::{Done, Look, State};

mod closed;
mod metrics;
mod state;

pub(super) use metrics::Counted;

/// Between two looks at the folder, where nothing says that something was closed.
const EVERY: Duration = Duration::from_secs(2);
/// The state file, if it has no other name.
const STATE: &str = ".faxflow-watch";

pub(super) fn run(general: &General, options: &Watch) -> Result<Status, Failure> {
    if !matches!(options.format, Format::Ndjson | Format::Text) {
        complain("watch writes ndjson or text");
        return Ok(Status::Unreadable);
    }
    let directory = &options.directory;
    let at = |path: &Path| {
        let name = path.display().to_string();
        move |error| Failure::Io(name, error)
    };
    // Before the first look, so that nothing is closed in between unseen.
    let mut closed = Closed::of(directory);
    fs::read_dir(directory).map_err(at(directory))?;
    let state_file = options.state.clone();
    let state_file = state_file.unwrap_or_else(|| directory.join(STATE));
    let state = State::open(&state_file).map_err(at(&state_file))?;
    let output = match &options.output {
        Some(path) => Some(appended(path, &state).map_err(at(path))?),
        None => None,
    };
    let mut watcher = Watcher {
        general,
        options,
        report: Report {
            format: options.format,
            is_several: false,
            threads: parallel::threads(general.threads),
            pictures: false,
            options: export::Options::default(),
        },
        own: [
            Some(&state_file),
            options.output.as_ref(),
            options.openmetrics.as_ref(),
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect(),
        state,
        output,
        unread: HashSet::new(),
    };
    watcher.write_metrics()?;
    loop {
        let named = closed.take();
        watcher.round(&mut closed, &named)?;
        if options.once {
            return Ok(Status::Good);
        }
        closed.wait(EVERY);
    }
}

/// The output, cut to what the state knows of: what is behind that was not noted as done, and is done again.
fn appended(path: &Path, state: &State) -> io::Result<File> {
    let file = File::options().append(true).create(true).open(path)?;
    let about = file.metadata()?;
    if let Some((inode, length)) = state.output()
        && about.is_file()
        && about.ino() == inode
        && about.len() > length
    {
        file.set_len(length)?;
    }
    Ok(file)
}

struct Watcher<'w> {
    general: &'w General,
    options: &'w Watch,
    report: Report,
    /// Files in the folder that are ours.
    own: Vec<PathBuf>,
    state: State,
    output: Option<File>,
    /// What could not be read, as it was then: told once.
    unread: HashSet<(OsString, Look)>,
}

impl Watcher<'_> {
    /// Checks all that is closed by now.
    fn round(&mut self, closed: &mut Closed, named: &HashSet<OsString>) -> Result<(), Failure> {
        let files = self.files()?;
        let idle = Duration::from_secs(self.options.idle);
        let now = Instant::now();
        let mut any = false;
        for (name, look) in closed.ripe(&files, named, now, idle, self.options.once) {
            let known = self.state.knows(&name, &look);
            if !known && !self.unread.contains(&(name.clone(), look)) {
                any |= self.check(&name, look)?;
            }
        }
        if any { self.write_metrics() } else { Ok(()) }
    }

    /// The captures that may be there: by name, with how they look.
    fn files(&self) -> Result<Vec<(OsString, Look)>, Failure> {
        let directory = &self.options.directory;
        let entries = fs::read_dir(directory)
            .map_err(|error| Failure::Io(directory.display().to_string(), error))?;
        let own: Vec<FileId> = self
            .own
            .iter()
            .filter_map(|path| FileId::named(path).ok())
            .collect();
        let mut out = Vec::new();
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let hidden = name.as_encoded_bytes().starts_with(b".");
            let Some(about) = fs::metadata(entry.path()).ok().filter(|_| !hidden) else {
                continue;
            };
            if about.is_file() && about.len() > 0 && !own.contains(&FileId::of(&about)) {
                out.push((name, Look::of(&about)));
            }
        }
        Ok(out)
    }

    /// Checks a capture and notes it as done. False: it changed meanwhile, and its turn comes later.
    fn check(&mut self, name: &OsString, look: Look) -> Result<bool, Failure> {
        let path = self.options.directory.join(name);
        let (mut text, mut found) = (Vec::new(), Found::default());
        let failure = check::checked(
            self.general,
            &self.report,
            &Input::one(&path),
            &mut text,
            &mut found,
        );
        let failure = failure.map_err(|error| Failure::Io(path.display().to_string(), error))?;
        let now = fs::metadata(&path).map(|about| Look::of(&about));
        if now.map_or(true, |now| now != look) {
            return Ok(false);
        }
        if let Some(failure) = &failure {
            complain(&failure.to_string());
            let no_capture = matches!(failure, Failure::Capture(Error::NotACapture { .. }));
            if text.is_empty() && !no_capture {
                self.unread.insert((name.clone(), look));
                return Ok(false);
            }
        }
        // Under another name, or packed, it is the same.
        let is_new = !text.is_empty() && !self.state.has(found.capture);
        if is_new {
            self.write(&text)?;
        }
        let length = match &self.output {
            Some(file) => file.metadata().map(|about| (about.ino(), about.len())).ok(),
            None => None,
        };
        let done = Done::of(name, look, is_new.then_some(&found), &found, length);
        let noted = self.state.note(done);
        noted.map_err(|error| Failure::Io("state file".to_owned(), error))?;
        Ok(true)
    }

    fn write(&mut self, text: &[u8]) -> Result<(), Failure> {
        if let (Some(file), Some(path)) = (&mut self.output, &self.options.output) {
            let written = file.write_all(text).and_then(|()| file.flush());
            return written.map_err(|error| Failure::Io(path.display().to_string(), error));
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(text).and_then(|()| out.flush());
        written.map_err(|error| Failure::Io("standard output".to_owned(), error))
    }

    fn write_metrics(&self) -> Result<(), Failure> {
        if let Some(path) = &self.options.openmetrics {
            file::write(path, &[], How::default(), |out| {
                metrics::write(out, self.state.sums())
            })?;
        }
        Ok(())
    }
}
