//! What the answer to a T.38 offer makes of it.

use crate::call::{EventKind, Negotiation};
use crate::hint::configured::Bearing;
use crate::hint::rule::{Check, hide};
use crate::hint::sdp::hops::{Sight, author, journey};
use crate::hint::t38::refusal::T38_REINVITE_UNSUPPORTED_MEDIA;
use crate::hint::t38::{audio_line, error_unless_delivered, image_line, pages_confirmed, switches};
use crate::hint::udptl::UDPTL_NONE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::{MediaKind, MediaLine, Sdp};

/// RTP that goes on this long after both media were agreed is no residue, seconds.
const BOTH_FLOW: f64 = 5.0;

pub(super) const RULES: &[&Rule] = &[
    &T38_IMAGE_PORT_ZERO,
    &T38_IMAGE_MISSING_IN_ANSWER,
    &T38_AUDIO_AND_IMAGE,
];

pub(in crate::hint) static T38_IMAGE_PORT_ZERO: Rule = Rule {
    id: "t38-image-port-zero",
    severity: Severity::Error,
    title: "200 OK, but T.38 is declined with port 0",
    advice: "A 200 with m=image 0 refuses T.38 politely. If m=audio has a port the call stays audio; if all ports \
             are 0 there are no media at all. Enable T.38 on the side that answered (PJSIP: t38_udptl=yes; \
             chan_sip: t38pt_udptl=yes,redundancy,maxdatagram=400); on a B2BUA look at its other leg.",
    step: "enable T.38 on the side that answered",
    reference: "RFC 3264 (port 0 rejects a stream)",
    when: "a 2xx to an offer of T.38 has m=image with port 0",
    check: Check::Many(port_zero),
    covers: &[hide(&[&UDPTL_NONE, &T38_REINVITE_UNSUPPORTED_MEDIA])],
    settings: Bearing::T38,
    ..super::T38
};

pub(in crate::hint) static T38_IMAGE_MISSING_IN_ANSWER: Rule = Rule {
    id: "t38-image-missing-in-answer",
    severity: Severity::Error,
    title: "200 OK without m=image: T.38 is ignored",
    advice: "The answer must list every media line of the offer, in the same order. The side that answered ignored \
             T.38, or an SBC took it out of its SDP. The side that asked may send UDPTL into nowhere. FreeSWITCH \
             is known to answer a re-INVITE without SDP after a refused T.38.",
    step: "see why the answer leaves m=image out: that side, or an SBC",
    reference: "RFC 3264 (an answer has as many media lines as the offer)",
    when: "a 2xx to an offer of T.38 has no SDP, or an SDP without m=image",
    check: Check::Many(image_missing),
    covers: &[hide(&[&UDPTL_NONE])],
    settings: Bearing::T38,
    ..super::T38
};

pub(in crate::hint) static T38_AUDIO_AND_IMAGE: Rule = Rule {
    id: "t38-audio-and-image",
    severity: Severity::Warning,
    title: "Audio and T.38 are both active in one SDP",
    advice: "Some stacks offer both; others refuse that (488, 415), answer audio only, or use audio while the peer \
             sends UDPTL. On the side that offers, let T.38 replace audio: the same media line, or m=audio 0.",
    step: "let T.38 replace audio in the offer (m=audio 0)",
    reference: "signalwire/freeswitch issues 1297, 1081",
    when: "an SDP has an audio and an image port; a note if the answer closes one; an error if each side uses another one",
    check: Check::One(audio_and_image),
    ..super::T38
};

fn port_zero(context: &RuleContext<'_>) -> Vec<Finding> {
    let severity = if pages_confirmed(context) {
        Severity::Warning
    } else {
        Severity::Error
    };
    switches(context)
        .into_iter()
        .filter_map(|switch| {
            let (event, _) = switch.answered()?;
            let way = journey(context, event.id, None);
            let author = author(context, &way, |sight| sight.sdp().is_some_and(is_closed))?;
            let answer = author.sight.sdp()?;
            let seen = match author.before {
                None => format!(
                    "200 OK but m=image port 0 – T.38 declined by {}",
                    author.who
                ),
                Some(_) => format!(
                    "200 OK leaves {} with m=image port 0 – it came there with a port",
                    author.who
                ),
            };
            let rest = if audio_line(answer).is_some() {
                "The call stays audio."
            } else {
                "No stream is left at all."
            };
            let frames = std::iter::once(author.sight.event.frame).chain(switch.frames());
            let found = Finding::new(severity, frames, seen)
                .more(format!("Declined by {}. {rest}", author.whose));
            Some(author.accuse(found))
        })
        .collect()
}

/// An answer that closes the T.38 line.
fn is_closed(answer: &Sdp) -> bool {
    let closed = |line: &MediaLine| line.kind == MediaKind::Image && line.port == 0;
    answer.media.iter().any(closed) && image_line(answer).is_none()
}

fn image_missing(context: &RuleContext<'_>) -> Vec<Finding> {
    switches(context)
        .into_iter()
        .filter_map(|switch| {
            let (event, _) = switch.answered()?;
            // A cut frame may have had it.
            let lacks = |sight: &Sight<'_>| {
                let has = |sdp: &Sdp| sdp.media.iter().any(is_image);
                sight.sip.cut == 0 && !sight.sdp().is_some_and(has)
            };
            let author = author(context, &journey(context, event.id, None), lacks)?;
            let lines = author
                .sight
                .sdp()
                .map_or_else(|| "no SDP".to_owned(), media_lines);
            let frames = std::iter::once(author.sight.event.frame).chain(switch.frames());
            let found = Finding::new(
                error_unless_delivered(context),
                frames,
                "200 OK without m=image – T.38 answer broken, still audio",
            )
            .more(format!(
                "Offered by {}: {}. Answered by {}: {lines}.",
                context.whose(switch.negotiation.from),
                media_lines(&switch.negotiation.offer),
                author.whose
            ));
            Some(author.accuse(found))
        })
        .collect()
}

fn is_image(line: &MediaLine) -> bool {
    line.kind == MediaKind::Image || line.is_t38()
}

fn media_lines(sdp: &Sdp) -> String {
    let lines: Vec<String> = sdp
        .media
        .iter()
        .map(|line| {
            let kind = match &line.kind {
                MediaKind::Audio => "audio",
                MediaKind::Image => "image",
                MediaKind::Other(kind) => kind,
            };
            format!("m={kind} {}", line.port)
        })
        .collect();
    lines.join(", ")
}

fn audio_and_image(context: &RuleContext<'_>) -> Option<Finding> {
    let both = |sdp: &Sdp| audio_line(sdp).is_some() && image_line(sdp).is_some();
    let offered = |negotiation: &&Negotiation| both(&negotiation.offer);
    let answered = |negotiation: &&Negotiation| negotiation.answer.as_ref().is_some_and(both);
    let negotiations = &context.call.negotiations;
    let worst = negotiations
        .iter()
        .find(answered)
        .or_else(|| negotiations.iter().find(offered));
    let negotiation = worst?;
    let in_answer = answered(&negotiation);
    let severity = if in_answer && both_flow(context, negotiation) {
        error_unless_delivered(context)
    } else if in_answer || negotiation.answer.is_none() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let event = if in_answer {
        negotiation.answer_event.unwrap_or(negotiation.offer_event)
    } else {
        negotiation.offer_event
    };
    let frames = [Some(event), Some(negotiation.offer_event)]
        .into_iter()
        .flatten()
        .filter_map(|id| context.frame(id));
    let mut finding = Finding::new(
        severity,
        frames,
        "Audio and T.38 both active in one SDP – interop risk",
    )
    .on(event);
    if severity == Severity::Error {
        finding = finding.more("Media of both kinds flow: one side uses audio, the other T.38.");
    }
    Some(finding)
}

/// Whether RTP goes on while T.38 flows too.
fn both_flow(context: &RuleContext<'_>, negotiation: &Negotiation) -> bool {
    let Some(at) = negotiation.answer_event.and_then(|id| context.at(id)) else {
        return false;
    };
    let rtp = context.call.events.iter().any(|event| {
        matches!(event.kind, EventKind::Rtp(_)) && event.end.seconds_since(at) >= BOTH_FLOW
    });
    rtp && context.call.packets.t38 > 0
}
