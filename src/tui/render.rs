//! Draws the state; changes nothing. One file a screen, each with its picture.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::app::{App, Screen};
use super::layout::GUTTER;
use super::theme::{self, Theme};
use crate::view::{Pattern, Role, Row, Span, wrap};

pub(super) mod calls;
mod columns;
pub(super) mod flow;
pub(super) mod foot;
pub(super) mod help;
pub(super) mod page;

/// Columns of a selected row that its bar covers at most: what stands further right (results, hints) keeps
/// its colours, and a step down costs few octets on a slow line.
const BAR: u16 = 72;

/// Draws the whole screen; returns the position of the cursor, if one is shown.
pub(super) fn render(app: &App, buf: &mut Buffer) -> Option<Position> {
    let theme = Theme::new(app.options.palette, app.options.colour);
    if let (Some(Screen::Page), Some(view)) = (app.screens.last(), &app.page) {
        page::render(app, view, buf, theme);
        return foot::render(app, buf, theme);
    }
    if let (Some(Screen::Columns), Some(chooser)) = (app.screens.last(), &app.chooser) {
        columns::render(app, chooser, buf, theme);
        return foot::render(app, buf, theme);
    }
    match (app.screens.last(), &app.flow) {
        (Some(Screen::Help { top }), _) => help::render(app, *top, buf, theme),
        (Some(Screen::Flow), Some(view)) => flow::render(app, view, buf, theme),
        (Some(Screen::Message), Some(view)) => flow::render_message(app, view, buf, theme),
        (Some(Screen::Compare), Some(view)) => flow::render_compared(app, view, buf, theme),
        _ => calls::render(app, buf, theme),
    }
    foot::render(app, buf, theme)
}

/// One row of text at a place.
fn draw_row(buf: &mut Buffer, area: Rect, y: u16, row: &Row, theme: Theme) {
    let mut x = area.x;
    for span in &row.spans {
        let room = usize::from(area.right().saturating_sub(x));
        if room == 0 || y >= area.bottom() {
            return;
        }
        (x, _) = buf.set_stringn(x, y, span.text(), room, theme.style(span.role));
    }
}

/// Rows of a list in their gutter, one of them selected.
fn draw_list(buf: &mut Buffer, area: Rect, rows: &[Row], selected: Option<usize>, look: ListLook) {
    let inner = Rect {
        x: area.x + GUTTER.min(area.width),
        width: area.width.saturating_sub(GUTTER),
        ..area
    };
    for (at, (row, y)) in rows.iter().zip(area.y..area.bottom()).enumerate() {
        draw_row(buf, inner, y, row, look.theme);
        if selected == Some(at) {
            let mark = match (look.ascii, look.focused) {
                (true, true) => ">",
                (false, true) => "▶",
                (true, false) => "-",
                (false, false) => "▷",
            };
            buf.set_stringn(
                area.x,
                y,
                mark,
                usize::from(area.width),
                look.theme.style(Role::Key),
            );
            if look.focused {
                let bar = Rect {
                    height: 1,
                    y,
                    width: bar_width(row, inner.width),
                    ..inner
                };
                // The bar shows the words, not their colours: reversed colours are hard to read.
                buf.set_style(bar, Style::reset().patch(theme::selected()));
            }
        }
    }
}

/// How a list looks.
#[derive(Clone, Copy)]
struct ListLook {
    theme: Theme,
    ascii: bool,
    focused: bool,
}

/// The bar ends where the row's result, its hint or its first lifeline begins, or where its text ends.
/// Lifelines and arrows take three octets a column: a bar over them would dominate the cost of a step.
fn bar_width(row: &Row, width: u16) -> u16 {
    let ends = |span: &Span| {
        matches!(
            span.role,
            Role::Error
                | Role::Warning
                | Role::Note
                | Role::Good
                | Role::Consequence
                | Role::Lifeline
        )
    };
    let text: String = row
        .spans
        .iter()
        .take_while(|span| !ends(span))
        .map(Span::text)
        .collect();
    let text = if row.spans.iter().any(ends) {
        &text
    } else {
        text.trim_end()
    };
    let columns = u16::try_from(text.width()).unwrap_or(u16::MAX);
    columns.min(BAR).min(width)
}

/// Part of some rows, without a selection.
fn draw_text(buf: &mut Buffer, area: Rect, rows: &[Row], top: usize, theme: Theme) {
    for (row, y) in rows.iter().skip(top).zip(area.y..area.bottom()) {
        draw_row(buf, area, y, row, theme);
    }
}

/// A row over several lines, broken at blanks.
fn draw_wrapped(buf: &mut Buffer, area: Rect, row: &Row, theme: Theme) {
    let (mut x, mut y) = (area.x, area.y);
    if area.is_empty() {
        return;
    }
    for span in &row.spans {
        for word in span.text().split_inclusive(' ') {
            let width = u16::try_from(word.trim_end().width()).unwrap_or(u16::MAX);
            let last = y + 1 >= area.bottom();
            if x.saturating_add(width) > area.right() && x > area.x && !last {
                (x, y) = (area.x, y + 1);
            }
            let room = usize::from(area.right().saturating_sub(x));
            (x, _) = buf.set_stringn(x, y, word, room, theme.style(span.role));
        }
    }
}

/// Underlines what is searched for wherever it stands in an area.
fn underline(buf: &mut Buffer, area: Rect, pattern: Option<&Pattern>) {
    let Some(pattern) = pattern else { return };
    for y in area.y..area.bottom() {
        let mut line = String::new();
        let mut columns = Vec::new();
        for x in area.x..area.right() {
            let symbol = buf.cell((x, y)).map_or("", |cell| cell.symbol());
            columns.extend(std::iter::repeat_n(x, symbol.len()));
            line.push_str(symbol);
        }
        for found in pattern.places(&line) {
            let first = columns.get(found.start).copied().unwrap_or_default();
            let last = columns.get(found.end - 1).copied().unwrap_or(first);
            let place = Rect::new(first, y, last - first + 1, 1);
            buf.set_style(place, theme::found());
        }
    }
}

/// Lines in the middle of an area that has nothing else to show; one wider than that is wrapped.
fn draw_middle(buf: &mut Buffer, area: Rect, lines: &[String], theme: Theme) {
    let room = usize::from(area.width.saturating_sub(2));
    let lines: Vec<String> = lines.iter().flat_map(|line| wrap(line, room)).collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = area.y + area.height.saturating_sub(height) / 3;
    for (line, y) in lines.iter().zip(top..area.bottom()) {
        let row = Row::of(vec![Span::plain(line)]);
        let width = u16::try_from(row.width()).unwrap_or(u16::MAX);
        let x = area.x + area.width.saturating_sub(width) / 2;
        let place = Rect {
            x,
            width: area.right() - x,
            ..area
        };
        draw_row(buf, place, y, &row, theme);
    }
}
