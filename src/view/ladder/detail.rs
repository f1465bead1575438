//! The text beside an arrow: the hint, else the content of the message.

use crate::call::{Call, Event, EventKind};
use crate::hint::{Hint, Severity};
use crate::t30::Fcf;
use crate::view::hints;
use crate::view::ladder::plan::Folded;
use crate::view::time::length;
use crate::view::{Role, Span};

use content::push;

mod content;
mod relay;

pub(super) use relay::{Across, delay, rewritten};

/// The text beside an arrow, the most important part first; each part is a sentence of its own.
pub(super) type Parts = Vec<Vec<Span>>;

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
}
