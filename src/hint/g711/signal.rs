//! What the sound is made of: tones, codec, silence.

use crate::call::{Call, Event, EventKind, Side};
use crate::hint::g711::{fax_begins, fax_ends, fax_tone, is_audio_fax, signals_begin, spans};
use crate::hint::{Finding, RuleContext, Severity};
use crate::line::Tone;
use crate::rtp::RtpSpan;

const SIDES: [Side; 2] = [Side::Caller, Side::Callee];

pub(super) fn tones(context: &RuleContext<'_>) -> Vec<Finding> {
    if context.call.fax.is_none() {
        return Vec::new();
    }
    let mut told: Vec<(Side, Tone)> = Vec::new();
    let mut out = Vec::new();
    for event in &context.call.events {
        let Some(tone) = fax_tone(event) else {
            continue;
        };
        if told.contains(&(event.from, tone)) {
            continue;
        }
        told.push((event.from, tone));
        let as_event = if matches!(event.kind, EventKind::RtpEvent(_)) {
            " (RFC 4733 event)"
        } else {
            ""
        };
        let seen = format!(
            "{} signals {tone}{as_event} – this call is a fax",
            event.from
        );
        out.push(Finding::new(Severity::Note, vec![event.frame], seen).on(event.id));
    }
    out
}

pub(super) fn speech_codec(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let transparent = |codec: &str| {
        ["PCMU", "PCMA", "CLEARMODE", "L16"]
            .iter()
            .any(|name| codec.eq_ignore_ascii_case(name))
    };
    let t38 = call.media.iter().any(|period| period.t38.is_some())
        || call.udptl.caller.packets > 0
        || call.udptl.callee.packets > 0;
    let upspeed = SIDES
        .into_iter()
        .any(|side| spans(call, side).any(|(_, span)| transparent(&span.codec)));
    if call.fax.is_none() || t38 || upspeed {
        return None;
    }
    let mut codecs = call
        .media
        .iter()
        .filter_map(|period| Some((period, period.codec.as_deref()?)));
    if codecs.clone().any(|(_, codec)| transparent(codec)) {
        return None;
    }
    let (period, codec) = codecs.next()?;
    let severity = if codec.to_ascii_uppercase().starts_with("G726") {
        Severity::Warning
    } else {
        Severity::Error
    };
    let answer = call
        .negotiations
        .get(period.negotiation)
        .and_then(|negotiation| negotiation.answer_event)
        .and_then(|id| context.event(id));
    let rtp = SIDES.into_iter().find_map(|side| spans(call, side).next());
    let cited = [
        answer.map(|event| event.frame),
        rtp.map(|(event, _)| event.frame),
    ];
    let mut found = Finding::new(
        severity,
        cited.into_iter().flatten(),
        format!("Fax over {codec} cannot work – force G.711 or T.38"),
    );
    found.event = answer.map(|event| event.id);
    Some(found)
}

pub(super) fn codec_switch(context: &RuleContext<'_>) -> Vec<Finding> {
    let call = context.call;
    if !is_audio_fax(call) {
        return Vec::new();
    }
    let mut out: Vec<Finding> = SIDES
        .into_iter()
        .filter_map(|side| changed_codec(call, side))
        .collect();
    if out.is_empty() {
        out.extend(between_directions(call));
    }
    out.extend(between_legs(context));
    out
}

fn changed_codec(call: &Call, side: Side) -> Option<Finding> {
    let begins = fax_begins(call)?;
    let first_message = call
        .events
        .iter()
        .find(|event| matches!(event.kind, EventKind::T30(_)))
        .map(|event| event.at);
    let all: Vec<(&Event, &RtpSpan)> = spans(call, side).collect();
    all.iter()
        .zip(all.iter().skip(1))
        .find_map(|(before, after)| {
            let (old, new) = (&before.1, &after.1);
            let codec = !old.codec.eq_ignore_ascii_case(&new.codec);
            let length = old.stats.ptime_ms != new.stats.ptime_ms
                && old.stats.ptime_ms > 0
                && new.stats.ptime_ms > 0;
            let over = fax_ends(call).is_some_and(|over| after.0.at >= over);
            if after.0.at < begins || over || !(codec || length) {
                return None;
            }
            let upspeed = first_message.is_none_or(|at| after.0.at <= at);
            let severity = if upspeed {
                Severity::Note
            } else {
                Severity::Warning
            };
            let words = |span: &RtpSpan| format!("{} {} ms", span.codec, span.stats.ptime_ms);
            let seen = format!(
                "Codec/ptime of the {side} changes {}->{} during the fax",
                words(old),
                words(new)
            );
            Some(
                Finding::new(severity, vec![after.0.frame, before.0.last_frame], seen)
                    .on(after.0.id),
            )
        })
}

fn between_directions(call: &Call) -> Option<Finding> {
    let (_, forth) = spans(call, Side::Caller).last()?;
    let (event, back) = spans(call, Side::Callee).last()?;
    if forth.codec.eq_ignore_ascii_case(&back.codec) {
        return None;
    }
    let seen = format!(
        "{} from the caller, {} from the callee: the directions differ",
        forth.codec, back.codec
    );
    Some(Finding::new(Severity::Warning, [back.frame, forth.frame], seen).on(event.id))
}

/// A-law on one leg and u-law on the other, told on the leg that began first.
fn between_legs(context: &RuleContext<'_>) -> Option<Finding> {
    let other = context.other.filter(|other| is_audio_fax(other))?;
    if context.call.number > other.number {
        return None;
    }
    let (event, here) = spans(context.call, Side::Caller).last()?;
    let (_, there) = spans(other, Side::Caller).last()?;
    if here.codec.eq_ignore_ascii_case(&there.codec) {
        return None;
    }
    let seen = format!(
        "{} on this leg, {} on the other: transcoding",
        here.codec, there.codec
    );
    Some(Finding::new(Severity::Warning, vec![event.frame], seen).on(event.id))
}

pub(super) fn silence_suppression(context: &RuleContext<'_>) -> Vec<Finding> {
    let call = context.call;
    if !is_audio_fax(call) {
        return Vec::new();
    }
    let begins = fax_begins(call);
    let Some(first) = call
        .events
        .iter()
        .find(|event| begins == Some(event.at))
        .map(|event| event.frame)
    else {
        return Vec::new();
    };
    // While only tones are on the line a pause does no harm.
    let signals = signals_begin(call)
        .and_then(|begins| call.events.iter().find(|event| event.at == begins))
        .map(|event| event.frame);
    let over = fax_ends(call)
        .and_then(|over| call.events.iter().find(|event| event.at >= over))
        .map(|event| event.frame);
    let mut out = Vec::new();
    for side in SIDES {
        let noise = call
            .events
            .iter()
            .filter(|event| event.from == side)
            .filter_map(|event| match &event.kind {
                EventKind::Rtp(span) => span.stats.first_comfort_noise.map(|frame| (event, frame)),
                _ => None,
            })
            .find(|(_, frame)| *frame >= first && over.is_none_or(|over| *frame <= over));
        let pause = spans(call, side).find_map(|(event, span)| {
            span.stats
                .silence_gaps
                .iter()
                .find(|(frame, _)| *frame > first && over.is_none_or(|over| *frame <= over))
                .map(|(frame, ms)| (event, *frame, *ms))
        });
        let (event, frame, what) = match (noise, pause) {
            (Some((event, frame)), _) => (event, frame, "comfort noise packets".to_owned()),
            (None, Some((event, frame, ms))) => (event, frame, format!("pause of {ms} ms")),
            (None, None) => continue,
        };
        let harmful = signals.is_some_and(|signals| frame >= signals) && !context.delivered();
        let severity = if harmful {
            Severity::Error
        } else {
            Severity::Warning
        };
        let seen = format!("Silence suppression of the {side} in the fax ({what}) – disable VAD");
        out.push(Finding::new(severity, vec![frame], seen).on(event.id));
    }
    if out.is_empty() {
        out.extend(allowed_in_sdp(context));
    }
    out
}

fn allowed_in_sdp(context: &RuleContext<'_>) -> Option<Finding> {
    let negotiation = context.call.negotiations.iter().find(|negotiation| {
        std::iter::once(&negotiation.offer)
            .chain(&negotiation.answer)
            .flat_map(|sdp| &sdp.media)
            .any(|line| line.silence_suppression == Some(true))
    })?;
    let event = context.event(negotiation.offer_event)?;
    let seen = "SDP allows silence suppression (silenceSupp:on); none is seen".to_owned();
    Some(Finding::new(Severity::Note, vec![event.frame], seen).on(event.id))
}
