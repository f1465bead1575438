//! `faxflow compare GOOD[:CALL] BAD[:CALL]`

use std::path::{Path, PathBuf};

use super::input::Input;
use super::output::{complain, form, usual_width, write};
use super::pass::{self, Unread};
use super::{Failure, Status, read};
use crate::analysis::AnalysedFlow;
use crate::analysis::reading::Analysis;
use crate::call::{CallNo, Flow};
use crate::cli::{Format, General, Output, Shape};
use crate::compare::{compare, verdict, went_through};
use crate::export::compare::{self as export, Of};
use crate::view::compare::Sample;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Good,
    Bad,
}

pub(super) fn run(
    general: &General,
    (good, bad): (&Path, &Path),
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    if matches!(output.format, Format::Csv | Format::Html) {
        complain("compare has no CSV and no HTML: text, markdown or json");
        return Ok(Status::Unreadable);
    }
    let (good, bad) = (Named::of(good), Named::of(bad));
    let one = match Opened::open(general, &good, Role::Good)? {
        Ok(one) => one,
        Err(status) => return Ok(status),
    };
    let other = match Opened::open(general, &bad, Role::Bad)? {
        Ok(other) => other,
        Err(status) => return Ok(status),
    };
    if !went_through(&one.flow) && !general.quiet {
        complain(&format!(
            "{}: the fax that was to be the good one did not go through",
            good.file.display()
        ));
    }
    let comparison = compare(&one.flow, &other.flow);
    let of = |opened| -> Of<'_> {
        let Opened { analysis, flow }: &Opened = opened;
        let capture = analysis.info();
        let file = capture.file.as_str();
        Of {
            capture,
            sample: Sample { file, flow },
        }
    };
    let both = (of(&one), of(&other));
    let shape = form(general, shape, output, usual_width());
    write(output, &[good.file, bad.file], |mut to| {
        export::write(&mut to, &comparison, both, output.format.into(), &shape)
    })?;
    Ok(if comparison.matters {
        Status::Bad
    } else {
        Status::Good
    })
}

/// A file, and the number of a call behind its name.
struct Named {
    file: PathBuf,
    call: Option<CallNo>,
}

impl Named {
    /// `fax.pcap:3`; a file of that whole name comes first.
    fn of(path: &Path) -> Self {
        let whole = Self {
            file: path.to_owned(),
            call: None,
        };
        if path.exists() {
            return whole;
        }
        let parts = path.to_str().and_then(|text| text.rsplit_once(':'));
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
        match parts.and_then(|(file, call)| Some((file, number(call)?))) {
            Some((file, call)) => Self {
                file: file.into(),
                call: Some(CallNo(call)),
            },
            None => whole,
        }
    }
}

/// A capture that was read, and its fax.
struct Opened {
    analysis: Analysis,
    flow: AnalysedFlow,
}

impl Opened {
    fn open(general: &General, named: &Named, role: Role) -> Result<Result<Self, Status>, Failure> {
        let (analysis, whole) = read(general, &Input::one(&named.file))?;
        whole?;
        let legs = match named.call {
            Some(call) => with_other_leg(&analysis, call).ok_or_else(|| {
                complain(&format!(
                    "{}: no call {call} (see `faxflow calls`)",
                    named.file.display()
                ));
                Status::Nothing
            }),
            None => chosen(&analysis, &named.file, role)?,
        };
        let legs = match legs {
            Ok(legs) => legs,
            Err(status) => return Ok(Err(status)),
        };
        let unread = Unread::default();
        let flow = pass::Flows::new(&analysis, vec![legs], &unread).next();
        unread.told(&analysis)?;
        Ok(match flow {
            Some(flow) if role == Role::Bad || verdict(&flow).is_some() => {
                Ok(Self { analysis, flow })
            }
            _ => {
                complain(&format!("{}: no fax found", named.file.display()));
                Err(Status::Nothing)
            }
        })
    }
}

fn with_other_leg(analysis: &Analysis, call: CallNo) -> Option<Vec<CallNo>> {
    analysis.numbers().find(|number| *number == call)?;
    let other = analysis.other_leg(call);
    Some([Some(call), other].into_iter().flatten().collect())
}

/// Calls that never connected which are looked at.
const MOST: usize = 200;

/// The one fax that is meant without a number: of GOOD one that went through, of BAD one that did not.
fn chosen(
    analysis: &Analysis,
    file: &Path,
    role: Role,
) -> Result<Result<Vec<CallNo>, Status>, Failure> {
    let unread = Unread::default();
    let numbers = |flow: &Flow| -> Vec<CallNo> { flow.legs.iter().map(|leg| leg.number).collect() };
    let mut all: Vec<(Vec<CallNo>, bool)> = Vec::new();
    for flow in pass::Flows::new(analysis, pass::faxes(analysis), &unread).only_faxes() {
        all.push((numbers(&flow.flow), went_through(&flow)));
    }
    unread.told(analysis)?;
    if all.is_empty() && role == Role::Bad {
        // The call that never became a fax.
        let mut seen: Vec<CallNo> = Vec::new();
        let never = |call: &CallNo| analysis.never_connected(*call);
        for call in analysis.numbers().filter(never).take(MOST) {
            if !seen.contains(&call) {
                let legs: Vec<CallNo> = with_other_leg(analysis, call).unwrap_or_default();
                seen.extend(&legs);
                all.push((legs, false));
            }
        }
    }
    let fits: Vec<&Vec<CallNo>> = all
        .iter()
        .filter(|(_, good)| *good == (role == Role::Good))
        .map(|(legs, _)| legs)
        .collect();
    let what = if role == Role::Good {
        "went through"
    } else {
        "failed"
    };
    Ok(match (fits.as_slice(), all.as_slice()) {
        ([one], _) => Ok((*one).clone()),
        ([], [(one, _)]) => Ok(one.clone()),
        ([], []) => {
            complain(&format!("{}: no fax found", file.display()));
            Err(Status::Nothing)
        }
        ([], several) => {
            let several: Vec<&Vec<CallNo>> = several.iter().map(|(legs, _)| legs).collect();
            Err(ambiguous(
                file,
                &several,
                &format!("faxes, and none that {what}"),
            ))
        }
        (several, _) => Err(ambiguous(file, several, &format!("faxes that {what}"))),
    })
}

fn ambiguous(file: &Path, flows: &[&Vec<CallNo>], what: &str) -> Status {
    const NAMED: usize = 10;
    let numbers: Vec<String> = flows
        .iter()
        .filter_map(|legs| legs.first())
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = if flows.len() > NAMED { ", ..." } else { "" };
    let first = numbers.first().cloned().unwrap_or_default();
    complain(&format!(
        "{file}: {} {what}: say which, as {file}:{first} (calls {}{more})",
        flows.len(),
        numbers.join(", "),
        file = file.display(),
    ));
    Status::Unreadable
}
