//! Requests within a dialog that should not have been sent so, and answers to them.

use crate::call::{Event, Transaction};
use crate::hint::rule::{Check, Layer, explain, hide};
use crate::hint::sdp::offer::REFUSALS;
use crate::hint::sip::timer::SIP_SESSION_REFRESH;
use crate::hint::t38::media::T38_BACK_TO_AUDIO_MIDFAX;
use crate::hint::t38::refusal::{T38_REINVITE_GLARE, T38_REINVITE_REJECTED};
use crate::hint::t38::{error_unless_delivered, first_switches, pages_confirmed};
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(super) const RULES: &[&Rule] = &[
    &T38_REINVITE_BEFORE_ANSWER,
    &SIP_491_UNFOUNDED,
    &SIP_SDP_UNASKED,
    &SIP_BODY_CUT,
    &SIP_REINVITE_REFUSED,
];

pub(in crate::hint) static T38_REINVITE_BEFORE_ANSWER: Rule = Rule {
    id: "t38-reinvite-before-answer",
    severity: Severity::Error,
    title: "T.38 is asked for before the call is answered",
    advice: "A re-INVITE may only follow the final answer to the first INVITE. The 491 or 500 that it gets is neither \
             a collision nor a refusal of T.38. Usually a B2BUA that got T.38 on one leg passes the re-INVITE on to a \
             leg that still rings: let it wait for the answer there (or answer the first leg later).",
    step: "let the re-INVITE wait until that leg is answered",
    reference: "RFC 3261, sections 14.1 and 14.2",
    when: "an offer of T.38 within the dialog is sent before the first INVITE has a final response, and is refused",
    check: Check::One(before_answer),
    layer: Layer::Negotiation,
    covers: &[
        hide(&[&T38_REINVITE_GLARE, &SIP_491_UNFOUNDED]).always(),
        explain(&[&T38_REINVITE_REJECTED]),
    ],
    ..super::SIP
};

pub(in crate::hint) static SIP_491_UNFOUNDED: Rule = Rule {
    id: "sip-491-unfounded",
    severity: Severity::Warning,
    title: "491 without a request of its own",
    advice: "491 says that two requests cross, but the side that says it has none pending. It is stuck in an earlier \
             exchange (a re-INVITE whose ACK it missed), or answers so out of habit. Repeat after some seconds; look at \
             the log of the side that answers 491.",
    step: "see the log of the side that answers 491",
    reference: "RFC 3261, section 14.2",
    when: "a re-INVITE or UPDATE gets 491 from a side that has no INVITE or UPDATE of its own pending",
    check: Check::One(unfounded),
    layer: Layer::Negotiation,
    covers: &[hide(&[&T38_REINVITE_GLARE]).always()],
    ..super::SIP
};

pub(in crate::hint) static SIP_SDP_UNASKED: Rule = Rule {
    id: "sip-sdp-unasked",
    severity: Severity::Error,
    title: "An answer carries an SDP that nobody asked for",
    advice: "The request had no offer, so its 2xx may have no SDP. A peer that takes it for one goes back to what it \
             says, usually the audio of before, and T.38 ends. Update the side that answered (FreeSWITCH did this on \
             UPDATE), or let the session timer use re-INVITE.",
    step: "update the side that answered, or refresh by re-INVITE",
    reference: "RFC 3311, section 5.2; RFC 3264, section 4",
    when: "the 2xx to an UPDATE without SDP carries one",
    check: Check::One(unasked),
    layer: Layer::Negotiation,
    covers: &[explain(&[&T38_BACK_TO_AUDIO_MIDFAX, &SIP_SESSION_REFRESH])],
    ..super::SIP
};

pub(in crate::hint) static SIP_BODY_CUT: Rule = Rule {
    id: "sip-body-cut",
    severity: Severity::Error,
    title: "A message is shorter than it says",
    advice: "The datagram is whole, and its body ends before its Content-Length: the sender cut it (a buffer that is \
             too small), or counted wrongly. The SDP in it is cut in the middle of a line, and the peer refuses it. \
             Update the sender; shorter SDP (fewer codecs and attributes) may get through.",
    step: "update the sender, or shorten its SDP (fewer codecs)",
    reference: "RFC 3261, section 18.3",
    when: "the body of a SIP message over UDP is shorter than its Content-Length, though the frame is whole; a warning unless it is refused",
    check: Check::One(body_cut),
    layer: Layer::Negotiation,
    covers: &[explain(REFUSALS)],
    ..super::SIP
};

pub(in crate::hint) static SIP_REINVITE_REFUSED: Rule = Rule {
    id: "sip-reinvite-refused",
    severity: Severity::Warning,
    title: "A re-INVITE that is not about T.38 is refused",
    advice: "A re-INVITE without SDP, or with audio only, was refused while the fax was still due: a session refresh, \
             hold, or a change of codec. The call goes on as it was, but some senders then hang up. Look at the log of \
             the side that refused, and at what the re-INVITE was for.",
    step: "see the log of the side that refused",
    reference: "RFC 3261, section 14.2",
    when: "a re-INVITE without an image line gets 4xx, 5xx or 6xx (no challenge, no collision) before the fax is over",
    check: Check::Many(reinvite_refused),
    layer: Layer::Negotiation,
    ..super::SIP
};

/// A side that takes an SDP for a change of the media acts on it within this, seconds.
const LEAVES_WITHIN: f64 = 5.0;

/// The first INVITE and the time of its final response.
fn first_invite<'a>(context: &RuleContext<'a>) -> Option<(&'a Transaction, Option<&'a Event>)> {
    let invite = context.first_invite()?;
    let answer = invite
        .final_response()
        .and_then(|(_, id)| context.event(id));
    Some((invite, answer))
}

fn before_answer(context: &RuleContext<'_>) -> Option<Finding> {
    let (invite, answer) = first_invite(context)?;
    let begun = context.event(*invite.requests.first()?)?;
    // What is acknowledged was answered, though the capture does not have it.
    let given_up = context.requests("CANCEL").next().is_some();
    if answer.is_none() && (!invite.acks.is_empty() || !given_up) {
        return None;
    }
    let switch = first_switches(context).into_iter().find(|switch| {
        // UPDATE may ask for it (RFC 3311).
        let transaction = context
            .call
            .transactions
            .get(switch.negotiation.transaction);
        switch.reinvite
            && transaction.is_none_or(|one| one.method == "INVITE")
            && switch.offer.at > begun.at
            && answer.is_none_or(|answer| switch.offer.at < answer.at)
    })?;
    let status = switch.status.filter(|status| *status >= 400)?;
    let from = switch.negotiation.from;
    let seen = format!(
        "T.38 re-INVITE of {} before the call is answered – {status}",
        context.who(from)
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            [
                Some(switch.offer.frame),
                switch.answer.map(|(event, _)| event.frame),
                answer.map(|event| event.frame),
            ]
            .into_iter()
            .flatten(),
            seen,
        )
        .on(switch.offer.id)
        .about(context.endpoint(from))
        .blame(context.fault_side(from))
        .more(format!("Sent by {}.", context.whose(from))),
    )
}

fn unfounded(context: &RuleContext<'_>) -> Option<Finding> {
    let changes: Vec<&Transaction> = context
        .call
        .transactions
        .iter()
        .filter(|transaction| matches!(transaction.method.as_str(), "INVITE" | "UPDATE"))
        .collect();
    changes.iter().find_map(|refused| {
        let (status, id) = refused.final_response()?;
        let answer = context.event(id)?;
        let request = context.event(*refused.requests.first()?)?;
        let side = refused.from.other();
        let pending = changes.iter().any(|own| {
            let sent = own.requests.first().and_then(|id| context.event(*id));
            let closed = own
                .acks
                .first()
                .copied()
                .or_else(|| own.final_response().map(|(_, id)| id));
            let closed = closed.and_then(|id| context.event(id));
            own.from == side
                && sent.is_some_and(|sent| sent.at <= answer.at)
                && closed.is_none_or(|closed| closed.at >= request.at)
        });
        // The first INVITE is still open: the refusal has a reason.
        let early = first_invite(context).is_some_and(|(_, answered)| {
            !refused.initial && answered.is_none_or(|answered| answered.at > request.at)
        });
        if status != 491 || refused.initial || pending || early || request.retransmission {
            return None;
        }
        let seen = format!(
            "491 of {}, which has no request of its own pending",
            context.who(side)
        );
        Some(
            Finding::new(Severity::Warning, [answer.frame, request.frame], seen)
                .on(answer.id)
                .about(context.endpoint(side)),
        )
    })
}

fn unasked(context: &RuleContext<'_>) -> Option<Finding> {
    context.transactions("UPDATE").find_map(|update| {
        let (request, asked) = context.message(*update.requests.first()?)?;
        let (status, id) = update.final_response()?;
        let (answer, sip) = context.message(id)?;
        if asked.sdp.is_some()
            || asked.cut > 0
            || sip.sdp.is_none()
            || !(200..300).contains(&status)
        {
            return None;
        }
        let side = update.from.other();
        let seen = format!(
            "{} answers UPDATE with an SDP that was not asked for",
            context.who_begins(side)
        );
        // It does harm where the side that asked leaves T.38 for it.
        let keeps_t38 = sip
            .sdp
            .as_ref()
            .is_some_and(|sdp| sdp.media.iter().any(|line| line.is_t38() && line.port > 0));
        let last = context.call.udptl.of(update.from).last;
        let leaves = last.is_some_and(|(_, last)| last.seconds_since(answer.at) < LEAVES_WITHIN);
        let severity = if !keeps_t38 && leaves {
            error_unless_delivered(context)
        } else {
            Severity::Warning
        };
        Some(
            Finding::new(severity, [answer.frame, request.frame], seen)
                .on(answer.id)
                .about(context.endpoint(side)),
        )
    })
}

fn body_cut(context: &RuleContext<'_>) -> Option<Finding> {
    context.messages().find_map(|(event, sip)| {
        let said = crate::hint::sdp::announced(sip)?;
        let has = sip.message.body().len();
        if has >= said || sip.cut > 0 || sip.transport != "UDP" || event.retransmission {
            return None;
        }
        let refusal = refusal_of(context, event);
        let severity = match refusal {
            Some(_) if !pages_confirmed(context) => Severity::Error,
            _ => Severity::Warning,
        };
        let seen = format!(
            "Body of {has} octets, Content-Length {said}: cut by {}",
            context.who(event.from)
        );
        let frames = [Some(event.frame), refusal.map(|event| event.frame)];
        Some(
            Finding::new(severity, frames.into_iter().flatten(), seen)
                .on(event.id)
                .about(context.endpoint(event.from)),
        )
    })
}

/// The response that refuses this request.
fn refusal_of<'a>(context: &RuleContext<'a>, request: &Event) -> Option<&'a Event> {
    let transaction = context
        .call
        .transactions
        .iter()
        .find(|one| one.requests.contains(&request.id))?;
    let (status, id) = transaction.final_response()?;
    (status >= 400).then(|| context.event(id)).flatten()
}

fn reinvite_refused(context: &RuleContext<'_>) -> Vec<Finding> {
    let over = context
        .t30_named("DCN")
        .map(|(event, _)| event.at)
        .next()
        .or(context.bye().map(|(bye, _)| bye.at));
    context
        .transactions("INVITE")
        .filter(|invite| !invite.initial)
        .filter_map(|invite| {
            let (request, asked) = context.message(*invite.requests.first()?)?;
            let (status, id) = invite.final_response()?;
            let answer = context.event(id)?;
            let is_fax = asked
                .sdp
                .as_ref()
                .is_some_and(|sdp| sdp.media.iter().any(crate::sip::MediaLine::is_t38));
            if is_fax
                || asked.cut > 0
                || status < 400
                || matches!(status, 401 | 407 | 408 | 481 | 487 | 491)
            {
                return None;
            }
            if context.call.fax.is_none() || over.is_some_and(|over| over <= answer.at) {
                return None;
            }
            let what = if asked.sdp.is_some() {
                "for audio"
            } else {
                "without SDP"
            };
            let side = invite.from.other();
            let seen = format!(
                "Re-INVITE {what} refused by {}: {status}",
                context.who(side)
            );
            Some(
                Finding::new(Severity::Warning, [answer.frame, request.frame], seen)
                    .on(answer.id)
                    .about(context.endpoint(side)),
            )
        })
        .collect()
}
