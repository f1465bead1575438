//! Rules about the T.38 packets themselves: where they go, what is lost, what is in them.

use crate::hint::configured::Bearing;
use crate::hint::leg::{LEG_MEDIA_NOT_RELAYED, LEG_MODE_MIX};
use crate::hint::rule::{Check, Family, Layer, T30_BEGINS, explain, hide};
use crate::hint::t30::correction::{T30_PPR, T30_PPR_FOURTH};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::exchange::T30_CRP_FNV;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::page::{T30_CFR_NO_PAGE, T30_PAGE_TRUNCATED};
use crate::hint::t30::postmessage::{T30_POSTMSG_NO_RESPONSE, T30_RTN};
use crate::hint::t30::release::{T30_DCN_AFTER_DCS, T30_DROPPED_MID_FAX};
use crate::hint::t30::tcf::T30_TCF_CORRUPT;
use crate::hint::t30::training::{T30_DCS_DIS_LOOP, T30_DCS_NO_RESPONSE, T30_FTT};
use crate::hint::{Rule, Severity};

mod content;
mod fragments;
mod icmp;
mod loss;
mod path;
mod silence;

/// What the rules of this family have in common.
const UDPTL: Rule = Rule {
    family: Family::Udptl,
    layer: Layer::Media,
    ..Rule::PLAIN
};

/// The rules of this family.
pub(crate) const RULES: &[&Rule] = &[
    &UDPTL_NONE,
    &UDPTL_ONE_WAY,
    &UDPTL_WRONG_DESTINATION,
    &UDPTL_SOURCE_MISMATCH,
    &UDPTL_ICMP,
    &UDPTL_LOSS_RECOVERED,
    &UDPTL_LOSS_UNRECOVERED,
    &UDPTL_NO_REDUNDANCY,
    &UDPTL_DUPLICATES,
    &UDPTL_SEQ_RESET,
    &UDPTL_TIMING_GAP,
    &UDPTL_DECODE_ERROR,
    &UDPTL_ASN1_VARIANT,
    &UDPTL_RTP_RESIDUE,
    &UDPTL_EARLY,
    &UDPTL_FCS_BAD,
    &silence::UDPTL_IDLE,
    &silence::UDPTL_LONG_SILENCE,
    &fragments::UDPTL_FRAGMENTED,
];

pub(in crate::hint) static UDPTL_NONE: Rule = Rule {
    id: "udptl-none",
    severity: Severity::Error,
    title: "T.38 agreed, but no T.38 packet from either side",
    advice: "Both sides agreed on T.38 in SDP and then neither sent a packet. Usually each waits for the other: \
        AudioCodes gateways send T.38 only after they have received some (CNGDetectorMode=1 makes the calling one begin), and Asterisk \
        behind NAT learns the peer's address only from its first packet. Check on both sides that the firewall and the media proxy let \
        UDP through to the two m=image ports (VoipNow: 4000-5999 in udptl.conf, upstream Asterisk 4000-4999), both ways, and that an SBC in the path \
        bridges m=image and not only m=audio.",
    step: "let UDP through to both m=image ports: firewall, media proxy",
    reference: "AudioCodes manual (\"sends T.38 only after it receives T.38\"); asterisk main/udptl.c (NAT)",
    when: "T.38 is in force for 5 s, the capture shows RTP of the same hosts, but no T.38 packet of either side.",
    check: Check::One(path::none),
    absence: Some(5.0),
    covers: &[hide(&[&T30_NO_DIS])],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_ONE_WAY: Rule = Rule {
    id: "udptl-one-way",
    severity: Severity::Error,
    title: "T.38 packets in one direction only",
    advice: "A fax needs both directions: one side sends T.38, nothing comes back. Compare where the packets go with the SDP of \
        the silent side. Wrong or private address: the silent side never hears the fax, correct the address in its SDP (NAT, external media address). \
        Right address: its packets are blocked, or its T.38 engine did not start; look at its firewall for UDP 4000-5999, and on Asterisk at the address \
        that UDPTL is bound to (t38_bind_udptl_to_media_address=yes where media and signalling addresses differ).",
    step: "compare where the packets go with the SDP of the silent side",
    reference: "AlticeLabs/Kamailio-rtpengine issue #66; rtpengine issue #1107; pjsip.conf (t38_bind_udptl_to_media_address)",
    when: "One side sends 10 or more T.38 packets over 5 s or more, the other none after the switch; or the other stops for more than 35 s \
        (page data not counted) while the first goes on. Silent where the answers prove that the capture has one direction only.",
    check: Check::PerSide(path::one_way),
    absence: Some(5.0),
    settles: T30_BEGINS,
    covers: &[hide(&[
        &T30_DIS_NO_DCS,
        &T30_DCS_NO_RESPONSE,
        &T30_NO_DIS,
        &T30_CFR_NO_PAGE,
        &T30_POSTMSG_NO_RESPONSE,
        &T30_DROPPED_MID_FAX,
    ])],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_WRONG_DESTINATION: Rule = Rule {
    id: "udptl-wrong-destination",
    severity: Severity::Error,
    title: "T.38 goes to a port that the SDP does not name",
    advice: "One side sends T.38 to an address or port that the other side's SDP did not give, typically the port of the audio before the switch. \
        The other side listens at its m=image port and hears nothing, so DIS or DCS repeats until it gives up. At fault is the side that \
        sends, or the SBC that rewrote the SDP on its way: compare m=image and c= of the last answer with the destination of the first packet, \
        and look whether the sender applied the re-INVITE at all (firmware, T.38 on the trunk).",
    step: "send T.38 to the m=image port: the sender, or who rewrote the SDP",
    reference: "RFC 3264 (media goes to the address and port of the peer's SDP); seen with a Vega gateway",
    when: "5 or more T.38 packets of a side go to another endpoint than the m=image of the other side's SDP, none to that, and not to where the \
        other side's own packets come from. Warning if the T.30 dialogue goes on all the same.",
    check: Check::PerSide(path::wrong_destination),
    covers: &[
        hide(&[&UDPTL_ONE_WAY, &LEG_MEDIA_NOT_RELAYED]),
        explain(&[&T30_DIS_NO_DCS, &T30_DCS_NO_RESPONSE, &T30_DCS_DIS_LOOP]),
    ],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_SOURCE_MISMATCH: Rule = Rule {
    id: "udptl-source-mismatch",
    severity: Severity::Warning,
    title: "T.38 comes from another address than the SDP says",
    advice: "The packets of one side come from an address or port that is not in its SDP: it is behind NAT, or sends from another port than it \
        listens on. The receiver has to answer to where the packets come from: t38_udptl_nat=yes (PJSIP endpoint), nat=yes (chan_sip). If a media proxy such as \
        rtpengine stands in between, set it to no and let the proxy learn the address. Where the answers go on to the SDP address, the \
        side behind NAT never hears them.",
    step: "let the receiver answer where packets come from (t38_udptl_nat)",
    reference: "asterisk main/udptl.c (\"NAT, Using address\"); irontec/ivozprovider PR #991",
    when: "T.38 packets of a side come from another address or port than its SDP in force gives. Error if the answers go to the SDP endpoint \
        for more than 2 s and the dialogue does not go on.",
    check: Check::PerSide(path::source_mismatch),
    covers: &[explain(&[&UDPTL_ONE_WAY]), hide(&[&T30_DIS_NO_DCS])],
    settings: Bearing::NAT,
    ..UDPTL
};

pub(in crate::hint) static UDPTL_ICMP: Rule = Rule {
    id: "udptl-icmp",
    severity: Severity::Error,
    title: "ICMP: a T.38 port is closed or filtered",
    advice: "A host answers T.38 packets with \"destination unreachable\". Port unreachable: nobody listens on the port that its SDP names; the T.38 \
        engine did not start, it crashed, or the stream was torn down already. Prohibited: a firewall on the way rejects it. Look on that host at \
        the ports in use (ss -ulpn), at udptlstart/udptlend in udptl.conf against the firewall (VoipNow: UDP 4000-5999), and at the fax log of its PBX.",
    step: "see on that host whether the port is open (ss -ulpn, firewall)",
    reference: "RFC 792 (destination unreachable), RFC 4443 3.1 for IPv6",
    when: "ICMP destination unreachable quotes a T.38 packet of this call, before the hang-up. Warning if there are at most 3, all within \
        1 s of the switch, or if the fax was delivered.",
    check: Check::One(icmp::icmp),
    covers: &[
        explain(&[&UDPTL_ONE_WAY, &UDPTL_NONE]),
        hide(&[&LEG_MEDIA_NOT_RELAYED]),
    ],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_LOSS_RECOVERED: Rule = Rule {
    id: "udptl-loss-recovered",
    severity: Severity::Note,
    title: "T.38 packets lost, all repaired",
    advice: "The network loses packets on the way to the capture, but the redundancy (or FEC) inside T.38 repaired every one, so \
        the pages are not affected. Not every receiver makes use of redundancy, and a burst longer than its depth is lost for good: if loss is above \
        5 %, look for a duplex mismatch, Wi-Fi, or a full link on the way to the capture point, and keep redundancy at 3 or more.",
    reference: "T.38 (UDPTL, error recovery); Dialogic T.38 notes (about 10 % random loss survived)",
    when: "Sequence numbers of a side are missing and all of them are repaired by redundancy or FEC. Warning above 5 %.",
    check: Check::PerSide(loss::recovered),
    ..UDPTL
};

pub(in crate::hint) static UDPTL_LOSS_UNRECOVERED: Rule = Rule {
    id: "udptl-loss-unrecovered",
    severity: Severity::Error,
    title: "T.38 packets lost for good",
    advice: "Packets of this sender are missing and no redundancy repaired them: it was absent, or shorter than the burst. Loss in T.30 messages makes \
        commands repeat and ends in DCN; loss in page data makes bad lines and RTN without ECM, PPR with it. Fix the path on which they are lost \
        first, from this sender to the capture point; then raise redundancy there to 3-5 for messages and 1-3 for pages: Cisco \"fax protocol t38 ls-redundancy 5 hs-redundancy 2\", AudioCodes \
        FaxRelayEnhancedRedundancyDepth and FaxRelayRedundancyDepth, Asterisk t38_udptl_ec=redundancy with t38_udptl_maxdatagram=400.",
    step: "fix the loss on this path; raise T.38 redundancy at the sender",
    reference: "Cisco: Fax Relay Packet Loss Concealment (above 2 % with ECM fails); asterisk main/udptl.c",
    when: "A sequence number of a side is missing and cannot be rebuilt. Error if it falls in a T.30 message or indicator, or above \
        0.5 % of the packets; else, and where the fax was delivered, warning; a note where nothing had to be sent again.",
    check: Check::PerSide(loss::unrecovered),
    covers: &[
        explain(&[&T30_PPR, &T30_RTN, &T30_FTT, &T30_PPR_FOURTH]),
        hide(&[
            &T30_DCS_DIS_LOOP,
            &T30_TCF_CORRUPT,
            &T30_CRP_FNV,
            &T30_PAGE_TRUNCATED,
            &T30_POSTMSG_NO_RESPONSE,
        ]),
    ],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_NO_REDUNDANCY: Rule = Rule {
    id: "udptl-no-redundancy",
    severity: Severity::Warning,
    title: "T.38 is sent without redundancy",
    advice: "This side puts no redundancy and no FEC into its T.38 packets: one lost packet is one lost piece of the fax. Turn it on at this side: \
        t38_udptl_ec=redundancy (PJSIP; its default is none), t38pt_udptl=yes,redundancy,maxdatagram=400 (chan_sip), AudioCodes FaxRelayRedundancyDepth (default 0) and \
        FaxRelayEnhancedRedundancyDepth, Cisco ls-redundancy and hs-redundancy. If it is on already, a small T38FaxMaxDatagram of the other side leaves no room for it.",
    step: "turn redundancy on at the sender (t38_udptl_ec=redundancy)",
    reference: "pjsip.conf.sample (t38_udptl_ec); AudioCodes manual; Cisco fax relay configuration",
    when: "20 or more UDPTL packets of a side carry neither redundancy nor FEC. Warning if the SDP agreed on either, else a note.",
    check: Check::PerSide(loss::no_redundancy),
    settings: Bearing::CORRECTION,
    ..UDPTL
};

pub(in crate::hint) static UDPTL_DUPLICATES: Rule = Rule {
    id: "udptl-duplicates",
    severity: Severity::Note,
    title: "T.38 packets repeated or out of order",
    advice: "Many gateways send each T.38 packet more than once on purpose, indicators and ends of messages above all; that is normal and \
        harmless. Packets out of order come from parallel paths (load balancing, bonded links): strict receivers take a late packet for a lost one, so look \
        there if pages come out with bad lines.",
    reference: "spandsp t38_core.c (repeats and late packets)",
    when: "More than 5 % of the packets of a side repeat a sequence number or come late. Warning if one comes further behind than the redundancy reaches, or by more than 200 ms.",
    check: Check::PerSide(loss::duplicates),
    ..UDPTL
};

pub(in crate::hint) static UDPTL_SEQ_RESET: Rule = Rule {
    id: "udptl-seq-reset",
    severity: Severity::Warning,
    title: "T.38 sequence numbers start again",
    advice: "The sequence numbers of one sender jump: another device took over the stream (media proxy, second gateway), or its T.38 stack \
        started again. A receiver that keeps the old count, Asterisk among them, drops packets until the count catches up, and the fax \
        stalls. Look in the log of that sender at the time of the jump, and whether a new address appeared with it.",
    step: "see the log of the sender at the time of the jump",
    reference: "spandsp t38_core.c (sequence restart); asterisk main/udptl.c",
    when: "The sequence number of a side jumps by more than 1,000, or back to about 0. Note if an answer or another source comes with it.",
    check: Check::PerSide(loss::restart),
    covers: &[hide(&[&UDPTL_LOSS_UNRECOVERED]).always()],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_TIMING_GAP: Rule = Rule {
    id: "udptl-timing-gap",
    severity: Severity::Warning,
    title: "T.38 stalls inside a message or page",
    advice: "The packets of a message, of the training or of a page pause, although the gateway at the far end has to play them to a modem \
        without a break: it runs dry, which the fax machine hears as noise or a lost carrier. Look for jitter on the way to the capture, CPU stalls of \
        the sending PBX or virtual machine, or an analogue side that delivers late. Between two fax servers it does no harm.",
    step: "look for jitter, or a busy sending PBX",
    reference: "rtpengine issue #1609 (timing of T.38 packets)",
    when: "A running signal pauses for more than 300 ms. Error above 1 s in a page that is then not confirmed or in a training that \
        fails; a note where the fax was delivered and the pause stays under 1 s.",
    check: Check::PerSide(loss::stall),
    ..UDPTL
};

pub(in crate::hint) static UDPTL_DECODE_ERROR: Rule = Rule {
    id: "udptl-decode-error",
    severity: Severity::Warning,
    title: "T.38 packets that do not decode",
    advice: "Packets on the T.38 port are not valid T.38. Check in this order: were they cut by the capture (tcpdump -s 0), are they late RTP, does \
        one side use the other ASN.1 of T.38 (version 0 against 2 and up), are they STUN or keepalives of a NAT, is the port shared with something \
        else. If none fits, the sender builds them wrongly: ask its maker with the octets of the first such packet.",
    step: "see what is sent to the T.38 port, and by which T38FaxVersion",
    reference: "T.38 (UDPTL and IFP, ASN.1 in Annex A); spandsp t38_core.c",
    when: "A packet of more than 4 octets on a T.38 port does not decode. Error above 5 % of the packets.",
    check: Check::PerSide(content::undecodable),
    ..UDPTL
};

pub(in crate::hint) static UDPTL_ASN1_VARIANT: Rule = Rule {
    id: "udptl-asn1-variant",
    severity: Severity::Note,
    title: "T.38 syntax does not fit the agreed version",
    advice: "T.38 of 1998 (version 0) and of 2002 code the field types differently. Where the two sides differ, each still understands the other's tones and \
        indicators, but no message and no page: DIS or DCS repeats for ever. Force version 0 on both sides (Asterisk sends 0; Cisco \"fax protocol t38 version 0\"; \
        AudioCodes SIPT38Version), or ask the maker of the side whose packets do not fit its own T38FaxVersion.",
    reference: "T.38 ASN.1 of 1998 and of 2002; spandsp t38_core.c; soft-switch.org",
    when: "Data packets decode only with the ASN.1 that the agreed T38FaxVersion does not stand for, or the two sides differ (error). \
        Error too if the dialogue does not go on.",
    check: Check::PerSide(content::asn1),
    covers: &[
        hide(&[&UDPTL_DECODE_ERROR]).always(),
        hide(&[&T30_DIS_NO_DCS]),
    ],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_RTP_RESIDUE: Rule = Rule {
    id: "udptl-rtp-residue",
    severity: Severity::Note,
    title: "RTP goes on after the switch to T.38",
    advice: "Some late RTP packets on the T.38 port are normal. A side that keeps sending audio did not switch: its own answer to the T.38 re-INVITE was not \
        applied to the media. Look there at the fax detection and T.38 settings of the trunk, and at the ACK of the re-INVITE; RTP keepalives are \
        harmless, but may confuse weak T.38 decoders at the other side.",
    reference: "Wireshark T.38 notes (UDPTL and RTP version bits)",
    when: "RTP on a T.38 port after the switch while no audio is agreed. Warning after 2 s or 50 packets; error if that side sends no T.38 at all.",
    check: Check::PerSide(content::residue),
    covers: &[hide(&[&UDPTL_DECODE_ERROR, &LEG_MODE_MIX]).always()],
    ..UDPTL
};

pub(in crate::hint) static UDPTL_EARLY: Rule = Rule {
    id: "udptl-early",
    severity: Severity::Warning,
    title: "T.38 sent before the answer",
    advice: "T.38 packets with fax signals came before the 200 OK to the T.38 re-INVITE and were not repeated afterwards. Asterisk drops T.38 until the \
        channel is switched, so the first CED or DIS is lost there; the fax goes on when DIS is repeated, a few seconds later. If it does not, delay the \
        T.38 of the sending side until its SIP transaction is complete.",
    step: "let T.38 begin only after the 200 OK",
    reference: "asterisk main/udptl.c (frames before T.38 is enabled)",
    when: "A side sends T.38 signals more than 200 ms before the answer that agrees on T.38, and does not send the same again later.",
    check: Check::PerSide(content::early),
    ..UDPTL
};

pub(in crate::hint) static UDPTL_FCS_BAD: Rule = Rule {
    id: "udptl-fcs-bad",
    severity: Severity::Warning,
    title: "Gateway reports damaged T.30 messages (FCS)",
    advice: "The gateway on this side received T.30 messages with a wrong check sequence from its telephone line and says so in T.38 (hdlc-fcs-BAD). The IP \
        network is not the cause. Check the line behind this gateway: level, echo canceller, clock of the PRI or of the ATA, a bad pair, a \
        second phone in parallel.",
    step: "check the telephone line behind this gateway",
    reference: "T.38 ASN.1 (hdlc-fcs-BAD)",
    when: "A message in V.21, or an image frame, is marked as having a bad check sequence with no packet missing. Warning from 3 in the same phase of the fax; an error if no copy of a command is good, or the image is refused 3 times.",
    check: Check::PerSide(content::fcs),
    covers: &[explain(&[
        &T30_DCN_AFTER_DCS,
        &T30_DCS_DIS_LOOP,
        &T30_DCS_NO_RESPONSE,
        &T30_PPR,
        &T30_PPR_FOURTH,
    ])],
    ..UDPTL
};
