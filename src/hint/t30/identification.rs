//! Phase A and the first half of phase B: does the called fax show itself, does the caller answer it.

use crate::call::exchange::{ExchangeView, Line, Round};
use crate::call::{Call, Event, EventKind, FaxCarrier, Negotiation, Side};
use crate::capture::Timestamp;
use crate::hint::evidence::{self, LATE, hang_up};
use crate::hint::rule::{AfterSuccess, Check, explain, hide};
use crate::hint::t30::release::T30_DCN_BEFORE_DCS;
use crate::hint::{Finding, Rule, Scene, Severity};
use crate::line::Tone;
use crate::t30::Fcf;
use crate::t30::capability::Capabilities;
use crate::t30::frame::T30Frame;
use crate::t30::timer::T1;
use crate::t30::timer::T4;
use crate::t38::Indicator;

/// `t30-no-dis`: a called fax shows itself within this time, seconds.
const DIS_WITHIN: f64 = 12.0 + LATE;
/// `t30-dis-no-dcs`: as many DIS without an answer are a failure.
const MANY_DIS: u32 = 3;
/// `t30-dis-both-sides`: DIS of both sides within this time, seconds.
const BOTH_WITHIN: f64 = 10.0;
/// An echo comes back within this time, seconds.
const ECHO: f64 = 0.5;

pub(super) const RULES: &[&Rule] = &[
    &T30_CED_CNG_ABSENT,
    &T30_NO_DIS,
    &T30_DIS_NO_DCS,
    &T30_DIS_BOTH_SIDES,
    &T30_NSF,
    &T30_POLLING,
];

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
    reference: "4PSA: Troubleshooting fax issues; HylaFAX E126 (T.30 T1 timeout); T.30 timer T1",
    when: "No DIS, CSI, NSF or DTC within 12 s of the switch to T.38 (in G.711: of the first CNG), nor any later T.30 message.",
    check: Check::One(no_dis),
    absence: Some(12.0),
    ..super::T30
};

pub(in crate::hint) static T30_DIS_NO_DCS: Rule = Rule {
    id: "t30-dis-no-dcs",
    severity: Severity::Error,
    title: "DIS is repeated, the sender never answers with DCS",
    advice: "The receiver offers its capabilities (DIS) again and again, the sender does not answer; the receiver gives up after T1 (35 s). The fault is on the sender's side \
        or on the way to it: its fax or gateway does not hear the DIS (T.38 packets blocked by firewall or NAT, audio and T.38 mixed up), or it is a Super G3 machine \
        still trying V.8, or it refuses what the DIS offers. If the sender is the other side, give its operator the DIS frames and ask whether they arrive. If the sender is \
        VoipNow/Asterisk: add \"fax\" to the console line of logger.conf, \"logger reload\", and watch asterisk -rcvvvvvvvvvv during the next fax.",
    reference: "4PSA: Troubleshooting fax issues (DIS without DCS: sender side); HylaFAX E102 (No sender protocol)",
    when: "2 or more DIS in a row with no DCS, DTC, NSS or DCN of the caller in between. Error from 3, or at the end of T1; a note for one repeat, or if the sender answers in the end.",
    check: Check::Many(dis_no_dcs),
    absence: Some(T4.earliest()),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_DCN_BEFORE_DCS])],
    ..super::T30
};

pub(in crate::hint) static T30_DIS_BOTH_SIDES: Rule = Rule {
    id: "t30-dis-both-sides",
    severity: Severity::Error,
    title: "Both ends play the same part",
    advice: "Both ends act as receivers (both send DIS) or both as senders (both send CNG), or the caller receives and the callee sends: T.30 cannot begin. A fax server answered a call that it should have placed, a \
        media proxy sends the media back to where they come from, or two fax servers are connected back to back. Check that the addresses in the SDP are not swapped, that \
        the proxy bridges the two legs, and which dialplan answers the number. Wireshark prints DTC as DIS; here the highest bit is not masked, so this is no DTC.",
    reference: "rtpengine issue #1687; T.30 (DIS, DTC and the X bit)",
    when: "DIS of both sides within 10 s that is no echo, DIS of the caller and CNG or DCS of the callee, or CNG of both sides and no DIS; and no CFR follows.",
    check: Check::One(both_sides),
    covers: &[
        hide(&[&T30_DIS_NO_DCS]),
        explain(&[&T30_DCN_BEFORE_DCS, &T30_NO_DIS]),
    ],
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

fn tone_of(event: &Event) -> Option<Tone> {
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

fn tones_absent(scene: &Scene<'_>) -> Option<Finding> {
    let exchange = scene.exchange();
    if !exchange.is_t38() || exchange.is_half() {
        return None;
    }
    let (_, dis) = exchange.all(&[Fcf::Dis]).next()?;
    let heard = |wanted: fn(Tone) -> bool| scene.call.events.iter().filter_map(tone_of).any(wanted);
    let missing = match (heard(|tone| tone == Tone::Cng), heard(is_answer_tone)) {
        (true, true) => return None,
        (false, true) => "No CNG",
        (true, false) => "No CED",
        (false, false) => "No CED/CNG",
    };
    let seen = format!("{missing} in T.38 – optional, normal after a late switch");
    Some(Finding::new(Severity::Note, vec![dis.frame()], seen).on(dis.event.id))
}

fn no_dis(scene: &Scene<'_>) -> Option<Finding> {
    let call = scene.call;
    let exchange = scene.exchange();
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
    .about(scene.endpoint(called))
    .more(evidence::blame(
        scene,
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
            .and_then(|id| crate::hint::scene::event(call, id));
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
        .filter_map(|negotiation| crate::hint::scene::event(call, negotiation.answer_event?))
        .rfind(|answer| answer.at > cng.at)
        .unwrap_or(cng);
    readable.then_some((after.at, Some(after)))
}

fn dis_no_dcs(scene: &Scene<'_>) -> Vec<Finding> {
    let exchange = scene.exchange();
    if exchange.is_half() {
        return Vec::new();
    }
    exchange
        .runs(&[Fcf::Dis])
        .into_iter()
        .filter_map(|run| unanswered_dis(scene, exchange, &run))
        .collect()
}

fn unanswered_dis(
    scene: &Scene<'_>,
    exchange: &ExchangeView<'_>,
    run: &[&Round],
) -> Option<Finding> {
    let (first, last) = (run.first()?, run.last()?);
    let lines: Vec<&Line<'_>> = run
        .iter()
        .filter_map(|round| exchange.command(round))
        .collect();
    // A DCS that came damaged was sent: other rules tell of that.
    let answered_badly = run
        .iter()
        .any(|round| round.answer.is_none() && exchange.is_talked_to(round));
    if last.attempt < 2 || answered_badly {
        return None;
    }
    let begin = lines.first()?.event.at;
    let unanswered = last.answer.is_none()
        || exchange.answer(last) == Some(Fcf::Dcn) && !exchange.has(&[Fcf::Dcs]);
    let t1 = exchange.patience(last) + last.end.seconds_since(begin) >= T1.earliest();
    let severity = if unanswered && (last.attempt >= MANY_DIS || t1) {
        Severity::Error
    } else {
        Severity::Note
    };
    let calling = first.from.other();
    let seen = if unanswered {
        format!(
            "DIS sent {}x, no DCS – problem on the sending side ({calling})",
            last.attempt
        )
    } else {
        format!("DIS sent {}x before the {calling} answered", last.attempt)
    };
    // The first repeat is where the absence shows; the first DIS alone proves nothing.
    let order = lines.iter().skip(1).chain(lines.first());
    let mut found = Finding::new(severity, order.map(|line| line.frame()), seen)
        .about(scene.endpoint(calling))
        .more(instead(scene, exchange, calling, begin));
    found.event = lines.last().map(|line| line.event.id);
    Some(found)
}

/// What the caller did instead of answering.
fn instead(
    scene: &Scene<'_>,
    exchange: &ExchangeView<'_>,
    calling: Side,
    from: Timestamp,
) -> String {
    let stats = scene.call.udptl.of(calling);
    let words = if !exchange.is_t38() {
        "It sent no T.30 message in the audio.".to_owned()
    } else if stats.packets == 0 {
        "Not one T.38 packet came from it.".to_owned()
    } else if stats.last.is_some_and(|(_, at)| at < from) {
        "Its T.38 packets stopped before the first DIS.".to_owned()
    } else {
        "It sends T.38 packets, but no T.30 message.".to_owned()
    };
    let blame = evidence::blame(
        scene,
        calling,
        "look there at the fax log and at its T.38 port.",
        "ask there whether the DIS frames arrive.",
    );
    format!("{words} {blame}")
}

fn both_sides(scene: &Scene<'_>) -> Option<Finding> {
    let exchange = scene.exchange();
    if exchange.has(&[Fcf::Cfr, Fcf::Mcf]) {
        return None;
    }
    if let Some(found) = loop_back(scene, exchange) {
        return Some(found);
    }
    let of = |side: Side| {
        exchange
            .all(&[Fcf::Dis])
            .map(|(_, line)| line)
            .find(|line| line.event.from == side)
    };
    if let (Some(a), Some(b)) = (of(Side::Caller), of(Side::Callee)) {
        let apart = a.event.at.seconds_since(b.event.at).abs();
        let same = a.valid().map(T30Frame::fif) == b.valid().map(T30Frame::fif);
        if apart > BOTH_WITHIN || (same && apart <= ECHO) {
            return None;
        }
        let (first, second) = if a.event.at <= b.event.at {
            (a, b)
        } else {
            (b, a)
        };
        let seen = "Both ends act as receiver (DIS) – roles wrong or media looped".to_owned();
        let cited = [second.frame(), first.frame()];
        return Some(Finding::new(Severity::Error, cited, seen).on(second.event.id));
    }
    if let Some(found) = roles_swapped(scene, exchange) {
        return Some(found);
    }
    let cng = |side: Side| {
        scene
            .call
            .events
            .iter()
            .filter(move |event| event.from == side && tone_of(event) == Some(Tone::Cng))
    };
    let (Some(a), Some(b)) = (cng(Side::Caller).nth(1), cng(Side::Callee).nth(1)) else {
        return None;
    };
    if exchange.lines.iter().any(|line| line.message().is_some()) {
        return None;
    }
    let seen = "Both ends act as sender (CNG) – roles wrong or media looped".to_owned();
    let cited = [a.frame.max(b.frame), a.frame.min(b.frame)];
    Some(Finding::new(Severity::Error, cited, seen).on(b.id))
}

/// All that one side sends is what the other one has just sent: there is no fax behind it.
fn loop_back(scene: &Scene<'_>, exchange: &ExchangeView<'_>) -> Option<Finding> {
    let of = |side: Side| {
        exchange
            .messages()
            .filter(move |(_, line, _)| line.event.from == side)
    };
    let echo_of = |side: Side, (_, line, message): (usize, &Line<'_>, &T30Frame)| {
        of(side.other())
            .filter(|(_, first, same)| {
                let later = line.event.at.seconds_since(first.event.at);
                same.octets == message.octets && later > 0.0 && later <= ECHO
            })
            .map(|(_, first, _)| first.frame())
            .next()
    };
    Side::BOTH.into_iter().find_map(|side| {
        let (_, first, _) = of(side).next()?;
        let original = of(side)
            .map(|message| echo_of(side, message))
            .collect::<Option<Vec<_>>>()?;
        let (_, last, _) = of(side).last()?;
        // One burst that comes back is an echo of the line.
        if last.event.at.seconds_since(first.event.at) < LOOPED {
            return None;
        }
        let seen = format!(
            "Everything of {} comes back from {}: a loop",
            scene.who(side.other()),
            scene.who(side)
        );
        let cited = [first.frame()].into_iter().chain(original);
        Some(
            Finding::new(Severity::Error, cited, seen)
                .on(first.event.id)
                .about(scene.endpoint(side))
                .blame(scene.fault_side(side)),
        )
    })
}

/// What comes back for so long is a loop and no echo, seconds.
const LOOPED: f64 = 3.0;

/// DIS of the side that called, while the callee calls (CNG) or commands (DCS).
fn roles_swapped(scene: &Scene<'_>, exchange: &ExchangeView<'_>) -> Option<Finding> {
    // Without SIP, or its beginning, it is not known who called.
    if !scene.call.has_sip() || scene.call.capture.starts_mid_call || exchange.has(&[Fcf::Dtc]) {
        return None;
    }
    let from = |wanted: &'static [Fcf], side: Side| {
        exchange
            .all(wanted)
            .map(|(_, line)| line.event)
            .find(|event| event.from == side)
    };
    let dis = from(&[Fcf::Dis], Side::Caller)?;
    let cng = || {
        scene
            .call
            .events
            .iter()
            .find(|event| event.from == Side::Callee && tone_of(event) == Some(Tone::Cng))
    };
    let dcs = from(&[Fcf::Dcs], Side::Callee);
    let sender = dcs.or_else(cng)?;
    let name = if dcs.is_some() { "DCS" } else { "CNG" };
    let seen =
        format!("Caller acts as receiver (DIS), callee as sender ({name}) – roles wrong or looped");
    Some(Finding::new(Severity::Error, [dis.frame, sender.frame], seen).on(dis.id))
}

fn non_standard(scene: &Scene<'_>) -> Vec<Finding> {
    let exchange = scene.exchange();
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

fn polling(scene: &Scene<'_>) -> Option<Finding> {
    let exchange = scene.exchange();
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
