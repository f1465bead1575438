//! What is named on the command line: one capture, several that are read as one, folders of them.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use crate::capture::merge::Inputs;
use crate::capture::reader::Beginning;
use crate::cli::General;

/// What is read as one capture.
#[derive(Clone, Debug)]
pub(super) struct Input {
    files: Vec<PathBuf>,
    merged: Option<Arc<Inputs>>,
    /// As it was named.
    name: String,
}

impl Input {
    /// A single capture.
    pub(super) fn one(file: &Path) -> Self {
        Self {
            files: vec![file.to_owned()],
            merged: None,
            name: file.display().to_string(),
        }
    }

    /// What some names lead to, as one capture.
    pub(super) fn of(general: &General, named: &[PathBuf]) -> Result<Self, Failure> {
        Self::followed(general, named, false)
    }

    /// As [`Input::of`], perhaps of one that still grows: there may be no such file yet.
    pub(super) fn followed(
        general: &General,
        named: &[PathBuf],
        follow: bool,
    ) -> Result<Self, Failure> {
        let files = expanded(named)?;
        let clocks = &general.clock_offset;
        for given in clocks {
            let known = |file: &PathBuf| given.fits(file);
            if let Some(name) = given.file.as_deref().filter(|_| !files.iter().any(known)) {
                let name = name.display();
                return Err(Failure::Usage(format!(
                    "--clock-offset {name}: not one of the captures"
                )));
            }
        }
        if let [file] = files.as_slice() {
            if !clocks.is_empty() {
                let text = "--clock-offset is for several captures: here is one";
                return Err(Failure::Usage(text.to_owned()));
            }
            return Ok(Self::one(file));
        }
        if follow {
            let text = "--follow is for one capture: here are several";
            return Err(Failure::Usage(text.to_owned()));
        }
        if files.iter().filter(|file| file.as_os_str() == "-").count() > 1 {
            return Err(Failure::Usage(
                "-: standard input can be read but once".to_owned(),
            ));
        }
        let names: Vec<String> = named
            .iter()
            .map(|name| name.display().to_string())
            .collect();
        Ok(Self {
            merged: Some(Arc::new(Inputs {
                files: files.clone(),
                clocks: clocks.clone(),
            })),
            files,
            name: names.join(" "),
        })
    }

    /// The first file.
    pub(super) fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// All files.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub(super) fn merged(&self) -> Option<Arc<Inputs>> {
        self.merged.clone()
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// What some names lead to: one capture each, or one of all.
pub(super) fn inputs(
    general: &General,
    named: &[PathBuf],
    merge: bool,
) -> Result<Vec<Input>, Failure> {
    if merge {
        return Ok(vec![Input::of(general, named)?]);
    }
    if !general.clock_offset.is_empty() {
        return Err(Failure::Usage(
            "--clock-offset is for captures that are read as one: add --merge".to_owned(),
        ));
    }
    Ok(expanded(named)?
        .iter()
        .map(|file| Input::one(file))
        .collect())
}

/// The captures, those of a folder in the order of their names.
fn expanded(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::with_capacity(named.len());
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error| Failure::Io(path.display().to_string(), error);
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let hidden = file
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden && looks_like_a_capture(&file) {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(Failure::Usage(format!(
                "{}: no capture in this directory",
                path.display()
            )));
        }
        inside.sort_by_cached_key(|file| in_words(file));
        files.append(&mut inside);
    }
    Ok(files)
}

/// Whether a file of a folder is one that is meant: other things lie in it too.
fn looks_like_a_capture(file: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| {
        if !file.metadata()?.is_file() {
            return Ok(0);
        }
        file.take(4).read_to_end(&mut start)
    });
    read.is_ok()
        && match Beginning::of(&start) {
            Some(Beginning::Capture) => true,
            Some(Beginning::Compressed) => file.to_string_lossy().contains("cap"),
            None => false,
        }
}

/// A name as people sort: `fax.pcap2` before `fax.pcap10`.
fn in_words(file: &Path) -> Vec<(u64, String)> {
    let name = file.to_string_lossy();
    let mut words: Vec<(u64, String)> = vec![(0, String::new())];
    let mut in_number = false;
    for letter in name.chars() {
        if let Some(digit) = letter.to_digit(10) {
            if !in_number {
                words.push((0, String::new()));
            }
            if let Some((number, _)) = words.last_mut() {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
        } else if let Some((_, text)) = words.last_mut() {
            text.push(letter);
        }
        in_number = letter.is_ascii_digit();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_do() {
        let mut names = [
            "fax.pcap10",
            "fax.pcap2",
            "fax.pcap",
            "a9.pcap",
            "fax.pcap1",
        ];
        names.sort_by_cached_key(|name| in_words(Path::new(name)));
        assert_eq!(
            names,
            [
                "a9.pcap",
                "fax.pcap",
                "fax.pcap1",
                "fax.pcap2",
                "fax.pcap10"
            ]
        );
    }
}
