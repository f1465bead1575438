//! Which medium the fax runs on: audio after all, audio again, or T.38 without SIP.

use crate::call::{Event, EventKind, Negotiation, Phase, Side};
use crate::capture::Timestamp;
use crate::hint::context::event;
use crate::hint::rule::{Check, hide};
use crate::hint::t30::page::{T30_PAGE_NO_POSTMSG, T30_PAGE_TRUNCATED};
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::t38::{
    agreed_on_other_leg, audio_line, error_unless_delivered, fax_in_audio, first_fax_sign,
    first_switches,
};
use crate::hint::{Finding, Rule, RuleContext, Severity};

/// The call goes on this long as audio: no mere end after a refusal, seconds.
const GOES_ON: f64 = 5.0;
/// After the last MCF the fax counts as ended from here, seconds.
const AFTER_MCF: f64 = 1.0;
/// `t38-back-to-audio-midfax`: so many RTP packets are audio again (1 s).
const AUDIO_AGAIN: u32 = 50;
/// `t38-back-to-audio-midfax`: they take the place of T.38 if they begin this soon after its last packet, seconds.
const IN_PLACE_OF_T38: f64 = 2.0;
/// A T.38 request by NSE is acknowledged within this time, seconds.
const NSE_ANSWER: f64 = 2.0;

pub(super) const RULES: &[&Rule] = &[
    &T38_FALLBACK_G711,
    &T38_BACK_TO_AUDIO,
    &T38_BACK_TO_AUDIO_MIDFAX,
    &T38_NSE_SWITCHOVER,
];

pub(in crate::hint) static T38_FALLBACK_G711: Rule = Rule {
    id: "t38-fallback-g711",
    severity: Severity::Warning,
    title: "No T.38: the fax is sent as audio",
    advice: "The fax runs over RTP. That needs G.711 from end to end, loss below 0.1 %, no silence suppression and \
             no slips of a jitter buffer on either side. Some systems send a re-INVITE to G.711 first; where they \
             do not, the voice codec stays. T.38 is recommended: see why it was refused or never asked for.",
    step: "see why T.38 was refused or never asked for",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (T.38 is generally recommended)",
    when: "T.38 refused, declined or never asked for, and a fax in audio for 5 s or more",
    check: Check::One(fallback_g711),
    ..super::T38
};

pub(in crate::hint) static T38_BACK_TO_AUDIO: Rule = Rule {
    id: "t38-back-to-audio",
    severity: Severity::Ok,
    title: "Fax finished, call switched back to audio",
    advice: "The normal end: the call returns to audio and is hung up. A failure here does not touch the fax that \
             was delivered, but may leave a stuck call; a re-INVITE that crosses the BYE gets a harmless 481.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (returns to a regular audio call)",
    when: "after DCN, or 1 s after the last MCF, a re-INVITE to audio; a warning if it is refused",
    check: Check::One(back_to_audio),
    ..super::T38
};

pub(in crate::hint) static T38_BACK_TO_AUDIO_MIDFAX: Rule = Rule {
    id: "t38-back-to-audio-midfax",
    severity: Severity::Error,
    title: "Switched back to audio in the middle of the fax",
    advice: "One side gave T.38 up: its T.38 timeout, hold or transfer, a session refresh with an old SDP, the \
             timeout of the T.38 gateway of Asterisk (10 s). Look at the 10 s before on the side that switched: \
             missing UDPTL, repeated DIS or DCS.",
    step: "look at the 10 s before on the side that switched back",
    reference: "Asterisk res_fax.c (FAX_GATEWAY_TIMEOUT)",
    when: "an accepted re-INVITE or UPDATE takes the image stream away after T.30 began and before DCN, or the T.38 of a side stops and its RTP begins again without SIP",
    check: Check::One(back_to_audio_midfax),
    covers: &[hide(&[
        &T30_DROPPED_MID_FAX,
        &T30_PAGE_TRUNCATED,
        &T30_PAGE_NO_POSTMSG,
    ])],
    ..super::T38
};

pub(in crate::hint) static T38_NSE_SWITCHOVER: Rule = Rule {
    id: "t38-nse-switchover",
    severity: Severity::Note,
    title: "Switched without SIP re-INVITE (Cisco NSE)",
    advice: "Cisco gateways may switch by NSE in RTP instead of by re-INVITE. Asterisk and VoipNow do not answer \
             NSE, so against them the switch fails: on the gateway use protocol-based T.38 (fax protocol t38 \
             without nse force), on AudioCodes the Fax Signaling Method.",
    reference: "Cisco, named signalling events 192 to 202",
    when: "NSE 192 to 202 in RTP, or T.38 on a call whose SIP never offered it",
    check: Check::One(nse_switchover),
    covers: &[hide(&[&T38_NO_REINVITE]).always()],
    ..super::T38
};

fn fallback_g711(context: &RuleContext<'_>) -> Option<Finding> {
    let (Some(answer), true) = (context.answer(), fax_in_audio(context)) else {
        return None;
    };
    let refusal = first_switches(context)
        .into_iter()
        .filter_map(|switch| switch.answer.map(|(event, _)| event))
        .next_back();
    let since = refusal.unwrap_or(answer);
    let audio_ends = context
        .call
        .events
        .iter()
        .filter(|event| is_audio(event))
        .map(|event| event.end)
        .max();
    let goes_on = audio_ends.is_some_and(|end| end.seconds_since(since.at) >= GOES_ON);
    // Without any sign of a fax in it the audio is merely audio.
    let sign = first_fax_sign(context).filter(|_| goes_on && !agreed_on_other_leg(context))?;
    let seen = format!(
        "No T.38 – fax is sent over {} audio; quality rules apply",
        context.codec()
    );
    Some(Finding::new(Severity::Warning, [since.frame, sign.frame], seen).on(since.id))
}

fn is_audio(event: &Event) -> bool {
    !matches!(
        event.kind,
        EventKind::Sip(_) | EventKind::Icmp { .. } | EventKind::Missing(_)
    )
}

/// Offers that take T.38 away: audio instead of it, after it was agreed.
fn audio_offers<'a>(
    context: &RuleContext<'a>,
) -> impl Iterator<Item = (&'a Event, &'a Negotiation)> {
    let call = context.call;
    call.negotiations.iter().filter_map(move |negotiation| {
        let offer = event(call, negotiation.offer_event)?;
        let had_t38 = call
            .media
            .iter()
            .rfind(|period| period.from < offer.at)
            .is_some_and(|period| period.t38.is_some());
        let to_audio = !negotiation.offers_t38() && audio_line(&negotiation.offer).is_some();
        (had_t38 && to_audio).then_some((offer, negotiation))
    })
}

fn back_to_audio(context: &RuleContext<'_>) -> Option<Finding> {
    let dcn = context.t30_named("DCN").last().map(|(event, _)| event);
    let mcf = context.t30_named("MCF").last().map(|(event, _)| event);
    let (end, ends_at) = dcn
        .map(|event| (event, event.end))
        .or_else(|| mcf.map(|event| (event, event.end.plus_seconds(AFTER_MCF))))?;
    let (offer, negotiation) = audio_offers(context).find(|(offer, _)| offer.at >= ends_at)?;
    let bye = context.bye().map(|(event, _)| event);
    let answer = negotiation.answer_event.and_then(|id| context.event(id));
    let (severity, seen) = match negotiation.status {
        Some(200..=299) => (
            Severity::Ok,
            "Fax finished – call switched back to audio".to_owned(),
        ),
        // Crossed the BYE, or nobody waited for the answer.
        Some(481) | None if bye.is_some() => (
            Severity::Note,
            "Fax finished – the switch back to audio crossed the hang-up".to_owned(),
        ),
        Some(status) => (
            Severity::Warning,
            format!("Fax finished – the switch back to audio is refused ({status})"),
        ),
        None => return None,
    };
    let frames = [
        Some(offer.frame),
        answer.map(|event| event.frame),
        Some(end.frame),
    ];
    Some(Finding::new(severity, frames.into_iter().flatten(), seen).on(offer.id))
}

fn back_to_audio_midfax(context: &RuleContext<'_>) -> Option<Finding> {
    let dcn = context.t30_named("DCN").next().map(|(event, _)| event.at);
    let Some((offer, negotiation)) = context.call.negotiations.iter().find_map(|negotiation| {
        let offer = context.event(negotiation.offer_event)?;
        let had_t38 = context
            .call
            .media
            .iter()
            .rfind(|period| period.from < offer.at)
            .is_some_and(|period| period.t38.is_some());
        let accepted = negotiation
            .status
            .is_none_or(|status| (200..300).contains(&status))
            && negotiation.answer.is_some();
        let began = context.t30().any(|(event, _)| event.at < offer.at);
        let open = dcn.is_none_or(|dcn| offer.at < dcn);
        (had_t38 && accepted && !negotiation.accepts_t38() && began && open)
            .then_some((offer, negotiation))
    }) else {
        return audio_again(context);
    };
    if context.delivered() {
        return None;
    }
    let (last, phase) = phase_at(context, offer.at);
    let side = if negotiation.offers_t38() {
        negotiation.from.other()
    } else {
        negotiation.from
    };
    let seen = format!(
        "{} switched back to audio in phase {} – fax aborted",
        context.who_begins(side),
        phase.name()
    );
    let frames = [
        Some(offer.frame),
        negotiation.answer_event.and_then(|id| context.frame(id)),
        last.map(|event| event.last_frame),
    ];
    Some(
        Finding::new(
            error_unless_delivered(context),
            frames.into_iter().flatten(),
            seen,
        )
        .on(offer.id)
        .in_phase(phase)
        .about(context.endpoint(side)),
    )
}

/// The last event of the fax up to a time, and its phase.
fn phase_at<'a>(context: &RuleContext<'a>, at: Timestamp) -> (Option<&'a Event>, Phase) {
    let last = context
        .call
        .events
        .iter()
        .rfind(|event| event.at <= at && event.phase.is_some() && event.observed);
    let phase = match last.and_then(|event| event.phase) {
        Some(Phase::A) | None => Phase::B,
        Some(phase) => phase,
    };
    (last, phase)
}

/// A side whose T.38 stops in the fax and whose RTP takes its place, with no word in SIP.
fn audio_again(context: &RuleContext<'_>) -> Option<Finding> {
    let (side, frame, at) = [Side::Caller, Side::Callee]
        .into_iter()
        .filter_map(|side| {
            let (count, frame, at) = context.call.udptl.of(side).rtp_again?;
            (count >= AUDIO_AGAIN).then_some((side, frame, at))
        })
        .min_by_key(|(.., at)| *at)?;
    let in_place = [Side::Caller, Side::Callee]
        .into_iter()
        .filter_map(|side| context.call.udptl.of(side).last)
        .map(|(_, last)| last)
        .max()
        .is_some_and(|last| at.seconds_since(last) <= IN_PLACE_OF_T38);
    let began = context.t30().any(|(event, _)| event.at < at);
    let over = context.t30_named("DCN").any(|(event, _)| event.at <= at)
        || context.bye().is_some_and(|(bye, _)| bye.at <= at);
    if !in_place || !began || over || context.delivered() {
        return None;
    }
    let (last, phase) = phase_at(context, at);
    let seen = format!(
        "{} went back to audio in phase {} without SIP – fax aborted",
        context.who_begins(side),
        phase.name()
    );
    let frames = [Some(frame), last.map(|event| event.last_frame)];
    Some(
        Finding::new(
            error_unless_delivered(context),
            frames.into_iter().flatten(),
            seen,
        )
        .on_any(last.map(|event| event.id))
        .in_phase(phase)
        .about(context.endpoint(side)),
    )
}

fn nse_switchover(context: &RuleContext<'_>) -> Option<Finding> {
    let events: Vec<(&Event, u8)> = context
        .call
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::RtpEvent(told) if told.nse && (192..=202).contains(&told.code) => {
                Some((event, told.code))
            }
            _ => None,
        })
        .collect();
    let Some((first, code)) = events.first().copied() else {
        return silent_switch(context);
    };
    let request = events.iter().find(|(_, code)| *code == 200);
    let refusal = events.iter().find(|(_, code)| *code == 202);
    let unanswered = request.is_some_and(|(request, _)| {
        let acknowledged = events
            .iter()
            .any(|(event, code)| *code == 201 && event.at >= request.at);
        !acknowledged && context.covers(request.at, NSE_ANSWER)
    });
    let worst = error_unless_delivered(context);
    let (event, code, severity) = match (refusal, request) {
        (Some((event, code)), _) => (*event, *code, worst),
        (None, Some((event, code))) if unanswered => (*event, *code, worst),
        _ => (first, code, Severity::Note),
    };
    let seen = format!(
        "Cisco NSE {code} ({}) – switch without SIP re-INVITE",
        nse_name(code)
    );
    let frames = events.iter().map(|(event, _)| event.frame);
    Some(
        Finding::new(severity, std::iter::once(event.frame).chain(frames), seen)
            .on(event.id)
            .about(event.src),
    )
}

/// T.38 that flows although no SDP of the call ever offered it.
fn silent_switch(context: &RuleContext<'_>) -> Option<Finding> {
    let offered = context
        .call
        .negotiations
        .iter()
        .any(Negotiation::offers_t38);
    // A start that is missing, or an SDP that is cut, may have offered it.
    let known = context.call.answered.is_some()
        && !context.call.capture.starts_mid_call
        && context.call.capture.truncated_sip == 0;
    let first = context
        .call
        .events
        .iter()
        .find(|event| matches!(event.kind, EventKind::Indicator(_)));
    let (Some(first), false, true) = (first, offered, known) else {
        return None;
    };
    Some(
        Finding::new(
            Severity::Note,
            [first.frame],
            "T.38 starts without any SIP re-INVITE – switch by the gateways alone",
        )
        .on(first.id)
        .about(first.src),
    )
}

const fn nse_name(code: u8) -> &'static str {
    match code {
        192 => "passthrough",
        193 => "echo canceller off",
        194 => "back to voice",
        200 => "T.38 request",
        201 => "T.38 acknowledged",
        202 => "T.38 refused",
        _ => "switch",
    }
}
