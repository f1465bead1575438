//! Records of a pcap file, and the way back to them after damage.

use super::{Damage, Found, Step};
use crate::capture::Timestamp;
use crate::capture::buffer::{Buffer, RECORD_MAX};
use crate::capture::container::{Order, PcapHeader, Record};
use crate::capture::link::LinkType;

/// Record lengths up to this are believed even if the file header promises shorter ones (libpcap's own limit).
const CAPTURED_MAX: u32 = 256 * 1024;

/// Sane record headers in a row that end a search after damage.
const CHAIN: usize = 3;

/// A record that ends a search is at most this many seconds away from the last good one.
const CHAIN_SECONDS: u32 = 7 * 24 * 3600;

/// Walks from record to record.
#[derive(Debug)]
pub(in crate::capture) struct Records {
    header: PcapHeader,
    /// Little-endian, without the extra fields of the modified format.
    usual: bool,
    /// Captured lengths above this cannot be.
    captured_max: u32,
    /// Nanoseconds of one unit of a record's fraction, and how many units make a second.
    unit: u32,
    fraction_end: u32,
    /// Seconds of the last good record.
    last: Option<u32>,
}

/// Octets of the usual record header.
pub(in crate::capture) const USUAL_HEADER: usize = 16;

/// Such a header, little-endian, wherever its data is.
#[inline]
fn usual_header(data: &[u8]) -> Option<Record> {
    let (header, _) = data.split_first_chunk::<USUAL_HEADER>()?;
    let [
        s0,
        s1,
        s2,
        s3,
        f0,
        f1,
        f2,
        f3,
        c0,
        c1,
        c2,
        c3,
        o0,
        o1,
        o2,
        o3,
    ] = *header;
    Some(Record {
        seconds: u32::from_le_bytes([s0, s1, s2, s3]),
        fraction: u32::from_le_bytes([f0, f1, f2, f3]),
        captured: u32::from_le_bytes([c0, c1, c2, c3]),
        original: u32::from_le_bytes([o0, o1, o2, o3]),
    })
}

/// Whole records in order, each with a sane header after it, in the current buffer. Ends before anything else.
pub(in crate::capture) struct Run<'r, 'b> {
    records: &'r Records,
    /// The record at the start of `rest`.
    record: Record,
    rest: &'b [u8],
    last: Timestamp,
}

impl<'b> Iterator for Run<'_, 'b> {
    type Item = (Timestamp, &'b [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.records.time(&self.record);
        if at < self.last || at.0 - self.last.0 > super::account::LONG_GAP_NS {
            return None;
        }
        let (_, data) = self.rest.split_at_checked(USUAL_HEADER)?;
        let (frame, rest) = data.split_at_checked(length(&self.record))?;
        let next = usual_header(rest).filter(|next| self.records.is_plain(next))?;
        (self.record, self.rest, self.last) = (next, rest, at);
        Some((at, frame))
    }
}

/// How far a record header can be believed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sanity {
    /// Its length cannot be.
    Bad,
    /// Readable, but not as any known program writes it.
    Odd,
    Good,
}

impl Records {
    pub(super) fn new(header: PcapHeader) -> Self {
        let snaplen_max = u32::try_from(RECORD_MAX).unwrap_or(u32::MAX);
        let (unit, fraction_end) = if header.nanoseconds {
            (1, 1_000_000_000)
        } else {
            (1000, 1_000_000)
        };
        Self {
            header,
            usual: header.order == Order::Little && !header.modified,
            captured_max: CAPTURED_MAX.max(header.snaplen.min(snaplen_max)),
            unit,
            fraction_end,
            last: None,
        }
    }

    pub(in crate::capture) fn link(&self) -> LinkType {
        LinkType(self.header.link)
    }

    pub(super) fn nanoseconds(&self) -> bool {
        self.header.nanoseconds
    }

    /// The usual records at the start of `data`, see [`Run`].
    #[inline]
    pub(in crate::capture) fn run<'b>(
        &self,
        data: &'b [u8],
        from: Timestamp,
    ) -> Option<Run<'_, 'b>> {
        let record = usual_header(data).filter(|record| self.usual && self.is_plain(record))?;
        Some(Run {
            records: self,
            record,
            rest: data,
            last: from,
        })
    }

    /// Whether a record is whole and its header sane.
    #[inline]
    fn is_plain(&self, record: &Record) -> bool {
        record.captured == record.original
            && record.captured <= CAPTURED_MAX
            && record.fraction < self.fraction_end
            && record.captured > 0
    }

    /// After a run: the time of its last record.
    pub(in crate::capture) fn ran(&mut self, last: Timestamp) {
        self.last = u32::try_from(last.0 / 1_000_000_000).ok();
    }

    #[inline]
    fn time(&self, record: &Record) -> Timestamp {
        Timestamp(
            u64::from(record.seconds) * 1_000_000_000
                + u64::from(record.fraction) * u64::from(self.unit),
        )
    }

    fn found(&self, start: u64, record: &Record, len: usize) -> Found {
        Found {
            record: start,
            offset: start + self.header.record_header_len() as u64,
            len,
            wire_len: record.original,
            at: self.time(record),
            link: self.link(),
        }
    }

    /// The next record. `ended`: what is not there yet will not come.
    pub(super) fn step(&mut self, buffer: &mut Buffer, ended: bool) -> Step {
        let header_len = self.header.record_header_len();
        if !buffer.fill(header_len) {
            return self.end(buffer, ended, None);
        }
        let Some(header) = self.header.record_header(buffer.available()) else {
            return Step::End;
        };
        let sanity = self.sanity(&header);
        if sanity == Sanity::Bad {
            return self.resync(buffer, Some(&header));
        }
        let data_len = length(&header);
        if !buffer.fill(header_len + data_len) {
            if !ended {
                return Step::End;
            }
            return match self.inner_chain(buffer, data_len) {
                Some(inner) => self.deliver(buffer, &header, inner, true),
                None => self.end(buffer, ended, Some(data_len)),
            };
        }
        // The next header tells whether this record's length was right: a lookahead of what is there already.
        let successor = self.successor_sanity(buffer, header_len + data_len);
        if successor < Sanity::Good
            && (successor == Sanity::Bad || sanity == Sanity::Odd)
            && let Some(inner) = self.inner_chain(buffer, data_len)
        {
            return self.deliver(buffer, &header, inner, true);
        }
        self.deliver(buffer, &header, data_len, false)
    }

    fn deliver(&mut self, buffer: &mut Buffer, record: &Record, len: usize, wrong: bool) -> Step {
        let start = buffer.offset();
        let header_len = self.header.record_header_len();
        buffer.consume(header_len + len);
        self.last = Some(record.seconds);
        let found = self.found(start, record, len);
        let damage = wrong.then(|| Damage {
            offset: start,
            text: format!(
                "the record length {} is wrong, {len} octets belong to the frame",
                record.captured
            ),
        });
        Step::Frame(found, damage)
    }

    fn sanity(&self, record: &Record) -> Sanity {
        let empty = record.captured == 0 && record.original == 0 && record.seconds == 0;
        if record.captured > self.captured_max || empty {
            Sanity::Bad
        } else if record.fraction >= self.fraction_end || record.captured > record.original {
            Sanity::Odd
        } else {
            Sanity::Good
        }
    }

    /// What follows a record; the end of what is there counts as good.
    fn successor_sanity(&self, buffer: &Buffer, at: usize) -> Sanity {
        let next = buffer.available().get(at..).unwrap_or_default();
        self.header
            .record_header(next)
            .map_or(Sanity::Good, |record| self.sanity(&record))
    }

    /// Where, inside a record's data, a chain of other records begins.
    fn inner_chain(&self, buffer: &Buffer, data_len: usize) -> Option<usize> {
        let header_len = self.header.record_header_len();
        let data = buffer.available().get(header_len..)?;
        (1..data_len.min(data.len()))
            .find(|&at| self.is_chain(data.get(at..).unwrap_or_default(), true))
    }

    /// Whether sane records follow each other here. `whole`: there is nothing after `data`.
    fn is_chain(&self, mut data: &[u8], whole: bool) -> bool {
        for _ in 0..CHAIN {
            let Some(record) = self.header.record_header(data) else {
                return whole && data.is_empty();
            };
            let near = self
                .last
                .is_none_or(|last| last.abs_diff(record.seconds) <= CHAIN_SECONDS);
            if self.sanity(&record) != Sanity::Good || record.captured == 0 || !near {
                return false;
            }
            let size = self.header.record_header_len() + length(&record);
            let Some(rest) = data.get(size..) else {
                return false;
            };
            data = rest;
        }
        true
    }

    /// Searches the next chain of records.
    fn resync(&mut self, buffer: &mut Buffer, header: Option<&Record>) -> Step {
        let start = buffer.offset();
        let header_len = self.header.record_header_len();
        let mut skipped: usize = 0;
        loop {
            // A chain needs a few records ahead; what a large one lacks is found by the check for a short rest.
            let more = buffer.fill(SEARCH_WINDOW);
            let data = buffer.available();
            let stop = if more {
                data.len().saturating_sub(SEARCH_WINDOW / 2)
            } else {
                data.len()
            };
            let first = usize::from(skipped == 0);
            let found =
                (first..stop).find(|&at| self.is_chain(data.get(at..).unwrap_or_default(), !more));
            let count = found.unwrap_or_else(|| stop.max(1));
            if let (Some(at), Some(record), 0) = (found, header, skipped)
                && at.checked_sub(header_len) == usize::try_from(record.original).ok()
                && record.fraction < 1_000_000_000
            {
                return self.deliver(buffer, record, at - header_len, true);
            }
            buffer.consume(count);
            skipped += count;
            if found.is_some() || !more && buffer.available().is_empty() {
                break;
            }
        }
        Step::Damage(Damage {
            offset: start,
            text: format!("damaged record: {skipped} octets skipped"),
        })
    }

    /// The end of the data, perhaps in the middle of a record.
    fn end(&self, buffer: &mut Buffer, ended: bool, data_len: Option<usize>) -> Step {
        let rest = buffer.available().len();
        if rest == 0 || !ended {
            return Step::End;
        }
        let offset = buffer.offset();
        buffer.consume(rest);
        let text = match data_len {
            Some(data_len) => format!(
                "the capture ends in the middle of a frame: {} of {data_len} octets are there",
                rest - self.header.record_header_len()
            ),
            None => format!("the capture ends in the middle of a record header ({rest} octets)"),
        };
        Step::Damage(Damage { offset, text })
    }
}

/// Octets that a search keeps ahead.
const SEARCH_WINDOW: usize = 128 * 1024;

fn length(record: &Record) -> usize {
    usize::try_from(record.captured).unwrap_or(usize::MAX)
}
