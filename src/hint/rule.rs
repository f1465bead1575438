//! What a rule is: its texts, its check, and how it stands to other rules and to the capture.
//!
//! A rule says all of itself in one `static`; a field that it leaves out has the value of its family
//! ([`Rule::PLAIN`] for most). Rules name each other by reference, so that the compiler checks the names.

use crate::call::Side;
use crate::hint::configured::Bearing;
use crate::hint::{Finding, Hint, RuleContext};

/// How serious a hint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Explains a failure, or would.
    Error,
    /// Should be looked at.
    Warning,
    /// Good to know.
    Note,
    /// As it should be.
    Ok,
}

impl Severity {
    /// `error`, `warning`, `note`, `ok` as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Ok => "ok",
        }
    }

    /// `✗ ! i ✓` and, in plain ASCII, `x ! i v`.
    pub const fn mark(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Error, false) => "✗",
            (Self::Error, true) => "x",
            (Self::Warning, _) => "!",
            (Self::Note, _) => "i",
            (Self::Ok, false) => "✓",
            (Self::Ok, true) => "v",
        }
    }

    /// One level less, for a finding that the capture makes doubtful; a note stays.
    pub(crate) const fn lowered(self) -> Self {
        match self {
            Self::Error => Self::Warning,
            Self::Warning | Self::Note => Self::Note,
            Self::Ok => Self::Ok,
        }
    }
}

/// A diagnosis rule.
#[derive(Debug)]
pub struct Rule {
    /// Kebab case, prefixed by its family: `t30-dis-no-dcs`.
    pub id: &'static str,
    /// Usual severity; a finding may lower or raise it.
    pub severity: Severity,
    /// At most 60 columns.
    pub title: &'static str,
    /// What happened and what it means, and what to check next, on which side.
    pub advice: &'static str,
    /// The first thing to do, in a few words, for a place that has one line; empty where the rule explains no failure.
    pub step: &'static str,
    /// Where it is from: clause, RFC, article. Never a clause that nobody looked up.
    pub reference: &'static str,
    /// When it fires, in words: for `faxflow rules` and docs/hints.md.
    pub when: &'static str,
    /// The check.
    pub(crate) check: Check,
    /// The part of the catalogue that it belongs to.
    pub(crate) family: Family,
    /// Of two errors of the same time the one of the lower layer is the root cause.
    pub(crate) layer: Layer,
    /// It says that something did not come: seconds after the first cited frame at which it counts as missing
    /// (the timer less its tolerance; 0: at once). Lowered where the capture is incomplete.
    pub(crate) absence: Option<f64>,
    /// It says that the capture is incomplete, which makes all absences doubtful.
    pub(crate) doubts_absences: bool,
    /// Which other rules say nothing, or less, where this one fires.
    pub(crate) covers: &'static [Cover],
    /// Whether it may explain why a fax failed.
    pub(crate) root: RootCause,
    /// What it says after the failure (a missing BYE, a sum of pages) tells nothing about which leg failed first.
    pub(crate) aftermath: bool,
    /// How serious it may still be where the fax was delivered.
    pub(crate) after_success: AfterSuccess,
    /// Seconds of a live call after which no later packet refutes it.
    pub(crate) settles: f64,
    /// What of the PBX's settings is cited with it (`--asterisk`).
    pub(crate) settings: Bearing,
}

impl Rule {
    /// A rule about something that is there, that covers no other rule; as an error it may be the root cause.
    pub(crate) const PLAIN: Self = Self {
        id: "",
        severity: Severity::Note,
        title: "",
        advice: "",
        step: "",
        reference: "",
        when: "",
        check: Check::One(|_| None),
        family: Family::Capture,
        layer: Layer::Capture,
        absence: None,
        doubts_absences: false,
        covers: &[],
        root: RootCause::AsError,
        aftermath: false,
        after_success: AfterSuccess::Same,
        settles: NEXT_PACKETS,
        settings: Bearing::None,
    };
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Seconds after which the next packets have come, or will not: a TCF that goes on, a loss that is repaired.
pub(crate) const NEXT_PACKETS: f64 = 5.0;
/// Seconds within which the first T.30 messages pass from leg to leg.
pub(crate) const T30_BEGINS: f64 = 20.0;

/// How a rule is checked; the shape says how many findings there can be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// At most one finding.
    One(fn(&RuleContext<'_>) -> Option<Finding>),
    /// At most one for each side.
    PerSide(fn(&RuleContext<'_>, Side) -> Option<Finding>),
    /// Any number of findings.
    Many(fn(&RuleContext<'_>) -> Vec<Finding>),
    /// At most one, with what the other rules found on this leg and on the other one.
    Legs(fn(&RuleContext<'_>, own: &[Hint], there: &[Hint]) -> Option<Finding>),
}

impl Check {
    /// What it finds on one leg; nothing of a check that needs the findings of both.
    pub(crate) fn findings(self, context: &RuleContext<'_>) -> Vec<Finding> {
        match self {
            Self::One(check) => check(context).into_iter().collect(),
            Self::PerSide(check) => [Side::Caller, Side::Callee]
                .into_iter()
                .filter_map(|side| check(context, side))
                .collect(),
            Self::Many(check) => check(context),
            Self::Legs(_) => Vec::new(),
        }
    }
}

/// The part of the catalogue that a rule belongs to, as its id begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `cap-`
    Capture,
    /// `sip-`
    Sip,
    /// `t38-`
    T38,
    /// `udptl-`
    Udptl,
    /// `t30-`
    T30,
    /// `g711-`
    Audio,
    /// `sdp-`, and what an offer or answer lacks.
    Sdp,
    /// `leg-`
    Legs,
    /// `media-`
    Path,
    /// `log-`: what the PBX's own log says.
    Log,
}

/// Layers, from the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// The capture itself.
    Capture,
    /// SIP call set-up.
    SetUp,
    /// T.38 negotiation.
    Negotiation,
    /// Media path: UDPTL, RTP.
    Media,
    /// Between the legs.
    Legs,
    /// T.30 phases A and B.
    PhaseB,
    /// T.30 phase C.
    PhaseC,
    /// T.30 phase D.
    PhaseD,
    /// End of the call.
    Teardown,
}

/// Whether a rule may explain why a fax failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RootCause {
    /// As an error: the earliest one explains the rest.
    AsError,
    /// As an error, and as a warning where there is no error: a call that failed before any fax.
    AsWarning,
    /// As an error before all others: it explains what both ends see.
    BetweenLegs(BetweenLegs),
    /// Where the capture ends before the fax.
    IfIncomplete,
    /// It sums up the failure: where nothing else explains it.
    Summary,
    /// Never.
    Never,
}

/// What is wrong between two legs; of those decided at the same time the first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BetweenLegs {
    /// A request for T.38 is not passed on.
    Request,
    /// T.38 here, audio there.
    Carrier,
    /// Packets are not passed on.
    Media,
    /// T.30 messages are not passed on.
    Messages,
    /// Messages are passed on late.
    Delay,
}

impl BetweenLegs {
    /// About media: a negotiation that failed before explains it too.
    pub(crate) fn is_about_media(self) -> bool {
        self >= Self::Media
    }
}

/// How serious a hint may still be where the fax was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterSuccess {
    /// As serious as before.
    Same,
    /// A warning at most: no error of T.30 is left.
    Warning,
    /// A note at most: what did not come at first came in the end.
    Note,
}

impl AfterSuccess {
    /// The severity that is left.
    pub(crate) fn limit(self, severity: Severity) -> Severity {
        match self {
            Self::Same => severity,
            Self::Warning => severity.max(Severity::Warning),
            Self::Note => severity.max(Severity::Note),
        }
    }
}

/// What a rule that fires does to others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cover {
    /// What becomes of the others.
    pub(crate) effect: Effect,
    /// Where it holds.
    reach: Reach,
    /// The others.
    of: Covered,
}

/// What becomes of a covered hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Left out: the covering rule says it better.
    Hide,
    /// Left out where its frames lie around a jump of the clock.
    HideAcrossJump,
    /// Stays, but is no root cause.
    Explain,
    /// Doubtful: one level less.
    Lower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Same leg, and only findings that are no more serious than the covering one: a note explains no error.
    Leg,
    /// Same leg, whatever the severities.
    LegAlways,
    /// Either leg of the fax, whatever the severities.
    BothLegs,
}

#[derive(Clone, Copy, Debug)]
enum Covered {
    Rules(&'static [&'static Rule]),
    Families(&'static [Family]),
}

impl Cover {
    const fn new(effect: Effect, reach: Reach, of: Covered) -> Self {
        Self { effect, reach, of }
    }

    /// Whatever the severities.
    pub(crate) const fn always(self) -> Self {
        Self::new(self.effect, Reach::LegAlways, self.of)
    }

    /// Whatever the severities, and on the other leg too.
    pub(crate) const fn on_both_legs(self) -> Self {
        Self::new(self.effect, Reach::BothLegs, self.of)
    }

    /// Whether `by`, whose rule this is, covers `hint` of the same leg or, with `other_leg`, of the other one.
    pub(crate) fn works(&self, by: &Hint, hint: &Hint, other_leg: bool) -> bool {
        let reaches = match self.reach {
            Reach::Leg => !other_leg && by.finding.severity <= hint.finding.severity,
            Reach::LegAlways => !other_leg,
            Reach::BothLegs => true,
        };
        reaches && self.covers(hint.rule)
    }

    /// Whether it is about this rule.
    pub(crate) fn covers(&self, rule: &Rule) -> bool {
        match self.of {
            Covered::Rules(rules) => rules.contains(&rule),
            Covered::Families(families) => families.contains(&rule.family),
        }
    }
}

/// Says the same as these, better: they are left out where they are no more serious.
pub(crate) const fn hide(rules: &'static [&'static Rule]) -> Cover {
    Cover::new(Effect::Hide, Reach::Leg, Covered::Rules(rules))
}

/// As [`hide`], for all rules of some families.
pub(crate) const fn hide_families(families: &'static [Family]) -> Cover {
    Cover::new(Effect::Hide, Reach::Leg, Covered::Families(families))
}

/// A jump of the clock between their frames makes these wrong.
pub(crate) const fn hide_across_jump(rules: &'static [&'static Rule]) -> Cover {
    Cover::new(
        Effect::HideAcrossJump,
        Reach::BothLegs,
        Covered::Rules(rules),
    )
}

/// Explains these: they stay, but are no root cause.
pub(crate) const fn explain(rules: &'static [&'static Rule]) -> Cover {
    Cover::new(Effect::Explain, Reach::Leg, Covered::Rules(rules))
}

/// Makes these doubtful: one level less, whatever the severities.
pub(crate) const fn lower(rules: &'static [&'static Rule]) -> Cover {
    Cover::new(Effect::Lower, Reach::LegAlways, Covered::Rules(rules))
}
