//! What a watcher has done: one line of JSON for each capture, appended when its output is written.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{File, Metadata, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::metrics::Sums;
use crate::file::{self, How};
use crate::run::check::Found;
use crate::uid::Uid;

/// Captures that are remembered; when there are twice as many, the older ones are forgotten but for their sums.
const MOST: usize = 100_000;

/// How a file looks from outside: with another look it is another one, or has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Look {
    pub(super) inode: u64,
    pub(super) size: u64,
    /// Seconds and nanoseconds.
    pub(super) modified: (i64, i64),
}

impl Look {
    pub(super) fn of(about: &Metadata) -> Self {
        Self {
            inode: about.ino(),
            size: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
        }
    }
}

/// A capture that was checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Done {
    name: String,
    look: Look,
    /// `None`: it was no capture.
    capture_id: Option<String>,
    /// The output, and how long it was then.
    output: Option<(u64, u64)>,
    /// What it adds to the counters.
    adds: Sums,
}

impl Done {
    /// `new`: what it adds; `None` where the same capture was checked before.
    pub(super) fn of(
        name: &OsString,
        look: Look,
        new: Option<&Found>,
        found: &Found,
        output: Option<(u64, u64)>,
    ) -> Self {
        Self {
            name: text(name),
            look,
            capture_id: (found.capture != Uid::default()).then(|| found.capture.to_string()),
            output,
            adds: new.map(Sums::of).unwrap_or_default(),
        }
    }
}

/// Writes the state anew with the latest ones, whole or not at all; the first of them has the sums of those that are gone.
fn forget(path: &Path, lines: Vec<Done>) -> io::Result<()> {
    let gone = lines.len().saturating_sub(MOST);
    let mut sums = Sums::default();
    for done in lines.iter().take(gone) {
        sums.add(&done.adds);
    }
    let mut kept: Vec<Done> = lines.into_iter().skip(gone).collect();
    if let Some(first) = kept.first_mut() {
        sums.add(&first.adds);
        first.adds = sums;
    }
    let written = file::write(path, &[], How::default(), |out| {
        kept.iter().try_for_each(|done| {
            serde_json::to_writer(&mut *out, done)?;
            out.write_all(b"\n")
        })
    });
    written.map(drop).map_err(io::Error::other)
}

/// A name as the state has it: what is no UTF-8 of it in another way than any UTF-8.
fn text(name: &OsString) -> String {
    match name.to_str() {
        Some(name) => name.to_owned(),
        None => format!("{}?", name.to_string_lossy()),
    }
}

/// All that was done, and the file that says so.
pub(super) struct State {
    file: File,
    looks: HashMap<String, Look>,
    captures: HashSet<String>,
    output: Option<(u64, u64)>,
    sums: Sums,
}

impl State {
    /// Reads a state, or begins one. A line that is not whole was being written when the watcher was killed: it is dropped.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = "another faxflow watches with it; give this one its own with --state";
                return Err(io::Error::other(why));
            }
            // A file system without locks.
            Err(TryLockError::Error(_)) => {}
        }
        let mut state = Self {
            file: file.try_clone()?,
            looks: HashMap::new(),
            captures: HashSet::new(),
            output: None,
            sums: Sums::default(),
        };
        let (mut lines, mut good) = (Vec::new(), 0_u64);
        let mut reader = BufReader::new(file);
        loop {
            let mut line = Vec::new();
            let count = reader.read_until(b'\n', &mut line)?;
            if count == 0 || !line.ends_with(b"\n") {
                break;
            }
            let Ok(done) = serde_json::from_slice::<Done>(&line) else {
                let why = format!("offset {good}: this is no state of faxflow watch");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            };
            good += count as u64;
            lines.push(done);
        }
        state.file.set_len(good)?;
        if lines.len() > 2 * MOST {
            drop(state);
            forget(path, lines)?;
            return Self::open(path);
        }
        for done in lines {
            state.take(done);
        }
        Ok(state)
    }

    fn take(&mut self, done: Done) {
        self.sums.add(&done.adds);
        self.captures.extend(done.capture_id);
        self.looks.insert(done.name, done.look);
        self.output = done.output.or(self.output);
    }

    /// Notes a capture as done; its output is written.
    pub(super) fn note(&mut self, done: Done) -> io::Result<()> {
        let mut line = serde_json::to_vec(&done)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.take(done);
        Ok(())
    }

    /// Whether a file with this look was checked.
    pub(super) fn knows(&self, name: &OsString, look: &Look) -> bool {
        self.looks.get(&text(name)) == Some(look)
    }

    /// Whether a capture with this content was checked.
    pub(super) fn has(&self, capture: Uid) -> bool {
        self.captures.contains(&capture.to_string())
    }

    /// The output (its inode) and its length when the last capture was done.
    pub(super) fn output(&self) -> Option<(u64, u64)> {
        self.output
    }

    pub(super) fn sums(&self) -> &Sums {
        &self.sums
    }
}
