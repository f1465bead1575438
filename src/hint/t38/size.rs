//! Sizes that the sides allow, and what is sent.

use crate::call::{EventKind, Side, UdptlStats};
use crate::hint::configured::Bearing;
use crate::hint::rule::{Check, explain, hide};
use crate::hint::t30::correction::{T30_PPR, T30_PPR_FOURTH};
use crate::hint::t30::training::T30_FTT;
use crate::hint::t38::{Switch, accepted, error_unless_delivered, image_line};
use crate::hint::udptl::{UDPTL_DECODE_ERROR, UDPTL_NO_REDUNDANCY};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::sip::T38Attributes;

/// Recommended least value of `T38FaxMaxDatagram`, octets (3GPP TS 29.163).
const USUAL_MINIMUM: u32 = 150;
/// Octets of one IFP packet that Asterisk wants to send at least, and its overhead.
const IFP_OCTETS: u32 = 80;
const OVERHEAD: u32 = 8;

pub(super) const RULES: &[&Rule] = &[&T38_MAXDATAGRAM_SMALL];

pub(in crate::hint) static T38_MAXDATAGRAM_SMALL: Rule = Rule {
    id: "t38-maxdatagram-small",
    severity: Severity::Warning,
    title: "T38FaxMaxDatagram is smaller than what is sent",
    advice: "Vendors disagree: some mean the size of the IFP packet, others the whole UDPTL packet (VoipNow: UDPTL). \
             Asterisk cuts its packets to fit and says that data loss will occur. On the sending Asterisk override \
             the value: t38pt_udptl=yes,redundancy,maxdatagram=400 (chan_sip), t38_udptl_maxdatagram=400 (PJSIP), or \
             let the receiving side announce more.",
    step: "set maxdatagram=400 on the sending Asterisk",
    reference: "4PSA Knowledge Base (T38FaxMaxDatagram); Asterisk main/udptl.c",
    when: "packets are larger than the peer's T38FaxMaxDatagram, or the value is too small for the redundancy and trainings fail or pages are rejected; a note if the buffer is smaller than one datagram",
    check: Check::PerSide(maxdatagram_small),
    covers: &[
        hide(&[&UDPTL_NO_REDUNDANCY]),
        explain(&[&UDPTL_DECODE_ERROR, &T30_FTT, &T30_PPR, &T30_PPR_FOURTH]),
    ],
    settings: Bearing::SIZE,
    ..super::T38
};

fn maxdatagram_small(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let switch = accepted(context).into_iter().next_back()?;
    let attributes = attributes_of(&switch, side)?;
    let finding = cut(context, side, attributes)
        .or_else(|| too_large(context, side, attributes))
        .or_else(|| too_small(context, side, attributes))
        .or_else(|| small_buffer(context, side, attributes))?;
    let event = if side == switch.negotiation.from {
        switch.offer.id
    } else {
        switch.answer.map_or(switch.offer.id, |(event, _)| event.id)
    };
    let sdp = context.frame(event);
    let mut finding = finding;
    // The SDP decides: what comes later follows from it.
    finding.frames = sdp.into_iter().chain(finding.frames).collect();
    Some(finding.on(event).about(context.endpoint(side)))
}

/// What a side said of itself.
fn attributes_of<'a>(switch: &Switch<'a>, side: Side) -> Option<&'a T38Attributes> {
    let sdp = if side == switch.negotiation.from {
        &switch.negotiation.offer
    } else {
        switch.negotiation.answer.as_ref()?
    };
    image_line(sdp)?.t38.as_ref()
}

/// Packets to this side that were cut to fit: one length, though what they hold says more.
fn cut(context: &RuleContext<'_>, side: Side, attributes: &T38Attributes) -> Option<Finding> {
    let limit = attributes
        .max_datagram
        .filter(|limit| *limit < USUAL_MINIMUM)?;
    let mut lengths: Vec<usize> = Vec::new();
    let mut times = 0_u32;
    let mut first = None;
    for event in context
        .call
        .events
        .iter()
        .filter(|event| event.from == side.other())
    {
        if let EventKind::Malformed { octets, count, .. } = &event.kind {
            lengths.push(octets.len());
            times = times.saturating_add(*count);
            first = first.or(Some(event.frame));
        }
    }
    let length = *lengths.first()?;
    if times < CUT || lengths.iter().any(|other| *other != length) {
        return None;
    }
    let seen = format!(
        "{times} packets cut to {length} octets by {} to fit T38FaxMaxDatagram {limit}",
        context.who(side.other())
    );
    Some(Finding::new(error_unless_delivered(context), first, seen).blame_nobody())
}

/// Packets of one length that are no accident.
const CUT: u32 = 10;

/// Packets to this side that are larger than it allows.
fn too_large(context: &RuleContext<'_>, side: Side, attributes: &T38Attributes) -> Option<Finding> {
    let limit = attributes.max_datagram?;
    let sent = context.call.udptl.of(side.other());
    let (largest, frame) = sent.largest;
    if largest <= limit {
        return None;
    }
    let above: u32 = sent
        .sizes
        .iter()
        .filter(|(octets, _)| *octets > limit)
        .map(|(_, count)| *count)
        .sum();
    let severity = if stalls(context, sent) {
        error_unless_delivered(context)
    } else {
        Severity::Warning
    };
    let seen = format!(
        "{} accepts {limit}-byte datagrams, got {largest} – set maxdatagram=400",
        context.who_begins(side)
    );
    Some(Finding::new(severity, [frame], seen).more(format!(
        "{} sent {} above that size.",
        context.who_begins(side.other()),
        crate::text::count(above.max(1), "packet")
    )))
}

/// Whether what is too large does not seem to arrive: no training confirmed, no page, or data lost.
fn stalls(context: &RuleContext<'_>, sent: &UdptlStats) -> bool {
    let confirmed = ["CFR", "MCF"]
        .into_iter()
        .any(|name| context.t30_named(name).next().is_some());
    !confirmed || sent.lost_image > 0 || sent.undecodable > 0 || trouble(context)
}

/// FTT or RTN: training or pages fail.
fn trouble(context: &RuleContext<'_>) -> bool {
    ["FTT", "RTN"]
        .into_iter()
        .any(|name| context.t30_named(name).next().is_some())
}

/// A limit that leaves no room for the redundancy, where the fax has trouble.
fn too_small(context: &RuleContext<'_>, side: Side, attributes: &T38Attributes) -> Option<Finding> {
    let limit = attributes.max_datagram?;
    let depth = context.call.udptl.of(side.other()).depth_control;
    let needed = IFP_OCTETS
        .saturating_mul(depth.saturating_add(1))
        .saturating_add(OVERHEAD);
    // 72 is a very common value, and often works.
    if limit >= USUAL_MINIMUM && limit >= needed || !trouble(context) {
        return None;
    }
    let seen = format!(
        "{} accepts only {limit}-byte datagrams – set maxdatagram=400",
        context.who_begins(side)
    );
    Some(Finding::new(Severity::Warning, None, seen))
}

fn small_buffer(
    context: &RuleContext<'_>,
    side: Side,
    attributes: &T38Attributes,
) -> Option<Finding> {
    let (buffer, datagram) = attributes.max_buffer.zip(attributes.max_datagram)?;
    if buffer >= datagram || buffer == 0 {
        return None;
    }
    let seen = format!(
        "{}: T38FaxMaxBuffer {buffer} is smaller than T38FaxMaxDatagram {datagram}",
        context.who_begins(side)
    );
    Some(Finding::new(Severity::Note, None, seen))
}
