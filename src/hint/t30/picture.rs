//! What the rows of the pages say: blank, cut, damaged though confirmed, good though refused, not as the DCS has it.

use crate::call::{Event, PageAttempt, Side};
use crate::hint::rule::{Check, Layer};
use crate::hint::{Finding, Rule, RuleContext, Severity};
use crate::t30::Fcf;
use crate::text::count;

/// `t30-page-damaged`: a share of damaged rows that readers notice; spandsp's receivers refuse pages from 10 % on.
const NOTICED: f64 = 0.1;
/// `t30-page-long`: mm. A4 has 297, US legal 356.
const LONG: f64 = 500.0;
/// `t30-page-width`: fewer rows tell nothing.
const ROWS_LEAST: u32 = 20;

pub(super) const RULES: &[&Rule] = &[
    &T30_PAGE_BLANK,
    &T30_PAGE_CUT,
    &T30_PAGE_DAMAGED,
    &T30_RTN_GOOD_PAGE,
    &T30_PAGE_WIDTH,
    &T30_PAGE_LONG,
    &T30_SCAN_TIME,
];

pub(in crate::hint) static T30_PAGE_BLANK: Rule = Rule {
    id: "t30-page-blank",
    severity: Severity::Note,
    title: "A page is blank",
    advice: "Nothing is on the page but perhaps a header line. If it was not meant, the original lay the wrong way round in the scanner, or the document that was sent is empty: ask the sender for the original. Fax and network did their work.",
    reference: "T.4 (rows without a black run)",
    when: "A page that is not refused has rows, and at most 0.02 % of its pixels outside of a header line are black.",
    check: Check::Many(blank),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_CUT: Rule = Rule {
    id: "t30-page-cut",
    severity: Severity::Note,
    title: "A page has no end of its own",
    advice: "The data end with a command of T.30, but the rows do not end with RTC or EOFB: the last rows may be missing although no packet is. The sender's gateway cut the page, or its fax leaves the end out. Compare the last rows with the original (`v`, or faxflow pages).",
    reference: "T.4 4.1.4 (RTC), T.6 2.4.1.1 (EOFB)",
    when: "A page ended by MPS, EOP or EOM has rows but neither RTC nor EOFB behind them, and nothing of it is lost in the capture.",
    check: Check::Many(cut),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_DAMAGED: Rule = Rule {
    id: "t30-page-damaged",
    severity: Severity::Note,
    title: "Damaged rows in a page that was confirmed",
    advice: "The receiver took the page although rows of it are damaged: it counts as delivered, and its reader sees streaks or missing lines. Look at the page (`v`, or faxflow pages) before promising that it arrived well. ECM would have had the rows sent again; the packets lost in the page say where to look.",
    reference: "T.30 5.3.6.1.7 (MCF); the limit for RTN is the receiver's own",
    when: "A page that MCF confirms has damaged rows as captured. Warning above 10 % of its rows.",
    check: Check::Many(damaged),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_RTN_GOOD_PAGE: Rule = Rule {
    id: "t30-rtn-good-page",
    severity: Severity::Note,
    title: "The page that was refused (RTN) is good in this capture",
    advice: "All rows of the page are good where this capture was taken, so they were spoilt behind it: on the way from here to the receiver, in its gateway or on its telephone line. Capture closer to the receiver; the sender and the path up to here are not to blame.",
    reference: "T.30 5.3.6.1.7 (RTN)",
    when: "RTN answers a page without ECM of which every row is good, RTC is there and nothing is lost in the capture.",
    check: Check::Many(refused),
    layer: Layer::PhaseD,
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_WIDTH: Rule = Rule {
    id: "t30-page-width",
    severity: Severity::Warning,
    title: "Rows have another width than the DCS says",
    advice: "The rows are whole, but not as long as the DCS commands: every one is damaged for a receiver that believes it. The sender's software scales pages to one width and announces another, or a gateway changed the DCS (compare both legs). Correct the paper width of the sender, or send documents of A4 width.",
    step: "correct the paper width of the sender",
    reference: "T.30 Table 2 (bits 17, 18); T.4 Table 1",
    when: "More than half of 20 rows or more are damaged by the width of the DCS, and nearly none by another width of T.4.",
    check: Check::Many(width),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_PAGE_LONG: Rule = Rule {
    id: "t30-page-long",
    severity: Severity::Note,
    title: "A very long page",
    advice: "The page is longer than any sheet: a roll, several sheets in one, or a document scaled wrongly. Receivers cut it, print it over several sheets or run out of memory. Have the sender break the document into pages.",
    reference: "Threshold of faxflow; T.30 Table 2 (bits 19, 20: A4, B4, unlimited)",
    when: "A page has rows for more than 500 mm.",
    check: Check::Many(long),
    layer: Layer::PhaseC,
    ..super::T30
};

pub(in crate::hint) static T30_SCAN_TIME: Rule = Rule {
    id: "t30-scan-time",
    severity: Severity::Note,
    title: "Rows are shorter than the least scan line time",
    advice: "The DCS promises a least time for each row, because the receiver's printer needs it, and rows come without the fill bits that make up for it. A fax server as the receiver does not mind; an old machine loses rows. A gateway that takes fill bits out has to put them in again (T38FaxFillBitRemoval).",
    reference: "T.30 Table 2 (bits 21 to 23); T.4 4.1.3 (fill)",
    when: "Without ECM the shortest row has fewer bits than the least scan line time of the DCS at its bit rate.",
    check: Check::Many(scan_time),
    layer: Layer::PhaseC,
    ..super::T30
};

/// A finding for each attempt at a page that the check says something of, on the row of its last data.
fn each(
    context: &RuleContext<'_>,
    check: impl Fn(&PageAttempt) -> Option<(Severity, String)>,
) -> Vec<Finding> {
    let call = context.call;
    let found = call.page_attempts.iter().filter_map(|attempt| {
        let event = last_data(context, attempt)?;
        let (severity, seen) = check(attempt)?;
        let finding = Finding::new(severity, [event.last_frame, event.frame], seen);
        Some(finding.on(event.id))
    });
    found.collect()
}

fn last_data<'c>(context: &RuleContext<'c>, attempt: &PageAttempt) -> Option<&'c Event> {
    let place = usize::try_from(attempt.data.last()?.0).ok()?;
    context.call.events.get(place)
}

/// All of it is in the capture, as far as can be told.
fn is_whole(context: &RuleContext<'_>, attempt: &PageAttempt) -> bool {
    let nothing_lost = |side: Side| context.call.udptl.of(side).gaps.is_empty();
    attempt.lost_packets == 0
        && attempt.missing_frames == 0
        && context.call.capture.truncated_count == 0
        && (nothing_lost(Side::Caller) && nothing_lost(Side::Callee))
}

fn is_refused(attempt: &PageAttempt) -> bool {
    matches!(attempt.answer, Some(Fcf::Rtn | Fcf::Pin))
}

fn blank(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let told = !is_refused(attempt) && !attempt.is_interrupted();
        let blank = attempt.facts.blank && told && attempt.bad_share() < NOTICED;
        let header = if attempt.facts.header {
            " but a header line"
        } else {
            ""
        };
        let rows = count(attempt.facts.tally.rows, "row");
        let seen = format!("Page {} is blank{header}: {rows} of white", attempt.page);
        blank.then_some((Severity::Note, seen))
    })
}

fn cut(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let tally = &attempt.facts.tally;
        let open = tally.rows > 0 && !tally.ended && !tally.too_long && tally.bad_rows == 0;
        let told = !attempt.is_interrupted() && attempt.mode.is_some();
        let what = if attempt.compression() == Some("MMR") {
            "EOFB"
        } else {
            "RTC"
        };
        let rows = count(tally.rows, "row");
        let seen = format!("Page {}: no {what} behind its {rows}", attempt.page);
        (open && told && is_whole(context, attempt)).then_some((Severity::Note, seen))
    })
}

fn damaged(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let tally = &attempt.facts.tally;
        let confirmed = attempt.answer == Some(Fcf::Mcf) && attempt.mode.is_some();
        let severity = if attempt.bad_share() > NOTICED {
            Severity::Warning
        } else {
            Severity::Note
        };
        let seen = format!(
            "Page {} is confirmed with {} damaged of {} (at most {} in succession)",
            attempt.page,
            count(tally.bad_rows, "row"),
            tally.rows,
            tally.longest_bad_run
        );
        let cut = context.call.capture.truncated_count > 0;
        (confirmed && tally.bad_rows > 0 && !cut && attempt.fitting_width.is_none())
            .then_some((severity, seen))
    })
}

fn refused(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let tally = &attempt.facts.tally;
        let good = tally.rows > 0 && tally.bad_rows == 0 && tally.ended && !attempt.ecm;
        let seen = format!(
            "Page {} was refused, all its {} are good here",
            attempt.page,
            count(tally.rows, "row")
        );
        (good && attempt.answer == Some(Fcf::Rtn) && is_whole(context, attempt))
            .then_some((Severity::Note, seen))
    })
}

fn width(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let commanded = attempt.layout?.width;
        let found = attempt.fitting_width.filter(|found| *found != commanded)?;
        let enough = attempt.facts.tally.rows >= ROWS_LEAST;
        let seen = format!(
            "Page {} has rows of {found} pixels, the DCS says {commanded}",
            attempt.page
        );
        enough.then_some((Severity::Warning, seen))
    })
}

fn long(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let (_, per_mm) = attempt.layout?.resolution.per_mm();
        let rows = attempt.facts.tally.rows;
        let mm = f64::from(rows) / per_mm;
        let seen = format!(
            "Page {} is {mm:.0} mm long: {}",
            attempt.page,
            count(rows, "row")
        );
        (mm > LONG && attempt.mode.is_some()).then_some((Severity::Note, seen))
    })
}

fn scan_time(context: &RuleContext<'_>) -> Vec<Finding> {
    each(context, |attempt| {
        let mode = attempt
            .mode
            .as_ref()
            .filter(|mode| !mode.ecm && !attempt.ecm)?;
        let least = u32::from(mode.scan_time?) * mode.modem.rate / 1000;
        let shortest = attempt.facts.tally.shortest_row?;
        let seen = format!(
            "Page {}: a row has {shortest} bits, {} ms at {} bit/s are {least}",
            attempt.page, mode.scan_time?, mode.modem.rate
        );
        (shortest < least).then_some((Severity::Note, seen))
    })
}
