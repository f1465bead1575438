//! Sound that is not what it should be, though no packet is lost: V.34, which is not decoded, and a wrong pace.

use crate::call::{EventKind, Side, verdict};
use crate::hint::evidence::{hang_up, named};
use crate::hint::g711::{G711, is_audio_fax, spans};
use crate::hint::g711::{G711_CLOCK_SLIP, G711_JITTER};
use crate::hint::rule::{Check, RootCause, explain, hide, lower};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::dis::T30_DIS_NO_DCS;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t30::training::T30_DCS_DIS_LOOP;
use crate::hint::t38::answer::T38_IMAGE_PORT_ZERO;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::{Finding, Rule, RuleContext, Severity};

/// Deviation of a pace from real time that tears tones, and that may.
const TORN: f64 = 0.10;
/// Seconds of sound at that pace.
const LONG: f64 = 5.0;

pub(in crate::hint) static G711_SG3: Rule = Rule {
    id: "g711-sg3",
    severity: Severity::Warning,
    title: "Super G3 over audio: the content is not decoded",
    advice: "After V.8 the machines speak V.34, DIS and DCS included, which is not demodulated here. Nobody is at fault for that. If such faxes fail, V.34 is the first to switch off: on the machine (14400, Super G3 off), Cisco fax-relay sg3-to-g3, AudioCodes V34FaxTransportType; V.34 needs G.711 with no loss and no echo canceller.",
    step: "switch V.34 (Super G3) off first",
    reference: "T.30 annex F; V.8 (CM, JM); Cisco 118646 and 47420",
    when: "ANSam of the called side and CM or JM of V.8, in sound or as an event, 3 s and more before the call ends, and no V.21 message of T.30 after them.",
    check: Check::One(super_g3),
    root: RootCause::IfIncomplete,
    covers: &[
        hide(&[
            &T30_NO_DIS,
            &T30_DIS_NO_DCS,
            &SIP_EARLY_BYE,
            &T30_DROPPED_MID_FAX,
        ])
        .always(),
        lower(&[&T38_NO_REINVITE, &T38_FALLBACK_G711]),
    ],
    ..G711
};

pub(in crate::hint) static G711_PACE: Rule = Rule {
    id: "g711-pace",
    severity: Severity::Error,
    title: "Audio is sent slower or faster than real time",
    advice: "The sender paces its packets wrongly; no jitter buffer can help, and no network did it: sequence numbers and time stamps are whole. FreeSWITCH: a leg whose T.38 was declined in the first answer plays at 70 ms a frame (pull request 3153; until it is fixed fax_enable_t38=true, or take m=image out of the offer). Otherwise the timer of a virtual machine (Asterisk: timing test, res_timing_timerfd), a limit of its CPU, or a ptime that differs from the packets.",
    step: "see the timer of the sending PBX or virtual machine",
    reference: "signalwire/freeswitch pull request 3153 (14 packets a second)",
    when: "Over 5 s and more without a gap in the sequence numbers the time stamps of one direction of a G.711 fax advance by more than 10 % (warning: 5 %) more or less than the time, steadily, and those of the other direction do not.",
    check: Check::PerSide(pace),
    covers: &[
        hide(&[&G711_JITTER, &G711_CLOCK_SLIP]),
        explain(&[
            &T38_IMAGE_PORT_ZERO,
            &T30_DIS_NO_DCS,
            &T30_NO_DIS,
            &T30_DCS_DIS_LOOP,
            &T30_DROPPED_MID_FAX,
        ]),
    ],
    ..G711
};

fn super_g3(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let menu = verdict::super_g3(call)?;
    let answer = call.events.iter().find(|event| match &event.kind {
        EventKind::Tone { .. } | EventKind::RtpEvent(_) => event.from == Side::Callee,
        _ => false,
    });
    let end = hang_up(call).map(|event| event.frame);
    let frames = [Some(menu.frame), answer.map(|event| event.frame), end];
    let seen = format!(
        "Super G3 (V.34) over {} – pages cannot be read here, result unknown",
        context.codec()
    );
    let finding = Finding::new(Severity::Warning, frames.into_iter().flatten(), seen);
    Some(finding.on(menu.id).blame_nobody())
}

fn pace(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    if !is_audio_fax(call) {
        return None;
    }
    let of = |side: Side| {
        let paced = spans(call, side).filter_map(|(event, span)| Some((event, span.stats.pace?)));
        paced.max_by(|(_, one), (_, other)| one.seconds.total_cmp(&other.seconds))
    };
    // Both at once: the clock of the capture.
    let (event, pace) = of(side).filter(|_| of(side.other()).is_none())?;
    if pace.seconds < LONG {
        return None;
    }
    let severity = if (pace.ratio - 1.0).abs() > TORN {
        Severity::Error
    } else {
        Severity::Warning
    };
    let seen = format!(
        "{} sends audio at {:.0} % of real time ({:.0} packets/s) – tones are torn",
        named(call, side),
        pace.ratio * 100.0,
        pace.packets_per_second
    );
    let finding = Finding::new(severity, [pace.first, pace.last], seen);
    Some(finding.on(event.id).about(context.endpoint(side)))
}
