//! The PBX's logs beside the capture (`--log`).

use std::fs::File;
use std::path::Path;

use super::Analysis;
use crate::call::CallNo;
use crate::capture::{Error, Note};
use crate::pbxlog::{self, Given, Wanted};

/// Calls that are looked for in a log.
const MOST_CALLS: usize = 5000;
/// Calls loaded at once.
const BATCH: usize = 8;

/// An error if a log is not there: told before a large capture is read.
pub(super) fn can_be_read(given: &Given) -> Result<(), Error> {
    for file in &given.files {
        let open = File::open(file).and_then(|file| file.metadata());
        let usable = open.and_then(|about| {
            if about.is_dir() {
                return Err(std::io::ErrorKind::IsADirectory.into());
            }
            Ok(())
        });
        usable.map_err(|source| failed(file, "cannot open the log", source))?;
    }
    Ok(())
}

fn failed(file: &Path, action: &'static str, source: std::io::Error) -> Error {
    Error::Io {
        file: file.display().to_string(),
        action,
        source,
    }
}

impl Analysis {
    /// Reads the logs, once: the faxes of the capture must be known before.
    pub(super) fn read_logs(&mut self) {
        if self.options.logs.files.is_empty() || self.logs.is_some() {
            return;
        }
        let reference = self.info().first_time.unwrap_or_default();
        let found = self.looked_for().and_then(|wanted| {
            let found = pbxlog::find(&self.options.logs, &wanted, reference);
            found.map_err(|(file, source)| failed(&file, "cannot read the log", source))
        });
        match found {
            Ok(found) => {
                self.logs = Some(found.calls);
                let notes = found.notes.into_iter().map(|text| Note {
                    frame: None,
                    offset: None,
                    text,
                });
                self.reader.info_mut().notes.extend(notes);
            }
            Err(error) => {
                self.logs = Some(std::collections::HashMap::new());
                self.failure.get_or_insert(error);
            }
        }
    }

    /// Faxes, and calls that never came to be one.
    fn looked_for(&self) -> Result<Vec<Wanted>, Error> {
        let reference = self.info().first_time.unwrap_or_default();
        let numbers: Vec<CallNo> = self
            .numbers()
            .filter(|number| self.may_be_fax(*number) || self.never_connected(*number))
            .take(MOST_CALLS)
            .collect();
        let mut wanted = Vec::with_capacity(numbers.len());
        for some in numbers.chunks(BATCH) {
            let loaded = self.analyse_all(some, false);
            let loaded = loaded.map_err(|source| Error::Broken {
                file: self.info().file.clone(),
                place: "calls again".to_owned(),
                source,
            })?;
            wanted.extend(
                loaded
                    .iter()
                    .map(|one| pbxlog::wanted(&one.call, reference)),
            );
        }
        Ok(wanted)
    }
}
