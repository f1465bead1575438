//! Decoder for MH, MR (T.4) and MMR (T.6).
//!
//! Our own, because a page that was damaged on its way is what matters here: after damage it goes on with the
//! next end of line and says which rows are bad, as the receivers that are in use do (spandsp, in Asterisk and
//! FreeSWITCH). The `fax` crate stops at the first wrong code word and has no MR; it codes what we write.

use bits::Bits;
use codes::LONGEST;
use row::Row;

use super::Coding;

mod bits;
mod codes;
#[cfg(test)]
pub(crate) mod encode;
mod row;
#[cfg(test)]
mod tests;

/// Most rows of a page: two metres at the finest resolution of T.30. A hostile page has a row in each bit.
pub const MOST_ROWS: u32 = 100_000;

/// Empty rows that end a page: RTC is six ends of line (T.4 4.1.4).
const RTC: u32 = 5;
/// Ends of line in EOFB (T.6 2.4.1.1).
const EOFB: u32 = 2;
/// Bits of an end of line.
const EOL: usize = 12;

/// A row, as it is told to whoever keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'r> {
    /// Lengths of its runs, white first; their sum is the width.
    Runs(&'r [i32]),
    /// It was damaged: what receivers print is the row above once more.
    Damaged,
}

/// What became of the rows of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows, bad ones included.
    pub rows: u32,
    /// Damaged rows. Where several ends of line are lost, the rows between them are one.
    pub bad_rows: u32,
    /// Most damaged rows in succession.
    pub longest_bad_run: u32,
    /// Rows with code words behind their last pixel, good or not: they may be coded in another way.
    pub surplus_rows: u32,
    /// RTC or EOFB was seen.
    pub ended: bool,
    /// MH, MR: bits of the shortest good row with its fill and its end of line.
    pub shortest_row: Option<u32>,
    /// Rows were left out: there are more than any page has.
    pub too_long: bool,
}

/// Decodes a page of rows of `width` pixels. Whatever the octets are, it gives rows and goes on; `each` gets
/// them in order.
pub fn decode(octets: &[u8], coding: Coding, width: u32, each: impl FnMut(Decoded<'_>)) -> Tally {
    let page = Page {
        bits: Bits::new(octets),
        row: Row::new(width.max(1)),
        each,
        tally: Tally::default(),
        bad_run: 0,
    };
    match coding {
        Coding::Mh => page.t4(false),
        Coding::Mr => page.t4(true),
        Coding::Mmr => page.t6(),
    }
}

/// The bits of a white row of MH.
pub fn white_row(width: u32) -> Vec<bool> {
    let mut out = Vec::new();
    let mut left = u16::try_from(width).unwrap_or(u16::MAX);
    let mut put = |length: u16| {
        let found = codes::words(false).find(|(known, _)| *known == length);
        let (bits, word) = found.map_or((0, 0), |(_, word)| word);
        out.extend((0..bits).rev().map(|at| word >> at & 1 == 1));
    };
    while left > 63 {
        let long = left.min(2560) / 64 * 64;
        put(long);
        left -= long;
    }
    put(left);
    out
}

struct Page<'d, F> {
    bits: Bits<'d>,
    row: Row,
    each: F,
    tally: Tally,
    /// Bad rows since the last good one.
    bad_run: u32,
}

impl<F: FnMut(Decoded<'_>)> Page<'_, F> {
    /// Rows between ends of line; `tagged`: a bit after each says how the row is coded (T.4 4.2.2).
    fn t4(mut self, tagged: bool) -> Tally {
        let mut ends = 0;
        let mut next = self.bits.find_eol(0);
        while let Some(eol) = next {
            let start = eol + EOL + usize::from(tagged);
            let one_dimensional = !tagged || self.bits.peek(eol + EOL, 1) == 1;
            next = self.row_to_eol(start, !one_dimensional);
            let Some(end) = next else { break };
            if self.row.is_empty() {
                ends += 1;
                if ends == RTC {
                    self.tally.ended = true;
                    break;
                }
                continue;
            }
            ends = 0;
            let length = u32::try_from(end - eol).unwrap_or(u32::MAX);
            if !self.put_row(Some(length)) {
                break;
            }
        }
        self.tally
    }

    /// Decodes a row that begins at a place: where the end of line after it begins.
    fn row_to_eol(&mut self, start: usize, two_dimensional: bool) -> Option<usize> {
        self.row.begin(two_dimensional);
        let mut place = start;
        while self.bits.peek(place, 11) != 0 && !self.row.odd {
            place += self.take(place);
        }
        if self.row.is_good() && !self.row.odd {
            // Code words in step never have an end of line across them.
            return self.bits.find_eol(place);
        }
        // Damaged: the end of line may lie anywhere.
        let end = self.bits.find_eol(start)?;
        self.row.begin(two_dimensional);
        let mut place = start;
        while place < end {
            place += self.take(place);
        }
        Some(end)
    }

    /// T.6 has no ends of line: a row is over when it is full.
    fn t6(mut self) -> Tally {
        let mut ends = 0;
        let mut place = 0;
        self.row.begin(true);
        while place <= self.bits.len() {
            if self.bits.peek(place, 12) == 1 {
                place += EOL;
                if self.row.is_empty() {
                    ends += 1;
                    if ends == EOFB {
                        self.tally.ended = true;
                        break;
                    }
                    continue;
                }
                ends = 0;
            } else {
                place += self.take(place);
                if !self.row.is_full() {
                    continue;
                }
            }
            if !self.put_row(None) {
                break;
            }
            self.row.begin(true);
        }
        self.tally
    }

    fn take(&mut self, place: usize) -> usize {
        let taken = self.row.take(self.bits.peek(place, LONGEST));
        usize::try_from(taken).unwrap_or(1)
    }

    /// A row is over. False: no more are taken.
    fn put_row(&mut self, length: Option<u32>) -> bool {
        if self.tally.rows >= MOST_ROWS {
            self.tally.too_long = true;
            return false;
        }
        self.tally.rows += 1;
        self.row.finish();
        self.tally.surplus_rows += u32::from(self.row.surplus);
        if self.row.is_good() {
            self.bad_run = 0;
            let shortest = self.tally.shortest_row;
            self.tally.shortest_row = shortest.into_iter().chain(length).min();
            (self.each)(Decoded::Runs(self.row.runs()));
        } else {
            self.bad_run += 1;
            self.tally.bad_rows += 1;
            self.tally.longest_bad_run = self.tally.longest_bad_run.max(self.bad_run);
            (self.each)(Decoded::Damaged);
        }
        self.row.become_reference();
        true
    }
}
