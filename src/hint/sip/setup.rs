//! The first INVITE: refused, unanswered, or never there.

use crate::hint::rule::{Check, RootCause, hide};
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::sip::unreachable::unreachable;
use std::net::IpAddr;

use crate::call::{Event, SipEvent, Transaction};
use crate::hint::scene::{Failure, header, headers, status};
use crate::hint::sip::{formats, q850, q850_text};
use crate::hint::t38::error_unless_delivered;
use crate::hint::{Finding, Rule, Scene, Severity};

/// Ringing this long means that nobody wanted to answer; less, that the caller gave up, seconds.
const RANG: f64 = 15.0;
/// Sends of an INVITE over UDP after which silence is no accident (at 0, 0.5, 1.5 and 3.5 s).
const INVITES_IN_VAIN: usize = 4;
/// Wait after the last of them before it is said, seconds.
const WAIT_AFTER_INVITES: f64 = 4.0;
/// Wait for any response where the transport does not repeat (64 times T1), seconds.
const TRANSACTION_TIMEOUT: f64 = 32.0;
/// A challenged INVITE is repeated with credentials at once, or not at all, seconds.
const CREDENTIALS_WAIT: f64 = 4.0;
/// SIP of a host seen this long without an INVITE shows that its SIP is captured, seconds.
const SIP_SEEN: f64 = 5.0;

pub(super) const RULES: &[&Rule] = &[
    &SIP_NO_INVITE,
    &SIP_INVITE_NOT_FOUND,
    &SIP_INVITE_FORBIDDEN,
    &SIP_INVITE_BUSY,
    &SIP_INVITE_UNAVAILABLE,
    &SIP_INVITE_MEDIA_REJECTED,
    &SIP_INVITE_SERVER_ERROR,
    &SIP_INVITE_REJECTED,
    &SIP_INVITE_NO_RESPONSE,
    &SIP_NO_ANSWER,
    &SIP_AUTH_LOOP,
];

pub(in crate::hint) static SIP_NO_INVITE: Rule = Rule {
    id: "sip-no-invite",
    severity: Severity::Error,
    title: "SIP of this host is captured, but no INVITE for the call",
    advice: "Outgoing fax: the PBX did not place the call. Check the outgoing routing rules, channel cost and \
             credit, and the rights of the extension; add `fax` to the `console =>` line in \
             /etc/asterisk/logger.conf (console => notice,warning,error,fax), asterisk -rx \"logger reload\", \
             then watch asterisk -rcvvvvvvvvvv while the fax is sent again. Incoming fax: the provider never \
             sent it to this host; check the DID there.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (routing rules, channel costs)",
    when: "5 s or more of SIP of the address given by --pbx, and no INVITE from or to it: a note of the capture; or a fax without a dialog, although SIP of one of its hosts is there for 5 s or more (covered by cap-sip-not-captured)",
    check: Check::One(no_invite),
    absence: Some(0.0),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_NOT_FOUND: Rule = Rule {
    id: "sip-invite-not-found",
    severity: Severity::Error,
    title: "The called number is unknown to the answering server",
    advice: "The server that answers does not know the number. Check that the sender dials the right DID, that \
             the DID is assigned to the right extension, and the number format (+, 00, national). Voice calls \
             fail the same way: this is no fax problem.",
    reference: "RFC 3261; 4PSA Knowledge Base, Troubleshooting fax issues (correct DID)",
    when: "the first INVITE ends with 404, 410, 416, 484, 485 or 604",
    check: Check::One(|scene| refused(scene, Refusal::NotFound)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_FORBIDDEN: Rule = Rule {
    id: "sip-invite-forbidden",
    severity: Severity::Error,
    title: "The call is refused by policy",
    advice: "The peer understood the call and refuses it. On VoipNow check the number and IP accept list of the \
             channel that holds the extension, its credit, and the caller ID that is allowed. With 603, 607 or \
             608 a person or call screening may have refused. This is no fax problem.",
    reference: "RFC 3261; 4PSA Knowledge Base, Troubleshooting fax issues (accept list of the channel)",
    when: "the first INVITE ends with 402, 403, 433, 603, 607 or 608",
    check: Check::One(|scene| refused(scene, Refusal::Forbidden)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_BUSY: Rule = Rule {
    id: "sip-invite-busy",
    severity: Severity::Warning,
    title: "The called line is busy",
    advice: "The called line is in use, often by another fax. Send again later. If it is always so, check the \
             channel limit and call waiting of the fax extension; some PBXs say 486 for do-not-disturb or when \
             no channel is free.",
    reference: "RFC 3261; Q.850 cause 17",
    when: "the first INVITE ends with 486, 600, or 480/503 with Q.850 cause 17",
    check: Check::One(|scene| refused(scene, Refusal::Busy)),
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
    reference: "RFC 3261; Q.850 causes 34 to 47",
    when: "the first INVITE ends with 408, 430, 480, or 503 with Retry-After or Q.850 cause 34, 38, 41, 42, 44, 47",
    check: Check::One(|scene| refused(scene, Refusal::Unavailable)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_MEDIA_REJECTED: Rule = Rule {
    id: "sip-invite-media-rejected",
    severity: Severity::Error,
    title: "The first INVITE is refused because of its media",
    advice: "No codec or profile in common before any fax began. For fax offer G.711 (PCMA/PCMU); if the first \
             INVITE has m=image or RTP/SAVP, offer plain audio first and switch to T.38 by re-INVITE. \
             FreeSWITCH is known to refuse an audio and image offer in the first INVITE.",
    reference: "RFC 3261; signalwire/freeswitch issue 1297",
    when: "the first INVITE ends with 415, 488 or 606, or a 4xx with Warning code 304 or 305",
    check: Check::One(|scene| refused(scene, Refusal::Media)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_SERVER_ERROR: Rule = Rule {
    id: "sip-invite-server-error",
    severity: Severity::Error,
    title: "A server failed while it handled the call",
    advice: "The peer failed on the call: overload, a failed next hop (502, 504), a loop (482, 483). Look for \
             the Call-ID in the log of the server that answered. 503 without a reason is often a trunk or \
             carrier that takes no more calls.",
    reference: "RFC 3261; RFC 4028 (422)",
    when: "the first INVITE ends with another 5xx, or 420, 421, 422, 482, 483, 494",
    check: Check::One(|scene| refused(scene, Refusal::Server)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_REJECTED: Rule = Rule {
    id: "sip-invite-rejected",
    severity: Severity::Error,
    title: "The first INVITE is rejected",
    advice: "The call never got as far as fax. Put call set-up right first: the DID, the accept list, the \
             registration, the codecs, on the side that answered. Voice calls fail the same way.",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (first INVITE rejected)",
    when: "the first INVITE ends with any other response from 300",
    check: Check::One(|scene| refused(scene, Refusal::Other)),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_NO_RESPONSE: Rule = Rule {
    id: "sip-invite-no-response",
    severity: Severity::Error,
    title: "Nobody answers the first INVITE",
    advice: "Nothing at all came back, not even 100: wrong address or port, a firewall or SIP ALG in between, or \
             a dead peer. Try OPTIONS to the same address, and capture at the peer to see whether the INVITE \
             arrives there.",
    reference: "RFC 3261 (INVITE is repeated for 32 s)",
    when: "the first INVITE is sent four times or more (or waits 32 s, or ICMP says that it did not get there) without any response",
    check: Check::One(no_response),
    absence: Some(0.0),
    covers: &[hide(&[&SIP_NO_ANSWER, &SIP_RETRANSMISSIONS])],
    ..super::SIP
};

pub(in crate::hint) static SIP_NO_ANSWER: Rule = Rule {
    id: "sip-no-answer",
    severity: Severity::Warning,
    title: "It rang, but nobody answered",
    advice: "The destination rang and did not answer before the caller gave up (a fax waits about 60 s, T.30 \
             T0). Check on the called side that the fax machine or fax extension answers by itself, the port of \
             the adapter, and the order of the ring group; on the calling side its ring timeout.",
    reference: "RFC 3261; T.30, timer T0",
    when: "the call rang and ended without 2xx: CANCEL, or 408/480 after 15 s",
    check: Check::One(no_answer),
    root: RootCause::AsWarning,
    covers: &[hide(&[&SIP_INVITE_UNAVAILABLE])],
    ..super::SIP
};

pub(in crate::hint) static SIP_AUTH_LOOP: Rule = Rule {
    id: "sip-auth-loop",
    severity: Severity::Error,
    title: "Credentials are refused, or never sent",
    advice: "One 401/407 and a second INVITE is normal; a second challenge means that the credentials were \
             refused. Check the SIP account, its password and realm on the side that sends the INVITE, and nonce \
             handling in between. If it hits only the re-INVITE, T.38 fails for want of a password.",
    reference: "RFC 3261 (authentication)",
    when: "an INVITE with credentials is challenged again without stale=true, or a challenge is never answered",
    check: Check::Many(auth_loop),
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

fn no_invite(scene: &Scene<'_>) -> Option<Finding> {
    let (frame, seconds) = scene.call.capture.other_sip?;
    if scene.call.has_sip() || seconds < SIP_SEEN || scene.delivered() {
        return None;
    }
    let number = scene.call.to.user.as_deref().unwrap_or("this fax");
    let seen = format!("No INVITE for {number} – outbound routing/charging, or it never came in");
    Some(Finding::new(Severity::Error, [frame], seen).about(scene.call.caller))
}

/// The same where no call is there to carry it, for the notes of a capture: the user named the PBX, and it was
/// heard for so many seconds without an INVITE from or to it.
pub(crate) fn no_invite_note(pbx: IpAddr, seconds: f64) -> Option<String> {
    (seconds >= SIP_SEEN).then(|| format!(
        "sip-no-invite: {seconds:.0} s of SIP of your PBX {pbx}, but no INVITE from or to it: an outgoing fax was never \
         placed (routing rules, channel cost, rights of the extension), an incoming one never arrived (DID at the \
         provider); see `faxflow rules sip-no-invite`"
    ))
}

/// What a refusal of the first INVITE means.
fn refusal(scene: &Scene<'_>, failure: &Failure<'_>) -> Option<Refusal> {
    let cause = q850(failure.sip);
    let retry_later = header(failure.sip, "Retry-After").is_some();
    Some(match failure.status {
        // RFC 3261 22: a challenge is answered with credentials; `auth_loop` judges it.
        401 | 407 | 487 => return None,
        480 | 408 if rang(scene, failure) => return None,
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

fn refused(scene: &Scene<'_>, wanted: Refusal) -> Option<Finding> {
    let failure = scene.failure()?;
    if refusal(scene, &failure) != Some(wanted) {
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
        .and_then(|id| scene.frame(*id));
    let frames = [Some(failure.event.frame), invite].into_iter().flatten();
    let mut finding = Finding::new(severity, frames, seen(scene, &failure, wanted))
        .on(failure.event.id)
        .about(failure.event.src)
        .more(format!(
            "The answer came from {}.",
            scene.whose(failure.event.from)
        ));
    if let Some(warning) = header(failure.sip, "Warning").filter(|text| !text.is_empty()) {
        finding = finding.more(format!(
            "The answer came from {}; its Warning: {warning}",
            scene.whose(failure.event.from)
        ));
    }
    Some(finding)
}

fn seen(scene: &Scene<'_>, failure: &Failure<'_>, wanted: Refusal) -> String {
    let call = scene.call;
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
            offered(scene, failure.invite)
        ),
        Refusal::Server => {
            format!("{status} {reason} from {server} – server/route fault, see its log{cause}")
        }
        Refusal::Other => {
            format!("First INVITE rejected: {status} {reason} – call setup, not fax")
        }
    }
}

fn offered(scene: &Scene<'_>, invite: &Transaction) -> String {
    let sdp = invite
        .requests
        .first()
        .and_then(|id| scene.message(*id))
        .and_then(|(_, sip)| sip.sdp.as_ref());
    match sdp {
        Some(sdp) if sdp.media.is_empty() => "nothing (no m= line)".to_owned(),
        Some(sdp) => sdp.media.iter().map(formats).collect::<Vec<_>>().join(", "),
        None => "nothing (no SDP)".to_owned(),
    }
}

fn no_response(scene: &Scene<'_>) -> Option<Finding> {
    let invite = scene.first_invite()?;
    let (Some(first), Some(last)) = (invite.requests.first(), invite.requests.last()) else {
        return None;
    };
    let (Some(first), Some(last)) = (scene.event(*first), scene.event(*last)) else {
        return None;
    };
    let end = scene.call.capture.last_time;
    let often = invite.requests.len() >= INVITES_IN_VAIN
        && end.seconds_since(last.at) >= WAIT_AFTER_INVITES;
    let long = end.seconds_since(first.at) >= TRANSACTION_TIMEOUT;
    let up = scene.call.answered.is_some() || scene.call.packets.t38 > 0;
    let error = unreachable(scene, first);
    if !invite.responses.is_empty() || up || !(often || long || error.is_some()) {
        return None;
    }
    if error.is_some() {
        return error;
    }
    let seen = format!(
        "INVITE sent {}x, no answer at all – {} down or firewall",
        invite.requests.len(),
        first.dst
    );
    Some(
        Finding::new(Severity::Error, [first.frame, last.frame], seen)
            .on(first.id)
            .about(first.dst),
    )
}

/// First provisional response that says that it rings.
fn ringing<'a>(scene: &Scene<'a>) -> Option<&'a Event> {
    scene
        .messages()
        .find(|(_, sip)| status(sip).is_some_and(|status| (180..190).contains(&status)))
        .map(|(event, _)| event)
}

fn rang(scene: &Scene<'_>, failure: &Failure<'_>) -> bool {
    ringing(scene).is_some_and(|rings| failure.event.at.seconds_since(rings.at) >= RANG)
}

fn no_answer(scene: &Scene<'_>) -> Option<Finding> {
    if scene.call.answered.is_some() {
        return None;
    }
    let cancel = scene.requests("CANCEL").next().map(|(event, _)| event);
    let failure = scene.failure();
    let rings = ringing(scene);
    // Sooner than that the network says so, not the patience of the caller (`sip-invite-unavailable`).
    let timed_out =
        failure.filter(|failure| matches!(failure.status, 408 | 480) && rang(scene, failure));
    let cancelled = failure.filter(|failure| failure.status == 487);
    let end = cancel
        .or_else(|| timed_out.map(|failure| failure.event))
        .or_else(|| cancelled.map(|failure| failure.event));
    let end = end?;
    let seen = match rings {
        Some(rings) => {
            let waited = end.at.seconds_since(rings.at);
            if waited >= RANG {
                format!("Rang {waited:.0} s, never answered – fax off or wrong device")
            } else {
                format!("Rang {waited:.0} s, never answered – caller gave up")
            }
        }
        None => "Given up before it rang – caller cancelled the call".to_owned(),
    };
    let frames = [Some(end.frame), rings.map(|rings| rings.frame)];
    Some(
        Finding::new(Severity::Warning, frames.into_iter().flatten(), seen)
            .on(end.id)
            .about(scene.call.callee),
    )
}

fn auth_loop(scene: &Scene<'_>) -> Vec<Finding> {
    let invites: Vec<&Transaction> = scene.transactions("INVITE").collect();
    let mut found = Vec::new();
    for (index, invite) in invites.iter().enumerate() {
        let Some((challenge, sip, status)) = challenged(scene, invite) else {
            continue;
        };
        let later = invites.get(index + 1..).unwrap_or_default();
        let again = later.iter().any(|later| later.from == invite.from);
        let request = invite.requests.first().and_then(|id| scene.message(*id));
        let repeated = request.is_some_and(|(_, request)| same_realm(request, sip));
        let unanswered = !again
            && !repeated
            && (scene.call.answered.is_none() || !invite.initial)
            && scene.call.capture.last_time.seconds_since(challenge.at) >= CREDENTIALS_WAIT;
        let seen = if repeated {
            format!("{status} again after credentials – wrong user/password or realm")
        } else if unanswered {
            format!("{status} and no INVITE with credentials follows")
        } else {
            continue;
        };
        let frames = [Some(challenge.frame), request.map(|(event, _)| event.frame)];
        found.push(
            Finding::new(
                error_unless_delivered(scene),
                frames.into_iter().flatten(),
                seen,
            )
            .on(challenge.id)
            .about(scene.endpoint(invite.from)),
        );
    }
    found
}

fn challenged<'a>(
    scene: &Scene<'a>,
    invite: &Transaction,
) -> Option<(&'a Event, &'a SipEvent, u16)> {
    let (status, id) = invite.final_response()?;
    if !matches!(status, 401 | 407) {
        return None;
    }
    scene.message(id).map(|(event, sip)| (event, sip, status))
}

/// Whether a request carried credentials for the realm that challenges it now, with a nonce that is not
/// merely too old.
fn same_realm(request: &SipEvent, challenge: &SipEvent) -> bool {
    let asks = headers(challenge, "WWW-Authenticate")
        .chain(headers(challenge, "Proxy-Authenticate"))
        .filter(|value| {
            !parameter(value, "stale").is_some_and(|it| it.eq_ignore_ascii_case("true"))
        })
        .filter_map(|value| parameter(value, "realm"));
    let mut given = headers(request, "Authorization")
        .chain(headers(request, "Proxy-Authorization"))
        .filter_map(|value| parameter(value, "realm"))
        .peekable();
    if given.peek().is_none() {
        return false;
    }
    let given: Vec<&str> = given.collect();
    asks.into_iter().any(|realm| given.contains(&realm))
}

/// A parameter of an authentication header, quotes taken off.
fn parameter<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    value.split(',').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let key = key.split_whitespace().last()?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"'))
    })
}
