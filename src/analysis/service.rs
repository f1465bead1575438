//! A capture being read on a thread of its own, so that the screen never waits.

use std::path::PathBuf;
use std::time::Duration;

use crate::analysis::{AnalysedFlow, CallRow, Options};
use crate::call::CallNo;
use crate::capture::{CaptureInfo, Error};

/// The screen's end of a capture that is read, or has been read, on another thread.
#[derive(Debug)]
pub struct Service {}

/// News from the thread.
#[derive(Clone, Debug)]
pub enum Update {
    /// How far it is; about ten times a second while reading.
    Progress(CaptureInfo),
    /// Calls that are new or have changed since the last such update.
    Rows(Vec<CallRow>),
    /// The answer to [`Service::open`]; also sent again, unasked, when an open call has changed (`--follow`).
    Opened(AnalysedFlow),
    /// The answer to [`Service::save_packets`]: how many packets went where, or what went wrong.
    Saved(Result<(u64, PathBuf), String>),
    /// The capture is read to its end and all faxes are analysed.
    Finished(CaptureInfo),
    /// A request or the reading failed, in words for the user.
    Failed(String),
}

impl Service {
    /// Opens the capture and starts reading it.
    pub fn start(options: Options) -> Result<Self, Error> {
        let _ = options;
        Ok(Self {})
    }

    /// The next update, or `None` if none comes within `timeout` (zero: do not wait).
    pub fn next(&self, timeout: Duration) -> Option<Update> {
        let _ = timeout;
        None
    }

    /// Asks for one or two calls to be loaded in full; the answer is [`Update::Opened`].
    /// With one call number and `other_leg`, the other leg is added if there is one.
    pub fn open(&self, calls: Vec<CallNo>, other_leg: bool) {
        let _ = (calls, other_leg);
    }

    /// Asks for the packets of calls to be written as a pcap file; the answer is [`Update::Saved`].
    pub fn save_packets(&self, calls: Vec<CallNo>, path: PathBuf) {
        let _ = (calls, path);
    }
}
