//! Rules and hints: what went wrong, whose side it is on, what to check next.
//!
//! A rule is one `static` in one of the files below; it reads the model and nothing else.

use std::cell::OnceCell;

use crate::call::{Call, EventId};
use crate::capture::{Endpoint, FrameNo};

mod cap;
mod cause;
mod engine;
mod evidence;
mod g711;
mod leg;
mod place;
mod rule;
mod scene;
mod sip;
mod t30;
mod t38;
mod udptl;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use crate::call::exchange::ExchangeView;
pub use cause::{Root, sentence};
pub use engine::{Diagnosis, diagnose, run};
pub use place::place;
pub use rule::{Rule, Severity};
pub(crate) use sip::no_invite_note;

/// Slices of rules by family: one family a file, one slice a file or subfile.
const FAMILIES: [&[&[&Rule]]; 7] = [
    &[cap::RULES],
    sip::RULES,
    t38::RULES,
    &[udptl::RULES],
    t30::RULES,
    &[g711::RULES],
    &[leg::RULES],
];

/// All rules, in the order of the catalogue.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES
        .into_iter()
        .flat_map(|family| family.iter().copied().flatten().copied())
}

/// The rule with this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// What a rule may look at: one call, the other leg if there is one, and what the user said.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The call that the hint will stand on.
    pub call: &'a Call,
    /// The other leg of the same fax.
    pub other: Option<&'a Call>,
    /// The user's view.
    pub view: &'a PointOfView,
    /// The call's T.30 exchange, read for the first rule that asks.
    exchange: OnceCell<ExchangeView<'a>>,
}

/// Options that come from the user (`--pbx`, `--udptl-ports`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointOfView {
    /// Addresses of the user's own PBX (any port); empty: guessed from the legs.
    pub pbx: Vec<std::net::IpAddr>,
    /// The PBX's UDPTL range; VoipNow: 4000 to 5999.
    pub udptl_ports: (u16, u16),
    /// The user gave `--udptl-ports`.
    pub udptl_ports_given: bool,
}

impl Default for PointOfView {
    fn default() -> Self {
        Self {
            pbx: Vec::new(),
            udptl_ports: (4000, 5999),
            udptl_ports_given: false,
        }
    }
}

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
}

/// Frames that one finding cites at most.
pub(crate) const MAX_CITED: usize = 500;

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
        }
    }

    /// Standing on the row of this event.
    #[must_use]
    pub(crate) fn on(mut self, event: EventId) -> Self {
        self.event = Some(event);
        self
    }

    /// With a sentence added to the rule's advice.
    #[must_use]
    pub(crate) fn more(mut self, sentence: impl Into<String>) -> Self {
        self.more = Some(sentence.into());
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
    /// A consequence of the root cause, shown dimmed.
    pub consequence: bool,
}

impl Hint {
    /// As a check found it.
    pub(crate) const fn new(rule: &'static Rule, finding: Finding) -> Self {
        Self {
            rule,
            finding,
            consequence: false,
        }
    }

    /// What was seen, or what the rule is about.
    pub fn says(&self) -> &str {
        if self.finding.seen.is_empty() {
            self.rule.title
        } else {
            &self.finding.seen
        }
    }

    /// It says that something did not come, and the capture may simply not have it.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.finding.seen.ends_with(DOUBT)
    }
}

/// What is said of an absence that the capture makes doubtful.
pub(crate) const DOUBT: &str = " (capture incomplete)";
