//! All checks, then what covers what, then what the capture makes doubtful, then order.

use crate::call::{Call, CallNo, Event};
use crate::capture::FrameNo;
use crate::hint::evidence::dcn;
use crate::hint::scene::clock_jumps;
use crate::hint::suppression::{ABSENCE, DOUBTFUL_CAPTURE, Effect, GOT_OVER, TABLE, lowered};
use crate::hint::{DOUBT, Hint, Rule, Scene, Severity, cause, rules};

/// Findings of one rule on one call that are told. Ten thousand refusals are no news after the first hundred,
/// and hints are compared with hints.
pub(crate) const MAX_FINDINGS: usize = 100;

/// Hints of one leg, and what explains the failure of the whole fax.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Hints of the scene's call: by severity, then first frame.
    pub hints: Vec<Hint>,
    /// What explains the failure; `None` if the fax was delivered, or nothing explains it.
    pub root: Option<Root>,
}

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

/// The hints of a scene's call; [`diagnose`] without the root.
pub fn run(scene: &Scene<'_>) -> Vec<Hint> {
    diagnose(scene).hints
}

/// Checks all rules on a call (and, for the root cause, on the other leg).
pub fn diagnose(scene: &Scene<'_>) -> Diagnosis {
    let found = check(scene);
    let mirrored = scene.mirrored();
    let found_there = mirrored.as_ref().map(check).unwrap_or_default();
    let mut hints = settle(scene, &found, &found_there);
    let there = mirrored
        .as_ref()
        .map(|mirrored| settle(mirrored, &found_there, &found))
        .unwrap_or_default();
    let root = cause::find(scene, &hints, &there);
    cause::mark_consequences(scene, root.as_ref(), &mut hints);
    Diagnosis { hints, root }
}

/// What all rules say, in the order of the catalogue, at the level that the outcome leaves them.
fn check(scene: &Scene<'_>) -> Vec<Hint> {
    let delivered = scene.delivered();
    let in_progress = is_in_progress(scene.call);
    rules()
        .flat_map(|rule| {
            let findings = (rule.check)(scene).into_iter().take(MAX_FINDINGS);
            findings.map(move |finding| Hint {
                rule,
                finding,
                consequence: false,
            })
        })
        .map(|hint| if delivered { after_success(hint) } else { hint })
        .filter(|hint| !in_progress || !is_too_early(scene.call, hint))
        .collect()
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
    let settles = if WAITS_FOR_T30.contains(&hint.rule.id) {
        T30_BEGINS
    } else {
        NEXT_PACKETS
    };
    let since = |event: &Event| call.capture.last_time.seconds_since(event.end);
    cause::place(call, hint).is_some_and(|event| since(event) < settles)
}

/// Seconds after which the next packets have come, or will not.
const NEXT_PACKETS: f64 = 5.0;
/// Seconds within which the first messages pass from leg to leg, so that one sees that they do.
const T30_BEGINS: f64 = 20.0;
/// Rules that only those messages can refute.
const WAITS_FOR_T30: &[&str] = &["leg-t38-one-sided", "udptl-one-way"];

/// Covered hints taken off, doubtful ones lowered, the rest in order.
fn settle(scene: &Scene<'_>, own: &[Hint], there: &[Hint]) -> Vec<Hint> {
    let mut kept: Vec<Hint> = own
        .iter()
        .filter_map(|hint| after_table(scene, hint, own, there))
        .map(|hint| after_doubt(hint, own))
        .collect();
    kept.sort_by_key(|hint| (hint.finding.severity, first_frame(hint)));
    kept
}

/// What the table of [`crate::hint::suppression`] leaves of a hint.
fn after_table(scene: &Scene<'_>, hint: &Hint, own: &[Hint], there: &[Hint]) -> Option<Hint> {
    let mut hint = hint.clone();
    for row in TABLE.iter().filter(|row| row.covers(hint.rule.id)) {
        let works = own.iter().any(|by| row.works(by, &hint, false))
            || there.iter().any(|by| row.works(by, &hint, true));
        if !works || row.by == hint.rule.id {
            continue;
        }
        match row.effect {
            Effect::Hide => return None,
            Effect::HideAcrossJump if crosses_jump(scene, &hint) => return None,
            Effect::HideAcrossJump => {}
            Effect::Explain => hint.consequence = true,
            Effect::Lower => doubt(&mut hint),
        }
    }
    Some(hint)
}

/// Absence rules say less where the capture may simply not have it (RULES.md 0.2).
fn after_doubt(mut hint: Hint, own: &[Hint]) -> Hint {
    let doubtful = own
        .iter()
        .any(|other| DOUBTFUL_CAPTURE.contains(&other.rule.id));
    if doubtful && ABSENCE.contains(&hint.rule.id) {
        doubt(&mut hint);
    }
    hint
}

fn doubt(hint: &mut Hint) {
    hint.finding.severity = lowered(hint.finding.severity);
    hint.finding.seen.push_str(DOUBT);
}

/// A fax that was delivered got over whatever happened in its dialogue: no error of T.30 is left, and what
/// came late, or not at first, came in the end (RULES.md, `t30-success`: stays as a note).
fn after_success(mut hint: Hint) -> Hint {
    let severity = &mut hint.finding.severity;
    match hint.rule.id {
        id if GOT_OVER.contains(&id) => *severity = (*severity).max(Severity::Note),
        id if id.starts_with("t30-") => *severity = (*severity).max(Severity::Warning),
        _ => {}
    }
    hint
}

/// Whether the capture clock jumps between the first and the last cited frame.
fn crosses_jump(scene: &Scene<'_>, hint: &Hint) -> bool {
    let first = hint.finding.frames.iter().min();
    let last = hint.finding.frames.iter().max();
    let (Some(first), Some(last)) = (first, last) else {
        return false;
    };
    // A finding on one frame is about what came before it: each stream goes on a few frames after the jump.
    let before = if first == last { AFTER_JUMP } else { 0 };
    let own = clock_jumps(scene.call).iter();
    let there = scene.other.map(clock_jumps).unwrap_or_default();
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
