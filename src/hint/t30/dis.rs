//! DIS without an answer, and DIS of both sides.

use crate::call::Side;
use crate::call::exchange::{ExchangeView, Line, Round};
use crate::capture::Timestamp;
use crate::hint::configured::Bearing;
use crate::hint::evidence;
use crate::hint::rule::{AfterSuccess, Check, explain, hide};
use crate::hint::t30::identification::{T30_NO_DIS, tone_of};
use crate::hint::t30::release::T30_DCN_BEFORE_DCS;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Tone;
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;
use crate::t30::timer::{T1, T4};

pub(super) const RULES: &[&Rule] = &[&T30_DIS_NO_DCS, &T30_DIS_BOTH_SIDES];

/// `t30-dis-no-dcs`: as many DIS without an answer are a failure.
const MANY_DIS: u32 = 3;
/// `t30-dis-both-sides`: DIS of both sides within this time, seconds.
const BOTH_WITHIN: f64 = 10.0;
/// An echo comes back within this time, seconds.
const ECHO: f64 = 0.5;

pub(in crate::hint) static T30_DIS_NO_DCS: Rule = Rule {
    id: "t30-dis-no-dcs",
    severity: Severity::Error,
    title: "DIS is repeated, the sender never answers with DCS",
    advice: "The receiver offers its capabilities (DIS) again and again, the sender does not answer; the receiver gives up after T1 (35 s). The fault is on the sender's side \
        or on the way to it: its fax or gateway does not hear the DIS (T.38 packets blocked by firewall or NAT, audio and T.38 mixed up), or it is a Super G3 machine \
        still trying V.8, or it refuses what the DIS offers. If the sender is the other side, give its operator the DIS frames and ask whether they arrive. If the sender is \
        VoipNow/Asterisk: add \"fax\" to the console line of logger.conf, \"logger reload\", and watch asterisk -rcvvvvvvvvvv during the next fax.",
    step: "does the DIS reach the sender? Its T.38, its firewall, its log",
    reference: "4PSA: Troubleshooting fax issues (DIS without DCS: sender side); HylaFAX E102 (No sender protocol)",
    when: "2 or more DIS in a row with no DCS, DTC, NSS or DCN of the caller in between. Error from 3, or at the end of T1; a note for one repeat, or if the sender answers in the end.",
    check: Check::Many(dis_no_dcs),
    absence: Some(T4.earliest()),
    after_success: AfterSuccess::Note,
    covers: &[hide(&[&T30_DCN_BEFORE_DCS])],
    settings: Bearing::FaxLog,
    ..super::T30
};

pub(in crate::hint) static T30_DIS_BOTH_SIDES: Rule = Rule {
    id: "t30-dis-both-sides",
    severity: Severity::Error,
    title: "Both ends play the same part",
    advice: "Both ends act as receivers (both send DIS) or both as senders (both send CNG), or the caller receives and the callee sends: T.30 cannot begin. A fax server answered a call that it should have placed, a \
        media proxy sends the media back to where they come from, or two fax servers are connected back to back. Check that the addresses in the SDP are not swapped, that \
        the proxy bridges the two legs, and which dialplan answers the number. Wireshark prints DTC as DIS; here the highest bit is not masked, so this is no DTC.",
    step: "see which dialplan answers, and that SDP addresses are not swapped",
    reference: "rtpengine issue #1687; T.30 (DIS, DTC and the X bit)",
    when: "DIS of both sides within 10 s that is no echo, DIS of the caller and CNG or DCS of the callee, or CNG of both sides and no DIS; and no CFR follows.",
    check: Check::One(both_sides),
    covers: &[
        hide(&[&T30_DIS_NO_DCS]),
        explain(&[&T30_DCN_BEFORE_DCS, &T30_NO_DIS]),
    ],
    ..super::T30
};

fn dis_no_dcs(context: &RuleContext<'_>) -> Vec<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return Vec::new();
    }
    exchange
        .runs(&[Fcf::Dis])
        .into_iter()
        .filter_map(|run| unanswered_dis(context, exchange, &run))
        .collect()
}

fn unanswered_dis(
    context: &RuleContext<'_>,
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
        .about(context.endpoint(calling))
        .more(instead(context, exchange, calling, begin));
    found.event = lines.last().map(|line| line.event.id);
    Some(found)
}

/// What the caller did instead of answering.
fn instead(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    calling: Side,
    from: Timestamp,
) -> String {
    let stats = context.call.udptl.of(calling);
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
        context,
        calling,
        "look there at the fax log and at its T.38 port.",
        "ask there whether the DIS frames arrive.",
    );
    format!("{words} {blame}")
}

fn both_sides(context: &RuleContext<'_>) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.has(&[Fcf::Cfr, Fcf::Mcf]) {
        return None;
    }
    if let Some(found) = loop_back(context, exchange) {
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
    if let Some(found) = roles_swapped(context, exchange) {
        return Some(found);
    }
    let cng = |side: Side| {
        context
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
fn loop_back(context: &RuleContext<'_>, exchange: &ExchangeView<'_>) -> Option<Finding> {
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
            context.who(side.other()),
            context.who(side)
        );
        let cited = [first.frame()].into_iter().chain(original);
        Some(
            Finding::new(Severity::Error, cited, seen)
                .on(first.event.id)
                .about(context.endpoint(side))
                .blame(context.fault_side(side)),
        )
    })
}

/// What comes back for so long is a loop and no echo, seconds.
const LOOPED: f64 = 3.0;

/// DIS of the side that called, while the callee calls (CNG) or commands (DCS).
fn roles_swapped(context: &RuleContext<'_>, exchange: &ExchangeView<'_>) -> Option<Finding> {
    // Without SIP, or its beginning, it is not known who called.
    if !context.call.has_sip() || context.call.capture.starts_mid_call || exchange.has(&[Fcf::Dtc])
    {
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
        context
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
