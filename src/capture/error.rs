//! Why a capture could not be read at all.

use std::io;

/// A capture that cannot be read. Damage inside a capture is no error but a [`super::Note`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{file}: {action}: {source}{}", advice(source))]
    Io {
        /// As the user gave it.
        file: String,
        /// `cannot open`, `cannot read`.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It was opened, and cannot be read on at a place inside.
    #[error("{file}: cannot read {place}: {source}{}", advice(source))]
    Broken {
        /// As the user gave it.
        file: String,
        /// `after frame 12 (offset 3456)`, `call 3 again`.
        place: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no capture.
    #[error("{file}: {what} (offset {offset}); {advice}")]
    NotACapture {
        /// As the user gave it.
        file: String,
        /// What was found there instead.
        what: String,
        /// Where.
        offset: u64,
        /// What to do.
        advice: &'static str,
    },
}

/// The error of the system that is behind an error. `None`: the data are damaged, and the system could read them.
pub(super) fn of_the_system(error: &(dyn std::error::Error + 'static)) -> Option<io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let code = (error.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error);
        if let Some(code) = code {
            return Some(io::Error::from_raw_os_error(code));
        }
        next = error.source();
    }
    None
}

/// What to do about it, with a semicolon before it; nothing where the error says enough.
pub(crate) fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; check the name and its folder",
        io::ErrorKind::PermissionDenied => {
            "; ask its owner for the right to it, or become that user (sudo)"
        }
        io::ErrorKind::IsADirectory => "; name a file inside it",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room, or name another place (TMPDIR for what is kept while reading)"
        }
        io::ErrorKind::ReadOnlyFilesystem => "; name another place",
        _ => "",
    }
}
