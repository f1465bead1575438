//! What a message says about the state of its dialog, in the words of Wireshark's `VoIP` Calls.

use crate::call::index::dialog::DialogEntry;
use crate::call::index::tag::Tag;
use crate::call::{CallState, Side};
use crate::capture::{Endpoint, Packet, Timestamp};
use crate::sip::scan::{Brief, BriefStart};

/// Hosts that relay one dialog; Max-Forwards begins at 70 (RFC 3261 8.1.1.6).
const MAX_HOPS: usize = 70;

/// Method of a message: of the request itself, or of the one that a response answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Invite,
    Bye,
    Cancel,
    /// Another one that only a call has: in-dialog requests prove a call whose start is missing.
    InCall,
    Other,
}

impl Method {
    /// With it, of a response, the number of the request that it answers.
    pub(super) fn of(brief: &Brief<'_>) -> (Self, Option<u32>) {
        let (name, number) = match brief.start {
            BriefStart::Request { method, .. } => (method, None),
            BriefStart::Response { .. } => {
                let cseq = brief.cseq();
                cseq.map_or((&[][..], None), |(number, method)| (method, Some(number)))
            }
        };
        let method = Self::named(name).unwrap_or_else(|| {
            let odd = name.iter().any(u8::is_ascii_lowercase);
            let upper = odd.then(|| name.to_ascii_uppercase());
            upper
                .and_then(|name| Self::named(&name))
                .unwrap_or(Self::Other)
        });
        (method, number)
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"INVITE" => Some(Self::Invite),
            b"BYE" => Some(Self::Bye),
            b"CANCEL" => Some(Self::Cancel),
            b"ACK" | b"PRACK" | b"UPDATE" | b"INFO" => Some(Self::InCall),
            _ => None,
        }
    }
}

pub(super) fn is_invite_2xx(brief: &Brief<'_>, method: Method) -> bool {
    method == Method::Invite && matches!(brief.start, BriefStart::Response { status: 200..=299 })
}

pub(super) fn is_invite_failure(brief: &Brief<'_>, method: Method) -> bool {
    method == Method::Invite && matches!(brief.start, BriefStart::Response { status: 300.. })
}

/// What the first message of a dialog says about it.
pub(super) fn begin(
    entry: &mut DialogEntry,
    brief: &Brief<'_>,
    method: Method,
    packet: &Packet<'_>,
) {
    let request = matches!(brief.start, BriefStart::Request { .. });
    entry.starts_with_invite = request && method == Method::Invite && brief.to_tag.is_none();
    if request {
        if let Some(tag) = brief.to_tag {
            Tag::keep(&mut entry.callee_tag, tag);
        }
    } else {
        (entry.caller, entry.callee) = (packet.dst, packet.src);
    }
}

/// Without tags: who sent it, by address.
pub(super) fn side_by_host(dialog: &DialogEntry, packet: &Packet<'_>) -> Side {
    dialog.side_of_path(packet.src.addr, packet.dst.addr)
}

/// An INVITE that another host than the caller sends is relayed: the way of the dialog gets longer.
pub(super) fn note_hops(dialog: &mut DialogEntry, packet: &Packet<'_>) {
    let own = packet.src.addr == dialog.caller.addr && dialog.callee.addr != dialog.caller.addr;
    if !dialog.starts_with_invite || own || packet.src == dialog.caller {
        return;
    }
    let relay = dialog.callee;
    let forward = packet.dst.addr != dialog.caller.addr;
    let known = |host: &Endpoint| host.addr == packet.src.addr;
    // From an address to which no INVITE went: the host has two of them, or a NAT stands between.
    let elsewhere = dialog.answered.is_none() && !dialog.rare().hops.iter().any(known);
    if forward && (known(&relay) || elsewhere) && dialog.rare().hops.len() < MAX_HOPS {
        let hops = &mut dialog.rare_mut().hops;
        if !hops.contains(&relay) {
            hops.push(relay);
        }
        dialog.callee = packet.dst;
    }
}

/// Whether a message is on the caller's own hop, where the state of a relayed dialog is decided.
pub(super) fn is_at_caller(dialog: &DialogEntry, packet: &Packet<'_>, request: bool) -> bool {
    let hops = &dialog.rare().hops;
    if hops.is_empty() {
        return true;
    }
    let end = if request { packet.src } else { packet.dst };
    let caller = dialog.caller;
    let shared = |host: &Endpoint| host.addr == caller.addr;
    end == caller
        || (end.addr == caller.addr && !hops.iter().any(shared) && !shared(&dialog.callee))
}

/// The 2xx comes from the callee, on whichever branch of a fork that is.
pub(super) fn note_answer(dialog: &mut DialogEntry, packet: &Packet<'_>) {
    let hops = &dialog.rare().hops;
    if !hops.is_empty() && !hops.contains(&packet.src) && packet.src != dialog.caller {
        dialog.callee = packet.src;
    }
}

/// Follows the state of a call by a request (the words of Wireshark's `VoIP` Calls).
pub(super) fn request(
    dialog: &mut DialogEntry,
    at: Timestamp,
    brief: &Brief<'_>,
    method: Method,
    (side, at_caller): (Side, bool),
) {
    if method == Method::Invite {
        dialog.has_invite = true;
        if brief.to_tag.is_none() && side == Side::Caller && dialog.answered.is_none() {
            dialog.invite_cseq = brief.cseq().map(|(number, _)| number);
            dialog.state = CallState::Calling;
            dialog.ended = None;
            dialog.status = None;
        } else if brief.to_tag.is_some() && dialog.state == CallState::Unknown {
            dialog.state = CallState::InCall;
        }
    } else if method == Method::Bye
        && !matches!(dialog.state, CallState::Cancelled | CallState::Rejected)
    {
        dialog.state = CallState::Completed;
        dialog.ended = Some(at);
    } else if method == Method::Cancel && dialog.answered.is_none() && at_caller {
        dialog.state = CallState::Cancelled;
        dialog.ended = Some(at);
    }
}

/// What a response is to.
pub(super) struct Response {
    pub(super) status: u16,
    /// `CSeq` of the request.
    pub(super) number: Option<u32>,
    /// The caller sent the request.
    pub(super) from_caller: bool,
    /// It is on the caller's hop.
    pub(super) at_caller: bool,
}

/// Follows the state of a call by a response, and whether it is one to the caller.
pub(super) fn response(
    dialog: &mut DialogEntry,
    at: Timestamp,
    brief: &Brief<'_>,
    method: Method,
    response: &Response,
) {
    if method != Method::Invite {
        if dialog.state == CallState::Completed && method == Method::Bye {
            dialog.ended = Some(at);
        }
        return;
    }
    let &Response {
        status,
        number,
        from_caller,
        at_caller,
    } = response;
    // The first INVITE that was captured was one in the dialog: what answers it says nothing about the call.
    let mid_dialog = dialog.state == CallState::InCall;
    let initial = from_caller
        && at_caller
        && dialog
            .invite_cseq
            .map_or(!mid_dialog, |first| Some(first) == number)
        && dialog.answered.is_none();
    if from_caller
        && status > 100
        && status < 300
        && (!dialog.confirmed || status >= 200)
        && dialog.answered.is_none()
        && let Some(tag) = brief.to_tag.filter(|tag| dialog.callee_tag() != Some(*tag))
    {
        Tag::keep(&mut dialog.callee_tag, tag);
    }
    if !initial {
        return;
    }
    take_answer(dialog, at, status);
}

/// Follows the state of a call by an answer to its first INVITE.
fn take_answer(dialog: &mut DialogEntry, at: Timestamp, status: u16) {
    match status {
        100 => {}
        101..=199 => {
            dialog.rang = true;
            if dialog.state != CallState::Cancelled {
                dialog.state = CallState::Ringing;
            }
        }
        200..=299 => {
            dialog.confirmed = true;
            dialog.answered = Some(at);
            dialog.status = Some(status);
            dialog.state = CallState::InCall;
        }
        // A challenge is no end: the INVITE is repeated with credentials.
        _ => {
            dialog.status = Some(status);
            dialog.ended = Some(at);
            if status == 487 && dialog.state == CallState::Cancelled {
                return;
            }
            dialog.state = match status {
                487 => CallState::Cancelled,
                408 | 480 if dialog.rang => CallState::Unanswered,
                _ => CallState::Rejected,
            };
        }
    }
}
