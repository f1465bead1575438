//! A step of a call: who does what, when.

use super::text::{Word, Words, number};

/// One of the two ends of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum End {
    Caller,
    Callee,
}

impl End {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Legs and sender of a step: `>`, `A<`, `AB>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// 0: leg A, 1: leg B.
    pub(crate) leg: usize,
    pub(crate) both: bool,
    pub(crate) from: End,
}

impl Who {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let from = match word.chars().last()? {
            '>' => End::Caller,
            '<' => End::Callee,
            _ => return None,
        };
        let (leg, both) = match &word[..word.len() - 1] {
            "" | "A" => (0, false),
            "B" => (1, false),
            "AB" => (0, true),
            _ => return None,
        };
        Some(Self { leg, both, from })
    }
}

/// When a step begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Time {
    /// After the step before, with the usual pause.
    Next,
    /// That long after the end of the step before.
    After(f64),
    /// Relative to the start (or end) of a step that has been.
    From { label: String, end: bool, plus: f64 },
    /// Seconds since the start.
    At(f64),
    /// Passed on from the other leg, right after this step there.
    Relayed(String),
}

impl Time {
    /// `+0.5`, `@DCS+0.5`, `@DCS.end`, `3.2`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        if let Some(plus) = word.strip_prefix('+') {
            return plus.parse().ok().map(Self::After);
        }
        if let Some(anchor) = word.strip_prefix('@') {
            let cut = anchor
                .rfind(['+', '-'])
                .filter(|at| anchor[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
            let (label, plus) =
                cut.map_or((anchor, 0.0), |at| (&anchor[..at], number(&anchor[at..])));
            let (label, end) = label
                .strip_suffix(".end")
                .map_or((label, false), |label| (label, true));
            return Some(Self::From {
                label: label.to_owned(),
                end,
                plus,
            });
        }
        word.contains('.')
            .then(|| word.parse().ok().map(Self::At))
            .flatten()
    }
}

/// A step.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) label: String,
    /// `None`: nobody sends it (`wait`, `mode`).
    pub(crate) who: Option<Who>,
    pub(crate) time: Time,
    /// Added to its start by `delay`.
    pub(crate) delay: f64,
    pub(crate) verb: String,
    pub(crate) args: Words,
}

/// Seconds that the B2BUA takes from leg to leg.
pub(crate) const RELAY: f64 = 0.02;

impl Step {
    /// Reads a step; one on both legs makes two, the second one right after the first.
    pub(crate) fn parse(words: &Words) -> Option<Vec<Self>> {
        let mut rest: &[Word] = &words.0;
        let mut time = Time::Next;
        if let Some(own) = rest.first().and_then(|word| Time::parse(&word.text)) {
            time = own;
            rest = &rest[1..];
        }
        let who = rest.first().and_then(|word| Who::parse(&word.text));
        if who.is_some() {
            rest = &rest[1..];
        }
        let (verb, args) = rest.split_first()?;
        if who.is_none() && !["wait", "idle", "mode"].contains(&verb.text.as_str()) {
            return None;
        }
        let mut args = args.to_vec();
        let named = args.iter().position(|word| word.text == "as");
        let label = named.map(|place| args.drain(place..).nth(1).unwrap().text);
        let args = Words(args);
        let own = Self {
            label: label.unwrap_or_else(|| usual_label(&verb.text, &args)),
            who,
            time,
            delay: 0.0,
            verb: verb.text.clone(),
            args,
        };
        Some(match who {
            Some(Who {
                both: true, from, ..
            }) => own.on_both_legs(from).into(),
            Some(Who { leg: 1, .. }) => vec![own.prefixed()],
            _ => vec![own],
        })
    }

    fn prefixed(mut self) -> Self {
        self.label.insert_str(0, "B:");
        self
    }

    fn on_both_legs(self, from: End) -> [Self; 2] {
        let on = |leg| {
            let mut step = self.clone();
            step.who = Some(Who {
                leg,
                both: false,
                from,
            });
            if leg == 1 { step.prefixed() } else { step }
        };
        let (first, mut second) = match from {
            End::Caller => (on(0), on(1)),
            End::Callee => (on(1), on(0)),
        };
        second.time = Time::Relayed(first.label.clone());
        [first, second]
    }
}

/// Label of a step that has no `as`.
fn usual_label(verb: &str, args: &Words) -> String {
    match verb {
        "t30" => {
            // The name of the last frame of the burst.
            let start = args.0.iter().rposition(|word| word.text == ",");
            let name = &args.0[start.map_or(0, |at| at + 1)].text;
            name.split('=').next().unwrap().to_owned()
        }
        "ind" => args.need(0, "indicator").to_owned(),
        "tcf" => "TCF".to_owned(),
        "ecm" => "block".to_owned(),
        "again" => format!("{}-again", args.need(0, "label")),
        other => other.to_ascii_lowercase(),
    }
}
