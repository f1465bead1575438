//! SIP messages that a proxy keeps.

use std::collections::{HashMap, HashSet};

use crate::call::path::{HopKind, HostId, Role};
use crate::call::{Call, Event, EventId, FaultSide, HopId, Relay, Side, SipEvent};
use crate::hint::context::{method, status};
use crate::hint::{Finding, RuleContext, Severity};

/// A stateful proxy passes on within this, seconds.
const WITHIN: f64 = 0.5;
/// A sender that repeats so often did not get through.
const REPEATS: usize = 3;

/// What tells a message from others of its hop and side: method or status, and `CSeq`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'a> {
    method: Option<&'a str>,
    status: Option<u16>,
    cseq: u32,
    of: &'a str,
    from: Side,
}

/// On which hop a message was seen, which host sent it, and of whom it is.
type Place = (Option<HopId>, Option<HostId>, Side);

/// The SIP of a call, sorted once: a hostile dialog has a hundred thousand messages.
struct Observed<'a> {
    /// A message with its repeats, by hop.
    repeats: HashMap<(Key<'a>, Option<HopId>), Vec<&'a Event>>,
    /// Messages by their original, with the hosts that sent them.
    sent: HashSet<(EventId, HostId)>,
    /// From which hop to which hop messages were passed on.
    ways: HashSet<(HopId, HopId)>,
    /// Final responses by `CSeq`.
    finals: HashMap<(u32, String), HashSet<Place>>,
    /// INVITEs that were accepted.
    accepted: HashSet<(u32, Side)>,
}

impl<'a> Observed<'a> {
    fn of(context: &RuleContext<'a>) -> Self {
        let call = context.call;
        let mut repeats: HashMap<_, Vec<&Event>> = HashMap::new();
        let mut finals: HashMap<_, HashSet<_>> = HashMap::new();
        for (event, sip) in context.observations() {
            let Some(key) = key(event, sip) else { continue };
            repeats.entry((key, event.hop)).or_default().push(event);
            if key.status.is_some_and(|status| status >= 200) {
                let answered = (key.cseq, key.of.to_ascii_uppercase());
                let places = finals.entry(answered).or_default();
                let sender = call.hosts_of(event).map(|(from, _)| from);
                places.insert((event.hop, sender, event.from));
            }
        }
        let mut sent = HashSet::new();
        let mut ways = HashSet::new();
        for event in &call.events {
            sent.extend(
                call.hosts_of(event)
                    .map(|(from, _)| (original(event), from)),
            );
            let Relay::Copy(id) = event.relay else {
                continue;
            };
            let original = usize::try_from(id.0)
                .ok()
                .and_then(|at| call.events.get(at));
            let way = (original.and_then(|original| original.hop), event.hop);
            if let (Some(here), Some(there)) = way {
                ways.insert((here, there));
            }
        }
        let is_accepted = |responses: &[(u16, EventId)]| {
            responses
                .iter()
                .any(|(status, _)| (200..300).contains(status))
        };
        let accepted = context
            .transactions("INVITE")
            .filter(|invite| is_accepted(&invite.responses))
            .map(|invite| (invite.cseq, invite.from))
            .collect();
        Self {
            repeats,
            sent,
            ways,
            finals,
            accepted,
        }
    }

    /// Whether the host between two hops passed some message on, in either direction.
    fn relays(&self, here: HopId, there: HopId) -> bool {
        self.ways.contains(&(here, there)) || self.ways.contains(&(there, here))
    }

    /// Whether a final response to the same `CSeq` was seen at such a place.
    fn answered(&self, key: &Key<'_>, at: impl Fn(&Place) -> bool) -> bool {
        self.finals
            .get(&(key.cseq, key.of.to_ascii_uppercase()))
            .is_some_and(|places| places.iter().any(at))
    }
}

/// The message that an event is an observation of.
fn original(event: &Event) -> EventId {
    match event.relay {
        Relay::Copy(id) => id,
        _ => event.id,
    }
}

fn key<'a>(event: &Event, sip: &'a SipEvent) -> Option<Key<'a>> {
    let (cseq, of) = sip.message.cseq()?;
    Some(Key {
        method: method(sip),
        status: status(sip),
        cseq,
        of,
        from: event.from,
    })
}

/// One finding for each kind of message of each side.
pub(super) fn not_relayed(context: &RuleContext<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    if context.call.path.is_one_hop() {
        return out;
    }
    let observed = Observed::of(context);
    let mut told = HashSet::new();
    for (event, sip) in context.observations() {
        let Some(key) = key(event, sip) else { continue };
        if told.contains(&key) {
            continue;
        }
        if let Some(found) = stops(context, &observed, (event, sip), &key) {
            told.insert(key);
            out.push(found);
        }
    }
    out
}

fn stops(
    context: &RuleContext<'_>,
    observed: &Observed<'_>,
    (event, sip): (&Event, &SipEvent),
    key: &Key<'_>,
) -> Option<Finding> {
    let call = context.call;
    let all = observed.repeats.get(&(*key, event.hop))?;
    // The first of them alone.
    if all.first().is_some_and(|first| first.id != event.id) {
        return None;
    }
    let next = next_hop(call, event)?;
    let (_, proxy) = call.hosts_of(event)?;
    let host = call
        .path
        .host(proxy)
        .filter(|host| matches!(host.role, Role::Proxy | Role::B2bua))?;
    let covered = call.capture.last_time.seconds_since(event.at) >= WITHIN;
    let relayed = all
        .iter()
        .any(|one| observed.sent.contains(&(original(one), proxy)));
    if !covered
        || relayed
        || !observed.relays(event.hop?, next)
        || !must_go_on(observed, (event, sip), proxy, key)
    {
        return None;
    }
    let name = match key.status {
        Some(status) => status.to_string(),
        None => key.method?.to_owned(),
    };
    let in_vain = all.len() >= REPEATS;
    let severity = if in_vain || !context.delivered() {
        Severity::Error
    } else {
        Severity::Warning
    };
    let times = match all.len() {
        1 => String::new(),
        many => format!(" ({many}x)"),
    };
    let seen = format!(
        "{} does not pass on the {name} of {}{times}",
        host.addr, event.from
    );
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

/// Requests within the dialog that the host does not answer, and final responses in place of which it sends none.
fn must_go_on(
    observed: &Observed<'_>,
    (event, sip): (&Event, &SipEvent),
    proxy: HostId,
    key: &Key<'_>,
) -> bool {
    let in_dialog = sip.message.to().tag.is_some();
    match (key.method, key.status) {
        (Some("CANCEL"), _) => false,
        // The ACK of any other response ends on its hop.
        (Some("ACK"), _) => {
            event.relay != Relay::HopOnly && observed.accepted.contains(&(key.cseq, event.from))
        }
        // The first INVITE may be kept for many reasons.
        (Some("INVITE"), _) if !in_dialog => false,
        (Some(_), _) => {
            let made_here = |(hop, _, from): &Place| *from != event.from && *hop == event.hop;
            in_dialog && !observed.answered(key, made_here)
        }
        (None, Some(200..)) if key.of != "CANCEL" => {
            // Some final response leaves the host towards the one who asked.
            let asked = |(_, sender, from): &Place| *from == event.from && *sender == Some(proxy);
            !observed.answered(key, asked)
        }
        _ => false,
    }
}
