//! `faxflow check`: one verdict for every fax; the exit status tells scripts (docs/cli.md).

use std::collections::HashSet;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::analysis::AnalysedFlow;
use crate::analysis::reading::Analysis;
use crate::call::{CallNo, Verdict};
use crate::capture::Timestamp;
use crate::cli::{Format, General, Output, Shape};
use crate::export::{self, Several, csv, html};
use crate::run::input::Input;
use crate::run::output::{form, usual_width, wants_pictures, write};
use crate::run::pass::Unread;
use crate::run::watch::Counted;
use crate::run::{Failure, Status, complain, parallel, pass, read};
use crate::uid::Uid;

/// Checks several captures; a file that cannot be read is told after the others.
pub(super) fn run(
    general: &General,
    inputs: &[Input],
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    let report = Report {
        format: output.format,
        is_several: output.format == Format::Json && inputs.len() > 1,
        threads: parallel::threads(general.threads),
        pictures: wants_pictures(general, output),
        options: form(general, shape, output, usual_width()),
    };
    let mut found = Found::default();
    let mut failures: Vec<Failure> = Vec::new();
    let files: Vec<PathBuf> = inputs.iter().flat_map(Input::files).cloned().collect();
    write(output, &files, |mut to| {
        match report.format {
            Format::Html => html::begin(&mut to)?,
            Format::Csv => csv::heading(&mut to)?,
            _ => {}
        }
        each(general, &report, inputs, to, &mut found, &mut failures)?;
        if report.format == Format::Html {
            html::end(&mut to)?;
        }
        Ok(())
    })?;
    for failure in &failures {
        complain(&failure.to_string());
    }
    Ok(if failures.is_empty() {
        found.status()
    } else {
        Status::Unreadable
    })
}

/// The report of each file, in their order; several at once where there are processors for it.
fn each(
    general: &General,
    report: &Report,
    inputs: &[Input],
    mut to: &mut dyn Write,
    found: &mut Found,
    failures: &mut Vec<Failure>,
) -> io::Result<()> {
    let mut several = Several::default();
    let of_one_thread = Report {
        threads: NonZeroUsize::MIN,
        ..report.clone()
    };
    for group in groups(inputs, report.threads) {
        // Each file of a group has one thread, a file that is alone all of them.
        let alone = group.len() == 1;
        let one = if alone { report } else { &of_one_thread };
        if let (true, false, [input]) = (alone, report.is_several, group) {
            failures.extend(checked(general, one, input, to, found)?);
            continue;
        }
        let held = |input: &Input| {
            let (mut out, mut found) = (Vec::new(), Found::default());
            let failure = checked(general, one, input, &mut out, &mut found);
            (out, found, failure)
        };
        for (out, of_input, failure) in parallel::in_order(report.threads, group, held) {
            if report.is_several && !out.is_empty() {
                several.next(&mut to)?;
            }
            to.write_all(&out)?;
            found.add(&of_input);
            failures.extend(failure?);
        }
    }
    if report.is_several {
        several.end(&mut to)?;
    }
    Ok(())
}

/// Octets of a file that is small: many such are checked at once, and their answers wait in memory.
const SMALL: u64 = 16 << 20;
/// Files that are checked at once, for each thread.
const AT_ONCE: usize = 16;

/// The files in order: small ones together, others alone.
pub(super) fn groups(inputs: &[Input], threads: NonZeroUsize) -> Vec<&[Input]> {
    let small = |input: &Input| {
        let about = std::fs::metadata(input.path());
        input.files().len() == 1
            && threads.get() > 1
            && about.is_ok_and(|about| about.is_file() && about.len() <= SMALL)
    };
    let runs = inputs.chunk_by(|one, next| small(one) && small(next));
    runs.flat_map(|run| run.chunks(AT_ONCE.saturating_mul(threads.get())))
        .collect()
}

/// One file read and its answer written; what could not be read of it.
pub(super) fn checked(
    general: &General,
    report: &Report,
    input: &Input,
    to: &mut dyn Write,
    found: &mut Found,
) -> io::Result<Option<Failure>> {
    let (analysis, whole) = match read(general, input) {
        Ok(read) => read,
        Err(failure) => return Ok(Some(failure)),
    };
    let unread = Unread::default();
    one(&analysis, &unread, report, to, found)?;
    let whole = whole.and_then(|()| unread.told(&analysis));
    Ok(whole.err().map(Failure::from))
}

/// The form of the answer.
#[derive(Clone)]
pub(super) struct Report {
    pub(super) format: Format,
    /// JSON of several captures.
    pub(super) is_several: bool,
    pub(super) threads: NonZeroUsize,
    /// HTML: with the pages.
    pub(super) pictures: bool,
    pub(super) options: export::Options,
}

/// What was found in all files.
#[derive(Debug, Default)]
pub(super) struct Found {
    good: usize,
    bad: usize,
    /// Calls that were refused or never answered, in captures without a fax.
    suspicious: usize,
    /// What names the last capture.
    pub(super) capture: Uid,
    /// Its calls, and the time of its last packet.
    pub(super) calls: u64,
    pub(super) last_time: Option<Timestamp>,
    /// Each fax, for counters.
    pub(super) faxes: Vec<Counted>,
}

impl Found {
    fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.bad += other.bad;
        self.suspicious += other.suspicious;
    }

    fn status(&self) -> Status {
        match (self.good, self.bad, self.suspicious) {
            (_, 1.., _) | (_, _, 1..) => Status::Bad,
            (1.., _, _) => Status::Good,
            _ => Status::Nothing,
        }
    }

    fn count(&mut self, flow: &AnalysedFlow) {
        self.faxes.extend(Counted::of(flow));
        for fax in flow.flow.legs.iter().filter_map(|leg| leg.fax.as_ref()) {
            if fax.verdict == Verdict::Ok {
                self.good += 1;
            } else {
                self.bad += 1;
            }
        }
    }
}

fn one(
    analysis: &Analysis,
    unread: &Unread,
    report: &Report,
    mut to: &mut dyn Write,
    found: &mut Found,
) -> io::Result<()> {
    let info = analysis.info();
    (found.capture, found.last_time) = (info.uid, info.last_time);
    found.calls += analysis.numbers().count() as u64;
    let flows = |chosen| pass::Flows::new(analysis, chosen, unread).on(report.threads);
    let mut faxes = flows(pass::faxes(analysis)).only_faxes().peekable();
    // One after the other: a capture may have thousands of them.
    let flows: Box<dyn Iterator<Item = AnalysedFlow>> = if faxes.peek().is_some() {
        Box::new(faxes.inspect(|flow| found.count(flow)))
    } else {
        // It may have been the fax: shown, so that its hints say why it never connected.
        let refused: Vec<Vec<CallNo>> = refused(analysis);
        found.suspicious += refused.len();
        Box::new(flows(refused))
    };
    if report.format == Format::Html {
        let pages = |call| analysis.pages(call);
        let pictures = report.pictures.then_some(&pages as html::Pictures<'_>);
        return html::flows(&mut to, info, flows, &report.options, pictures);
    }
    if report.is_several {
        return export::one_of_several(&mut to, info, flows);
    }
    export::check(&mut to, info, flows, report.format.into(), &report.options)
}

/// Calls that were refused or never answered, each with its other leg, each pair once.
fn refused(analysis: &Analysis) -> Vec<Vec<CallNo>> {
    let mut seen: HashSet<CallNo> = HashSet::new();
    let mut out: Vec<Vec<CallNo>> = Vec::new();
    for number in analysis
        .numbers()
        .filter(|number| analysis.never_connected(*number))
    {
        if seen.contains(&number) {
            continue;
        }
        let legs: Vec<CallNo> = std::iter::once(number)
            .chain(analysis.other_leg(number))
            .collect();
        seen.extend(&legs);
        out.push(legs);
    }
    out
}
