//! Where T.38 packets come from and go to.

use std::collections::HashSet;

use crate::call::exchange::ExchangeView;
use crate::call::{
    Call, Event, EventId, EventKind, HopId, MediaPath, MediaPeriod, Side, UdptlStats, Verdict,
};
use crate::capture::{Endpoint, Timestamp};
use crate::hint::context::is_private;
use crate::hint::evidence::{self, LATE, named};
use crate::hint::{Finding, RuleContext, Severity};
use crate::t30::Fcf;

/// `udptl-none`: T.38 in force this long without a packet, seconds.
const NONE_AFTER: f64 = 5.0 + LATE;
/// `udptl-one-way`: packets of the live direction.
const LIVE_PACKETS: u32 = 10;
/// `udptl-one-way`: over this many seconds.
const LIVE_SECONDS: f64 = 5.0;
/// `udptl-one-way`: a direction that was alive is silent this long, seconds (T1).
const SILENT_SECONDS: f64 = 35.0 + LATE;
/// `udptl-wrong-destination`: packets to the wrong endpoint.
const WRONG_PACKETS: u32 = 5;
/// `udptl-wrong-destination`: they go there this long with no sign of being heard, seconds.
const UNHEARD_SECONDS: f64 = 5.0;
/// `udptl-source-mismatch`: replies to the SDP endpoint for longer than this, seconds.
const REPLIES_SECONDS: f64 = 2.0;

/// Periods in which T.38 is in force, with the endpoints by side.
fn t38_periods(call: &Call) -> impl Iterator<Item = &MediaPeriod> {
    call.media.iter().filter(|period| period.t38.is_some())
}

/// The T.38 endpoints that a side's SDP gave over the whole call: what proxies made of them, then its own.
pub(super) fn endpoints(call: &Call, side: Side) -> Vec<Endpoint> {
    let own = t38_periods(call).filter_map(|period| period.t38.as_ref().map(|t38| *t38.of(side)));
    call.path.rewritten_endpoints(side).chain(own).collect()
}

pub(super) fn switch(call: &Call) -> Option<Timestamp> {
    t38_periods(call).map(|period| period.from).min()
}

fn packets_after_switch(call: &Call, side: Side) -> u32 {
    let stats = call.udptl.of(side);
    let Some(switch) = switch(call) else {
        return stats.packets;
    };
    if stats.last.is_some_and(|(_, at)| at < switch) {
        0
    } else {
        stats.packets
    }
}

pub(super) fn delivered(call: &Call) -> bool {
    call.fax
        .as_ref()
        .is_some_and(|fax| fax.verdict == Verdict::Ok)
}

pub(super) fn none(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if call.udptl.caller.packets > 0 || call.udptl.callee.packets > 0 {
        return None;
    }
    let period = t38_periods(call).next()?;
    let t38 = period.t38?;
    let until = period.until.unwrap_or(call.last_packet);
    if until.seconds_since(period.from) < NONE_AFTER || !passes_here(call, [t38.caller, t38.callee])
    {
        return None;
    }
    let answer = call
        .negotiations
        .get(period.negotiation)
        .and_then(|negotiation| negotiation.answer_event)
        .and_then(|id| context.event(id));
    let seen = format!(
        "T.38 agreed but no UDPTL from either side in {:.1} s",
        until.seconds_since(period.from)
    );
    let found = Finding::new(Severity::Error, answer.map(|event| event.frame), seen)
        .on_any(answer.map(|event| event.id));
    let more = format!("SDP: caller {}, callee {}.", t38.caller, t38.callee);
    Some(found.more(more))
}

/// Whether this capture point would have seen the media: it saw RTP of one of the hosts, or ICMP about them.
fn passes_here(call: &Call, ends: [Endpoint; 2]) -> bool {
    let known = |host: Endpoint| ends.iter().any(|end| end.addr == host.addr);
    call.events.iter().any(|event| match &event.kind {
        EventKind::Rtp(span) => known(span.src) || known(span.dst),
        EventKind::Icmp { quoted_dst, .. } => known(*quoted_dst),
        _ => false,
    })
}

pub(super) fn one_way(context: &RuleContext<'_>, live: Side) -> Option<Finding> {
    let exchange = context.exchange();
    if exchange.is_half() {
        return None;
    }
    one_way_from(context, exchange, live)
}

fn one_way_from(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    live: Side,
) -> Option<Finding> {
    let call = context.call;
    let silent = live.other();
    let stats = call.udptl.of(live);
    let (first_frame, first) = stats.first?;
    let (last_frame, last) = stats.last?;
    let enough = packets_after_switch(call, live) >= LIVE_PACKETS
        && last.seconds_since(first) >= LIVE_SECONDS;
    if !enough
        || answers_in_audio(exchange, silent, first)
        || waits_for_the_first_word(exchange, live)
    {
        return None;
    }
    let (seen, place) = if packets_after_switch(call, silent) == 0 {
        let seen = format!("UDPTL only {live}->{silent} – {silent} never sends or is blocked");
        let switched = t38_periods(call).last();
        let answer =
            switched.and_then(|period| call.negotiations.get(period.negotiation)?.answer_event);
        (seen, answer.or_else(|| event_at(call, live, first)))
    } else {
        let (_, stopped) = call.udptl.of(silent).last?;
        let quiet = last.seconds_since(stopped) - paging(exchange, live, stopped);
        if quiet < SILENT_SECONDS {
            return None;
        }
        let seen =
            format!("UDPTL only {live}->{silent} for the last {quiet:.0} s – {silent} went silent");
        let place = last_until(call, silent, stopped);
        (seen, place.or_else(|| event_at(call, live, first)))
    };
    let mut found = Finding::new(Severity::Error, [first_frame, last_frame], seen);
    // Where the silence begins.
    found.event = place;
    found.host = endpoints(call, silent).last().copied();
    Some(found.more(destination_words(context, stats, silent)))
}

/// The live side is the called terminal, and all that it sent before its DCN is damaged: the calling one has
/// nothing to answer, so its silence shows no blocked way (CNG is optional).
fn waits_for_the_first_word(exchange: &ExchangeView<'_>, live: Side) -> bool {
    let own = || {
        exchange
            .lines
            .iter()
            .filter(|line| line.event.from == live && line.message().is_some())
            .filter(|line| line.fcf() != Some(Fcf::Dcn))
    };
    exchange.called == live
        && own().next().is_some()
        && own().all(|line| line.valid().is_none_or(|message| !message.last))
}

/// A fax that went on in sound after T.38 was tried: nothing is one-way about the fax itself.
fn answers_in_audio(exchange: &ExchangeView<'_>, side: Side, after: Timestamp) -> bool {
    exchange.messages().any(|(_, line, message)| {
        line.event.from == side
            && line.event.at > after
            && message.fcf.is_answer()
            && message.fcf != Fcf::Dcn
            && exchange.call.udptl.of(side).packets == 0
    })
}

/// Seconds of page data that a side sent after a time: its peer is silent meanwhile, as it should be.
fn paging(exchange: &ExchangeView<'_>, side: Side, after: Timestamp) -> f64 {
    exchange
        .lines
        .iter()
        .filter(|line| line.page().is_some() && line.event.from == side)
        .map(|line| {
            line.event
                .end
                .seconds_since(line.event.at.max(after))
                .max(0.0)
        })
        .sum()
}

/// What a side says in T.38 at some time or next after it.
fn event_at(call: &Call, from: Side, at: Timestamp) -> Option<EventId> {
    let mut said = call.events.iter().filter(|event| is_t38(event, from));
    said.find(|event| event.end >= at).map(|event| event.id)
}

/// The last that a side says in T.38 until some time.
fn last_until(call: &Call, from: Side, until: Timestamp) -> Option<EventId> {
    let mut events = call.events.iter();
    let last = events.rfind(|event| event.at <= until && is_t38(event, from));
    last.map(|event| event.id)
}

/// Not what was heard in audio: that may last until the switch.
fn is_t38(event: &Event, from: Side) -> bool {
    let elsewhere = matches!(
        event.kind,
        EventKind::Sip(_)
            | EventKind::Rtp(_)
            | EventKind::RtpEvent(_)
            | EventKind::Tone { .. }
            | EventKind::Icmp { .. }
    );
    event.from == from && event.observed && !elsewhere
}

fn destination_words(context: &RuleContext<'_>, live: &UdptlStats, silent: Side) -> String {
    let call = context.call;
    let named = named(call, silent);
    let Some(said) = endpoints(call, silent).last().copied() else {
        return format!("The SDP of the {named} gives no T.38 endpoint.");
    };
    let reaches = live.paths.iter().any(|path| path.dst == said);
    let where_to = live
        .paths
        .iter()
        .max_by_key(|path| path.packets)
        .map_or(said, |path| path.dst);
    if !reaches {
        return format!(
            "The packets go to {where_to}, but the SDP of the {named} says {said}: it cannot hear them."
        );
    }
    format!(
        "The packets go to {said}, as its SDP says. {}",
        evidence::blame(
            context,
            silent,
            "look at its T.38 engine, its firewall and the address that UDPTL is bound to.",
            "ask there whether its T.38 started and whether its firewall lets UDP out of that port.",
        )
    )
}

pub(super) fn wrong_destination(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let exchange = context.exchange();
    // It hears a peer of whom nothing is in the capture: what that one has learned or told is not known.
    let peer_is_unseen = context.call.udptl.of(side.other()).packets == 0;
    if exchange.is_half() || peer_is_unseen && exchange.hears(side) {
        return None;
    }
    wrong_destination_of(context, exchange, side)
}

/// Whether of some hop of a path only one direction of the SIP is in the capture.
fn has_half_hop(call: &Call) -> bool {
    let hops = 0..call.path.hops.len();
    let sources = |hop: usize| {
        let here = call.events.iter().filter(move |event| {
            let on = event.hop.is_some_and(|id| usize::from(id.0) == hop);
            on && event.observed && matches!(event.kind, EventKind::Sip(_))
        });
        here.map(|event| event.src.addr).collect::<HashSet<_>>()
    };
    !call.path.is_one_hop() && hops.into_iter().any(|hop| sources(hop).len() == 1)
}

fn wrong_destination_of(
    context: &RuleContext<'_>,
    exchange: &ExchangeView<'_>,
    side: Side,
) -> Option<Finding> {
    let call = context.call;
    let peer = side.other();
    let right = endpoints(call, peer);
    let said = *right.last()?;
    let switch = switch(call)?;
    let stats = call.udptl.of(side);
    let sources = sources_of(call, peer);
    if stats.paths.iter().any(|path| right.contains(&path.dst)) {
        return None;
    }
    let wrong = stats
        .paths
        .iter()
        .filter(|path| path.last > switch && !sources.contains(&path.dst))
        .max_by_key(|path| path.packets)
        .filter(|path| path.packets >= WRONG_PACKETS)?;
    let deaf = !exchange.hears(peer);
    let lasting = wrong.last.seconds_since(wrong.first) > UNHEARD_SECONDS;
    let severity = if deaf && lasting {
        Severity::Error
    } else {
        Severity::Warning
    };
    let tail = if deaf {
        ": nobody listens there"
    } else {
        ", the fax goes on all the same"
    };
    let mut found = Finding::new(
        severity,
        [wrong.frame],
        format!("{side} sends T.38 to {}, SDP said {said}{tail}", wrong.dst),
    )
    .on_any(event_at(call, side, wrong.first));
    found.host = Some(wrong.src);
    // What the proxy wrote into the SDP is not in the capture; or the SDP gives an address that nobody can send to.
    let unreachable = is_private(said.addr) && !is_private(wrong.dst.addr);
    if has_half_hop(call) || unreachable {
        found = found.blame_nobody();
    }
    let mut more = match wrong.packets {
        1 => "1 packet goes there. ".to_owned(),
        many => format!("{many} packets go there. "),
    };
    if had_audio_at(call, peer, wrong.dst) {
        more.push_str("It is the port of the audio before the switch. ");
    }
    more.push_str(&evidence::blame(
        context,
        side,
        "it has to send to the m=image port of the answer.",
        "it has to send to the m=image port of the answer; give its operator both frames.",
    ));
    Some(found.more(more))
}

/// Where the T.38 of a side comes from, on every link.
fn sources_of(call: &Call, side: Side) -> Vec<Endpoint> {
    let elsewhere = (call.path.links.iter()).filter_map(|link| link.udptl.of(side).as_ref());
    [call.udptl.of(side)]
        .into_iter()
        .chain(elsewhere)
        .flat_map(|stats| &stats.paths)
        .map(|path| path.src)
        .collect()
}

/// Whether the SDP of a side gave this endpoint for audio at some time.
fn had_audio_at(call: &Call, side: Side, endpoint: Endpoint) -> bool {
    call.media
        .iter()
        .filter_map(|period| period.audio.as_ref())
        .any(|audio| *audio.of(side) == endpoint)
}

pub(super) fn source_mismatch(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let exchange = context.exchange();
    source_mismatch_of(context.call, exchange, side).or_else(|| behind_nat(context.call, side))
}

/// On some hop the T.38 of a side has another source than its SDP there says.
fn behind_nat(call: &Call, side: Side) -> Option<Finding> {
    let switch = switch(call)?;
    let path = &call.path;
    path.links.iter().find_map(|link| {
        let stats = link.udptl.of(side).as_ref()?;
        let here = |hop: HopId| (link.first..=link.last).contains(&hop);
        let said: Vec<Endpoint> = path
            .announced
            .iter()
            .filter(|one| one.image && one.side == side && here(one.hop))
            .map(|one| one.end)
            .collect();
        let other = |source: &&MediaPath| source.last > switch && !said.contains(&source.src);
        let source = stats.paths.iter().find(other)?;
        let said = said.last()?;
        let text = format!(
            "UDPTL from {}, SDP said {said} – NAT; enable t38 nat",
            source.src
        );
        let mut found = Finding::new(Severity::Warning, [source.frame], text)
            .about(source.src)
            .more("The media proxy behind it gets the packets all the same.");
        found.event = event_at(call, side, source.first);
        Some(found)
    })
}

fn source_mismatch_of(call: &Call, exchange: &ExchangeView<'_>, side: Side) -> Option<Finding> {
    let own = endpoints(call, side);
    let said = *own.last()?;
    let switch = switch(call)?;
    let is_other = |path: &&MediaPath| path.last > switch && !own.contains(&path.src);
    let path = call.udptl.of(side).paths.iter().find(is_other)?;
    let replies = call.udptl.of(side.other());
    let to_sdp = replies
        .paths
        .iter()
        .filter(|reply| own.contains(&reply.dst))
        .max_by_key(|reply| reply.packets);
    let unheard = to_sdp.is_some_and(|reply| {
        reply.last.seconds_since(reply.first) > REPLIES_SECONDS && !exchange.hears(side)
    });
    let inside = is_inside_nat(call, side, path.src, said);
    let severity = match (unheard, inside) {
        (true, _) => Severity::Error,
        (false, true) => Severity::Note,
        (false, false) => Severity::Warning,
    };
    let tail = if inside {
        "captured inside its NAT"
    } else {
        "NAT; enable t38 nat"
    };
    let cited = [Some(path.frame), to_sdp.map(|reply| reply.frame)]
        .into_iter()
        .flatten();
    let mut found = Finding::new(
        severity,
        cited,
        format!("UDPTL from {}, SDP said {said} – {tail}", path.src),
    )
    .on_any(event_at(call, side, path.first));
    found.host = Some(path.src);
    let more = match to_sdp {
        _ if inside && !unheard => format!(
            "The capture is taken between the {side} and its NAT: the SDP gives the outside address, as it should."
        ),
        Some(reply) if unheard => format!(
            "The answers go to {} all the time, where the {side} does not hear them.",
            reply.dst
        ),
        Some(reply) => format!("The answers go to {}, and the dialogue goes on.", reply.dst),
        None => "The answers go to where the packets come from, as they should.".to_owned(),
    };
    Some(found.more(more))
}

/// Whether a side is seen with its private address, and tells its public one in SDP with the same port: a host
/// behind a one-to-one NAT, set up as it should be, and the capture is on its side of it.
fn is_inside_nat(call: &Call, side: Side, from: Endpoint, said: Endpoint) -> bool {
    let signalling = call.endpoint(side);
    from.port == said.port
        && from.addr == signalling.addr
        && is_private(from.addr)
        && !is_private(said.addr)
}
