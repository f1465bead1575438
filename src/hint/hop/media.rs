//! T.38 before and behind a media proxy.

use crate::call::path::{Crossing, Link, Rewrite};
use crate::call::{Call, EventId, EventKind, FaultSide, Side};
use crate::capture::{Endpoint, FrameNo};
use crate::hint::{Finding, RuleContext, Severity};

/// Packets that came in, or so many different ones over so many seconds.
const ENOUGH: u32 = 10;
const DIFFERENT: u32 = 3;
const SECONDS: f64 = 10.0;
/// `leg-latency`: as between legs, seconds.
const NOTE: f64 = 0.2;
const LONG: f64 = 0.5;
/// Both ways leave the terminals less than this of T4 (3 s) for their turn, seconds.
const T4_USED: f64 = 2.0;

pub(super) fn not_relayed(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    if context.delivered() {
        return None;
    }
    let lost = |crossing: &&Crossing| {
        let packets = crossing.packets;
        let enough = packets.came >= ENOUGH
            || (packets.different >= DIFFERENT && packets.seconds >= SECONDS);
        crossing.way == side && enough && packets.passed.saturating_mul(10) < packets.came
    };
    let crossing = call.path.crossings.iter().find(lost)?;
    let (before, after) = links(call, crossing)?;
    if !has_t38(call, after) || !has_media(call, after) {
        return None;
    }
    let proxy = arrives_at(before, side)?;
    let packets = crossing.packets;
    let row = row(call, side, packets.first?);
    let (seen, more) = match port_kept(call, before, after) {
        Some(rewrite) => (
            format!(
                "The address of m=image was changed and the port not – {proxy} does not listen there"
            ),
            format!(
                "{} packets came, {} left. In the SDP of frame {} the proxy changed both for m=audio.",
                packets.came,
                packets.went,
                frame(call, rewrite.event)
            ),
        ),
        None => (
            format!(
                "{} takes T.38 of {side} in ({}) and sends {} on – not relayed",
                proxy.addr, packets.came, packets.went
            ),
            format!("It came to {proxy}, as the SDP there says."),
        ),
    };
    let mut found = Finding::new(Severity::Error, packets.first, seen)
        .more(more)
        .about(proxy)
        .blame(FaultSide::Path);
    found.event = row;
    Some(found)
}

/// What holds the packets of a call back on their way through a media proxy: the longest median of both directions.
pub(in crate::hint) fn latency(context: &RuleContext<'_>, repeats: bool) -> Option<Finding> {
    let call = context.call;
    let delays = call.path.crossings.iter().filter_map(|crossing| {
        let (median, _) = crossing.packets.delay?;
        let same = crossing.packets.passed >= ENOUGH
            && crossing.packets.passed.saturating_mul(2) >= crossing.packets.went;
        same.then_some((crossing, median))
    });
    let (crossing, delay) = delays.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let breaks = delay * 2.0 >= T4_USED && !context.delivered() && repeats;
    let severity = match delay {
        _ if breaks => Severity::Error,
        delay if delay > LONG => Severity::Warning,
        delay if delay > NOTE => Severity::Note,
        _ => return None,
    };
    let (before, _) = links(call, crossing)?;
    let proxy = arrives_at(before, crossing.way)?;
    let tail = if breaks {
        "answers come after T4 (3 s)"
    } else {
        "twice that for each answer"
    };
    let seen = format!(
        "Media proxy {} adds {:.0} ms per packet – {tail}",
        proxy.addr,
        delay * 1000.0
    );
    let mut found = Finding::new(severity, crossing.packets.first, seen)
        .about(proxy)
        .blame(FaultSide::Path);
    found.event = row(call, crossing.way, crossing.packets.first?);
    Some(found)
}

fn links<'c>(call: &'c Call, crossing: &Crossing) -> Option<(&'c Link, &'c Link)> {
    let links = &call.path.links;
    Some((links.get(crossing.before)?, links.get(crossing.after)?))
}

/// Where most T.38 of a side goes on a link.
pub(super) fn arrives_at(link: &Link, side: Side) -> Option<Endpoint> {
    let stats = link.udptl.of(side).as_ref()?;
    let most = stats.paths.iter().max_by_key(|path| path.packets)?;
    Some(most.dst)
}

/// Both sides announce T.38 on a link.
fn has_t38(call: &Call, link: &Link) -> bool {
    let announced = |side: Side| {
        let mut all = call.path.announced.iter();
        all.any(|one| one.image && one.side == side && (link.first..=link.last).contains(&one.hop))
    };
    announced(Side::Caller) && announced(Side::Callee)
}

/// Some media of a link are in the capture: its interface was recorded.
fn has_media(call: &Call, link: &Link) -> bool {
    let t38 = link.udptl.caller.is_some() || link.udptl.callee.is_some();
    let here = |hop| (link.first..=link.last).contains(&hop);
    let mut events = call.events.iter().chain(&call.copies);
    t38 || events
        .any(|event| matches!(event.kind, EventKind::Rtp(_)) && event.hop.is_some_and(here))
}

/// An SDP between two links of which `m=image` got another address and the same port, while `m=audio` got both anew.
fn port_kept<'c>(call: &'c Call, before: &Link, after: &Link) -> Option<&'c Rewrite> {
    let hops = [before.first, before.last, after.first, after.last];
    let rewritten = || {
        let hops = hops.iter().filter_map(|id| call.path.hop(*id));
        hops.flat_map(|hop| &hop.rewritten)
    };
    let has = |what: &str| rewritten().any(|rewrite| rewrite.what == what);
    let image = rewritten().find(|rewrite| rewrite.what == "image c=")?;
    (!has("image port") && has("audio c=") && has("audio port")).then_some(image)
}

fn frame(call: &Call, id: EventId) -> FrameNo {
    let at = usize::try_from(id.0).unwrap_or(usize::MAX);
    call.events
        .get(at)
        .map(|event| event.frame)
        .unwrap_or_default()
}

/// The first row of the fax of a side from a frame on.
fn row(call: &Call, side: Side, from: FrameNo) -> Option<EventId> {
    let mut events = call.events.iter();
    let fits = events.find(|event| {
        event.from == side && event.last_frame >= from && !matches!(event.kind, EventKind::Sip(_))
    });
    fits.map(|event| event.id)
}
