//! A page of a fax, one attempt or two beside each other.
//!
//! ```text
//!  2 of 3  page 2, attempt 1: 1728x1143, MR, 204x98, 12 rows damaged (at most 3 in succession), MPS, RTN
//!    ⣿⣿ ⠛⠛⠛ ⠛⠛⠛⠛⠛
//! ▐  ⠛⠛⠛⠛⠛⠛⠛ ⠛⠛⠛
//!  + - zoom   ] [ page   b beside   q back   ? help
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{draw_middle, draw_row, draw_text};
use crate::tui::app::App;
use crate::tui::app::page::PageView;
use crate::tui::theme::Theme;

/// Draws titles and pictures.
pub(super) fn render(app: &App, view: &PageView, buf: &mut Buffer, theme: Theme) {
    let (width, height) = app.size;
    let titles = view.titles();
    let pictures = view.pictures(app.options.ascii);
    let parts = u16::try_from(titles.len().max(1)).unwrap_or(1);
    let part = |at: u16| {
        let left = width / parts * at;
        Rect::new(left, 0, width / parts, height.saturating_sub(1))
    };
    for (title, at) in titles.iter().zip(0..) {
        draw_row(buf, part(at), 0, title, theme);
    }
    let below = |area: Rect| Rect {
        y: 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if pictures.is_empty() {
        let lines = ["This page is not decoded; `faxflow pages` saves its octets.".to_owned()];
        draw_middle(buf, below(part(0)), &lines, theme);
    }
    for (picture, at) in pictures.iter().zip(0..) {
        draw_text(buf, below(part(at)), picture, 0, theme);
    }
}
