//! Whether two observations are of one thing.

use crate::call::{Event, EventKind};
use crate::sip::StartLine;

/// Equal RTP of neighbouring links begins within this time, seconds.
const RTP_TOGETHER: f64 = 2.0;

/// What a B2BUA makes again on its other leg: requests but ACK, and what answers an INVITE.
pub(super) fn passed_on(event: &Event) -> Option<(String, u16)> {
    let EventKind::Sip(sip) = &event.kind else {
        return None;
    };
    match &sip.message.start {
        StartLine::Request { method, .. } if method != "ACK" => Some((method.clone(), 0)),
        StartLine::Response { status, .. } if *status > 100 => {
            let (_, method) = sip.message.cseq()?;
            (method == "INVITE").then(|| (method.to_owned(), *status))
        }
        _ => None,
    }
}

/// Whether two observations tell one thing: what differs would be lost where they share a row.
pub(super) fn says_the_same(one: &Event, other: &Event) -> bool {
    match (&one.kind, &other.kind) {
        (EventKind::Sip(_), EventKind::Sip(_)) => true,
        (EventKind::T30(one), EventKind::T30(other)) => {
            one.octets == other.octets && one.fcs == other.fcs && one.damaged == other.damaged
        }
        (EventKind::Tcf(one), EventKind::Tcf(other)) => {
            one.lost_packets == other.lost_packets && one.ended == other.ended
        }
        (EventKind::PageData(one), EventKind::PageData(other)) => {
            let facts = |page: &crate::call::PageData| {
                (
                    page.bytes,
                    page.frames,
                    page.bad_frames,
                    page.lost_packets,
                    page.ended,
                )
            };
            facts(one) == facts(other)
        }
        (EventKind::Rtp(span), EventKind::Rtp(copy)) => {
            let (most, least) = (
                span.stats.packets.max(copy.stats.packets),
                span.stats.packets.min(copy.stats.packets),
            );
            span.codec == copy.codec
                && other.at.seconds_since(one.at).abs() < RTP_TOGETHER
                && most - least <= most / 20
        }
        (EventKind::Indicator(one), EventKind::Indicator(other)) => one == other,
        (EventKind::Tone { tone, .. }, EventKind::Tone { tone: other, .. }) => tone == other,
        _ => false,
    }
}
