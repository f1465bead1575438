//! What can be said of a page without showing it.

use super::Layout;
use super::decode::{Decoded, Tally, decode};

/// Figures of one page as it was received, or of one attempt at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageFacts {
    /// Pixels of a row; 0 where the coding is not one that is decoded.
    pub width: u32,
    /// Figures of the rows.
    pub tally: Tally,
    /// Share of black pixels, 0 to 1.
    pub black: f64,
    /// Nothing is on it but perhaps the header line.
    pub blank: bool,
    /// Its first rows look like a header line (TTI): text, then white.
    pub header: bool,
}

/// Share of black up to which a page is blank: some specks of dust.
const SPECKS: f64 = 0.0002;
/// Rows of a header line lie within so many mm from the top.
const HEADER_WITHIN_MM: f64 = 8.0;
/// And are no more than so high.
const HEADER_HEIGHT_MM: f64 = 5.0;
/// White that follows it.
const HEADER_GAP_MM: f64 = 0.5;

impl PageFacts {
    /// Decodes a page for its figures; no pixels are kept.
    pub fn of(octets: &[u8], layout: &Layout) -> Self {
        let mut ink = Ink::new(layout);
        let tally = decode(octets, layout.coding, layout.width, |row| ink.add(row));
        let pixels = u64::from(layout.width) * u64::from(tally.rows);
        let header = ink.header();
        let of_header = if header { ink.in_header } else { 0 };
        Self {
            width: layout.width,
            tally,
            black: share(ink.black, pixels),
            blank: tally.rows > 0 && share(ink.black - of_header, pixels) <= SPECKS,
            header,
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "pixels of a page are far below 2^52"
)]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 / whole as f64
}

/// Black pixels, in all and at the top.
struct Ink {
    black: u64,
    rows: u32,
    last: u64,
    /// Rows in which a header may begin, and how many it and the white after it have.
    within: u32,
    highest: u32,
    gap: u32,
    /// First row with ink, and first white row after it.
    begins: Option<u32>,
    ends: Option<u32>,
    /// Black pixels of the rows between.
    in_header: u64,
    /// White rows after it.
    white_after: u32,
}

impl Ink {
    fn new(layout: &Layout) -> Self {
        let (_, per_mm) = layout.resolution.per_mm();
        let rows = |mm: f64| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a few hundred rows"
            )]
            let rows = (mm * per_mm).ceil() as u32;
            rows
        };
        Self {
            black: 0,
            rows: 0,
            last: 0,
            within: rows(HEADER_WITHIN_MM),
            highest: rows(HEADER_HEIGHT_MM),
            gap: rows(HEADER_GAP_MM),
            begins: None,
            ends: None,
            in_header: 0,
            white_after: 0,
        }
    }

    fn add(&mut self, row: Decoded<'_>) {
        if let Decoded::Runs(runs) = row {
            let black = runs.iter().skip(1).step_by(2).copied();
            self.last = black
                .map(|run| u64::try_from(run).unwrap_or_default())
                .sum();
        }
        // A damaged row is printed as the one above.
        self.black += self.last;
        self.see_header();
        self.rows += 1;
    }

    fn see_header(&mut self) {
        match (self.begins, self.ends, self.last) {
            (None, _, 0) => {}
            (None, _, ink) => {
                self.begins = Some(self.rows);
                self.in_header = ink;
            }
            (Some(_), None, 0) => {
                self.ends = Some(self.rows);
                self.white_after = 1;
            }
            (Some(_), None, ink) => self.in_header += ink,
            (Some(_), Some(ends), 0) if self.rows == ends + self.white_after => {
                self.white_after += 1;
            }
            _ => {}
        }
    }

    fn header(&self) -> bool {
        let (Some(begins), Some(ends)) = (self.begins, self.ends) else {
            return false;
        };
        begins < self.within && ends - begins <= self.highest && self.white_after >= self.gap
    }
}
