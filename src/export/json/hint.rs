//! `HINT` of the contract.

use std::borrow::Cow;

use serde::Serialize;

use super::origin::OriginObject;
use super::path::number;
use crate::call::{Call, FaultSide, HopId};
use crate::hint::Hint;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HintObject<'a> {
    rule: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["error", "warning", "note", "ok"])))]
    severity: &'static str,
    /// Who has to act; `null` where the capture leaves two sides open.
    #[cfg_attr(test, schemars(extend("enum" = ["caller", "callee", "pbx", "path", "capture", null])))]
    side: Option<&'static str>,
    /// Counted from 1, as in `hops` of the call.
    hop: Option<u8>,
    frames: Vec<u32>,
    /// Of several captures read as one: which has the first of the frames, and its number there.
    #[serde(flatten)]
    origin: OriginObject<'a>,
    text: Cow<'a, str>,
    advice: Cow<'a, str>,
    reference: &'static str,
}

impl<'a> HintObject<'a> {
    pub(super) fn of(call: &'a Call, hint: &'a Hint) -> Self {
        Self {
            rule: hint.rule.id,
            severity: hint.finding.severity.name(),
            side: hint.side.map(FaultSide::name),
            hop: hop_of(call, hint).map(number),
            frames: hint.finding.frames.iter().map(|frame| frame.0).collect(),
            origin: OriginObject::of(
                call.capture.origins.as_deref(),
                hint.finding.frames.first().copied(),
            ),
            text: hint.says(),
            advice: hint.advice(),
            reference: hint.rule.reference,
        }
    }
}

/// The hop of the row that a hint stands on.
fn hop_of(call: &Call, hint: &Hint) -> Option<HopId> {
    crate::hint::place(call, hint)?.hop
}
