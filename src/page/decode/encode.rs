//! An encoder for the tests, straight from T.4 and T.6: what it makes must come back.

use super::codes::words;

/// Coded data, bit by bit.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    octets: Vec<u8>,
    free: u32,
}

/// Pixels of a row, true for black.
pub(crate) type Pixels = Vec<bool>;

impl Encoder {
    fn put(&mut self, bits: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.free == 0 {
                self.octets.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if bits >> shift & 1 == 1 {
                *self.octets.last_mut().unwrap() |= 1 << self.free;
            }
        }
    }

    fn run(&mut self, black: bool, mut length: usize) {
        let word = |length: usize| {
            words(black)
                .find(|(run, _)| usize::from(*run) == length)
                .unwrap()
                .1
        };
        while length >= 64 {
            let make_up = (length / 64 * 64).min(2560);
            let (count, bits) = word(make_up);
            self.put(bits.into(), count.into());
            length -= make_up;
        }
        let (count, bits) = word(length);
        self.put(bits.into(), count.into());
    }

    fn row_1d(&mut self, row: &[bool]) {
        let mut black = false;
        let mut at = 0;
        while at < row.len() {
            let end = change(row, at, !black);
            self.run(black, end - at);
            at = end;
            black = !black;
        }
    }

    /// T.4 4.2.1.3.
    fn row_2d(&mut self, row: &[bool], above: &[bool]) {
        let mut a0: Option<usize> = None;
        let mut black = false;
        while a0.unwrap_or(0) < row.len() {
            let a1 = change(row, a0.unwrap_or(0), !black);
            let b1 = b1(above, a0, black);
            let b2 = change(above, b1, black);
            if b2 < a1 {
                self.put(0b0001, 4);
                a0 = Some(b2);
                continue;
            }
            let shift = i64::try_from(a1).unwrap() - i64::try_from(b1).unwrap();
            match shift {
                0 => self.put(1, 1),
                1 => self.put(0b011, 3),
                2 => self.put(0b00_0011, 6),
                3 => self.put(0b000_0011, 7),
                -1 => self.put(0b010, 3),
                -2 => self.put(0b00_0010, 6),
                -3 => self.put(0b000_0010, 7),
                _ => {
                    let start = a0.unwrap_or(0);
                    let a2 = change(row, a1, black);
                    self.put(0b001, 3);
                    self.run(black, a1 - start);
                    self.run(!black, a2 - a1);
                    a0 = Some(a2);
                    continue;
                }
            }
            a0 = Some(a1);
            black = !black;
        }
    }

    fn eol(&mut self) {
        self.put(1, 12);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.octets
    }
}

/// First pixel of a colour at or behind a place.
fn change(row: &[bool], from: usize, colour: bool) -> usize {
    (from..row.len())
        .find(|at| row[*at] == colour)
        .unwrap_or(row.len())
}

/// First changing pixel of the row above to the right of a0, of the colour opposite to a0's.
fn b1(above: &[bool], a0: Option<usize>, black: bool) -> usize {
    let from = a0.map_or(0, |a0| a0 + 1);
    // Before the row is a white pixel.
    let left_of = |at: usize| at > 0 && above[at - 1];
    (from..above.len())
        .find(|at| above[*at] != black && left_of(*at) == black)
        .unwrap_or(above.len())
}

/// MH with fill up to `least` bits a row.
pub(crate) fn mh(rows: &[Pixels], least: usize) -> Vec<u8> {
    let mut coded = Encoder::default();
    for row in rows {
        let start = coded.octets.len() * 8 - coded.free as usize;
        coded.eol();
        coded.row_1d(row);
        let have = coded.octets.len() * 8 - coded.free as usize - start;
        (have..least).for_each(|_| coded.put(0, 1));
    }
    (0..6).for_each(|_| coded.eol());
    coded.finish()
}

/// MR, every `k`th row one-dimensional.
pub(crate) fn mr(rows: &[Pixels], k: usize) -> Vec<u8> {
    let mut coded = Encoder::default();
    for (number, row) in rows.iter().enumerate() {
        coded.eol();
        if number % k == 0 {
            coded.put(1, 1);
            coded.row_1d(row);
        } else {
            coded.put(0, 1);
            coded.row_2d(row, &rows[number - 1]);
        }
    }
    (0..6).for_each(|_| coded.put(0b11, 13));
    coded.finish()
}

/// MMR.
pub(crate) fn mmr(rows: &[Pixels]) -> Vec<u8> {
    let mut coded = Encoder::default();
    let white = vec![false; rows.first().map_or(0, Vec::len)];
    let mut above = &white;
    for row in rows {
        coded.row_2d(row, above);
        above = row;
    }
    (0..2).for_each(|_| coded.eol());
    coded.finish()
}
