//! Rows of pixels.

use super::decode::{Decoded, Tally, decode};
use super::{Coding, Layout};

/// A page of black and white pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    /// Pixels of a row.
    width: u32,
    /// Rows, each in whole octets, the first pixel in the highest bit, black 1.
    octets: Vec<u8>,
    /// Numbers of the damaged rows, from 0, in order.
    damaged: Vec<u32>,
}

impl Bitmap {
    /// Decodes a page.
    pub fn decode(octets: &[u8], layout: &Layout) -> (Self, Tally) {
        let mut bitmap = Self {
            width: layout.width,
            ..Self::default()
        };
        let tally = decode(octets, layout.coding, layout.width, |row| bitmap.push(row));
        (bitmap, tally)
    }

    fn push(&mut self, row: Decoded<'_>) {
        let size = self.row_octets();
        let start = self.octets.len();
        match row {
            Decoded::Runs(runs) => {
                self.octets.resize(start + size, 0);
                let row = self.octets.get_mut(start..).unwrap_or_default();
                paint(row, runs);
            }
            Decoded::Damaged => {
                self.damaged.push(self.rows());
                match start.checked_sub(size) {
                    Some(above) => self.octets.extend_from_within(above..start),
                    None => self.octets.resize(start + size, 0),
                }
            }
        }
    }

    /// Pixels of a row.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Octets of a row.
    pub fn row_octets(&self) -> usize {
        usize::try_from(self.width.div_ceil(8)).unwrap_or_default()
    }

    /// How many rows.
    pub fn rows(&self) -> u32 {
        let rows = self.octets.len() / self.row_octets().max(1);
        u32::try_from(rows).unwrap_or(u32::MAX)
    }

    /// All rows, one after the other.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// One row; empty behind the last one.
    pub fn row(&self, number: u32) -> &[u8] {
        let start = usize::try_from(number)
            .unwrap_or_default()
            .saturating_mul(self.row_octets());
        let row = self
            .octets
            .get(start..start.saturating_add(self.row_octets()));
        row.unwrap_or_default()
    }

    /// Numbers of the damaged rows, from 0, in order.
    pub fn damaged(&self) -> &[u32] {
        &self.damaged
    }

    /// Whether any of these rows is damaged.
    pub fn has_damage(&self, rows: std::ops::Range<u32>) -> bool {
        let first = self.damaged.partition_point(|row| *row < rows.start);
        self.damaged.get(first).is_some_and(|row| *row < rows.end)
    }

    /// Black pixels in a part of a row.
    pub fn black_in(&self, row: u32, columns: std::ops::Range<u32>) -> u32 {
        let octets = self.row(row);
        let end = columns.end.min(self.width);
        let mut count = 0;
        let mut at = columns.start;
        while at < end {
            let octet = usize::try_from(at / 8).ok().and_then(|at| octets.get(at));
            let upto = ((at / 8 + 1) * 8).min(end);
            let mask = (0xFF_u32 >> (at % 8)) & !(0xFF_u32 >> (upto - at / 8 * 8));
            count += (u32::from(octet.copied().unwrap_or_default()) & mask).count_ones();
            at = upto;
        }
        count
    }
}

/// Sets the black runs of a row in octets that are white.
fn paint(row: &mut [u8], runs: &[i32]) {
    let mut at = 0_usize;
    for (run, place) in runs.iter().zip(0_usize..) {
        let end = at + usize::try_from(*run).unwrap_or_default();
        if !place.is_multiple_of(2) && end > at {
            blacken(row, at, end);
        }
        at = end;
    }
}

fn blacken(row: &mut [u8], start: usize, end: usize) {
    let (first, last) = (start / 8, (end - 1) / 8);
    let head = 0xFF_u8 >> (start % 8);
    let tail = 0xFF_u8 << (7 - (end - 1) % 8);
    match row.get_mut(first..=last) {
        Some([only]) => *only |= head & tail,
        Some([first, between @ .., last]) => {
            *first |= head;
            between.fill(0xFF);
            *last |= tail;
        }
        _ => {}
    }
}

/// The layout with which octets decode best, where no DCS tells it: fewest bad rows, then most rows. `None`: with
/// none of them.
pub fn guess(octets: &[u8]) -> Option<Layout> {
    // The start of a page is enough to tell.
    let start = octets.get(..ENOUGH).unwrap_or(octets);
    let widths = [1728, 2048, 2432];
    let all = Coding::ALL
        .into_iter()
        .flat_map(|coding| widths.map(|width| (coding, width)));
    let tried = all.map(|(coding, width)| {
        let tally = decode(start, coding, width, |_| {});
        (tally, coding, width)
    });
    let (tally, coding, width) = tried.max_by_key(|(tally, ..)| {
        let good = tally.rows - tally.bad_rows;
        i64::from(good) - 4 * i64::from(tally.bad_rows) - 4 * i64::from(tally.surplus_rows)
    })?;
    (tally.rows > tally.bad_rows).then_some(Layout {
        coding,
        width,
        resolution: super::Resolution::STANDARD,
    })
}

/// Octets that are looked at to tell the coding.
const ENOUGH: usize = 8 << 10;
