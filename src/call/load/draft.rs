//! A call being put together, before anything is worked out.

use crate::call::exchange::Exchange;
use crate::call::index::{DialogEntry, Names};
use crate::call::load::{Source, facts};
use crate::call::{
    BySide, Call, CallNo, CaptureFacts, Event, EventKind, HangUp, PacketCounts, Path, Side,
    UdptlStats,
};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::sip::Party;
use crate::uid::Uid;

/// A call being put together.
pub(super) struct Draft {
    pub(super) number: CallNo,
    pub(super) events: Vec<Event>,
    pub(super) from: Party,
    pub(super) to: Party,
    pub(super) agent: BySide<Option<String>>,
    pub(super) reason: Option<String>,
    pub(super) rtp_packets: u32,
    pub(super) t38_packets: u32,
    pub(super) speaks: BySide<bool>,
}

impl Draft {
    pub(super) fn new(number: CallNo, names: Names<'_>) -> Self {
        let user = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            number,
            events: Vec::new(),
            from: Party {
                user: user(names.from()),
                ..Party::default()
            },
            to: Party {
                user: user(names.to()),
                ..Party::default()
            },
            agent: BySide::default(),
            reason: None,
            rtp_packets: 0,
            t38_packets: 0,
            speaks: BySide::default(),
        }
    }

    pub(super) fn event(
        &self,
        frames: (FrameNo, Timestamp),
        path: (Endpoint, Endpoint),
        from: Side,
        kind: EventKind,
    ) -> Event {
        Event::seen(self.number, frames, path, from, kind)
    }
}

/// A call of what the index knows and the draft holds, and nothing worked out yet.
pub(super) fn blank(
    source: &Source<'_>,
    dialog: &DialogEntry,
    draft: Draft,
    (udptl, facts, path): (BySide<UdptlStats>, CaptureFacts, Path),
) -> Call {
    let sip_packets = dialog.messages.len();
    let (caller, callee) = if source.turned {
        (dialog.callee, dialog.caller)
    } else {
        (dialog.caller, dialog.callee)
    };
    Call {
        number: draft.number,
        uid: Uid::default(),
        call_id: source.index.names(dialog).call_id().map(crate::text::lossy),
        from: draft.from,
        to: draft.to,
        caller,
        callee,
        agent: draft.agent,
        started: dialog.started,
        answered: dialog.answered,
        ended: dialog.ended,
        last_packet: dialog.last_packet,
        state: dialog.state,
        status: dialog.status,
        reason: draft.reason,
        packets: PacketCounts {
            sip: u32::try_from(sip_packets).unwrap_or(u32::MAX),
            rtp: draft.rtp_packets,
            t38: draft.t38_packets,
        },
        other_leg: None,
        other_leg_uid: None,
        other_candidates: Vec::new(),
        events: draft.events,
        transactions: Vec::new(),
        negotiations: Vec::new(),
        media: Vec::new(),
        udptl,
        path,
        exchange: Exchange::default(),
        copies: Vec::new(),
        log: None,
        cause: None,
        incomplete: facts::incomplete(source, dialog),
        speaks: draft.speaks,
        fax: None,
        page_attempts: Vec::new(),
        capture: facts,
        hang_up: HangUp::default(),
    }
}
