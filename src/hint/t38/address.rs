//! Addresses and ports of T.38.

use crate::hint::configured::Bearing;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::sdp::hops::{Sight, author_of_address, journey};
use crate::hint::sdp::offer::REFUSALS;
use crate::hint::udptl::UDPTL_NONE;
use std::net::IpAddr;

use crate::call::{Event, EventKind, Side};
use crate::capture::Endpoint;
use crate::hint::context::is_private;
use crate::hint::t38::refusal::UNSUPPORTED;
use crate::hint::t38::{accepted, audio_line, error_unless_delivered, first_switches, image_line};
use crate::hint::{Finding, Rule, RuleContext, Severity, sdp};
use crate::sip::{MediaKind, MediaLine};

/// Products whose UDPTL range is that of udptl.conf.
const ASTERISK_KIN: [&str; 3] = ["voipnow", "asterisk", "fpbx"];
/// So many packets to an address show that the peer uses it.
const USED: u32 = 5;

pub(super) const RULES: &[&Rule] = &[
    &T38_PRIVATE_ADDRESS,
    &T38_MEDIA_HOST_DIFFERS,
    &T38_PORT_RANGE,
];

pub(in crate::hint) static T38_PRIVATE_ADDRESS: Rule = Rule {
    id: "t38-private-address",
    severity: Severity::Warning,
    title: "The T.38 address in the SDP is private",
    advice: "The peer sends T.38 to an address that it cannot reach, unless it learns the real one from the packets. \
             On the side that announces it set the external media address (PJSIP: external_media_address and \
             local_net; chan_sip: externaddr, localnet); on the side that sends t38_udptl_nat=yes (chan_sip: \
             nat=yes). A media proxy that handles m=audio only is a usual reason: let it handle m=image too.",
    step: "set the external media address on the side that announces it",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (c= line); Asterisk main/udptl.c (NAT)",
    when: "the c= address of the image stream is private and not that of the signalling, or 0.0.0.0, or the stream is inactive; an error if the peer keeps sending there and the fax fails",
    check: Check::Many(private_address),
    covers: &[
        hide(&[&T38_MEDIA_HOST_DIFFERS]),
        explain(REFUSALS),
        explain(&[&UDPTL_NONE]),
    ],
    settings: Bearing::NAT,
    ..super::T38
};

pub(in crate::hint) static T38_MEDIA_HOST_DIFFERS: Rule = Rule {
    id: "t38-media-host-differs",
    severity: Severity::Note,
    title: "T.38 runs to another host than SIP",
    advice: "Usual with media proxies and carriers: the address is in the SDP (Connection Information). Make sure \
             that the firewall lets T.38 to and from that host pass, and that the capture sees it.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (T.38 and SIP on different IPs)",
    when: "the c= address of the image stream is not the signalling address of that side",
    check: Check::Many(media_host_differs),
    ..super::T38
};

pub(in crate::hint) static T38_PORT_RANGE: Rule = Rule {
    id: "t38-port-range",
    severity: Severity::Warning,
    title: "T.38 port outside the range of udptl.conf, or odd",
    advice: "udptl.conf of VoipNow has udptlstart=4000 and udptlend=5999 (upstream Asterisk: 4000 to 4999). A port \
             outside means another udptl.conf, NAT that rewrites ports, or a media proxy: the firewall of that \
             side must open this range, UDP, both ways. Some providers take even ports only \
             (use_even_ports=yes).",
    step: "open this port range, UDP, both ways, in the firewall",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (udptl.conf)",
    when: "a VoipNow or Asterisk (by User-Agent or Server), or with --udptl-ports your PBX, has an image port outside the range; a note if the port of a side is odd and the other side refuses T.38 (as unsupported, or with port 0) or sends none",
    check: Check::Many(port_range),
    settings: Bearing::PORTS,
    ..super::T38
};

/// One side of a T.38 session: where it wants its packets, and who said so.
struct Told<'a> {
    side: Side,
    event: &'a Event,
    line: &'a MediaLine,
    /// `c=` of the audio line before, where there was one.
    audio: Option<IpAddr>,
}

fn told<'a>(context: &RuleContext<'a>) -> Vec<Told<'a>> {
    let Some(switch) = accepted(context).into_iter().next() else {
        return Vec::new();
    };
    let negotiation = switch.negotiation;
    let sides = [
        (
            negotiation.from,
            Some(switch.offer),
            Some(&negotiation.offer),
        ),
        (
            negotiation.from.other(),
            switch.answer.map(|(event, _)| event),
            negotiation.answer.as_ref(),
        ),
    ];
    sides
        .into_iter()
        .filter_map(|(side, event, sdp)| {
            let event = event?;
            let audio = context
                .call
                .media
                .iter()
                .rfind(|period| period.audio.is_some() && period.from < event.at)
                .and_then(|period| period.audio)
                .map(|ends| ends.of(side).addr);
            Some(Told {
                side,
                event,
                line: image_line(sdp?)?,
                audio,
            })
        })
        .collect()
}

fn private_address(context: &RuleContext<'_>) -> Vec<Finding> {
    let mut found = announced_in_vain(context);
    found.extend(refused_for_address(context));
    found
}

/// Offers of T.38 that are refused, with an address that the peer cannot use.
fn refused_for_address(context: &RuleContext<'_>) -> Vec<Finding> {
    sdp::offers(context)
        .filter_map(|offer| {
            image_line(&offer.negotiation.offer)?;
            let (status, event, _) = offer.refusal_of_offer(context)?;
            let journey = journey(context, offer.event.id, Some(event));
            let (addr, why) = bad_image(journey.last()?)?;
            let author = author_of_address(context, &journey, |sight| bad_image(sight).is_some())?;
            if is_in_use(context, offer.side(), addr) {
                return None;
            }
            let seen = format!("T.38 offered at {addr}: {why} – answered {status}");
            let frames = [author.sight.event.frame, event.frame];
            let found = Finding::new(error_unless_delivered(context), frames, seen).more(format!(
                "Announced by {}, whose SIP comes from {}.",
                author.whose, author.sight.event.src.addr
            ));
            let found = author.accuse(found);
            Some(if was_taken(context, &offer, addr) {
                found.blame_nobody()
            } else {
                found
            })
        })
        .collect()
}

/// The address of the image line that the peer on this hop cannot use.
fn bad_image(sight: &Sight<'_>) -> Option<(IpAddr, &'static str)> {
    let addr = image_line(sight.sdp()?)?.connection?;
    sdp::unusable(addr, sight.event.dst.addr).map(|why| (addr, why))
}

/// A side is behind this address where the capture was made, and gets packets there: what stands between mends it.
fn is_in_use(context: &RuleContext<'_>, side: Side, addr: IpAddr) -> bool {
    let events = &context.call.events;
    let sends = events
        .iter()
        .any(|event| event.from == side && event.src.addr == addr);
    let gets = events.iter().any(|event| {
        event.from == side.other()
            && event.dst.addr == addr
            && !matches!(event.kind, EventKind::Sip(_) | EventKind::Icmp { .. })
    });
    sends && gets
}

/// The peer took sound from the same address: the address alone is no reason to refuse.
fn was_taken(context: &RuleContext<'_>, offer: &sdp::Offer<'_>, addr: IpAddr) -> bool {
    let earlier = context
        .call
        .negotiations
        .iter()
        .filter(|one| one.offer_event < offer.negotiation.offer_event && one.answer.is_some());
    let mut told = earlier.filter_map(|one| crate::call::negotiation::sdp_of(one, offer.side()));
    told.any(|sdp| audio_line(sdp).is_some_and(|line| line.connection == Some(addr)))
}

fn announced_in_vain(context: &RuleContext<'_>) -> Vec<Finding> {
    told(context)
        .iter()
        .filter_map(|told| {
            let addr = told.line.connection?;
            let source = told.event.src.addr;
            let peer = told.event.dst.addr;
            let nowhere = addr.is_unspecified() || is_closed(told.line);
            let hidden =
                is_private(addr) && addr != source && (!is_private(source) || !is_private(peer));
            if (!hidden && !nowhere) || context.call.is_readdressed(told.event.id) {
                return None;
            }
            let endpoint = Endpoint::new(addr, told.line.port);
            let nothing_sent = nowhere && context.call.udptl.of(told.side.other()).packets == 0;
            let answered = journey(context, told.event.id, None);
            let author = author_of_address(context, &answered, |sight| {
                sight
                    .sdp()
                    .and_then(image_line)
                    .is_some_and(|line| line.connection == Some(addr))
            })?;
            // Sound went through the proxy; T.38 goes past it, so that the capture cannot show it.
            let nothing_sent = nothing_sent
                || author.sight.event.id != told.event.id && context.call.packets.t38 == 0;
            let severity = if (nothing_sent || sent_to(context, told.side.other(), endpoint))
                && !heard(context, told.side)
            {
                error_unless_delivered(context)
            } else {
                Severity::Warning
            };
            let who = context.who(told.side.other());
            let seen = if nowhere {
                format!("T.38 stream {endpoint} is not to be sent to – {who} has no address")
            } else {
                format!("T.38 address {addr} is private – {who} cannot reach it")
            };
            let more = if author.sight.event.id == told.event.id {
                format!(
                    "Announced by {}, whose SIP comes from {source}.",
                    author.whose
                )
            } else {
                format!(
                    "{} puts another address into m=audio of this side, and leaves m=image as it is.",
                    author.whose
                )
            };
            let frames = [author.sight.event.frame, told.event.frame];
            Some(author.accuse(Finding::new(severity, frames, seen).more(more)))
        })
        .collect()
}

/// A stream that is held: nobody may send.
fn is_closed(line: &MediaLine) -> bool {
    line.kind == MediaKind::Image
        && line
            .direction
            .as_deref()
            .is_some_and(|direction| matches!(direction, "inactive" | "sendonly"))
}

/// Whether a side sends its T.38 to this address.
fn sent_to(context: &RuleContext<'_>, from: Side, to: Endpoint) -> bool {
    let sent: u32 = context
        .call
        .udptl
        .of(from)
        .paths
        .iter()
        .filter(|path| path.dst.addr == to.addr)
        .map(|path| path.packets)
        .sum();
    sent >= USED
}

/// Whether a side shows that it hears the other: it confirmed a training or a page.
fn heard(context: &RuleContext<'_>, side: Side) -> bool {
    ["CFR", "MCF"]
        .into_iter()
        .any(|name| context.t30_named(name).any(|(event, _)| event.from == side))
}

fn media_host_differs(context: &RuleContext<'_>) -> Vec<Finding> {
    told(context)
        .iter()
        .filter_map(|told| {
            let addr = told.line.connection?;
            let sip = told.event.src.addr;
            if addr == sip || addr.is_unspecified() || is_private(addr) != is_private(sip) {
                return None;
            }
            let mut finding = Finding::new(
                Severity::Note,
                [told.event.frame],
                format!("T.38 runs to {addr}, not the SIP host – normal; check firewall/capture"),
            )
            .on(told.event.id)
            .about(Endpoint::new(addr, told.line.port));
            if let Some(audio) = told.audio.filter(|audio| *audio != addr) {
                finding = finding.more(format!(
                    "The audio of {} went to {audio}: T.38 is handled by another host.",
                    context.whose(told.side)
                ));
            }
            Some(finding)
        })
        .collect()
}

fn port_range(context: &RuleContext<'_>) -> Vec<Finding> {
    let (low, high) = context.site.udptl_ports;
    let mut found: Vec<Finding> = told(context)
        .iter()
        .filter(|told| is_asterisk(context, told.side) || is_asked_for(context, told.side))
        .filter(|told| !(low..=high).contains(&told.line.port))
        .map(|told| {
            let seen = format!(
                "T.38 port {} outside udptl.conf {low}-{high} – check firewall range",
                told.line.port
            );
            Finding::new(Severity::Warning, [told.event.frame], seen)
                .on(told.event.id)
                .about(context.endpoint(told.side))
                .more(format!("It is the port of {}.", context.whose(told.side)))
        })
        .collect();
    found.extend(odd_port(context));
    found
}

/// An odd port of a side that the other one refuses, or to which it does not send.
fn odd_port(context: &RuleContext<'_>) -> Option<Finding> {
    let is_odd = |line: &MediaLine| line.port % 2 == 1;
    let refused = || {
        first_switches(context)
            .into_iter()
            .filter(|switch| {
                let declined = switch.answered().is_some() && !switch.negotiation.accepts_t38();
                declined || switch.refused_with(&UNSUPPORTED)
            })
            .filter_map(|switch| Some((switch, image_line(&switch.negotiation.offer)?)))
            .find(|(_, line)| is_odd(line))
            .map(|(switch, line)| {
                (
                    switch.negotiation.from,
                    switch.offer,
                    line.port,
                    "refuses it",
                )
            })
    };
    let ignored = || {
        told(context)
            .into_iter()
            .find(|told| {
                is_odd(told.line)
                    && context.call.udptl.of(told.side).packets >= USED
                    && context.call.udptl.of(told.side.other()).packets == 0
            })
            .map(|told| (told.side, told.event, told.line.port, "sends nothing there"))
    };
    let (side, event, port, what) = ignored().or_else(refused)?;
    let seen = format!(
        "T.38 port {port} is odd, and {} {what} – some take even ports only",
        context.who(side.other())
    );
    Some(
        Finding::new(Severity::Note, [event.frame], seen)
            .on(event.id)
            .about(context.endpoint(side))
            .more(format!("It is the port of {}.", context.whose(side))),
    )
}

fn is_asterisk(context: &RuleContext<'_>, side: Side) -> bool {
    context.call.agent.of(side).as_ref().is_some_and(|agent| {
        let agent = agent.to_ascii_lowercase();
        ASTERISK_KIN.iter().any(|name| agent.contains(name))
    })
}

/// The user named the range, and this side is the user's.
fn is_asked_for(context: &RuleContext<'_>, side: Side) -> bool {
    context.site.udptl_ports_given && context.is_pbx(side) == Some(true)
}
