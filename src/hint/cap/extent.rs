//! What of the call the recording has: its start, its end, both directions, its SIP, its media.

use crate::call::{Call, Event, EventKind, Fax, Side, Verdict, verdict};
use crate::hint::cap::CAP;
use crate::hint::context::method;
use crate::hint::g711::G711_ONE_WAY;
use crate::hint::leg::LEG_BYE_ONE_SIDED;
use crate::hint::rule::{Check, Family, RootCause, hide, hide_families};
use crate::hint::sip::dialog::SIP_ACK_MISSING;
use crate::hint::sip::setup::{SIP_INVITE_NO_RESPONSE, SIP_NO_INVITE};
use crate::hint::sip::teardown::{SIP_BYE_MISSING, SIP_BYE_UNANSWERED, SIP_EARLY_BYE};
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::identification::{T30_CED_CNG_ABSENT, T30_NO_DIS};
use crate::hint::t30::outcome::T30_PARTIAL_DELIVERY;
use crate::hint::t30::page::T30_PAGE_NO_POSTMSG;
use crate::hint::t30::postmessage::T30_POSTMSG_NO_RESPONSE;
use crate::hint::t30::release::T30_NO_DCN;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::{T38_NO_REINVITE, T38_REINVITE_TIMEOUT};
use crate::hint::udptl::{UDPTL_ONE_WAY, UDPTL_WRONG_DESTINATION};
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(super) const RULES: &[&Rule] = &[
    &CAP_STARTS_MID_CALL,
    &CAP_ENDS_EARLY,
    &CAP_ONE_DIRECTION,
    &CAP_SIP_NOT_CAPTURED,
    &CAP_NO_MEDIA,
];

/// A dialog whose last packet is nearer to the end of the capture may simply go on after it, seconds.
const TAIL: f64 = 35.0;
/// A dialog with no media at all is told from one that was cut off at once, seconds.
const NO_MEDIA: f64 = 5.0;

pub(in crate::hint) static CAP_STARTS_MID_CALL: Rule = Rule {
    id: "cap-starts-mid-call",
    severity: Severity::Warning,
    title: "The capture starts after the call did",
    advice: "The call was already up when recording began: the call setup, and perhaps the switch to T.38, are \
             missing. What is missing before this point proves nothing about either side. The right order: \
             start the capture, send the fax, wait until it worked or failed, stop the capture.",
    step: "start the capture before the fax is sent",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (order of a capture)",
    when: "the first SIP message of the dialog is not its first INVITE; media before that INVITE are no part of the call",
    check: Check::One(starts_mid_call),
    doubts_absences: true,
    covers: &[hide(&[&SIP_NO_INVITE, &T38_NO_REINVITE, &T30_CED_CNG_ABSENT]).always()],
    ..CAP
};

pub(in crate::hint) static CAP_ENDS_EARLY: Rule = Rule {
    id: "cap-ends-early",
    severity: Severity::Note,
    title: "The capture stops while the call is still up",
    advice: "The file ends before the call does, so a missing DCN, MCF or BYE proves nothing about either side. \
             Let the fax finish or fail completely before tcpdump is stopped.",
    step: "stop the capture only when the fax is over",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (stop the capture last)",
    when: "the call was answered, no BYE was seen, and its last packet is less than 35 s before the end of the capture",
    check: Check::One(ends_early),
    doubts_absences: true,
    root: RootCause::IfIncomplete,
    covers: &[hide(&[
        &SIP_BYE_MISSING,
        &T30_NO_DCN,
        &T30_POSTMSG_NO_RESPONSE,
        &T30_PAGE_NO_POSTMSG,
        &T30_PARTIAL_DELIVERY,
        &LEG_BYE_ONE_SIDED,
    ])
    .always()],
    ..CAP
};

pub(in crate::hint) static CAP_ONE_DIRECTION: Rule = Rule {
    id: "cap-one-direction",
    severity: Severity::Warning,
    title: "Only one direction was captured",
    advice: "What this side says answers packets that are not in the file: the other side did talk, but its \
             packets took another interface or path. No side can be blamed from this capture. Capture on all \
             interfaces (-i any), or on the SBC or proxy that sees both directions; with a mirror port, check \
             that it mirrors received and sent packets.",
    step: "capture on all interfaces (-i any), both directions",
    reference: "faxflow: an answer proves its question",
    when: "all SIP, or all media, of a call come from one side and hold answers to the side that is not seen",
    check: Check::One(one_direction),
    doubts_absences: true,
    covers: &[hide(&[
        &UDPTL_ONE_WAY,
        &UDPTL_WRONG_DESTINATION,
        &G711_ONE_WAY,
        &SIP_INVITE_NO_RESPONSE,
        &SIP_ACK_MISSING,
        &SIP_BYE_UNANSWERED,
        &T38_REINVITE_TIMEOUT,
        &T30_NO_DIS,
        &T30_DIS_NO_DCS,
    ])
    .always()],
    ..CAP
};

pub(in crate::hint) static CAP_SIP_NOT_CAPTURED: Rule = Rule {
    id: "cap-sip-not-captured",
    severity: Severity::Warning,
    title: "Fax media without its SIP",
    advice: "The fax was found by content; its signalling is not in the file, so nothing can be said about the \
             negotiation. The usual filter `udp` loses SIP over TCP and TLS: leave the filter out. For TLS \
             capture on the inner hop (Kamailio to Asterisk). Gateways may also use H.323, MGCP or SCCP, which \
             are not decoded here.",
    step: "capture SIP too: no filter, TCP as well, or the hop inside TLS",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (filter udp)",
    when: "T.38 or audio fax is in the capture, but no SIP dialog announces its addresses",
    check: Check::One(sip_not_captured),
    covers: &[
        hide(&[&SIP_NO_INVITE, &SIP_BYE_MISSING]).always(),
        hide_families(&[Family::T38]).always(),
    ],
    ..CAP
};

pub(in crate::hint) static CAP_NO_MEDIA: Rule = Rule {
    id: "cap-no-media",
    severity: Severity::Note,
    title: "Media do not pass this capture point",
    advice: "The SIP is here, the media flow between other hosts, or a filter left them out. T.38 need not use \
             the addresses of the signalling: capture on the host that the SDP names in its c= line \
             (Connection Information), or on the media proxy.",
    step: "capture on the host that the SDP names, or on the media proxy",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (Connection Information)",
    when: "the call was answered with media agreed, is a fax or lasts over 5 s, and not one RTP or T.38 packet of it is in the capture",
    check: Check::One(no_media),
    covers: &[
        hide_families(&[Family::T30, Family::Udptl, Family::Audio]).always(),
        hide(&[&T38_NO_REINVITE, &T38_FALLBACK_G711, &SIP_EARLY_BYE]).always(),
    ],
    root: RootCause::IfIncomplete,
    ..CAP
};

fn starts_mid_call(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if !call.has_sip() {
        return None;
    }
    // Of SIP that is cut an INVITE may be there all the same (`cap-snaplen-truncated` tells).
    let first_missing = call.capture.starts_mid_call && call.capture.truncated_sip == 0;
    if !first_missing {
        return None;
    }
    let first = call.events.iter().find(|event| event.observed)?;
    Some(
        Finding::new(
            Severity::Warning,
            [first.frame],
            "Capture starts after the call did – first INVITE not recorded",
        )
        .on(first.id),
    )
}

fn ends_early(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let facts = &call.capture;
    let up = match call.call_id {
        Some(_) => {
            // An answer to a BYE that is not in the capture ends the call as well.
            let ended = context.transactions("BYE").next().is_some();
            (call.answered.is_some() || facts.starts_mid_call) && !ended
        }
        // DCN ends a fax whose start is missing, too.
        None => {
            call.fax.as_ref().is_some_and(is_unfinished)
                && context.t30_named("DCN").next().is_none()
        }
    };
    let near = facts.last_time.seconds_since(call.last_packet) < TAIL;
    if !up || !(near || facts.unfinished) || rejected(call) {
        return None;
    }
    let last = call.events.iter().rev().find(|event| event.observed)?;
    let seen = if facts.unfinished {
        "In progress – the call is still up, and the capture goes on"
    } else {
        "Capture stops while the call is still up – end state unknown"
    };
    Some(Finding::new(Severity::Note, [last.last_frame], seen).on(last.id))
}

fn rejected(call: &Call) -> bool {
    call.status.is_some_and(|status| status >= 300)
}

/// Neither delivered nor failed as far as the capture goes.
fn is_unfinished(fax: &Fax) -> bool {
    fax.verdict == Verdict::Incomplete
}

fn one_direction(context: &RuleContext<'_>) -> Option<Finding> {
    // Of cut SIP messages only some can be given to their call: that one side is missing proves nothing.
    let whole = context.call.capture.truncated_sip == 0;
    let messages = context.messages().filter(|_| whole);
    let sip = only_side(messages.map(|(event, _)| event)).and_then(|side| {
        let proof = context.messages().find(|(_, sip)| match method(sip) {
            // An ACK answers a response, a response a request: whatever was answered is not here.
            Some(method) => method == "ACK",
            None => true,
        })?;
        Some((side, proof.0))
    });
    let media = only_side(context.call.events.iter().filter(|event| is_media(event)))
        .and_then(|side| Some((side, media_answer(context)?)));
    let (side, proof) = media.or(sip)?;
    let seen = format!(
        "Only {} -> {} was captured – the other side did talk",
        side,
        side.other()
    );
    Some(
        Finding::new(Severity::Warning, [proof.frame], seen)
            .on(proof.id)
            .about(context.endpoint(side.other())),
    )
}

/// The side that sent all these events, if it was one side and there is more than one event.
fn only_side<'a>(events: impl Iterator<Item = &'a Event>) -> Option<Side> {
    let mut side = None;
    let mut count = 0_u32;
    for event in events.filter(|event| event.observed) {
        if side.is_some_and(|side| side != event.from) {
            return None;
        }
        side = Some(event.from);
        count += 1;
    }
    side.filter(|_| count > 1)
}

fn is_media(event: &Event) -> bool {
    !matches!(
        event.kind,
        EventKind::Sip(_) | EventKind::Icmp { .. } | EventKind::Missing(_) | EventKind::Gap { .. }
    )
}

/// A T.30 message that is an answer: only who heard a command or DIS sends it.
fn media_answer<'a>(context: &RuleContext<'a>) -> Option<&'a Event> {
    const ANSWERS: &[&str] = &[
        "CFR", "FTT", "MCF", "RTN", "RTP", "PIP", "PIN", "PPR", "CTR", "ERR", "RNR", "DCS",
    ];
    ANSWERS
        .iter()
        .filter_map(|name| context.t30_named(name).next())
        .map(|(event, _)| event)
        .min_by_key(|event| event.at)
}

fn sip_not_captured(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if call.has_sip() {
        return None;
    }
    let first = first_media(call)?;
    Some(
        Finding::new(
            Severity::Warning,
            [first.frame],
            "Fax media without its SIP – filter \"udp\" misses SIP over TCP/TLS",
        )
        .on(first.id),
    )
}

fn no_media(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let (Some(answer), Some(period)) = (context.answer(), call.media.first()) else {
        return None;
    };
    let end = call.ended.unwrap_or(call.last_packet);
    let is_short = call.fax.is_none() && end.seconds_since(answer.at) <= NO_MEDIA;
    if is_short || !verdict::no_media(call) {
        return None;
    }
    let ends = period.t38.or(period.audio)?;
    let seen = format!(
        "SIP only – media {} does not pass this capture point",
        ends.callee
    );
    Some(
        Finding::new(Severity::Note, [answer.frame], seen)
            .on(answer.id)
            .about(ends.callee),
    )
}

fn first_media(call: &Call) -> Option<&Event> {
    call.events
        .iter()
        .find(|event| event.observed && is_media(event))
}
