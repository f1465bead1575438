//! The T.38 re-INVITE: asked for, refused, late, unanswered.

use crate::call::{Event, EventKind, Side};
use crate::capture::{Endpoint, Timestamp};
use crate::hint::configured::Bearing;
use crate::hint::context::TOLERANCE;
use crate::hint::rule::{Check, hide};
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::{
    Switch, accepted, agreed, error_unless_delivered, fax_in_audio, first_fax_sign, first_switches,
    image_line,
};
use crate::hint::whole::is_seen;
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::line::Fcs;
use crate::sip::Sdp;
use crate::t30::Fcf;
use crate::t30::timer::T1;

/// After the first sign of a fax the called side should have asked for T.38 by now, seconds.
const ASK_AFTER_TONE: f64 = 12.0;
/// Asterisk gives up T.38 after this time (t38timeout), seconds.
const SLOW_ANSWER: f64 = 5.0;
/// Nobody waits longer than 64 times T1 for a final response, seconds.
const TRANSACTION_TIMEOUT: f64 = 32.0;
/// A switch this long after the answer is late, seconds.
const LATE_AFTER_ANSWER: f64 = 10.0;
/// ... if CED or V.21 was heard this long before it, seconds.
const LATE_AFTER_TONE: f64 = 4.0;
/// Without any tone: late from here, seconds after the answer.
const LATE_WITHOUT_TONE: f64 = 20.0;
/// DIS repeated so often after a late switch shows that it was too late.
const DIS_IN_VAIN: usize = 3;
/// DIS after the switch that say the same: it is repeated.
const DIS_REPEATED: usize = 2;

pub(super) const RULES: &[&Rule] = &[
    &T38_ACCEPTED,
    &T38_NO_REINVITE,
    &T38_REINVITE_TIMEOUT,
    &T38_REINVITE_BY_SENDER,
    &T38_REINVITE_LATE,
];

pub(in crate::hint) static T38_ACCEPTED: Rule = Rule {
    id: "t38-accepted",
    severity: Severity::Ok,
    title: "T.38 accepted",
    advice: "The call switched from voice to T.38; the fax dialogue comes next. Normally the side that detects \
             the fax asks for it: the answering fax or its gateway, which is VoipNow for a fax that VoipNow \
             receives.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (re-INVITE for T.38)",
    when: "an offer of T.38 is answered with 2xx and an image port over the same transport",
    check: Check::One(t38_accepted),
    ..super::T38
};

pub(in crate::hint) static T38_NO_REINVITE: Rule = Rule {
    id: "t38-no-reinvite",
    severity: Severity::Warning,
    title: "Nobody asked for T.38",
    advice: "The called side, or its gateway, should send a re-INVITE when it hears CED or V.21. Check there that \
             T.38 is on (PJSIP: t38_udptl=yes, t38_udptl_ec=redundancy, t38_udptl_nat=yes; chan_sip: \
             t38pt_udptl=yes,redundancy,maxdatagram=400; FreeSWITCH: fax_enable_t38=true, \
             fax_enable_t38_request=true; AudioCodes: IsFaxUsed=1), that the fax is enabled on the extension, and \
             that fax detection runs (fax_detect, ReceiveFAX). The calling side may ask too, but usually waits.",
    step: "turn T.38 on at the called side: it should ask for it",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (who sends the re-INVITE)",
    when: "a fax in audio, and neither side offers T.38 within 12 s after its first tone",
    check: Check::One(no_reinvite),
    absence: Some(12.0),
    settings: Bearing::T38,
    ..super::T38
};

pub(in crate::hint) static T38_REINVITE_TIMEOUT: Rule = Rule {
    id: "t38-reinvite-timeout",
    severity: Severity::Error,
    title: "The T.38 re-INVITE is not answered",
    advice: "Asterisk gives T.38 up after t38timeout (5 s by default), then sends audio or fails with \
             T38_NEG_ERROR. Usually the far leg is slow (a B2BUA waits for its own re-INVITE), or requests within \
             the dialog do not arrive: check Contact and Record-Route of the side that was asked, and whether the \
             re-INVITE reaches it.",
    step: "see whether the re-INVITE reaches the side that was asked",
    reference: "Asterisk res_fax.conf (t38timeout); RFC 3261 (INVITE is repeated for 32 s)",
    when: "a T.38 re-INVITE has no final response for 5 s (warning), for 32 s, until the hang-up, or ends with 408",
    check: Check::Many(timeout),
    absence: Some(0.0),
    covers: &[
        hide(&[&T38_NO_REINVITE, &SIP_RETRANSMISSIONS]),
        hide(&[&SIP_EARLY_BYE]).on_both_legs(),
    ],
    ..super::T38
};

pub(in crate::hint) static T38_REINVITE_BY_SENDER: Rule = Rule {
    id: "t38-reinvite-by-sender",
    severity: Severity::Note,
    title: "The calling side asked for T.38",
    advice: "Allowed (AudioCodes CNG mode, SendFAX with option z), but it makes crossing re-INVITEs more likely \
             and may switch before CED and DIS of the called side; some called sides refuse it. If it was refused \
             let the called side start.",
    reference: "AudioCodes manual (CNGDetectorMode)",
    when: "the first T.38 re-INVITE comes from the caller",
    check: Check::One(by_sender),
    ..super::T38
};

pub(in crate::hint) static T38_REINVITE_LATE: Rule = Rule {
    id: "t38-reinvite-late",
    severity: Severity::Warning,
    title: "The switch to T.38 came late",
    advice: "T.30's T1 (35 s) runs from the beginning: a late switch wastes it, and half of DIS or DCS is lost in \
             each medium. On the side that asks, check the timeout of fax detection, an IVR or announcement \
             before the fax, a slow far leg, and re-INVITEs that had to be repeated.",
    step: "shorten fax detection or the announcement of the side that asks",
    reference: "T.30, timer T1",
    when: "the T.38 re-INVITE comes over 10 s after the answer and 4 s after CED or V.21, or 20 s after the answer, or after DCS or a second DIS in audio (over 10 s after the answer: any T.30 message); an error if DIS is then repeated in vain or T1 runs out",
    check: Check::One(late),
    covers: &[hide(&[&T30_NO_DIS])],
    ..super::T38
};

fn t38_accepted(context: &RuleContext<'_>) -> Option<Finding> {
    let switch = accepted(context).into_iter().next()?;
    let ack = context
        .call
        .transactions
        .get(switch.negotiation.transaction)
        .and_then(|transaction| transaction.acks.first())
        .and_then(|id| context.frame(*id));
    if !same_transport(&switch) {
        return None;
    }
    let (Some(offered), Some(answered)) = (
        endpoint(&switch.negotiation.offer),
        switch.negotiation.answer.as_ref().and_then(endpoint),
    ) else {
        return None;
    };
    let mut seen = format!("T.38 accepted: {offered} <-> {answered}");
    if let Some((ours, theirs)) = crate::hint::t38::agreed_attributes(&switch) {
        if let Some(rate) = ours
            .max_bit_rate
            .into_iter()
            .chain(theirs.max_bit_rate)
            .min()
        {
            seen.push_str(&format!(", {rate} bit/s"));
        }
        if let Some(ec) = theirs.udp_ec.as_deref().or(ours.udp_ec.as_deref()) {
            seen.push_str(", ");
            seen.push_str(ec);
        }
    }
    let frames = [
        Some(switch.offer.frame),
        switch.answer.map(|(event, _)| event.frame),
        ack,
    ];
    let mut finding = Finding::new(Severity::Ok, frames.into_iter().flatten(), seen);
    if let Some((event, _)) = switch.answer {
        finding = finding.on(event.id);
    }
    Some(finding)
}

/// Whether the answer keeps the transport of the offer (`t38-sdp-transport` says what is wrong else).
fn same_transport(switch: &Switch<'_>) -> bool {
    let proto = |sdp: &Sdp| image_line(sdp).map(|line| line.proto.to_ascii_lowercase());
    let answer = switch.negotiation.answer.as_ref();
    answer.is_some_and(|answer| proto(answer) == proto(&switch.negotiation.offer))
}

fn endpoint(sdp: &Sdp) -> Option<String> {
    let line = image_line(sdp)?;
    Some(match line.connection {
        Some(addr) => Endpoint::new(addr, line.port).to_string(),
        None => format!("port {}", line.port),
    })
}

fn no_reinvite(context: &RuleContext<'_>) -> Option<Finding> {
    let (Some(answer), Some(sign)) = (context.answer(), first_fax_sign(context)) else {
        return None;
    };
    let asked = context
        .call
        .negotiations
        .iter()
        .any(crate::call::Negotiation::offers_t38);
    let end = context.call.ended.unwrap_or(context.call.last_packet);
    let waited = end.seconds_since(sign.at.max(answer.at)) >= ASK_AFTER_TONE + TOLERANCE;
    // Where the PBX converts between the legs, `leg-mode-mix` takes this off.
    if asked || !fax_in_audio(context) || !waited {
        return None;
    }
    let codec = context.codec();
    let severity = if is_g711(codec) {
        Severity::Warning
    } else {
        error_unless_delivered(context)
    };
    let seen = format!("Nobody sent a T.38 re-INVITE – fax runs as audio ({codec})");
    Some(
        Finding::new(severity, [answer.frame, sign.frame], seen)
            .on(answer.id)
            .about(context.call.callee)
            .more(format!(
                "It was up to {} to ask.",
                context.whose(Side::Callee)
            )),
    )
}

/// Whether a codec carries modem signals.
pub(super) fn is_g711(codec: &str) -> bool {
    ["PCMU", "PCMA", "audio"]
        .iter()
        .any(|name| codec.eq_ignore_ascii_case(name))
}

fn timeout(context: &RuleContext<'_>) -> Vec<Finding> {
    let bye = context.bye().map(|(event, _)| event.at);
    first_switches(context)
        .into_iter()
        .filter(|switch| switch.reinvite)
        .filter_map(|switch| {
            let known = bye.map_or(context.call.capture.last_time, |bye| {
                bye.min(context.call.capture.last_time)
            });
            let end = switch.answer.map_or(known, |(event, _)| event.at);
            let waited = end.seconds_since(switch.offer.at);
            let unanswered = switch.answer.is_none();
            // An ACK, or T.38 of the side that was asked, shows that the answer is there and only not in the capture.
            let transaction = context
                .call
                .transactions
                .get(switch.negotiation.transaction);
            let acknowledged = transaction.is_some_and(|one| !one.acks.is_empty());
            let speaks = context.call.udptl.of(switch.asked()).packets > 0;
            if unanswered && (acknowledged || speaks) {
                return None;
            }
            if waited <= SLOW_ANSWER + TOLERANCE && switch.status != Some(408) {
                return None;
            }
            let given_up = unanswered && bye.is_some();
            let hopeless = waited > TRANSACTION_TIMEOUT || given_up || switch.status == Some(408);
            let severity = if hopeless {
                error_unless_delivered(context)
            } else {
                Severity::Warning
            };
            let again = transaction
                .map(|transaction| crate::hint::context::frames(context, &transaction.requests))
                .unwrap_or_default();
            let seen =
                format!("T.38 re-INVITE unanswered for {waited:.0} s – sender falls back or drops");
            let found = Finding::new(severity, again, seen)
                .on(switch.offer.id)
                .about(context.endpoint(switch.asked()))
                .more(format!(
                    "{} asked, {} did not answer.",
                    context.who_begins(switch.negotiation.from),
                    context.whose(switch.asked())
                ));
            // A provisional answer shows that the request reached a host that does nothing more with it.
            let arrived = transaction.is_some_and(|one| !one.responses.is_empty());
            let alive = context.call.events.iter().any(|event| {
                event.observed && event.from == switch.asked() && event.at > switch.offer.at
            });
            let known = arrived && alive && is_seen(context, switch.asked());
            Some(if known {
                found.blame(context.fault_side(switch.asked()))
            } else {
                found
            })
        })
        .take(1)
        .collect()
}

fn by_sender(context: &RuleContext<'_>) -> Option<Finding> {
    // Where the capture begins in the dialog, it may not be the first, and who called is not always known.
    if context.call.capture.starts_mid_call {
        return None;
    }
    let first = first_switches(context)
        .into_iter()
        .find(|switch| switch.reinvite);
    let switch = first.filter(|it| it.negotiation.from == Side::Caller)?;
    Some(
        Finding::new(
            Severity::Note,
            [switch.offer.frame],
            "Calling side asked for T.38 (usually the called side does)",
        )
        .on(switch.offer.id)
        .about(context.call.caller),
    )
}

fn late(context: &RuleContext<'_>) -> Option<Finding> {
    let switch = first_switches(context)
        .into_iter()
        .find(|switch| switch.reinvite)?;
    let answer = context.answer()?;
    let switched = switch.answer.map_or(switch.offer.at, |(event, _)| event.at);
    let after = switched.seconds_since(answer.at);
    let tone = called_tone(context).filter(|event| event.at < switch.offer.at);
    let heard = in_audio(context, switch.offer.at);
    let late_message = heard
        .iter()
        .find(|_| after > LATE_AFTER_ANSWER)
        .or_else(|| heard.iter().find(|(_, moves_on)| *moves_on))
        .map(|(event, _)| *event);
    let is_late = late_message.is_some()
        || match tone {
            Some(tone) => {
                after > LATE_AFTER_ANSWER && switched.seconds_since(tone.at) > LATE_AFTER_TONE
            }
            None => after > LATE_WITHOUT_TONE,
        };
    if !is_late || !agreed(context) {
        return None;
    }
    // A side that says nothing in T.38 at all did not miss its time for it.
    let speaks = Side::BOTH
        .into_iter()
        .all(|side| context.call.udptl.of(side).packets > 0);
    let begins = tone.or(late_message).unwrap_or(answer);
    let severity = if speaks && in_vain(context, switched, begins) {
        error_unless_delivered(context)
    } else {
        Severity::Warning
    };
    let seen = format!("T.38 switch {after:.0} s after answer – CED/DIS already went by in audio");
    let frames = [
        Some(switch.offer.frame),
        Some(answer.frame),
        tone.map(|event| event.frame),
        late_message.map(|event| event.frame),
    ];
    Some(
        Finding::new(severity, frames.into_iter().flatten(), seen)
            .on(switch.offer.id)
            .about(context.endpoint(switch.negotiation.from))
            .blame_one_of(
                context,
                Some(switch.negotiation.from)
                    .filter(|_| after >= LATE_WITHOUT_TONE || severity != Severity::Error),
            ),
    )
}

/// T.30 messages that were heard whole as sound before the switch, and whether each shows that phase B had moved
/// on there: DCS, or DIS for the second time. (The first DIS is what many gateways switch upon.)
fn in_audio<'a>(context: &RuleContext<'a>, switch: Timestamp) -> Vec<(&'a Event, bool)> {
    let mut dis = 0;
    context
        .t30()
        .filter(|(event, frame)| {
            let t38 = context.call.udptl.of(event.from).first;
            event.end < switch
                && t38.is_none_or(|(_, first)| event.end < first)
                && frame.fcs != Fcs::Bad
                && !frame.damaged
        })
        .map(|(event, frame)| {
            dis += usize::from(frame.fcf == Fcf::Dis);
            let moves_on = match frame.fcf {
                Fcf::Dis => dis > 1,
                fcf => fcf == Fcf::Dcs,
            };
            (event, moves_on)
        })
        .collect()
}

/// Whether nobody answered DIS after a late switch: it is repeated, or T1 runs out.
fn in_vain(context: &RuleContext<'_>, switched: Timestamp, begins: &Event) -> bool {
    let after = |name| {
        context
            .t30_named(name)
            .filter(move |(event, _)| event.at >= switched)
    };
    if context.t30_named("DCS").next().is_some() || context.t30_named("DTC").next().is_some() {
        return false;
    }
    let ends = after("DCN")
        .next()
        .map(|(event, _)| event.at)
        .or_else(|| context.bye().map(|(event, _)| event.at))
        .unwrap_or(context.call.capture.last_time);
    context.t30_named("DIS").count() >= DIS_IN_VAIN
        || after("DIS").count() >= DIS_REPEATED
        || (after("DIS").next().is_some() && ends.seconds_since(begins.at) >= T1.earliest())
}

/// First sign of the called fax: CED or V.21, as sound or as an event.
fn called_tone<'a>(context: &RuleContext<'a>) -> Option<&'a Event> {
    use crate::line::Tone;
    context.call.events.iter().find(|event| {
        let tone = match &event.kind {
            EventKind::Tone { tone, .. } => Some(*tone),
            EventKind::RtpEvent(told) => told.tone(),
            EventKind::Preamble => return true,
            _ => None,
        };
        tone.is_some_and(|tone| tone != Tone::Cng && !tone.is_of_network())
    })
}
