//! Real pictures of a page in the terminals that have them: sixel, kitty, iTerm2. A feature (`graphics`), for the
//! crates that come with it.
//!
//! The painter knows characters alone: the place of a picture stays blank for it, and the picture is written over it
//! once the characters are there.

use std::io::{self, Write};

use super::app::App;
use super::app::page::RealPicture;
use super::painter::Painter;

/// What the terminal can show, and what it shows.
#[derive(Debug, Default)]
pub(super) struct Graphics {
    terminal: protocol::Terminal,
    /// On the terminal now.
    shown: Vec<RealPicture>,
}

impl Graphics {
    /// Asks the terminal, the first time: on how many columns and rows of cells it draws. The error is for the user.
    pub(super) fn ask(&mut self) -> Result<(u16, u16), String> {
        self.terminal.ask()
    }

    /// Nothing is on the terminal any more.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }
}

/// Whether pictures are on the terminal that the next screen has no place for.
pub(super) fn is_stale<W: Write>(app: &App, painter: &Painter<W>) -> bool {
    !painter.graphics.shown.is_empty() && wanted(app).is_empty()
}

/// Writes the pictures of the screen, unless they are there.
pub(super) fn paint<W: Write>(app: &App, painter: &mut Painter<W>) -> io::Result<()> {
    let wanted = wanted(app);
    if wanted == painter.graphics.shown {
        return Ok(());
    }
    for picture in &wanted {
        let Some(view) = &app.page else { continue };
        let size = painter.graphics.terminal.pixels(picture.area);
        let grey = view.grey(picture, size);
        if let Some(octets) = painter.graphics.terminal.encode(grey, size, picture.area) {
            painter.send(&octets);
        }
    }
    painter.graphics.shown = wanted;
    painter.flush()
}

fn wanted(app: &App) -> Vec<RealPicture> {
    let on_page = app.screens.last() == Some(&super::app::Screen::Page);
    let view = app.page.as_ref().filter(|_| on_page);
    view.map_or_else(Vec::new, super::app::page::PageView::real_pictures)
}

#[cfg(feature = "graphics")]
mod protocol {
    use std::fmt::Write as _;

    use image::{DynamicImage, GrayImage};
    use ratatui::buffer::Buffer;
    use ratatui::layout::{Rect, Size};
    use ratatui::widgets::Widget;
    use ratatui_image::picker::{Picker, ProtocolType};
    use ratatui_image::{Image, Resize};

    /// Pixels across and down that xterm takes in sixel as it comes (its maxGraphicSize); larger pictures it drops.
    const SIXEL: u16 = 1000;

    /// What the terminal answered.
    #[derive(Debug, Default)]
    pub(super) struct Terminal(Option<Picker>);

    impl Terminal {
        pub(super) fn ask(&mut self) -> Result<(u16, u16), String> {
            if self.0.is_none() {
                let asked = Picker::from_query_stdio().ok();
                self.0 = asked.filter(|picker| picker.protocol_type() != ProtocolType::Halfblocks);
            }
            let Some(picker) = &self.0 else {
                return Err("this terminal shows no pictures: no sixel, kitty or iTerm2".to_owned());
            };
            if picker.protocol_type() != ProtocolType::Sixel {
                return Ok((u16::MAX, u16::MAX));
            }
            let font = picker.font_size();
            Ok((SIXEL / font.width.max(1), SIXEL / font.height.max(1)))
        }

        /// Pixels of an area of cells.
        pub(super) fn pixels(&self, area: Rect) -> (u32, u32) {
            let font = self.0.as_ref().map(Picker::font_size);
            let (width, height) = font.map_or((8, 16), |font| (font.width, font.height));
            (
                u32::from(area.width) * u32::from(width),
                u32::from(area.height) * u32::from(height),
            )
        }

        /// The octets that show a picture at a place of the screen.
        pub(super) fn encode(
            &self,
            grey: Vec<u8>,
            (width, height): (u32, u32),
            area: Rect,
        ) -> Option<Vec<u8>> {
            let image = DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, grey)?);
            let size = Size::new(area.width, area.height);
            let picker = self.0.as_ref()?;
            let protocol = picker.new_protocol(image, size, Resize::Fit(None)).ok()?;
            let mut buffer = Buffer::empty(area);
            Image::new(&protocol).render(area, &mut buffer);
            let mut out = String::new();
            for y in area.top()..area.bottom() {
                for x in area.left()..area.right() {
                    let symbol = buffer.cell((x, y))?.symbol();
                    if symbol != " " {
                        let _ = write!(out, "\x1b[{};{}H{symbol}", y + 1, x + 1);
                    }
                }
            }
            Some(out.into_bytes())
        }
    }
}

#[cfg(not(feature = "graphics"))]
mod protocol {
    use ratatui::layout::Rect;

    /// Nothing: the feature is off.
    #[derive(Debug, Default)]
    pub(super) struct Terminal;

    impl Terminal {
        #[expect(clippy::unused_self, reason = "as with the feature")]
        pub(super) fn ask(&self) -> Result<(u16, u16), String> {
            Err("built without pictures: cargo install with --features graphics".to_owned())
        }

        #[expect(clippy::unused_self, reason = "as with the feature")]
        pub(super) fn pixels(&self, area: Rect) -> (u32, u32) {
            (u32::from(area.width), u32::from(area.height))
        }

        #[expect(clippy::unused_self, reason = "as with the feature")]
        pub(super) fn encode(&self, _: Vec<u8>, _: (u32, u32), _: Rect) -> Option<Vec<u8>> {
            None
        }
    }
}
