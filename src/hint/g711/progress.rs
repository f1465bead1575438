//! Tones of the telephone network that answer a fax.

use crate::call::{Event, EventKind, Side};
use crate::hint::g711::G711;
use crate::hint::rule::{Check, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::voice::T30_ANSWERED_BY_VOICE;
use crate::hint::t38::error_unless_delivered;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Tone;
use crate::t38::Indicator;

pub(in crate::hint) static G711_CALL_PROGRESS_TONE: Rule = Rule {
    id: "g711-call-progress-tone",
    severity: Severity::Error,
    title: "A tone of the telephone network answers the fax",
    advice: "The call is answered in SIP, and behind the answer is no fax but a tone of the telephone network: the line is busy (half a second on and off), there is no way through (a quarter of a second), it still \
        rings (1 to 2 s, long pause), or an announcement begins (three tones that rise). A gateway or PBX answers before its telephone line does: let it signal 486 or 503, or ringing (180, 183), in place of the tone \
        (Cisco: progress tones from the network; Asterisk DAHDI: callprogress, busydetect, answeronpolarityswitch). Then see the line behind it.",
    step: "see the telephone line behind the side that answers",
    reference: "ITU-T E.180, Q.35; T.30, section 4.2",
    when: "A fax calls (CNG), and after the answer the called side gives busy, congestion (3 bursts of one length and pause, 350 to 650 Hz), ringing (twice) or special information (950, 1400, 1800 Hz) in G.711, and no answer tone, V.21 or T.38 of it is heard.",
    check: Check::One(progress_tone),
    covers: &[hide(&[
        &T30_NO_DIS,
        &SIP_EARLY_BYE,
        &T30_ANSWERED_BY_VOICE,
        &T38_NO_REINVITE,
        &T38_FALLBACK_G711,
    ])
    .always()],
    ..G711
};

/// What a tone says.
const fn meaning(tone: Tone) -> &'static str {
    match tone {
        Tone::Busy => "the line is busy",
        Tone::Congestion => "no way through to the line",
        Tone::Ringing => "nobody has answered yet",
        _ => "an announcement follows",
    }
}

fn progress_tone(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    call.fax.as_ref()?;
    let answer = context.answer()?;
    if call.events.iter().any(is_answering_fax) {
        return None;
    }
    let network = |event: &Event| match &event.kind {
        EventKind::Tone { tone, .. } if tone.is_of_network() => Some(*tone),
        _ => None,
    };
    // Before the answer it is as it should be.
    let mut tones = call.events.iter().filter(|event| {
        let after = event.end.seconds_since(answer.at.max(event.at));
        event.from == Side::Callee && event.end > answer.at && after >= LASTS.min(length(event))
    });
    let (event, tone) = tones.find_map(|event| Some((event, network(event)?)))?;
    let seen = format!(
        "{} of the called side {:.1} s after the answer, no fax – {}",
        capitalised(tone),
        event.at.seconds_since(answer.at).max(0.0),
        meaning(tone)
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            [event.frame, answer.frame],
            seen,
        )
        .on(event.id)
        .about(context.endpoint(Side::Callee))
        // The line behind the one that answers may be anybody's.
        .blame_nobody(),
    )
}

/// So much of a tone comes after the answer, seconds.
const LASTS: f64 = 1.0;

fn length(event: &Event) -> f64 {
    event.end.seconds_since(event.at)
}

fn capitalised(tone: Tone) -> String {
    let name = tone.to_string();
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// What only the called fax sends, at any time: after its end a gateway gives the busy tone of its line.
fn is_answering_fax(event: &Event) -> bool {
    let is_tone = |tone: Tone| tone != Tone::Cng && !tone.is_of_network();
    event.from == Side::Callee
        && event.observed
        && match &event.kind {
            EventKind::Tone { tone, .. } => is_tone(*tone),
            EventKind::RtpEvent(event) => event.tone().is_some_and(is_tone),
            EventKind::Indicator(indicator) => *indicator != Indicator::NoSignal,
            EventKind::Preamble | EventKind::T30(_) | EventKind::V8 { .. } => true,
            _ => false,
        }
}
