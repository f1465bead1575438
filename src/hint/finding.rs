//! What a check found, and the hint that is shown of it.

use std::borrow::Cow;

use crate::call::verdict::PagesTold;
use crate::call::{EventId, FaultSide, Phase, Side};
use crate::capture::{Endpoint, FrameNo};
use crate::hint::{Rule, RuleContext, Severity};

/// What a check saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Severity of this finding.
    pub severity: Severity,
    /// Frames that prove it, the deciding one first.
    pub frames: Vec<FrameNo>,
    /// The event on whose row the hint stands.
    pub event: Option<EventId>,
    /// What was seen, filled in, at most about 90 characters.
    pub seen: String,
    /// A sentence added to the rule's advice where the facts allow it: side, address, setting.
    pub more: Option<String>,
    /// Host that it is about, if one.
    pub host: Option<Endpoint>,
    /// Who has to act, where the finding itself tells; else see `RuleContext::fault_of`.
    pub blame: Option<Blame>,
    /// The phase that `seen` says it happened in.
    pub(crate) phase: Option<Phase>,
    /// What came through, where `seen` begins with it.
    pub(crate) pages: Option<PagesTold>,
    /// It says that something did not come, and the capture may simply not have it.
    pub(crate) doubtful: bool,
}

/// Who a finding says has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// This side.
    On(FaultSide),
    /// Two sides are open.
    Nobody,
}

/// Frames that one finding cites at most.
pub(crate) const MAX_CITED: usize = 40;

impl Finding {
    /// A finding with its frames (the deciding one first; repeated ones are left out) and what was seen.
    pub(crate) fn new(
        severity: Severity,
        frames: impl IntoIterator<Item = FrameNo>,
        seen: impl Into<String>,
    ) -> Self {
        let mut kept: Vec<FrameNo> = Vec::new();
        for frame in frames {
            if kept.len() >= MAX_CITED {
                break;
            }
            if !kept.contains(&frame) {
                kept.push(frame);
            }
        }
        Self {
            severity,
            frames: kept,
            event: None,
            seen: seen.into(),
            more: None,
            host: None,
            blame: None,
            phase: None,
            pages: None,
            doubtful: false,
        }
    }

    /// Standing on the row of this event.
    #[must_use]
    pub(crate) fn on(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// Standing on the row of this event, if there is one.
    #[must_use]
    pub(crate) fn on_any(mut self, event: Option<EventId>) -> Self {
        self.event = event;
        self
    }

    /// In this phase, as `seen` says.
    #[must_use]
    pub(crate) fn in_phase(mut self, phase: impl Into<Option<Phase>>) -> Self {
        self.phase = phase.into();
        self
    }

    /// With a sentence added to the rule's advice.
    #[must_use]
    pub(crate) fn more(mut self, sentence: impl Into<String>) -> Self {
        self.more = Some(sentence.into());
        self
    }

    /// Who has to act.
    #[must_use]
    pub(crate) fn blame(mut self, side: FaultSide) -> Self {
        self.blame = Some(Blame::On(side));
        self
    }

    /// This side of the call has to act, or nobody is named.
    #[must_use]
    pub(crate) fn blame_one_of(self, context: &RuleContext<'_>, side: Option<Side>) -> Self {
        match side {
            Some(side) => self.blame(context.fault_side(side)),
            None => self.blame_nobody(),
        }
    }

    /// The capture leaves two sides open: nobody is named.
    #[must_use]
    pub(crate) fn blame_nobody(mut self) -> Self {
        self.blame = Some(Blame::Nobody);
        self
    }

    /// About this host.
    #[must_use]
    pub(crate) fn about(mut self, host: Endpoint) -> Self {
        self.host = Some(host);
        self
    }
}

/// A rule and what it saw, as shown.
#[derive(Clone, Debug)]
pub struct Hint {
    /// The rule.
    pub rule: &'static Rule,
    /// What it saw.
    pub finding: Finding,
    /// Who has to act; `None` where the capture leaves two sides open.
    pub side: Option<FaultSide>,
    /// A consequence of the root cause, shown dimmed.
    pub consequence: bool,
}

impl Hint {
    /// As a check found it.
    pub(crate) const fn new(rule: &'static Rule, finding: Finding) -> Self {
        Self {
            rule,
            finding,
            side: None,
            consequence: false,
        }
    }

    /// What to do: what is said about this case, then what holds in general.
    pub fn advice(&self) -> Cow<'_, str> {
        match &self.finding.more {
            Some(more) => Cow::Owned(format!("{more} {}", self.rule.advice)),
            None => Cow::Borrowed(self.rule.advice),
        }
    }

    /// What was seen, or what the rule is about.
    pub(crate) fn text(&self) -> &str {
        if self.finding.seen.is_empty() {
            self.rule.title
        } else {
            &self.finding.seen
        }
    }

    /// The same; whether it is doubtful.
    pub fn says(&self) -> Cow<'_, str> {
        let says = self.text();
        if self.finding.doubtful {
            Cow::Owned(format!("{says} (capture incomplete)"))
        } else {
            Cow::Borrowed(says)
        }
    }
}
