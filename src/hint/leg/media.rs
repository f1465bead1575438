//! Media and their negotiation on the two legs.

use crate::call::{Call, Event, EventKind, FaxCarrier, Negotiation, Side, pair_messages};
use crate::capture::Timestamp;
use crate::hint::context::event;
use crate::hint::evidence::hang_up;
use crate::hint::leg::{both_delivered, has_t38, letter, middle};
use crate::hint::{Finding, RuleContext, Severity};

/// The re-INVITE leaves within this time, seconds, with tolerance.
const RELAYED_WITHIN: f64 = 2.5;
/// `leg-media-not-relayed`: packets that came in.
const ENOUGH_PACKETS: u32 = 10;

/// Whether T.30 messages get from one leg to the other: something relays or converts.
fn gets_through(context: &RuleContext<'_>, other: &Call) -> bool {
    context.delivered() || !pair_messages(context.call, other).is_empty()
}

/// The offer of T.38 that was accepted first.
fn accepted(call: &Call) -> Option<&Negotiation> {
    call.negotiations
        .iter()
        .find(|negotiation| negotiation.offers_t38() && negotiation.accepts_t38())
}

/// The last offer of T.38 that was not accepted.
fn refused(call: &Call) -> Option<&Negotiation> {
    call.negotiations
        .iter()
        .rev()
        .find(|negotiation| negotiation.offers_t38() && !negotiation.accepts_t38())
}

fn answer_of<'a>(call: &'a Call, negotiation: &Negotiation) -> Option<&'a Event> {
    negotiation.answer_event.and_then(|id| event(call, id))
}

pub(super) fn one_sided(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other?;
    let agreed = accepted(call)?;
    let fails = has_t38(call) && !has_t38(other) && other.answered.is_some();
    // A leg that was over by then was given up for another one.
    let is_up = answer_of(call, agreed)
        .is_none_or(|yes| other.last_packet.seconds_since(yes.at) >= RELAYED_WITHIN);
    if !fails || !is_up || gets_through(context, other) {
        return None;
    }
    let refusal = refused(other);
    let status = refusal
        .and_then(|negotiation| negotiation.status)
        .map_or_else(String::new, |status| format!(" ({status})"));
    let how = if refusal.is_some() {
        "refused"
    } else {
        "never asked"
    };
    let (here, there) = (letter(call, other), letter(other, call));
    let seen = format!("T.38 on leg {here}, {how} on leg {there}{status} – media cannot match");
    let yes = answer_of(call, agreed);
    let no = refusal.and_then(|negotiation| answer_of(other, negotiation));
    let cited = [yes, no].into_iter().flatten().map(|event| event.frame);
    let mut found =
        Finding::new(Severity::Error, cited, seen).about(context.endpoint(middle(call, other)));
    found.event = yes.map(|event| event.id);
    Some(found)
}

pub(super) fn reinvite_not_relayed(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other?;
    if both_delivered(context) || other.answered.is_none() {
        return None;
    }
    let pbx = middle(call, other);
    call.negotiations
        .iter()
        .filter(|negotiation| negotiation.offers_t38() && negotiation.from != pbx)
        .find_map(|negotiation| not_relayed(context, other, negotiation))
}

fn not_relayed(
    context: &RuleContext<'_>,
    other: &Call,
    negotiation: &Negotiation,
) -> Option<Finding> {
    let call = context.call;
    let offer = event(call, negotiation.offer_event)?;
    let asked = other
        .negotiations
        .iter()
        .filter(|negotiation| negotiation.offers_t38())
        .filter_map(|negotiation| event(other, negotiation.offer_event))
        .any(|relayed| relayed.at.seconds_since(offer.at) <= RELAYED_WITHIN);
    let answer = answer_of(call, negotiation);
    // An answer of its own proves that the PBX did not wait for the other leg, however soon all ends.
    let by_itself = negotiation.status.is_some_and(|status| status >= 300);
    let covered = by_itself
        || other.capture.last_time.seconds_since(offer.at) >= RELAYED_WITHIN
            && !ended_before(other, offer.at.plus_seconds(RELAYED_WITHIN));
    let failed = if negotiation.accepts_t38() {
        !has_t38(other) && !gets_through(context, other)
    } else {
        // 491 is a collision: the re-INVITE comes again.
        negotiation.status != Some(491)
    };
    if asked || has_t38(other) || !covered || !failed {
        return None;
    }
    let there = letter(other, call);
    let result = match negotiation.status {
        Some(status) => format!("answers {status} by itself"),
        None => "never answers it".to_owned(),
    };
    let cited = [Some(offer), answer]
        .into_iter()
        .flatten()
        .map(|event| event.frame);
    Some(
        Finding::new(
            Severity::Error,
            cited,
            format!("PBX did not pass the T.38 re-INVITE to leg {there}, {result}"),
        )
        .on(offer.id)
        .about(context.endpoint(middle(call, other))),
    )
}

fn ended_before(call: &Call, at: Timestamp) -> bool {
    hang_up(call).is_some_and(|bye| bye.at < at)
}

pub(super) fn media_not_relayed(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other?;
    if !has_t38(call) || !has_t38(other) || bypasses(call, other) {
        return None;
    }
    let far = middle(call, other).other();
    let came = call.udptl.of(far);
    // The far side of this leg speaks through the PBX on the other.
    let went = other.udptl.of(middle(other, call));
    let relayed = went.packets.saturating_mul(10) >= came.packets;
    let (first, at) = came.first?;
    if came.packets < ENOUGH_PACKETS || relayed || both_delivered(context) {
        return None;
    }
    let (here, there) = (letter(call, other), letter(other, call));
    let row = call
        .events
        .iter()
        .find(|event| {
            event.from == far && event.end >= at && !matches!(event.kind, EventKind::Sip(_))
        })
        .map(|event| event.id);
    let mut found = Finding::new(
        Severity::Error,
        vec![first],
        format!(
            "UDPTL in from leg {here} ({}) but not sent out on leg {there} ({})",
            came.packets, went.packets
        ),
    )
    .about(context.endpoint(middle(call, other)));
    found.event = row;
    Some(found)
}

/// Whether the media pass the PBX by: the SDP of one leg names the endpoint of the other leg's far side.
fn bypasses(call: &Call, other: &Call) -> bool {
    let ends = |call: &Call, side: Side| {
        call.media
            .iter()
            .filter_map(|period| period.t38.as_ref().map(|t38| *t38.of(side)))
            .collect::<Vec<_>>()
    };
    let inner = ends(call, middle(call, other));
    ends(other, middle(other, call).other())
        .iter()
        .any(|end| inner.contains(end))
}

pub(super) fn mode_mix(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other?;
    let carrier = |call: &Call| call.fax.as_ref().map(|fax| fax.carrier);
    let t38_here = has_t38(call)
        && matches!(carrier(call), Some(FaxCarrier::T38 | FaxCarrier::Both))
        && !has_t38(other)
        && carrier(other) == Some(FaxCarrier::G711);
    if !t38_here || !gets_through(context, other) {
        return None;
    }
    let (here, there) = (letter(call, other), letter(other, call));
    let answer = accepted(call).and_then(|negotiation| answer_of(call, negotiation));
    let mut found = Finding::new(
        Severity::Note,
        answer.map(|event| event.frame),
        format!("Gateway mode: leg {here} T.38 <-> leg {there} G.711"),
    )
    .about(context.endpoint(middle(call, other)));
    found.event = answer.map(|event| event.id);
    Some(found)
}
