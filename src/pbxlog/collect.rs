//! The second pass over a log: all lines of one fax, by the clock of the capture.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::blocks::{Blocks, lines};
use super::clock::Calendar;
use super::line::{self, Key};
use super::scan::newlines;
use super::wanted::Wanted;
use super::{Place, outcome, words};
use crate::call::log::{CallLog, LogFrame, LogLine, Says};
use crate::capture::Timestamp;

mod bursts;

pub(super) use bursts::mentions;

/// Octets before the first message, and after the last one, in which further lines of the fax are looked for.
const AROUND: (u64, u64) = (8 << 20, 4 << 20);
/// Seconds before and after the call in which lines are of it.
const MARGIN: f64 = 20.0;
/// Lines of one fax that are kept.
const MOST: usize = 100_000;
/// Longest message that is kept, octets.
const LONGEST: usize = 2000;

/// A line that may be of the fax.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    number: u64,
    stamp: String,
    /// By the clock of the log, seconds after the reference; it may be later by its resolution.
    at: f64,
    resolution: f64,
    key: Option<Key>,
    level: String,
    pub(super) message: String,
    /// What it says, in the words of the stack.
    of_stack: bool,
}

/// Reads the lines of a fax.
pub(super) fn collect(
    file: &Path,
    name: &Arc<str>,
    wanted: &Wanted,
    place: &Place,
    reference: Timestamp,
) -> io::Result<CallLog> {
    let raw = read(file, wanted, place, reference)?;
    let own = own_lines(&raw, wanted, place);
    let outcome = outcome::of(own.iter().map(|raw| (raw.number, raw.message.as_str())));
    let (lines, senseless) = made(name, &own, (wanted, place), reference);
    Ok(CallLog {
        file: Arc::clone(name),
        side: place.side,
        offset: place.offset,
        within: place.within,
        resolution: own.iter().map(|raw| raw.resolution).fold(0.0, f64::max),
        sure: place.sure,
        given: place.given,
        other_fit: place.other_fit,
        mixed: place.mixed,
        lines,
        outcome,
        senseless,
    })
}

/// All lines in the time of the call.
fn read(file: &Path, wanted: &Wanted, place: &Place, reference: Timestamp) -> io::Result<Vec<Raw>> {
    let from = place.range.0.saturating_sub(AROUND.0);
    let until = place.range.1.saturating_add(AROUND.1);
    let mut calendar = Calendar::new(reference);
    let mut blocks = Blocks::open(file, from)?;
    let mut out: Vec<Raw> = Vec::new();
    let mut first: Option<i64> = None;
    let (mut number, mut last) = (0_i64, None);
    let mut partial = from > 0;
    while let Some((start, block)) = blocks.next()? {
        if start > until {
            break;
        }
        for (at, octets) in lines(block) {
            if start + at as u64 == place.range.0 {
                first = Some(number);
            }
            let number_here = number;
            number += 1;
            // Where reading begins a line is cut.
            if std::mem::take(&mut partial) {
                continue;
            }
            let text = line::text(octets);
            let parsed = line::parse(&text, &mut calendar);
            if let Some(stamp) = parsed.stamp {
                let since = Timestamp(stamp.nanos).seconds_since(reference);
                last = Some((since, stamp.resolution, parsed.stamp_text.to_owned()));
            }
            let Some((since, resolution, stamp)) = last.clone().filter(|_| parsed.begins) else {
                continue;
            };
            let captured = since - place.offset;
            if captured < wanted.started - MARGIN
                || captured > wanted.ended + MARGIN
                || out.len() >= MOST
            {
                continue;
            }
            out.push(Raw {
                number: u64::try_from(number_here).unwrap_or_default(),
                stamp,
                at: since,
                resolution,
                of_stack: words::of_stack(parsed.message).is_some()
                    || parsed.message.contains("x:  ff "),
                key: parsed.key,
                level: parsed.level.to_owned(),
                message: clipped(parsed.message),
            });
        }
    }
    // Numbers as from the start of the file.
    let first = u64::try_from(first.unwrap_or_default()).unwrap_or_default();
    for raw in &mut out {
        raw.number = (raw.number + place.first_line).saturating_sub(first);
    }
    Ok(out)
}

fn clipped(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

/// Those that are of this fax.
fn own_lines<'r>(raw: &'r [Raw], wanted: &Wanted, place: &Place) -> Vec<&'r Raw> {
    let Some(key) = &place.key else {
        return bursts::own(raw, wanted, place);
    };
    let mut channels: BTreeSet<&str> = BTreeSet::new();
    for line in raw.iter().filter(|line| line.key.as_ref() == Some(key)) {
        channels.extend(channels_in(&line.message));
    }
    if channels.is_empty() {
        channels.extend(channel_beside(raw, key));
    }
    let is_own = |line: &&Raw| match &line.key {
        Some(other) if other == key => true,
        // Asterisk gives the thread only to lines before the call has an id.
        Some(Key::Call(_)) => false,
        Some(Key::Thread(_)) | None => {
            !line.of_stack && channels_in(&line.message).any(|channel| channels.contains(channel))
        }
    };
    raw.iter().filter(is_own).collect()
}

/// On the console the lines of a channel have no thread: the session that is said to begin before the first line of
/// the stack, and to be complete after its last.
fn channel_beside<'r>(raw: &'r [Raw], key: &Key) -> Option<&'r str> {
    let of_key = |line: &Raw| line.key.as_ref() == Some(key);
    let last = raw.iter().rposition(of_key)?;
    let mut after = raw.iter().skip(last);
    let complete = after.find(|line| line.message.contains("FAX session '"));
    let first = raw.iter().position(of_key)?;
    let mut before = raw.iter().take(first).rev();
    let begun = || before.find(|line| line.message.contains("FAX session '"));
    let line = complete.or_else(begun)?;
    channels_in(&line.message).next()
}

/// Names of channels: `PJSIP/trunk-000009aa`, `sofia/external/+15551230001@192.0.2.10`.
pub(super) fn channels_in(message: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "'\"(),<>[]".contains(c);
    message.split(ends).filter(|word| {
        let Some((technology, rest)) = word.split_once('/') else {
            return false;
        };
        let is_name = !technology.is_empty()
            && technology
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric());
        let instance = rest.rsplit_once('-').is_some_and(|(_, id)| {
            let id = id.split(';').next().unwrap_or_default();
            id.len() == 8 && id.bytes().all(|octet| octet.is_ascii_hexdigit())
        });
        is_name && (instance || technology == "sofia" && rest.contains('@'))
    })
}

/// The lines as the model has them, and how many of the stack make no sense.
fn made(
    name: &Arc<str>,
    own: &[&Raw],
    (wanted, place): (&Wanted, &Place),
    reference: Timestamp,
) -> (Vec<Arc<LogLine>>, u64) {
    let mut latest = f64::NEG_INFINITY;
    let mut out: Vec<LogLine> = Vec::with_capacity(own.len());
    let mut senseless = 0;
    for raw in own {
        let says = words::says(&raw.message);
        if raw.of_stack && raw.message.contains("x:  ff ") && !matches!(says, Says::Frame(_)) {
            let data = raw.message.contains("x:  ff 03 06") || raw.message.contains("x:  ff 03 86");
            if !data {
                senseless += 1;
                continue;
            }
        }
        let at = captured(raw, &says, wanted, place)
            .max(latest.min(raw.at - place.offset + raw.resolution));
        latest = at;
        // The line with the name has the octets of the line with the octets.
        if let (
            Says::Frame(LogFrame {
                sent,
                octets,
                whole: true,
            }),
            Some(before),
        ) = (&says, out.last_mut())
            && let Says::Frame(named) = &mut before.says
            && !named.whole
            && named.sent == *sent
        {
            named.octets.clone_from(octets);
        }
        out.push(LogLine {
            number: raw.number,
            file: Arc::clone(name),
            stamp: raw.stamp.clone(),
            at: reference.plus_seconds(at),
            level: raw.level.clone(),
            message: raw.message.clone(),
            says,
        });
    }
    (out.into_iter().map(Arc::new).collect(), senseless)
}

/// When a line was written, by the clock of the capture. A log of whole seconds leaves it open: there the message that
/// the line is about tells.
fn captured(raw: &Raw, says: &Says, wanted: &Wanted, place: &Place) -> f64 {
    let earliest = raw.at - place.offset;
    let latest = earliest + raw.resolution;
    let Says::Frame(frame) = says else {
        return earliest;
    };
    let from = if frame.sent {
        place.side
    } else {
        place.side.other()
    };
    let same = wanted
        .anchors
        .iter()
        .filter(|anchor| anchor.from == from && anchor.octets == frame.octets);
    let mut bounds = same.map(|anchor| {
        if frame.sent {
            anchor.sent
        } else {
            anchor.received
        }
    });
    let inside = |(low, high): (f64, f64)| {
        let slack = place.within;
        let fits = low - slack <= latest && high + slack >= earliest;
        fits.then(|| f64::midpoint(low, high).clamp(earliest, latest))
    };
    bounds.find_map(inside).unwrap_or(earliest)
}

/// Newlines up to an octet of a file: the number of the line there, less one.
pub(super) fn lines_before(file: &Path, offset: u64) -> io::Result<u64> {
    let mut blocks = Blocks::open(file, 0)?;
    let mut count = 0;
    while let Some((start, block)) = blocks.next()? {
        if start >= offset {
            break;
        }
        let here = usize::try_from(offset - start)
            .unwrap_or(usize::MAX)
            .min(block.len());
        count += newlines(block.get(..here));
    }
    Ok(count)
}
