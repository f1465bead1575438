//! The last line: the prompt, else the message, else the keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use super::draw_row;
use crate::tui::action::Context;
use crate::tui::app::App;
use crate::tui::app::prompt::Prompt;
use crate::tui::theme::Theme;
use crate::view::{Role, Row, Span};

/// Draws it; returns the position of the prompt's cursor.
pub(super) fn render(app: &App, buf: &mut Buffer, theme: Theme) -> Option<Position> {
    let (width, height) = app.size;
    let area = Rect::new(0, height.checked_sub(1)?, width, 1);
    if let Some(prompt) = &app.prompt {
        return Some(draw_prompt(buf, area, prompt, theme));
    }
    let row = match &app.notice {
        Some(notice) => {
            let role = if notice.failed {
                Role::Error
            } else {
                Role::Plain
            };
            Row::of(vec![Span::plain(" "), Span::new(&notice.text, role)])
        }
        None => keys(app, usize::from(width)),
    };
    draw_row(buf, area, area.y, &row, theme);
    None
}

/// The keys of the screen as far as there is room; help always.
fn keys(app: &App, width: usize) -> Row {
    let mut items = app.options.keys.foot_items(app.context());
    if app.context() == Context::Calls && !app.calls.filter().is_empty() {
        items.insert(
            0,
            (format!("filter \"{}\"  Esc", app.calls.filter()), "all"),
        );
    }
    let help = items.pop();
    let cost = |(keys, word): &(String, &str)| keys.width() + 1 + word.width() + 3;
    let mut room = width.saturating_sub(1 + help.as_ref().map_or(0, cost));
    let mut spans = vec![Span::plain(" ")];
    for item in items.into_iter().map_while(|item| {
        room = room.checked_sub(cost(&item))?;
        Some(item)
    }) {
        push_item(&mut spans, &item);
    }
    if let Some(item) = help {
        push_item(&mut spans, &item);
    }
    Row::of(spans)
}

fn push_item(spans: &mut Vec<Span>, (keys, word): &(String, &str)) {
    spans.push(Span::new(keys, Role::Key));
    spans.push(Span::new(format!(" {word}   "), Role::Dim));
}

/// A long text shows its end, where the typing is.
fn draw_prompt(buf: &mut Buffer, area: Rect, prompt: &Prompt, theme: Theme) -> Position {
    let label = prompt.label();
    let most = usize::from(area.width).saturating_sub(12);
    let label = crate::view::fit(&label, most, true).into_owned();
    let room = usize::from(area.width).saturating_sub(label.width() + 2);
    let mut text = prompt.text.as_str();
    while text.width() > room {
        let mut chars = text.chars();
        chars.next();
        text = chars.as_str();
    }
    let row = Row::of(vec![
        Span::plain(" "),
        Span::new(&label, Role::Key),
        Span::plain(text),
    ]);
    draw_row(buf, area, area.y, &row, theme);
    let x = u16::try_from(row.width()).unwrap_or(u16::MAX);
    Position::new(x.min(area.width.saturating_sub(1)), area.y)
}
