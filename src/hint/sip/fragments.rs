//! SIP messages of which the first fragment alone arrives.

use crate::call::{Event, FaultSide, IncompleteDatagram, Transaction};
use crate::capture::FrameNo;
use crate::hint::cap::loss::CAP_DROPS;
use crate::hint::context::method;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::sip::SIP;
use crate::hint::sip::dialog::SIP_RETRANSMISSIONS;
use crate::hint::sip::setup::SIP_INVITE_NO_RESPONSE;
use crate::hint::t30::identification::T30_NO_DIS;
use crate::hint::t38::media::T38_FALLBACK_G711;
use crate::hint::t38::reinvite::{T38_NO_REINVITE, T38_REINVITE_TIMEOUT};
use crate::hint::{Finding, Rule, RuleContext, Severity};

pub(in crate::hint) const RULES: &[&Rule] = &[&SIP_FRAGMENTED];

pub(in crate::hint) static SIP_FRAGMENTED: Rule = Rule {
    id: "sip-fragmented",
    severity: Severity::Error,
    title: "SIP messages arrive in incomplete fragments",
    advice: "The message is larger than the MTU, and something drops all but its first fragment: a firewall, connection tracking without reassembly, an IPv6 path that drops fragment headers, an ALG. So it never reached the peer. Send large messages over TCP, as RFC 3261 asks for above 1300 octets: Asterisk PJSIP [system] disable_tcp_switch=no or transport=transport-tcp; Kamailio udp_mtu=1300 with udp_mtu_try_proto=TCP (the peer must listen on TCP); Cisco session transport tcp. Or make it shorter: fewer codecs, no X- headers, compact headers, fewer Record-Route. Or let fragments pass.",
    step: "send large messages over TCP, or shorten the SDP",
    reference: "RFC 3261 18.1.1; Lylix, T.38 (MTU)",
    when: "Of the same SIP request or response the first fragment comes twice or more, the rest never, and it stays without effect: no response, the sender repeats it. Once only: a warning.",
    check: Check::Many(fragmented),
    absence: Some(0.0),
    covers: &[
        hide(&[&SIP_RETRANSMISSIONS, &CAP_DROPS]).always(),
        hide(&[
            &T38_NO_REINVITE,
            &T38_REINVITE_TIMEOUT,
            &T38_FALLBACK_G711,
            &SIP_INVITE_NO_RESPONSE,
            &T30_NO_DIS,
        ]),
        explain(&[&T30_NO_DIS]),
    ],
    ..SIP
};

/// For each transaction with requests of which only the first fragment came, and that nobody answers.
fn fragmented(context: &RuleContext<'_>) -> Vec<Finding> {
    let call = context.call;
    let incomplete: Vec<&IncompleteDatagram> = call
        .incomplete
        .iter()
        .filter(|one| one.sequence.is_none())
        .collect();
    if incomplete.is_empty() {
        return Vec::new();
    }
    let transactions = call.transactions.iter();
    transactions
        .filter_map(|transaction| of_transaction(context, transaction, &incomplete))
        .collect()
}

fn of_transaction(
    context: &RuleContext<'_>,
    transaction: &Transaction,
    incomplete: &[&IncompleteDatagram],
) -> Option<Finding> {
    let is_incomplete = |event: &&Event| incomplete.iter().any(|one| one.frame == event.frame);
    let requests: Vec<&Event> = transaction
        .requests
        .iter()
        .filter_map(|id| context.event(*id))
        .collect();
    let lost: Vec<&Event> = requests.iter().copied().filter(is_incomplete).collect();
    let first = *lost.first()?;
    // The receiver had it, or another copy of it came whole: the capture lost the rest, not the network.
    if !transaction.responses.is_empty() || lost.len() < requests.len() {
        return None;
    }
    let octets = incomplete
        .iter()
        .find(|one| one.frame == first.frame)?
        .octets;
    let name = context
        .message(first.id)
        .and_then(|(_, sip)| method(sip))
        .unwrap_or(&transaction.method);
    let severity = if lost.len() >= 2 {
        Severity::Error
    } else {
        Severity::Warning
    };
    let seen = format!(
        "{name} of {octets} octets comes {}x without its end – fragments lost",
        lost.len()
    );
    let frames = lost.iter().map(|event| event.frame);
    let frames: Vec<FrameNo> = frames.collect();
    Some(
        Finding::new(severity, frames, seen)
            .on(first.id)
            .about(first.dst)
            .blame(FaultSide::Path),
    )
}
