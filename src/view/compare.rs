//! Two faxes side by side, as rows.

use crate::analysis::AnalysedFlow;
use crate::call::Side;
use crate::capture::Timestamp;
use crate::compare::{Change, Comparison, Pair, Row as Beside, Step, Weight};
use crate::view::ladder::head;
use crate::view::{Role, Row, Span, fit, plain, time, wrap};

/// Rows in a run that one of them has alone, at most.
const RUN: usize = 12;
/// Columns of the mark between the two.
const MARK: usize = 3;

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The capture as it was named.
    pub file: &'a str,
    /// The fax.
    pub flow: &'a AnalysedFlow,
}

/// What a sample is: capture, calls, parties, verdict.
pub fn sample(sample: Sample<'_>, ascii: bool) -> (String, String, Role) {
    let flow = &sample.flow.flow;
    let about = format!(
        "{}   {}   {}",
        sample.file,
        head::numbers(flow),
        head::parties(flow, ascii)
    );
    if let Some(fax) = head::lead(flow) {
        let (mark, role) = head::verdict(fax.verdict, ascii);
        return (about, format!("{mark} {}", fax.summary), role);
    }
    let said: Vec<String> = flow.legs.iter().map(|call| head::outcome(call)).collect();
    (about, format!("no fax; {}", said.join(", ")), Role::Warning)
}

/// The sentence about the first difference.
pub fn headline(comparison: &Comparison<'_>) -> (String, Role) {
    match (&comparison.difference, comparison.matters) {
        (Some(difference), true) => (difference.text.clone(), Role::Error),
        (Some(difference), false) => (
            format!(
                "No difference that matters: BAD went through. The first that does not: {}",
                difference.text
            ),
            Role::Good,
        ),
        (None, _) => (
            "No difference: both take the same steps and say the same.".to_owned(),
            Role::Good,
        ),
    }
}

/// All rows of a text.
pub fn rows(
    comparison: &Comparison<'_>,
    (good, bad): (Sample<'_>, Sample<'_>),
    width: usize,
    ascii: bool,
) -> Vec<Row> {
    let mut out = Vec::new();
    for (word, one) in [("GOOD", good), ("BAD ", bad)] {
        let (about, verdict, role) = sample(one, ascii);
        wrapped(
            &mut out,
            &format!("{word}  {about}"),
            Role::Heading,
            (width, ascii),
        );
        wrapped(&mut out, &format!("      {verdict}"), role, (width, ascii));
    }
    out.push(Row::default());
    let (text, role) = headline(comparison);
    wrapped(&mut out, &text, role, (width, ascii));
    let several = comparison.pairs.len() > 1;
    for pair in &comparison.pairs {
        out.push(Row::default());
        if several {
            let text = format!("call {} beside call {}", pair.good.number, pair.bad.number);
            out.push(line(&text, Role::Heading));
        }
        pair_rows(&mut out, pair, comparison, (width, ascii));
    }
    out
}

/// Wrapped lines; those after the first are indented.
fn wrapped(out: &mut Vec<Row>, text: &str, role: Role, (width, ascii): (usize, bool)) {
    let text = plain(text, ascii);
    let begin = text.len() - text.trim_start().len();
    let indent = " ".repeat(if begin > 0 { begin } else { 6 });
    let lines = wrap(
        text.trim_start(),
        width.saturating_sub(indent.len()).max(20),
    );
    for (at, part) in lines.into_iter().enumerate() {
        let before = match (at, begin) {
            (0, 0) => "",
            _ => &indent,
        };
        out.push(line(&format!("{before}{part}"), role));
    }
}

fn line(text: &str, role: Role) -> Row {
    Row::of(vec![Span::new(text, role)])
}

fn pair_rows(
    out: &mut Vec<Row>,
    pair: &Pair<'_>,
    comparison: &Comparison<'_>,
    (width, ascii): (usize, bool),
) {
    let column = width.saturating_sub(MARK) / 2;
    let head = |word: &str| format!("{:>9} {word}", "s");
    out.push(Row::of(vec![
        Span::new(pad(&head("GOOD"), column, ascii), Role::Dim),
        Span::new(" ".repeat(MARK), Role::Plain),
        Span::new(head("BAD"), Role::Dim),
    ]));
    let shape = Shape {
        starts: (pair.good.started, pair.bad.started),
        column,
        ascii,
    };
    let deciding = comparison
        .difference
        .as_ref()
        .filter(|_| comparison.matters);
    let (mut run, mut hidden) = (0, 0_usize);
    for (good, bad, changes) in beside(&pair.rows) {
        let alike = matches!((good, bad), (Some(good), Some(bad)) if good.key == bad.key);
        run = if alike { 0 } else { run + 1 };
        if run > RUN {
            hidden += 1;
            continue;
        }
        more(out, &mut hidden);
        let here = deciding.is_some_and(|difference| decides(good, bad, difference));
        out.push(shape.row((good, bad), !changes.is_empty(), here));
        for change in changes.iter().take(RUN) {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            let text = format!(
                "{:>11} {}: {} {} {}",
                "",
                change.name,
                value(&change.good),
                if ascii { "|" } else { "│" },
                value(&change.bad)
            );
            let text = plain(&text, ascii).into_owned();
            out.push(line(&fit(&text, width, ascii), Role::Warning));
        }
        if changes.len() > RUN {
            let text = format!("{:>11} and {} more", "", changes.len() - RUN);
            out.push(line(&text, Role::Warning));
        }
    }
    more(out, &mut hidden);
}

/// What stands on a row: a step of each, and what they say differently.
type Cells<'r, 'a> = (Option<&'r Step<'a>>, Option<&'r Step<'a>>, &'r [Change]);

/// What one has alone stands beside what the other has in its place.
fn beside<'r, 'a>(rows: &'r [Beside<'a>]) -> Vec<Cells<'r, 'a>> {
    let mut out: Vec<Cells<'r, 'a>> = Vec::with_capacity(rows.len());
    let (mut good, mut bad): (Vec<&Step<'a>>, Vec<&Step<'a>>) = (Vec::new(), Vec::new());
    let flush = |good: &mut Vec<&'r Step<'a>>, bad: &mut Vec<&'r Step<'a>>| {
        let lines = good.len().max(bad.len());
        let mut own = good.drain(..);
        let mut other = bad.drain(..);
        let cells = (0..lines).map(|_| (own.next(), other.next(), &[][..]));
        cells.collect::<Vec<Cells<'r, 'a>>>()
    };
    for row in rows {
        match (&row.good, &row.bad) {
            (Some(own), Some(other)) => {
                out.extend(flush(&mut good, &mut bad));
                out.push((Some(own), Some(other), &row.changes));
            }
            (own, other) => {
                good.extend(own);
                bad.extend(other);
            }
        }
    }
    out.extend(flush(&mut good, &mut bad));
    out
}

fn more(out: &mut Vec<Row>, hidden: &mut usize) {
    if *hidden > 0 {
        let text = format!("{:>11} and {hidden} more", "");
        out.push(line(&text, Role::Dim));
        *hidden = 0;
    }
}

/// Whether a row has the step that the sentence names.
fn decides(
    good: Option<&Step<'_>>,
    bad: Option<&Step<'_>>,
    difference: &crate::compare::Difference<'_>,
) -> bool {
    let same = |one: Option<&Step<'_>>, other: &Option<Step<'_>>| match (one, other) {
        (Some(one), Some(other)) => {
            one.event.call == other.event.call && one.event.id == other.event.id
        }
        _ => false,
    };
    if difference.good.is_some() {
        return same(good, &difference.good);
    }
    same(bad, &difference.bad)
}

struct Shape {
    starts: (Timestamp, Timestamp),
    column: usize,
    ascii: bool,
}

impl Shape {
    fn row(
        &self,
        (good, bad): (Option<&Step<'_>>, Option<&Step<'_>>),
        changed: bool,
        decides: bool,
    ) -> Row {
        let alike = matches!((good, bad), (Some(good), Some(bad)) if good.key == bad.key);
        let mark = match (good, bad, self.ascii) {
            (Some(_), Some(_), false) if changed || !alike => " ≠ ",
            (Some(_), Some(_), true) if changed || !alike => " ! ",
            (Some(_), Some(_), _) => "   ",
            (Some(_), None, _) => " < ",
            (None, _, _) => " > ",
        };
        let cell = |step: Option<&Step<'_>>, start: Timestamp| match step {
            Some(step) => (
                pad(&self.told(step, start), self.column, self.ascii),
                role(step),
            ),
            None => (" ".repeat(self.column), Role::Plain),
        };
        let (good, good_role) = cell(good, self.starts.0);
        let (bad, bad_role) = cell(bad, self.starts.1);
        let mark_role = match (decides, changed || !alike) {
            (true, _) => Role::Error,
            (false, true) => Role::Warning,
            (false, false) => Role::Plain,
        };
        let mut spans = vec![
            Span::new(good, good_role),
            Span::new(mark, mark_role),
            Span::new(bad.trim_end().to_owned(), bad_role),
        ];
        if decides {
            let sign = if self.ascii {
                "  <== here"
            } else {
                "  ◀━ here"
            };
            spans.push(Span::new(sign, Role::Error));
        }
        Row::of(spans)
    }

    /// `  3.573 ◀ INVITE m=image`
    fn told(&self, step: &Step<'_>, start: Timestamp) -> String {
        let arrow = match (step.event.from, self.ascii) {
            (Side::Caller, false) => "▶",
            (Side::Callee, false) => "◀",
            (Side::Caller, true) => ">",
            (Side::Callee, true) => "<",
        };
        let times = match (step.times, step.event.observed) {
            (_, false) => " never came".to_owned(),
            (1, _) => String::new(),
            (times, _) => format!(" ({times}x)"),
        };
        let at = time::seconds(start, step.event.at);
        let text = format!("{at:>9} {arrow} {}{times}", step.name);
        plain(&text, self.ascii).into_owned()
    }
}

fn role(step: &Step<'_>) -> Role {
    match step.weight {
        Weight::Trouble if !step.event.observed => Role::Missing,
        Weight::Trouble => Role::Error,
        Weight::Progress | Weight::End => Role::Plain,
        Weight::Aside => Role::Dim,
    }
}

/// Cut and filled to so many columns.
fn pad(text: &str, columns: usize, ascii: bool) -> String {
    let mut text = fit(text, columns, ascii).into_owned();
    let used = crate::view::width(&text);
    text.push_str(&" ".repeat(columns.saturating_sub(used)));
    text
}
