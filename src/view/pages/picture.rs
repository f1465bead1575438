//! A page as rows of characters: half blocks (two dots a cell) or Braille (eight), the damage in the margin.
//!
//! The picture is made for the part that is shown, so a page costs no more than a screen.

use std::ops::Range;

use crate::page::{Bitmap, Layout};
use crate::view::{Role, Row, Span};

/// How many dots of the picture a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dots {
    /// One across, two down; square on most terminals.
    HalfBlocks,
    /// Two across, four down: more of the page, paler.
    Braille,
}

impl Dots {
    /// Dots of a cell, across and down.
    const fn per_cell(self) -> (u32, u32) {
        match self {
            Self::HalfBlocks => (1, 2),
            Self::Braille => (2, 4),
        }
    }
}

/// What is shown of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Which characters.
    pub dots: Dots,
    /// Pixels of a row that a dot stands for, at least 1.
    pub scale: f64,
    /// First column and row of cells.
    pub left: usize,
    /// See `left`.
    pub top: usize,
    /// Columns and rows of cells, without the margin.
    pub width: usize,
    /// See `width`.
    pub height: usize,
    /// Plain ASCII.
    pub ascii: bool,
}

/// Columns that the margin has.
pub const MARGIN: usize = 2;
/// Share of a dot that has to be black: letters stay, specks go.
const INK: f64 = 0.3;
/// The same where a dot stands for many pixels of a row: the lines of a form stay too.
const INK_FROM_FAR: f64 = 0.15;
/// Pixels of a row in a dot from which on a page is seen from far.
const FAR: f64 = 6.0;

/// Pixels that a dot stands for, across and down: dots are square, pixels mostly are not.
fn pixels(layout: &Layout, scale: f64) -> (f64, f64) {
    let (x, y) = layout.resolution.per_mm();
    (scale.max(1.0), scale.max(1.0) * y / x)
}

/// The scale at which a page is as wide as so many columns, or all of it fits them and so many rows.
pub fn fitting(
    bitmap: &Bitmap,
    layout: &Layout,
    dots: Dots,
    (columns, rows): (usize, Option<usize>),
) -> f64 {
    let (across, down) = dots.per_cell();
    let (x, y) = layout.resolution.per_mm();
    let wide = f64::from(bitmap.width()) / (f64::from(across) * real(columns));
    let high = rows.map_or(0.0, |rows| {
        f64::from(bitmap.rows()) * x / y / (f64::from(down) * real(rows))
    });
    wide.max(high).max(1.0)
}

fn real(cells: usize) -> f64 {
    f64::from(u32::try_from(cells.max(1)).unwrap_or(u32::MAX))
}

/// Columns and rows of cells that the whole page has at a scale.
pub fn size(bitmap: &Bitmap, layout: &Layout, dots: Dots, scale: f64) -> (usize, usize) {
    let (x, y) = pixels(layout, scale);
    let (across, down) = dots.per_cell();
    let cells = |pixels: u32, per_dot: f64, dots: u32| {
        whole((f64::from(pixels) / per_dot / f64::from(dots)).ceil())
    };
    (
        cells(bitmap.width(), x, across),
        cells(bitmap.rows(), y, down),
    )
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "cells and pixels of a page"
)]
const fn whole(number: f64) -> usize {
    number as usize
}

/// The rows of the window: margin, then the picture. Damaged rows have a mark in the margin.
pub fn rows(bitmap: &Bitmap, layout: &Layout, window: &Window) -> Vec<Row> {
    let picture = Picture {
        bitmap,
        step: pixels(layout, window.scale),
        window,
    };
    let (_, height) = size(bitmap, layout, window.dots, window.scale);
    (window.top..height.min(window.top.saturating_add(window.height)))
        .map(|row| picture.row(row))
        .collect()
}

/// The window in shades of grey, 255 white, for a picture of so many pixels across and down. Four shades: the octets go
/// over a line that may be slow.
pub fn grey(
    bitmap: &Bitmap,
    layout: &Layout,
    window: &Window,
    (width, height): (u32, u32),
) -> Vec<u8> {
    let step = pixels(layout, window.scale);
    let (across, down) = window.dots.per_cell();
    // First pixel of the page, and pixels of the page for one of the picture.
    let place = |cells: usize, dots: u32, step: f64| {
        f64::from(u32::try_from(cells).unwrap_or(u32::MAX)) * f64::from(dots) * step
    };
    let columns = (
        place(window.left, across, step.0),
        place(window.width, across, step.0) / f64::from(width.max(1)),
    );
    let rows = (
        place(window.top, down, step.1),
        place(window.height, down, step.1) / f64::from(height.max(1)),
    );
    let span = |at: u32, (start, each): (f64, f64), end: u32| {
        let pixel = |at: u32| {
            let place = whole(start + f64::from(at) * each);
            u32::try_from(place).unwrap_or(u32::MAX)
        };
        let (first, last) = (pixel(at), pixel(at + 1));
        first.min(end)..last.max(first.saturating_add(1)).min(end)
    };
    let mut out = Vec::new();
    for y in 0..height {
        let lines = span(y, rows, bitmap.rows());
        for x in 0..width {
            let pixels = span(x, columns, bitmap.width());
            let in_row = |row| bitmap.black_in(row, pixels.clone());
            let black: u32 = lines.clone().map(in_row).sum();
            let all = (lines.end - lines.start) * (pixels.end - pixels.start);
            let shade = (black * 3).div_ceil(all.max(1)).min(3);
            out.push(u8::MAX - u8::try_from(shade * 85).unwrap_or(u8::MAX));
        }
    }
    out
}

struct Picture<'p> {
    bitmap: &'p Bitmap,
    /// Pixels of a dot.
    step: (f64, f64),
    window: &'p Window,
}

impl Picture<'_> {
    fn row(&self, row: usize) -> Row {
        let (across, down) = self.window.dots.per_cell();
        let first = u32::try_from(row).unwrap_or(u32::MAX).saturating_mul(down);
        let lines: Vec<Range<u32>> = (first..first.saturating_add(down))
            .map(|dot| range(dot, self.step.1, self.bitmap.rows()))
            .collect();
        let from = u32::try_from(self.window.left).unwrap_or(u32::MAX);
        let width = u32::try_from(self.window.width).unwrap_or(u32::MAX);
        let mut text = String::new();
        for column in from..from.saturating_add(width) {
            let mut pattern = 0_u32;
            for (line, at) in lines
                .iter()
                .zip((0..).step_by(usize::try_from(across).unwrap_or(1)))
            {
                for dot in 0..across {
                    let dots = column.saturating_mul(across).saturating_add(dot);
                    let columns = range(dots, self.step.0, self.bitmap.width());
                    pattern |= u32::from(self.is_black(line, &columns)) << (at + dot);
                }
            }
            text.push(self.character(pattern));
        }
        text.truncate(text.trim_end_matches([' ', BLANK]).len());
        let start = lines.first().map_or(0, |line| line.start);
        let end = lines.last().map_or(0, |line| line.end);
        let margin = match (self.bitmap.has_damage(start..end), self.window.ascii) {
            (false, _) => Span::plain(" ".repeat(MARGIN)),
            (true, false) => Span::new("▐ ", Role::Error),
            (true, true) => Span::new("! ", Role::Error),
        };
        Row::of(vec![margin, Span::plain(text)])
    }

    fn is_black(&self, rows: &Range<u32>, columns: &Range<u32>) -> bool {
        let in_row = |row| self.bitmap.black_in(row, columns.clone());
        let black: u32 = rows.clone().map(in_row).sum();
        let all = (rows.end - rows.start) * (columns.end - columns.start);
        let ink = if self.step.0 >= FAR {
            INK_FROM_FAR
        } else {
            INK
        };
        black > 0 && f64::from(black) >= ink * f64::from(all)
    }

    /// The character of a pattern of dots, row by row from the lowest bit.
    fn character(&self, pattern: u32) -> char {
        let (characters, place) = match (self.window.dots, self.window.ascii) {
            (Dots::Braille, false) => return braille(pattern),
            (Dots::HalfBlocks, false) => ([' ', '▀', '▄', '█'], pattern),
            (Dots::HalfBlocks, true) => ([' ', '\'', '.', '#'], pattern),
            // As dark as it has dots.
            (Dots::Braille, true) => ([' ', '.', '+', '#'], pattern.count_ones().div_ceil(3)),
        };
        let place = usize::try_from(place).unwrap_or_default();
        characters.get(place).copied().unwrap_or(' ')
    }
}

/// Braille without a dot.
const BLANK: char = '\u{2800}';

/// Unicode's numbering of the dots: three down the left column, three down the right one, then the fourth row.
fn braille(pattern: u32) -> char {
    const BITS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
    let set = BITS
        .iter()
        .enumerate()
        .filter(|(place, _)| pattern >> place & 1 == 1);
    let code = u32::from(BLANK) + set.map(|(_, bit)| bit).sum::<u32>();
    char::from_u32(code).unwrap_or(' ')
}

/// Pixels of a dot: at least one, none behind the end.
fn range(dot: u32, step: f64, end: u32) -> Range<u32> {
    let at = |dot: u32| {
        let place = whole(f64::from(dot) * step);
        u32::try_from(place).unwrap_or(u32::MAX).min(end)
    };
    let start = at(dot);
    let stop = at(dot.saturating_add(1)).max(start.saturating_add(1));
    start..stop.min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::decode::encode;
    use crate::page::{Coding, Resolution};
    use crate::view::to_text;

    const ALL: Window = Window {
        dots: Dots::HalfBlocks,
        scale: 1.0,
        left: 0,
        top: 0,
        width: 40,
        height: 40,
        ascii: false,
    };

    /// A black square of 8 x 8 pixels in the middle of 16 x 16.
    fn square() -> (Bitmap, Layout) {
        let inside = |x: usize, y: usize| (4..12).contains(&x) && (4..12).contains(&y);
        let rows: Vec<Vec<bool>> = (0..16)
            .map(|y| (0..16).map(|x| inside(x, y)).collect())
            .collect();
        let layout = Layout {
            coding: Coding::Mmr,
            width: 16,
            resolution: Resolution { x: 200, y: 200 },
        };
        (Bitmap::decode(&encode::mmr(&rows), &layout).0, layout)
    }

    fn drawn(dots: Dots, scale: f64, ascii: bool) -> String {
        let (bitmap, layout) = square();
        let window = Window {
            dots,
            scale,
            ascii,
            ..ALL
        };
        to_text(&rows(&bitmap, &layout, &window))
    }

    #[test]
    fn half_blocks_keep_the_shape() {
        let two = drawn(Dots::HalfBlocks, 2.0, false);
        assert_eq!(two, "\n    ████\n    ████\n\n");
        let four = drawn(Dots::HalfBlocks, 4.0, false);
        assert_eq!(four, "   ▄▄\n   ▀▀\n");
        let ascii = drawn(Dots::HalfBlocks, 4.0, true);
        assert_eq!(ascii, "   ..\n   ''\n");
    }

    #[test]
    fn braille_has_eight_dots_a_cell() {
        let text = drawn(Dots::Braille, 2.0, false);
        assert_eq!(text, "  \u{2800}⣤⣤\n  \u{2800}⠛⠛\n");
    }

    #[test]
    fn a_scale_fits_the_page_into_cells() {
        let (bitmap, layout) = square();
        let scale = fitting(&bitmap, &layout, Dots::Braille, (4, Some(2)));
        assert!((scale - 2.0).abs() < 1e-9);
        assert_eq!(size(&bitmap, &layout, Dots::Braille, scale), (4, 2));
    }

    #[test]
    fn damage_stands_in_the_margin() {
        let mut octets = encode::mh(&vec![vec![true; 16]; 16], 0);
        octets[20] ^= 0x55;
        let layout = Layout {
            coding: Coding::Mh,
            ..square().1
        };
        let (bitmap, tally) = Bitmap::decode(&octets, &layout);
        assert!(tally.bad_rows > 0);
        let text = to_text(&rows(&bitmap, &layout, &ALL));
        assert!(text.lines().any(|line| line.starts_with('▐')), "{text}");
    }
}
