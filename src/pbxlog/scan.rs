//! The first pass over a log: the T.30 messages of each fax in it, and nothing else.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use memchr::memmem::Finder;

use super::blocks::Blocks;
use super::clock::Calendar;
use super::line::{self, Key};
use super::wanted::Wanted;
use super::words;
use crate::capture::Timestamp;

/// So long after its last message a fax is over, and the next one with the same key begins, seconds.
const SILENCE: f64 = 150.0;
/// Messages of one fax that are kept.
const MOST: usize = 400;
/// Messages between two looks for faxes that are over.
const SWEEP: usize = 4096;
/// Octets from which on a message tells one fax from another: idents, and capabilities.
const TELLING: usize = 8;

/// The messages of one fax.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) key: Option<Key>,
    /// In order.
    pub(super) frames: Vec<Frame>,
    /// Octets of the file from its first message to its last.
    pub(super) range: (u64, u64),
    /// Number of the line of the first one.
    pub(super) first_line: u64,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Time of the line, seconds after the reference.
    pub(super) at: f64,
    /// The line may be so much later.
    pub(super) resolution: f64,
    pub(super) sent: bool,
    pub(super) octets: Vec<u8>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) sessions: Vec<Session>,
    /// Faxes in the log, of whatever call.
    pub(super) faxes: u64,
    /// Lines that should be messages and are not.
    pub(super) senseless: u64,
}

/// Reads the messages of a log. Faxes that can be none of the calls are dropped as soon as they are over.
pub(super) fn scan(file: &Path, calls: &[Wanted], reference: Timestamp) -> io::Result<Scanned> {
    let known: HashSet<&[u8]> = calls
        .iter()
        .flat_map(|call| &call.anchors)
        .map(|anchor| anchor.octets.as_slice())
        .collect();
    let mut scan = Scan {
        known,
        out: Scanned::default(),
        open: HashMap::new(),
        calendar: Calendar::new(reference),
        reference,
        since_sweep: 0,
        line: 0,
    };
    let finder = Finder::new(b"x:  ff ");
    let mut blocks = Blocks::open(file, 0)?;
    while let Some((start, block)) = blocks.next()? {
        let (mut from, mut counted) = (0, 0);
        while let Some(found) = finder.find(block.get(from..).unwrap_or_default()) {
            let at = from + found;
            let begin = memchr::memrchr(b'\n', block.get(..at).unwrap_or_default());
            let begin = begin.map_or(0, |place| place + 1);
            let end = memchr::memchr(b'\n', block.get(at..).unwrap_or_default());
            let end = end.map_or(block.len(), |place| at + place);
            let line = block.get(begin..end).unwrap_or_default();
            scan.line += newlines(block.get(counted..begin));
            counted = begin;
            scan.take(line, start + begin as u64);
            from = end;
        }
        scan.line += newlines(block.get(counted..));
    }
    scan.sweep(f64::INFINITY);
    Ok(scan.out)
}

/// How many lines end in some octets.
pub(super) fn newlines(octets: Option<&[u8]>) -> u64 {
    memchr::memchr_iter(b'\n', octets.unwrap_or_default()).count() as u64
}

struct Scan<'w> {
    /// All messages of the calls.
    known: HashSet<&'w [u8]>,
    out: Scanned,
    open: HashMap<Option<Key>, Session>,
    calendar: Calendar,
    reference: Timestamp,
    since_sweep: usize,
    /// Lines before the one that is looked at.
    line: u64,
}

impl Scan<'_> {
    fn take(&mut self, line: &[u8], offset: u64) {
        let text = line::text(line);
        let parsed = line::parse(&text, &mut self.calendar);
        let Some(stamp) = parsed.stamp else {
            self.out.senseless += 1;
            return;
        };
        let Some(frame) = words::octets(parsed.message) else {
            // Page data, or what is no message after all.
            let is_page_data =
                parsed.message.contains("x:  ff 03 06") || parsed.message.contains("x:  ff 03 86");
            if !is_page_data {
                self.out.senseless += 1;
            }
            return;
        };
        let at = Timestamp(stamp.nanos).seconds_since(self.reference);
        let frame = Frame {
            at,
            resolution: stamp.resolution,
            sent: frame.sent,
            octets: frame.octets,
        };
        self.since_sweep += 1;
        if self.since_sweep > SWEEP {
            self.since_sweep = 0;
            self.sweep(at);
        }
        let end = offset + line.len() as u64;
        if let Some(open) = self.open.get_mut(&parsed.key) {
            let last = open.frames.last().map_or(at, |last| last.at);
            // A clock that is set back is not the end of a fax, but that of a day's file is.
            if (at - last).abs() < SILENCE {
                open.range.1 = end;
                if open.frames.len() < MOST {
                    open.frames.push(frame);
                }
                return;
            }
        }
        let session = Session {
            key: parsed.key.clone(),
            frames: vec![frame],
            range: (offset, end),
            first_line: self.line + 1,
        };
        self.out.faxes += 1;
        if let Some(over) = self.open.insert(parsed.key, session) {
            self.close(over);
        }
    }

    /// Faxes that are over by now.
    fn sweep(&mut self, now: f64) {
        let over: Vec<Option<Key>> = self
            .open
            .iter()
            .filter(|(_, session)| {
                (session.frames.last()).is_none_or(|last| (now - last.at).abs() > SILENCE)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in over {
            if let Some(session) = self.open.remove(&key) {
                self.close(session);
            }
        }
    }

    /// Kept where it may be one of the calls.
    fn close(&mut self, session: Session) {
        let telling: Vec<&Frame> = session
            .frames
            .iter()
            .filter(|frame| frame.octets.len() >= TELLING)
            .collect();
        let knows = |frame: &&Frame| self.known.contains(frame.octets.as_slice());
        let may_be = if telling.is_empty() {
            session.frames.iter().any(|frame| knows(&frame))
        } else {
            telling.iter().any(knows)
        };
        if may_be {
            self.out.sessions.push(session);
        }
    }
}
