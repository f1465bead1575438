//! Cells as octets for the terminal: short cursor movements, short changes of style.

use std::fmt::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::grid::{Pen, is_blank, is_right_half, pen, same, width_of};
use super::scroll::Scroll;

/// Octets for the terminal, and where they leave its cursor and its style.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    out: String,
    raw: Vec<u8>,
    cursor: Option<(u16, u16)>,
    pen: Pen,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            out: String::new(),
            raw: Vec::new(),
            cursor: None,
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
        self.cursor = Some((0, 0));
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
        self.cursor = Some((0, 0));
    }

    /// One row from what is shown to what shall be.
    pub(super) fn row(&mut self, y: u16, shown: &[Cell], next: &[Cell]) {
        // Blanks up to the right edge are erased by three octets.
        let end = next
            .iter()
            .rposition(|cell| !is_blank(cell))
            .map_or(0, |at| at + 1);
        let mut x = 0;
        while let Some(cell) = next.get(x).filter(|_| x < end) {
            let step = width_of(cell).max(1);
            let differs = (x..x + step).any(|x| match (shown.get(x), next.get(x)) {
                (Some(old), Some(new)) => !same(old, new),
                _ => false,
            });
            if differs && !is_right_half(Some(cell)) {
                self.bridge(x, y, next);
                self.put(cell, column(step));
                // Where the cursor stands after the last column differs between terminals.
                if x + step >= next.len() {
                    self.cursor = None;
                }
            }
            x += step;
        }
        let rest = shown
            .iter()
            .skip(end)
            .filter(|cell| !is_blank(cell))
            .count();
        if rest > 0 {
            self.move_to(column(end), y);
            self.plain();
            self.out.push_str("\x1b[K");
        }
    }

    /// The cursor to a cell; over a few cells that need no change, writing them again is shorter.
    fn bridge(&mut self, x: usize, y: u16, next: &[Cell]) {
        if let Some((at, row)) = self.cursor
            && row == y
            && usize::from(at) < x
        {
            let between = next.get(usize::from(at)..x).unwrap_or_default();
            let cost: usize = between.iter().map(|cell| cell.symbol().len()).sum();
            let plain = between.iter().all(|cell| {
                pen(cell) == self.pen && width_of(cell) == 1 && !is_right_half(Some(cell))
            });
            if plain && cost <= 4 {
                for cell in between {
                    self.out.push_str(cell.symbol());
                }
                self.cursor = Some((column(x), y));
            }
        }
        self.move_to(column(x), y);
    }

    fn put(&mut self, cell: &Cell, step: u16) {
        let pen = pen(cell);
        if !(is_blank(cell) && is_unseen(self.pen)) {
            self.change(pen);
        }
        self.out.push_str(cell.symbol());
        self.cursor = self.cursor.map(|(x, y)| (x + step, y));
    }

    /// The cursor to a place, by the shortest way.
    pub(super) fn move_to(&mut self, x: u16, y: u16) {
        match self.cursor {
            Some(at) if at == (x, y) => return,
            Some((at, row)) if row == y && at < x => {
                let _ = match x - at {
                    1 => write!(self.out, "\x1b[C"),
                    by => write!(self.out, "\x1b[{by}C"),
                };
            }
            Some((_, row)) if row == y && x == 0 => self.out.push('\r'),
            Some((_, row)) if x == 0 && row + 1 == y => self.out.push_str("\r\n"),
            _ => {
                let _ = match (x, y) {
                    (0, 0) => write!(self.out, "\x1b[H"),
                    (0, y) => write!(self.out, "\x1b[{}H", y + 1),
                    (x, y) => write!(self.out, "\x1b[{};{}H", y + 1, x + 1),
                };
            }
        }
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
