//! The same rule several times in one fax is one hint: what is common is said once, values and sides stand together.

use crate::hint::cause::Root;
use crate::hint::finding::MAX_CITED;
use crate::hint::place::place;
use crate::hint::{Hint, RuleContext};

/// Values that are told one by one; of more the number is told.
const MOST_VALUES: usize = 6;
/// Sentences of single findings that are told.
const MOST_SENTENCES: usize = 3;
/// Texts are told as one where at least this share of the shortest is common to all.
const COMMON_SHARE: f64 = 0.4;

/// One hint for each rule, in the order given: that of severity and first frame. The root, if it is one of several,
/// becomes the one that stands for them.
pub(super) fn by_rule(
    context: &RuleContext<'_>,
    hints: Vec<Hint>,
    root: Option<&mut Root>,
) -> Vec<Hint> {
    let mut groups: Vec<Vec<Hint>> = Vec::new();
    for hint in hints {
        match groups.iter_mut().find(|group| is_of(group, &hint)) {
            Some(group) => group.push(hint),
            None => groups.push(vec![hint]),
        }
    }
    let root = root.filter(|root| root.call == context.call.number);
    let cause = root.as_ref().map(|root| root.hint.clone());
    let merged: Vec<Hint> = groups
        .into_iter()
        .filter_map(|group| one_of(context, group, cause.as_ref()))
        .collect();
    if let Some(root) = root
        && let Some(hint) = merged.iter().find(|hint| hint.rule == root.rule)
    {
        root.hint = hint.clone();
    }
    merged
}

fn is_of(group: &[Hint], hint: &Hint) -> bool {
    group.first().is_some_and(|first| first.rule == hint.rule)
}

/// The hint that stands for several of the same rule; the most serious one comes first in `group`.
fn one_of(context: &RuleContext<'_>, mut group: Vec<Hint>, cause: Option<&Hint>) -> Option<Hint> {
    if group.len() <= 1 {
        return group.pop();
    }
    let is_cause = |hint: &&Hint| {
        cause.is_some_and(|cause| hint.rule == cause.rule && hint.finding == cause.finding)
    };
    let mut out = (group.iter().find(is_cause))
        .or_else(|| group.first())?
        .clone();
    if let Some(first) = group.first() {
        out.finding.severity = first.finding.severity;
    }
    // Those that matter name who has to act; where they name several, nobody.
    let is_same =
        |hint: &Hint| hint.finding.severity > out.finding.severity || hint.side == out.side;
    if cause.is_none_or(|cause| cause.rule != out.rule) && !group.iter().all(is_same) {
        out.side = None;
    }
    out.consequence = group.iter().all(|hint| hint.consequence);
    out.finding.doubtful = group.iter().all(|hint| hint.finding.doubtful);
    out.finding.event = place(context.call, &out).map(|event| event.id);
    let by_severity: Vec<&str> = group.iter().map(Hint::text).collect();
    let main = out.text().to_owned();
    let mut in_time: Vec<&Hint> = group.iter().collect();
    in_time.sort_by_key(|hint| hint.finding.frames.iter().min().copied());
    let texts: Vec<&str> = in_time.iter().map(|hint| hint.text()).collect();
    let seen = together(&texts).unwrap_or_else(|| one_by_one(&main, &by_severity));
    let more = sentences(
        in_time
            .iter()
            .filter_map(|hint| hint.finding.more.as_deref()),
    );
    let mut frames: Vec<_> = group
        .iter()
        .flat_map(|hint| hint.finding.frames.iter().copied())
        .collect();
    frames.sort_unstable();
    frames.dedup();
    frames.truncate(MAX_CITED);
    out.finding.seen = seen;
    out.finding.more = more;
    out.finding.frames = frames;
    Some(out)
}

/// What is common to all, said once, with the values in the middle: `FTT at V.17 14400, 12000, 9600`.
fn together(texts: &[&str]) -> Option<String> {
    let first = *texts.first()?;
    let before = texts.iter().fold(first.len(), |len, text| {
        common(first.get(..len).unwrap_or_default().chars(), text.chars())
    });
    let before = at_word(first, before, texts);
    let rests: Vec<&str> = texts.iter().filter_map(|text| text.get(before..)).collect();
    let rest = *rests.first()?;
    let after = rests.iter().fold(rest.len(), |len, text| {
        let tail = rest
            .get(rest.len().saturating_sub(len)..)
            .unwrap_or_default();
        common(tail.chars().rev(), text.chars().rev())
    });
    let after = from_word(rest, after, &rests);
    let (head, tail) = (first.get(..before)?, rest.get(rest.len() - after..)?);
    let values: Vec<&str> = rests
        .iter()
        .filter_map(|text| text.get(..text.len() - after))
        .collect();
    let is_whole = values.iter().all(|value| value.trim().is_empty());
    if is_whole {
        return Some(format!("{first} ({}x)", texts.len()));
    }
    let shortest = texts.iter().map(|text| text.len()).min()?;
    let enough = share(before + after, shortest) >= COMMON_SHARE;
    if !enough || values.iter().any(|value| value.trim().is_empty()) {
        return None;
    }
    let list = list(&values);
    // Whoever does it stands before the verb.
    let are_names = values.iter().all(|value| !value.contains(' '));
    let colon = if head.is_empty() && are_names {
        ":"
    } else {
        ""
    };
    Some(format!("{head}{list}{colon}{tail}"))
}

/// Octets that two texts have in common from where they begin.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other)
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum()
}

const fn of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | ':' | '-' | '_' | '+')
}

/// The end of the last whole word within `len` octets.
fn at_word(first: &str, len: usize, texts: &[&str]) -> usize {
    let ends_here = |text: &&str| {
        (text.get(len..)).is_none_or(|rest| !rest.chars().next().is_some_and(of_word))
    };
    let head = first.get(..len).unwrap_or_default();
    if texts.iter().all(ends_here) {
        return len;
    }
    head.trim_end_matches(of_word).len()
}

/// The same from the end.
fn from_word(first: &str, len: usize, texts: &[&str]) -> usize {
    let begins_here = |text: &&str| {
        let head = text.get(..text.len().saturating_sub(len));
        head.is_none_or(|head| !head.chars().next_back().is_some_and(of_word))
    };
    let tail = (first.len().checked_sub(len)).and_then(|at| first.get(at..));
    let tail = tail.unwrap_or_default();
    if texts.iter().all(begins_here) {
        return len;
    }
    tail.trim_start_matches(of_word).len()
}

/// `14400, 12000 (2x), 9600`
fn list(values: &[&str]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for value in values {
        match counted.last_mut() {
            Some((last, count)) if last == value => *count += 1,
            _ => counted.push((value, 1)),
        }
    }
    let separator = if values.iter().any(|value| value.contains(',')) {
        "; "
    } else {
        ", "
    };
    let mut words: Vec<String> = counted
        .iter()
        .take(MOST_VALUES)
        .map(|(value, count)| match count {
            1 => (*value).to_owned(),
            count => format!("{value} ({count}x)"),
        })
        .collect();
    if counted.len() > MOST_VALUES {
        words.push(format!("... ({} in all)", values.len()));
    }
    words.join(separator)
}

/// Texts that have little in common: the one that stands for all, then the others.
fn one_by_one(main: &str, texts: &[&str]) -> String {
    let mut others: Vec<&str> = Vec::new();
    for text in texts {
        if *text != main && !others.contains(text) {
            others.push(text);
        }
    }
    match others.as_slice() {
        [] => main.to_owned(),
        [one] => format!("{main}; {one}"),
        [one, rest @ ..] => format!("{main}; {one}; {} more", rest.len()),
    }
}

/// The sentences about this case, each once.
fn sentences<'t>(all: impl Iterator<Item = &'t str>) -> Option<String> {
    let mut out: Vec<&str> = Vec::new();
    for sentence in all {
        if !out.contains(&sentence) && out.len() < MOST_SENTENCES {
            out.push(sentence);
        }
    }
    (!out.is_empty()).then(|| out.join(" "))
}

fn share(part: usize, whole: usize) -> f64 {
    let octets = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    octets(part) / octets(whole).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_together() {
        for (texts, expected) in [
            (
                &["FTT at V.17 14400 – failed", "FTT at V.17 12000 – failed"][..],
                Some("FTT at V.17 14400, 12000 – failed"),
            ),
            (
                &[
                    "page 1 block 0 (PPR 1)",
                    "page 1 block 0 (PPR 2)",
                    "page 1 block 0 (PPR 3)",
                ],
                Some("page 1 block 0 (PPR 1, 2, 3)"),
            ),
            (
                &["FTT at V.17 9600", "FTT at V.17 9600", "FTT at V.29 9600"],
                Some("FTT at V.17 (2x), V.29 9600"),
            ),
            (
                &[
                    "caller sends T.38 without FEC",
                    "callee sends T.38 without FEC",
                ],
                Some("caller, callee: sends T.38 without FEC"),
            ),
            (
                &["caller signals CNG – a fax", "callee signals CED – a fax"],
                None,
            ),
            (
                &["one and the same", "one and the same"],
                Some("one and the same (2x)"),
            ),
            (
                &["CRP: asks repeat of DCS", "FNV: a field is not valid"],
                None,
            ),
            (&["ünder 1", "ünder 2", "ünder 12"], Some("ünder 1, 2, 12")),
        ] {
            assert_eq!(together(texts).as_deref(), expected);
        }
    }

    #[test]
    fn what_differs_is_told_one_by_one() {
        assert_eq!(one_by_one("a", &["a", "b", "c", "d"]), "a; b; 2 more");
        assert_eq!(one_by_one("a", &["a", "b", "b"]), "a; b");
    }
}
