//! The last confirmation that its sender never acts on: the receiver has the pages, the sender reports a failure.

use crate::call::verdict::{hung_up, messages};
use crate::call::{Call, Event, EventKind, Side};
use crate::capture::Timestamp;
use crate::t30::Fcf;
use crate::t30::fcf::Class;

/// A terminal sends a command three times (T.30 5.4.2).
const TRIES: usize = 3;
/// What a terminal takes it acts on within less, what it misses it waits for longer (T4: 3 s), seconds.
const ACTS_WITHIN: f64 = 1.5;

/// How often the last command was sent though its confirmation is there, if the sender then gave up.
pub(crate) fn not_taken(call: &Call) -> Option<usize> {
    let is_dcn = |(_, fcf): &(&Event, Fcf)| *fcf == Fcf::Dcn;
    let all: Vec<(&Event, Fcf)> = messages(call)
        .map(|(event, frame)| (event, frame.fcf))
        .filter(|(_, fcf)| {
            let class = fcf.class();
            matches!(class, Class::PostMessage | Class::Confirm) || *fcf == Fcf::Dcn
        })
        .collect();
    let end = all.iter().position(is_dcn).unwrap_or(all.len());
    let dcn = all.get(end);
    let lines = all.get(..end)?;
    let is_command = |fcf: Fcf| fcf.class() == Class::PostMessage;
    let (last, command) = *lines.iter().rev().find(|(_, fcf)| is_command(*fcf))?;
    let page = last_page(call, last.from, last.at)?;
    let same = |(event, fcf): &&(&Event, Fcf)| {
        event.from == last.from && *fcf == command && event.at > page
    };
    let sent = lines.iter().filter(same).count();
    let confirmed = lines
        .iter()
        .filter(|(event, fcf)| !is_command(*fcf) && event.from != last.from && event.at > page)
        .count();
    let silence = lines.last()?.0.end;
    let gave_up = match dcn {
        Some((dcn, _)) => (dcn.from == last.from).then_some(dcn.at),
        None => hung_up(call),
    }?;
    let in_vain = gave_up.seconds_since(silence) > ACTS_WITHIN;
    (sent >= TRIES && confirmed + 1 >= TRIES && in_vain).then_some(sent)
}

/// When the last page before this ended.
fn last_page(call: &Call, from: Side, before: Timestamp) -> Option<Timestamp> {
    let pages = call.events.iter().filter(|event| {
        matches!(event.kind, EventKind::PageData(_)) && event.from == from && event.at < before
    });
    pages.map(|event| event.at).max()
}
