//! What a row says of the same message before and behind it: delay, and what was changed.

use std::fmt::Write as _;

use crate::call::{Call, Event, EventId, EventKind};
use crate::field::Field;
use crate::view::fit;
use crate::view::ladder::detail::Context;
use crate::view::ladder::plan::Folded;

/// Longest value that is named where two legs differ.
const CHANGE_MOST: usize = 40;

/// What the further hops of a row add to its first one.
pub(in crate::view::ladder) struct Across {
    /// Numbers of the lifelines that relayed it: `2`, `2, 3`.
    pub(in crate::view::ladder) via: String,
    /// From the first to the last observation, seconds.
    pub(in crate::view::ladder) delay: f64,
    /// What was changed in its SDP.
    pub(in crate::view::ladder) rewritten: Vec<String>,
}

impl Context<'_> {
    /// What stood beside the same message on the hop before.
    pub(super) fn content_before(&self, before: &Event) -> String {
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
    pub(super) fn relay(&self, (same_leg, first): (bool, &Event)) -> String {
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
}

impl Across {
    /// `via 2 +11 ms`, `via 2 +22 ms, SDP: image c=, image port`
    pub(super) fn text(&self) -> String {
        let via = if self.via.is_empty() {
            String::new()
        } else {
            format!("via {}", self.via)
        };
        // Of media that go both ways the later hop may be the first one.
        let delay = format!("{:+.0} ms", self.delay * 1e3);
        let delay = Some(delay).filter(|_| self.delay >= 0.0 || via.is_empty());
        let parts = [Some(via).filter(|via| !via.is_empty()), delay];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let mut text = parts.join(" ");
        if !self.rewritten.is_empty() {
            let _ = write!(text, ", SDP: {}", self.rewritten.join(", "));
        }
        text
    }
}

/// From one observation of a message to another, seconds.
pub(in crate::view::ladder) fn delay(first: &Event, last: &Event) -> f64 {
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
pub(in crate::view::ladder) fn rewritten(call: &Call, copies: &[EventId]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for rewrite in call.path.hops.iter().flat_map(|hop| &hop.rewritten) {
        let what = crate::view::plain(&rewrite.what, false);
        if copies.contains(&rewrite.event) && !out.iter().any(|known| *known == what) {
            out.push(what.into_owned());
        }
    }
    out
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
