//! What is inside T.38 packets: syntax, RTP among them, messages that a gateway marks as damaged.

use crate::call::{Call, Encoding, EventId, EventKind, FaxCarrier, Phase, Side};
use crate::capture::FrameNo;
use crate::hint::evidence::share;
use crate::hint::{Finding, RuleContext, Severity};
use crate::line::Fcs;
use crate::sip::Sdp;
use crate::t30::Fcf;

/// `udptl-decode-error`: error above this share.
const MANY_UNDECODABLE: f64 = 0.05;
/// `udptl-decode-error`: keepalives of NATs are this short, octets.
const KEEPALIVE: usize = 4;
/// `udptl-rtp-residue`: late RTP is normal for this long, seconds.
const RESIDUE_SECONDS: f64 = 2.0;
/// `udptl-rtp-residue`: and up to this many packets.
const RESIDUE_PACKETS: u32 = 50;
/// `udptl-early`: earlier than this before the answer, seconds.
const EARLY_SECONDS: f64 = 0.2;
/// `udptl-fcs-bad`: warning from this many in a phase.
const MANY_BAD: usize = 3;

pub(super) fn undecodable(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    undecodable_of(context.call, side)
}

fn undecodable_of(call: &Call, side: Side) -> Option<Finding> {
    let stats = call.udptl.of(side);
    let malformed = call.events.iter().filter_map(|event| match &event.kind {
        EventKind::Malformed {
            reason,
            octets,
            count,
        } if event.from == side => Some((event, reason, octets.len(), *count)),
        _ => None,
    });
    let keepalives: u32 = malformed
        .clone()
        .filter(|(.., len, _)| *len <= KEEPALIVE)
        .map(|(.., count)| count)
        .sum();
    let bad = stats
        .undecodable
        .checked_sub(keepalives)
        .filter(|n| *n > 0)?;
    let mut shown = malformed.filter(|(.., len, _)| *len > KEEPALIVE);
    let first = shown.next();
    let severity = if share(bad, stats.packets.saturating_add(bad)) > MANY_UNDECODABLE {
        Severity::Error
    } else {
        Severity::Warning
    };
    let reason = first.as_ref().map_or_else(
        || "not valid T.38".to_owned(),
        |(_, reason, ..)| (*reason).clone(),
    );
    let cited = first
        .as_ref()
        .map(|(event, ..)| event.frame)
        .or(stats.first_undecodable);
    Some(
        Finding::new(
            severity,
            cited,
            format!("{bad} T.38 packets of the {side} do not decode ({reason})"),
        )
        .on_any(first.map(|(event, ..)| event.id)),
    )
}

/// Lowest `T38FaxVersion` of offer and answer of the T.38 in force (absent means 0); `None` without SDP.
fn agreed_version(call: &Call) -> Option<u32> {
    let period = call
        .media
        .iter()
        .rev()
        .find(|period| period.t38.is_some())?;
    let negotiation = call.negotiations.get(period.negotiation)?;
    let version = |sdp: &Sdp| {
        sdp.media
            .iter()
            .filter(|line| line.port > 0)
            .find_map(|line| line.t38.as_ref())
            .map(|t38| t38.version.unwrap_or(0))
    };
    let offered = version(&negotiation.offer)?;
    let answered = negotiation.answer.as_ref().and_then(version)?;
    Some(offered.min(answered))
}

pub(super) fn asn1(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let (forth, back) = (&call.udptl.caller, &call.udptl.callee);
    if let (Some(a), Some(b)) = (forth.encoding, back.encoding)
        && a != b
    {
        let cited = [forth.encoding_frame, back.encoding_frame];
        let found = Finding::new(
            Severity::Error,
            cited.into_iter().flatten(),
            format!(
                "caller uses {} ASN.1, callee {}: they do not understand each other",
                year(a),
                year(b)
            ),
        );
        // Told once, on the caller.
        return (side == Side::Caller).then_some(found);
    }
    let version = agreed_version(call)?;
    let exchange = context.exchange();
    let stats = call.udptl.of(side);
    let used = stats.encoding?;
    // Version 1 is read both ways in the field, so neither contradicts it.
    let fits = match version {
        0 => used == Encoding::Asn1998,
        1 => true,
        _ => used == Encoding::Asn2002,
    };
    if fits {
        return None;
    }
    let severity = if exchange.hears(side.other()) {
        Severity::Note
    } else {
        Severity::Error
    };
    Some(Finding::new(
        severity,
        stats.encoding_frame,
        format!(
            "{side} uses {} ASN.1, SDP version says {version}",
            year(used)
        ),
    ))
}

const fn year(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Asn1998 => "1998",
        Encoding::Asn2002 => "2002",
    }
}

pub(super) fn residue(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    residue_of(context.call, side)
}

fn residue_of(call: &Call, side: Side) -> Option<Finding> {
    let stats = call.udptl.of(side);
    let (count, first, last, _, until) = stats.rtp_residue?;
    let period = call
        .media
        .iter()
        .rev()
        .find(|period| period.t38.is_some() && period.from <= until)?;
    if period.audio.is_some() {
        return None;
    }
    let seconds = until.seconds_since(period.from).max(0.0);
    let long = seconds > RESIDUE_SECONDS;
    let severity = if stats.packets == 0 && long && count > RESIDUE_PACKETS {
        Severity::Error
    } else if long || count > RESIDUE_PACKETS {
        Severity::Warning
    } else {
        Severity::Note
    };
    Some(
        Finding::new(
            severity,
            [first, last],
            format!(
                "{side} still sends RTP audio {seconds:.1} s after switching to T.38 ({})",
                crate::text::count(count, "packet")
            ),
        )
        .on_any(
            call.negotiations
                .get(period.negotiation)
                .and_then(|negotiation| negotiation.answer_event),
        ),
    )
}

pub(super) fn early(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let answered = call
        .media
        .iter()
        .find(|period| period.t38.is_some())
        .map(|period| period.from)?;
    let (frame, at) = call.udptl.of(side).first?;
    if answered.seconds_since(at) <= EARLY_SECONDS {
        return None;
    }
    let signal = |event: &&crate::call::Event| {
        event.from == side && matches!(event.kind, EventKind::T30(_) | EventKind::Indicator(_))
    };
    let lost = call
        .events
        .iter()
        .filter(signal)
        .filter(|event| event.at >= at && answered.seconds_since(event.at) > EARLY_SECONDS)
        .find(|event| {
            !call
                .events
                .iter()
                .filter(signal)
                .any(|later| later.at >= answered && same_signal(&event.kind, &later.kind))
        })?;
    Some(
        Finding::new(
            Severity::Warning,
            [lost.frame, frame],
            format!(
                "T.38 of the {side} {:.1} s before the answer – {} may drop the first messages",
                answered.seconds_since(at),
                side.other()
            ),
        )
        .on(lost.id),
    )
}

fn same_signal(a: &EventKind, b: &EventKind) -> bool {
    use crate::t38::Indicator;
    match (a, b) {
        (EventKind::T30(a), EventKind::T30(b)) => a.fcf == b.fcf,
        // Only tones and V.21 matter: silence and training come again on their own.
        (
            EventKind::Indicator(Indicator::Ced | Indicator::V21Preamble),
            EventKind::Indicator(b),
        ) => {
            matches!(b, Indicator::Ced | Indicator::V21Preamble)
        }
        (EventKind::Indicator(_), _) => true,
        _ => false,
    }
}

pub(super) fn fcs(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    if call
        .fax
        .as_ref()
        .is_none_or(|fax| fax.carrier == FaxCarrier::G711)
    {
        return None;
    }
    let exchange = context.exchange();
    let bad: Vec<_> = exchange
        .lines
        .iter()
        .filter(|line| {
            line.event.from == side
                && line
                    .message()
                    .is_some_and(|message| message.fcs == Fcs::Bad && !message.damaged)
        })
        .collect();
    let Some(first) = bad.first() else {
        return bad_image(context, side);
    };
    // A command or answer of which not one copy is good reaches nobody.
    let never_good = bad.iter().filter_map(|line| line.message()).any(|damaged| {
        (damaged.fcf.is_command() || damaged.fcf.is_answer())
            && bad.len() >= 2
            && !exchange
                .all(&[damaged.fcf])
                .any(|(_, good)| good.event.from == side)
    });
    let in_phase =
        |phase: Option<Phase>| bad.iter().filter(|line| line.event.phase == phase).count();
    let most = bad.iter().map(|line| in_phase(line.event.phase)).max()?;
    let severity = if never_good && !context.delivered_on_either_leg() {
        Severity::Error
    } else if most >= MANY_BAD {
        Severity::Warning
    } else {
        Severity::Note
    };
    let found = Finding::new(
        severity,
        bad.iter().map(|line| line.frame()),
        format!(
            "Gateway of the {side} reports bad T.30 frame (FCS), {}x – analogue line problem",
            bad.len()
        ),
    );
    Some(
        found
            .on(first.event.id)
            .about(context.endpoint(side))
            .blame(context.fault_side(side))
            .more(format!("First: {}.", first.name())),
    )
}

/// Frames of pages with a bad check sequence, where the messages are good.
fn bad_image(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let (frame, event, count) = bad_image_frames(context, side)?;
    let refused = context.exchange().all(&[Fcf::Ppr]).count();
    let severity = if refused >= MANY_BAD && !context.delivered_on_either_leg() {
        Severity::Error
    } else if count >= MANY_BAD {
        Severity::Warning
    } else {
        Severity::Note
    };
    let seen = format!(
        "Gateway of the {side} passes on image frames with bad FCS, {count}x – its telephone line"
    );
    Some(
        Finding::new(severity, [frame], seen)
            .on(event)
            .about(context.endpoint(side))
            .blame(context.fault_side(side)),
    )
}

/// Image frames of a side with a bad check sequence though no packet of it is missing: where they begin, and how many.
fn bad_image_frames(context: &RuleContext<'_>, side: Side) -> Option<(FrameNo, EventId, usize)> {
    let stats = context.call.udptl.of(side);
    if stats.packets == 0 || stats.lost > stats.recovered {
        return None;
    }
    let exchange = context.exchange();
    let pages = exchange.lines.iter().filter(|line| line.event.from == side);
    let bad = pages.filter_map(|line| Some((line, line.page()?.bad_frames)));
    let bad: Vec<_> = bad.filter(|(_, bad)| *bad > 0).collect();
    let (first, _) = bad.first()?;
    let count: u32 = bad.iter().map(|(_, bad)| *bad).sum();
    Some((first.frame(), first.event.id, usize::try_from(count).ok()?))
}
