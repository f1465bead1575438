//! Why a capture could not be read at all.

use std::io;

/// A capture that cannot be read. Damage inside a capture is no error but a [`super::Note`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{file}: {action}: {source}")]
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
