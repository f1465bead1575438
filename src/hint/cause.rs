//! Root cause versus consequence: which of the errors explains the failure.
//!
//! The earliest error by the time of its first cited frame, on a tie the lower layer. On two legs what is
//! wrong between them comes first: it explains both ends.

use crate::call::verdict::{Headline, PagesTold};
use crate::call::{Call, CallNo, Cause, Fax, Verdict};
use crate::capture::Timestamp;
use crate::hint::place::{decided, deciding_frame};
use crate::hint::rule::{Layer, RootCause};
use crate::hint::{Hint, Rule, RuleContext, Severity};

/// The hint that explains a failed fax.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its rule.
    pub rule: &'static Rule,
    /// The leg on which it stands.
    pub call: CallNo,
    /// The hint itself.
    pub hint: Hint,
}

impl Root {
    /// The rule, and who has to act.
    pub fn cause(&self) -> Cause {
        Cause {
            rule: self.rule.id,
            side: self.hint.side,
        }
    }
}

/// The hint that explains why a fax failed, out of the hints of this leg and of the other.
pub(crate) fn find(context: &RuleContext<'_>, own: &[Hint], there: &[Hint]) -> Option<Root> {
    if context.delivered_on_either_leg() {
        return None;
    }
    let other = context.mirrored();
    let mut candidates: Vec<Candidate<'_>> = own
        .iter()
        .map(|hint| Candidate::new(context.call, hint))
        .collect();
    if let Some(other) = &other {
        candidates.extend(there.iter().map(|hint| Candidate::new(other.call, hint)));
    }
    if is_incomplete(context) {
        // What the capture does not have may be the reason, or refute it.
        let root = not_shown(&candidates).or_else(|| ended_early(&candidates))?;
        return Some(root.as_root());
    }
    let root = between_legs(&candidates)
        .or_else(|| earliest(&candidates, |hint| is_error(hint) && !hint.consequence))
        .or_else(|| {
            earliest(&candidates, |hint| {
                hint.rule.root == RootCause::AsWarning && hint.finding.severity == Severity::Warning
            })
        })
        .or_else(|| earliest(&candidates, is_error))
        .or_else(|| {
            earliest(&candidates, |hint| {
                hint.rule.severity == Severity::Error && hint.finding.doubtful
            })
        })
        .or_else(|| summary(&candidates))?;
    Some(root.as_root())
}

/// Sets the consequence flag: errors and warnings that come after the root, but for what stands on its own.
pub(crate) fn mark_consequences(
    context: &RuleContext<'_>,
    root: Option<&Root>,
    hints: &mut [Hint],
) {
    let Some(root) = root else {
        // Nothing failed: what only explains something else is shown as it is.
        return;
    };
    let root_here = root.call == context.call.number;
    for hint in hints {
        let is_root =
            root_here && hint.rule == root.rule && hint.finding.frames == root.hint.finding.frames;
        if is_root {
            hint.consequence = false;
        } else if is_error(hint) {
            hint.consequence = true;
        }
    }
}

/// The sentence at the top of the flow: what, whose side, the deciding frame.
pub fn sentence(root: &Root, context: &RuleContext<'_>) -> String {
    let mirrored = context.mirrored();
    let on = match &mirrored {
        Some(other) if other.call.number == root.call => other,
        _ => context,
    };
    let finding = &root.hint.finding;
    let fax = context.call.fax.as_ref();
    let told = fax.and_then(PagesTold::of);
    // Some say it themselves.
    let says_pages = told.is_some() && finding.pages == told;
    // Where the cause names its phase, that one; else the one that the fax stopped in.
    let phase = finding.phase.or_else(|| fax.and_then(Fax::stopped_in));
    Headline {
        pages: told.filter(|_| !says_pages),
        phase: phase.filter(|_| !says_pages),
        what: root.hint.says().into_owned(),
        side: on.accused(&root.hint),
        frame: deciding_frame(on.call, &root.hint),
        other_leg: (on.call.number != context.call.number).then_some(on.call.number),
    }
    .to_string()
}

/// A hint and when it was decided.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    call: &'a Call,
    hint: &'a Hint,
    at: Timestamp,
}

impl<'a> Candidate<'a> {
    fn new(call: &'a Call, hint: &'a Hint) -> Self {
        Self {
            call,
            hint,
            at: decided(call, hint),
        }
    }

    fn as_root(&self) -> Root {
        Root {
            rule: self.hint.rule,
            call: self.call.number,
            hint: self.hint.clone(),
        }
    }

    /// Order of root causes: time, then layer, then the order of the catalogue's families.
    fn key(&self) -> (Timestamp, Layer) {
        (self.at, self.hint.rule.layer)
    }
}

fn is_error(hint: &Hint) -> bool {
    let may_be = !matches!(hint.rule.root, RootCause::Summary | RootCause::Never);
    hint.finding.severity == Severity::Error && may_be
}

fn earliest<'a>(
    candidates: &[Candidate<'a>],
    wanted: impl Fn(&Hint) -> bool,
) -> Option<Candidate<'a>> {
    candidates
        .iter()
        .filter(|candidate| wanted(candidate.hint))
        .min_by_key(|candidate| candidate.key())
        .copied()
}

/// What is wrong between two legs, if anything is.
fn between_legs<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let negotiation = earliest(candidates, |hint| {
        is_error(hint)
            && !hint.consequence
            && matches!(hint.rule.layer, Layer::SetUp | Layer::Negotiation)
    });
    let (kind, fault) = candidates
        .iter()
        .filter(|candidate| is_error(candidate.hint))
        .filter_map(|candidate| match candidate.hint.rule.root {
            RootCause::BetweenLegs(kind) => Some((kind, *candidate)),
            _ => None,
        })
        .min_by_key(|(kind, candidate)| (candidate.at, *kind))?;
    let explained = negotiation.is_some_and(|before| before.at < fault.at) && kind.is_about_media();
    (!explained).then_some(fault)
}

/// Where its content is not in the capture, or not decoded, nothing is known of the fax, whatever SIP shows beside.
fn not_shown<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    earliest(candidates, |hint| {
        hint.rule.root == RootCause::IfIncomplete && !hint.rule.doubts_absences
    })
}

/// Whether the capture does not have what became of the fax.
pub(crate) fn is_incomplete(context: &RuleContext<'_>) -> bool {
    let fax = context.call.fax.as_ref();
    fax.is_some_and(|fax| fax.verdict == Verdict::Incomplete)
}

/// A capture that ends before its fax explains why nothing is known of the rest.
fn ended_early<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    earliest(candidates, |hint| hint.rule.root == RootCause::IfIncomplete)
}

fn summary<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    candidates
        .iter()
        .find(|candidate| candidate.hint.rule.root == RootCause::Summary)
        .copied()
}
