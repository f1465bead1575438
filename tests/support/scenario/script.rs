//! A scenario read: its steps after all edits, its settings, and what is expected of it.

use super::base;
use super::edit;
use super::step::{Step, Time, Who};
use super::text::{Line, Words, lines};

/// A scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    /// `host`, `rtp`, `udptl`: whose, and the options.
    pub(crate) settings: Vec<(String, Words)>,
    /// Changes of SIP text and of packets, in order: the verb, and its words.
    pub(crate) changes: Vec<(String, Words)>,
    /// Words after `expect`.
    pub(crate) expect: Words,
    /// Words after `view`.
    pub(crate) view: Words,
    /// The comment at the head says what the scenario is.
    pub(crate) says: bool,
}

/// Verbs of [`Script::settings`].
const SETTINGS: [&str; 3] = ["host", "rtp", "udptl"];
/// Verbs of [`Script::changes`].
const CHANGES: [&str; 18] = [
    "edit",
    "header",
    "unline",
    "sdp",
    "lose",
    "hide",
    "only",
    "from",
    "to",
    "late",
    "twice",
    "resend",
    "snap",
    "fragment",
    "jump",
    "drops",
    "wire",
    "transport",
];

impl Script {
    /// Reads a scenario.
    pub(crate) fn parse(text: &str) -> Self {
        let mut script = Self {
            says: text.starts_with("# ") && text.lines().next().is_some_and(|line| line.len() > 8),
            ..Self::default()
        };
        let all = lines(text);
        let mut rest = all.as_slice();
        while let Some((line, after)) = rest.split_first() {
            let block = after.iter().take_while(|line| line.indented).count();
            let (block, after) = after.split_at(block);
            rest = after;
            script.statement(line, block);
        }
        script
    }

    fn statement(&mut self, line: &Line, block: &[Line]) {
        let verb = line.words.0[0].text.as_str();
        let args = Words(line.words.0[1..].to_vec());
        match verb {
            "base" => {
                for line in lines(&base::text(&args)) {
                    self.append(&line.words);
                }
            }
            "expect" => self.expect = args,
            "view" => self.view = args,
            _ if SETTINGS.contains(&verb) => self.settings.push((verb.to_owned(), args)),
            _ if CHANGES.contains(&verb) => self.changes.push((verb.to_owned(), args)),
            _ if edit::apply(self, verb, &args, block) => {}
            _ => assert!(
                self.append(&line.words),
                "line {}: `{verb}` is not understood",
                line.number
            ),
        }
    }

    /// Adds a step at the end.
    fn append(&mut self, words: &Words) -> bool {
        let Some(steps) = Step::parse(words) else {
            return false;
        };
        let end = self.steps.len();
        self.insert(end, steps);
        true
    }

    /// Puts steps in at a place; a label that is taken gets a number.
    pub(crate) fn insert(&mut self, place: usize, steps: Vec<Step>) -> usize {
        let mut renamed: Vec<(String, String)> = Vec::new();
        for (at, mut step) in steps.into_iter().enumerate() {
            let own = step.label.clone();
            step.label = self.free(&own);
            // The second leg of a step on both legs follows its first one.
            if let Time::Relayed(label) = &mut step.time
                && let Some((_, new)) = renamed.iter().rev().find(|(old, _)| old == label)
            {
                label.clone_from(new);
            }
            renamed.push((own, step.label.clone()));
            self.steps.insert(place + at, step);
        }
        place + renamed.len()
    }

    fn free(&self, label: &str) -> String {
        let taken = |wanted: &str| self.steps.iter().any(|step| step.label == wanted);
        if !taken(label) {
            return label.to_owned();
        }
        (2..1000)
            .map(|number| format!("{label}#{number}"))
            .find(|label| !taken(label))
            .unwrap()
    }

    /// The place of a label.
    pub(crate) fn place(&self, label: &str) -> usize {
        self.steps
            .iter()
            .position(|step| step.label == label)
            .unwrap_or_else(|| {
                let labels: Vec<&str> = self.steps.iter().map(|step| &*step.label).collect();
                panic!("no step `{label}`; there are {}", labels.join(" "))
            })
    }

    /// Options that were set for one end of a leg, the last one first.
    pub(crate) fn setting<'s>(&'s self, verb: &str, who: Who, key: &str) -> Option<&'s str> {
        self.settings
            .iter()
            .rev()
            .filter(|(own, words)| {
                own == verb
                    && words.0.first().is_some_and(|word| {
                        word.text == "*"
                            || Who::parse(&word.text).is_some_and(|of| {
                                of.from == who.from && (of.both || of.leg == who.leg)
                            })
                    })
            })
            .find_map(|(_, words)| words.option(key))
    }
}
