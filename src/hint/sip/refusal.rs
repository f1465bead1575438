//! The first INVITE is refused.

use crate::call::{FaultSide, SipEvent, Transaction};
use crate::hint::context::{Failure, header, headers};
use crate::hint::rule::{Check, RootCause};
use crate::hint::sip::setup::rang;
use crate::hint::sip::{formats, q850, q850_text};
use crate::hint::{Finding, Rule, RuleContext, Severity};

/// Session Interval Too Small (RFC 4028).
const INTERVAL_TOO_SMALL: u16 = 422;

pub(super) const RULES: &[&Rule] = &[
    &SIP_INVITE_NOT_FOUND,
    &SIP_INVITE_FORBIDDEN,
    &SIP_INVITE_BUSY,
    &SIP_INVITE_UNAVAILABLE,
    &SIP_INVITE_MEDIA_REJECTED,
    &SIP_INVITE_SERVER_ERROR,
    &SIP_INVITE_REJECTED,
];

pub(in crate::hint) static SIP_INVITE_NOT_FOUND: Rule = Rule {
    id: "sip-invite-not-found",
    severity: Severity::Error,
    title: "The called number is unknown to the answering server",
    advice: "The server that answers does not know the number. Check that the sender dials the right DID, that \
             the DID is assigned to the right extension, and the number format (+, 00, national). Voice calls \
             fail the same way: this is no fax problem.",
    step: "check the number dialled, its format, and where the DID leads",
    reference: "RFC 3261; 4PSA Knowledge Base, Troubleshooting fax issues (correct DID)",
    when: "the first INVITE ends with 404, 410, 416, 484, 485 or 604",
    check: Check::One(|context| refused(context, Refusal::NotFound)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_FORBIDDEN: Rule = Rule {
    id: "sip-invite-forbidden",
    severity: Severity::Error,
    title: "The call is refused by policy",
    advice: "The peer understood the call and refuses it. On VoipNow check the number and IP accept list of the \
             channel that holds the extension, its credit, and the caller ID that is allowed. With 603, 607 or \
             608 a person or call screening may have refused. This is no fax problem.",
    step: "check accept list, credit and caller ID where it was refused",
    reference: "RFC 3261; 4PSA Knowledge Base, Troubleshooting fax issues (accept list of the channel)",
    when: "the first INVITE ends with 402, 403, 433, 603, 607 or 608",
    check: Check::One(|context| refused(context, Refusal::Forbidden)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_BUSY: Rule = Rule {
    id: "sip-invite-busy",
    severity: Severity::Warning,
    title: "The called line is busy",
    advice: "The called line is in use, often by another fax. Send again later. If it is always so, check the \
             channel limit and call waiting of the fax extension; some PBXs say 486 for do-not-disturb or when \
             no channel is free.",
    step: "send again later; see what holds the line",
    reference: "RFC 3261; Q.850 cause 17",
    when: "the first INVITE ends with 486, 600, or 480/503 with Q.850 cause 17",
    check: Check::One(|context| refused(context, Refusal::Busy)),
    root: RootCause::AsWarning,
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_UNAVAILABLE: Rule = Rule {
    id: "sip-invite-unavailable",
    severity: Severity::Error,
    title: "The destination exists but cannot be reached",
    advice: "The device is not registered, the trunk is down, or no circuit is free on the side that answered. \
             Check the registration of the fax adapter or extension, or the status of the trunk there. This is \
             no fax problem.",
    step: "check the registration of the called adapter or trunk",
    reference: "RFC 3261; Q.850 causes 34 to 47",
    when: "the first INVITE ends with 408, 430, 480, or 503 with Retry-After or Q.850 cause 34, 38, 41, 42, 44, 47",
    check: Check::One(|context| refused(context, Refusal::Unavailable)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_MEDIA_REJECTED: Rule = Rule {
    id: "sip-invite-media-rejected",
    severity: Severity::Error,
    title: "The first INVITE is refused because of its media",
    advice: "No codec or profile in common before any fax began. For fax offer G.711 (PCMA/PCMU); if the first \
             INVITE has m=image or RTP/SAVP, offer plain audio first and switch to T.38 by re-INVITE. \
             FreeSWITCH is known to refuse an audio and image offer in the first INVITE.",
    step: "offer plain G.711 first, T.38 by re-INVITE",
    reference: "RFC 3261; signalwire/freeswitch issue 1297",
    when: "the first INVITE ends with 415, 488 or 606, or a 4xx with Warning code 304 or 305",
    check: Check::One(|context| refused(context, Refusal::Media)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_SERVER_ERROR: Rule = Rule {
    id: "sip-invite-server-error",
    severity: Severity::Error,
    title: "A server failed while it handled the call",
    advice: "The peer failed on the call: overload, a failed next hop (502, 504), a loop (482, 483). Look for \
             the Call-ID in the log of the server that answered. 503 without a reason is often a trunk or \
             carrier that takes no more calls.",
    step: "look for the Call-ID in the log of the server that answered",
    reference: "RFC 3261; RFC 4028 (422)",
    when: "the first INVITE ends with another 5xx, or 420, 421, 422, 482, 483, 494",
    check: Check::One(|context| refused(context, Refusal::Server)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_REJECTED: Rule = Rule {
    id: "sip-invite-rejected",
    severity: Severity::Error,
    title: "The first INVITE is rejected",
    advice: "The call never got as far as fax. Put call set-up right first: the DID, the accept list, the \
             registration, the codecs, on the side that answered. Voice calls fail the same way.",
    step: "see the log of the side that refused; set-up comes before fax",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (first INVITE rejected)",
    when: "the first INVITE ends with any other response from 300",
    check: Check::One(|context| refused(context, Refusal::Other)),
    ..super::SIP
};

/// Why a first INVITE was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotFound,
    Forbidden,
    Busy,
    Unavailable,
    Media,
    Server,
    Other,
}

/// What a refusal of the first INVITE means.
fn refusal(context: &RuleContext<'_>, failure: &Failure<'_>) -> Option<Refusal> {
    let cause = q850(failure.sip);
    let retry_later = header(failure.sip, "Retry-After").is_some();
    Some(match failure.status {
        // RFC 3261 22: a challenge is answered with credentials; `auth_loop` judges it.
        401 | 407 | 487 => return None,
        480 | 408 if rang(context, failure) => return None,
        480 | 503 if cause == Some(17) => Refusal::Busy,
        486 | 600 => Refusal::Busy,
        404 | 410 | 416 | 484 | 485 | 604 => Refusal::NotFound,
        402 | 403 | 433 | 603 | 607 | 608 => Refusal::Forbidden,
        415 | 488 | 606 => Refusal::Media,
        400..=499 if media_warning(failure.sip) => Refusal::Media,
        408 | 430 | 480 => Refusal::Unavailable,
        503 if retry_later || cause.is_some_and(is_resource_cause) => Refusal::Unavailable,
        420..=422 | 482 | 483 | 494 | 500..=599 => Refusal::Server,
        _ => Refusal::Other,
    })
}

/// Q.850 causes that say that something is missing or down on the way.
const fn is_resource_cause(cause: u16) -> bool {
    matches!(cause, 34 | 38 | 41 | 42 | 44 | 47)
}

/// Warning codes 304 (media type) and 305 (format) not available.
fn media_warning(sip: &SipEvent) -> bool {
    headers(sip, "Warning").any(|value| {
        let code = value.split_whitespace().next();
        matches!(code, Some("304" | "305"))
    })
}

fn refused(context: &RuleContext<'_>, wanted: Refusal) -> Option<Finding> {
    let failure = context.failure()?;
    if refusal(context, &failure) != Some(wanted) {
        return None;
    }
    let severity = match wanted {
        Refusal::Busy => Severity::Warning,
        // Answered with a new address: the call goes on elsewhere.
        Refusal::Other if failure.status < 400 => Severity::Note,
        _ => Severity::Error,
    };
    let invite = failure
        .invite
        .requests
        .first()
        .and_then(|id| context.frame(*id));
    let frames = [Some(failure.event.frame), invite].into_iter().flatten();
    let mut finding = Finding::new(severity, frames, seen(context, &failure, wanted))
        .on(failure.event.id)
        .about(failure.event.src)
        .more(format!(
            "The answer came from {}.",
            context.whose(failure.event.from)
        ));
    if passed_on(context, &failure) {
        finding = finding.blame_nobody();
    }
    if failure.status == INTERVAL_TOO_SMALL {
        // RFC 4028 7.3: whoever asked has to ask again, for as long as Min-SE says.
        finding = finding.blame_one_of(context, Some(failure.invite.from));
    }
    if let Some(warning) = header(failure.sip, "Warning").filter(|text| !text.is_empty()) {
        finding = finding.more(format!(
            "The answer came from {}; its Warning: {warning}",
            context.whose(failure.event.from)
        ));
    }
    Some(finding)
}

/// Whether the host in the middle refuses what it had asked the other leg for, of which the answer is not in the capture.
fn passed_on(context: &RuleContext<'_>, failure: &Failure<'_>) -> bool {
    let in_middle = context.fault_side(failure.event.from) == FaultSide::Pbx;
    let unanswered = context.mirrored().is_some_and(|other| {
        let invite = other.first_invite();
        invite.is_some_and(|invite| invite.final_response().is_none())
    });
    in_middle && unanswered
}

fn seen(context: &RuleContext<'_>, failure: &Failure<'_>, wanted: Refusal) -> String {
    let call = context.call;
    let status = failure.status;
    let reason = call.reason.as_deref().unwrap_or_default();
    let number = call.to.user.as_deref().unwrap_or("the number");
    let server = call
        .agent
        .of(failure.event.from)
        .clone()
        .unwrap_or_else(|| failure.event.src.addr.to_string());
    let cause = q850(failure.sip)
        .map(|cause| format!(" (Q.850 {cause} {})", q850_text(cause)))
        .unwrap_or_default();
    match wanted {
        Refusal::NotFound => {
            format!("{status} – {number} unknown at {server}; check DID assignment")
        }
        Refusal::Forbidden => {
            format!("{status} {reason} – refused by policy: accept list, ACL, credit, caller ID")
        }
        Refusal::Busy => format!("{status} {reason} – receiving fax line is in use; retry later"),
        Refusal::Unavailable => {
            format!("{status} – extension not registered or trunk out of service{cause}")
        }
        Refusal::Media => format!(
            "{status} on first INVITE – no common codec; offered: {}",
            offered(context, failure.invite)
        ),
        Refusal::Server if status == INTERVAL_TOO_SMALL => {
            format!(
                "{status} – session timer too short for {server}, and the caller does not ask for more"
            )
        }
        Refusal::Server => {
            format!("{status} {reason} from {server} – server/route fault, see its log{cause}")
        }
        Refusal::Other => {
            format!("First INVITE rejected: {status} {reason} – call setup, not fax")
        }
    }
}

fn offered(context: &RuleContext<'_>, invite: &Transaction) -> String {
    let sdp = invite
        .requests
        .first()
        .and_then(|id| context.message(*id))
        .and_then(|(_, sip)| sip.sdp.as_ref());
    match sdp {
        Some(sdp) if sdp.media.is_empty() => "nothing (no m= line)".to_owned(),
        Some(sdp) => sdp.media.iter().map(formats).collect::<Vec<_>>().join(", "),
        None => "nothing (no SDP)".to_owned(),
    }
}
