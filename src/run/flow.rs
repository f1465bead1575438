//! `faxflow flow FILE`, and which calls are meant.

use super::input::Input;
use super::output::{complain, form, usual_width, wants_pictures, write};
use super::pass::{self, Unread};
use super::{Failure, Status, parallel, read};
use crate::analysis::reading::Analysis;
use crate::call::CallNo;
use crate::cli::{self, General, Output, Shape, Which};
use crate::export::{self, html};

pub(super) fn run(
    general: &General,
    input: &Input,
    which: &Which,
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    if output.format == cli::Format::Csv {
        complain("flow has no CSV: `faxflow calls --format csv` or `check` has it");
        return Ok(Status::Unreadable);
    }
    let (analysis, whole) = read(general, input)?;
    let Some(chosen) = chosen(&analysis, input, which) else {
        // The call may be in what could not be read.
        whole?;
        return Ok(Status::Nothing);
    };
    let unread = Unread::default();
    let named = !which.call.is_empty() || !which.call_id.is_empty();
    let flows = pass::Flows::new(&analysis, chosen, &unread).on(parallel::threads(general.threads));
    let flows = if named { flows } else { flows.only_faxes() };
    let shape = form(general, shape, output, usual_width());
    write(output, input.files(), |mut to| {
        if output.format == cli::Format::Html {
            let pages = |call| analysis.pages(call);
            let pictures = wants_pictures(general, output).then_some(&pages as html::Pictures<'_>);
            html::begin(&mut to)?;
            html::flows(&mut to, analysis.info(), flows, &shape, pictures)?;
            return html::end(&mut to);
        }
        export::flow(
            &mut to,
            analysis.info(),
            flows,
            output.format.into(),
            &shape,
        )
    })?;
    whole.and_then(|()| unread.told(&analysis))?;
    Ok(Status::Good)
}

/// The flows that `--call` and `--call-id` name, else every fax with its other leg. `None`: one is not there.
pub(super) fn chosen(
    analysis: &Analysis,
    input: &Input,
    which: &Which,
) -> Option<Vec<Vec<CallNo>>> {
    if which.call.is_empty() && which.call_id.is_empty() {
        return Some(pass::faxes(analysis));
    }
    let known: Vec<CallNo> = analysis.numbers().collect();
    let mut named: Vec<CallNo> = Vec::new();
    for number in &which.call {
        if !known.contains(&CallNo(*number)) {
            complain(&format!(
                "{input}: no call {number}; the capture has {} (see `faxflow calls`)",
                known.len()
            ));
            return None;
        }
        named.push(CallNo(*number));
    }
    for call_id in &which.call_id {
        let Some(number) = analysis.by_call_id(call_id) else {
            complain(&format!(
                "{input}: no call has the Call-ID {}",
                crate::text::visible(call_id)
            ));
            return None;
        };
        named.push(number);
    }
    named.dedup();
    // Two calls make a flow of two legs; more are shown one after the other, two by two.
    Some(named.chunks(2).map(<[CallNo]>::to_vec).collect())
}
