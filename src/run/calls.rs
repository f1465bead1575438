//! `faxflow calls FILE`

use super::input::Input;
use super::output::{complain, form, write};
use super::pass::{self, Unread};
use super::{Failure, Status, parallel, read};
use crate::cli::{General, Output, Shape};
use crate::export::{self, Format};

pub(super) fn run(
    general: &General,
    input: &Input,
    shape: &Shape,
    output: &Output,
) -> Result<Status, Failure> {
    let format: Format = output.format.into();
    if format == Format::Html {
        complain("calls has no HTML: `faxflow check --format html` or `flow` has the faxes");
        return Ok(Status::Unreadable);
    }
    let (analysis, whole) = read(general, input)?;
    let unread = Unread::default();
    let threads = parallel::threads(general.threads);
    let faxes = match format {
        // Made of the calls alone.
        Format::Json | Format::Ndjson | Format::Csv => pass::FaxRows::new(),
        Format::Text | Format::Markdown | Format::Html => {
            pass::fax_rows(&analysis, threads, &unread)
        }
    };
    let calls = pass::Analyses::new(&analysis, threads, &unread);
    write(output, input.files(), |mut to| {
        export::calls(
            &mut to,
            analysis.info(),
            pass::Rows::new(&analysis, &faxes),
            calls,
            format,
            &form(general, shape, output, crate::view::calls::WHOLE),
        )
    })?;
    // The process ends here: giving back each of a hundred thousand calls would only take time.
    drop(faxes);
    let told = unread.told(&analysis);
    std::mem::forget(analysis);
    whole.and(told)?;
    Ok(Status::Good)
}
