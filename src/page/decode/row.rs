//! One row: code words in, runs out.

use super::codes::{self, BLACK_RUNS, LONGEST, MOST_TERMINATING, Mode, WHITE_RUNS};

/// The row being decoded, and the one above it.
#[derive(Debug)]
pub(super) struct Row {
    width: i32,
    /// Runs of the row so far: white, black, white, ...
    runs: Vec<i32>,
    /// Runs of the row above.
    reference: Vec<i32>,
    /// Pixels in `runs`, and of those that there was no room for.
    length: i32,
    /// Pixels of the run that is not finished.
    run: i32,
    /// a0 of T.4 4.2.1.1: the last changing pixel.
    a0: i32,
    /// b1: the next changing pixel of the row above, of the colour that follows.
    b1: i32,
    /// Run of the reference that begins at `b1`.
    cursor: usize,
    /// The next run length is of a black run.
    black: bool,
    /// Run lengths that still belong to a horizontal mode.
    pair: u8,
    /// The row is coded by its differences from the one above.
    two_dimensional: bool,
    /// A code word was none.
    pub(super) odd: bool,
    /// Code words came behind the last pixel.
    pub(super) surplus: bool,
}

impl Row {
    pub(super) fn new(width: u32) -> Self {
        let width = i32::try_from(width).unwrap_or(i32::MAX);
        Self {
            width,
            runs: Vec::new(),
            reference: vec![width],
            length: 0,
            run: 0,
            a0: 0,
            b1: width,
            cursor: 1,
            black: false,
            pair: 0,
            two_dimensional: false,
            odd: false,
            surplus: false,
        }
    }

    /// Begins a row, or the same one once more.
    pub(super) fn begin(&mut self, two_dimensional: bool) {
        self.runs.clear();
        self.length = 0;
        self.run = 0;
        self.a0 = 0;
        self.b1 = self.reference.first().copied().unwrap_or(self.width);
        self.cursor = 1;
        self.black = false;
        self.pair = 0;
        self.two_dimensional = two_dimensional;
        self.odd = false;
        self.surplus = false;
    }

    /// Nothing of it came.
    pub(super) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// As long as it should be, or longer, and no run length is due.
    pub(super) const fn is_full(&self) -> bool {
        self.pair == 0 && self.length >= self.width
    }

    /// Exactly as long as it should be.
    pub(super) const fn is_good(&self) -> bool {
        self.length == self.width && self.run == 0
    }

    /// Its runs.
    pub(super) fn runs(&self) -> &[i32] {
        &self.runs
    }

    /// Takes the code word that the next bits begin with: its length in bits, or 1 where there is none.
    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let taken = if self.two_dimensional && self.pair == 0 {
            self.take_mode(bits >> (LONGEST - 7))
        } else {
            self.take_run(bits)
        };
        self.a0 = self.a0.min(self.width - 1);
        taken
    }

    fn take_mode(&mut self, bits: u32) -> u32 {
        let (mode, length) = codes::mode(bits);
        if self.length >= self.width {
            self.surplus = true;
            return length;
        }
        if !self.runs.is_empty() {
            self.pass_a0();
        }
        match mode {
            Mode::Horizontal => {
                self.black = !self.runs.len().is_multiple_of(2);
                self.pair = 2;
            }
            Mode::Pass => {
                self.b1 += self.next_reference();
                self.run += self.b1 - self.a0;
                self.a0 = self.b1;
                self.b1 += self.next_reference();
            }
            Mode::Vertical(right) => self.take_vertical(right),
            Mode::Extension | Mode::Unknown => self.odd = true,
        }
        length
    }

    /// Moves b1 behind a0, by two runs each time: the colour stays.
    fn pass_a0(&mut self) {
        while self.b1 <= self.a0 {
            if self.cursor >= self.reference.len() {
                self.b1 = self.width;
                break;
            }
            self.b1 += self.next_reference() + self.next_reference();
        }
    }

    fn take_vertical(&mut self, right: i32) {
        let a1 = self.b1 + right;
        // Only at the very start of a row may a run be empty; going back is damage.
        if a1 < self.a0 || (a1 == self.a0 && self.cursor > 1) {
            self.odd = true;
            return;
        }
        self.run += a1 - self.a0;
        self.a0 = a1;
        self.end_run();
        if right >= 0 {
            self.b1 += self.next_reference();
        } else if let Some(cursor) = self.cursor.checked_sub(1) {
            self.cursor = cursor;
            self.b1 -= self.reference.get(cursor).copied().unwrap_or_default();
        }
    }

    fn next_reference(&mut self) -> i32 {
        let run = self.reference.get(self.cursor).copied();
        self.cursor += 1;
        run.unwrap_or_default()
    }

    fn take_run(&mut self, bits: u32) -> u32 {
        let table = if self.black { &BLACK_RUNS } else { &WHITE_RUNS };
        let place = usize::try_from(bits).unwrap_or_default();
        let found = table.get(place).copied().unwrap_or_default();
        if found.bits == 0 {
            self.odd = true;
            self.pair = 0;
            return 1;
        }
        let length = i32::from(found.length);
        if u32::from(found.length) > MOST_TERMINATING {
            // A hostile row has nothing but these; two rows' worth is as wrong as more.
            self.run = (self.run + length).min(self.width * 2);
            self.a0 = (self.a0 + length).min(self.width);
        } else {
            self.black = !self.black;
            self.pair = self.pair.saturating_sub(1);
            if self.length < self.width {
                self.run += length;
                self.a0 += length;
                self.end_run();
            } else if found.length > 0 {
                self.surplus = true;
            }
        }
        u32::from(found.bits)
    }

    fn end_run(&mut self) {
        self.length += self.run;
        // There may be runs of no pixels, but no more than one for each.
        if self.length <= self.width && self.runs.len() <= self.runs_at_most() {
            self.runs.push(self.run);
        }
        self.run = 0;
    }

    fn runs_at_most(&self) -> usize {
        usize::try_from(self.width).unwrap_or_default() + 2
    }

    /// Ends the row at an end of line: what is left of a run belongs to it.
    pub(super) fn finish(&mut self) {
        if self.run > 0 {
            self.end_run();
        }
    }

    /// The row becomes the one above. What lacks of a damaged one is made white, so that the rows after it have
    /// something to refer to.
    pub(super) fn become_reference(&mut self) {
        let mut have: i32 = self.runs.iter().sum();
        if have < self.width && !self.runs.len().is_multiple_of(2) {
            // It ends in white: one black pixel gets colours into step again.
            self.runs.push(1);
            have += 1;
        }
        if have < self.width {
            self.runs.push(self.width - have);
        }
        std::mem::swap(&mut self.runs, &mut self.reference);
    }
}
