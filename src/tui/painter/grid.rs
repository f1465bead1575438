//! What a terminal shows: cells in rows.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// How a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

impl Pen {
    pub(super) const PLAIN: Self = Self {
        fg: Color::Reset,
        bg: Color::Reset,
        modifier: Modifier::empty(),
    };
}

/// Rows of cells. The right half of a wide character is a cell whose symbol is NUL.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    width: u16,
    rows: Vec<Vec<Cell>>,
}

const RIGHT_HALF: &str = "\0";

impl Grid {
    pub(super) fn blank((width, height): (u16, u16)) -> Self {
        Self {
            width,
            rows: vec![vec![Cell::EMPTY; usize::from(width)]; usize::from(height)],
        }
    }

    /// What a drawn screen looks like.
    pub(super) fn of(buffer: &Buffer) -> Self {
        let width = usize::from(buffer.area.width);
        let mut rows: Vec<Vec<Cell>> = match width {
            0 => Vec::new(),
            width => buffer.content.chunks(width).map(<[Cell]>::to_vec).collect(),
        };
        for row in &mut rows {
            let mut covered = 0;
            for cell in row {
                if covered > 0 {
                    covered -= 1;
                    cell.set_symbol(RIGHT_HALF);
                } else {
                    covered = width_of(cell).saturating_sub(1);
                }
            }
        }
        Self {
            width: buffer.area.width,
            rows,
        }
    }

    pub(super) fn size(&self) -> (u16, u16) {
        (
            self.width,
            u16::try_from(self.rows.len()).unwrap_or(u16::MAX),
        )
    }

    pub(super) fn row(&self, y: u16) -> &[Cell] {
        self.rows.get(usize::from(y)).map_or(&[], Vec::as_slice)
    }

    /// Takes the cells of an area from another grid of the same size.
    pub(super) fn keep(&mut self, other: &Self, area: Rect) {
        let (left, right) = (usize::from(area.left()), usize::from(area.right()));
        for y in area.top()..area.bottom() {
            let own = self.rows.get_mut(usize::from(y));
            let own = own.and_then(|row| row.get_mut(left..right));
            if let (Some(own), Some(kept)) = (own, other.row(y).get(left..right)) {
                own.clone_from_slice(kept);
            }
        }
    }

    /// Takes a row from another grid.
    pub(super) fn take(&mut self, y: u16, other: &Self) {
        if let Some(row) = self.rows.get_mut(usize::from(y)) {
            row.clone_from_slice(other.row(y));
        }
    }

    /// What the terminal does when it scrolls.
    pub(super) fn scroll(&mut self, scroll: &Scroll) {
        let (top, end) = (usize::from(scroll.top), usize::from(scroll.end));
        let Some(region) = self.rows.get_mut(top..end) else {
            return;
        };
        let lines = usize::from(scroll.lines).min(region.len());
        let blank = vec![Cell::EMPTY; usize::from(self.width)];
        if scroll.up {
            region.rotate_left(lines);
            region
                .iter_mut()
                .rev()
                .take(lines)
                .for_each(|row| row.clone_from(&blank));
        } else {
            region.rotate_right(lines);
            region
                .iter_mut()
                .take(lines)
                .for_each(|row| row.clone_from(&blank));
        }
    }
}

/// Lines moved by the terminal: rows from `top` to before `end`, `lines` up or down, blank lines coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scroll {
    pub(super) top: u16,
    pub(super) end: u16,
    pub(super) lines: u16,
    pub(super) up: bool,
}

pub(super) fn is_right_half(cell: Option<&Cell>) -> bool {
    cell.is_some_and(|cell| cell.symbol() == RIGHT_HALF)
}

pub(super) fn width_of(cell: &Cell) -> usize {
    cell.symbol().width()
}

pub(super) fn pen(cell: &Cell) -> Pen {
    Pen {
        fg: cell.fg,
        bg: cell.bg,
        modifier: cell.modifier,
    }
}

/// Whether nothing of a cell can be seen.
pub(super) fn is_blank(cell: &Cell) -> bool {
    // Foreground, bold and dim cannot be seen on a blank.
    let seen = Modifier::REVERSED | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(seen)
}

/// Whether two cells look the same.
pub(super) fn same(a: &Cell, b: &Cell) -> bool {
    (a.symbol() == b.symbol() && pen(a) == pen(b)) || (is_blank(a) && is_blank(b))
}
