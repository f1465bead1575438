//! Input into a prompt.

use std::path::PathBuf;

use super::no_more;
use crate::tui::action::{Action, Context};
use crate::tui::app::flow::Pane;
use crate::tui::app::prompt::{Prompt, PromptKind, SaveFormat, SaveRequest};
use crate::tui::app::{App, Effect};

/// Applies an action while a prompt is open.
pub(super) fn prompt(app: &mut App, action: Action) -> Option<Effect> {
    let prompt = app.prompt.as_mut()?;
    if let (PromptKind::Overwrite { request }, Action::Type('y' | 'Y')) = (&prompt.kind, action) {
        let request = SaveRequest {
            overwrite: true,
            ..request.clone()
        };
        app.prompt = None;
        return Some(save(app, request));
    }
    match action {
        Action::Type(c) => prompt.push(c),
        Action::Erase if prompt.text.is_empty() => return cancel(app),
        Action::Erase => {
            prompt.text.pop();
        }
        Action::EraseWord => prompt.erase_word(),
        Action::EraseAll => prompt.text.clear(),
        Action::Choose => prompt.choose_next_format(),
        Action::Accept => return accept(app),
        Action::Cancel => return cancel(app),
        _ => return None,
    }
    let prompt = app.prompt.as_ref()?;
    match &prompt.kind {
        PromptKind::Filter { .. } => app.calls.set_filter(&prompt.text),
        PromptKind::Overwrite { .. } if matches!(action, Action::Type(_)) => return cancel(app),
        _ => {}
    }
    None
}

fn cancel(app: &mut App) -> Option<Effect> {
    if let Some(Prompt {
        kind: PromptKind::Filter { before },
        ..
    }) = app.prompt.take()
    {
        app.calls.set_filter(&before);
    }
    None
}

fn accept(app: &mut App) -> Option<Effect> {
    let Prompt { kind, text } = app.prompt.take()?;
    match kind {
        PromptKind::Filter { .. } => app.calls.set_filter(text.trim()),
        PromptKind::Search => {
            let full = app.context() == Context::Message;
            let view = app.flow.as_mut()?;
            view.search = text.to_lowercase();
            if full {
                find_in_message(app, true);
            } else {
                find(app, true);
            }
        }
        PromptKind::Goto => go_to(app, &text),
        PromptKind::Save { calls } => {
            let path = PathBuf::from(text.trim());
            if path.as_os_str().is_empty() {
                return None;
            }
            let format = SaveFormat::of(&path);
            let request = SaveRequest {
                path,
                format,
                calls,
                overwrite: false,
            };
            return Some(save(app, request));
        }
        PromptKind::Overwrite { .. } => {}
    }
    None
}

/// Packets are saved by the service; a flow has to be open to be saved.
fn save(app: &mut App, request: SaveRequest) -> Effect {
    let open = app.flow.as_ref().is_some_and(|view| {
        let numbers = view.numbers();
        request.calls.iter().all(|call| numbers.contains(call))
            && numbers.len() == request.calls.len()
    });
    if open || request.format == SaveFormat::Packets {
        return Effect::Save(request);
    }
    let effect = app.open(request.calls.clone(), false);
    app.waiting.save = Some(request);
    effect
}

pub(super) fn find(app: &mut App, forward: bool) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    if view.search.is_empty() {
        app.tell("nothing to search for: / asks");
        return;
    }
    let text = view.search.clone();
    if !view.move_to(forward, |view, row| view.row_has(row, &text)) {
        app.tell(no_more(&format!("\"{text}\""), forward));
    }
}

pub(super) fn find_in_message(app: &mut App, forward: bool) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    let has = |at: &usize| {
        let row = view.message.rows.get(*at);
        row.is_some_and(|row| row.text().to_lowercase().contains(&view.search))
    };
    let top = view.message.top;
    let found = if forward {
        (top + 1..view.message.rows.len()).find(has)
    } else {
        (0..top).rev().find(has)
    };
    // A message that fits cannot scroll; what is found there is underlined anyway.
    if let Some(at) = found {
        view.message.top = at;
    } else {
        let text = no_more(&format!("\"{}\"", view.search), forward);
        app.tell(text);
    }
}

fn go_to(app: &mut App, text: &str) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    let Ok(frame) = text.parse::<u32>() else {
        return;
    };
    if let Some(row) = view.row_of_frame(frame) {
        view.select_row(row);
        view.focus = Pane::Ladder;
    } else {
        app.tell(format!("frame {frame} is after the end of this flow"));
    }
}
