//! RTP that no session description names.

use crate::call::{EventKind, Side};
use crate::hint::g711::G711_CODEC_SWITCH;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::error_unless_delivered;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::rtp::RtpSpan;

/// Packets of an unknown kind that are no accident.
const MANY: u32 = 10;
/// First dynamic payload type (RFC 3551 6).
const DYNAMIC: u8 = 96;

pub(in crate::hint) static G711_UNKNOWN_PAYLOAD: Rule = Rule {
    id: "g711-unknown-payload",
    severity: Severity::Error,
    title: "RTP with a payload type that no SDP names",
    advice: "The sender switched to something of its own, or uses a stale mapping; the peer drops it. Cisco gateway: fax \
             protocol t38 version 0 ls-redundancy 0 hs-redundancy 0 fallback pass-through g711ulaw, without nse force; \
             for plain G.711 no modem passthrough and fax rate disable; VG248, VG224: fax relay off or T.38 standard.",
    step: "set that side to standard T.38 or plain G.711",
    reference: "RFC 3264, section 8.3.2; RFC 3551, section 6; chan-sccp issue 304",
    when: "10 or more RTP packets of a side after the answer have a dynamic payload type that neither side's SDP has, in a call with a fax",
    check: Check::PerSide(unknown_payload),
    covers: &[
        hide(&[&G711_CODEC_SWITCH, &T30_NO_DIS, &T38_NO_REINVITE]).always(),
        explain(&[&T38_FALLBACK_G711]),
    ],
    ..super::G711
};

fn unknown_payload(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let answered = call.answered?;
    call.fax.as_ref()?;
    if call.capture.starts_mid_call {
        return None;
    }
    let known = |payload_type: u8| {
        let name = payload_type.to_string();
        call.negotiations
            .iter()
            .flat_map(|one| [Some(&one.offer), one.answer.as_ref()])
            .flatten()
            .flat_map(|sdp| &sdp.media)
            .any(|line| {
                line.formats.contains(&name)
                    || line.rtpmap.iter().any(|(pt, ..)| *pt == payload_type)
            })
    };
    let mut found: Vec<(&crate::call::Event, &RtpSpan)> = Vec::new();
    for event in call
        .events
        .iter()
        .filter(|event| event.from == side && event.end >= answered)
    {
        if let EventKind::Rtp(span) = &event.kind
            && span.payload_type >= DYNAMIC
            && !known(span.payload_type)
        {
            found.push((event, span));
        }
    }
    let (event, first) = found.first()?;
    let packets: u32 = found
        .iter()
        .filter(|(_, span)| span.payload_type == first.payload_type)
        .map(|(_, span)| span.stats.packets)
        .sum();
    if packets < MANY {
        return None;
    }
    let meaning = meaning(first.payload_type).map_or_else(String::new, |text| format!(" ({text})"));
    let seen = format!(
        "{} sends RTP payload {} that no SDP names{meaning}",
        context.who_begins(side),
        first.payload_type
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            found.iter().map(|(event, _)| event.frame),
            seen,
        )
        .on(event.id)
        .about(context.endpoint(side))
        .more(format!("{}.", crate::text::count(packets, "packet"))),
    )
}

/// What Cisco gateways use a payload type for by default.
const fn meaning(payload_type: u8) -> Option<&'static str> {
    match payload_type {
        96 => Some("Cisco: switch to fax relay"),
        97 => Some("Cisco: fax relay acknowledged"),
        100 => Some("Cisco: NSE"),
        121 => Some("Cisco: DTMF relay"),
        122 => Some("Cisco: fax relay data"),
        126 | 127 => Some("Cisco: upspeed to G.711"),
        _ => None,
    }
}

/// RTP goes on for this long while the other side is silent, seconds.
const GOES_ON: f64 = 10.0;
/// Packets on their way when the media change, seconds.
const UNDER_WAY: f64 = 1.0;

pub(in crate::hint) static G711_SILENT_AFTER_SWITCH: Rule = Rule {
    id: "g711-silent-after-switch",
    severity: Severity::Error,
    title: "A side sends no RTP any more after a re-INVITE",
    advice: "The media were set up anew (T.38 and back, hold, a change of address) and this side never sent again, \
             though its SDP says that it will. Its media session was not restarted: update it; until then avoid the \
             second re-INVITE (T.38 off for this peer, or no fallback). Capture at that host to see whether packets \
             leave it.",
    step: "capture at that host: do packets leave it?",
    reference: "RFC 3264, section 8; asterisk issue 2046",
    when: "a side that sent RTP sends none after a re-INVITE for audio was answered, while the other side sends for 10 s or more",
    check: Check::PerSide(silent_after_switch),
    covers: &[explain(&[&T30_NO_DIS, &T38_FALLBACK_G711])],
    ..super::G711
};

fn silent_after_switch(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    call.fax.as_ref()?;
    let answered = call.answered?;
    let negotiation = call.negotiations.iter().rev().find(|one| {
        let open = |sdp: &crate::sip::Sdp| {
            crate::hint::t38::audio_line(sdp).is_some_and(|line| {
                line.direction
                    .as_deref()
                    .is_none_or(|direction| direction == "sendrecv")
            })
        };
        open(&one.offer) && one.answer.as_ref().is_some_and(open)
    })?;
    let answer = context.event(negotiation.answer_event?)?;
    if answer.at <= answered.plus_seconds(UNDER_WAY) {
        return None;
    }
    let spans = |side: Side| {
        call.events
            .iter()
            .filter(move |event| event.from == side && matches!(event.kind, EventKind::Rtp(_)))
    };
    let before = spans(side).rfind(|event| event.at < answer.at)?;
    let again = spans(side).any(|event| event.end > answer.at.plus_seconds(UNDER_WAY));
    let other = spans(side.other()).map(|event| event.end).max()?;
    let t38 = call
        .udptl
        .of(side)
        .last
        .is_some_and(|(_, last)| last > answer.at);
    if again || t38 || other.seconds_since(answer.at) < GOES_ON {
        return None;
    }
    let seen = format!(
        "{} sends no RTP any more after the re-INVITE",
        context.who_begins(side)
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            [answer.frame, before.last_frame],
            seen,
        )
        .on(answer.id)
        .about(context.endpoint(side)),
    )
}
