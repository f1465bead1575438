//! The columns of the list, to choose from; above them the list as it is then.
//!
//! ```text
//!  Columns of the list
//!     #  start   from  to    carrier  pages  result
//!     1  0:00.0  2007  3004  T.38     3/3    ✓ 3 pages, ECM
//!
//! ▶ [x] number    number of the call
//!   [ ] caller    address of the caller
//!  Space show   < > move   q done   ? help
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{ListLook, draw_list, draw_row};
use crate::tui::app::App;
use crate::tui::app::columns::Chooser;
use crate::tui::layout::GUTTER;
use crate::tui::theme::Theme;
use crate::view::calls as view;
use crate::view::window::window;
use crate::view::{Role, Row, Span};

/// Rows above the columns: title, heading, two calls, a blank.
const ABOVE: u16 = 5;

pub(super) fn render(app: &App, chooser: &Chooser, buf: &mut Buffer, theme: Theme) {
    let (width, height) = app.size;
    let whole = Rect::new(0, 0, width, height.saturating_sub(1));
    let title = Row::of(vec![
        Span::new("Columns of the list", Role::Heading),
        Span::plain("   as they are shown where there is room; the result comes last"),
    ]);
    let inner = |y: u16| Rect {
        x: GUTTER.min(width),
        y,
        width: width.saturating_sub(GUTTER),
        height: u16::from(y < whole.height),
    };
    draw_row(buf, inner(0), 0, &title, theme);
    let options = super::calls::options(app);
    let rows = app.calls.shown();
    let list = view::layout_measured(rows, app.calls.measure(), &app.reading.info, &options);
    draw_row(buf, inner(1), 1, &list.header, theme);
    let top = app.calls.cursor();
    for (row, y) in list.rows(top..top + 2).iter().zip(2..) {
        draw_row(buf, inner(y), y, row, theme);
    }
    let area = Rect {
        y: ABOVE.min(whole.height),
        height: whole.height.saturating_sub(ABOVE),
        ..whole
    };
    let lines = chooser.lines();
    let shown = usize::from(area.height);
    let top = window(chooser.cursor(), 0, lines.len(), shown);
    let look = ListLook {
        theme,
        ascii: app.options.ascii,
        focused: true,
    };
    let selected = chooser.cursor().checked_sub(top);
    draw_list(
        buf,
        area,
        lines.get(top..).unwrap_or_default(),
        selected,
        look,
    );
}
