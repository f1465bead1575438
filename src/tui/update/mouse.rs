//! A click: on a row it selects, on the selected row it opens.

use ratatui::layout::{Position, Rect};

use crate::tui::action::{Action, Context};
use crate::tui::app::App;
use crate::tui::app::flow::Pane;
use crate::tui::layout;

/// What a click asks for beside what it selects.
pub(super) fn click(app: &mut App, at: Position) -> Option<Action> {
    match app.context() {
        Context::Calls => {
            let row = row_in(app.calls_areas().list, at)? + app.calls.top();
            let there = row < app.calls.shown().len();
            (!app.calls.select_place(row) && there).then_some(Action::Open)
        }
        Context::Flow => {
            let size = app.size;
            let view = app.flow.as_mut()?;
            let areas = layout::flow(size, view.wanted(usize::from(size.0)));
            if areas.message.contains(at) {
                view.focus = Pane::Message;
            } else if areas.hints.contains(at) && !view.hints.rows.is_empty() {
                view.focus = Pane::Hints;
            }
            let row = row_in(areas.ladder, at)? + view.top;
            view.focus = Pane::Ladder;
            if row == view.cursor() {
                return Some(Action::Open);
            }
            if row < view.ladder.len() {
                view.select_row(row);
            }
            None
        }
        Context::Message | Context::Compare | Context::Columns | Context::Page | Context::Help => {
            None
        }
    }
}

/// The row of a list that is drawn at a position.
fn row_in(area: Rect, at: Position) -> Option<usize> {
    area.contains(at).then(|| usize::from(at.y - area.y))
}
