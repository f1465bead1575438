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
