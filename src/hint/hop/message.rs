//! SIP messages that a proxy keeps.

use crate::call::path::{HopKind, Role};
use crate::call::{Call, Event, EventId, FaultSide, HopId, Relay, Side, SipEvent};
use crate::hint::scene::{method, status};
use crate::hint::{Finding, Scene, Severity};

/// A stateful proxy passes on within this, seconds.
const WITHIN: f64 = 0.5;
/// A sender that repeats so often did not get through.
const REPEATS: usize = 3;

/// One finding for each kind of message of each side.
pub(super) fn not_relayed(scene: &Scene<'_>) -> Vec<Finding> {
    let call = scene.call;
    if call.path.is_one_hop() {
        return Vec::new();
    }
    let mut told: Vec<(String, u32, Side)> = Vec::new();
    let mut out = Vec::new();
    for (event, sip) in scene.observations() {
        let Some((cseq, of)) = sip.message.cseq() else {
            continue;
        };
        let name = method(sip).unwrap_or(of);
        let key = (format!("{name}{:?}", status(sip)), cseq, event.from);
        if told.contains(&key) {
            continue;
        }
        let all: Vec<&Event> = same(scene, event, sip).collect();
        if let Some(found) = stops(scene, (event, sip), &all) {
            told.push(key);
            out.push(found);
        }
    }
    out
}

/// The message and its repeats on its hop.
fn same<'a>(
    scene: &Scene<'a>,
    first: &'a Event,
    sip: &'a SipEvent,
) -> impl Iterator<Item = &'a Event> + use<'a> {
    let key = move |sip: &SipEvent| {
        let cseq = sip
            .message
            .cseq()
            .map(|(number, of)| (number, of.to_owned()));
        (method(sip).map(str::to_owned), status(sip), cseq)
    };
    let wanted = key(sip);
    scene
        .observations()
        .filter(move |(event, other)| {
            event.hop == first.hop && event.from == first.from && key(other) == wanted
        })
        .map(|(event, _)| event)
}

fn stops(scene: &Scene<'_>, (event, sip): (&Event, &SipEvent), all: &[&Event]) -> Option<Finding> {
    let call = scene.call;
    // The first of them alone, as its maker sent it.
    if matches!(event.relay, Relay::Copy(_))
        || all.first().is_some_and(|first| first.id != event.id)
    {
        return None;
    }
    let next = next_hop(call, event)?;
    let (_, proxy) = call.hosts_of(event)?;
    let host = call
        .path
        .host(proxy)
        .filter(|host| matches!(host.role, Role::Proxy | Role::B2bua))?;
    let covered = call.capture.last_time.seconds_since(event.at) >= WITHIN;
    let relayed = all.iter().any(|one| {
        call.events
            .iter()
            .any(|other| other.relay == Relay::Copy(one.id))
    });
    if !covered || relayed || !relays(call, event.hop?, next) || !must_go_on(scene, event, sip) {
        return None;
    }
    let name = match status(sip) {
        Some(status) => status.to_string(),
        None => method(sip)?.to_owned(),
    };
    let in_vain = all.len() >= REPEATS;
    let severity = if in_vain || !scene.delivered() {
        Severity::Error
    } else {
        Severity::Warning
    };
    let seen = match all.len() {
        1 => format!(
            "{} does not pass on the {name} of {}",
            host.addr, event.from
        ),
        many => format!(
            "{} does not pass on the {name} of {} ({many}x)",
            host.addr, event.from
        ),
    };
    let found = Finding::new(severity, all.iter().map(|event| event.frame), seen)
        .on(event.id)
        .about(host.addr)
        .blame(FaultSide::Pbx);
    Some(found)
}

/// The hop of the route behind the host that gets a message, if it is in the capture.
fn next_hop(call: &Call, event: &Event) -> Option<HopId> {
    let at = event.hop.filter(|at| {
        call.path
            .hop(*at)
            .is_some_and(|hop| hop.kind == HopKind::Route)
    })?;
    let next = match event.from {
        Side::Caller => HopId(at.0.checked_add(1)?),
        Side::Callee => HopId(at.0.checked_sub(1)?),
    };
    let hop = call.path.hop(next)?;
    (hop.kind == HopKind::Route && hop.captured).then_some(next)
}

/// Whether the host between two hops passed some message on, in either direction.
fn relays(call: &Call, here: HopId, there: HopId) -> bool {
    let is_on = |id: EventId, hop: HopId| {
        let at = usize::try_from(id.0).unwrap_or(usize::MAX);
        call.events
            .get(at)
            .is_some_and(|event| event.hop == Some(hop))
    };
    call.events.iter().any(|event| match event.relay {
        Relay::Copy(id) => {
            (event.hop == Some(there) && is_on(id, here))
                || (event.hop == Some(here) && is_on(id, there))
        }
        _ => false,
    })
}

/// Requests within the dialog that the host does not answer, and final responses in place of which it sends none.
fn must_go_on(scene: &Scene<'_>, event: &Event, sip: &SipEvent) -> bool {
    let Some((cseq, of)) = sip.message.cseq() else {
        return false;
    };
    let mut answers = scene.observations().filter(|(other, answer)| {
        let same = answer
            .message
            .cseq()
            .is_some_and(|(number, other)| number == cseq && other.eq_ignore_ascii_case(of));
        same && other.id != event.id && status(answer).is_some_and(|status| status >= 200)
    });
    match (method(sip), status(sip)) {
        (Some("CANCEL"), _) => false,
        (Some("ACK"), _) => event.relay == Relay::Original && is_of_success(scene, event, cseq),
        // The first INVITE may be kept for many reasons.
        (Some("INVITE"), _) if sip.message.to().tag.is_none() => false,
        (Some(_), _) => {
            let made_here = |other: &Event| other.from != event.from && other.hop == event.hop;
            sip.message.to().tag.is_some() && !answers.any(|(other, _)| made_here(other))
        }
        (None, Some(200..)) if of != "CANCEL" => {
            // Some final response leaves the host towards the one who asked.
            let asked = |other: &Event| other.from == event.from && other.hop != event.hop;
            !answers.any(|(other, _)| asked(other))
        }
        _ => false,
    }
}

/// Whether an ACK is of a 2xx: any other ends on its hop.
fn is_of_success(scene: &Scene<'_>, ack: &Event, cseq: u32) -> bool {
    scene.transactions("INVITE").any(|invite| {
        let ok = invite
            .responses
            .iter()
            .any(|(status, _)| (200..300).contains(status));
        invite.cseq == cseq && invite.from == ack.from && ok
    })
}
