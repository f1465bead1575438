//! The flow of one or two calls, and one message of it full screen.
//!
//! ```text
//!  2007 → 3004   calls 2 + 3   T.38 on both legs   ✗ Failed in phase B: the sender never answered DIS
//!  setup ✓   T.38 ✓   A ✓   B ✗ no DCS   C ·   D ·   E ✓   release ✓
//!      time    192.0.2.10      203.0.113.5 (PBX)  │ DIS   Digital Identification Signal       frame 312
//!      8.646     │                     │◀── DIS ──│ ff c8 01 | 20 77 5f 23 01 ab c1 01 01 18
//! ▶    8.687     │◀────── DIS ─────────│          │
//!              │╌╌╌╌╌╌╌ DCS ╌╌╌╌╌╌╌╌▶│            │ ✗ t30-dis-no-dcs   The sender never answered DIS
//!  ] [ step   e E error   Tab pane   x other leg   r raw   d SDP   m media   f fold   s save   ? help
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{ListLook, draw_list, draw_middle, draw_row, draw_text, draw_wrapped, underline};
use crate::tui::app::App;
use crate::tui::app::flow::{FlowView, Pane, Text, hints_heading};
use crate::tui::layout::{self, GUTTER};
use crate::tui::theme::Theme;
use crate::view::Role;

/// Draws title, strip, ladder and message.
pub(super) fn render(app: &App, view: &FlowView, buf: &mut Buffer, theme: Theme) {
    let areas = layout::flow(app.size, view.wanted(usize::from(app.size.0)));
    draw_wrapped(buf, indented(areas.title), &view.title, theme);
    draw_row(
        buf,
        indented(areas.strip),
        areas.strip.y,
        &view.strip,
        theme,
    );
    draw_text(buf, inside(areas.header), &view.ladder.header, 0, theme);
    if view.ladder.is_empty() {
        let lines = [
            "Nothing of this call is shown.",
            "m shows media, f unfolds, x puts in the other leg.",
        ];
        draw_middle(buf, areas.ladder, &lines.map(String::from), theme);
    } else {
        let rows = view
            .ladder
            .rows(view.top..view.top + usize::from(areas.ladder.height));
        let look = ListLook {
            theme,
            ascii: app.options.ascii,
            focused: view.focus == Pane::Ladder,
        };
        draw_list(
            buf,
            areas.ladder,
            &rows,
            view.cursor().checked_sub(view.top),
            look,
        );
        draw_mark(buf, areas.ladder, view, app.options.ascii, theme);
        underline(buf, inside(areas.ladder), view.search.as_ref());
    }
    draw_rule(buf, areas.rule, app.options.ascii, theme);
    draw_pane(
        buf,
        areas.message,
        &view.message,
        view.focus == Pane::Message,
        app,
        theme,
    );
    draw_hints(buf, areas.hints, view, app, theme);
}

/// Draws the selected message and its hints over the whole screen.
pub(super) fn render_message(app: &App, view: &FlowView, buf: &mut Buffer, theme: Theme) {
    let areas = layout::message(app.size, view.wanted(usize::from(app.size.0)));
    draw_pane(buf, areas.message, &view.message, true, app, theme);
    underline(buf, areas.message, view.search.as_ref());
}

/// Draws two messages side by side.
pub(super) fn render_compared(app: &App, view: &FlowView, buf: &mut Buffer, theme: Theme) {
    let (width, height) = app.size;
    let area = Rect::new(0, 0, width, height.saturating_sub(1));
    draw_pane(buf, area, &view.compared, true, app, theme);
}

/// The mark of a message that waits for another one to be compared with.
fn draw_mark(buf: &mut Buffer, area: Rect, view: &FlowView, ascii: bool, theme: Theme) {
    let row = view.marked_row().and_then(|row| row.checked_sub(view.top));
    let Some(y) = row.and_then(|row| u16::try_from(row).ok()) else {
        return;
    };
    if y < area.height && area.width > 1 {
        let mark = if ascii { "*" } else { "●" };
        buf.set_stringn(area.x + 1, area.y + y, mark, 1, theme.style(Role::Mark));
    }
}

/// An area without its first column.
fn indented(area: Rect) -> Rect {
    let indent = area.width.min(1);
    Rect {
        x: area.x + indent,
        width: area.width - indent,
        ..area
    }
}

/// The part of an area right of its gutter.
fn inside(area: Rect) -> Rect {
    let gutter = GUTTER.min(area.width);
    Rect {
        x: area.x + gutter,
        width: area.width - gutter,
        ..area
    }
}

fn draw_rule(buf: &mut Buffer, area: Rect, ascii: bool, theme: Theme) {
    let symbol = match (area.width > 1, ascii) {
        (true, false) => "─",
        (true, true) => "-",
        (false, false) => "│",
        (false, true) => "|",
    };
    for place in area.positions() {
        if let Some(cell) = buf.cell_mut(place) {
            cell.set_symbol(symbol)
                .set_style(theme.style(Role::Lifeline));
        }
    }
}

/// Text that scrolls; marks in the gutter tell where there is more, and which pane the keys move in.
fn draw_pane(buf: &mut Buffer, area: Rect, text: &Text, focused: bool, app: &App, theme: Theme) {
    draw_text(buf, inside(area), &text.rows, text.top, theme);
    let [above, below, here] = if app.options.ascii {
        ["^", "v", "|"]
    } else {
        ["▲", "▼", "▌"]
    };
    let mut mark = |y: u16, text: &str, role: Role| {
        buf.set_stringn(
            area.x,
            y,
            text,
            usize::from(area.width.min(1)),
            theme.style(role),
        );
    };
    if area.height == 0 {
        return;
    }
    if focused && app.screens.last() == Some(&crate::tui::app::Screen::Flow) {
        mark(area.y, here, Role::Key);
    }
    if text.top > 0 {
        mark(area.y, above, Role::Key);
    }
    if text.top + usize::from(area.height) < text.rows.len() {
        mark(area.bottom() - 1, below, Role::Key);
    }
}

fn draw_hints(buf: &mut Buffer, area: Rect, view: &FlowView, app: &App, theme: Theme) {
    if area.height == 0 {
        return;
    }
    let heading = hints_heading(app.options.ascii);
    draw_row(buf, inside(area), area.y, &heading, theme);
    let area = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    draw_pane(
        buf,
        area,
        &view.hints,
        view.focus == Pane::Hints,
        app,
        theme,
    );
}
