//! What is lost, repeated or late in T.38.

use crate::call::exchange::ExchangeView;
use crate::call::{Call, Event, EventKind, FaultSide, Negotiation, Side, UdptlStats, Verdict};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::evidence::{self, percent, share};
use crate::hint::hop::loss::LossyHop;
use crate::hint::{Finding, RuleContext, Severity};
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::text::count;

/// `udptl-loss-recovered`: warning above this share.
const MUCH_LOSS: f64 = 0.05;
/// `udptl-loss-unrecovered`: error above this share of page data.
const IMAGE_LOSS: f64 = 0.005;
/// `udptl-no-redundancy`: packets from which it can be told.
const ENOUGH_PACKETS: u32 = 20;
/// `udptl-duplicates`: share of repeats and late packets.
const MANY_REPEATS: f64 = 0.05;
/// `udptl-duplicates`: a packet that comes later than this after one with a higher number is lost for a receiver
/// that plays out in time, seconds.
const TOO_LATE: f64 = 0.2;
/// `udptl-seq-reset`: a new answer this near explains it, seconds.
const NEAR_ANSWER: f64 = 2.0;
/// `udptl-timing-gap`: a pause inside a signal, seconds.
const STALL: f64 = 0.3;
/// `udptl-timing-gap`: a pause that a modem does not survive, seconds.
const LONG_STALL: f64 = 1.0;

fn expected(stats: &UdptlStats) -> u32 {
    stats.packets.saturating_add(stats.lost)
}

/// The event that a side had on the line at a time, else the last one before.
fn event_around(call: &Call, side: Side, at: Timestamp) -> Option<&Event> {
    call.events
        .iter()
        .filter(|event| {
            event.from == side
                && event.observed
                && matches!(
                    event.kind,
                    EventKind::T30(_)
                        | EventKind::Tcf(_)
                        | EventKind::PageData(_)
                        | EventKind::Indicator(_)
                        | EventKind::Gap { .. }
                )
        })
        .take_while(|event| event.at <= at)
        .last()
}

pub(super) fn recovered(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let stats = call.udptl.of(side);
    if stats.lost == 0 || stats.recovered < stats.lost {
        return None;
    }
    let hop = LossyHop::of(call, side);
    // What one hop lost and nobody missed is no trouble of the call.
    let harmless = hop.is_some() && context.delivered() && !leaves_traces(context.exchange());
    let severity = if share(stats.lost, expected(stats)) > MUCH_LOSS && !harmless {
        Severity::Warning
    } else {
        Severity::Note
    };
    let how = if stats.fec_packets > stats.redundancy_packets {
        "FEC".to_owned()
    } else {
        format!(
            "redundancy ({})",
            stats.depth_control.max(stats.depth_image)
        )
    };
    let burst = stats.gaps.iter().map(|gap| gap.lost).max().unwrap_or(1);
    let found = Finding::new(
        severity,
        stats.gaps.iter().map(|gap| gap.frame),
        format!(
            "{} UDPTL of the {side} lost{} ({} %), all recovered by {how}",
            stats.lost,
            hop.as_ref().map_or_else(String::new, LossyHop::named),
            percent(stats.lost, expected(stats))
        ),
    )
    .on_any(
        stats
            .gaps
            .first()
            .and_then(|gap| event_around(call, side, gap.at))
            .map(|event| event.id),
    );
    let run = format!("Longest run: {}.", count(burst, "packet"));
    Some(match hop {
        Some(hop) => found
            .more(format!("{} {run}", hop.sentence()))
            .blame(FaultSide::Path),
        None => found.more(run),
    })
}

pub(super) fn unrecovered(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let stats = call.udptl.of(side);
    let gone = stats.lost.checked_sub(stats.recovered).filter(|n| *n > 0)?;
    let bad: Vec<_> = stats
        .gaps
        .iter()
        .filter(|gap| gap.recovered < gap.lost)
        .collect();
    let control = stats.lost_control > 0 || bad.iter().any(|gap| gap.control);
    let severity = match context.delivered() {
        true if stats.lost_image == 0 && !leaves_traces(context.exchange()) => Severity::Note,
        true => Severity::Warning,
        false if control || share(stats.lost_image, expected(stats)) > IMAGE_LOSS => {
            Severity::Error
        }
        false => Severity::Warning,
    };
    // What weighs most is cited first: a gap in a message before one in a page.
    let worst = bad.iter().find(|gap| gap.control).or_else(|| bad.first());
    let around = worst.and_then(|gap| event_around(call, side, gap.at));
    let phase = around.and_then(|event| event.phase);
    let in_phase = phase.map_or_else(String::new, |phase| format!(" in phase {}", phase.name()));
    let what = match (control, stats.lost_image > 0) {
        (true, true) => "messages and page data hit",
        (true, false) => "T.30 messages hit",
        (false, _) => "page data hit",
    };
    let mut cited: Vec<FrameNo> = bad.iter().map(|gap| gap.frame).collect();
    cited.sort_unstable();
    let hop = LossyHop::of(call, side);
    let on_hop = hop.as_ref().map_or_else(String::new, LossyHop::named);
    let found = Finding::new(
        severity,
        cited,
        format!("{gone} UDPTL of the {side} lost for good{on_hop}{in_phase} – {what}"),
    )
    .on_any(around.map(|event| event.id))
    .in_phase(phase);
    let burst = bad.iter().map(|gap| gap.lost).max().unwrap_or(gone);
    let words = how_much(stats, side, burst);
    if let Some(hop) = hop {
        let more = format!("{words} {} Redundancy helps there.", hop.sentence());
        return Some(found.more(more).blame(FaultSide::Path));
    }
    let more = format!(
        "{words} {}",
        evidence::blame(
            context,
            side,
            "look at its link and raise its redundancy.",
            "its operator has to look at the link and raise its redundancy."
        )
    );
    Some(found.more(more))
}

/// The share that is lost, its runs, and what is sent against it.
fn how_much(stats: &UdptlStats, side: Side, burst: u32) -> String {
    let depth = stats.depth_control.max(stats.depth_image);
    if stats.redundancy_packets == 0 && stats.fec_packets == 0 {
        format!(
            "{} % lost, runs of up to {burst}; the {side} sends no redundancy.",
            percent(stats.lost, expected(stats))
        )
    } else {
        format!(
            "{} % lost, runs of up to {burst}; redundancy {depth} does not cover them.",
            percent(stats.lost, expected(stats))
        )
    }
}

/// Whether anything in the dialogue had to be sent again.
fn leaves_traces(exchange: &ExchangeView<'_>) -> bool {
    exchange.has(&[Fcf::Ftt, Fcf::Ppr, Fcf::Rtn, Fcf::Rtp, Fcf::Crp])
        || exchange.rounds.iter().any(|round| {
            round.attempt > 1 || round.unseen.is_some() || round.repeats_answered.is_some()
        })
}

pub(super) fn no_redundancy(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    no_redundancy_of(context.call, side)
}

fn no_redundancy_of(call: &Call, side: Side) -> Option<Finding> {
    let stats = call.udptl.of(side);
    let bare = stats.packets >= ENOUGH_PACKETS
        && stats.redundancy_packets == 0
        && stats.fec_packets == 0
        && stats.transport != "tcp"
        && stats.transport != "rtp";
    if !bare {
        return None;
    }
    let agreed = agreed_correction(call);
    let severity = if agreed.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let (frame, at) = stats.first?;
    let found = Finding::new(
        severity,
        vec![frame],
        format!("{side} sends T.38 without redundancy – any loss damages the fax"),
    )
    .on_any(event_around(call, side, at).map(|event| event.id));
    Some(match agreed {
        Some(agreed) => found.more(format!(
            "Agreed in SDP: {agreed}; {}, none with it.",
            count(stats.packets, "packet")
        )),
        None => found,
    })
}

/// Error correction that offer and answer of the T.38 in force agree on.
fn agreed_correction(call: &Call) -> Option<String> {
    let period = call
        .media
        .iter()
        .rev()
        .find(|period| period.t38.is_some())?;
    let negotiation = call.negotiations.get(period.negotiation)?;
    let said = |sdp: &crate::sip::Sdp| {
        sdp.media
            .iter()
            .filter(|line| line.port > 0)
            .find_map(|line| line.t38.as_ref().and_then(|t38| t38.udp_ec.clone()))
            .filter(|value| !value.eq_ignore_ascii_case("t38UDPNoEC"))
    };
    both(negotiation, said)
}

fn both(
    negotiation: &Negotiation,
    said: impl Fn(&crate::sip::Sdp) -> Option<String>,
) -> Option<String> {
    said(&negotiation.offer)?;
    said(negotiation.answer.as_ref()?)
}

pub(super) fn duplicates(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let stats = call.udptl.of(side);
    let odd = stats.repeats.saturating_add(stats.reordered);
    let all = stats.packets.saturating_add(stats.repeats);
    if odd == 0 || share(odd, all) <= MANY_REPEATS {
        return None;
    }
    let (frame, at) = stats.first?;
    let depth = stats.depth_control.max(stats.depth_image);
    let latest = stats
        .latest
        .filter(|(behind, seconds, _)| *behind > depth || *seconds > TOO_LATE);
    let severity = if latest.is_some() {
        Severity::Warning
    } else {
        Severity::Note
    };
    let found = Finding::new(
        severity,
        latest.map(|(.., frame)| frame).into_iter().chain([frame]),
        format!(
            "UDPTL of the {side}: {}, {} late ({} %)",
            count(stats.repeats, "repeat"),
            stats.reordered,
            percent(odd, all)
        ),
    )
    .on_any(event_around(call, side, at).map(|event| event.id));
    Some(match latest {
        Some((behind, seconds, _)) => found.more(format!(
            "Up to {behind} numbers and {:.0} ms behind; redundancy covers {depth}.",
            seconds * 1000.0
        )),
        None => found,
    })
}

pub(super) fn restart(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let stats = call.udptl.of(side);
    let (frame, from, to) = stats.restarts.first().copied()?;
    let at = time_of(call, frame);
    let explained = stats.paths.len() > 1
        || at.is_some_and(|at| {
            call.media
                .iter()
                .any(|period| period.from.seconds_since(at).abs() <= NEAR_ANSWER)
        });
    let severity = if explained {
        Severity::Note
    } else {
        Severity::Warning
    };
    Some(Finding::new(severity, stats.restarts.iter().map(|(frame, ..)| *frame), format!(
            "UDPTL sequence of the {side} restarts ({from}->{to}) – source changed or stack restart"
        )).on_any(at.and_then(|at| event_around(call, side, at))
            .map(|event| event.id)))
}

/// Time of a frame, as near as the events tell it.
fn time_of(call: &Call, frame: FrameNo) -> Option<Timestamp> {
    call.events
        .iter()
        .filter(|event| event.frame <= frame)
        .map(|event| {
            if event.last_frame >= frame {
                event.at
            } else {
                event.end
            }
        })
        .max()
}

pub(super) fn stall(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    stall_of(context.call, side)
}

fn stall_of(call: &Call, side: Side) -> Option<Finding> {
    let stats = call.udptl.of(side);
    // Where packets are missing, the sender did not pause: that is loss, and told as such.
    let stalls: Vec<(FrameNo, f64)> = stats
        .stalls
        .iter()
        .copied()
        .filter(|(frame, seconds)| {
            *seconds > STALL && stats.gaps.iter().all(|gap| gap.frame != *frame)
        })
        .collect();
    let (frame, seconds) = stalls.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let around = call.events.iter().find(|event| {
        event.from == side
            && event.frame <= frame
            && event.last_frame >= frame
            && matches!(
                event.kind,
                EventKind::T30(_) | EventKind::Tcf(_) | EventKind::PageData(_)
            )
    });
    let what = match around.map(|event| &event.kind) {
        Some(EventKind::PageData(page)) => format!("page {}", page.page),
        Some(EventKind::Tcf(_)) => "TCF".to_owned(),
        Some(EventKind::T30(message)) if message.is_doubtful() => {
            format!("{} (damaged)", message.name())
        }
        Some(EventKind::T30(message)) => message.name().into_owned(),
        _ => "a signal".to_owned(),
    };
    let delivered = call
        .fax
        .as_ref()
        .is_some_and(|fax| fax.verdict == Verdict::Ok);
    let severity = if seconds > LONG_STALL && around.is_some_and(|event| failed(call, event)) {
        Severity::Error
    } else if delivered && seconds <= LONG_STALL {
        Severity::Note
    } else {
        Severity::Warning
    };
    let found = Finding::new(
        severity,
        vec![frame],
        format!(
            "UDPTL of the {side} stalls {:.0} ms inside {what} – jitter may break the modem signal",
            seconds * 1000.0
        ),
    )
    .on_any(around.map(|event| event.id));
    Some(found.more(format!("{}.", count(stalls.len(), "such pause"))))
}

/// Whether what an event belongs to went wrong: its page is not confirmed, its training failed, its
/// message is damaged.
fn failed(call: &Call, event: &Event) -> bool {
    match &event.kind {
        EventKind::PageData(page) => call.fax.as_ref().is_some_and(|fax| {
            fax.pages
                .iter()
                .any(|other| other.number == page.page && !other.confirmed)
        }),
        EventKind::Tcf(_) => call
            .events
            .iter()
            .filter(|next| next.at > event.at)
            .find_map(|next| match &next.kind {
                EventKind::T30(message) => Some(message.fcf == Fcf::Ftt),
                _ => None,
            })
            .unwrap_or(false),
        EventKind::T30(message) => message.damaged || message.fcs != Fcs::Good,
        _ => false,
    }
}
