//! What many faxes sum up to: outcome by peer and day, causes, rates, repeats, durations, as bars.

use std::collections::BTreeMap;

use crate::analysis::AnalysedFlow;
use crate::call::{Call, Verdict};
use crate::capture::{CaptureInfo, Timestamp};
use crate::view::time::Zone;
use crate::view::{Role, Row, Span, fit, plain, time};

/// Peers, days and the like of which faxes are told apart; what comes later is summed up as one.
const MOST: usize = 10_000;
/// Under which name.
const OTHERS: &str = "others";
/// Lines of a section.
const LINES: usize = 20;
/// Columns of a name, and of a bar.
const NAME: usize = 36;
const BAR: u64 = 30;

/// Faxes by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    ok: u64,
    partial: u64,
    failed: u64,
    incomplete: u64,
}

impl Ends {
    fn count(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Ok => &mut self.ok,
            Verdict::Partial => &mut self.partial,
            Verdict::Failed => &mut self.failed,
            Verdict::Incomplete => &mut self.incomplete,
        } += 1;
    }

    const fn all(self) -> u64 {
        self.ok + self.partial + self.failed + self.incomplete
    }

    fn add(&mut self, other: Self) {
        self.ok += other.ok;
        self.partial += other.partial;
        self.failed += other.failed;
        self.incomplete += other.incomplete;
    }
}

/// Faxes by something that they have in common.
#[derive(Clone, Debug, Default)]
struct By(BTreeMap<String, Ends>);

impl By {
    fn count(&mut self, name: &str, verdict: Verdict) {
        self.of(name).count(verdict);
    }

    fn of(&mut self, name: &str) -> &mut Ends {
        let full = self.0.len() >= MOST && !self.0.contains_key(name);
        let name = if full { OTHERS } else { name };
        self.0.entry(name.to_owned()).or_default()
    }

    fn add(&mut self, other: Self) {
        for (name, ends) in other.0 {
            self.of(&name).add(ends);
        }
    }
}

/// Sums over captures.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    captures: u64,
    times: Option<(Timestamp, Timestamp)>,
    faxes: Ends,
    pages_confirmed: u64,
    pages_repeated: u64,
    trained_again: u64,
    peers: By,
    days: By,
    causes: By,
    sides: By,
    speeds: By,
    lengths: By,
}

/// Upper ends of durations in seconds, and what stands for them; the last one has none.
const LENGTHS: [(f64, &str); 5] = [
    (30.0, "   up to 30 s"),
    (60.0, "  up to 1 min"),
    (120.0, "  up to 2 min"),
    (300.0, "  up to 5 min"),
    (600.0, " up to 10 min"),
];

impl Tally {
    /// A capture was read.
    pub fn capture(&mut self, info: &CaptureInfo) {
        self.captures += 1;
        if let Some(times) = info.first_time.zip(info.last_time) {
            self.span(times);
        }
    }

    fn span(&mut self, (first, last): (Timestamp, Timestamp)) {
        let (from, until) = self.times.unwrap_or((first, last));
        self.times = Some((from.min(first), until.max(last)));
    }

    /// A fax with one or two legs: counts once, for the peers with each leg.
    pub fn fax(&mut self, flow: &AnalysedFlow) {
        for leg in &flow.flow.legs {
            if let Some(fax) = &leg.fax {
                self.peers.count(&peer(flow, leg), fax.verdict);
            }
        }
        let Some(leg) = decisive(flow) else { return };
        let Some(fax) = &leg.fax else { return };
        let verdict = fax.verdict;
        self.faxes.count(verdict);
        let day = time::date(leg.started, Zone::default());
        let day = day.split_once(' ').map_or(day.as_str(), |(day, _)| day);
        self.days.count(day, verdict);
        if let Some(cause) = fax.cause {
            self.causes.count(cause.rule, verdict);
            let side = cause.side.map_or("open", crate::call::FaultSide::name);
            self.sides.count(side, verdict);
        }
        let speed = match (fax.modem, fax.bit_rate) {
            (Some(modem), Some(rate)) => format!("{modem} {rate}"),
            (Some(modem), None) => modem.to_owned(),
            _ => "never trained".to_owned(),
        };
        self.speeds.count(&speed, verdict);
        let seconds = leg.last_packet.seconds_since(leg.started);
        let length = LENGTHS.iter().find(|(end, _)| seconds <= *end);
        self.lengths
            .count(length.map_or("more", |(_, name)| name), verdict);
        self.pages_confirmed += u64::from(fax.pages_confirmed);
        let repeats = fax.pages.iter().map(|page| page.attempts.saturating_sub(1));
        self.pages_repeated += repeats.map(u64::from).sum::<u64>();
        let trained_again =
            |hint: &crate::hint::Hint| ["t30-ftt", "t30-train-failed"].contains(&hint.rule.id);
        self.trained_again += u64::from(flow.hints.iter().flatten().any(trained_again));
    }

    /// Takes in what was counted elsewhere.
    pub fn add(&mut self, other: Self) {
        self.captures += other.captures;
        if let Some(times) = other.times {
            self.span(times);
        }
        self.faxes.add(other.faxes);
        self.pages_confirmed += other.pages_confirmed;
        self.pages_repeated += other.pages_repeated;
        self.trained_again += other.trained_again;
        self.peers.add(other.peers);
        self.days.add(other.days);
        self.causes.add(other.causes);
        self.sides.add(other.sides);
        self.speeds.add(other.speeds);
        self.lengths.add(other.lengths);
    }

    /// How many faxes were counted.
    pub fn faxes(&self) -> u64 {
        self.faxes.all()
    }

    /// The sums as text.
    pub fn rows(&self, ascii: bool) -> Vec<Row> {
        let mut out = vec![self.head()];
        let Ends {
            ok,
            partial,
            failed,
            incomplete,
        } = self.faxes;
        let outcome = [
            ("ok", ok, Role::Good),
            ("partial", partial, Role::Warning),
            ("failed", failed, Role::Error),
            ("incomplete", incomplete, Role::Note),
        ];
        let most = outcome.iter().map(|(_, count, _)| *count).max();
        out.push(heading("How they ended", ""));
        for (name, count, role) in outcome {
            let bar = bar(count, most.unwrap_or_default(), ascii);
            let share = percent(count, self.faxes.all());
            let text = format!("  {name:<NAME$} {count:>6} {share:>4} %  ");
            out.push(Row::of(vec![Span::plain(text), Span::new(bar, role)]));
        }
        let by_failures = |(name, ends): &(&String, &Ends)| {
            (std::cmp::Reverse(ends.all() - ends.ok), (*name).clone())
        };
        let by_count =
            |(name, ends): &(&String, &Ends)| (std::cmp::Reverse(ends.all()), (*name).clone());
        let by_name = |(name, _): &(&String, &Ends)| (std::cmp::Reverse(0), (*name).clone());
        section(&mut out, "By peer", &self.peers, ascii, by_failures);
        section(&mut out, "By day", &self.days, ascii, by_name);
        section(&mut out, "Why they failed", &self.causes, ascii, by_count);
        section(&mut out, "Who has to act", &self.sides, ascii, by_count);
        section(&mut out, "Rate", &self.speeds, ascii, by_count);
        section(
            &mut out,
            "Duration of the call",
            &self.lengths,
            ascii,
            by_name,
        );
        out.push(heading("Repeats", ""));
        let line = format!(
            "  trained again: {} of {} faxes; pages sent again: {}, confirmed: {}",
            self.trained_again,
            self.faxes.all(),
            self.pages_repeated,
            self.pages_confirmed
        );
        out.push(Row::of(vec![Span::plain(line)]));
        out
    }

    fn head(&self) -> Row {
        let captures = crate::text::count(self.captures, "capture");
        let faxes = match self.faxes.all() {
            1 => "1 fax".to_owned(),
            many => format!("{many} faxes"),
        };
        let times = self
            .times
            .map(|(first, last)| format!(", {}", time::span(first, last, Zone::default())));
        let text = format!("{captures}, {faxes}{}", times.unwrap_or_default());
        Row::of(vec![Span::new(text, Role::Heading)])
    }
}

/// A section with a line for each name: how many, how many of them good, and a bar of both.
fn section<K: Ord>(
    out: &mut Vec<Row>,
    title: &str,
    by: &By,
    ascii: bool,
    order: impl FnMut(&(&String, &Ends)) -> K,
) {
    if by.0.is_empty() {
        return;
    }
    out.push(heading(title, " faxes     ok"));
    let mut lines: Vec<(&String, &Ends)> = by.0.iter().collect();
    lines.sort_by_key(order);
    let most = lines.iter().map(|(_, ends)| ends.all()).max();
    for (name, ends) in lines.iter().take(LINES) {
        let all = bar(ends.all(), most.unwrap_or_default(), ascii);
        let good = bar(ends.ok, most.unwrap_or_default(), ascii);
        let bad: String = all.chars().skip(good.chars().count()).collect();
        let name = plain(name, ascii);
        let name = fit(&name, NAME, ascii);
        let pad = " ".repeat(NAME.saturating_sub(crate::view::width(&name)));
        let share = percent(ends.ok, ends.all());
        let text = format!("  {name}{pad} {:>6} {share:>4} %  ", ends.all());
        out.push(Row::of(vec![
            Span::plain(text),
            Span::new(good, Role::Good),
            Span::new(
                bad.replace(['█', '#'], if ascii { "-" } else { "░" }),
                Role::Error,
            ),
        ]));
    }
    if let Some(more) = lines.len().checked_sub(LINES).filter(|more| *more > 0) {
        let text = format!("  and {more} more");
        out.push(Row::of(vec![Span::new(text, Role::Dim)]));
    }
}

fn heading(title: &str, columns: &str) -> Row {
    let text = format!("{title:<NAME$}  {columns}");
    Row::of(vec![Span::new(text.trim_end(), Role::Heading)])
}

/// At least one column for what is there at all.
fn bar(count: u64, most: u64, ascii: bool) -> String {
    let long = count.saturating_mul(BAR).div_ceil(most.max(1));
    let piece = if ascii { "#" } else { "█" };
    piece.repeat(usize::try_from(long).unwrap_or(0))
}

fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100)
        .saturating_add(whole / 2)
        .checked_div(whole)
        .unwrap_or(0)
}

/// The leg whose verdict is that of the fax: the one on which it ended worst.
pub fn decisive(flow: &AnalysedFlow) -> Option<&Call> {
    let legs = flow.flow.legs.iter();
    let with_fax = legs.filter_map(|leg| Some((leg, leg.fax.as_ref()?)));
    let worst = with_fax.max_by_key(|(_, fax)| (fax.verdict.gravity(), fax.cause.is_some()));
    worst.map(|(leg, _)| &**leg)
}

/// The end of a leg that is not the PBX, as far as that is known; else the one that was called.
pub fn peer(flow: &AnalysedFlow, leg: &Call) -> String {
    let joint = match flow.flow.legs.as_slice() {
        [near, far] if near.callee.addr == far.caller.addr => Some(near.callee.addr),
        [far, near] if near.callee.addr == far.caller.addr => Some(near.callee.addr),
        _ => None,
    };
    let is_pbx = |addr| flow.pbx.contains(&addr) || joint == Some(addr);
    let (caller, callee) = (leg.caller.addr, leg.callee.addr);
    let peer = if is_pbx(callee) && !is_pbx(caller) {
        caller
    } else {
        callee
    };
    peer.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture;

    #[test]
    fn sums_up_outcomes() {
        let mut tally = Tally::default();
        tally.capture(&fixture::info());
        for flow in [fixture::good(), fixture::no_dcs(), fixture::refused()] {
            tally.fax(&flow);
        }
        let mut twice = tally.clone();
        twice.add(tally.clone());
        assert_eq!((tally.faxes(), twice.faxes()), (3, 6));
        let text = crate::view::to_text(&tally.rows(true));
        for part in [
            "1 capture, 3 faxes",
            "ok",
            "t30-dis-no-dcs",
            "V.17 14400",
            "33 %",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_bar_shows_what_is_there_at_all() {
        assert_eq!(bar(0, 1000, true), "");
        assert_eq!(bar(1, 1000, true), "#");
        assert_eq!(bar(1000, 1000, true).len(), 30);
    }
}
