//! The PBX's own log beside the capture (`--log`): Asterisk, FreeSWITCH, spandsp.
//!
//! The clock of a log is not that of the capture, and a log of days has many faxes. So the log is read twice: the first
//! time only for the T.30 messages that the fax stack sent and received (`scan`), which are laid over those of the
//! calls of the capture (`align`); the second time for all lines of the faxes that were found (`collect`).

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::call::log::{CallLog, Sureness};
use crate::call::{Call, CallNo, Side};
use crate::capture::Timestamp;

mod align;
mod blocks;
mod clock;
mod collect;
mod line;
mod numbers;
mod outcome;
mod scan;
mod wanted;
mod words;

pub use wanted::Wanted;

/// What the user gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// `--log`
    pub files: Vec<PathBuf>,
    /// `--log-offset`: log minus capture, seconds.
    pub offset: Option<f64>,
}

/// What was found in the logs.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By call.
    pub calls: HashMap<CallNo, Arc<CallLog>>,
    /// In words for the user.
    pub notes: Vec<String>,
}

/// Where the lines of a call are in a log.
#[derive(Clone, Debug)]
struct Place {
    call: usize,
    side: Side,
    /// Who writes the lines: `C-000004d5`, a thread, a channel.
    key: Option<line::Key>,
    /// Octets of the file in which they are.
    range: (u64, u64),
    /// Number of the line that begins at the first of them.
    first_line: u64,
    offset: f64,
    within: f64,
    sure: Sureness,
    given: bool,
    other_fit: Option<f64>,
    mixed: bool,
}

/// Looks for the calls in the logs.
///
/// # Errors
/// A log that cannot be read, with its name.
pub fn find(
    given: &Given,
    calls: &[Wanted],
    reference: Timestamp,
) -> Result<Found, (PathBuf, io::Error)> {
    let mut found = Found::default();
    for file in &given.files {
        let one = find_in(file, given.offset, calls, reference);
        let one = one.map_err(|error| (file.clone(), error))?;
        for (number, log) in one.calls {
            let known = found.calls.get(&number);
            if known.is_none_or(|known| known.sure < log.sure) {
                found.calls.insert(number, log);
            }
        }
        found.notes.extend(one.notes);
    }
    Ok(found)
}

fn find_in(
    file: &Path,
    offset: Option<f64>,
    calls: &[Wanted],
    reference: Timestamp,
) -> io::Result<Found> {
    let scanned = scan::scan(file, calls, reference)?;
    let mut places = align::align(&scanned.sessions, calls, offset);
    let known = align::clock_of(&places).or(offset);
    places.extend(numbers::places(file, calls, &places, known, reference)?);
    let name: Arc<str> = Arc::from(file.to_string_lossy().as_ref());
    let mut found = Found::default();
    for place in &places {
        let Some(wanted) = calls.get(place.call) else {
            continue;
        };
        let log = collect::collect(file, &name, wanted, place, reference)?;
        if !log.lines.is_empty() {
            found.calls.insert(wanted.number, Arc::new(log));
        }
    }
    found.notes = notes(&name, &scanned, &found, calls);
    Ok(found)
}

/// What the user should know of a log.
fn notes(name: &str, scanned: &scan::Scanned, found: &Found, calls: &[Wanted]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut numbers: Vec<&CallNo> = found.calls.keys().collect();
    numbers.sort_unstable();
    let first = numbers.first().and_then(|number| found.calls.get(number));
    let faxes = scanned.faxes;
    notes.push(match first {
        None if faxes == 0 => format!("log {name}: no line of a fax in it"),
        None if calls.is_empty() => format!("log {name}: the capture has no fax to look for"),
        None => format!(
            "log {name}: nothing in it is about a call of this capture ({} in it)",
            crate::text::count(faxes, "other fax").replace("faxs", "faxes")
        ),
        Some(log) => {
            let calls: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!(
                "log {name}: about {} {}; its clock is {}",
                crate::text::noun(numbers.len() as u64, "call"),
                calls.join(", "),
                clock_text(log)
            )
        }
    });
    let senseless: u64 = found.calls.values().map(|log| log.senseless).sum();
    let senseless = senseless + scanned.senseless;
    if senseless > 0 {
        notes.push(format!(
            "log {name}: {} of the fax stack make no sense and are skipped",
            crate::text::count(senseless, "line")
        ));
    }
    notes
}

/// `7162.6 s ahead of the capture (within 0.05 s, sure)`
pub fn clock_text(log: &CallLog) -> String {
    let offset = log.offset;
    let how = match (log.given, log.sure) {
        (true, _) => "as given".to_owned(),
        (false, sure) => format!("within {:.2} s, {}", log.within, sure.name()),
    };
    let other = log.other_fit.map_or_else(String::new, |other| {
        format!("; {other:.1} s fits as well: --log-offset says which")
    });
    if offset.abs() < 0.001 {
        return format!("that of the capture ({how}{other})");
    }
    let way = if offset > 0.0 { "ahead of" } else { "behind" };
    format!("{:.3} s {way} the capture ({how}{other})", offset.abs())
}

/// What is looked for of a call.
pub fn wanted(call: &Call, reference: Timestamp) -> Wanted {
    Wanted::of(call, reference)
}
