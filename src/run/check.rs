//! `faxflow check`: one verdict for every fax; the exit status tells scripts (docs/cli.md).

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use crate::analysis::AnalysedFlow;
use crate::analysis::reading::Analysis;
use crate::call::{CallNo, Verdict};
use crate::cli::{Format, General, Output};
use crate::export::{self, Several, html};
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
    let mut several = (report.format == Format::Json && files.len() > 1).then(Several::default);
    write(output, files, |mut to| {
        if is_html {
            html::begin(&mut to)?;
        }
        for file in files {
            match read(general, file) {
                Ok((analysis, whole)) => {
                    let unread = Unread::default();
                    let several = several.as_mut();
                    let answer = Answer {
                        report: &report,
                        several,
                    };
                    one(&analysis, &unread, answer, to, &mut found)?;
                    let whole = whole.and_then(|()| unread.told(&analysis));
                    failures.extend(whole.err().map(Failure::from));
                }
                Err(failure) => failures.push(failure),
            }
        }
        if is_html {
            html::end(&mut to)?;
        }
        if let Some(several) = &several {
            several.end(&mut to)?;
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

/// Where the answer on a capture goes.
struct Answer<'a> {
    report: &'a Report,
    /// JSON of several captures.
    several: Option<&'a mut Several>,
}

fn one(
    analysis: &Analysis,
    unread: &Unread,
    answer: Answer<'_>,
    mut to: &mut dyn Write,
    found: &mut Found,
) -> std::io::Result<()> {
    let faxes = pass::Flows::new(analysis, pass::faxes(analysis), unread).only_faxes();
    let mut faxes = faxes.peekable();
    // One after the other: a capture may have thousands of them.
    let flows: Box<dyn Iterator<Item = AnalysedFlow>> = if faxes.peek().is_some() {
        Box::new(faxes.inspect(|flow| found.count(flow)))
    } else {
        // It may have been the fax: shown, so that its hints say why it never connected.
        let refused: Vec<Vec<CallNo>> = refused(analysis);
        found.suspicious += refused.len();
        Box::new(pass::Flows::new(analysis, refused, unread))
    };
    let (info, report) = (analysis.info(), answer.report);
    if report.format == Format::Html {
        let pages = |call| analysis.pages(call);
        let pictures = report.pictures.then_some(&pages as html::Pictures<'_>);
        return html::flows(&mut to, info, flows, &report.options, pictures);
    }
    match answer.several {
        Some(several) => several.check(&mut to, info, flows),
        None => export::check(&mut to, info, flows, report.format.into(), &report.options),
    }
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
