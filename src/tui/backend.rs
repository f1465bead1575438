//! A backend that writes few octets: for slow lines.
//!
//! It keeps what the terminal shows and what it shall show. A frame is one write: scrolled by the terminal
//! where that is cheaper (delete or insert line within a scroll region), then only the cells that differ,
//! with the shortest cursor movements and changes of style. Nothing is written when nothing has changed.
//!
//! Only what every terminal since the VT220 understands is used, and a synchronized update (DEC mode 2026,
//! ignored where it is unknown) around frames so large that they could be seen half drawn.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

mod encode;
mod grid;
mod scroll;

use encode::Encoder;
use grid::Grid;

/// Frames from this size on are put into a synchronized update.
const LARGE: usize = 1024;

/// The backend, over a terminal that `W` writes to.
#[derive(Debug)]
pub(super) struct LeanBackend<W: Write> {
    writer: W,
    /// On the terminal now.
    shown: Grid,
    /// To be on the terminal after the next flush.
    next: Grid,
    /// The terminal's cursor and style.
    encoder: Encoder,
    /// Everything has to be drawn again.
    clear: bool,
    cursor: Option<Position>,
    cursor_shown: bool,
}

impl<W: Write> LeanBackend<W> {
    /// A backend for a terminal of columns and rows, just cleared, its cursor hidden.
    pub(super) fn new(writer: W, size: (u16, u16)) -> Self {
        Self {
            writer,
            shown: Grid::blank(size),
            next: Grid::blank(size),
            encoder: Encoder::default(),
            clear: true,
            cursor: None,
            cursor_shown: false,
        }
    }

    /// The terminal has another size now.
    pub(super) fn set_size(&mut self, size: (u16, u16)) {
        if self.next.size() != size {
            self.shown = Grid::blank(size);
            self.next = Grid::blank(size);
            self.clear = true;
        }
    }

    /// Octets that change nothing on the screen, to go out with the next frame.
    pub(super) fn send(&mut self, octets: &[u8]) {
        self.encoder.raw(octets);
    }

    fn encode_frame(&mut self) {
        if self.clear {
            self.encoder.clear();
            self.shown = Grid::blank(self.next.size());
            self.clear = false;
        }
        if let Some(scroll) = scroll::find(&self.shown, &self.next) {
            self.encoder.scroll(&scroll);
            self.shown.scroll(&scroll);
        }
        for y in 0..self.next.size().1 {
            self.encoder.row(y, self.shown.row(y), self.next.row(y));
        }
        self.shown.clone_from(&self.next);
        self.encoder.plain();
        match self.cursor {
            Some(position) => {
                self.encoder.move_to(position.x, position.y);
                if !self.cursor_shown {
                    self.encoder.raw(b"\x1b[?25h");
                }
            }
            None if self.cursor_shown => self.encoder.raw(b"\x1b[?25l"),
            None => {}
        }
        self.cursor_shown = self.cursor.is_some();
    }
}

impl<W: Write> Backend for LeanBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            self.next.put(x, y, cell);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor = None;
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor = self.cursor.or(Some(Position::ORIGIN));
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or(Position::ORIGIN))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = Some(position.into());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// Every clearing is one of the whole screen: ratatui asks for another only with an inline viewport.
    fn clear_region(&mut self, _clear_type: ClearType) -> io::Result<()> {
        self.next = Grid::blank(self.next.size());
        self.clear = true;
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = self.next.size();
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encode_frame();
        let frame = self.encoder.take();
        if frame.is_empty() {
            return Ok(());
        }
        let mut out = Vec::with_capacity(frame.len() + 16);
        if frame.len() >= LARGE {
            out.extend_from_slice(b"\x1b[?2026h");
            out.extend_from_slice(&frame);
            out.extend_from_slice(b"\x1b[?2026l");
        } else {
            out = frame;
        }
        self.writer.write_all(&out)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
