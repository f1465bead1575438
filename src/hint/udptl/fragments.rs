//! T.38 datagrams larger than the MTU of which the first fragment alone arrives.

use crate::call::{Call, FaultSide, IncompleteDatagram, Side};
use crate::hint::cap::loss::CAP_DROPS;
use crate::hint::evidence::named;
use crate::hint::rule::{Check, hide};
use crate::hint::t30::correction::{T30_PPR, T30_PPR_FOURTH};
use crate::hint::t30::training::T30_FTT;
use crate::hint::udptl::{UDPTL, UDPTL_LOSS_RECOVERED, UDPTL_LOSS_UNRECOVERED};
use crate::hint::{Finding, Rule, RuleContext, Severity};

/// So many datagrams are no chance.
const SEVERAL: usize = 3;
/// Of all lost sequence numbers so many, in tenths, are such datagrams.
const MOST: usize = 8;
/// Octets of an IPv4 header: what the first fragment has beside its payload.
const IP_HEADER: u32 = 20;

pub(in crate::hint) static UDPTL_FRAGMENTED: Rule = Rule {
    id: "udptl-fragmented",
    severity: Severity::Error,
    title: "T.38 datagrams above the MTU lose fragments",
    advice: "Redundancy makes the datagrams so large that they are fragmented, and the fragments are lost (VPN, PPPoE, firewall, IPv6). More redundancy makes it worse. On the sender lower the depth for page data (AudioCodes FaxRelayRedundancyDepth 0 or 1, Cisco fax protocol t38 ls-redundancy 3 hs-redundancy 0), and on the receiver announce less: T38FaxMaxDatagram 400 (t38_udptl_maxdatagram=400, t38pt_udptl=yes,redundancy,maxdatagram=400). On the path raise the MTU, or let fragments pass.",
    step: "lower redundancy for pages, or T38FaxMaxDatagram to 400",
    reference: "Lylix, T.38 (lower the maximum datagram if there are MTU issues); irontec pull request 991",
    when: "Of three or more T.38 datagrams of a side only the first IP fragment comes, and they are 80 % and more of what is lost; a warning if redundancy repairs all, or for fewer.",
    check: Check::PerSide(fragmented),
    covers: &[
        hide(&[&CAP_DROPS]).always(),
        hide(&[
            &UDPTL_LOSS_UNRECOVERED,
            &UDPTL_LOSS_RECOVERED,
            &T30_PPR,
            &T30_PPR_FOURTH,
            &T30_FTT,
        ]),
    ],
    ..UDPTL
};

fn fragmented(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let lost: Vec<&IncompleteDatagram> = call
        .incomplete
        .iter()
        .filter(|one| one.sequence.is_some() && one.from == side)
        .collect();
    let largest = lost.iter().max_by_key(|one| one.fragment)?;
    let missing = sequences(call, side);
    let explained = missing
        .iter()
        .filter(|sequence| lost.iter().any(|one| one.sequence == Some(**sequence)));
    if explained.count() * 10 < missing.len() * MOST {
        return None;
    }
    let stats = call.udptl.of(side);
    let unrecovered = stats.gaps.iter().any(|gap| gap.recovered < gap.lost);
    let severity = if unrecovered && lost.len() >= SEVERAL {
        Severity::Error
    } else {
        Severity::Warning
    };
    let seen = format!(
        "{} T.38 datagrams of {} over {} octets: fragments lost – send smaller ones",
        lost.len(),
        named(call, side),
        largest.fragment + IP_HEADER
    );
    let frames = lost.iter().map(|one| one.frame);
    let finding = Finding::new(severity, frames, seen).about(context.endpoint(side));
    Some(finding.blame(FaultSide::Path))
}

/// Sequence numbers that are missing in the stream of a side, as far as they are known.
fn sequences(call: &Call, side: Side) -> Vec<u16> {
    let gaps = call.udptl.of(side).gaps.iter();
    gaps.flat_map(|gap| {
        let lost = u16::try_from(gap.lost).unwrap_or(u16::MAX);
        (0..lost).map(move |step| gap.first_seq.wrapping_add(step))
    })
    .collect()
}
