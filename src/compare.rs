//! A good fax beside a bad one: the steps of both aligned, and the first difference that matters.
//!
//! A step is what the two ends do in turn: a SIP message with the kind of its media, a T.30 message, a training check,
//! a page. The steps of each leg are aligned by a longest common subsequence over their keys (`align`); what a key
//! leaves out (addresses, numbers, times, how often, how many pages) makes no difference. Messages with the same key
//! are compared in what they say (`content`): SDP attribute by attribute, DIS and DCS bit by bit.
//!
//! What matters is what the outcome hangs on: a step that GOOD comes to and BAD never does, or one that the cause of
//! BAD's failure is about. A fax that went through has no difference that matters.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::analysis::{AnalysedFlow, cause_hint};
use crate::call::{Call, CallState, EventKind, Side, Verdict};
use crate::capture::{FrameNo, Timestamp};
use crate::hint::Hint;

mod align;
mod content;
mod sentence;
mod step;

pub use content::{Change, Changes};
pub use step::{Key, Step, Weight};

/// Two flows laid side by side.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Legs that were compared with each other.
    pub pairs: Vec<Pair<'a>>,
    /// The first difference, if there is one to be named.
    pub difference: Option<Difference<'a>>,
    /// It is what the outcome hangs on: BAD did not go through.
    pub matters: bool,
}

/// A leg of GOOD and one of BAD.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Of GOOD.
    pub good: &'a Call,
    /// Of BAD.
    pub bad: &'a Call,
    /// Their steps in order.
    pub rows: Vec<Row<'a>>,
}

/// Steps that stand beside each other.
#[derive(Debug)]
pub struct Row<'a> {
    /// Of GOOD.
    pub good: Option<Step<'a>>,
    /// Of BAD.
    pub bad: Option<Step<'a>>,
    /// What two steps of the same key say differently.
    pub changes: Changes,
}

/// The first difference.
#[derive(Debug)]
pub struct Difference<'a> {
    /// Of BAD: the last step before it that both have.
    pub after: Option<Step<'a>>,
    /// What GOOD has there.
    pub good: Option<Step<'a>>,
    /// What BAD has there.
    pub bad: Option<Step<'a>>,
    /// What the same step says differently; empty where the steps differ.
    pub changes: Changes,
    /// In one sentence.
    pub text: String,
    /// When GOOD (or only BAD) came to it, seconds from the start of its flow.
    at: f64,
}

/// Compares two flows, leg by leg.
pub fn compare<'a>(good: &'a AnalysedFlow, bad: &'a AnalysedFlow) -> Comparison<'a> {
    let went_through = went_through(bad);
    let cited = Cited::of(bad);
    let mut pairs = Vec::new();
    let mut first: Option<Difference<'a>> = None;
    let mut any: Option<Difference<'a>> = None;
    let begun = (begin(good), begin(bad));
    let last = good.flow.legs.last();
    for (at, own) in bad.flow.legs.iter().enumerate() {
        let Some(other) = good.flow.legs.get(at).or(last) else {
            continue;
        };
        let pair = Pair {
            good: other,
            bad: own,
            rows: align::rows(step::steps(other), step::steps(own)),
        };
        let found = Search {
            pair: &pair,
            cited: &cited,
            begun,
        };
        for (kept, wanted) in [(&mut first, true), (&mut any, false)] {
            if let Some(new) = found.first(wanted)
                && kept.as_ref().is_none_or(|known| new.at < known.at)
            {
                *kept = Some(new);
            }
        }
        pairs.push(pair);
    }
    if went_through {
        return Comparison {
            pairs,
            difference: any,
            matters: false,
        };
    }
    let matters = first.is_some() || any.is_some() || ends_worse(good, bad);
    let difference = first.or(any).or_else(|| {
        matters.then(|| Difference {
            after: None,
            good: None,
            bad: None,
            changes: Vec::new(),
            text: sentence::same_steps(bad),
            at: 0.0,
        })
    });
    Comparison {
        pairs,
        difference,
        matters,
    }
}

fn begin(flow: &AnalysedFlow) -> Timestamp {
    let starts = flow.flow.legs.iter().map(|leg| leg.started);
    starts.min().unwrap_or_default()
}

/// The worst verdict of the legs; `None`: no fax.
pub fn verdict(flow: &AnalysedFlow) -> Option<Verdict> {
    let faxes = flow.flow.legs.iter().filter_map(|leg| leg.fax.as_ref());
    faxes
        .map(|fax| fax.verdict)
        .max_by_key(|verdict| verdict.gravity())
}

/// Whether a flow is good: its fax went through, or, without one, its call.
pub fn went_through(flow: &AnalysedFlow) -> bool {
    match verdict(flow) {
        Some(verdict) => verdict == Verdict::Ok,
        None => flow
            .flow
            .legs
            .iter()
            .all(|leg| matches!(leg.state, CallState::Completed | CallState::InCall)),
    }
}

fn ends_worse(good: &AnalysedFlow, bad: &AnalysedFlow) -> bool {
    let gravity = |flow| verdict(flow).map_or(u8::MAX, Verdict::gravity);
    gravity(bad) > gravity(good)
}

/// What the hint that explains BAD's failure cites.
struct Cited {
    frames: HashSet<FrameNo>,
    /// The frames that decided it.
    deciding: HashSet<FrameNo>,
}

impl Cited {
    fn of(bad: &AnalysedFlow) -> Self {
        let legs = bad.flow.legs.iter().zip(&bad.hints);
        let causes: Vec<&Hint> = legs
            .filter_map(|(leg, hints)| cause_hint(leg, hints))
            .collect();
        let frames = causes.iter().flat_map(|hint| &hint.finding.frames);
        let deciding = causes.iter().filter_map(|hint| hint.finding.frames.first());
        Self {
            frames: frames.copied().collect(),
            deciding: deciding.copied().collect(),
        }
    }

    fn has(&self, step: &Step<'_>) -> bool {
        let (first, last) = (step.event.frame, step.event.last_frame);
        match step.event.kind {
            EventKind::Sip(_) => self.frames.contains(&first),
            _ => self.frames.contains(&first) || self.frames.contains(&last),
        }
    }

    /// The failure is about what this message says.
    fn is_about(&self, step: &Step<'_>) -> bool {
        matches!(step.event.kind, EventKind::Sip(_)) && self.deciding.contains(&step.event.frame)
    }
}

/// Looks for the first difference of one pair.
struct Search<'p, 'a> {
    pair: &'p Pair<'a>,
    cited: &'p Cited,
    begun: (Timestamp, Timestamp),
}

impl<'a> Search<'_, 'a> {
    /// The first difference that matters, or (not `only_matters`) the first one at all.
    fn first(&self, only_matters: bool) -> Option<Difference<'a>> {
        let reached: HashSet<&Key> = (self.pair.rows.iter())
            .filter_map(|row| row.bad.as_ref())
            .map(|step| &step.key)
            .collect();
        let mut at = 0;
        while let Some(row) = self.pair.rows.get(at) {
            if let (Some(good), Some(bad)) = (&row.good, &row.bad) {
                let says = !row.changes.is_empty();
                let goes_on = || self.goes_on(at, &reached);
                let counts = if only_matters {
                    says && self.cited.is_about(bad) && goes_on()
                } else {
                    says
                };
                let repeated = bad.times > good.times && !bad.again.is_empty();
                if counts || repeated && only_matters && self.cited.has(bad) && goes_on() {
                    return Some(self.changed(at, good, bad, &row.changes));
                }
                at += 1;
                continue;
            }
            let apart = |row: &&Row<'_>| row.good.is_none() || row.bad.is_none();
            let region: Vec<&Row<'a>> = self.pair.rows.iter().skip(at).take_while(apart).collect();
            if let Some(found) = self.region(at, &region, &reached, only_matters) {
                return Some(found);
            }
            at += region.len().max(1);
        }
        None
    }

    /// Whether BAD comes to what GOOD comes to next.
    fn goes_on(&self, at: usize, reached: &HashSet<&Key>) -> bool {
        let rest = self.pair.rows.iter().skip(at + 1);
        let mut steps = rest.filter_map(|row| row.good.as_ref());
        let next = steps.find(|step| step.weight == Weight::Progress);
        next.is_none_or(|step| reached.contains(&step.key))
    }

    fn region(
        &self,
        at: usize,
        region: &[&Row<'a>],
        reached: &HashSet<&Key>,
        only_matters: bool,
    ) -> Option<Difference<'a>> {
        let missed = region
            .iter()
            .filter_map(|row| row.good.as_ref())
            .find(|step| step.weight == Weight::Progress && !reached.contains(&step.key));
        let mut own = region.iter().filter_map(|row| row.bad.as_ref());
        let cited = own.clone().find(|step| self.cited.has(step));
        let matters = missed.is_some() || cited.is_some_and(Step::counts);
        let aside = || {
            let all = region.iter().copied();
            let mut steps = all.filter_map(|row| row.good.as_ref().or(row.bad.as_ref()));
            steps.any(Step::counts)
        };
        if !(matters || !only_matters && aside()) {
            return None;
        }
        let good = missed.or_else(|| {
            let mut steps = region.iter().filter_map(|row| row.good.as_ref());
            steps.find(|step| step.counts())
        });
        // What stands in its place; where nothing does, what comes next.
        let deciding = own
            .clone()
            .find(|step| self.cited.is_about(step) && step.counts());
        let bad = match missed {
            None => deciding.or(cited),
            Some(_) => deciding,
        };
        let bad = bad.or_else(|| own.find(|step| step.counts()));
        let next = || {
            let rest = self.pair.rows.iter().skip(at + region.len());
            let mut steps = rest.filter_map(|row| row.bad.as_ref());
            steps.find(|step| step.counts() || step.ends())
        };
        let bad = bad.or_else(|| good.and_then(|_| next()));
        let start = match (missed, bad) {
            (Some(step), _) => step.event.at.seconds_since(self.begun.0),
            (None, Some(step)) => step.event.at.seconds_since(self.begun.1),
            (None, None) => 0.0,
        };
        let after = self.before(at);
        let text = sentence::steps(self.pair.bad, after, good, bad);
        Some(Difference {
            after: after.cloned(),
            good: good.cloned(),
            bad: bad.cloned(),
            changes: Vec::new(),
            text,
            at: start,
        })
    }

    fn changed(
        &self,
        at: usize,
        good: &Step<'a>,
        bad: &Step<'a>,
        changes: &Changes,
    ) -> Difference<'a> {
        Difference {
            after: self.before(at).cloned(),
            good: Some(good.clone()),
            bad: Some(bad.clone()),
            changes: changes.clone(),
            text: sentence::content(good, bad, changes),
            at: good.event.at.seconds_since(self.begun.0),
        }
    }

    /// The last step of BAD before a row.
    fn before(&self, at: usize) -> Option<&Step<'a>> {
        let rows = self.pair.rows.iter().take(at).rev();
        let both = rows.filter(|row| row.good.is_some());
        let mut steps = both.filter_map(|row| row.bad.as_ref());
        steps.find(|step| step.counts())
    }
}

/// `the caller`
fn who(side: Side) -> &'static str {
    match side {
        Side::Caller => "the caller",
        Side::Callee => "the callee",
    }
}

/// Text of the network, harmless.
fn harmless(text: &str) -> Cow<'_, str> {
    crate::text::visible(text)
}
