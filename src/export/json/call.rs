//! `CALL` of the contract.

use serde::Serialize;

use super::fax::{FaxObject, side_name};
use super::hint::HintObject;
use super::log::LogObject;
use super::message::{MessageObject, messages};
use super::origin;
use super::path::{self, HopObject, HostObject};
use crate::call::Call;
use crate::capture::CaptureInfo;
use crate::hint::Hint;
use crate::sip::Party;
use crate::uid::Uid;
use crate::view::time::rfc3339;

/// A call without its messages.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CallObject<'a> {
    /// Counted from 1, by first packet.
    number: u32,
    /// Names the call in every capture and run: of Call-ID and From tag, without SIP of endpoints and first datagram.
    call_uid: Uid,
    /// Null without SIP.
    call_id: Option<&'a str>,
    from: PartyObject<'a>,
    to: PartyObject<'a>,
    /// Address and port.
    caller: String,
    callee: String,
    caller_agent: Option<&'a str>,
    callee_agent: Option<&'a str>,
    started: String,
    answered: Option<String>,
    ended: Option<String>,
    /// From first to last packet.
    duration_s: f64,
    #[cfg_attr(test, schemars(extend("enum" = [
        "calling", "ringing", "in-call", "completed", "cancelled", "rejected", "unanswered", "unknown"
    ])))]
    state: &'static str,
    /// Final status of the first INVITE.
    status: Option<u16>,
    packets: PacketsObject,
    /// The call of this capture that carries the same fax.
    other_leg: Option<u32>,
    /// Its `call_uid`.
    other_leg_uid: Option<Uid>,
    /// The hosts of this dialog, caller first.
    path: Vec<HostObject<'a>>,
    /// Those that are in the capture.
    hops: Vec<HopObject<'a>>,
    /// The rule that explains the failure.
    cause: Option<&'static str>,
    /// Who has to act.
    #[cfg_attr(test, schemars(extend("enum" = ["caller", "callee", "pbx", "path", "capture", null])))]
    fault_side: Option<&'static str>,
    /// Null too where nothing shows that it was a fax.
    fax: Option<FaxObject<'a>>,
    log: Option<LogObject<'a>>,
    /// Of several captures read as one: those that the frames of its messages are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<&'a str>>,
    hints: Vec<HintObject<'a>>,
}

/// A call of a document.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CallInDocument<'a> {
    #[serde(flatten)]
    call: CallObject<'a>,
    /// Only from `flow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<MessageObject<'a>>>,
}

/// A line about a call: the call, and columns beside the objects whose names are no words of SQL.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CallLine<'a> {
    #[cfg_attr(test, schemars(extend("const" = super::SCHEMA)))]
    schema: &'static str,
    #[cfg_attr(test, schemars(extend("const" = "call")))]
    r#type: &'static str,
    /// The capture as it was named.
    file: &'a str,
    /// Names the capture by its content.
    capture_id: Uid,
    #[serde(flatten)]
    call: CallObject<'a>,
    from_user: Option<&'a str>,
    from_host: Option<&'a str>,
    from_display: Option<&'a str>,
    to_user: Option<&'a str>,
    to_host: Option<&'a str>,
    to_display: Option<&'a str>,
    /// Null but from `flow`.
    messages: Option<Vec<MessageObject<'a>>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PartyObject<'a> {
    user: Option<&'a str>,
    host: Option<&'a str>,
    display: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PacketsObject {
    sip: u32,
    rtp: u32,
    t38: u32,
}

impl<'a> CallObject<'a> {
    pub(super) fn of(call: &'a Call, hints: &'a [Hint], capture: &CaptureInfo) -> Self {
        let time = |at| rfc3339(at, capture.time_digits);
        Self {
            number: call.number.0,
            call_uid: call.uid,
            call_id: call.call_id.as_deref(),
            from: PartyObject::of(&call.from),
            to: PartyObject::of(&call.to),
            caller: call.caller.to_string(),
            callee: call.callee.to_string(),
            caller_agent: call.agent.caller.as_deref(),
            callee_agent: call.agent.callee.as_deref(),
            started: time(call.started),
            answered: call.answered.map(time),
            ended: call.ended.map(time),
            duration_s: call.last_packet.seconds_since(call.started),
            state: call.state.name(),
            status: call.status,
            packets: PacketsObject {
                sip: call.packets.sip,
                rtp: call.packets.rtp,
                t38: call.packets.t38,
            },
            other_leg: call.other_leg.map(|number| number.0),
            other_leg_uid: call.other_leg_uid,
            path: path::hosts(&call.path),
            hops: path::hops(&call.path),
            cause: call.cause.map(|cause| cause.rule),
            fault_side: side_name(call.cause),
            fax: call.fax.as_ref().map(|fax| FaxObject::of(call, fax)),
            files: origin::files_of(call),
            log: call.log.as_ref().map(|log| LogObject::of(call, log)),
            hints: hints
                .iter()
                .map(|hint| HintObject::of(call, hint))
                .collect(),
        }
    }
}

impl<'a> CallInDocument<'a> {
    pub(super) fn of(
        call: &'a Call,
        hints: &'a [Hint],
        capture: &CaptureInfo,
        with_messages: bool,
    ) -> Self {
        Self {
            call: CallObject::of(call, hints, capture),
            messages: with_messages.then(|| messages(call, hints, capture.time_digits)),
        }
    }
}

impl<'a> CallLine<'a> {
    pub(super) fn of(
        call: &'a Call,
        hints: &'a [Hint],
        capture: &'a CaptureInfo,
        with_messages: bool,
    ) -> Self {
        let (from, to) = (&call.from, &call.to);
        Self {
            schema: super::SCHEMA,
            r#type: "call",
            file: &capture.file,
            capture_id: capture.uid,
            call: CallObject::of(call, hints, capture),
            from_user: from.user.as_deref(),
            from_host: from.host.as_deref(),
            from_display: from.display.as_deref(),
            to_user: to.user.as_deref(),
            to_host: to.host.as_deref(),
            to_display: to.display.as_deref(),
            messages: with_messages.then(|| messages(call, hints, capture.time_digits)),
        }
    }
}

impl<'a> PartyObject<'a> {
    fn of(party: &'a Party) -> Self {
        Self {
            user: party.user.as_deref(),
            host: party.host.as_deref(),
            display: party.display.as_deref(),
        }
    }
}
