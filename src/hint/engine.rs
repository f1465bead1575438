//! All checks, then what covers what, then what the capture makes doubtful, then order.

use crate::call::{Call, Event};
use crate::capture::FrameNo;
use crate::hint::cause::{self, Root};
use crate::hint::context::clock_jumps;
use crate::hint::evidence::dcn;
use crate::hint::merge;
use crate::hint::place::place;
use crate::hint::rule::{Check, Effect};
use crate::hint::{Hint, RuleContext, Severity, Site, rules};

/// Findings of one rule on one call that are told. Ten thousand refusals are no news after the first hundred,
/// and hints are compared with hints.
pub(crate) const MAX_FINDINGS: usize = 100;

/// Hints of one leg, and what explains the failure of the whole fax.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Hints of the context's call: by severity, then first frame.
    pub hints: Vec<Hint>,
    /// What explains the failure; `None` if the fax was delivered, or nothing explains it.
    pub root: Option<Root>,
}

/// Checks all rules on a call (and, for the root cause, on the other leg).
pub fn diagnose(context: &RuleContext<'_>) -> Diagnosis {
    let mirrored = context.mirrored();
    let own = check(context);
    let there = mirrored.as_ref().map(check).unwrap_or_default();
    let own_found = after_outcome(context, check_legs(context, &own, &there));
    let there_found = mirrored
        .as_ref()
        .map(|mirrored| after_outcome(mirrored, check_legs(mirrored, &there, &own)))
        .unwrap_or_default();
    let mut hints = settle(context, &own_found, &there_found);
    let there = mirrored
        .as_ref()
        .map(|mirrored| settle(mirrored, &there_found, &own_found))
        .unwrap_or_default();
    let mut root = cause::find(context, &hints, &there);
    cause::mark_consequences(context, root.as_ref(), &mut hints);
    let hints = merge::by_rule(context, hints, root.as_mut());
    Diagnosis { hints, root }
}

/// What the checks find on a call, before a rule hides or lowers what another one says: for the tests of the checks.
pub fn before_suppression(call: &Call, other: Option<&Call>, site: &Site) -> Vec<Hint> {
    let context = RuleContext::new(call, other, site);
    let there = context.mirrored().as_ref().map(check).unwrap_or_default();
    check_legs(&context, &check(&context), &there)
}

/// What the rules about one leg say, in the order of the catalogue.
fn check(context: &RuleContext<'_>) -> Vec<Hint> {
    rules()
        .flat_map(|rule| {
            let findings = rule.check.findings(context).into_iter().take(MAX_FINDINGS);
            findings.map(move |finding| Hint::new(rule, finding))
        })
        .collect()
}

/// The same, and what the rules say that compare it with the other leg.
fn check_legs(context: &RuleContext<'_>, own: &[Hint], there: &[Hint]) -> Vec<Hint> {
    let compared = rules().filter_map(|rule| match rule.check {
        Check::Legs(check) => check(context, own, there).map(|finding| Hint::new(rule, finding)),
        Check::One(_) | Check::PerSide(_) | Check::Many(_) => None,
    });
    own.iter().cloned().chain(compared).collect()
}

/// At the level that the outcome leaves them; of a call in progress only what later packets do not refute.
fn after_outcome(context: &RuleContext<'_>, mut hints: Vec<Hint>) -> Vec<Hint> {
    if context.delivered() {
        for hint in &mut hints {
            let severity = &mut hint.finding.severity;
            *severity = hint.rule.after_success.limit(*severity);
        }
    }
    if cause::is_incomplete(context) {
        // What it takes to call a thing the reason of a failure is not in the capture.
        for hint in &mut hints {
            let severity = &mut hint.finding.severity;
            *severity = (*severity).max(Severity::Warning);
        }
    }
    if is_in_progress(context.call) {
        hints.retain(|hint| !is_too_early(context.call, hint));
    }
    hints
}

/// Whether more of the fax may come.
fn is_in_progress(call: &Call) -> bool {
    call.capture.unfinished && call.ended.is_none() && dcn(call).is_none()
}

/// What has just been seen of a call in progress may look otherwise with the next packets: a TCF that goes on, a
/// loss that is still repaired, an offer that the other leg has not answered yet.
fn is_too_early(call: &Call, hint: &Hint) -> bool {
    if hint.finding.severity > Severity::Warning {
        return false;
    }
    let since = |event: &Event| call.capture.last_time.seconds_since(event.end);
    place(call, hint).is_some_and(|event| since(event) < hint.rule.settles)
}

/// Covered hints taken off, doubtful ones lowered, the rest in order.
fn settle(context: &RuleContext<'_>, own: &[Hint], there: &[Hint]) -> Vec<Hint> {
    let mut kept: Vec<Hint> = own
        .iter()
        .filter_map(|hint| after_covers(context, hint, own, there))
        .map(|hint| after_doubt(hint, own))
        .collect();
    kept.sort_by_key(|hint| (hint.finding.severity, first_frame(hint)));
    kept
}

/// What the rules that cover it leave of a hint.
fn after_covers(
    context: &RuleContext<'_>,
    hint: &Hint,
    own: &[Hint],
    there: &[Hint],
) -> Option<Hint> {
    let mut hint = hint.clone();
    if is_covered(&hint, own, there, Effect::Lower) {
        doubt(&mut hint);
    }
    let hidden = is_covered(&hint, own, there, Effect::Hide)
        || is_covered(&hint, own, there, Effect::HideAcrossJump) && crosses_jump(context, &hint);
    hint.consequence = is_covered(&hint, own, there, Effect::Explain);
    hint.side = context.fault_of(&hint);
    (!hidden).then_some(hint)
}

/// Whether another rule that fires on this leg or the other one has this effect on a hint.
fn is_covered(hint: &Hint, own: &[Hint], there: &[Hint], effect: Effect) -> bool {
    let covers = |by: &Hint, other_leg| {
        by.rule
            .covers
            .iter()
            .any(|cover| cover.effect == effect && cover.works(by, hint, other_leg))
    };
    own.iter().any(|by| covers(by, false)) || there.iter().any(|by| covers(by, true))
}

/// Absences are doubtful where the capture may simply not have what is missing.
fn after_doubt(mut hint: Hint, own: &[Hint]) -> Hint {
    let doubtful = own.iter().any(|other| other.rule.doubts_absences);
    if doubtful && hint.rule.absence.is_some() {
        doubt(&mut hint);
    }
    hint
}

fn doubt(hint: &mut Hint) {
    hint.finding.severity = hint.finding.severity.lowered();
    hint.finding.doubtful = true;
}

/// Whether the capture clock jumps between the first and the last cited frame.
fn crosses_jump(context: &RuleContext<'_>, hint: &Hint) -> bool {
    let first = hint.finding.frames.iter().min();
    let last = hint.finding.frames.iter().max();
    let (Some(first), Some(last)) = (first, last) else {
        return false;
    };
    // A finding on one frame is about what came before it: each stream goes on a few frames after the jump.
    let before = if first == last { AFTER_JUMP } else { 0 };
    let own = clock_jumps(context.call).iter();
    let there = context.other.map(clock_jumps).unwrap_or_default();
    own.chain(there)
        .any(|(frame, _)| first.0 <= frame.0.saturating_add(before) && frame <= last)
}

/// Frames after a jump within which each stream that runs has gone on.
const AFTER_JUMP: u32 = 50;

/// First frame of a hint, in capture order.
fn first_frame(hint: &Hint) -> FrameNo {
    hint.finding
        .frames
        .iter()
        .copied()
        .min()
        .unwrap_or_default()
}
