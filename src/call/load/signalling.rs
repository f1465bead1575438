//! The SIP messages of a call, parsed in full.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use crate::call::index::dialog::transport_name;
use crate::call::index::{DialogEntry, Map, Names};
use crate::call::load::{Draft, Source};
use crate::call::{Event, EventKind, Side, SipEvent};
use crate::sip::{Message, StartLine, parse};

/// Reads all messages of a dialog into events.
pub(super) fn read(source: &Source<'_>, dialog: &DialogEntry, draft: &mut Draft) -> io::Result<()> {
    let names = source.index.names(dialog);
    // Who sent the requests so far, by the branch of the hop and the number.
    let mut asked: HashMap<(String, u32), Side> = HashMap::new();
    for packet in &dialog.messages {
        let octets = source.store.fetch(packet.place())?;
        let Some(message) = parse::message(&octets) else {
            continue;
        };
        let (src, dst) = dialog.path(packet);
        let transaction = message
            .branch()
            .zip(message.cseq())
            .map(|(branch, (number, _))| (branch.to_owned(), number));
        let request = matches!(message.start, StartLine::Request { .. });
        let answers = transaction.as_ref().and_then(|key| asked.get(key));
        let from = match answers {
            Some(asking) if !request => asking.other(),
            _ => source.seat(sender(dialog, names, &message, (src.addr, dst.addr))),
        };
        if let Some(key) = transaction.filter(|_| request) {
            asked.insert(key, from);
        }
        if draft.events.is_empty() {
            parties(draft, &message);
            let asker = if request { from } else { from.other() };
            // A request in the dialog has the callee in From if it sends it.
            if asker == Side::Callee && !dialog.starts_with_invite {
                std::mem::swap(&mut draft.from, &mut draft.to);
            }
        }
        describe(draft, &message, from, dialog.status);
        let sdp = message.sdp();
        let sip = SipEvent {
            message,
            sdp,
            transport: transport_name(packet.transport()),
            cut: u32::from(packet.cut),
        };
        let event = draft.event(
            (packet.frame, packet.at),
            (src, dst),
            from,
            EventKind::Sip(Arc::new(sip)),
        );
        draft.events.push(event);
    }
    Ok(())
}

/// Who sent a message: by tags, else by address.
fn sender(
    dialog: &DialogEntry,
    names: Names<'_>,
    message: &Message,
    (src, dst): (IpAddr, IpAddr),
) -> Side {
    let request = matches!(message.start, StartLine::Request { .. });
    let tag = message.from().tag;
    dialog
        .sender_by_tag(names, tag.as_deref().map(str::as_bytes), request)
        .unwrap_or_else(|| dialog.side_of_path(src, dst))
}

/// Who calls whom, by the first message.
pub(super) fn parties(draft: &mut Draft, message: &Message) {
    let (from, to) = (message.from(), message.to());
    if from.user.is_some() || from.host.is_some() {
        draft.from = from;
    }
    if to.user.is_some() || to.host.is_some() {
        draft.to = to;
    }
}

/// Agents and the reason of a refusal: that of the status which decided, not of a challenge before it.
fn describe(draft: &mut Draft, message: &Message, from: Side, decided: Option<u16>) {
    if let Some(agent) = message.user_agent() {
        draft
            .agent
            .of_mut(from)
            .get_or_insert_with(|| agent.to_owned());
    }
    if let StartLine::Response { status, reason } = &message.start
        && Some(*status) == decided
        && draft.reason.is_none()
        && message
            .cseq()
            .is_some_and(|(_, method)| method.eq_ignore_ascii_case("INVITE"))
    {
        draft.reason = Some(reason.clone());
    }
}

/// Codec names by payload type, out of all SDP of a call.
pub(super) fn codecs(events: &[Event]) -> Map<u8, String> {
    let mut out = Map::default();
    for event in events {
        let EventKind::Sip(sip) = &event.kind else {
            continue;
        };
        for line in sip.sdp.iter().flat_map(|sdp| &sdp.media) {
            for (payload_type, name, _) in &line.rtpmap {
                out.insert(*payload_type, name.clone());
            }
        }
    }
    out
}
