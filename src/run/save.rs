//! `faxflow save FILE --call N -o OUT.pcapng`

use std::path::Path;

use super::input::Input;
use super::{Failure, Status, complain, print, read};
use crate::analysis::reading::Analysis;
use crate::call::CallNo;
use crate::cli::{General, Which};
use crate::file::How;

/// Writes the packets of one fax, both legs of it unless only one is asked for.
pub(super) fn run(
    general: &General,
    input: &Input,
    which: &Which,
    (output, one_leg, force): (&Path, bool, bool),
) -> Result<Status, Failure> {
    let (analysis, whole) = read(general, input)?;
    if which.call.is_empty() && which.call_id.is_empty() && several(&analysis) {
        complain(&format!(
            "{input}: there is more than one fax: say with --call N which (see `faxflow calls`)"
        ));
        return Ok(Status::Unreadable);
    }
    let Some(flows) = super::flow::chosen(&analysis, input, which) else {
        // The call may be in what could not be read.
        whole?;
        return Ok(Status::Nothing);
    };
    let named: Vec<CallNo> = flows.into_iter().flatten().collect();
    let Some(first) = named.first().copied() else {
        whole?;
        complain(&format!("{input}: no fax found"));
        return Ok(Status::Nothing);
    };
    let mut calls = if which.call.is_empty() && which.call_id.is_empty() && one_leg {
        vec![first]
    } else {
        named
    };
    if !one_leg {
        let others: Vec<CallNo> = calls
            .iter()
            .filter_map(|call| analysis.other_leg(*call))
            .collect();
        calls.extend(others);
    }
    calls.sort_unstable();
    calls.dedup();
    let how = How {
        private: true,
        keep: !force,
        screen: false,
    };
    let (packets, written) = analysis.save_packets(&calls, output, how)?;
    if !general.quiet {
        let numbers: Vec<String> = calls.iter().map(ToString::to_string).collect();
        let what = format!(
            "{} of {} {}",
            crate::text::count(packets, "packet"),
            crate::text::noun(calls.len() as u64, "call"),
            numbers.join(", ")
        );
        let told = crate::text::visible(&written.told(&what, output)).into_owned();
        print(|out| writeln!(out, "{told}"))?;
    }
    whole?;
    Ok(Status::Good)
}

/// Whether there is more than one fax to choose from.
fn several(analysis: &Analysis) -> bool {
    super::pass::faxes(analysis).len() > 1
}
