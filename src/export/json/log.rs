//! `log` of a call: what the PBX's own log says of it.

use serde::Serialize;

use crate::call::log::{AttachedLog, LogOutcome};
use crate::call::{Call, EventKind};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct LogObject<'a> {
    file: &'a str,
    /// Which side of the call wrote it.
    side: &'static str,
    /// Log minus capture.
    offset_s: f64,
    within_s: f64,
    resolution_s: f64,
    sure: &'static str,
    given: bool,
    other_offset_s: Option<f64>,
    mixed: bool,
    lines: usize,
    frames: usize,
    frames_matched: usize,
    senseless: u64,
    result: Option<ResultObject<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ResultObject<'a> {
    text: &'a str,
    ok: bool,
    code: Option<u32>,
    error: Option<&'a str>,
    pages: Option<u32>,
    bit_rate: Option<u32>,
    line: u64,
}

impl<'a> LogObject<'a> {
    pub(super) fn of(call: &Call, log: &'a AttachedLog) -> Self {
        let about = log.about.as_ref();
        let (frames, frames_matched) = log.matched(call);
        let rows = call.events.iter();
        Self {
            file: &about.file,
            side: about.side.name(),
            offset_s: about.offset,
            within_s: about.within,
            resolution_s: about.resolution,
            sure: about.sure.name(),
            given: about.given,
            other_offset_s: about.other_fit,
            mixed: about.mixed,
            lines: rows
                .filter(|event| matches!(event.kind, EventKind::Log(_)))
                .count(),
            frames,
            frames_matched,
            senseless: about.senseless,
            result: about.outcome.as_ref().map(ResultObject::of),
        }
    }
}

impl<'a> ResultObject<'a> {
    fn of(outcome: &'a LogOutcome) -> Self {
        Self {
            text: &outcome.text,
            ok: outcome.ok,
            code: outcome.code,
            error: outcome.error.as_deref(),
            pages: outcome.pages,
            bit_rate: outcome.bit_rate,
            line: outcome.line,
        }
    }
}
