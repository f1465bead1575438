//! SIP messages into dialogs (RFC 3261 12), tolerant of what the capture lacks.

use std::borrow::Cow;

use crate::call::Side;
use crate::call::index::dialog::DialogEntry;
use crate::call::index::tag::Tag;
use crate::call::index::{DialogId, Index, MAX_DIALOGS, MAX_MESSAGES, PacketRef};
use crate::call::seats::asker_is_caller;
use crate::capture::Packet;
use crate::capture::store::Store;
use crate::sip::parse;
use crate::sip::parse::party::name;
use crate::sip::scan::{Brief, BriefStart};

mod state;

use state::{
    Method, Response, begin, is_at_caller, is_invite_2xx, is_invite_failure, note_answer,
    note_hops, request, response, side_by_host,
};

impl Index {
    /// Takes one SIP message, scanned; its octets are the packet's payload.
    pub(super) fn sip_message(
        &mut self,
        packet: &Packet<'_>,
        brief: &Brief<'_>,
        transport: u8,
        store: &mut Store,
    ) -> std::io::Result<()> {
        let (method, answered) = Method::of(brief);
        let Some(found) = self.dialog_of(packet, brief, method) else {
            self.other_sip.note(packet);
            return Ok(());
        };
        let id = found.id;
        let place = usize::try_from(id.0).unwrap_or(usize::MAX);
        let Some(dialog) = self.dialogs.get_mut(place) else {
            return Ok(());
        };
        if packet.duplicate {
            dialog.touch_duplicate(packet);
            return Ok(());
        }
        let kept = dialog.keep(packet, transport, store)?;
        self.left_out += u64::from(!kept);
        let had_ended = dialog.ended.is_some();
        dialog.touch(packet);
        if packet.cut > 0 {
            dialog.rare_mut().truncated_sip += 1;
        }
        let request = matches!(brief.start, BriefStart::Request { .. });
        let side = (brief.from_tag)
            .and_then(|tag| dialog.sender(tag, found.of_caller, request))
            .unwrap_or_else(|| side_by_host(dialog, packet));
        if method == Method::Invite && request && side == Side::Caller {
            note_hops(dialog, packet);
        }
        follow_state(dialog, packet, brief, (method, answered), side);
        // Once, as a dialog may have thousands of messages and of flows.
        if dialog.ended.is_some() && !had_ended && !dialog.t38_offered && !dialog.flows.is_empty() {
            let flows = std::mem::take(&mut dialog.flows);
            self.forget_locations(&flows);
            if let Some(dialog) = self.dialog_mut(id) {
                dialog.flows = flows;
            }
        }
        if brief.has_sdp() {
            self.claim_sdp(id, side, packet, brief);
        }
        self.note_change(id);
        Ok(())
    }

    /// The dialog of a message, new if need be. `None`: the index is full, or no Call-ID and no INVITE.
    fn dialog_of(
        &mut self,
        packet: &Packet<'_>,
        brief: &Brief<'_>,
        method: Method,
    ) -> Option<Found> {
        let unnamed;
        let call_id = if let Some(call_id) = brief.call_id() {
            call_id
        } else {
            // The snap length cut it off, or it never was there: what is between the same hosts belongs together.
            unnamed = unnamed_key(packet);
            &unnamed
        };
        let key = self.by_call_id.key(call_id);
        let first = self
            .by_call_id
            .get(key)
            .filter(|at| self.has_call_id(*at, brief.call_id()));
        let found = self.find(first, brief, method, packet);
        if let Some(found) = found.or_else(|| self.find_by_hosts(first, brief, method, packet)) {
            return Some(found);
        }
        if self.dialogs.len() >= MAX_DIALOGS {
            self.left_out += 1;
            return None;
        }
        // What is of a call, not of registrations, presence and the like outside one.
        if method == Method::Other && brief.call_id().is_some() {
            return None;
        }
        self.other_sip.note(packet);
        self.new_dialog(packet, brief, method, (key, first))
    }

    /// A dialog that begins with this message, the newest of its Call-ID.
    fn new_dialog(
        &mut self,
        packet: &Packet<'_>,
        brief: &Brief<'_>,
        method: Method,
        (key, first): (u64, Option<u32>),
    ) -> Option<Found> {
        let fork = self.fork_of(first, brief, method);
        let id = u32::try_from(self.dialogs.len()).ok()?;
        let mut entry = DialogEntry::new(packet);
        begin(&mut entry, brief, method, packet);
        let (mut from, mut to) = (brief.from().map(name), brief.to().map(name));
        let turned = fork.is_none() && comes_from_callee(brief, packet);
        let mut caller_tag = brief.from_tag;
        if turned {
            entry.turn(brief.from_tag);
            std::mem::swap(&mut from, &mut to);
            caller_tag = brief.to_tag;
        }
        if let Some(original) = fork.and_then(|at| self.dialog(at)) {
            entry.inherit(original);
            let names = self.names(original);
            from = Some(Cow::Owned(names.from().to_owned()));
            to = Some(Cow::Owned(names.to().to_owned()));
        }
        entry.names = self.texts.add(
            brief.call_id(),
            caller_tag.unwrap_or_default(),
            from.as_deref().unwrap_or_default(),
            to.as_deref().unwrap_or_default(),
        );
        entry.next = first;
        entry.unnamed = brief.call_id().is_none();
        self.by_call_id.set(key, id);
        self.dialogs.push(entry);
        Some(Found {
            id: DialogId(id),
            of_caller: !turned,
        })
    }

    /// Whether a dialog that was found by the hash of its Call-ID has it.
    pub(super) fn has_call_id(&self, at: u32, call_id: Option<&[u8]>) -> bool {
        self.dialog(DialogId(at))
            .is_some_and(|dialog| self.names(dialog).call_id() == call_id)
    }

    /// Among the dialogs with the same Call-ID: the one whose tags fit.
    fn find(
        &self,
        first: Option<u32>,
        brief: &Brief<'_>,
        method: Method,
        packet: &Packet<'_>,
    ) -> Option<Found> {
        let from = brief.from_tag.unwrap_or_default();
        let to = brief.to_tag;
        let mut loose = None;
        let mut next = first;
        let mut looked = 0;
        while let Some(at) = next
            && looked < MOST_FORKS
        {
            looked += 1;
            let dialog = self.dialog(DialogId(at))?;
            next = dialog.next;
            let caller_tag = self.names(dialog).caller_tag();
            let of_caller = caller_tag == from;
            let peer = if of_caller { to } else { brief.from_tag };
            if !of_caller && to.is_none_or(|tag| caller_tag != tag) {
                continue;
            }
            let id = DialogId(at);
            let found = Found { id, of_caller };
            let request = matches!(brief.start, BriefStart::Request { .. });
            match (peer, dialog.callee_tag()) {
                (Some(peer), Some(known)) if peer == known => return Some(found),
                // Behind a relay tags are other ones: those of a branch of a fork, of a B2BUA that keeps the Call-ID.
                (Some(_), Some(_)) if !is_at_caller(dialog, packet, request) => {
                    loose = loose.or(Some(found));
                }
                // Another 2xx to the same INVITE is another dialog (RFC 3261 13.2.2.4).
                (Some(_), Some(_))
                    if dialog.confirmed && of_caller && is_invite_2xx(brief, method) => {}
                // Responses above 299 carry whatever tag: they end the one INVITE there is.
                (Some(_), Some(_)) if dialog.confirmed && !is_invite_failure(brief, method) => {}
                _ => loose = loose.or(Some(found)),
            }
        }
        loose
    }

    /// Among the dialogs with the same Call-ID: the one between the same two hosts, where no tags fit. Some gateways
    /// change a tag on the way, or from message to message.
    fn find_by_hosts(
        &self,
        first: Option<u32>,
        brief: &Brief<'_>,
        method: Method,
        packet: &Packet<'_>,
    ) -> Option<Found> {
        // An INVITE with a tag of its own is a call of its own.
        let request = matches!(brief.start, BriefStart::Request { .. });
        if method == Method::Invite && request && brief.to_tag.is_none() {
            return None;
        }
        let mut next = first;
        for _ in 0..MOST_FORKS {
            let at = next?;
            let dialog = self.dialog(DialogId(at))?;
            next = dialog.next;
            // Another 2xx to the first INVITE begins a dialog of its own (RFC 3261 13.2.2.4).
            let number = brief.cseq().map(|(number, _)| number);
            let forks = is_invite_2xx(brief, method)
                && dialog.answered.is_some()
                && dialog.invite_cseq == number;
            if !forks && dialog.is_between(packet.src.addr, packet.dst.addr) {
                return Some(Found {
                    id: DialogId(at),
                    of_caller: false,
                });
            }
        }
        None
    }

    /// The dialog whose INVITE a further 2xx answers.
    fn fork_of(&self, first: Option<u32>, brief: &Brief<'_>, method: Method) -> Option<DialogId> {
        if !is_invite_2xx(brief, method) {
            return None;
        }
        let at = DialogId(first?);
        let names = self.names(self.dialog(at)?);
        (names.caller_tag() == brief.from_tag.unwrap_or_default()).then_some(at)
    }
}

impl DialogEntry {
    /// Notes where a message lies. False: there is no room for it.
    fn keep(
        &mut self,
        packet: &Packet<'_>,
        transport: u8,
        store: &mut Store,
    ) -> std::io::Result<bool> {
        if self.messages.len() >= MAX_MESSAGES {
            return Ok(false);
        }
        let place = store.locate(packet)?;
        let Some(kept) = PacketRef::new(packet, place, transport) else {
            return Ok(false);
        };
        let path = self.number_of_path(packet.src, packet.dst);
        self.messages.push(kept.on(path));
        Ok(true)
    }

    /// What began the entry was sent by the callee, with this tag, or answers it.
    fn turn(&mut self, tag: Option<&[u8]>) {
        std::mem::swap(&mut self.caller, &mut self.callee);
        if let Some(tag) = tag {
            Tag::keep(&mut self.callee_tag, tag);
        }
    }

    /// A fork: the same INVITE, another answer.
    fn inherit(&mut self, original: &Self) {
        self.is_branch = true;
        self.caller = original.caller;
        self.has_invite = original.has_invite;
        self.starts_with_invite = original.starts_with_invite;
        self.invite_cseq = original.invite_cseq;
        self.started = original.started;
        self.first_frame = original.first_frame;
        let first = original.messages.first();
        if let Some(invite) =
            first.filter(|first| original.answered.is_none_or(|at| first.at <= at))
        {
            let (src, dst) = original.path(invite);
            let path = self.number_of_path(src, dst);
            self.messages.push(invite.on(path));
        }
    }
}

/// What a message from this side changes in the state of its dialog.
fn follow_state(
    dialog: &mut DialogEntry,
    packet: &Packet<'_>,
    brief: &Brief<'_>,
    (method, answered): (Method, Option<u32>),
    side: Side,
) {
    let is_request = matches!(brief.start, BriefStart::Request { .. });
    let at_caller = is_at_caller(dialog, packet, is_request);
    match brief.start {
        BriefStart::Request { .. } => {
            request(dialog, packet.at, brief, method, (side, at_caller));
        }
        BriefStart::Response { status } => {
            let to = Response {
                status,
                number: answered,
                from_caller: side == Side::Callee,
                at_caller,
            };
            if to.from_caller && is_invite_2xx(brief, method) {
                note_answer(dialog, packet);
            }
            response(dialog, packet.at, brief, method, &to);
        }
    }
}

/// The dialog of a message.
#[derive(Clone, Copy)]
struct Found {
    id: DialogId,
    /// The tag in the From is that of the caller.
    of_caller: bool,
}

/// Dialogs of one Call-ID among which a message is looked for, the newest first; forks are a handful.
const MOST_FORKS: usize = 200;

/// Whether the first message that was captured of a dialog is a request of the callee, or answers one.
fn comes_from_callee(brief: &Brief<'_>, packet: &Packet<'_>) -> bool {
    if brief.to_tag.is_none() {
        return false;
    }
    let message = parse::message(packet.payload);
    let ends = (packet.src.addr, packet.dst.addr);
    message.and_then(|message| asker_is_caller(&message, ends)) == Some(false)
}

/// Stands for the Call-ID of messages without one: the two hosts, in either order.
fn unnamed_key(packet: &Packet<'_>) -> Vec<u8> {
    let (one, other) = (
        packet.src.addr.min(packet.dst.addr),
        packet.src.addr.max(packet.dst.addr),
    );
    format!("\0{one} {other}").into_bytes()
}
