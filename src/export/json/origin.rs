//! Of several captures that are read as one: which of them a frame is in. Of a single one nothing stands here.

use serde::Serialize;

use crate::call::Call;
use crate::capture::FrameNo;
use crate::capture::merge::{Clock, Origins};

/// Beside a frame's number.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct OriginObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_frame: Option<u32>,
}

impl<'a> OriginObject<'a> {
    pub(super) fn of(origins: Option<&'a Origins>, frame: Option<FrameNo>) -> Self {
        let origin = origins.zip(frame).and_then(|(all, frame)| all.of(frame));
        Self {
            file: origin.map(|origin| origin.file),
            file_frame: origin.map(|origin| origin.frame.0),
        }
    }
}

/// One of the captures.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FileObject<'a> {
    file: &'a str,
    clock: ClockObject,
}

/// Its clock against that of the first one.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ClockObject {
    /// How far it is ahead; negative: behind.
    offset_s: f64,
    /// What it gains, in millionths.
    drift_ppm: f64,
    /// Packets that both have, by which that was found; 0: none.
    packets: usize,
    /// By `--clock-offset`.
    given: bool,
}

impl<'a> FileObject<'a> {
    pub(super) fn all(origins: &'a Origins) -> Vec<Self> {
        let files = origins.files().iter().zip(origins.clocks());
        files
            .map(|(file, clock)| Self {
                file,
                clock: ClockObject::of(clock),
            })
            .collect()
    }
}

impl ClockObject {
    fn of(clock: &Clock) -> Self {
        Self {
            offset_s: clock.offset_seconds(),
            drift_ppm: clock.drift_ppm(),
            packets: clock.packets(),
            given: clock.is_given(),
        }
    }
}

/// The captures that the messages of a call are in, in the order in which they come.
pub(super) fn files_of(call: &Call) -> Option<Vec<&str>> {
    let origins = call.capture.origins.as_deref()?;
    let mut files: Vec<&str> = Vec::new();
    for event in &call.events {
        for frame in [event.frame, event.last_frame] {
            if let Some(origin) = origins.of(frame)
                && !files.contains(&origin.file)
            {
                files.push(origin.file);
            }
        }
    }
    Some(files)
}
