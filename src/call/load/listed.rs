//! Fast path: a call as the list shows it, of which nothing but its signalling is of interest. Gives what
//! [`super::call`] gives in all that a row or a record without hints has (`export::tests` compares the two).

use std::io;

use super::{Draft, Source, blank, facts};
use crate::call::index::dialog::transport_name;
use crate::call::index::{DialogEntry, DialogId, PacketRef};
use crate::call::path::{Hop, HopKind, Host, HostId, Known, Role};
use crate::call::{BySide, Call, CallNo, Path, Side, UdptlStats};
use crate::capture::Endpoint;
use crate::sip::fast::outline;
use crate::sip::parse;

/// A call between two hosts that nothing tells to be more. `None`: it must be loaded.
///
/// # Errors
/// Only what reading the store fails with.
pub(crate) fn listed(
    source: &Source<'_>,
    id: DialogId,
    number: CallNo,
) -> io::Result<Option<Call>> {
    let Some(dialog) = source.index.dialog(id) else {
        return Ok(None);
    };
    if !dialog.is_direct() || dialog.caller.addr == dialog.callee.addr {
        return Ok(None);
    }
    let mut draft = Draft::new(number, source.index.names(dialog));
    let Some(transport) = read(source, dialog, &mut draft)? else {
        return Ok(None);
    };
    let path = straight((dialog.caller, dialog.callee), &draft.agent, transport);
    let owned = dialog.flows.iter().filter_map(|id| source.index.flow(*id));
    let rtp = owned
        .filter(|flow| flow.owner.is_some())
        .map(|flow| flow.rtp);
    draft.rtp_packets = rtp.fold(0, u32::saturating_add);
    let facts = facts::facts(source, dialog);
    let parts = (BySide::<UdptlStats>::default(), facts, path);
    Ok(Some(blank(source, dialog, draft, parts)))
}

/// Reads parties and agents; the transport, if all is as usual.
fn read(
    source: &Source<'_>,
    dialog: &DialogEntry,
    draft: &mut Draft,
) -> io::Result<Option<&'static str>> {
    let Some(transport) = dialog.messages.first().map(PacketRef::transport) else {
        return Ok(None);
    };
    for (place, packet) in dialog.messages.iter().enumerate() {
        let octets = source.store.fetch(packet.place())?;
        let Some(read) = outline::outline(&octets).filter(|_| packet.transport() == transport)
        else {
            return Ok(None);
        };
        if place == 0 {
            let invite = parse::message(&octets).filter(|_| read.is_request);
            let Some(invite) = invite.filter(|one| {
                one.method() == Some("INVITE") && one.cseq().is_some() && one.to().tag.is_none()
            }) else {
                return Ok(None);
            };
            super::signalling::parties(draft, &invite);
        }
        let from = if dialog.path(packet).0 == dialog.caller {
            Side::Caller
        } else {
            Side::Callee
        };
        if let Some(agent) = read.agent {
            // Which of two is shown, only the whole exchange tells.
            let known = draft.agent.of_mut(from);
            if known.get_or_insert_with(|| agent.to_owned()) != agent {
                return Ok(None);
            }
        }
    }
    Ok(Some(transport_name(transport)))
}

/// The path of a call with one hop.
fn straight(
    ends: (Endpoint, Endpoint),
    agent: &BySide<Option<String>>,
    transport: &'static str,
) -> Path {
    let host = |addr: Endpoint, role: Role, agent: &Option<String>| Host {
        addr,
        others: Vec::new(),
        contact: None,
        role,
        agent: agent.clone(),
        known: Known::Packets,
        serves: None,
    };
    let (caller, callee) = (HostId(0), HostId(1));
    Path {
        hosts: vec![
            host(ends.0, Role::Caller, &agent.caller),
            host(ends.1, Role::Callee, &agent.callee),
        ],
        route: vec![caller, callee],
        hops: vec![Hop {
            from: caller,
            to: callee,
            ends,
            kind: HopKind::Route,
            transport,
            captured: true,
            rewritten: Vec::new(),
        }],
        ..Path::default()
    }
}
