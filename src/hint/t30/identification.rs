//! Phase A and the first half of phase B: does the called fax show itself, does the caller answer it.

use crate::call::exchange::Line;
use crate::call::{Call, Event, EventKind, FaxCarrier, Negotiation};
use crate::capture::Timestamp;
use crate::hint::configured::Bearing;
use crate::hint::evidence::{self, LATE, hang_up};
use crate::hint::rule::Check;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Tone;
use crate::t30::Fcf;
use crate::t30::capability::Capabilities;
use crate::t38::Indicator;

/// `t30-no-dis`: a called fax shows itself within this time, seconds.
const DIS_WITHIN: f64 = 12.0 + LATE;

pub(super) const RULES: &[&Rule] = &[&T30_CED_CNG_ABSENT, &T30_NO_DIS, &T30_NSF, &T30_POLLING];

pub(in crate::hint) static T30_CED_CNG_ABSENT: Rule = Rule {
    id: "t30-ced-cng-absent",
    severity: Severity::Note,
    title: "No CED or CNG in T.38: optional",
    advice: "The tones of phase A (CNG of the caller, CED of the called fax) are not in the T.38 packets. Both are optional, and after a late \
        switch they were in the audio before it. Of interest only if DIS is missing too: then the called device may not be a fax at all.",
    reference: "4PSA: Troubleshooting fax issues (\"CED and CNG messages are optional\")",
    when: "A T.38 dialogue has a DIS, but no ced or no cng indicator, and no such tone was heard in audio before.",
    check: Check::One(tones_absent),
    absence: Some(0.0),
    ..super::T30
};

pub(in crate::hint) static T30_NO_DIS: Rule = Rule {
    id: "t30-no-dis",
    severity: Severity::Error,
    title: "The answering fax never sent DIS",
    advice: "The call is up and the media are agreed, but the answering side does not act as a fax: it sends no DIS. Check on the answering side that fax is \
        enabled for the extension or DID, that the dialplan reaches ReceiveFAX (Asterisk) or rxfax (FreeSWITCH) and not voicemail or a person, that the \
        T.38 engine is attached (res_fax with res_fax_spandsp loaded), and that the disk is not full. In VoipNow/Asterisk add \"fax\" to the console line of \
        logger.conf, run asterisk -rx \"logger reload\" and watch asterisk -rcvvvvvvvvvv while the fax is repeated.",
    step: "see that the called number reaches a fax that answers",
    reference: "4PSA: Troubleshooting fax issues; HylaFAX E126 (T.30 T1 timeout); T.30 timer T1",
    when: "No DIS, CSI, NSF or DTC within 12 s of the switch to T.38 (in G.711: of the first CNG), nor any later T.30 message.",
    check: Check::One(no_dis),
    absence: Some(12.0),
    settings: Bearing::FaxLog,
    ..super::T30
};

pub(in crate::hint) static T30_NSF: Rule = Rule {
    id: "t30-nsf",
    severity: Severity::Note,
    title: "Non-standard facilities (NSF, NSC, NSS)",
    advice: "NSF tells the maker of the machine, and lets two machines of one maker switch to a private protocol with NSS, which no T.38 gateway can follow. Gateways therefore overwrite NSF \
        (Cisco \"fax nsf 000000\"). If NSS is seen and the fax fails, suppress NSF on the gateway next to the called machine, or switch the maker's private mode off on either machine.",
    reference: "T.38 (treatment of non-standard facilities requests); spandsp t38_gateway.c; Cisco fax relay, \"fax nsf\"",
    when: "NSF or NSC is sent (note); NSS is sent in T.38 (warning).",
    check: Check::Many(non_standard),
    ..super::T30
};

pub(in crate::hint) static T30_POLLING: Rule = Rule {
    id: "t30-polling",
    severity: Severity::Note,
    title: "Polling: the caller fetches a document",
    advice: "The caller asks the called fax to send (DTC): sender and receiver swap their parts. If the called fax answers with DCN, it has no document ready, or wants a password \
        or another selective-polling address. Asterisk's ReceiveFAX and SendFAX do not support polling: use a machine or another server as the called end.",
    reference: "asterisk res_fax.c (no polling); HylaFAX E123; T.30 (digital transmit command, DTC)",
    when: "DTC, CIG or NSC of the caller. Warning if the DIS said that nothing is ready to be polled (bit 9 is 0), error if DCN follows.",
    check: Check::One(polling),
    ..super::T30
};

pub(super) fn tone_of(event: &Event) -> Option<Tone> {
    match &event.kind {
        EventKind::Tone { tone, .. } => Some(*tone),
        EventKind::RtpEvent(event) => event.tone(),
        EventKind::Indicator(Indicator::Cng) => Some(Tone::Cng),
        EventKind::Indicator(Indicator::Ced) => Some(Tone::Ced),
        EventKind::Indicator(Indicator::V8Ansam) => Some(Tone::AnsAm),
        _ => None,
    }
}

const fn is_answer_tone(tone: Tone) -> bool {
    matches!(
        tone,
        Tone::Ced | Tone::CedReversals | Tone::AnsAm | Tone::AnsAmReversals
    )
}

fn tones_absent(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if !exchange.is_t38() || exchange.is_half() {
        return None;
    }
    let (_, dis) = exchange.all(&[Fcf::Dis]).next()?;
    let heard =
        |wanted: fn(Tone) -> bool| context.call.events.iter().filter_map(tone_of).any(wanted);
    let missing = match (heard(|tone| tone == Tone::Cng), heard(is_answer_tone)) {
        (true, true) => return None,
        (false, true) => "No CNG",
        (true, false) => "No CED",
        (false, false) => "No CED/CNG",
    };
    let seen = format!("{missing} in T.38 – optional, normal after a late switch");
    Some(Finding::new(Severity::Note, vec![dis.frame()], seen).on(dis.event.id))
}

fn no_dis(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let exchange = context.exchange();
    if exchange
        .lines
        .iter()
        .any(|line| line.message().is_some() || line.page().is_some())
    {
        return None;
    }
    // What began before the capture may have had its DIS there; a switch that is in it counts.
    if call.capture.starts_mid_call && !call.negotiations.iter().any(Negotiation::accepts_t38) {
        return None;
    }
    let (from, event) = fax_expected(call)?;
    let until = hang_up(call)
        .map(|event| event.at)
        .filter(|at| *at > from)
        .unwrap_or(call.capture.last_time);
    let waited = until.seconds_since(from);
    if waited < DIS_WITHIN {
        return None;
    }
    let last = call
        .events
        .iter()
        .rfind(|event| tone_of(event) == Some(Tone::Cng));
    let called = exchange.called;
    let cited = [event, last].into_iter().flatten().map(|event| event.frame);
    let mut found = Finding::new(
        Severity::Error,
        cited,
        format!("{called} never sent DIS in {waited:.0} s – answering fax did not start"),
    )
    .about(context.endpoint(called))
    .more(evidence::blame(
        context,
        called,
        "check its fax settings as above.",
        "ask its operator whether a fax answers that number at all.",
    ));
    found.event = last.or(event).map(|event| event.id);
    Some(found)
}

/// From when a called fax should show itself: the switch to T.38, or CNG in G.711.
fn fax_expected(call: &Call) -> Option<(Timestamp, Option<&Event>)> {
    if let Some(period) = call.media.iter().find(|period| period.t38.is_some()) {
        let answer = call
            .negotiations
            .get(period.negotiation)
            .and_then(|negotiation| negotiation.answer_event)
            .and_then(|id| crate::hint::context::event(call, id));
        return Some((period.from, answer));
    }
    let fax = call.fax.as_ref()?;
    if fax.carrier == FaxCarrier::T38 {
        let first = [call.udptl.caller.first, call.udptl.callee.first];
        return first
            .into_iter()
            .flatten()
            .map(|(_, at)| at)
            .min()
            .map(|at| (at, None));
    }
    let readable = call.media.iter().any(|period| {
        period
            .codec
            .as_deref()
            .is_some_and(|codec| matches!(codec, "PCMU" | "PCMA"))
    });
    let cng = call
        .events
        .iter()
        .find(|event| tone_of(event) == Some(Tone::Cng))?;
    // A switch to T.38 that came to nothing: the called side begins anew.
    let after = call
        .negotiations
        .iter()
        .filter(|negotiation| negotiation.offers_t38())
        .filter_map(|negotiation| crate::hint::context::event(call, negotiation.answer_event?))
        .rfind(|answer| answer.at > cng.at)
        .unwrap_or(cng);
    readable.then_some((after.at, Some(after)))
}

fn non_standard(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    [Fcf::Nsf, Fcf::Nsc, Fcf::Nss]
        .into_iter()
        .filter_map(|fcf| {
            let (_, line, message) = exchange
                .messages()
                .find(|(_, _, message)| message.fcf == fcf)?;
            let fif = message.fif();
            let overwritten =
                !fif.is_empty() && fif.iter().all(|octet| matches!(octet, 0x00 | 0xFF));
            let (severity, seen) = match fcf {
                Fcf::Nss if exchange.is_t38() => (
                    Severity::Warning,
                    "NSS: proprietary mode, which T.38 cannot carry".to_owned(),
                ),
                _ if overwritten => (Severity::Note, format!("{fcf}: overwritten by a gateway")),
                _ => (Severity::Note, format!("{fcf}: {}", message.detail())),
            };
            Some(Finding::new(severity, vec![line.frame()], seen).on(line.event.id))
        })
        .collect()
}

fn polling(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    let (place, line) = exchange.all(&[Fcf::Dtc, Fcf::Cig, Fcf::Nsc]).next()?;
    let called = line.event.from.other();
    let refused = exchange
        .rounds_of(&[Fcf::Dtc])
        .last()
        .is_some_and(|round| exchange.answer(round) == Some(Fcf::Dcn));
    let nothing_ready = exchange
        .last_before(place, &[Fcf::Dis])
        .and_then(|(_, dis)| dis.valid())
        .is_some_and(|dis| !Capabilities::new(dis.fif()).has_document());
    let (severity, tail) = if refused {
        (
            Severity::Error,
            format!(" – DCN: nothing to poll at the {called}"),
        )
    } else if nothing_ready && !exchange.has(&[Fcf::Cfr]) {
        (
            Severity::Warning,
            " – but DIS offers no document (bit 9)".to_owned(),
        )
    } else {
        (Severity::Note, String::new())
    };
    let cited = [
        Some(line.frame()),
        exchange
            .dcn
            .and_then(|dcn| exchange.line(dcn))
            .map(Line::frame),
    ]
    .into_iter()
    .flatten();
    let seen = format!(
        "Polling call (DTC): {called} sends, {} receives{tail}",
        called.other()
    );
    Some(Finding::new(severity, cited, seen).on(line.event.id))
}
