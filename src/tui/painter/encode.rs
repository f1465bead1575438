//! Cells as octets for the terminal: short cursor movements, short changes of style.

use std::fmt::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::grid::{Pen, Scroll, is_blank, is_right_half, pen, same, width_of};

/// At most this many unchanged cells are written again instead of a cursor movement.
const GAP_MOST: usize = 12;
/// Blanks from this number on are erased where text follows: six octets, and four to pass over them.
const BLANKS_LEAST: usize = 11;

/// Octets for the terminal, and where they leave its cursor and its style.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    out: String,
    raw: Vec<u8>,
    cursor: Option<(u16, u16)>,
    /// Whether every terminal has its cursor in this column: they do not agree how wide some characters are.
    sure: bool,
    pen: Pen,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            out: String::new(),
            raw: Vec::new(),
            cursor: None,
            sure: true,
            pen: Pen::PLAIN,
        }
    }
}

impl Encoder {
    /// The octets so far; the encoder is empty after that, its cursor and style stay.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.settle();
        std::mem::take(&mut self.raw)
    }

    /// How many octets there are so far.
    pub(super) fn len(&self) -> usize {
        self.out.len() + self.raw.len()
    }

    /// Octets that move no cursor and change no style.
    pub(super) fn raw(&mut self, octets: &[u8]) {
        self.settle();
        self.raw.extend_from_slice(octets);
    }

    fn settle(&mut self) {
        self.raw
            .append(&mut std::mem::take(&mut self.out).into_bytes());
    }

    /// Clears the screen.
    pub(super) fn clear(&mut self) {
        self.out.push_str("\x1b[m\x1b[H\x1b[2J");
        self.pen = Pen::PLAIN;
        (self.cursor, self.sure) = (Some((0, 0)), true);
    }

    /// Scrolls a region: its lines deleted at the top or inserted there.
    pub(super) fn scroll(&mut self, scroll: &Scroll) {
        // Lines that come in take the colour of the pen on many terminals.
        self.plain();
        let (first, last) = (scroll.top + 1, scroll.end);
        let _ = write!(self.out, "\x1b[{first};{last}r\x1b[{first}H\x1b[");
        if scroll.lines > 1 {
            let _ = write!(self.out, "{}", scroll.lines);
        }
        self.out.push(if scroll.up { 'M' } else { 'L' });
        self.out.push_str("\x1b[r");
        (self.cursor, self.sure) = (Some((0, 0)), true);
    }

    /// Encodes the change of one row: cell by cell, or with its end erased first where that is shorter.
    pub(super) fn row(&mut self, y: u16, shown: &[Cell], next: &[Cell]) {
        let Some(first) = first_difference(shown, next) else {
            return;
        };
        let mut direct = self.trial();
        direct.cells(y, shown, next);
        let mut erased = self.trial();
        erased.move_to(column(first), y);
        erased.erase_to_end();
        let mut blank = shown.to_vec();
        blank.iter_mut().skip(first).for_each(Cell::reset);
        erased.cells(y, &blank, next);
        self.adopt(if erased.len() < direct.len() {
            &erased
        } else {
            &direct
        });
    }

    /// An empty encoder with the cursor and style of this one.
    fn trial(&self) -> Self {
        Self {
            out: String::new(),
            raw: Vec::new(),
            ..*self
        }
    }

    fn adopt(&mut self, trial: &Self) {
        self.out.push_str(&trial.out);
        (self.cursor, self.sure, self.pen) = (trial.cursor, trial.sure, trial.pen);
    }

    fn cells(&mut self, y: u16, shown: &[Cell], next: &[Cell]) {
        // Blanks up to the right edge are erased by three octets.
        let end = next
            .iter()
            .rposition(|cell| !is_blank(cell))
            .map_or(0, |at| at + 1);
        let mut x = 0;
        while let Some(cell) = next.get(x).filter(|_| x < end) {
            let mut step = width_of(cell).max(1);
            if differs(shown, next, x, step) && !is_right_half(Some(cell)) {
                let blanks = blanks_to_erase(shown, next, x);
                if blanks > 0 {
                    self.move_to(column(x), y);
                    self.erase(blanks);
                    step = blanks;
                } else {
                    self.reach(x, y, next);
                    self.put(cell, column(step));
                }
                // Where the cursor stands after the last column differs between terminals.
                if x + step >= next.len() {
                    self.cursor = None;
                }
            }
            x += step;
        }
        if shown.iter().skip(end).any(|cell| !is_blank(cell)) {
            self.move_to(column(end), y);
            self.erase_to_end();
        }
    }

    /// The cursor to a cell; where the cells between need no change, writing them again may be shorter.
    fn reach(&mut self, x: usize, y: u16, next: &[Cell]) {
        let at = match self.cursor {
            Some((at, row)) if row == y && usize::from(at) < x => usize::from(at),
            _ => return self.move_to(column(x), y),
        };
        let between = next.get(at..x).unwrap_or_default();
        let simple = |cell: &Cell| width_of(cell) == 1 && !is_right_half(Some(cell));
        let mut moved = self.trial();
        moved.move_to(column(x), y);
        if between.len() > GAP_MOST || !between.iter().all(simple) {
            return self.adopt(&moved);
        }
        let mut written = self.trial();
        for cell in between {
            written.put(cell, 1);
        }
        // The style that the next cell needs counts too.
        let cost = |trial: &Self| {
            let mut trial = trial.clone();
            if let Some(cell) = next.get(x) {
                trial.put(cell, 1);
            }
            trial.len()
        };
        let shorter = cost(&written) <= cost(&moved);
        self.adopt(if shorter { &written } else { &moved });
    }

    /// Erases cells at the cursor, which stays.
    fn erase(&mut self, count: usize) {
        self.unseen();
        let _ = write!(self.out, "\x1b[{count}X");
    }

    fn erase_to_end(&mut self) {
        self.unseen();
        self.out.push_str("\x1b[K");
    }

    /// What is erased takes the background of the pen on many terminals.
    fn unseen(&mut self) {
        if !is_unseen(self.pen) {
            self.plain();
        }
    }

    fn put(&mut self, cell: &Cell, step: u16) {
        let pen = pen(cell);
        if !(is_blank(cell) && is_unseen(self.pen)) {
            self.change(pen);
        }
        self.out.push_str(cell.symbol());
        self.cursor = self.cursor.map(|(x, y)| (x + step, y));
        self.sure &= is_sure(cell.symbol());
    }

    /// The cursor to a place, by the shortest way.
    pub(super) fn move_to(&mut self, x: u16, y: u16) {
        if self.cursor == Some((x, y)) {
            return;
        }
        let mut best = match (x, y) {
            (0, 0) => "\x1b[H".to_owned(),
            (0, y) => format!("\x1b[{}H", y + 1),
            (x, y) => format!("\x1b[{};{}H", y + 1, x + 1),
        };
        if let Some((at, row)) = self.cursor {
            let down = vertical(row, y);
            let mut ways = vec![format!("\r{}{}", horizontal(0, x), down)];
            // On its own row a cursor was always moved like this; text of doubtful width spoils no other row.
            if self.sure || (row == y && at < x) {
                ways.push(format!("{down}{}", horizontal(at, x)));
            }
            let shortest = ways.into_iter().min_by_key(String::len);
            best = shortest
                .filter(|way| way.len() < best.len())
                .unwrap_or(best);
        }
        self.sure |= best.starts_with('\r') || best.ends_with('H');
        self.out.push_str(&best);
        self.cursor = Some((x, y));
    }

    /// Back to plain text.
    pub(super) fn plain(&mut self) {
        self.change(Pen::PLAIN);
    }

    fn change(&mut self, to: Pen) {
        if to == self.pen {
            return;
        }
        let from = self.pen;
        self.pen = to;
        let taken = from.modifier - to.modifier;
        let mut codes: Vec<String> = Vec::new();
        let reset = !taken.is_empty() || to == Pen::PLAIN;
        let from = if reset { Pen::PLAIN } else { from };
        for (modifier, code) in ATTRIBUTES {
            if (to.modifier - from.modifier).contains(*modifier) {
                codes.push((*code).to_string());
            }
        }
        if to.fg != from.fg {
            codes.push(colour(to.fg, 30));
        }
        if to.bg != from.bg {
            codes.push(colour(to.bg, 40));
        }
        // An empty parameter is a zero: `ESC [ ; 7 m` resets and reverses.
        let lead = if reset && !codes.is_empty() { ";" } else { "" };
        let _ = write!(self.out, "\x1b[{lead}{}m", codes.join(";"));
    }
}

/// The first column in which two rows look different.
fn first_difference(shown: &[Cell], next: &[Cell]) -> Option<usize> {
    shown
        .iter()
        .zip(next)
        .position(|(old, new)| !same(old, new))
}

fn differs(shown: &[Cell], next: &[Cell], x: usize, step: usize) -> bool {
    (x..x + step).any(|x| match (shown.get(x), next.get(x)) {
        (Some(old), Some(new)) => !same(old, new),
        _ => false,
    })
}

/// How many blanks from `x` on are better erased than written; 0: none.
fn blanks_to_erase(shown: &[Cell], next: &[Cell], x: usize) -> usize {
    let rest = next.iter().skip(x);
    let blanks = rest.take_while(|cell| is_blank(cell)).count();
    let mut old = shown.iter().skip(x).take(blanks);
    let last = old.rposition(|cell| !is_blank(cell)).map_or(0, |at| at + 1);
    if last >= BLANKS_LEAST { last } else { 0 }
}

/// Whether a symbol has the same width on all terminals.
fn is_sure(symbol: &str) -> bool {
    symbol.chars().all(|c| {
        c.is_ascii()
            || matches!(c, '\u{a0}'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{25ff}')
    })
}

/// Octets that bring the cursor to another column of its row.
fn horizontal(from: u16, to: u16) -> String {
    match (from.abs_diff(to), from < to) {
        (0, _) => String::new(),
        (by @ ..4, false) => "\x08".repeat(usize::from(by)),
        (1, true) => "\x1b[C".to_owned(),
        (by, true) => format!("\x1b[{by}C"),
        (by, false) => format!("\x1b[{by}D"),
    }
}

/// Octets that bring the cursor to another row of its column.
fn vertical(from: u16, to: u16) -> String {
    // The console of Windows takes a line feed for the start of a line.
    let feeds = if cfg!(windows) { 0 } else { 3 };
    match (from.abs_diff(to), from < to) {
        (0, _) => String::new(),
        (by, true) if by <= feeds => "\n".repeat(usize::from(by)),
        (1, true) => "\x1b[B".to_owned(),
        (by, true) => format!("\x1b[{by}B"),
        (1, false) => "\x1bM".to_owned(),
        (by, false) => format!("\x1b[{by}A"),
    }
}

/// Whether a blank written with this pen is only a blank.
fn is_unseen(pen: Pen) -> bool {
    let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
    pen.bg == Color::Reset && !pen.modifier.intersects(seen)
}

fn column(x: usize) -> u16 {
    u16::try_from(x).unwrap_or(u16::MAX)
}

/// ECMA-48 8.3.117 SGR.
const ATTRIBUTES: &[(Modifier, u8)] = &[
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
    (Modifier::CROSSED_OUT, 9),
];

fn colour(colour: Color, base: u8) -> String {
    let code = match colour {
        Color::Reset => base + 9,
        Color::Black => base,
        Color::Red => base + 1,
        Color::Green => base + 2,
        Color::Yellow => base + 3,
        Color::Blue => base + 4,
        Color::Magenta => base + 5,
        Color::Cyan => base + 6,
        Color::Gray => base + 7,
        Color::DarkGray => base + 60,
        Color::LightRed => base + 61,
        Color::LightGreen => base + 62,
        Color::LightYellow => base + 63,
        Color::LightBlue => base + 64,
        Color::LightMagenta => base + 65,
        Color::LightCyan => base + 66,
        Color::White => base + 67,
        Color::Indexed(index) => return format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", base + 8),
    };
    code.to_string()
}
