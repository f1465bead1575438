//! A file that is followed and is not there yet.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};

use super::{GROWING, Request, Update};
use crate::analysis::Options;
use crate::analysis::reading::Analysis;
use crate::capture::{CaptureInfo, Note};

/// Whether there is enough of a file to tell what it is: the header of a pcap file, or the first block of pcapng.
pub(super) fn holds_something(options: &Options) -> bool {
    const HEADER: u64 = 28;
    // What is no regular file has no length, and waits by itself.
    fs::metadata(&options.file).map_or(options.file == Path::new("-"), |metadata| {
        !metadata.is_file() || metadata.len() >= HEADER
    })
}

/// Waits until a file that is followed is there. `None`: the screen is gone.
pub(super) fn wait_for(
    options: &Options,
    inbox: &Receiver<Request>,
    outbox: &Sender<Update>,
) -> Option<Analysis> {
    let file = options.file.display().to_string();
    let info = |text: String| CaptureInfo {
        file: file.clone(),
        notes: vec![Note {
            frame: None,
            offset: None,
            text,
        }],
        ..CaptureInfo::default()
    };
    let mut told = info("waiting for the file: it does not exist yet, or is empty".to_owned());
    outbox.send(Update::Progress(told.clone())).ok()?;
    loop {
        if let Err(RecvTimeoutError::Disconnected) = inbox.recv_timeout(GROWING) {
            return None;
        }
        if !holds_something(options) {
            continue;
        }
        match Analysis::open(options.clone()) {
            Ok(analysis) => return Some(analysis),
            Err(error) => {
                let now = info(error.to_string());
                if now.notes != told.notes {
                    outbox.send(Update::Progress(now.clone())).ok()?;
                    told = now;
                }
            }
        }
    }
}
