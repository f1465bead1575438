//! The text beside an arrow: the hint, else the content of the message.

use crate::call::{Call, Event, EventId, EventKind, PageData, Side, SipEvent, Tcf};
use crate::field::Field;
use crate::hint::{Hint, Severity};
use crate::rtp::{RtpSpan, RtpStats};
use crate::sip::{Message, Sdp, StartLine};
use crate::t30::Fcf;
use crate::text::count;
use crate::view::ladder::plan::Folded;
use crate::view::time::length;
use crate::view::{Role, Span, fit};
use crate::view::{hints, pages};
use std::fmt::Write as _;

/// Longest value that is named where two legs differ.
const CHANGE_MOST: usize = 40;

/// The text beside an arrow, the most important part first; each part is a sentence of its own.
pub(super) type Parts = Vec<Vec<Span>>;

/// What the further hops of a row add to its first one.
pub(super) struct Across {
    /// Numbers of the lifelines that relayed it: `2`, `2, 3`.
    pub(super) via: String,
    /// From the first to the last observation, seconds.
    pub(super) delay: f64,
    /// What was changed in its SDP.
    pub(super) rewritten: Vec<String>,
}

/// What `detail` looks at.
pub(super) struct Context<'a> {
    pub(super) call: &'a Call,
    pub(super) event: &'a Event,
    /// RTP: the other direction.
    pub(super) partner: Option<&'a Event>,
    /// The same message before this, on another leg or (`true`) on another hop of this one.
    pub(super) relayed: Option<(bool, &'a Event)>,
    /// The message of the other leg that the host between both passed on with this.
    pub(super) begun: Option<&'a Event>,
    /// Index of the leg.
    pub(super) leg: usize,
    /// It is on further hops, and the row stands for all of them.
    pub(super) across: Option<Across>,
    pub(super) folded: Folded,
    pub(super) hints: Vec<&'a Hint>,
    /// What the arrow has no room for.
    pub(super) left_out: Option<String>,
    /// It came from, or went to, a host that is not the one over the lifeline.
    pub(super) elsewhere: Option<String>,
    pub(super) sdp: bool,
    pub(super) ascii: bool,
}

impl Context<'_> {
    /// Hints (errors and warnings, else what there is), delay and changes between the legs, content, folds.
    pub(super) fn parts(&self) -> Parts {
        let mut parts = Parts::new();
        if let EventKind::Missing(missing) = &self.event.kind {
            let timer = match missing.timer {
                "" => String::new(),
                timer => format!(" ({timer})"),
            };
            parts.push(vec![Span::new(
                format!("never came: waited {}{timer}", length(missing.waited)),
                Role::Missing,
            )]);
        }
        let worst = self.hints.iter().map(|hint| hint.finding.severity).min();
        for hint in &self.hints {
            let severity = hint.finding.severity;
            if severity <= Severity::Warning || worst > Some(Severity::Warning) {
                parts.push(hints::one_line(hint, self.ascii));
            }
        }
        let mut content = self.left_out.clone().unwrap_or_default();
        let own = self.content();
        push(&mut content, &own);
        if let Some((true, before)) = self.relayed
            && self.content_before(before) == own
        {
            // The row of the hop before says it.
            content.clear();
        }
        let content = crate::view::plain(&content, self.ascii);
        // Only a hint that is shown: the parts so far.
        let is_said =
            self.is_nsf() && (parts.iter().flatten()).any(|span| span.text().contains(&*content));
        if let Some(relayed) = self.relayed {
            parts.push(vec![Span::plain(self.relay(relayed))]);
        }
        if let Some(first) = self.begun {
            let leg = if self.leg == 0 { 'A' } else { 'B' };
            let text = format!("leg {leg} {:+.0} ms", delay(first, self.event) * 1e3);
            parts.push(vec![Span::plain(text)]);
        }
        if let Some(across) = &self.across {
            parts.push(vec![Span::plain(across.text())]);
        }
        if !content.is_empty() && !is_said {
            let role = if self.event.observed {
                Role::Plain
            } else {
                Role::Dim
            };
            parts.push(vec![Span::new(content, role)]);
        }
        if let Some(elsewhere) = &self.elsewhere {
            parts.push(vec![Span::new(elsewhere, Role::Dim)]);
        }
        if let Some(folds) = self.folds() {
            parts.push(vec![Span::new(folds, Role::Repeat)]);
        }
        parts
    }

    /// A message whose hint already says everything.
    fn is_nsf(&self) -> bool {
        matches!(&self.event.kind, EventKind::T30(frame) if frame.fcf == Fcf::Nsf)
    }

    /// What stood beside the same message on the hop before.
    fn content_before(&self, before: &Event) -> String {
        Context {
            call: self.call,
            event: before,
            partner: None,
            relayed: None,
            begun: None,
            leg: self.leg,
            across: None,
            folded: Folded::default(),
            hints: Vec::new(),
            left_out: None,
            elsewhere: None,
            sdp: self.sdp,
            ascii: self.ascii,
        }
        .content()
    }

    /// `+41 ms; ECM: yes to no`, `+22 ms; SDP: image c=, image port`
    fn relay(&self, (same_leg, first): (bool, &Event)) -> String {
        let delay = delay(first, self.event);
        let mut text = if delay < 0.0 {
            // As captured: both are in one capture, but not by one clock or not in order.
            let other = if same_leg {
                "hop before it"
            } else {
                "other leg"
            };
            format!("captured {:.0} ms before the {other}", -delay * 1e3)
        } else {
            format!("+{:.0} ms", delay * 1e3)
        };
        if same_leg {
            let rewritten = rewritten(self.call, &[self.event.id]);
            if !rewritten.is_empty() {
                let _ = write!(text, "; SDP: {}", rewritten.join(", "));
            }
        }
        let (EventKind::T30(before), EventKind::T30(after)) = (&first.kind, &self.event.kind)
        else {
            return text;
        };
        // A damaged message differs because it is damaged, not because it was edited.
        if before.octets == after.octets || before.is_doubtful() || after.is_doubtful() {
            return text;
        }
        let changes = changes(&before.fields(), &after.fields());
        let shown = 3;
        text.push_str(if same_leg {
            "; changed on the way"
        } else {
            "; changed by the PBX"
        });
        for (at, change) in changes.iter().take(shown).enumerate() {
            text.push_str(if at == 0 { ": " } else { ", " });
            text.push_str(change);
        }
        if changes.len() > shown {
            let _ = write!(text, " and {} more", changes.len() - shown);
        }
        crate::view::plain(&text, self.ascii).into_owned()
    }

    fn folds(&self) -> Option<String> {
        let counts = [
            (self.folded.provisional, "provisional", "provisional"),
            (
                self.folded.retransmissions,
                "retransmission",
                "retransmissions",
            ),
            (self.folded.repeats, "repeat", "repeats"),
        ];
        let text: Vec<String> = counts
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
            .collect();
        (!text.is_empty()).then(|| format!("[+ {}]", text.join(", ")))
    }

    fn content(&self) -> String {
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

impl Across {
    /// `via 2 +11 ms`, `via 2 +22 ms, SDP: image c=, image port`
    fn text(&self) -> String {
        let mut text = if self.via.is_empty() {
            String::new()
        } else {
            format!("via {} ", self.via)
        };
        let _ = write!(text, "{:+.0} ms", self.delay * 1e3);
        if !self.rewritten.is_empty() {
            let _ = write!(text, ", SDP: {}", self.rewritten.join(", "));
        }
        text
    }
}

/// From one observation of a message to another, seconds.
pub(super) fn delay(first: &Event, last: &Event) -> f64 {
    // Where one leg has the training in it, the ends of both are the same moment.
    let with_training =
        |event: &Event| matches!(&event.kind, EventKind::Tcf(tcf) if tcf.has_training());
    if with_training(first) || with_training(last) {
        last.end.seconds_since(first.end)
    } else {
        last.at.seconds_since(first.at)
    }
}

/// What the hops of some copies changed in the SDP, each once.
pub(super) fn rewritten(call: &Call, copies: &[EventId]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for rewrite in call.path.hops.iter().flat_map(|hop| &hop.rewritten) {
        let what = crate::view::plain(&rewrite.what, false);
        if copies.contains(&rewrite.event) && !out.iter().any(|known| *known == what) {
            out.push(what.into_owned());
        }
    }
    out
}

/// Adds a clause.
fn push(text: &mut String, clause: &str) {
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

/// Fields of two messages that differ: `error correction mode (ECM) taken out`, `modems: V.17 → V.29`.
fn changes(before: &[Field], after: &[Field]) -> Vec<String> {
    let value = |field: &Field| fit(&field.value, CHANGE_MOST, false).into_owned();
    let alone = |field: &Field, what: &str| match field.value.as_str() {
        "yes" => format!("{} {what}", bare_name(field)),
        _ => format!("{} ({}) {what}", bare_name(field), value(field)),
    };
    let of = |fields: &[Field], name: &str| fields.iter().position(|field| field.name == name);
    let mut out = Vec::new();
    for field in before.iter().filter(|field| !is_summary(field)) {
        match of(after, &field.name).and_then(|at| after.get(at)) {
            None => out.push(alone(field, "taken out")),
            Some(other) if other.value != field.value => {
                out.push(format!(
                    "{}: {} → {}",
                    bare_name(field),
                    value(field),
                    value(other)
                ));
            }
            Some(_) => {}
        }
    }
    for field in after.iter().filter(|field| !is_summary(field)) {
        if of(before, &field.name).is_none() {
            out.push(alone(field, "put in"));
        }
    }
    out
}

/// A field that only sums up the others, or tells their length.
fn is_summary(field: &Field) -> bool {
    field.name.starts_with("not ") || field.name == "information field"
}

/// Its name without the numbers of its bits.
fn bare_name(field: &Field) -> &str {
    field
        .name
        .trim_start_matches(|c: char| c.is_ascii_digit() || " -,".contains(c))
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
