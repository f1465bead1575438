//! `faxflow pages FILE -o DIR`

use std::fs;
use std::path::Path;

use super::flow::chosen;
use super::input::Input;
use super::pass::Unread;
use super::{Failure, Status, complain, print, read};
use crate::analysis::reading::Analysis;
use crate::call::CallNo;
use crate::cli::{General, Which};
use crate::export::pages::{self, Form, Target, Written};
use crate::view::pages::line;

pub(super) fn run(
    general: &General,
    input: &Input,
    which: &Which,
    directory: &Path,
    form: Form,
    force: bool,
) -> Result<Status, Failure> {
    if general.no_pages {
        complain("--no-pages leaves pages out: there is nothing to write");
        return Ok(Status::Unreadable);
    }
    let (analysis, whole) = read(general, input)?;
    let Some(calls) = chosen(&analysis, input, which) else {
        // The call may be in what could not be read.
        whole?;
        return Ok(Status::Nothing);
    };
    let unread = Unread::default();
    let unusable = |error| Failure::Io(directory.display().to_string(), error);
    fs::create_dir_all(directory).map_err(unusable)?;
    let target = Target {
        directory,
        force,
        captures: input.files(),
    };
    let mut written = Vec::new();
    for call in calls.into_iter().flatten() {
        written.extend(of_call(&analysis, &unread, call, &target, form)?);
    }
    let whole = whole.and_then(|()| unread.told(&analysis));
    if written.is_empty() {
        whole?;
        complain(&format!(
            "{input}: no pages in T.38; those of a fax in G.711 sound are not demodulated"
        ));
        return Ok(Status::Nothing);
    }
    if !general.quiet {
        print(|out| written.iter().try_for_each(|one| tell(out, one)))?;
    }
    whole?;
    Ok(Status::Good)
}

fn of_call(
    analysis: &Analysis,
    unread: &Unread,
    call: CallNo,
    target: &Target<'_>,
    form: Form,
) -> Result<Vec<Written>, Failure> {
    let coded = analysis.pages(call).unwrap_or_else(|error| {
        unread.note(&[call], error);
        Vec::new()
    });
    Ok(pages::write(target, call, &coded, form)?)
}

/// The file, and below it each page in it.
fn tell(out: &mut dyn std::io::Write, written: &Written) -> std::io::Result<()> {
    writeln!(
        out,
        "{}",
        crate::text::visible(&written.path.display().to_string())
    )?;
    written
        .pages
        .iter()
        .try_for_each(|page| writeln!(out, "  {}", line(page)))
}
