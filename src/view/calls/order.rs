//! The calls in another order, or only some of them.

use std::cmp::Ordering;

use crate::analysis::CallRow;
use crate::call::Verdict;
use crate::capture::Endpoint;
use crate::view::calls::{SortBy, carrier, result};
use crate::view::{Names, Pattern};

/// Sorts rows; equal ones by number. `descending` turns the key round, not the number.
pub fn sort(rows: &mut [CallRow<'_>], by: SortBy, descending: bool) {
    rows.sort_by(|a, b| {
        let order = compare(a, b, by);
        let order = if descending { order.reverse() } else { order };
        let by_number = a.number.cmp(&b.number);
        if by == SortBy::Number {
            order
        } else {
            order.then(by_number)
        }
    });
}

fn compare(a: &CallRow<'_>, b: &CallRow<'_>, by: SortBy) -> Ordering {
    let total = |row: &CallRow<'_>| {
        u64::from(row.packets.sip) + u64::from(row.packets.rtp) + u64::from(row.packets.t38)
    };
    match by {
        SortBy::Number => a.number.cmp(&b.number),
        SortBy::Start => a.started.cmp(&b.started),
        SortBy::Duration => a.duration.total_cmp(&b.duration),
        SortBy::From => natural(&a.from, &b.from),
        SortBy::To => natural(&a.to, &b.to),
        SortBy::Carrier => carrier(a).cmp(carrier(b)),
        SortBy::Pages => pages(a).cmp(&pages(b)),
        SortBy::Rate => natural(rate(a), rate(b)),
        SortBy::Result => gravity(a)
            .cmp(&gravity(b))
            .then_with(|| result(a, false).0.cmp(&result(b, false).0)),
        SortBy::State => a.state.cmp(&b.state),
        SortBy::Packets => total(a).cmp(&total(b)),
        SortBy::Hints => a.hints.cmp(&b.hints),
    }
}

/// Numbers by length first, so that 99 comes before 100.
fn natural(a: &str, b: &str) -> Ordering {
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    if numeric(a) && numeric(b) {
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    } else {
        a.cmp(b)
    }
}

fn pages(row: &CallRow<'_>) -> Option<(u32, u32)> {
    row.fax
        .as_ref()
        .map(|fax| (fax.pages_confirmed, fax.pages_sent))
}

fn rate<'r>(row: &'r CallRow<'_>) -> &'r str {
    row.fax
        .as_ref()
        .and_then(|fax| fax.rate.as_deref())
        .unwrap_or("")
}

/// The worst first.
fn gravity(row: &CallRow<'_>) -> u8 {
    match row.fax.as_ref().map(|fax| fax.verdict) {
        Some(Verdict::Failed) => 0,
        Some(Verdict::Partial) => 1,
        Some(Verdict::Incomplete) => 2,
        None if row.status.is_some_and(|status| status >= 300) => 3,
        Some(Verdict::Ok) => 4,
        None => 5,
    }
}

/// Words that a row must have, each in any column, whatever the case. `state:rejected`, `from:2007` and the like look
/// into one column only; `state:` and `result:` also know the verdicts (`result:failed`). `~` begins a regular expression.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    words: Vec<(Option<&'static str>, Pattern)>,
    names: Names,
}

impl Filter {
    /// What was typed; a regular expression that is not complete yet holds nobody back.
    pub fn new(text: &str, names: &Names) -> Self {
        let word = |word: &str| {
            let named = word.split_once(':').and_then(|(name, wanted)| {
                let name = NAMES
                    .iter()
                    .find(|known| known.eq_ignore_ascii_case(name))?;
                Some((Some(*name), wanted))
            });
            let (name, wanted) = named.unwrap_or((None, word));
            Some((name, Pattern::new(wanted).ok()?))
        };
        Self {
            words: text.split_whitespace().filter_map(word).collect(),
            names: names.clone(),
        }
    }

    /// Whether a row has all of them.
    pub fn has(&self, row: &CallRow<'_>) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let columns = columns(row, &self.names);
        self.words.iter().all(|(name, pattern)| {
            let mut looked_at = NAMES.iter().zip(&columns);
            looked_at.any(|(column, text)| {
                name.is_none_or(|name| name == *column) && pattern.is_in(text)
            })
        })
    }
}

/// Names of what a filter can look into.
pub const NAMES: [&str; 13] = [
    "number", "from", "to", "callid", "carrier", "pages", "rate", "state", "status", "result",
    "hints", "cause", "host",
];

/// Everything that is said of a row, by [`NAMES`].
fn columns(row: &CallRow<'_>, names: &Names) -> [String; NAMES.len()] {
    let called = |end: Endpoint| names.of(end.addr).unwrap_or_default();
    let (errors, warnings) = row.hints;
    let verdict = row.fax.as_ref().map_or("", |fax| fax.verdict.name());
    let failed = if row.failure.is_some() { "failed" } else { "" };
    let pages = row.fax.as_ref().map_or_else(String::new, |fax| {
        format!("{}/{}", fax.pages_confirmed, fax.pages_sent)
    });
    let hints = match (errors, warnings) {
        (0, 0) => "",
        (0, _) => "warning",
        (_, 0) => "error",
        _ => "error warning",
    };
    [
        row.number.to_string(),
        format!("{} {}", row.from, row.caller),
        format!("{} {}", row.to, row.callee),
        String::from_utf8_lossy(row.call_id.as_deref().unwrap_or_default()).into_owned(),
        format!("{0} {1}", carrier(row), carrier(row).replace('.', "")),
        pages,
        rate(row).to_owned(),
        format!("{} {verdict}", row.state.name()),
        (row.status).map_or_else(String::new, |status| status.to_string()),
        format!("{} {verdict} {failed}", result(row, false).0),
        hints.to_owned(),
        row.cause.unwrap_or_default().to_owned(),
        format!(
            "{} {} {} {} {}",
            row.caller,
            row.callee,
            called(row.caller),
            called(row.callee),
            row.via.join(" ")
        ),
    ]
}
