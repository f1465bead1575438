//! The first INVITE: refused, unanswered, or never there.

use std::net::IpAddr;

use crate::call::{Event, SipEvent, Transaction};
use crate::hint::context::{Failure, headers, status};
use crate::hint::rule::{Check, RootCause, hide};
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::sip::refusal::SIP_INVITE_UNAVAILABLE;
use crate::hint::sip::unreachable::unreachable;
use crate::hint::t38::error_unless_delivered;
use crate::hint::{Finding, Rule, RuleContext, Severity};

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
    step: "see outgoing routing and rights of the extension on your PBX",
    reference: "4PSA Knowledge Base, Troubleshooting fax issues (routing rules, channel costs)",
    when: "5 s or more of SIP of the address given by --pbx, and no INVITE from or to it: a note of the capture; or a fax without a dialog, although SIP of one of its hosts is there for 5 s or more (covered by cap-sip-not-captured)",
    check: Check::One(no_invite),
    absence: Some(0.0),
    ..super::SIP
};

pub(in crate::hint) static SIP_INVITE_NO_RESPONSE: Rule = Rule {
    id: "sip-invite-no-response",
    severity: Severity::Error,
    title: "Nobody answers the first INVITE",
    advice: "Nothing at all came back, not even 100: wrong address or port, a firewall or SIP ALG in between, or \
             a dead peer. Try OPTIONS to the same address, and capture at the peer to see whether the INVITE \
             arrives there.",
    step: "try OPTIONS to that address; does the INVITE arrive there?",
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
    step: "see whether the called fax answers by itself",
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
    step: "check account, password and realm of the side that calls",
    reference: "RFC 3261 (authentication)",
    when: "an INVITE with credentials is challenged again without stale=true, or a challenge is never answered",
    check: Check::Many(auth_loop),
    ..super::SIP
};

fn no_invite(context: &RuleContext<'_>) -> Option<Finding> {
    let (frame, seconds) = context.call.capture.other_sip?;
    if context.call.has_sip() || seconds < SIP_SEEN || context.delivered() {
        return None;
    }
    let number = context.call.to.user.as_deref().unwrap_or("this fax");
    let seen = format!("No INVITE for {number} – outbound routing/charging, or it never came in");
    Some(Finding::new(Severity::Error, [frame], seen).about(context.call.caller))
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

fn no_response(context: &RuleContext<'_>) -> Option<Finding> {
    let invite = context.first_invite()?;
    let (Some(first), Some(last)) = (invite.requests.first(), invite.requests.last()) else {
        return None;
    };
    let (Some(first), Some(last)) = (context.event(*first), context.event(*last)) else {
        return None;
    };
    let end = context.call.capture.last_time;
    let often = invite.requests.len() >= INVITES_IN_VAIN
        && end.seconds_since(last.at) >= WAIT_AFTER_INVITES;
    let long = end.seconds_since(first.at) >= TRANSACTION_TIMEOUT;
    let up = context.call.answered.is_some() || context.call.packets.t38 > 0;
    let error = unreachable(context, first);
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
fn ringing<'a>(context: &RuleContext<'a>) -> Option<&'a Event> {
    context
        .messages()
        .find(|(_, sip)| status(sip).is_some_and(|status| (180..190).contains(&status)))
        .map(|(event, _)| event)
}

pub(super) fn rang(context: &RuleContext<'_>, failure: &Failure<'_>) -> bool {
    ringing(context).is_some_and(|rings| failure.event.at.seconds_since(rings.at) >= RANG)
}

fn no_answer(context: &RuleContext<'_>) -> Option<Finding> {
    if context.call.answered.is_some() {
        return None;
    }
    let cancel = context.requests("CANCEL").next().map(|(event, _)| event);
    let failure = context.failure();
    let rings = ringing(context);
    // Sooner than that the network says so, not the patience of the caller (`sip-invite-unavailable`).
    let timed_out =
        failure.filter(|failure| matches!(failure.status, 408 | 480) && rang(context, failure));
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
            .about(context.call.callee),
    )
}

fn auth_loop(context: &RuleContext<'_>) -> Vec<Finding> {
    let invites: Vec<&Transaction> = context.transactions("INVITE").collect();
    let mut found = Vec::new();
    for (index, invite) in invites.iter().enumerate() {
        let Some((challenge, sip, status)) = challenged(context, invite) else {
            continue;
        };
        let later = invites.get(index + 1..).unwrap_or_default();
        let again = later.iter().any(|later| later.from == invite.from);
        let request = invite.requests.first().and_then(|id| context.message(*id));
        let repeated = request.is_some_and(|(_, request)| same_realm(request, sip));
        let unanswered = !again
            && !repeated
            && (context.call.answered.is_none() || !invite.initial)
            && context.call.capture.last_time.seconds_since(challenge.at) >= CREDENTIALS_WAIT;
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
                error_unless_delivered(context),
                frames.into_iter().flatten(),
                seen,
            )
            .on(challenge.id)
            .about(context.endpoint(invite.from)),
        );
    }
    found
}

fn challenged<'a>(
    context: &RuleContext<'a>,
    invite: &Transaction,
) -> Option<(&'a Event, &'a SipEvent, u16)> {
    let (status, id) = invite.final_response()?;
    if !matches!(status, 401 | 407) {
        return None;
    }
    context.message(id).map(|(event, sip)| (event, sip, status))
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
