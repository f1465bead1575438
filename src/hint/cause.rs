//! Root cause versus consequence (the catalogue, 0.3): which of the errors explains the failure.
//!
//! The earliest error by the time of its first cited frame, on a tie the lower layer. On two legs what is
//! wrong between them comes first: it explains both ends.

use crate::call::verdict::{Headline, PagesTold};
use crate::call::{Call, Event, EventKind, Fax, Phase, Verdict};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::engine::Root;
use crate::hint::evidence::hang_up;
use crate::hint::{Finding, Hint, Scene, Severity};
use crate::t30::timer::T4;

/// Rules that sum up a failure, and never explain it while another one does.
const SUMMARIES: &[&str] = &["t30-partial-delivery", "leg-first-failure"];

/// Rules on two legs that explain what both ends see, whenever they are seen. The first one in this list
/// wins among those of the same time. (`leg-bye-one-sided` counts at its own time: it is a matter of the end.)
const BETWEEN_LEGS: &[&str] = &[
    "leg-reinvite-not-relayed",
    "leg-t38-one-sided",
    "leg-media-not-relayed",
    "leg-t30-not-relayed",
    "leg-latency",
];

/// Rules that explain a call which failed before any fax, though they are no errors.
const EXPLAIN_AS_WARNING: &[&str] = &["sip-invite-busy", "sip-no-answer"];

/// The hint that explains why a fax failed, out of the hints of this leg and of the other.
pub(crate) fn find(scene: &Scene<'_>, own: &[Hint], there: &[Hint]) -> Option<Root> {
    if scene.delivered_on_either_leg() {
        return None;
    }
    let other = scene.mirrored();
    let mut candidates: Vec<Candidate<'_>> = own
        .iter()
        .map(|hint| Candidate::new(scene.call, hint))
        .collect();
    if let Some(other) = &other {
        candidates.extend(there.iter().map(|hint| Candidate::new(other.call, hint)));
    }
    let root = between_legs(&candidates)
        .or_else(|| earliest(&candidates, |hint| is_error(hint) && !hint.consequence))
        .or_else(|| ended_early(scene, &candidates))
        .or_else(|| {
            earliest(&candidates, |hint| {
                EXPLAIN_AS_WARNING.contains(&hint.rule.id)
                    && hint.finding.severity == Severity::Warning
            })
        })
        .or_else(|| earliest(&candidates, is_error))
        .or_else(|| {
            earliest(&candidates, |hint| {
                hint.rule.severity == Severity::Error && hint.is_doubtful()
            })
        })
        .or_else(|| summary(&candidates))?;
    Some(Root {
        rule: root.hint.rule,
        call: root.call.number,
        hint: root.hint.clone(),
    })
}

/// The id of the rule that explains why a fax failed; `None` if it was delivered.
///
/// `hints` are those of [`crate::hint::run`] on the same scene.
pub fn root(hints: &[Hint], scene: &Scene<'_>) -> Option<&'static str> {
    let there = scene
        .mirrored()
        .map(|other| crate::hint::run(&other))
        .unwrap_or_default();
    find(scene, hints, &there).map(|root| root.rule.id)
}

/// Sets the consequence flag: errors and warnings that come after the root, but for what stands on its own.
pub(crate) fn mark_consequences(scene: &Scene<'_>, root: Option<&Root>, hints: &mut [Hint]) {
    let Some(root) = root else {
        // Nothing failed: what only explains something else is shown as it is.
        return;
    };
    let root_here = root.call == scene.call.number;
    for hint in hints {
        let is_root = root_here
            && hint.rule.id == root.rule.id
            && hint.finding.frames == root.hint.finding.frames;
        if is_root {
            hint.consequence = false;
        } else if is_error(hint) {
            hint.consequence = true;
        }
    }
}

/// The sentence at the top of the flow: what, whose side, the deciding frame.
pub fn sentence(root: &Root, scene: &Scene<'_>) -> String {
    let mirrored = scene.mirrored();
    let on = match &mirrored {
        Some(other) if other.call.number == root.call => other,
        _ => scene,
    };
    let finding = &root.hint.finding;
    let side = finding.host.and_then(|host| on.side_of(host));
    let fax = scene.call.fax.as_ref();
    let what = root.hint.says();
    // Some say it themselves.
    let pages = fax
        .and_then(PagesTold::of)
        .filter(|pages| !what.starts_with(&pages.to_string()));
    let says_pages = pages.is_none() && fax.and_then(PagesTold::of).is_some();
    // Where the cause names its phase, that one; else the one that the fax stopped in.
    let phase = named_phase(what).or_else(|| fax.and_then(Fax::stopped_in));
    Headline {
        pages,
        phase: phase.filter(|_| !says_pages),
        what: what.to_owned(),
        side: side.map(|side| on.whose(side)),
        frame: deciding_frame(on.call, &root.hint),
        other_leg: (on.call.number != scene.call.number).then_some(on.call.number),
    }
    .to_string()
}

/// The phase that a finding says it happened in.
fn named_phase(seen: &str) -> Option<Phase> {
    let (_, rest) = seen.split_once(" in phase ")?;
    let name = rest.split(|c: char| !c.is_alphanumeric()).next()?;
    Phase::ALL.into_iter().find(|phase| phase.name() == name)
}

/// The event on whose row a hint stands: as the rule says, else the one that holds its first cited frame.
pub fn place<'a>(call: &'a Call, hint: &Hint) -> Option<&'a Event> {
    if let Some(id) = hint.finding.event {
        return crate::hint::scene::event(call, id);
    }
    let frame = *hint.finding.frames.first()?;
    let begins = call
        .events
        .iter()
        .find(|event| event.frame == frame && event.observed);
    begins.or_else(|| {
        call.events
            .iter()
            .filter(|event| event.frame <= frame && frame <= event.last_frame)
            // Of several that span it the one that is about the fax.
            .min_by_key(|event| (matches!(event.kind, EventKind::Rtp(_)), event.last_frame))
    })
}

/// The frame that a verdict names: of the row that bears the hint, in it the first one cited.
pub fn deciding_frame(call: &Call, hint: &Hint) -> Option<FrameNo> {
    let first = hint.finding.frames.first().copied();
    let Some(event) = place(call, hint) else {
        return first;
    };
    let within = |frame: &FrameNo| event.frame <= *frame && *frame <= event.last_frame;
    first.filter(within).or(Some(event.frame))
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

    /// Order of root causes: time, then layer, then the order of the catalogue's families.
    fn key(&self) -> (Timestamp, u8) {
        (self.at, layer(self.hint.rule.id))
    }
}

/// What did not come is not known to be missing before the wait for it is over: seconds after the first cited
/// frame (the timers less their tolerance, or the thresholds of the rules).
const WAITS: &[(&str, f64)] = &[
    ("t38-no-reinvite", 12.0),
    ("udptl-none", 5.0),
    ("udptl-one-way", 5.0),
    ("g711-one-way", 5.0),
    ("t30-no-dis", 12.0),
    ("t30-dis-no-dcs", T4.earliest()),
    ("t30-dcs-no-response", T4.earliest()),
    ("t30-postmsg-no-response", T4.earliest()),
    ("t30-cfr-no-page", 5.0),
    ("t30-page-no-postmsg", 5.0),
];

/// When a hint was decided: the time of its first cited frame, and the wait for what did not come, but no later
/// than the hang-up.
pub(crate) fn decided(call: &Call, hint: &Hint) -> Timestamp {
    let at = cited(call, &hint.finding);
    let Some((_, wait)) = WAITS.iter().find(|(id, _)| *id == hint.rule.id) else {
        return at;
    };
    let over = at.plus_seconds(*wait);
    hang_up(call)
        .map(|bye| bye.at)
        .filter(|bye| *bye > at)
        .map_or(over, |bye| over.min(bye))
}

/// Time of the first cited frame; without one, of the event; without that, the end of the call.
fn cited(call: &Call, finding: &Finding) -> Timestamp {
    let of_frame = |frame: FrameNo| {
        call.events
            .iter()
            .find(|event| event.frame <= frame && frame <= event.last_frame && event.observed)
            .map(|event| {
                if event.frame == frame {
                    event.at
                } else if event.last_frame == frame {
                    event.end
                } else {
                    // Inside a folded row: between its ends, by frame number.
                    between(event.at, event.end, event.frame, event.last_frame, frame)
                }
            })
    };
    let exact = |frame: FrameNo| {
        call.events
            .iter()
            .find(|event| event.frame == frame && event.observed)
            .map(|event| event.at)
    };
    let on_event = || {
        let id = finding.event?;
        crate::hint::scene::event(call, id).map(|event| event.at)
    };
    finding
        .frames
        .first()
        .and_then(|frame| exact(*frame).or_else(|| of_frame(*frame)))
        .or_else(on_event)
        .unwrap_or(call.last_packet)
}

/// Time of a frame inside a row, by its number.
fn between(
    from: Timestamp,
    to: Timestamp,
    first: FrameNo,
    last: FrameNo,
    frame: FrameNo,
) -> Timestamp {
    let span = f64::from(last.0.saturating_sub(first.0).max(1));
    let part = f64::from(frame.0.saturating_sub(first.0)) / span;
    from.plus_seconds(to.seconds_since(from).max(0.0) * part)
}

/// Layers of the catalogue (0.3), from the lowest: capture, SIP set-up, T.38 negotiation, media path, the
/// phases of T.30, teardown.
fn layer(id: &str) -> u8 {
    const TEARDOWN: &[&str] = &[
        "sip-bye",
        "sip-early-bye",
        "sip-session-expired",
        "t30-dropped",
    ];
    const PHASE_C: &[&str] = &["t30-page", "t30-cfr-no-page", "t30-dcn-in-page"];
    const PHASE_D: &[&str] = &[
        "t30-ppr",
        "t30-eor",
        "t30-rnr",
        "t30-postmsg",
        "t30-rtn",
        "t30-dcn-after-page",
    ];
    let begins = |list: &[&str]| list.iter().any(|begin| id.starts_with(begin));
    match id.split('-').next() {
        _ if begins(TEARDOWN) => 8,
        Some("cap") => 0,
        Some("sip") => 1,
        Some("t38") => 2,
        Some("udptl" | "g711") => 3,
        Some("leg") => 4,
        _ if begins(PHASE_C) => 6,
        _ if begins(PHASE_D) => 7,
        _ => 5,
    }
}

fn is_error(hint: &Hint) -> bool {
    hint.finding.severity == Severity::Error && !SUMMARIES.contains(&hint.rule.id)
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

/// Those of them about media: a negotiation that failed before explains them too (the catalogue, 0.3: layers).
const MEDIA_BETWEEN_LEGS: &[&str] = &[
    "leg-media-not-relayed",
    "leg-t30-not-relayed",
    "leg-latency",
];

/// What is wrong between two legs, if anything is.
fn between_legs<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let negotiation = earliest(candidates, |hint| {
        is_error(hint) && !hint.consequence && matches!(layer(hint.rule.id), 1 | 2)
    });
    let fault = fault_between_legs(candidates)?;
    match negotiation {
        Some(before)
            if before.at < fault.at && MEDIA_BETWEEN_LEGS.contains(&fault.hint.rule.id) =>
        {
            None
        }
        _ => Some(fault),
    }
}

fn fault_between_legs<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let rank = |candidate: &Candidate<'_>| {
        BETWEEN_LEGS
            .iter()
            .position(|id| *id == candidate.hint.rule.id)
    };
    candidates
        .iter()
        .filter(|candidate| is_error(candidate.hint) && rank(candidate).is_some())
        .min_by_key(|candidate| (candidate.at, rank(candidate)))
        .copied()
}

/// A capture that ends before its fax explains why nothing is known of the rest.
fn ended_early<'a>(scene: &Scene<'_>, candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    let incomplete = scene
        .call
        .fax
        .as_ref()
        .is_some_and(|fax| fax.verdict == Verdict::Incomplete);
    if !incomplete {
        return None;
    }
    earliest(candidates, |hint| hint.rule.id == "cap-ends-early")
}

fn summary<'a>(candidates: &[Candidate<'a>]) -> Option<Candidate<'a>> {
    candidates
        .iter()
        .find(|candidate| candidate.hint.rule.id == "t30-partial-delivery")
        .copied()
}
