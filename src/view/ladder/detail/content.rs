//! What a row says of its event.

use std::fmt::Write as _;

use crate::call::{Call, Event, EventKind, PageData, Side, SipEvent, Tcf};
use crate::rtp::{RtpSpan, RtpStats};
use crate::sip::{Message, Sdp, StartLine};
use crate::t30::Fcf;
use crate::text::count;
use crate::view::ladder::detail::Context;
use crate::view::pages;
use crate::view::time::length;

impl Context<'_> {
    pub(super) fn content(&self) -> String {
        match &self.event.kind {
            EventKind::Sip(sip) => self.sip(sip),
            EventKind::Rtp(span) => self.rtp(span),
            EventKind::T30(frame) => {
                let mut text = match frame.fcf {
                    // The number stands on the arrow.
                    Fcf::Csi | Fcf::Tsi | Fcf::Cig if !frame.is_doubtful() => String::new(),
                    _ => frame.detail(),
                };
                if frame.is_doubtful() && !text.is_empty() {
                    text.insert_str(0, "reads ");
                }
                if frame.fcs == crate::line::Fcs::Bad {
                    push(&mut text, "bad check sequence");
                }
                if frame.damaged {
                    push(&mut text, "octets missing");
                }
                text
            }
            EventKind::Tcf(tcf) => tcf_text(self.event, tcf),
            EventKind::PageData(page) => page_text(self.call, self.event, page),
            EventKind::V8 { text, .. } => text.clone(),
            EventKind::Icmp {
                error, quoted_dst, ..
            } => {
                format!("{} for {quoted_dst}", error.words())
            }
            EventKind::Gap { first_seq, .. } => format!("from sequence number {first_seq}"),
            EventKind::Malformed { reason, .. } => reason.clone(),
            EventKind::Log(line) => crate::view::decode::log::rest(line),
            EventKind::Tone {
                level: Some(level), ..
            } => format!("{level:.0} dBm0"),
            _ => String::new(),
        }
    }

    fn sip(&self, sip: &SipEvent) -> String {
        let mut text = String::new();
        let message = &sip.message;
        let answer_to = header(message, "CSeq").and_then(|cseq| cseq.split_whitespace().nth(1));
        if let Some(sdp) = sip.sdp.as_ref().filter(|_| self.sdp) {
            push(&mut text, &sdp_text(sdp));
        } else if let (StartLine::Response { .. }, Some(method)) = (&message.start, answer_to) {
            push(&mut text, &format!("to {method}"));
        } else if self.begins_call(&message.start) {
            let name = |party: &crate::sip::Party| {
                let name = party.user.clone().or_else(|| party.host.clone());
                name.unwrap_or_default()
            };
            let parties = format!("{} → {}", name(&self.call.from), name(&self.call.to));
            push(&mut text, &parties);
        }
        for name in ["Reason", "Warning", "Retry-After"] {
            if let Some(value) = header(message, name).filter(|value| !value.trim().is_empty()) {
                push(&mut text, &format!("{name}: {value}"));
            }
        }
        if sip.cut > 0 {
            push(&mut text, &format!("{} cut off", count(sip.cut, "octet")));
        }
        text
    }

    /// The INVITE that begins the dialog.
    fn begins_call(&self, start: &StartLine) -> bool {
        matches!(start, StartLine::Request { method, .. } if method == "INVITE")
            && self.event.from == Side::Caller
            && self.call.answered.is_none_or(|at| self.event.at < at)
    }

    fn rtp(&self, span: &RtpSpan) -> String {
        let mut text = String::new();
        if span.stats.ptime_ms > 0 {
            push(&mut text, &format!("{} ms", span.stats.ptime_ms));
        }
        push(
            &mut text,
            &length(self.event.end.seconds_since(self.event.at).max(0.0)),
        );
        let from = |event: &Event, stats: &RtpStats| {
            let lost = if stats.lost > 0 {
                format!(" ({} lost)", stats.lost)
            } else {
                String::new()
            };
            format!("{} from {}{lost}", stats.packets, event.from)
        };
        match self.partner.map(|event| (event, &event.kind)) {
            Some((other, EventKind::Rtp(other_span))) => {
                push(&mut text, &from(self.event, &span.stats));
                push(&mut text, &from(other, &other_span.stats));
            }
            _ if span.stats.lost > 0 => push(&mut text, &format!("{} lost", span.stats.lost)),
            _ => {}
        }
        text
    }
}

/// Adds a clause.
pub(super) fn push(text: &mut String, clause: &str) {
    if clause.is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push_str(", ");
    }
    text.push_str(clause);
}

/// A header by its full name.
fn header<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    message
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// `T.38 14400, transferredTCF, redundancy, version 0`, or the audio formats.
fn sdp_text(sdp: &Sdp) -> String {
    let mut text = String::new();
    for line in sdp.media.iter().take(4).filter(|line| line.port > 0) {
        match &line.t38 {
            Some(t38) => {
                push(&mut text, "T.38");
                if let Some(rate) = t38.max_bit_rate {
                    let _ = write!(text, " {rate}");
                }
                push(
                    &mut text,
                    t38.udp_ec.as_deref().map_or("", error_correction),
                );
                push(
                    &mut text,
                    t38.rate_management.as_deref().unwrap_or_default(),
                );
                push(&mut text, &format!("version {}", t38.version.unwrap_or(0)));
            }
            None => push(&mut text, &line.format_names().join(" ")),
        }
    }
    text
}

fn error_correction(written: &str) -> &str {
    match written {
        "t38UDPRedundancy" => "redundancy",
        "t38UDPFEC" => "FEC",
        "t38UDPNoEC" => "no error correction",
        other => other,
    }
}

fn tcf_text(event: &Event, tcf: &Tcf) -> String {
    let mut text = String::new();
    if tcf.has_training() {
        let seconds = event.end.seconds_since(event.at).max(0.0);
        push(&mut text, &format!("{} with training", length(seconds)));
    }
    if let Some(share) = tcf.nonzero_share {
        if share > 0.0 {
            push(&mut text, &format!("{:.1} % not zero", share * 100.0));
        } else {
            push(&mut text, "all zero");
        }
    }
    if tcf.lost_packets > 0 {
        push(
            &mut text,
            &format!("{} lost", count(tcf.lost_packets, "packet")),
        );
    }
    if !tcf.ended && event.observed {
        push(&mut text, "end not signalled");
    }
    text
}

fn page_text(call: &Call, event: &Event, page: &PageData) -> String {
    let mut text = page.modem.to_string();
    if page.bytes > 0 {
        push(&mut text, &count(page.bytes, "byte"));
    }
    if page.resent > 0 {
        push(&mut text, &format!("{} sent again", page.resent));
    }
    if page.bad_frames > 0 {
        push(&mut text, &count(page.bad_frames, "bad frame"));
    }
    if page.lost_packets > 0 {
        push(
            &mut text,
            &format!("{} lost", count(page.lost_packets, "packet")),
        );
    }
    if let Some(level) = page.level {
        push(&mut text, &format!("{level:.0} dBm0"));
    }
    if let Some(attempt) = pages::ended_by(call, event) {
        push(&mut text, &pages::rows_in_words(attempt));
    }
    text
}
