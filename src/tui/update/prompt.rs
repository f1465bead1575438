//! Input into a prompt.

use std::path::PathBuf;

use crate::tui::action::{Action, Context};
use crate::tui::app::flow::Pane;
use crate::tui::app::prompt::{Prompt, PromptKind, SaveFormat, SaveRequest};
use crate::tui::app::{App, Effect};
use crate::view::Pattern;

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
    if let (PromptKind::WriteColumns { path }, Action::Type('y' | 'Y')) = (&prompt.kind, action) {
        let path = path.clone();
        app.prompt = None;
        return Some(Effect::WriteColumns(path));
    }
    if prompt.kind == PromptKind::Leave {
        match action {
            Action::Type('y' | 'Y') | Action::Accept => {
                let name = app.proposed_capture();
                super::ask(app, PromptKind::Keep, name);
            }
            Action::Type('n' | 'N' | 'q') | Action::Quit => return Some(Effect::Quit),
            Action::Cancel => app.prompt = None,
            _ => {}
        }
        return None;
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
        Action::Cancel | Action::Quit => return cancel(app),
        _ => return None,
    }
    let prompt = app.prompt.as_ref()?;
    match &prompt.kind {
        PromptKind::Filter { .. } => app.calls.set_filter(&prompt.text),
        PromptKind::Overwrite { .. } | PromptKind::WriteColumns { .. }
            if matches!(action, Action::Type(_)) =>
        {
            return cancel(app);
        }
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
            match Pattern::new(&text) {
                Ok(pattern) => view.search = Some(pattern).filter(|_| !text.is_empty()),
                Err(error) => {
                    app.tell_failure(error);
                    return None;
                }
            }
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
        PromptKind::Keep => {
            let path = PathBuf::from(text.trim());
            return (!path.as_os_str().is_empty()).then_some(Effect::Keep(path));
        }
        PromptKind::Overwrite { .. } | PromptKind::WriteColumns { .. } | PromptKind::Leave => {}
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

/// The next row that has what is searched for; behind the last one it goes on from the first.
pub(super) fn find(app: &mut App, forward: bool) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    let Some(pattern) = view.search.clone() else {
        app.tell("nothing to search for: / asks");
        return;
    };
    let cursor = view.cursor();
    let found: Vec<usize> = (0..view.ladder.len())
        .filter(|row| view.row_has(*row, &pattern))
        .collect();
    match next_of(&found, cursor, forward) {
        Some((row, around)) => {
            view.select_row(row);
            tell_found(app, &pattern, found.len(), around.then_some(forward));
        }
        None => app.tell(format!("no match of \"{}\"", pattern.typed())),
    }
}

/// The same among the lines of a message.
pub(super) fn find_in_message(app: &mut App, forward: bool) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    let Some(pattern) = view.search.clone() else {
        return;
    };
    let lines = view.message.rows.iter().enumerate();
    let found: Vec<usize> = lines
        .filter(|(_, row)| pattern.is_in(&row.text()))
        .map(|(at, _)| at)
        .collect();
    match next_of(&found, view.message.top, forward) {
        Some((line, around)) => {
            // A message that fits cannot scroll; what is found there is underlined anyway.
            view.message.top = line;
            tell_found(app, &pattern, found.len(), around.then_some(forward));
        }
        None => app.tell(format!("no match of \"{}\"", pattern.typed())),
    }
}

/// The place after (or before) `from`, and whether it was found only from the other end on.
fn next_of(found: &[usize], from: usize, forward: bool) -> Option<(usize, bool)> {
    let (next, end) = if forward {
        (found.iter().find(|at| **at > from), found.first())
    } else {
        (found.iter().rfind(|at| **at < from), found.last())
    };
    let around = |at: &usize| (*at, true);
    next.map(|at| (*at, false)).or_else(|| end.map(around))
}

/// Says that the search went round, or that there is but one match.
fn tell_found(app: &mut App, pattern: &Pattern, count: usize, around: Option<bool>) {
    let typed = pattern.typed();
    match (around, count) {
        (None, _) => {}
        (Some(_), 1) => app.tell(format!("no further match of \"{typed}\"")),
        (Some(true), _) => app.tell(format!("\"{typed}\": on from the top")),
        (Some(false), _) => app.tell(format!("\"{typed}\": on from the end")),
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
