//! Rules about the hops of one dialog: what a proxy or a media proxy does between them.

use crate::hint::leg::LEG_MEDIA_NOT_RELAYED;
use crate::hint::rule::{BetweenLegs, Check, Family, Layer, RootCause, explain, hide};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t30::training::{T30_DCS_DIS_LOOP, T30_DCS_NO_RESPONSE};
use crate::hint::udptl::{UDPTL_ONE_WAY, UDPTL_WRONG_DESTINATION};
use crate::hint::{Rule, Severity};

mod between;
pub(in crate::hint) mod loss;
pub(in crate::hint) mod media;
mod message;

/// The rules of this family.
pub(crate) const RULES: &[&Rule] = &[
    &SIP_NOT_RELAYED,
    &MEDIA_PROXY_NOT_RELAYED,
    &MEDIA_LOST_BETWEEN_CAPTURES,
];

pub(in crate::hint) static SIP_NOT_RELAYED: Rule = Rule {
    id: "sip-not-relayed",
    severity: Severity::Error,
    title: "A SIP message stops in the proxy",
    advice: "The message comes to the proxy and does not leave it, though the proxy passed others of this call on between the same hosts. Its sender repeats it and gives up, \
        the other side never hears of it: a BYE leaves a stuck call, an ACK lets the peer drop the call after 32 s. Look at the proxy's log for the Call-ID. Kamailio: loose_route() \
        must catch requests within the dialog (ACK and BYE too) before any other branch of request_route drops them, t_relay() must follow, and record_route() belongs into the first INVITE.",
    step: "look for the Call-ID in the log of the proxy",
    reference: "RFC 3261 16.4, 16.6, 16.7",
    when: "A request within the dialog, or a final response, arrives at a host that relayed others between the same two hops; no copy leaves it within 0.5 s, and it does not answer itself. Both hops are in the capture.",
    check: Check::Many(message::not_relayed),
    family: Family::Sip,
    layer: Layer::Teardown,
    absence: Some(0.0),
    ..Rule::PLAIN
};

pub(in crate::hint) static MEDIA_PROXY_NOT_RELAYED: Rule = Rule {
    id: "media-proxy-not-relayed",
    severity: Severity::Error,
    title: "The media proxy takes T.38 in and sends none out",
    advice: "Both ends keep to the SDP that they were given; what stands between them loses the packets. rtpengine: rtpengine-ctl list sessions shows packets per port, look for m=image in its log, \
        leave T.38= flags out for pass-through, call rtpengine_manage() for the re-INVITE and for its reply, check strict-source and the kernel table. rtpproxy, SBC: let it handle m=image as it does m=audio. \
        Open the port range on both interfaces.",
    step: "open the port range on both interfaces of the media proxy",
    reference: "rtpengine issues #1107, #1201; RFC 3264",
    when: "T.38 is agreed on two hops of one dialog with different endpoints; 10 packets, or 3 different ones over 10 s, arrive where their hop's SDP says, and less than a tenth of them leaves on the other hop, of which there are media in the capture.",
    check: Check::PerSide(media::not_relayed),
    family: Family::Path,
    layer: Layer::Media,
    absence: Some(0.0),
    root: RootCause::BetweenLegs(BetweenLegs::Media),
    covers: &[
        hide(&[
            &UDPTL_WRONG_DESTINATION,
            &UDPTL_ONE_WAY,
            &LEG_MEDIA_NOT_RELAYED,
        ]),
        explain(&[
            &T30_DIS_NO_DCS,
            &T30_DCS_NO_RESPONSE,
            &T30_DCS_DIS_LOOP,
            &T30_NO_DIS,
            &T30_DROPPED_MID_FAX,
        ]),
    ],
    ..Rule::PLAIN
};

pub(in crate::hint) static MEDIA_LOST_BETWEEN_CAPTURES: Rule = Rule {
    id: "media-lost-between-captures",
    severity: Severity::Warning,
    title: "Packets that one host captured never came to the other",
    advice: "Two hosts on the path were captured, and what one of them has is missing at the other: the fault lies between the two, whatever either side says. \
        Capture once more at the routers, firewalls and SBCs between them, nearer each time; look for policing, full queues, a session limit, a duplex mismatch, and for a firewall that drops \
        large or fragmented UDP datagrams. Where the host that lacks them has the others earlier, its capture dropped them: a larger buffer (tcpdump -B 16384) or a filter that lets them through.",
    step: "capture between the two hosts, nearer each time",
    reference: "RFC 7680",
    when: "Several captures are read as one; two hosts have at least 3 packets of a flow in common, and one of them has packets of it, while the other captured, that the other has not.",
    check: Check::Many(between::lost),
    family: Family::Path,
    layer: Layer::Media,
    root: RootCause::Never,
    ..Rule::PLAIN
};
