//! Calls that never became a fax (no answer, refused): lines about their numbers at their time, as far as the clock of
//! the log is known.

use std::io;
use std::path::Path;

use memchr::memmem::Finder;

use super::Place;
use super::blocks::Blocks;
use super::clock::Calendar;
use super::collect::{lines_before, mentions};
use super::line::{self, Key};
use super::wanted::Wanted;
use crate::call::Side;
use crate::call::log::Sureness;
use crate::capture::Timestamp;

/// Numbers that are looked for at once.
const MOST_NUMBERS: usize = 32;
/// The first line about a call comes so close to its first packet, seconds.
const NEAR: f64 = 5.0;
/// Without an ident an offset is taken for whole quarters of an hour give or take this.
const ODD: f64 = 30.0;

/// A quarter of an hour, seconds: zones differ by these.
const QUARTER: f64 = 900.0;
/// A call that never became a fax is over after this, seconds.
const LASTS: f64 = 300.0;

/// A line about a number.
struct Mention {
    at: f64,
    key: Option<Key>,
    offset: u64,
    end: u64,
}

/// Where the lines of the calls are that no fax of the log is.
pub(super) fn places(
    file: &Path,
    calls: &[Wanted],
    found: &[Place],
    clock: Option<f64>,
    reference: Timestamp,
) -> io::Result<Vec<Place>> {
    let open: Vec<(usize, &Wanted)> = calls
        .iter()
        .enumerate()
        .filter(|(place, call)| {
            // A fax with messages that are not in this log is not the log's.
            call.anchors.is_empty()
                && !call.numbers.is_empty()
                && found.iter().all(|one| one.call != *place)
        })
        .collect();
    let numbers = numbers_of(&open);
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let windows: Vec<(f64, f64)> = (open.iter())
        .map(|(_, call)| (call.started, call.ended))
        .collect();
    let mentioned = mentioned(file, &numbers, clock, &windows, reference)?;
    let mut out = Vec::new();
    for (call, wanted) in open {
        let is_sought = |number: &String| numbers.contains(&number.as_str());
        if !wanted.numbers.iter().all(is_sought) {
            continue;
        }
        let own = about(wanted, &mentioned, &numbers);
        let Some(first) = first_about(wanted, &own, clock) else {
            continue;
        };
        let same_key = own
            .iter()
            .filter(|mention| mention.key == first.key && (mention.at - first.at).abs() < LASTS);
        let end = same_key
            .map(|mention| mention.end)
            .max()
            .unwrap_or(first.end);
        out.push(Place {
            call,
            // Who calls is not the PBX that looks for a way, unless it says so itself.
            side: Side::Callee,
            key: first.key.clone(),
            range: (first.offset, end),
            first_line: lines_before(file, first.offset)? + 1,
            offset: clock.unwrap_or(first.at - wanted.started),
            within: if clock.is_some() { 1.0 } else { NEAR },
            sure: Sureness::Guessed,
            given: false,
            other_fit: None,
            mixed: false,
        });
    }
    Ok(out)
}

/// The numbers that are looked for, each once.
fn numbers_of<'w>(calls: &[(usize, &'w Wanted)]) -> Vec<&'w str> {
    let mut numbers: Vec<&str> = calls
        .iter()
        .flat_map(|(_, call)| &call.numbers)
        .map(String::as_str)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.truncate(MOST_NUMBERS);
    numbers
}

/// The lines about the numbers of a call.
fn about<'m>(
    wanted: &Wanted,
    mentioned: &'m [(usize, Mention)],
    numbers: &[&str],
) -> Vec<&'m Mention> {
    let is_own =
        |of: usize| (wanted.numbers.iter()).any(|number| numbers.get(of) == Some(&number.as_str()));
    (mentioned.iter().filter(|(of, _)| is_own(*of)))
        .map(|(_, mention)| mention)
        .collect()
}

/// The line with which the log's part about a call begins, of those about its numbers.
fn first_about<'m>(
    wanted: &Wanted,
    own: &[&'m Mention],
    clock: Option<f64>,
) -> Option<&'m Mention> {
    if let Some(clock) = clock {
        let near = |mention: &&&Mention| (mention.at - clock - wanted.started).abs() < NEAR;
        return own.iter().find(near).copied();
    }
    // A single call of these numbers, and a clock that is a zone away: else it is a guess in the dark.
    let first = own.first().copied()?;
    let offset = first.at - wanted.started;
    let length = wanted.ended - wanted.started;
    let is_single = own
        .iter()
        .all(|other| (other.at - first.at).abs() < NEAR + length);
    let is_zone = (offset - (offset / QUARTER).round() * QUARTER).abs() < ODD;
    (is_single && is_zone).then_some(first)
}

/// Lines about some numbers, with the place of the number in the list: those in the time of a call where the clock is known.
fn mentioned(
    file: &Path,
    numbers: &[&str],
    clock: Option<f64>,
    windows: &[(f64, f64)],
    reference: Timestamp,
) -> io::Result<Vec<(usize, Mention)>> {
    /// Lines that are kept.
    const MOST: usize = 100_000;
    let finders: Vec<Finder<'_>> = numbers.iter().map(Finder::new).collect();
    let mut calendar = Calendar::new(reference);
    let mut blocks = Blocks::open(file, 0)?;
    let mut out = Vec::new();
    while let Some((start, block)) = blocks.next()? {
        for (of, finder) in finders.iter().enumerate() {
            let mut from = 0;
            while let Some(hit) = finder.find(block.get(from..).unwrap_or_default()) {
                let at = from + hit;
                let begin = memchr::memrchr(b'\n', block.get(..at).unwrap_or_default())
                    .map_or(0, |place| place + 1);
                let end = memchr::memchr(b'\n', block.get(at..).unwrap_or_default())
                    .map_or(block.len(), |place| at + place);
                from = end;
                let text = line::text(block.get(begin..end).unwrap_or_default());
                let parsed = line::parse(&text, &mut calendar);
                let Some(stamp) = parsed.stamp else {
                    continue;
                };
                let since = Timestamp(stamp.nanos).seconds_since(reference);
                let in_time = clock.is_none_or(|clock| {
                    windows.iter().any(|(first, last)| {
                        since - clock > first - NEAR && since - clock < last + NEAR
                    })
                });
                let named = numbers
                    .get(of)
                    .is_some_and(|number| mentions(parsed.message, number));
                if in_time && named && out.len() < MOST {
                    out.push((
                        of,
                        Mention {
                            at: since,
                            key: parsed.key,
                            offset: start + begin as u64,
                            end: start + end as u64,
                        },
                    ));
                }
            }
        }
    }
    out.sort_by_key(|(_, mention)| mention.offset);
    Ok(out)
}
