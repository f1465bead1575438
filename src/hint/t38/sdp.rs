//! Attributes of T.38 that do not fit each other, or what then flows.

use crate::call::Side;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::sdp::hops::{Sight, author, journey};
use crate::hint::sdp::offer::REFUSALS;
use crate::hint::t38::refusal::T38_REINVITE_UNSUPPORTED_MEDIA;
use crate::hint::t38::{Switch, error_unless_delivered, image_line, switches};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::{Flag, MediaKind, MediaLine, Sdp, T38Attributes};

pub(super) const RULES: &[&Rule] = &[&T38_TRANSCODING_FLAGS, &T38_SDP_QUIRKS, &T38_SDP_TRANSPORT];

pub(in crate::hint) static T38_TRANSCODING_FLAGS: Rule = Rule {
    id: "t38-transcoding-flags",
    severity: Severity::Note,
    title: "Transcoding options of T.38",
    advice: "These attributes are true by being there: T38FaxFillBitRemoval:0 is read as true by Asterisk and \
             others. The options save little, and pages break where only one side does them. Leave out all three \
             on the side that writes them.",
    reference: "IANA audio/t38 (inclusion means true); Asterisk res_pjsip_t38.c",
    when: "FillBitRemoval, TranscodingMMR or TranscodingJBIG written as :0 or :1, or answered without being offered",
    check: Check::One(transcoding_flags),
    ..super::T38
};

pub(in crate::hint) static T38_SDP_QUIRKS: Rule = Rule {
    id: "t38-sdp-quirks",
    severity: Severity::Note,
    title: "Unusual spelling of T.38 attributes",
    advice: "Asterisk compares without regard to case and knows T38FaxMaxRate and T38MaxDatagram; strict peers \
             ignore them and use defaults: version 0, no error correction, their own datagram size. Correct the \
             spelling on the side that writes it if the other side behaves as if it were not there.",
    reference: "Asterisk res_pjsip_t38.c",
    when: "an attribute in another spelling, or unknown (warning)",
    check: Check::One(sdp_quirks),
    ..super::T38
};

pub(in crate::hint) static T38_SDP_TRANSPORT: Rule = Rule {
    id: "t38-sdp-transport",
    severity: Severity::Error,
    title: "m=image does not use UDPTL",
    advice: "UDPTL is plain UDP; SRTP does not cover it (that takes DTLS, rarely supported). An SBC or rtpengine \
             may rewrite the line wrongly (m=image 16840 RTP/AVP t38). Fix the flags of the media proxy, or the \
             profile of the side that writes the line.",
    step: "correct m=image: the media proxy, or who writes the line",
    reference: "RFC 7345; sipwise/rtpengine issue 1201",
    when: "an active T.38 line whose transport is not udptl or tcp, whose format is not t38, or that asks for encryption",
    check: Check::One(sdp_transport),
    covers: &[hide(&[&T38_REINVITE_UNSUPPORTED_MEDIA]), explain(REFUSALS)],
    ..super::T38
};

fn transcoding_flags(context: &RuleContext<'_>) -> Option<Finding> {
    switches(context)
        .iter()
        .find_map(|switch| odd_flag(context, switch))
}

/// A flag of one offer or its answer that is written oddly, or answered and not offered.
fn odd_flag(context: &RuleContext<'_>, switch: &Switch<'_>) -> Option<Finding> {
    let negotiation = switch.negotiation;
    let offered = flags(Some(&negotiation.offer));
    let answered = flags(negotiation.answer.as_ref());
    let (offerer, answerer) = (negotiation.from, switch.asked());
    let written = |as_what| {
        let all = offered.map(|flag| (offerer, flag)).into_iter();
        let mut all = all.chain(answered.map(|flag| (answerer, flag)));
        all.find_map(|(side, (name, flag))| (flag == Some(as_what)).then_some((side, name)))
    };
    let added = answered
        .iter()
        .zip(&offered)
        .find(|((_, answer), (_, offer))| answer.is_some_and(Flag::is_on) && offer.is_none());
    let (writer, seen) = if let Some((side, name)) = written(Flag::Zero) {
        (side, format!("{name} written as :0 – disable it"))
    } else if let Some(((name, _), _)) = added {
        let seen = format!("{name} answered but not offered – disable it");
        (answerer, seen)
    } else {
        let (side, name) = written(Flag::One)?;
        (side, format!("{name} written as :1 – disable it"))
    };
    let answer = switch.answer.map(|(event, _)| event);
    let event = answer
        .filter(|_| writer == answerer)
        .unwrap_or(switch.offer);
    let frames = std::iter::once(event.frame).chain(switch.frames());
    Some(
        Finding::new(Severity::Note, frames, seen)
            .on(event.id)
            .about(context.endpoint(writer)),
    )
}

/// The flags of the T.38 line of an SDP, by name.
fn flags(sdp: Option<&Sdp>) -> [(&'static str, Option<Flag>); 3] {
    let line = sdp.and_then(image_line);
    let of = |flag: fn(&T38Attributes) -> Option<Flag>| flag(line?.t38.as_ref()?);
    [
        ("T38FaxFillBitRemoval", of(|t38| t38.fill_bit_removal)),
        ("T38FaxTranscodingMMR", of(|t38| t38.transcoding_mmr)),
        ("T38FaxTranscodingJBIG", of(|t38| t38.transcoding_jbig)),
    ]
}

fn sdp_quirks(context: &RuleContext<'_>) -> Option<Finding> {
    for negotiation in &context.call.negotiations {
        let told = [
            (
                Some(&negotiation.offer),
                Some(negotiation.offer_event),
                negotiation.from,
            ),
            (
                negotiation.answer.as_ref(),
                negotiation.answer_event,
                negotiation.from.other(),
            ),
        ];
        for (sdp, event, side) in told {
            let (Some(sdp), Some(event)) = (sdp, event.and_then(|id| context.event(id))) else {
                continue;
            };
            let mut unusual = sdp
                .media
                .iter()
                .filter_map(|line| line.t38.as_ref())
                .flat_map(|attributes| &attributes.unusual);
            let Some((first, known)) = unusual
                .clone()
                .find(|(_, known)| !known)
                .or_else(|| unusual.next())
            else {
                continue;
            };
            let severity = if *known {
                Severity::Note
            } else {
                Severity::Warning
            };
            let seen = format!("Unusual T.38 attribute \"{first}\" – peer may ignore it");
            return Some(
                Finding::new(severity, [event.frame], seen)
                    .on(event.id)
                    .about(context.endpoint(side)),
            );
        }
    }
    None
}

fn sdp_transport(context: &RuleContext<'_>) -> Option<Finding> {
    let fault = |sight: &Sight<'_>| {
        let mut lines = sight.sdp().into_iter().flat_map(|sdp| &sdp.media);
        lines.find_map(|line| Some((kind(line).to_owned(), transport_fault(line)?)))
    };
    for switch in switches(context) {
        let answer = switch.answer.map(|(event, _)| event);
        let refused = answer.filter(|_| switch.answered().is_none());
        let ways = [
            Some(journey(context, switch.offer.id, refused)),
            switch
                .answered()
                .map(|(event, _)| journey(context, event.id, None)),
        ];
        let Some((author, (line, fault))) = ways.into_iter().flatten().find_map(|way| {
            let author = author(context, &way, |sight| fault(sight).is_some())?;
            let what = fault(&author.sight)?;
            Some((author, what))
        }) else {
            continue;
        };
        // Where T.38 does run over RTP both sides know what they do.
        let in_rtp = [Side::Caller, Side::Callee]
            .into_iter()
            .any(|side| context.call.udptl.of(side).transport == "rtp");
        let severity = if in_rtp && switch.negotiation.accepts_t38() {
            Severity::Note
        } else {
            error_unless_delivered(context)
        };
        let came = author
            .before
            .and_then(|sight| image_line(sight.sdp()?))
            .map(|line| {
                format!(
                    "m=image came as {}, left {} as {fault}",
                    line.proto, author.who
                )
            });
        let seen = came.map_or_else(
            || format!("m={line} uses {fault} – UDPTL expected; T.38 will not work"),
            |came| format!("{came} – T.38 will not work"),
        );
        let frames = author
            .before
            .map(|sight| sight.event.frame)
            .into_iter()
            .chain(switch.frames());
        let frames = std::iter::once(author.sight.event.frame).chain(frames);
        return Some(author.accuse(Finding::new(severity, frames, seen)));
    }
    None
}

/// What is wrong with the transport of a T.38 line, if anything.
fn transport_fault(line: &MediaLine) -> Option<String> {
    if line.port == 0 || !(line.is_t38() || line.kind == MediaKind::Image) {
        return None;
    }
    let proto = line.proto.to_ascii_lowercase();
    // `TCP/TLS/UDPTL` and `UDP/TLS/UDPTL` (RFC 7345) are UDPTL too, but not in the clear.
    if !matches!(proto.as_str(), "udptl" | "tcp") {
        return Some(line.proto.clone());
    }
    if !line
        .formats
        .iter()
        .any(|format| format.eq_ignore_ascii_case("t38"))
    {
        return Some(format!("format {}", line.formats.join(" ")));
    }
    line.attributes
        .iter()
        .any(|attribute| attribute.starts_with("crypto:"))
        .then(|| format!("{} with a=crypto", line.proto))
}

fn kind(line: &MediaLine) -> &str {
    match &line.kind {
        MediaKind::Audio => "audio",
        MediaKind::Image => "image",
        MediaKind::Other(kind) => kind,
    }
}
