//! Answers that are none.

use super::SDP;
use super::hops::{author, journey};
use crate::call::SipEvent;
use crate::hint::context::header;
use crate::hint::g711::G711_ONE_WAY;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::sip::teardown::SIP_EARLY_BYE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::answer::T38_IMAGE_MISSING_IN_ANSWER;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::refusal::T38_REINVITE_UNSUPPORTED_MEDIA;
use crate::hint::t38::reinvite::T38_NO_REINVITE;
use crate::hint::udptl::UDPTL_NONE;
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(super) const RULES: &[&Rule] = &[&SIP_ANSWER_WITHOUT_SDP];

pub(in crate::hint) static SIP_ANSWER_WITHOUT_SDP: Rule = Rule {
    id: "sip-answer-without-sdp",
    severity: Severity::Error,
    title: "200 OK without the answer that it owes",
    advice: "The offerer has no address to send to: no media, or the old ones go on, and many peers hang up at once. \
             Act on the side that answered, or on the proxy that took the body out (Kamailio, OpenSIPS: remove_body, \
             rtpengine_answer on the wrong reply). FreeSWITCH did it after its own T.38 re-INVITE was refused (fixed \
             with pull request 66). A SIP ALG may strip the body: capture on the other side and compare.",
    step: "see why the answer lost its SDP: that side, its proxy, an ALG",
    reference: "RFC 3261, section 13.3.1.4; RFC 3262, section 5; signalwire/freeswitch pull request 66",
    when: "an INVITE or UPDATE with an SDP offer gets a 2xx without SDP, and no reliable provisional response had \
           the answer; a warning if an unreliable one had it",
    check: Check::Many(without_sdp),
    covers: &[
        hide(&[
            &T38_IMAGE_MISSING_IN_ANSWER,
            &G711_ONE_WAY,
            &UDPTL_NONE,
            &T38_NO_REINVITE,
        ])
        .always(),
        explain(&[
            &T30_NO_DIS,
            &T38_FALLBACK_G711,
            &T30_DROPPED_MID_FAX,
            &SIP_EARLY_BYE,
            &T38_REINVITE_UNSUPPORTED_MEDIA,
        ]),
    ],
    ..SDP
};

fn without_sdp(context: &RuleContext<'_>) -> Vec<Finding> {
    super::offers(context)
        .filter_map(|offer| {
            let transaction = offer.transaction;
            if offer.side() != transaction.from
                || !matches!(transaction.method.as_str(), "INVITE" | "UPDATE")
            {
                return None;
            }
            let (status, id) = transaction.final_response()?;
            let event = context.event(id)?;
            if !(200..300).contains(&status) {
                return None;
            }
            let author = author(context, &journey(context, id, None), |sight| {
                let in_parts = sight.sip.cut > 0 || super::is_shorter_than_said(sight.sip);
                sight.sdp().is_none() && !in_parts
            })?;
            let early: Vec<&SipEvent> = transaction
                .responses
                .iter()
                .filter(|(status, _)| (101..200).contains(status))
                .filter_map(|(_, id)| Some(context.message(*id)?.1))
                .filter(|sip| sip.sdp.is_some())
                .collect();
            if early.iter().any(|sip| is_reliable(sip)) {
                return None;
            }
            let severity = if early.is_empty() && !context.delivered_on_either_leg() {
                Severity::Error
            } else {
                Severity::Warning
            };
            let side = transaction.from.other();
            let seen = match author.before {
                None => format!(
                    "{} answers {} with {status} but no SDP – nothing was agreed",
                    context.who_begins(side),
                    transaction.method
                ),
                Some(_) => format!(
                    "{status} to {} leaves {} without the SDP that it came with",
                    transaction.method, author.who
                ),
            };
            let frames = [author.sight.event.frame, event.frame, offer.event.frame];
            let found = Finding::new(severity, frames, seen);
            Some(
                author
                    .accuse(found)
                    .more(format!("Answered by {}.", author.whose)),
            )
        })
        .collect()
}

/// A provisional response that is acknowledged with PRACK (RFC 3262 3).
fn is_reliable(sip: &SipEvent) -> bool {
    header(sip, "RSeq").is_some()
        && header(sip, "Require").is_some_and(|value| value.to_ascii_lowercase().contains("100rel"))
}
