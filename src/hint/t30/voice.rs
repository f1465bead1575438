//! Somebody, or something, speaks where a fax was called.

use crate::call::{Event, EventKind, Side};
use crate::hint::rule::{Check, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Tone;

pub(super) const RULES: &[&Rule] = &[&T30_ANSWERED_BY_VOICE];

/// So long a caller sends CNG after the answer without an answering fax, seconds.
const WAITED: f64 = 5.0;

pub(in crate::hint) static T30_ANSWERED_BY_VOICE: Rule = Rule {
    id: "t30-answered-by-voice",
    severity: Severity::Error,
    title: "No fax answers, but a voice",
    advice: "The caller sends CNG, and the called side gives sound that is no fax: voice mail, an announcement, a menu or \
             a person. See that the number called is that of the fax, that the fax is on, and that its line does not \
             forward to voice mail; where number and voice share a line, that fax detection (Asterisk: faxdetect=cng, \
             FreeSWITCH: spandsp_start_fax_detect) is on and sends the call to the fax.",
    step: "see that this number leads to the fax, and that it is on",
    reference: "T.30, section 4.2 (CNG), section 4.3.3 (CED)",
    when: "CNG of the caller goes on for 5 s after the answer, the called side gives sound above silence, and neither CED nor V.21 of it is heard",
    check: Check::One(answered_by_voice),
    absence: Some(WAITED),
    covers: &[hide(&[
        &T30_NO_DIS,
        &SIP_EARLY_BYE,
        &T38_NO_REINVITE,
        &T38_FALLBACK_G711,
    ])
    .always()],
    ..super::T30
};

fn tone(event: &Event) -> Option<Tone> {
    match &event.kind {
        EventKind::Tone { tone, .. } => Some(*tone),
        EventKind::RtpEvent(event) => event.tone(),
        _ => None,
    }
}

fn answered_by_voice(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let answer = context.answer()?;
    call.fax.as_ref()?;
    let is_fax = call.events.iter().any(|event| {
        let message = matches!(
            event.kind,
            EventKind::T30(_)
                | EventKind::Indicator(_)
                | EventKind::Preamble
                | EventKind::Training(_)
        );
        message
            || event.from == Side::Callee && tone(event).is_some_and(|tone| !tone.is_of_network())
    });
    if is_fax || !call.speaks.callee || call.packets.t38 > 0 {
        return None;
    }
    let mut cng = call.events.iter().filter(|event| {
        event.from == Side::Caller && event.end > answer.at && tone(event) == Some(Tone::Cng)
    });
    let first = cng.next()?;
    let last = cng.next_back().unwrap_or(first);
    let waits = last.end.seconds_since(answer.at) >= WAITED;
    // Sound before the answer is that of the network: ringing, an announcement.
    let sound = call.events.iter().find(|event| {
        let goes_on = event.end.seconds_since(answer.at) >= WAITED;
        event.from == Side::Callee && matches!(event.kind, EventKind::Rtp(_)) && goes_on
    })?;
    if !waits {
        return None;
    }
    let seen = "CNG of the caller, but a voice or an announcement answers – no fax there";
    Some(
        Finding::new(Severity::Error, [first.frame, sound.frame], seen)
            .on(first.id)
            .about(context.endpoint(Side::Callee))
            .blame_nobody(),
    )
}
