//! The answering fax begins late.

use crate::call::{Event, EventKind};
use crate::hint::rule::{Check, Layer, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Tone;
use crate::t30::Fcf;
use crate::t38::Indicator;

pub(super) const RULES: &[&Rule] = &[&T30_CED_LATE];

/// After the answer the fax should have begun by now, seconds.
const LATE: f64 = 15.0;
/// A caller that gives up so soon after the tone had waited for it, seconds.
const GIVES_UP: f64 = 10.0;

pub(in crate::hint) static T30_CED_LATE: Rule = Rule {
    id: "t30-ced-late",
    severity: Severity::Warning,
    title: "The answering fax tone comes late",
    advice: "The answering fax did start, but late (announcement, IVR, ring group, slow gateway), and the caller's T1 \
             (35 s from dialling or the answer) or its wait for a carrier was over. Called side: route the number \
             straight to the fax, and answer only when it does. Calling side: more patience (modem S7, HylaFAX \
             FaxT1Timer, t38modem), and no early media as start of T1 (FreeSWITCH ignore_early_media=true).",
    step: "route the number straight to the fax",
    reference: "T.30, timer T1; t38modem issue 9",
    when: "the first CED, ANSam or V.21 of the called side comes more than 15 s after the answer; an error if the caller gives up within 10 s after it and before DIS",
    check: Check::One(ced_late),
    layer: Layer::PhaseB,
    covers: &[hide(&[&T30_NO_DIS, &SIP_EARLY_BYE, &T38_NO_REINVITE]).always()],
    ..super::T30
};

fn ced_late(context: &RuleContext<'_>) -> Option<Finding> {
    let called = context.exchange().called;
    let answer = context.answer()?;
    let tone = context.call.events.iter().find(|event| {
        event.observed && event.from == called && event.at >= answer.at && is_answering(event)
    })?;
    let after = tone.at.seconds_since(answer.at);
    if after <= LATE {
        return None;
    }
    let dis = context
        .t30_named("DIS")
        .find(|(event, _)| event.from == called)
        .map(|(event, _)| event);
    let gone = context
        .bye()
        .map(|(bye, _)| bye)
        .into_iter()
        .chain(
            context
                .t30()
                .filter(|(_, frame)| frame.fcf == Fcf::Dcn)
                .map(|(event, _)| event),
        )
        .filter(|event| event.from != called)
        .min_by_key(|event| event.at)
        .filter(|event| event.at.seconds_since(tone.at) <= GIVES_UP)
        .filter(|event| dis.is_none_or(|dis| dis.end > event.at));
    let severity = if gone.is_some() && !context.delivered_on_either_leg() {
        Severity::Error
    } else {
        Severity::Warning
    };
    let end = gone.map_or_else(String::new, |gone| {
        format!(
            " – {} gave up {:.1} s later",
            context.who(called.other()),
            gone.at.seconds_since(tone.at)
        )
    });
    let frames = [
        Some(tone.frame),
        Some(answer.frame),
        gone.map(|event| event.frame),
    ];
    Some(
        Finding::new(
            severity,
            frames.into_iter().flatten(),
            format!("Fax tone {after:.0} s after the answer{end}"),
        )
        .on(tone.id)
        .about(context.endpoint(called))
        .blame_nobody(),
    )
}

/// CED, `ANSam`, V.21 flags: the answering fax is there.
fn is_answering(event: &Event) -> bool {
    match &event.kind {
        EventKind::Indicator(Indicator::Ced | Indicator::V21Preamble) | EventKind::Preamble => true,
        EventKind::Tone { tone, .. } => *tone != Tone::Cng && !tone.is_of_network(),
        EventKind::RtpEvent(event) => event.tone().is_some_and(|tone| tone != Tone::Cng),
        EventKind::T30(frame) => frame.fcf == Fcf::Dis,
        _ => false,
    }
}
