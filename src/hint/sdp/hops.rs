//! An SDP on its way: as its maker wrote it, and as it came to the one who answered. What a proxy changes between, or
//! does not change though it changes the rest, accuses neither end.

use crate::call::path::Role;
use crate::call::{Event, EventId, FaultSide, Relay, Side, SipEvent};
use crate::capture::Endpoint;
use crate::hint::{Finding, RuleContext};
use crate::sip::Sdp;

/// A message on one hop.
#[derive(Clone, Copy)]
pub(in crate::hint) struct Sight<'a> {
    /// Where and when.
    pub(in crate::hint) event: &'a Event,
    /// As it was there.
    pub(in crate::hint) sip: &'a SipEvent,
}

impl<'a> Sight<'a> {
    /// Its SDP.
    pub(in crate::hint) fn sdp(&self) -> Option<&'a Sdp> {
        self.sip.sdp.as_ref()
    }
}

/// A message on the hops that it passes, from its maker on; with an answer, up to the hop on which that was made.
pub(in crate::hint) fn journey<'a>(
    context: &RuleContext<'a>,
    message: EventId,
    answer: Option<&Event>,
) -> Vec<Sight<'a>> {
    let mut sights: Vec<Sight<'a>> = context
        .observations()
        .filter(|(event, _)| event.id == message || event.relay == Relay::Copy(message))
        .map(|(event, sip)| Sight { event, sip })
        .collect();
    sights.sort_by_key(|sight| sight.event.hop);
    if (sights.first()).is_some_and(|sight| sight.event.from == Side::Callee) {
        sights.reverse();
    }
    sights.dedup_by_key(|sight| sight.event.hop);
    let end = answer.and_then(|answer| answer.hop);
    if let Some(last) = sights
        .iter()
        .position(|sight| end.is_some() && sight.event.hop == end)
    {
        sights.truncate(last + 1);
    }
    sights
}

/// Who has to act on what is wrong with an SDP.
pub(in crate::hint) struct Author<'a> {
    /// The first hop on which it is wrong.
    pub(in crate::hint) sight: Sight<'a>,
    /// The hop before, on which it is right; `None`: its maker wrote it so.
    pub(in crate::hint) before: Option<Sight<'a>>,
    /// The side; `None` where hops on its way are not in the capture, on which it may have been rewritten.
    side: Option<FaultSide>,
    /// The host.
    host: Endpoint,
    /// `the proxy 203.0.113.5`, or the side in the user's words.
    pub(in crate::hint) whose: String,
    /// The same, short.
    pub(in crate::hint) who: String,
}

impl Author<'_> {
    /// A finding about it.
    pub(in crate::hint) fn accuse(&self, finding: Finding) -> Finding {
        let finding = finding.on(self.sight.event.id).about(self.host);
        match self.side {
            Some(side) => finding.blame(side),
            None => finding.blame_nobody(),
        }
    }
}

/// Who made an SDP faulty that came so to the end of its journey; `None` where it came there sound.
pub(in crate::hint) fn author<'a>(
    context: &RuleContext<'a>,
    journey: &[Sight<'a>],
    faulty: impl Fn(&Sight<'a>) -> bool,
) -> Option<Author<'a>> {
    if !faulty(journey.last()?) {
        return None;
    }
    let sound = journey.iter().rposition(|sight| !faulty(sight));
    let sight = *journey.get(sound.map_or(0, |at| at + 1))?;
    let before = sound.and_then(|at| journey.get(at)).copied();
    if before.is_some() {
        return Some(by_middle(context, sight, before));
    }
    let side = sight.event.from;
    Some(Author {
        sight,
        before,
        side: Some(context.fault_side(side)).filter(|_| is_whole(context, journey)),
        host: context.endpoint(side),
        whose: context.whose(side),
        who: context.who(side).to_owned(),
    })
}

/// Whether an SDP is seen as its maker sent it, and as it came to the other end.
fn is_whole(context: &RuleContext<'_>, journey: &[Sight<'_>]) -> bool {
    let (Some(first), Some(last)) = (journey.first(), journey.last()) else {
        return true;
    };
    let route = &context.call.path.route;
    let (own, peer) = match first.event.from {
        Side::Caller => (route.first(), route.last()),
        Side::Callee => (route.last(), route.first()),
    };
    let hosts = |sight: &Sight<'_>| context.call.hosts_of(sight.event);
    let made_there = hosts(first).is_none_or(|(from, _)| own.is_none_or(|own| *own == from));
    let came_there = hosts(last).is_none_or(|(_, to)| peer.is_none_or(|peer| *peer == to));
    made_there && came_there
}

/// As [`author`], of an address: a host that puts another address into the audio lines of a side, and leaves this one as
/// it is, has to act.
pub(in crate::hint) fn author_of_address<'a>(
    context: &RuleContext<'a>,
    journey: &[Sight<'a>],
    faulty: impl Fn(&Sight<'a>) -> bool,
) -> Option<Author<'a>> {
    let author = author(context, journey, faulty)?;
    let neglected = journey
        .iter()
        .skip(1)
        .find(|sight| author.before.is_none() && rewrites_audio(context, sight.event));
    Some(match neglected {
        Some(sight) => by_middle(context, *sight, None),
        None => author,
    })
}

/// Whether the host that sent a copy put another address into audio lines of the same side.
fn rewrites_audio(context: &RuleContext<'_>, copy: &Event) -> bool {
    let hop = copy.hop.and_then(|id| context.call.path.hop(id));
    hop.is_some_and(|hop| {
        hop.rewritten.iter().any(|one| {
            let from = context.event(one.event).map(|event| event.from);
            one.what == "audio c=" && from == Some(copy.from)
        })
    })
}

/// The host that sent a copy, or the media proxy whose address it put in.
fn by_middle<'a>(
    context: &RuleContext<'a>,
    sight: Sight<'a>,
    before: Option<Sight<'a>>,
) -> Author<'a> {
    let path = &context.call.path;
    let proxy = context
        .call
        .hosts_of(sight.event)
        .and_then(|(from, _)| path.host(from))
        .map_or(sight.event.src, |host| host.addr);
    let lines = sight.sdp().into_iter().flat_map(|sdp| &sdp.media);
    let media = lines
        .filter_map(|line| Some(Endpoint::new(line.connection?, line.port)))
        .find(|end| path.role_of(*end) == Some(Role::MediaProxy))
        .filter(|_| before.is_some());
    let (side, host, who) = match media {
        Some(media) => (
            FaultSide::Path,
            Endpoint::new(media.addr, 0),
            format!("the media proxy {}", media.addr),
        ),
        None => (FaultSide::Pbx, proxy, format!("the proxy {}", proxy.addr)),
    };
    Author {
        sight,
        before,
        side: Some(side),
        host,
        whose: who.clone(),
        who,
    }
}
