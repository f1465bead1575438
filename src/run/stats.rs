//! `faxflow stats FILE...`: what the faxes of many captures sum up to.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;

use super::check::groups;
use super::input::Input;
use super::pass::{self, Unread};
use super::{Failure, Status, colour, complain, locale, parallel, print, read};
use crate::cli::{Color, General};
use crate::export;
use crate::view::stats::Tally;

pub(super) fn run(general: &General, inputs: &[Input]) -> Result<Status, Failure> {
    let threads = parallel::threads(general.threads);
    let (mut tally, mut failed) = (Tally::default(), false);
    for group in groups(inputs, threads) {
        let each = match group.len() {
            1 => threads,
            _ => NonZeroUsize::MIN,
        };
        for (one, failure) in
            parallel::in_order(threads, group, |input| of_input(general, input, each))
        {
            tally.add(one);
            if let Some(failure) = failure {
                complain(&failure.to_string());
                failed = true;
            }
        }
    }
    let is_terminal = io::stdout().is_terminal();
    let coloured = colour(general) && (is_terminal || general.color == Color::Always);
    let palette = coloured.then_some(general.settings.palette);
    print(|mut to| export::stats(&mut to, &tally, locale::output_is_ascii(), palette))?;
    Ok(match (failed, tally.faxes()) {
        (true, _) => Status::Unreadable,
        (false, 0) => Status::Nothing,
        _ => Status::Good,
    })
}

fn of_input(general: &General, input: &Input, threads: NonZeroUsize) -> (Tally, Option<Failure>) {
    let mut tally = Tally::default();
    let (analysis, whole) = match read(general, input) {
        Ok(read) => read,
        Err(failure) => return (tally, Some(failure)),
    };
    tally.capture(analysis.info());
    let unread = Unread::default();
    for flow in pass::Flows::new(&analysis, pass::faxes(&analysis), &unread).on(threads) {
        tally.fax(&flow);
    }
    let failure = whole.and_then(|()| unread.told(&analysis)).err();
    (tally, failure.map(Failure::from))
}
