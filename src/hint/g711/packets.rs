//! How the packets of the sound arrive: lost, late, off the clock, or only one way.

use crate::call::{Call, EventKind, Side};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::g711::{fax_begins, fax_ends, is_audio_fax, signals_begin, spans};
use crate::hint::{Finding, RuleContext, Severity};
use crate::rtp::RtpSpan;

/// `g711-loss`: note above this share (Dialogic: failures from 0.02 %).
const LOSS_NOTE: f64 = 0.0002;
/// `g711-loss`: warning from this share (Mitel: below 0.1 %).
const LOSS_WARNING: f64 = 0.001;
/// `g711-loss`: error from this share.
const LOSS_ERROR: f64 = 0.01;
/// `g711-loss`: as many packets in a row (2 s) are an interruption: hold, or a capture that was cut.
const INTERRUPTION: u32 = 100;
/// `g711-loss`: so long before and after it a change of the media interrupts the sound, seconds.
const AROUND: f64 = 0.5;
/// `g711-loss`: signals of so many seconds tell a share.
const SIGNALS_AT_LEAST: f64 = 3.0;
/// `g711-loss`: error from as many packets in a row (60 ms).
const LOSS_BURST: u32 = 3;
/// `g711-jitter`: note and warning, ms.
const JITTER: (f64, f64) = (20.0, 30.0);
/// `g711-jitter`: longest time between two packets, ms.
const LONG_GAP: f64 = 100.0;
/// `g711-clock-slip`: ppm.
const DRIFT: f64 = 50.0;
/// Length of a packet at the usual packetization, seconds.
const PACKET: f64 = 0.02;
/// `g711-one-way`: packets of the live direction.
const LIVE_PACKETS: u32 = 50;
/// `g711-one-way`: seconds.
const LIVE_SECONDS: f64 = 5.0;

const SIDES: [Side; 2] = [Side::Caller, Side::Callee];

/// Packets of a span that should have come after a time.
fn expected_after(span: &RtpSpan, begins: Timestamp) -> f64 {
    let all = span.stats.packets.saturating_add(span.stats.lost);
    let whole = span.end.seconds_since(span.at).max(PACKET);
    let before = begins.seconds_since(span.at).clamp(0.0, whole);
    f64::from(all) * (whole - before) / whole
}

/// Whether the sound of a side lacks so much that a fax in it suffers.
pub(in crate::hint) fn is_lossy(context: &RuleContext<'_>, side: Side) -> bool {
    loss(context, side).is_some_and(|found| found.severity <= Severity::Warning)
}

pub(super) fn loss(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    if !is_audio_fax(context.call) {
        return None;
    }
    loss_of(context, side)
}

fn loss_of(context: &RuleContext<'_>, side: Side) -> Option<Finding> {
    let call = context.call;
    let begins = signals_begin(call).or_else(|| fax_begins(call))?;
    let over = fax_ends(call).unwrap_or(call.last_packet);
    let mut expected = 0.0;
    let mut gaps: Vec<(FrameNo, Timestamp, u32)> = Vec::new();
    let mut row = None;
    for (event, span) in spans(call, side).filter(|(_, span)| span.end > begins) {
        expected += expected_after(span, begins);
        let before = gaps.len();
        gaps.extend(
            span.stats
                .gaps
                .iter()
                .filter(|(_, at, lost)| *at >= begins && *at <= over && *lost < INTERRUPTION)
                .filter(|(_, at, lost)| !is_opened_anew(call, *at, f64::from(*lost) * PACKET)),
        );
        if gaps.len() > before {
            row = row.or(Some(event.id));
        }
    }
    let lost: u32 = gaps.iter().map(|(.., lost)| *lost).sum();
    let burst = gaps.iter().map(|(.., lost)| *lost).max()?;
    let whole = f64::from(lost) / f64::max(expected, 1.0);
    // While a side is silent nothing is hit: what counts is the loss within what it has to say.
    let part = whole.max(loss_in_signals(context, side, &gaps));
    let severity = if part >= LOSS_ERROR || burst >= LOSS_BURST {
        if context.delivered() {
            Severity::Warning
        } else {
            Severity::Error
        }
    } else if part >= LOSS_WARNING {
        Severity::Warning
    } else if part > LOSS_NOTE {
        Severity::Note
    } else {
        return None;
    };
    let mut found = Finding::new(
        severity,
        gaps.iter().map(|(frame, ..)| *frame),
        format!(
            "RTP loss of the {side} {:.2} % ({lost} pkts, burst {burst}) – G.711 fax needs < 0.1 %",
            whole * 100.0
        ),
    );
    found.event = row;
    if part > whole {
        found = found.more(format!(
            "In what it sends (messages, training, pages) {:.1} % are lost.",
            part * 100.0
        ));
    }
    Some(found)
}

/// Whether the media change by SDP around a gap of so many seconds that ends at this time: the sender paused for it.
fn is_opened_anew(call: &Call, at: Timestamp, seconds: f64) -> bool {
    let changes = call.media.iter().skip(1).map(|period| period.from);
    changes
        .map(|from| at.seconds_since(from))
        .any(|since| since >= -AROUND && since <= seconds + AROUND)
}

/// Share of packets lost while a side has a signal on the line; 0 if that is too short to tell.
fn loss_in_signals(
    context: &RuleContext<'_>,
    side: Side,
    gaps: &[(FrameNo, Timestamp, u32)],
) -> f64 {
    let signals = context.call.events.iter().filter(|event| {
        event.observed
            && event.from == side
            && matches!(
                event.kind,
                EventKind::T30(_) | EventKind::Tcf(_) | EventKind::PageData(_)
            )
    });
    let mut seconds = 0.0;
    let mut lost = 0;
    for event in signals {
        seconds += event.end.seconds_since(event.at).max(0.0);
        let inside = |at: Timestamp| at >= event.at && at <= event.end;
        let hit = gaps.iter().filter(|(_, at, _)| inside(*at));
        lost += hit.map(|(.., lost)| *lost).sum::<u32>();
    }
    if seconds < SIGNALS_AT_LEAST {
        return 0.0;
    }
    f64::from(lost) * PACKET / seconds
}

pub(super) fn jitter(context: &RuleContext<'_>) -> Vec<Finding> {
    if !is_audio_fax(context.call) {
        return Vec::new();
    }
    let begins = fax_begins(context.call);
    let mut out = Vec::new();
    for side in SIDES {
        let worst = spans(context.call, side)
            .filter(|(_, span)| begins.is_some_and(|begins| span.end > begins))
            // Where silence is suppressed the pauses are not jitter.
            .filter(|(_, span)| span.stats.silence_gaps.is_empty())
            .max_by(|(_, a), (_, b)| a.stats.max_jitter_ms.total_cmp(&b.stats.max_jitter_ms));
        let Some((event, span)) = worst else {
            continue;
        };
        let stats = &span.stats;
        let severity = if stats.max_jitter_ms > JITTER.1 || stats.max_gap_ms > LONG_GAP {
            Severity::Warning
        } else if stats.max_jitter_ms > JITTER.0 {
            Severity::Note
        } else {
            continue;
        };
        let seen = format!(
            "RTP jitter of the {side} {:.0} ms (max gap {:.0} ms) – fixed jitter buffer needed",
            stats.max_jitter_ms, stats.max_gap_ms
        );
        out.push(Finding::new(severity, vec![stats.max_gap_frame], seen).on(event.id));
    }
    out
}

pub(super) fn clock(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    if !is_audio_fax(call) {
        return None;
    }
    let drift = |side: Side| {
        spans(call, side)
            .filter_map(|(event, span)| Some((event, span.stats.drift_ppm?)))
            .max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))
    };
    let (event, ppm) = match (drift(Side::Caller), drift(Side::Callee)) {
        // The capture's own clock drifts against both alike.
        (Some((event, a)), Some((_, b))) => (event, a - b),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    if ppm.abs() <= DRIFT {
        return None;
    }
    let seen = format!(
        "Clock drift {ppm:.0} ppm – a 20 ms slip every {:.0} s breaks long pages",
        PACKET / (ppm.abs() * 1e-6)
    );
    Some(Finding::new(Severity::Warning, vec![event.frame], seen).on(event.id))
}

pub(super) fn one_way(context: &RuleContext<'_>) -> Option<Finding> {
    let call = context.call;
    let answered = call.answered?;
    let held = call.negotiations.iter().any(|negotiation| {
        std::iter::once(&negotiation.offer)
            .chain(&negotiation.answer)
            .flat_map(|sdp| &sdp.media)
            .any(|line| {
                line.direction
                    .as_deref()
                    .is_some_and(|direction| direction != "sendrecv")
            })
    });
    if call.fax.is_none() || held {
        return None;
    }
    let count = |side: Side| -> u32 { spans(call, side).map(|(_, span)| span.stats.packets).sum() };
    for live in SIDES {
        let silent = live.other();
        let mut after = spans(call, live).filter(|(_, span)| span.end > answered);
        let Some((event, first)) = after.next() else {
            continue;
        };
        let until = after.last().map_or(first.end, |(_, span)| span.end);
        let long = until.seconds_since(first.at.max(answered)) >= LIVE_SECONDS;
        let talks = call.events.iter().any(|event| {
            event.from == silent && matches!(event.kind, EventKind::RtpEvent(_) | EventKind::T30(_))
        });
        if count(live) < LIVE_PACKETS || count(silent) > 0 || !long || talks {
            continue;
        }
        let said = call
            .media
            .iter()
            .rev()
            .find_map(|period| period.audio.map(|audio| *audio.of(silent)));
        let mut found = Finding::new(
            Severity::Error,
            vec![event.frame],
            format!("RTP only {live}->{silent} – {silent} sends nothing (NAT/firewall)"),
        )
        .on(event.id)
        .about(context.endpoint(silent));
        // Its media host is that of its SIP, which comes through, and is what the peer sends to. Where T.38 of the peer
        // alone is there too, it is rather the capture that has one direction.
        let same_way = call.packets.t38 == 0
            && said.is_none_or(|said| {
                said.addr == context.endpoint(silent).addr && first.dst.addr == said.addr
            });
        found = found.blame_one_of(context, Some(silent).filter(|_| same_way));
        if let Some(said) = said {
            found = found.more(format!(
                "The packets go to {}, the SDP of the {silent} says {said}.",
                first.dst
            ));
        }
        return Some(found);
    }
    None
}
