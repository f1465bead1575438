//! `CALL` of the contract.

use serde::Serialize;

use super::fax::{FaxObject, side_name};
use super::hint::HintObject;
use super::message::{MessageObject, messages};
use super::path::{self, HopObject, HostObject};
use crate::call::Call;
use crate::capture::CaptureInfo;
use crate::hint::Hint;
use crate::sip::Party;
use crate::view::time::rfc3339;

#[derive(Serialize)]
pub(super) struct CallObject<'a> {
    number: u32,
    call_id: Option<&'a str>,
    from: PartyObject<'a>,
    to: PartyObject<'a>,
    caller: String,
    callee: String,
    caller_agent: Option<&'a str>,
    callee_agent: Option<&'a str>,
    started: String,
    answered: Option<String>,
    ended: Option<String>,
    duration_s: f64,
    state: &'static str,
    status: Option<u16>,
    packets: PacketsObject,
    other_leg: Option<u32>,
    path: Vec<HostObject<'a>>,
    hops: Vec<HopObject<'a>>,
    cause: Option<&'static str>,
    fault_side: Option<&'static str>,
    fax: Option<FaxObject<'a>>,
    hints: Vec<HintObject<'a>>,
    /// Only from `flow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<MessageObject<'a>>>,
}

#[derive(Serialize)]
struct PartyObject<'a> {
    user: Option<&'a str>,
    host: Option<&'a str>,
    display: Option<&'a str>,
}

#[derive(Serialize)]
struct PacketsObject {
    sip: u32,
    rtp: u32,
    t38: u32,
}

impl<'a> CallObject<'a> {
    pub(super) fn of(
        call: &'a Call,
        hints: &'a [Hint],
        capture: &CaptureInfo,
        with_messages: bool,
    ) -> Self {
        let time = |at| rfc3339(at, capture.time_digits);
        Self {
            number: call.number.0,
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
            path: path::hosts(&call.path),
            hops: path::hops(&call.path),
            cause: call.cause.map(|cause| cause.rule),
            fault_side: side_name(call.cause),
            fax: call.fax.as_ref().map(|fax| FaxObject::of(call, fax)),
            hints: hints
                .iter()
                .map(|hint| HintObject::of(call, hint))
                .collect(),
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
