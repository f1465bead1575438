//! T.30 messages on the two legs.

use std::collections::HashSet;

use crate::call::exchange::ExchangeView;
use crate::call::{Call, Event, EventId, EventKind, FaxCarrier, Pair, Side, pair_messages};
use crate::capture::FrameNo;
use crate::hint::context::{clock_jumps, event};
use crate::hint::evidence::hang_up;
use crate::hint::hop::media;
use crate::hint::leg::{both_delivered, has_t38, letter, middle};
use crate::hint::whole::loses;
use crate::hint::{Finding, RuleContext, Severity};
use crate::line::Fcs;
use crate::t30::Fcf;
use crate::t30::capability::{Capabilities, difference};
use crate::t30::frame::T30Frame;

/// `leg-t30-not-relayed`: what is sent so shortly before the end may be overrun by it, seconds.
const NEAR_END: f64 = 2.0;
/// `leg-t30-not-relayed`: a message needs this long to come through, seconds.
const RELAY: f64 = 2.0;
/// Bits of DIS and DCS for modems and rates.
const MODEM_BITS: std::ops::RangeInclusive<u8> = 11..=14;
/// `leg-latency`: messages from which a median can be told.
const ENOUGH_PAIRS: usize = 3;
/// `leg-latency`: note, seconds.
const NOTE: f64 = 0.2;
/// `leg-latency`: warning, seconds.
const LONG: f64 = 0.5;
/// `leg-latency`: both ways leave the terminals less than this of T4 (3 s) for their turn, seconds.
const T4_USED: f64 = 2.0;

fn message(event: &Event) -> Option<&T30Frame> {
    match &event.kind {
        EventKind::T30(message) => Some(message),
        _ => None,
    }
}

/// Event of this call in a pair made with it as the first call.
fn of_pair(call: &Call, id: EventId) -> Option<(&Event, &T30Frame)> {
    let event = event(call, id)?;
    Some((event, message(event)?))
}

fn same_carrier(call: &Call, other: &Call) -> bool {
    let carrier = |call: &Call| call.fax.as_ref().map(|fax| fax.carrier);
    match (has_t38(call), has_t38(other)) {
        (true, true) => true,
        (false, false) => {
            carrier(call) == carrier(other) && carrier(call).is_some_and(|c| c != FaxCarrier::Both)
        }
        _ => false,
    }
}

pub(super) fn not_relayed(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other.filter(|other| same_carrier(call, other))?;
    let pairs = pair_messages(call, other);
    // Where nothing of this direction gets through it is the media that stop: `leg-media-not-relayed`.
    if !pairs.iter().any(|pair| pair.from_a) {
        return None;
    }
    let paired: HashSet<EventId> = pairs.iter().map(|pair| pair.a).collect();
    let far = middle(call, other).other();
    let end = other
        .capture
        .last_time
        .min(hang_up(other).map_or(other.capture.last_time, |bye| bye.at))
        .min(hang_up(call).map_or(call.capture.last_time, |bye| bye.at));
    let from = other.events.iter().map(|event| event.at).min();
    let lost: Vec<(&Event, &T30Frame)> = call
        .events
        .iter()
        .filter(|event| event.from == far && event.observed && !paired.contains(&event.id))
        .filter(|event| from.is_some_and(|from| event.at >= from))
        .filter(|event| end.seconds_since(event.end) >= NEAR_END.max(RELAY))
        .filter(|event| !jumps_after(event, call, other))
        .filter_map(|event| Some((event, message(event)?)))
        .filter(|(_, message)| {
            message.fcs == Fcs::Good
                && !message.damaged
                && !matches!(message.fcf, Fcf::Nsf | Fcf::Nsc | Fcf::Nss)
        })
        .collect();
    let (first, missing) = lost.first().copied()?;
    let (here, there) = (letter(call, other), letter(other, call));
    let severity = if both_delivered(context) {
        Severity::Warning
    } else {
        Severity::Error
    };
    let times = if lost.len() > 1 {
        format!(" ({} messages)", lost.len())
    } else {
        String::new()
    };
    let seen = format!(
        "{} seen on leg {here}, missing on leg {there}{times}",
        missing.name()
    );
    let mut names: Vec<String> = lost.iter().map(|(_, m)| m.name().into_owned()).collect();
    names.dedup();
    let found = Finding::new(severity, lost.iter().map(|(event, _)| event.frame), seen)
        .on(first.id)
        .about(context.endpoint(middle(call, other)))
        .more(format!("Not passed on: {}.", names.join(", ")));
    let lossy = Side::BOTH.into_iter().any(|side| loses(context, side));
    Some(if is_joined(call, other) && !lossy {
        found
    } else {
        found.blame_nobody()
    })
}

/// Whether the host that joins two legs is known: of a leg without its SIP it is not.
fn is_joined(call: &Call, other: &Call) -> bool {
    call.has_sip() && other.has_sip()
}

/// Whether the clock of the capture jumps while a message should come through: its copy has another time.
fn jumps_after(message: &Event, call: &Call, other: &Call) -> bool {
    let jumps = clock_jumps(call).iter().chain(clock_jumps(other));
    jumps.into_iter().any(|(frame, seconds)| {
        let both = call.events.iter().chain(&other.events);
        let next = both
            .filter(|event| event.frame >= *frame)
            .map(|event| event.at);
        *frame > message.frame
            && next
                .min()
                .is_some_and(|at| at.seconds_since(message.end) <= RELAY + seconds.abs())
    })
}

/// Middle of the delays, seconds.
fn median(pairs: &[Pair]) -> Option<f64> {
    let mut delays: Vec<f64> = pairs.iter().map(|pair| pair.delay).collect();
    delays.sort_by(f64::total_cmp);
    delays.get(delays.len() / 2).copied()
}

pub(super) fn latency(context: &RuleContext<'_>) -> Option<Finding> {
    between_legs(context).or_else(|| media::latency(context, repeats(context.call)))
}

/// Whether commands were repeated or not answered.
fn repeats(call: &Call) -> bool {
    ExchangeView::of(call).rounds.iter().any(|round| {
        round.attempt > 1 || round.unseen.is_some() || round.repeats_answered.is_some()
    })
}

fn between_legs(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let other = context.other.filter(|other| call.number < other.number)?;
    let pairs = pair_messages(call, other);
    let delay = median(&pairs).filter(|_| pairs.len() >= ENOUGH_PAIRS)?;
    let breaks =
        delay * 2.0 >= T4_USED && !both_delivered(context) && (repeats(call) || repeats(other));
    let severity = if breaks {
        Severity::Error
    } else if delay > LONG {
        Severity::Warning
    } else if delay > NOTE {
        Severity::Note
    } else {
        return None;
    };
    let ms = delay * 1000.0;
    let tail = if breaks {
        "answers come after T4 (3 s)"
    } else {
        "twice that for each answer"
    };
    let cited: Vec<FrameNo> = pairs
        .iter()
        .take(3)
        .flat_map(|pair| [event(call, pair.a), event(other, pair.b)])
        .flatten()
        .map(|event| event.frame)
        .collect();
    let mut found = Finding::new(
        severity,
        cited,
        format!("PBX adds {ms:.0} ms per message – {tail}"),
    )
    .about(context.endpoint(middle(call, other)))
    .more(format!(
        "Median of {}.",
        crate::text::count(pairs.len(), "message")
    ));
    found.event = pairs.first().map(|pair| pair.a);
    Some(if is_joined(call, other) {
        found
    } else {
        found.blame_nobody()
    })
}

pub(super) fn altered(context: &RuleContext<'_>) -> Vec<Finding> {
    let call = context.call;
    let Some(other) = context.other else {
        return Vec::new();
    };
    let mut told: Vec<(Fcf, String)> = Vec::new();
    let mut out = Vec::new();
    for pair in pair_messages(call, other) {
        // The copy is on this leg, the original on the other.
        if !pair.changed || pair.from_a {
            continue;
        }
        let (Some((event, copy)), Some((source, original))) =
            (of_pair(call, pair.a), of_pair(other, pair.b))
        else {
            continue;
        };
        let whole = |m: &T30Frame| m.fcs == Fcs::Good && !m.damaged;
        if !whole(copy) || !whole(original) {
            continue;
        }
        let (severity, words) = change(original, copy);
        let key = (copy.fcf, words.clone());
        if words.is_empty() || told.contains(&key) {
            continue;
        }
        told.push(key);
        let seen = format!("PBX changed {}: {words}", copy.name());
        out.push(
            Finding::new(severity, vec![event.frame, source.frame], seen)
                .on(event.id)
                .about(context.endpoint(middle(call, other))),
        );
    }
    out
}

/// What was changed, and whether that is usual.
fn change(original: &T30Frame, copy: &T30Frame) -> (Severity, String) {
    if !matches!(copy.fcf, Fcf::Dis | Fcf::Dtc | Fcf::Dcs) {
        let overwritten = copy.fif().iter().all(|octet| matches!(octet, 0x00 | 0xFF));
        let words = if overwritten {
            "overwritten"
        } else {
            "content replaced"
        };
        return (Severity::Note, words.to_owned());
    }
    let changes = difference(original.fif(), copy.fif());
    let modems = changes.iter().any(|bit| MODEM_BITS.contains(&bit.number));
    let rate = |m: &T30Frame| Capabilities::new(m.fif()).max_rate();
    let names = |m: &T30Frame| {
        let modems = Capabilities::new(m.fif()).modems();
        modems.iter().map(|modem| modem.name).collect::<Vec<_>>()
    };
    let faster = copy.fcf != Fcf::Dcs
        && (rate(copy) > rate(original)
            || names(copy)
                .iter()
                .any(|name| !names(original).contains(name)));
    let added = changes
        .iter()
        .any(|bit| bit.to && !MODEM_BITS.contains(&bit.number) && adds(bit.number));
    let mut words: Vec<String> = changes
        .iter()
        .filter(|bit| !MODEM_BITS.contains(&bit.number))
        .map(|bit| format!("{} {}", bit.name, if bit.to { "added" } else { "off" }))
        .collect();
    if modems {
        words.insert(
            0,
            format!("modems {} -> {}", modem_words(original), modem_words(copy)),
        );
    }
    // Whether gateways say so is no matter of the fax: the T.38 bits are theirs.
    let severity = if !words.is_empty() && (copy.fcf == Fcf::Dcs || faster || added) {
        Severity::Warning
    } else {
        Severity::Note
    };
    (severity, words.join(", "))
}

fn modem_words(message: &T30Frame) -> String {
    if message.fcf == Fcf::Dcs {
        return crate::t30::capability::DcsMode::new(message.fif())
            .modem
            .to_string();
    }
    Capabilities::new(message.fif())
        .modems()
        .last()
        .map_or_else(|| "reserved".to_owned(), ToString::to_string)
}

/// Bits that promise something to the sender; 1 to 3 tell of gateways and 21 to 23 of scan time, 44 and 45
/// of units.
const fn adds(bit: u8) -> bool {
    !matches!(bit, 1..=3 | 7 | 21..=23 | 44 | 45 | 66 | 67 | 121)
}
