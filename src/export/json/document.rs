//! The document and what it says of the capture.

use serde::Serialize;

use super::origin::{FileObject, OriginObject};
use crate::capture::CaptureInfo;
use crate::uid::Uid;
use crate::view::time::rfc3339;

/// The whole document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a, C> {
    #[cfg_attr(test, schemars(extend("const" = super::SCHEMA)))]
    pub(super) schema: &'static str,
    pub(super) capture: CaptureObject<'a>,
    pub(super) calls: &'a C,
}

/// One of several captures in a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct OneOfSeveral<'a, C> {
    pub(super) capture: CaptureObject<'a>,
    pub(super) calls: &'a C,
}

/// A line about a capture.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CaptureLine<'a> {
    #[cfg_attr(test, schemars(extend("const" = super::SCHEMA)))]
    schema: &'static str,
    #[cfg_attr(test, schemars(extend("const" = "capture")))]
    r#type: &'static str,
    /// The capture as it was named.
    file: &'a str,
    /// Names the capture by its content.
    capture_id: Uid,
    capture: CaptureObject<'a>,
}

impl<'a> CaptureLine<'a> {
    pub(super) fn of(info: &'a CaptureInfo) -> Self {
        Self {
            schema: super::SCHEMA,
            r#type: "capture",
            file: &info.file,
            capture_id: info.uid,
            capture: CaptureObject::of(info),
        }
    }
}

/// `capture`
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CaptureObject<'a> {
    file: &'a str,
    /// Names the capture by its (uncompressed) content.
    capture_id: Uid,
    #[cfg_attr(test, schemars(extend("enum" = ["pcap", "pcapng"])))]
    format: &'static str,
    link_types: &'a [String],
    packets: u64,
    bytes: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    /// Those that it was merged of, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FileObject<'a>>>,
    notes: Vec<NoteObject<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NoteObject<'a> {
    frame: Option<u32>,
    #[serde(flatten)]
    origin: OriginObject<'a>,
    offset: Option<u64>,
    text: &'a str,
}

impl<'a> CaptureObject<'a> {
    pub(super) fn of(info: &'a CaptureInfo) -> Self {
        let time = |at| rfc3339(at, info.time_digits);
        Self {
            file: &info.file,
            capture_id: info.uid,
            format: info.format,
            link_types: &info.link_types,
            packets: info.packets,
            bytes: info.bytes,
            first_time: info.first_time.map(time),
            last_time: info.last_time.map(time),
            files: info.origins.as_deref().map(FileObject::all),
            notes: info
                .notes
                .iter()
                .map(|note| NoteObject {
                    frame: note.frame.map(|frame| frame.0),
                    origin: OriginObject::of(info.origins.as_deref(), note.frame),
                    offset: note.offset,
                    text: &note.text,
                })
                .collect(),
        }
    }
}
