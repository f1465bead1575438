//! Signalling within a dialog: retransmissions, addresses that cannot be reached, announcements.

use crate::hint::configured::Bearing;
use crate::hint::rule::{Check, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::reinvite::T38_REINVITE_TIMEOUT;
use std::net::IpAddr;

use crate::call::path::HopKind;
use crate::call::{Event, EventId, FaultSide, Side, SipEvent, Transaction};
use crate::hint::context::{headers, is_private, status};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::StartLine;

/// `sip-retransmissions`: fewer happen on good networks too.
const MANY_RETRANSMISSIONS: usize = 3;
/// Answers repeated so often without an ACK show that the ACK does not come.
const ANSWERS_WITHOUT_ACK: usize = 3;

pub(super) const RULES: &[&Rule] = &[
    &SIP_ACK_MISSING,
    &SIP_RETRANSMISSIONS,
    &SIP_PRIVATE_CONTACT,
    &SIP_FAX_TAG,
];

pub(in crate::hint) static SIP_ACK_MISSING: Rule = Rule {
    id: "sip-ack-missing",
    severity: Severity::Error,
    title: "200 OK is repeated: its ACK never arrives",
    advice: "The ACK is lost, or goes to an address where nobody is: a private Contact, a missing Record-Route, a \
             SIP ALG. The side that sent the 200 ends the call about 32 s later, often in the middle of the fax. \
             Check Contact and NAT settings of the side that sent the 200 (externip/localnet, \
             external_signaling_address, rewrite_contact), and capture where the ACK should pass.",
    step: "check Contact and NAT settings of the side that sent the 200",
    reference: "RFC 3261 (a 2xx is repeated until its ACK arrives)",
    when: "a 2xx to INVITE or re-INVITE is sent three times or more, and no ACK to it is in the capture",
    check: Check::Many(ack_missing),
    absence: Some(0.0),
    covers: &[hide(&[
        &SIP_EARLY_BYE,
        &SIP_RETRANSMISSIONS,
        &T30_DROPPED_MID_FAX,
    ])],
    ..super::SIP
};

pub(in crate::hint) static SIP_RETRANSMISSIONS: Rule = Rule {
    id: "sip-retransmissions",
    severity: Severity::Warning,
    title: "SIP messages had to be sent again",
    advice: "SIP is lost on the way, or the peer is slow to answer. Where signalling is lost T.38 often is too, \
             as it takes the same path; a slow peer delays the switch to T.38 past the timers of T.30. Check \
             load and network of the side that answers late.",
    step: "check load and network of the side that answers late",
    reference: "RFC 3261 (retransmission over UDP)",
    when: "requests or 2xx of a call are repeated three times or more, and no other rule says of which",
    check: Check::One(retransmissions),
    ..super::SIP
};

pub(in crate::hint) static SIP_PRIVATE_CONTACT: Rule = Rule {
    id: "sip-private-contact",
    severity: Severity::Warning,
    title: "The Contact is a private address",
    advice: "ACK, BYE and the T.38 re-INVITE go to the Contact of the other side. If nobody repairs it \
             (fix_nated_contact in Kamailio, rewrite_contact in PJSIP, nat=yes or rport elsewhere), they are lost \
             although the call connects. Set the external address on the side that announces the private one.",
    step: "set the external address where the private one is announced",
    reference: "RFC 3261 (dialogs); RFC 3581 (rport)",
    when: "a Contact holds a private address while the packet comes from a public one",
    check: Check::Many(private_contact),
    covers: &[hide(&[&T38_REINVITE_TIMEOUT])],
    settings: Bearing::NAT,
    ..super::SIP
};

pub(in crate::hint) static SIP_FAX_TAG: Rule = Rule {
    id: "sip-fax-tag",
    severity: Severity::Note,
    title: "A side announces that it is a fax",
    advice: "A terminal may say that it is a fax and which transport it prefers. If the caller asked for T.38 \
             and no switch follows, look at t38-no-reinvite: the answering side should have asked for T.38.",
    reference: "RFC 6913",
    when: "Contact or Accept-Contact holds sip.fax",
    check: Check::One(fax_tag),
    ..super::SIP
};

fn ack_missing(context: &RuleContext<'_>) -> Vec<Finding> {
    context
        .transactions("INVITE")
        .filter(|invite| !is_acknowledged(context, invite))
        .filter_map(|invite| {
            let answers: Vec<&Event> = invite
                .responses
                .iter()
                .filter(|(status, _)| (200..300).contains(status))
                .filter_map(|(_, id)| context.event(*id))
                .collect();
            let (first, last) = (answers.first()?, answers.last()?);
            if answers.len() < ANSWERS_WITHOUT_ACK {
                return None;
            }
            let seen = format!(
                "200 OK repeated {}x, no ACK – call will drop after 32 s",
                answers.len()
            );
            let more = format!(
                "The ACK of {} does not reach {}.",
                context.whose(first.from.other()),
                context.whose(first.from)
            );
            let found = Finding::new(Severity::Error, [first.frame, last.frame], seen)
                .on(first.id)
                .about(first.src)
                .more(more);
            // It was sent, and a proxy on the way did not pass it on.
            let kept = !invite.acks.is_empty();
            Some(if kept {
                found.blame(FaultSide::Pbx)
            } else {
                found
            })
        })
        .collect()
}

/// Whether an ACK reached the host that sent the 2xx.
fn is_acknowledged(context: &RuleContext<'_>, invite: &Transaction) -> bool {
    let ok = (invite.responses.iter()).find(|(status, _)| (200..300).contains(status));
    let mut acks = invite.acks.iter();
    ok.map_or(!invite.acks.is_empty(), |(_, ok)| {
        acks.any(|ack| context.call.reaches_maker(*ack, *ok))
    })
}

fn retransmissions(context: &RuleContext<'_>) -> Option<Finding> {
    let repeated: Vec<(&Event, &SipEvent)> = context
        .messages()
        .filter(|(event, sip)| {
            event.retransmission && status(sip).is_none_or(|status| (200..300).contains(&status))
        })
        .collect();
    let count = repeated.len();
    let (first, _) = repeated.first().filter(|_| count >= MANY_RETRANSMISSIONS)?;
    let seen = format!("SIP retransmissions ({count}) – packet loss or slow peer on signalling");
    let frames = repeated.iter().map(|(event, _)| event.frame);
    Some(
        Finding::new(Severity::Warning, frames, seen)
            .on(first.id)
            .about(first.src)
            // Whose answer is late, or who loses it, is not known.
            .blame_nobody(),
    )
}

fn private_contact(context: &RuleContext<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for side in [Side::Caller, Side::Callee] {
        let told = context
            .messages()
            .filter(|(event, _)| event.from == side)
            .find_map(|(event, sip)| {
                let addr = contact_address(sip)?;
                let hidden = is_private(addr) && !is_private(event.src.addr);
                (hidden && !is_mended(context, event)).then_some((event, addr))
            });
        let Some((event, addr)) = told else {
            continue;
        };
        // Seen behind the peer's own NAT: its public address is not in the capture.
        let severity = if lost_towards(context, side, addr) {
            Severity::Error
        } else if is_private(event.dst.addr) {
            Severity::Note
        } else {
            Severity::Warning
        };
        let seen = format!("Contact {addr} is private – ACK/BYE/T.38 re-INVITE may not return");
        let finding = Finding::new(severity, [event.frame], seen)
            .on(event.id)
            .about(event.src)
            .more(format!(
                "It is announced by {}, whose packets come from {}.",
                context.whose(side),
                event.src.addr
            ));
        // A proxy between has to put the true address there.
        found.push(if context.call.path.is_one_hop() {
            finding
        } else {
            finding.blame(FaultSide::Pbx)
        });
    }
    found
}

/// Whether a proxy on the way put a public Contact in place of a private one.
fn is_mended(context: &RuleContext<'_>, event: &Event) -> bool {
    context.call.observations(event.id).any(|copy| {
        let sip = context.message(copy.id).map(|(_, sip)| sip);
        let addr = sip.and_then(contact_address);
        copy.id != event.id && addr.is_some_and(|addr| !is_private(addr))
    })
}

/// Requests towards this side leave for an address from which nothing comes.
fn goes_nowhere(context: &RuleContext<'_>, side: Side) -> bool {
    let path = &context.call.path;
    context.observations().any(|(event, _)| {
        let hop = event.hop.and_then(|hop| path.hop(hop));
        event.from == side.other() && hop.is_some_and(|hop| hop.kind == HopKind::Nowhere)
    })
}

/// Whether requests within the dialog towards this side are lost: no answer to them, or no ACK.
fn lost_towards(context: &RuleContext<'_>, side: Side, contact: IpAddr) -> bool {
    let contact = contact.to_string();
    // What goes to where the packets of the side come from is not lost for the Contact.
    let to_contact = |id: &EventId| {
        context.message(*id).is_some_and(|(event, sip)| {
            let asks = match &sip.message.start {
                StartLine::Request { uri, .. } => uri.contains(&contact),
                StartLine::Response { .. } => false,
            };
            asks || event.dst.addr.to_string() == contact
        })
    };
    let unanswered = context.call.transactions.iter().any(|transaction| {
        transaction.from == side.other()
            && transaction.requests.iter().any(to_contact)
            && !transaction.initial
            && transaction.requests.len() >= ANSWERS_WITHOUT_ACK
            && transaction.responses.is_empty()
    }) || goes_nowhere(context, side);
    let no_ack = ack_missing(context).iter().any(|finding| {
        finding
            .host
            .is_some_and(|host| context.side_of(host) == Some(side))
    });
    unanswered || no_ack
}

/// The address in a Contact header, if it is an address and no name.
fn contact_address(sip: &SipEvent) -> Option<IpAddr> {
    let value = headers(sip, "Contact").next()?;
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>').map_or(rest, |(uri, _)| uri),
        None => value,
    };
    let (_, rest) = uri.split_once(':')?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => host.split([':', ';', '?']).next()?,
    };
    host.trim().parse().ok()
}

fn fax_tag(context: &RuleContext<'_>) -> Option<Finding> {
    context
        .messages()
        .filter(|(event, _)| !event.retransmission)
        .find_map(|(event, sip)| {
            let value = headers(sip, "Contact")
                .chain(headers(sip, "Accept-Contact"))
                .find(|value| value.to_ascii_lowercase().contains("sip.fax"))?;
            let wish = if value.to_ascii_lowercase().contains("passthrough") {
                "passthrough"
            } else {
                "t38"
            };
            let seen = format!(
                "{} announces fax capability: {wish}",
                context.who_begins(event.from)
            );
            Some(
                Finding::new(Severity::Note, [event.frame], seen)
                    .on(event.id)
                    .about(event.src),
            )
        })
}
