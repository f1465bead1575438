//! From which file a frame of a merged capture is, and which number it has there.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::{self, Found, Told};
use super::lost::Lost;
use crate::capture::FrameNo;

/// Where a frame of a merged capture was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'o> {
    /// The file as it was named.
    pub file: &'o str,
    /// The frame's number in it.
    pub frame: FrameNo,
}

/// Frames that follow each other in the merged capture and in their file.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u32,
    /// Number of the first one in the file.
    in_file: u32,
    file: u32,
}

/// The origin of each frame.
#[derive(Debug)]
pub struct Origins {
    files: Vec<String>,
    /// Of the clocks of the files, by file.
    clocks: Vec<clock::Clock>,
    told: Vec<Told>,
    shared: bool,
    blank: Vec<bool>,
    frames: Mutex<Frames>,
}

#[derive(Debug, Default)]
struct Frames {
    runs: Vec<Run>,
    /// Frames that another file has too, in order.
    copies: Vec<u32>,
    lost: Vec<Lost>,
}

impl Origins {
    pub(super) fn new(files: Vec<String>, blank: &[bool], found: Found) -> Self {
        Self {
            files,
            clocks: found.clocks,
            told: found.told,
            shared: found.shared,
            blank: blank.to_vec(),
            frames: Mutex::default(),
        }
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes frames before they are read.
    pub(super) fn add(&self, frames: &[(u32, u32, usize)]) {
        let mut all = self.frames();
        for &(no, in_file, file) in frames {
            let file = u32::try_from(file).unwrap_or(u32::MAX);
            let goes_on = all.runs.last().is_some_and(|run| {
                run.file == file && no.wrapping_sub(run.first) == in_file.wrapping_sub(run.in_file)
            });
            if !goes_on {
                all.runs.push(Run {
                    first: no,
                    in_file,
                    file,
                });
            }
        }
    }

    /// Notes a frame that was seen in another file too.
    pub(super) fn add_copy(&self, no: u32) {
        self.frames().copies.push(no);
    }

    /// Notes what was lost between two hosts.
    pub(super) fn add_lost(&self, lost: Vec<Lost>) {
        self.frames().lost = lost;
    }

    /// What was lost on the way between two hosts that captured.
    pub fn lost(&self) -> Vec<Lost> {
        self.frames().lost.clone()
    }

    /// Whether another file has this frame too, earlier.
    pub(in crate::capture) fn is_copy(&self, no: FrameNo) -> bool {
        self.frames().copies.binary_search(&no.0).is_ok()
    }

    /// Whether hosts have packets in common.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Where a frame was captured.
    pub fn of(&self, no: FrameNo) -> Option<Origin<'_>> {
        let run = {
            let all = self.frames();
            let after = all.runs.partition_point(|run| run.first <= no.0);
            *all.runs.get(after.checked_sub(1)?)?
        };
        let file = self.files.get(usize::try_from(run.file).ok()?)?;
        Some(Origin {
            file,
            frame: FrameNo(run.in_file + (no.0 - run.first)),
        })
    }

    /// The name of a file without its folder.
    pub fn name(&self, file: usize) -> Option<&str> {
        let whole = self.files.get(file)?;
        Some(name_of(whole))
    }

    /// The files as they were named.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// What was found of the clock of each.
    pub fn clocks(&self) -> &[clock::Clock] {
        &self.clocks
    }

    /// What is to be said of clocks, and of files without a frame.
    pub(in crate::capture) fn notes(&self) -> Vec<String> {
        let name = |place: usize| self.files.get(place).map_or("", String::as_str);
        let mut notes: Vec<String> = self.told.iter().map(|told| told.text(name)).collect();
        let blank = self
            .files
            .iter()
            .zip(&self.blank)
            .filter(|(_, blank)| **blank);
        notes.extend(blank.map(|(file, _)| format!("{file}: it is empty, and left out")));
        notes
    }
}

impl PartialEq for Origins {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl<'o> Origin<'o> {
    /// The file without its folder.
    pub fn file_name(&self) -> &'o str {
        name_of(self.file)
    }
}

fn name_of(file: &str) -> &str {
    let name = std::path::Path::new(file).file_name();
    name.and_then(|name| name.to_str()).unwrap_or(file)
}
