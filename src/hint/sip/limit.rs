//! Requests that go the wrong way, and calls that a clock ends.

use crate::call::{Event, SipEvent, Transaction};
use crate::hint::context::{header, headers, method};
use crate::hint::rule::{Check, Layer, explain, hide};
use crate::hint::sip::dialog::SIP_ACK_MISSING;
use crate::hint::sip::teardown::SIP_BYE_UNANSWERED;
use crate::hint::t30::release::T30_DROPPED_MID_FAX;
use crate::hint::t38::error_unless_delivered;
use crate::hint::t38::reinvite::T38_REINVITE_TIMEOUT;
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(super) const RULES: &[&Rule] = &[&SIP_CALL_LIMIT, &SIP_ROUTE_IGNORED];

/// A limit is set in whole half minutes.
const STEP: f64 = 30.0;
/// How exactly such a clock runs, seconds.
const EXACTLY: f64 = 0.1;
/// The fax is still being sent if its last packet is not older than this, seconds.
const STILL_SENT: f64 = 2.0;

pub(in crate::hint) static SIP_CALL_LIMIT: Rule = Rule {
    id: "sip-call-limit",
    severity: Severity::Error,
    title: "Hung up at a round time in the middle of the fax",
    advice: "The call ends a whole number of half minutes after the answer while the fax is still being sent: a limit of \
             the call's length, a prepaid account, or a timer of the dialplan. Look at the side that sent BYE (Asterisk: \
             TIMEOUT(absolute), option L of Dial; FreeSWITCH: sched_hangup; Kamailio: default_timeout of the dialog \
             module; a carrier: limit of the account). Send a second fax: if it ends at the same time, this is it.",
    step: "raise the call limit of the side that sent the BYE",
    reference: "RFC 3261, section 15; Asterisk documentation (TIMEOUT, Dial)",
    when: "BYE of one side 30, 60, 90 ... s after the answer (to 0.1 s), without DCN, while the fax is being sent",
    check: Check::One(call_limit),
    layer: Layer::Teardown,
    covers: &[explain(&[&T30_DROPPED_MID_FAX])],
    ..super::SIP
};

pub(in crate::hint) static SIP_ROUTE_IGNORED: Rule = Rule {
    id: "sip-route-ignored",
    severity: Severity::Error,
    title: "A request goes past the proxy of Record-Route",
    advice: "The proxy asked with Record-Route to stay in the dialog, and this request goes to the Contact of the peer \
             without a Route header: a proxy that mends NAT or anchors media never sees it, and the peer may not be \
             reachable that way. On the side that sends it, loose routing must be on (Asterisk chan_sip takes \
             Record-Route of the 200; look for an outbound proxy that is set by hand, or an ALG that takes the header out).",
    step: "turn loose routing on at the side that sends the request",
    reference: "RFC 3261, sections 12.1, 12.2.1.1, 16.6",
    when: "the message that set up the dialog came with Record-Route, and a request within the dialog has no Route and goes to the peer's Contact; an error if it is not answered with success",
    check: Check::One(route_ignored),
    layer: Layer::SetUp,
    covers: &[hide(&[
        &T38_REINVITE_TIMEOUT,
        &SIP_BYE_UNANSWERED,
        &SIP_ACK_MISSING,
    ])],
    ..super::SIP
};

fn call_limit(context: &RuleContext<'_>) -> Option<Finding> {
    let (bye, _) = context.bye()?;
    let exchange = context.exchange();
    let last = exchange.lines.last()?;
    let is_sent = bye.at.seconds_since(last.event.end) < STILL_SENT;
    if exchange.dcn.is_some() || context.delivered_on_either_leg() || !is_sent {
        return None;
    }
    let answered = context.call.answered?;
    let since = bye.at.seconds_since(answered);
    let steps = (since / STEP).round();
    if steps < 1.0 || (since - steps * STEP).abs() > EXACTLY {
        return None;
    }
    let seen = format!(
        "{} hung up {:.1} s after the answer, in the middle of the fax – a time limit?",
        context.who_begins(bye.from),
        since
    );
    Some(
        Finding::new(
            error_unless_delivered(context),
            [bye.frame, last.frame()],
            seen,
        )
        .on(bye.id)
        .about(context.endpoint(bye.from)),
    )
}

fn route_ignored(context: &RuleContext<'_>) -> Option<Finding> {
    let invite = context.first_invite()?;
    let (asked, request) = context.message(*invite.requests.first()?)?;
    let (_, answer) = invite
        .responses
        .iter()
        .find(|(status, _)| (200..300).contains(status))
        .and_then(|(_, id)| context.message(*id))?;
    let recorded = |sip: &SipEvent| headers(sip, "Record-Route").next().is_some();
    context.messages().find_map(|(event, sip)| {
        let name = method(sip)?;
        let within = event.id != asked.id && event.at >= asked.at;
        let kind = matches!(name, "INVITE" | "BYE" | "UPDATE" | "ACK" | "INFO" | "REFER");
        // A proxy on the way takes the last Route out: the maker alone puts one Via in.
        let relayed = headers(sip, "Via").chain(headers(sip, "v")).count() != 1
            || headers(sip, "Via").any(|via| via.contains(','));
        if !within
            || !kind
            || relayed
            || sip.message.to().tag.is_none()
            || header(sip, "Route").is_some()
        {
            return None;
        }
        // The side that asked reads the answer, the other one the request.
        let (told, peer) = if event.from == asked.from {
            (recorded(answer), header(answer, "Contact"))
        } else {
            (recorded(request), header(request, "Contact"))
        };
        let straight = peer.is_some_and(|contact| contact.contains(&event.dst.addr.to_string()));
        let past = told && straight && !names_host(answer, request, event);
        (past && !is_of_failure(context, event, sip)).then(|| accuse(context, event, name))
    })
}

/// Whether a Record-Route names the host that the request goes to: then that is no way past it.
fn names_host(answer: &SipEvent, request: &SipEvent, event: &Event) -> bool {
    let host = event.dst.addr.to_string();
    let mut all = headers(answer, "Record-Route").chain(headers(request, "Record-Route"));
    all.any(|value| value.contains(&host) || value.bytes().all(|octet| !octet.is_ascii_digit()))
}

/// The ACK of a failure goes where the INVITE went (RFC 3261 17.1.1.3).
fn is_of_failure(context: &RuleContext<'_>, event: &Event, sip: &SipEvent) -> bool {
    let failed = |one: &Transaction| {
        one.acks.contains(&event.id)
            && one
                .final_response()
                .is_some_and(|(status, _)| status >= 300)
    };
    method(sip) == Some("ACK") && context.call.transactions.iter().any(failed)
}

fn accuse(context: &RuleContext<'_>, event: &Event, name: &str) -> Finding {
    let answered = context.call.transactions.iter().any(|one| {
        let own = one.requests.contains(&event.id) || one.acks.contains(&event.id);
        let ok = one
            .final_response()
            .is_some_and(|(status, _)| (200..300).contains(&status));
        own && ok
    });
    let severity = if answered {
        Severity::Warning
    } else {
        error_unless_delivered(context)
    };
    let seen = format!(
        "{name} of {} goes straight to {}, past the proxy in Record-Route",
        context.who(event.from),
        event.dst.addr
    );
    Finding::new(severity, [event.frame], seen)
        .on(event.id)
        .about(context.endpoint(event.from))
        .blame(context.fault_side(event.from))
}
