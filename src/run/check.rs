//! `faxflow check`: one verdict for every fax; the exit status tells scripts (docs/cli.md).

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use crate::analysis::AnalysedFlow;
use crate::analysis::reading::Analysis;
use crate::call::{CallNo, Verdict};
use crate::cli::{Format, General, Output};
use crate::export::{self, html};
use crate::run::pass::Unread;
use crate::run::{Failure, Status, coloured, complain, pass, read, wants_pictures, write};

/// Checks several captures; a file that cannot be read is told after the others.
pub(super) fn run(
    general: &General,
    files: &[PathBuf],
    output: &Output,
) -> Result<Status, Failure> {
    let report = Report {
        format: output.format,
        pictures: wants_pictures(general, output),
        options: export::Options {
            colour: coloured(general, output),
            ..export::Options::default()
        },
    };
    let mut found = Found::default();
    let mut failures: Vec<Failure> = Vec::new();
    let is_html = report.format == Format::Html;
    write(output, files, |mut to| {
        if is_html {
            html::begin(&mut to)?;
        }
        for file in files {
            match read(general, file) {
                Ok((analysis, whole)) => {
                    let unread = Unread::default();
                    one(&analysis, &unread, &report, to, &mut found)?;
                    let whole = whole.and_then(|()| unread.told(&analysis));
                    failures.extend(whole.err().map(Failure::from));
                }
                Err(failure) => failures.push(failure),
            }
        }
        if is_html {
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

/// The form of the answer.
struct Report {
    format: Format,
    /// HTML: with the pages.
    pictures: bool,
    options: export::Options,
}

/// What was found in all files.
#[derive(Debug, Default)]
struct Found {
    good: usize,
    bad: usize,
    /// Calls that were refused or never answered, in captures without a fax.
    suspicious: usize,
}

impl Found {
    fn status(&self) -> Status {
        match (self.good, self.bad, self.suspicious) {
            (_, 1.., _) | (_, _, 1..) => Status::Bad,
            (1.., _, _) => Status::Good,
            _ => Status::Nothing,
        }
    }

    fn count(&mut self, flow: &AnalysedFlow) {
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
) -> std::io::Result<()> {
    let mut flows: Vec<AnalysedFlow> = Vec::new();
    let mut here = Found::default();
    for flow in pass::Flows::new(analysis, pass::faxes(analysis), unread).only_faxes() {
        here.count(&flow);
        flows.push(flow);
    }
    if flows.is_empty() {
        // It may have been the fax: shown, so that its hints say why it never connected.
        let refused: Vec<Vec<CallNo>> = refused(analysis);
        here.suspicious = refused.len();
        flows.extend(pass::Flows::new(analysis, refused, unread));
    }
    found.good += here.good;
    found.bad += here.bad;
    found.suspicious += here.suspicious;
    if report.format == Format::Html {
        let pages = |call| analysis.pages(call);
        let pictures = report.pictures.then_some(&pages as html::Pictures<'_>);
        return html::flows(&mut to, analysis.info(), flows, &report.options, pictures);
    }
    export::check(
        &mut to,
        analysis.info(),
        flows,
        report.format.into(),
        &report.options,
    )
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
