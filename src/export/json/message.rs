//! `MESSAGE` of the contract.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::origin::OriginObject;
use super::path::number;
use crate::call::{Call, Event, EventId, EventKind};
use crate::hint::Hint;
use crate::line::Fcs;
use crate::view::time::rfc3339;
use crate::view::{decode, hints as hint_rows};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct MessageObject<'a> {
    frame: u32,
    last_frame: u32,
    /// Of several captures read as one: which has the frame, and its number there.
    #[serde(flatten)]
    origin: OriginObject<'a>,
    time: String,
    offset_s: f64,
    duration_s: f64,
    call: u32,
    /// Counted from 1, as in `hops` of the call.
    hop: Option<u8>,
    src: String,
    dst: String,
    #[cfg_attr(test, schemars(extend("enum" = ["caller", "callee"])))]
    from: &'static str,
    layer: &'static str,
    name: Cow<'a, str>,
    hex: Option<String>,
    fcs_ok: Option<bool>,
    retransmission: bool,
    observed: bool,
    page: Option<u32>,
    block: Option<u32>,
    bytes: Option<u32>,
    fields: Vec<FieldObject>,
    second_opinion: Option<Vec<String>>,
    hints: Vec<&'static str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct FieldObject {
    name: Cow<'static, str>,
    value: String,
}

/// The messages of a call in time order, each with the ids of the hints that stand on it.
pub(super) fn messages<'a>(call: &'a Call, hints: &[Hint], digits: u8) -> Vec<MessageObject<'a>> {
    let mut placed: HashMap<EventId, Vec<&'static str>> = HashMap::new();
    for hint in hints {
        if let Some(event) = hint_rows::place(call, hint) {
            let rules = placed.entry(event).or_default();
            if !rules.contains(&hint.rule.id) {
                rules.push(hint.rule.id);
            }
        }
    }
    let mut events: Vec<&Event> = call.events.iter().chain(&call.copies).collect();
    if !call.copies.is_empty() {
        events.sort_by_key(|event| event.at);
    }
    events
        .into_iter()
        .map(|event| {
            let hints = placed.remove(&event.id).unwrap_or_default();
            message(call, event, hints, digits)
        })
        .collect()
}

fn message<'a>(
    call: &'a Call,
    event: &'a Event,
    hints: Vec<&'static str>,
    digits: u8,
) -> MessageObject<'a> {
    let (hex, fcs_ok) = match &event.kind {
        EventKind::T30(frame) => (
            Some(hex(&frame.octets)),
            match frame.fcs {
                Fcs::Good if frame.damaged => None,
                Fcs::Good => Some(true),
                Fcs::Bad => Some(false),
                Fcs::Unseen => None,
            },
        ),
        EventKind::Malformed { octets, .. } => (Some(hex(octets)), None),
        _ => (None, None),
    };
    let (page, block, bytes) = match &event.kind {
        // In audio the data is heard, not read: there are no octets to count.
        EventKind::Tcf(tcf) => (None, None, (tcf.octets > 0).then_some(tcf.octets)),
        EventKind::PageData(page) => (
            Some(page.page),
            page.block,
            (page.bytes > 0).then_some(page.bytes),
        ),
        _ => (None, None, None),
    };
    MessageObject {
        frame: event.frame.0,
        last_frame: event.last_frame.0,
        origin: OriginObject::of(call.capture.origins.as_deref(), Some(event.frame)),
        time: rfc3339(event.at, digits),
        offset_s: event.at.seconds_since(call.started),
        duration_s: event.end.seconds_since(event.at),
        call: event.call.0,
        hop: event.hop.map(number),
        src: event.src.to_string(),
        dst: event.dst.to_string(),
        from: event.from.name(),
        layer: layer(event),
        name: decode::name(event),
        hex,
        fcs_ok,
        retransmission: event.retransmission,
        observed: event.observed,
        page,
        block,
        bytes,
        fields: decode::fields(call, event)
            .into_iter()
            .map(|field| FieldObject {
                name: field.name,
                value: field.value,
            })
            .collect(),
        second_opinion: Some(decode::opinions(event)).filter(|said| !said.is_empty()),
        hints,
    }
}

fn layer(event: &Event) -> &'static str {
    match &event.kind {
        EventKind::Sip(_) => "sip",
        EventKind::RtpEvent(event) if event.tone().is_some() => "tone",
        EventKind::Rtp(_) | EventKind::RtpEvent(_) => "rtp",
        EventKind::Indicator(_) | EventKind::V8 { .. } | EventKind::Malformed { .. } => "t38",
        EventKind::Tone { .. } | EventKind::Preamble | EventKind::Training(_) => "tone",
        EventKind::T30(_) | EventKind::Tcf(_) | EventKind::PageData(_) => "t30",
        EventKind::Icmp { .. } => "icmp",
        EventKind::Gap { .. } => "gap",
        EventKind::Log(_) => "log",
        EventKind::Missing(missing) => {
            let is_sip = missing.name.starts_with(|c: char| c.is_ascii_digit())
                || ["INVITE", "ACK", "BYE", "CANCEL", "PRACK"].contains(&missing.name);
            if event.phase.is_none() && is_sip {
                "sip"
            } else {
                "t30"
            }
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        },
    )
}
