//! The document and what it says of the capture.

use serde::Serialize;

use crate::capture::CaptureInfo;
use crate::view::time::rfc3339;

/// The whole document.
#[derive(Serialize)]
pub(super) struct Document<'a, C> {
    pub(super) schema: &'static str,
    pub(super) capture: CaptureObject<'a>,
    pub(super) calls: &'a C,
}

/// `capture`
#[derive(Serialize)]
pub(super) struct CaptureObject<'a> {
    file: &'a str,
    format: &'static str,
    link_types: &'a [String],
    packets: u64,
    bytes: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    notes: Vec<NoteObject<'a>>,
}

#[derive(Serialize)]
struct NoteObject<'a> {
    frame: Option<u32>,
    offset: Option<u64>,
    text: &'a str,
}

impl<'a> CaptureObject<'a> {
    pub(super) fn of(info: &'a CaptureInfo) -> Self {
        let time = |at| rfc3339(at, info.time_digits);
        Self {
            file: &info.file,
            format: info.format,
            link_types: &info.link_types,
            packets: info.packets,
            bytes: info.bytes,
            first_time: info.first_time.map(time),
            last_time: info.last_time.map(time),
            notes: info
                .notes
                .iter()
                .map(|note| NoteObject {
                    frame: note.frame.map(|frame| frame.0),
                    offset: note.offset,
                    text: &note.text,
                })
                .collect(),
        }
    }
}
