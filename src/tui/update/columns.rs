//! Choosing the columns of the list.

use crate::tui::action::Action;
use crate::tui::app::columns::Chooser;
use crate::tui::app::prompt::PromptKind;
use crate::tui::app::{App, Effect, Screen};

pub(super) fn open(app: &mut App) {
    app.chooser = Some(Chooser::new(app.options.columns.as_deref()));
    app.screens.push(Screen::Columns);
}

pub(super) fn columns(app: &mut App, action: Action) -> Option<Effect> {
    let chooser = app.chooser.as_mut()?;
    if let Some(by) = super::distance(action, usize::from(app.size.1)) {
        chooser.move_by(by);
        return None;
    }
    match action {
        Action::Mark => chooser.toggle(),
        Action::ColumnLeft | Action::ColumnRight => chooser.carry(action == Action::ColumnRight),
        Action::Back => return leave(app),
        _ => return super::anywhere(app, action),
    }
    app.options.columns = chooser.chosen();
    None
}

/// What was chosen holds; whether it is written down is asked.
fn leave(app: &mut App) -> Option<Effect> {
    app.screens.pop();
    let changed = app.chooser.take().is_some_and(|one| one.has_changed());
    if !changed {
        return None;
    }
    match app.options.settings.clone() {
        Some(path) => super::ask(app, PromptKind::WriteColumns { path }, String::new()),
        None => app.tell("these columns hold until the end (--no-config: nothing is written down)"),
    }
    None
}
