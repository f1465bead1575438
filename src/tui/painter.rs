//! Writes screens to the terminal with few octets: for slow lines.
//!
//! It keeps what the terminal shows. A frame is one write: scrolled by the terminal where that is cheaper
//! (delete or insert line within a scroll region), then only the cells that differ, with the shortest
//! cursor movements and changes of style. Nothing is written when nothing has changed. This takes the place
//! of `ratatui::Terminal`, which sends every cell of a list that scrolls by one row.
//!
//! A key that is held along the ladder moves the selection at once; where the message beside it takes more octets
//! than a slow line has for a key, the rest of it follows when the key is let go.
//!
//! Only what every terminal since the VT220 understands is used, and a synchronized update (DEC mode 2026,
//! ignored where it is unknown) around frames so large that they could be seen half drawn.

use std::io::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::graphics::Graphics;

mod encode;
mod grid;
mod scroll;

use encode::Encoder;
use grid::Grid;

/// Frames from this size on are put into a synchronized update.
const LARGE: usize = 1024;

/// Octets for a key that moves within a page, and for one that scrolls: what sngrep takes, see docs/performance.md.
const KEY: usize = 420;
const KEY_SCROLLED: usize = 624;

/// The screen of a terminal that `W` writes to.
#[derive(Debug)]
pub(super) struct Painter<W: Write> {
    writer: W,
    /// On the terminal now; `None`: not known, everything has to be drawn.
    shown: Option<Grid>,
    /// Where the terminal's cursor is shown, if it is.
    cursor: Option<Position>,
    encoder: Encoder,
    /// Pictures over the characters.
    pub(super) graphics: Graphics,
}

impl<W: Write> Painter<W> {
    /// A painter for a terminal whose cursor is hidden and whose content is not known.
    pub(super) fn new(writer: W) -> Self {
        Self {
            writer,
            shown: None,
            cursor: None,
            encoder: Encoder::default(),
            graphics: Graphics::default(),
        }
    }

    /// Draws everything again with the next frame.
    pub(super) fn forget(&mut self) {
        self.shown = None;
        self.graphics.forget();
    }

    /// Writes what was sent, without a frame.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.write_frame()
    }

    /// Octets that change nothing on the screen, to go out with the next frame.
    pub(super) fn send(&mut self, octets: &[u8]) {
        self.encoder.raw(octets);
    }

    /// Draws a screen, with the cursor shown or hidden; the area `later` only as far as the octets allowed for a key go.
    /// False: part of that area is still to be drawn.
    pub(super) fn show(
        &mut self,
        screen: &Buffer,
        cursor: Option<Position>,
        later: Option<Rect>,
    ) -> io::Result<bool> {
        let next = Grid::of(screen);
        let mut shown = match self.shown.take() {
            Some(shown) if shown.size() == next.size() => shown,
            _ => {
                self.graphics.forget();
                self.encoder.clear();
                Grid::blank(next.size())
            }
        };
        let mut most = KEY;
        if let Some(scroll) = scroll::find(&shown, &next) {
            self.encoder.scroll(&scroll);
            shown.scroll(&scroll);
            most = KEY_SCROLLED;
        }
        let mut whole = self.encoder.clone();
        for y in 0..next.size().1 {
            whole.row(y, shown.row(y), next.row(y));
        }
        let later = later.filter(|_| whole.len() > most);
        self.shown = Some(if let Some(later) = later {
            self.part(&shown, &next, later, most)
        } else {
            self.encoder = whole;
            next
        });
        self.place_cursor(cursor);
        self.write_frame()?;
        Ok(later.is_none())
    }

    /// Encodes everything but the area `later`, and of that as many rows from the top as `most` octets allow. Returns
    /// what the terminal shows then.
    fn part(&mut self, shown: &Grid, next: &Grid, later: Rect, most: usize) -> Grid {
        let mut part = next.clone();
        part.keep(shown, later);
        for y in 0..next.size().1 {
            self.encoder.row(y, shown.row(y), part.row(y));
        }
        for y in later.top()..later.bottom() {
            let mut more = self.encoder.clone();
            more.row(y, part.row(y), next.row(y));
            if more.len() > most {
                break;
            }
            self.encoder = more;
            part.take(y, next);
        }
        part
    }

    fn place_cursor(&mut self, cursor: Option<Position>) {
        if let Some(position) = cursor {
            self.encoder.move_to(position.x, position.y);
        }
        match (self.cursor, cursor) {
            (None, Some(_)) => self.encoder.raw(b"\x1b[?25h"),
            (Some(_), None) => self.encoder.raw(b"\x1b[?25l"),
            _ => {}
        }
        self.cursor = cursor;
    }

    fn write_frame(&mut self) -> io::Result<()> {
        let mut frame = self.encoder.take();
        if frame.is_empty() {
            return Ok(());
        }
        if frame.len() >= LARGE {
            frame.splice(0..0, *b"\x1b[?2026h");
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        self.writer.write_all(&frame)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
