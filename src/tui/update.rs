//! Applies an action to the state: the only way in which a user changes anything.

use super::action::{Action, Context};
use super::app::calls::CallsList;
use super::app::flow::{Marked, Pane};
use super::app::prompt::{Prompt, PromptKind};
use super::app::{App, Effect, Screen};
use super::render;
use crate::call::CallNo;
use crate::view::calls::Table;
use crate::view::ladder::Fold;
use crate::view::time::TimeMode;
use ratatui::layout::Position;

mod columns;
mod mouse;
mod page;
mod prompt;

use prompt::{find, find_in_message};

/// Applies an action; the effect, if any, is for the event loop.
pub fn update(app: &mut App, action: Action) -> Option<Effect> {
    if let Action::Resize(width, height) = action {
        app.size = (width, height);
        app.settle();
        return None;
    }
    app.notice = None;
    if let Action::Wheel(down) = action {
        return wheel(app, down);
    }
    let action = if let Action::Click(column, row) = action {
        let Some(action) = mouse::click(app, Position::new(column, row)) else {
            app.settle();
            return None;
        };
        action
    } else {
        action
    };
    let effect = if app.prompt.is_some() {
        prompt::prompt(app, action)
    } else {
        let effect = match app.context() {
            Context::Calls => calls(app, action),
            Context::Flow => flow(app, action),
            Context::Message => message(app, action),
            Context::Compare => compare(app, action),
            Context::Columns => columns::columns(app, action),
            Context::Page => page::page(app, action),
            Context::Help => help(app, action),
        };
        ask_to_keep(app, effect)
    };
    app.settle();
    effect
}

/// What came through a pipe is gone when the program is: whoever leaves is asked.
fn ask_to_keep(app: &mut App, effect: Option<Effect>) -> Option<Effect> {
    let some = app.reading.info.packets > 0;
    if effect == Some(Effect::Quit) && app.options.in_no_file && some {
        ask(app, PromptKind::Leave, String::new());
        return None;
    }
    effect
}

/// Rows of one turn of the wheel.
const WHEEL: usize = 3;

/// The wheel moves as the arrows do, by a few rows.
fn wheel(app: &mut App, down: bool) -> Option<Effect> {
    let action = if down { Action::Down } else { Action::Up };
    (0..WHEEL).fold(None, |effect, _| update(app, action).or(effect))
}

/// Actions that are the same on every screen.
fn anywhere(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Quit => return Some(Effect::Quit),
        Action::Redraw => return Some(Effect::Redraw),
        Action::Suspend => return Some(Effect::Suspend),
        Action::Help => app.screens.push(Screen::Help { top: 0 }),
        Action::Colour => app.options.colour = !app.options.colour,
        Action::Time => {
            app.ladder.time = next_time(app);
            app.tell(time_told(app));
        }
        _ => {}
    }
    None
}

/// The list knows no deltas.
fn next_time(app: &App) -> TimeMode {
    let next = app.ladder.time.next();
    match (app.context(), next) {
        (Context::Calls, TimeMode::Delta) => next.next(),
        _ => next,
    }
}

/// `time: local (CET)`
fn time_told(app: &App) -> String {
    let time = app.ladder.time;
    let zone = match time {
        TimeMode::Local => {
            let at = app.reading.info.first_time.unwrap_or_default();
            format!(" ({})", app.ladder.zone.name(at))
        }
        TimeMode::Relative | TimeMode::Delta | TimeMode::Utc => String::new(),
    };
    format!("time: {}{zone}", time.name())
}

fn calls(app: &mut App, action: Action) -> Option<Effect> {
    let areas = app.calls_areas();
    if let Some(by) = distance(action, usize::from(areas.list.height)) {
        app.calls.move_by(by);
        return None;
    }
    match action {
        Action::Back => return back_from_calls(app),
        Action::Open => return open_selected(app),
        Action::Mark => app.calls.mark_selected(),
        Action::OtherLeg => {
            if !app.calls.mark_with_other_leg() {
                app.tell("no other leg of this call is known: mark two calls with Space");
            }
        }
        Action::SortPrevious | Action::SortNext => {
            let shown = render::calls::options(app);
            let shown = Table::new(app.calls.measure(), &shown).sortable();
            app.calls.sort_by_next(action == Action::SortNext, &shown);
            tell_order(app);
        }
        Action::SortDirection => {
            app.calls.turn();
            tell_order(app);
        }
        Action::Search => {
            let before = app.calls.filter().to_owned();
            ask(
                app,
                PromptKind::Filter {
                    before: before.clone(),
                },
                before,
            );
        }
        Action::Save => {
            let calls = with_other_leg(&app.calls);
            ask_to_save(app, calls);
        }
        Action::Copy => return app.calls.selected().map(copied_call),
        Action::Columns => columns::open(app),
        _ => return anywhere(app, action),
    }
    None
}

/// Esc first ends what is under way, then the filter, then the program.
fn back_from_calls(app: &mut App) -> Option<Effect> {
    if app.waiting.opening.take().is_some() {
        app.waiting.save = None;
        return None;
    }
    if app.calls.filter().is_empty() {
        return Some(Effect::Quit);
    }
    app.calls.set_filter("");
    None
}

fn open_selected(app: &mut App) -> Option<Effect> {
    let calls = chosen(&app.calls);
    if calls.is_empty() {
        return None;
    }
    let other_leg = calls.len() == 1;
    Some(app.open(calls, other_leg))
}

/// The marked calls, or else the selected one.
fn chosen(calls: &CallsList) -> Vec<CallNo> {
    if calls.marked().is_empty() {
        calls.selected().map(|row| row.number).into_iter().collect()
    } else {
        calls.marked().to_vec()
    }
}

/// The marked calls, or else the selected one and its other leg: what Enter opens.
fn with_other_leg(calls: &CallsList) -> Vec<CallNo> {
    let mut all = chosen(calls);
    if let [one] = all.as_slice() {
        let other = calls.row(*one).and_then(|row| row.other_leg);
        all.extend(other.filter(|other| calls.has(*other)));
    }
    all.sort_unstable();
    all
}

fn copied_call(row: &crate::analysis::CallRow<'_>) -> Effect {
    let call_id = String::from_utf8_lossy(row.call_id.as_deref().unwrap_or(b"-"));
    let summary = row.fax.as_ref().map_or("", |fax| fax.summary.as_str());
    let text = format!(
        "{} {} -> {} {call_id} {summary}",
        row.number, row.from, row.to
    );
    Effect::Copy(crate::text::visible(text.trim_end()).into_owned())
}

fn flow(app: &mut App, action: Action) -> Option<Effect> {
    let view = app.flow.as_mut()?;
    match view.focus {
        Pane::Ladder => {
            if let Some(by) = distance(action, view.height) {
                view.move_by(by);
                return None;
            }
        }
        Pane::Message | Pane::Hints => {
            let text = if view.focus == Pane::Message {
                &mut view.message
            } else {
                &mut view.hints
            };
            if let Some(by) = distance(action, text.height) {
                text.scroll(by);
                return None;
            }
        }
    }
    match action {
        Action::Back if view.focus != Pane::Ladder => view.focus = Pane::Ladder,
        Action::Back => {
            app.screens.pop();
            app.flow = None;
        }
        Action::Open if page::is_selected(view) && !app.options.no_pages => {
            return page::open(app);
        }
        Action::Open => app.screens.push(Screen::Message),
        Action::Mark => mark_message(app),
        Action::Left | Action::PreviousPane => view.focus_next(false),
        Action::Right | Action::NextPane => view.focus_next(true),
        Action::Copy => return Some(Effect::Copy(view.copied(view.focus != Pane::Ladder))),
        _ => return detail(app, action),
    }
    None
}

/// A first message waits for a second one, then both are shown.
fn mark_message(app: &mut App) {
    let Some(view) = app.flow.as_mut() else {
        return;
    };
    let key = app.options.keys.key_of(Action::Mark);
    match view.mark() {
        Marked::First => app.tell(format!(
            "marked: {key} on another message shows both side by side"
        )),
        Marked::Gone => app.tell("no message is marked"),
        Marked::Both => app.screens.push(Screen::Compare),
        Marked::Nothing => {}
    }
}

fn compare(app: &mut App, action: Action) -> Option<Effect> {
    let view = app.flow.as_mut()?;
    if let Some(by) = distance(action, view.compared.height) {
        view.compared.scroll(by);
        return None;
    }
    match action {
        Action::Back => {
            app.screens.pop();
        }
        Action::Fold => view.only_differences = !view.only_differences,
        Action::Copy => return Some(Effect::Copy(view.copied_compared())),
        _ => return anywhere(app, action),
    }
    None
}

fn message(app: &mut App, action: Action) -> Option<Effect> {
    let view = app.flow.as_mut()?;
    if let Some(by) = distance(action, view.message.height) {
        view.message.scroll(by);
        return None;
    }
    match action {
        Action::Back => {
            app.screens.pop();
        }
        Action::Left => view.move_by(-1),
        Action::Right => view.move_by(1),
        Action::Copy => return Some(Effect::Copy(view.copied(true))),
        Action::NextMatch | Action::PreviousMatch if view.search.is_some() => {
            find_in_message(app, action == Action::NextMatch);
        }
        _ => return detail(app, action),
    }
    None
}

/// Actions that are the same for the flow and for a message of it.
fn detail(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Sdp => app.ladder.sdp = !app.ladder.sdp,
        Action::Media => app.ladder.media = !app.ladder.media,
        Action::Fold => app.ladder.fold = app.ladder.fold.next(),
        Action::HostsLeft | Action::HostsRight => return move_window(app, action),
        _ => {}
    }
    let view = app.flow.as_mut()?;
    match action {
        Action::Sdp => app.tell(shown("SDP", app.ladder.sdp)),
        Action::Media => app.tell(shown("media", app.ladder.media)),
        Action::Fold => {
            let text = folded(app.ladder.fold, view.ladder.has_path());
            app.tell(text);
        }
        Action::ZoomIn | Action::ZoomOut => view.resize_pane(action == Action::ZoomIn),
        Action::Raw => view.raw = !view.raw,
        Action::NextStep | Action::PreviousStep => {
            let forward = action == Action::NextStep;
            if !view.move_to(forward, super::app::flow::FlowView::is_step) {
                app.tell(no_more("step of the fax", forward));
            }
        }
        Action::NextTrouble | Action::PreviousTrouble => {
            let forward = action == Action::NextTrouble;
            let rows = view.trouble_rows();
            if !view.move_to(forward, |_, row| rows.contains(&row)) {
                app.tell(no_more("error or warning", forward));
            }
        }
        Action::NextMatch | Action::PreviousMatch => find(app, action == Action::NextMatch),
        Action::Search => ask(app, PromptKind::Search, String::new()),
        Action::Goto => ask(app, PromptKind::Goto, String::new()),
        Action::OtherLeg => return other_leg(app),
        Action::View => return page::open(app),
        Action::Save => {
            let calls = view.numbers().into_iter().collect();
            ask_to_save(app, calls);
        }
        _ => return anywhere(app, action),
    }
    None
}

const fn folded(fold: Fold, has_path: bool) -> &'static str {
    match fold {
        Fold::Nothing => "nothing folded",
        Fold::Repeats => "repeats, indicators and provisional answers folded",
        Fold::Copies if has_path => "a message on several hops is one arrow",
        Fold::Copies => "a message on several hops is one arrow: here all have one hop",
    }
}

/// Other hosts of a path that is wider than the screen.
fn move_window(app: &mut App, action: Action) -> Option<Effect> {
    let view = app.flow.as_ref()?;
    let Some((first, most)) = view.ladder.window else {
        app.tell("all hosts are shown");
        return None;
    };
    let right = action == Action::HostsRight;
    app.ladder.first = if right {
        (first + 1).min(most)
    } else {
        first.saturating_sub(1)
    };
    if app.ladder.first == first {
        app.tell(no_more("host", right));
    }
    None
}

fn shown(what: &str, on: bool) -> String {
    format!("{what} {}", if on { "shown" } else { "hidden" })
}

fn no_more(what: &str, forward: bool) -> String {
    format!("no {} {what}", if forward { "further" } else { "earlier" })
}

/// One leg becomes two, or two the one that is selected.
fn other_leg(app: &mut App) -> Option<Effect> {
    let view = app.flow.as_ref()?;
    let legs = &view.flow.flow.legs;
    let current = view
        .current()
        .map(|(call, _)| call)
        .or_else(|| legs.first().map(|call| call.number))?;
    if legs.len() > 1 {
        return Some(app.open(vec![current], false));
    }
    if legs.iter().all(|call| call.other_leg.is_none()) {
        app.tell("no other leg of this call is known: mark two calls on the list with Space");
        return None;
    }
    Some(app.open(vec![current], true))
}

fn help(app: &mut App, action: Action) -> Option<Effect> {
    let lines = render::help::lines(app).len();
    let height = render::help::height(app.size.1);
    if let (Some(by), Some(Screen::Help { top })) =
        (distance(action, height), app.screens.last_mut())
    {
        *top = top
            .saturating_add_signed(by)
            .min(lines.saturating_sub(height));
        return None;
    }
    match action {
        Action::Back | Action::Help => {
            app.screens.pop();
            None
        }
        _ => anywhere(app, action),
    }
}

/// A narrow screen may not have the column that the list is sorted by.
fn tell_order(app: &mut App) {
    let (by, descending) = app.calls.sorted();
    let way = if descending { ", the last first" } else { "" };
    app.tell(format!("sorted by {}{way}", by.heading()));
}

/// How many rows an action moves on a screen of `height` rows; `None`: it does not move.
fn distance(action: Action, height: usize) -> Option<isize> {
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    Some(match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::HalfUp => -(page / 2).max(1),
        Action::HalfDown => (page / 2).max(1),
        Action::First => isize::MIN,
        Action::Last => isize::MAX,
        _ => return None,
    })
}

fn ask(app: &mut App, kind: PromptKind, text: String) {
    app.prompt = Some(Prompt { kind, text });
}

fn ask_to_save(app: &mut App, calls: Vec<CallNo>) {
    if calls.is_empty() {
        app.tell("no call to be saved");
        return;
    }
    let text = app.proposed_name(&calls).to_string_lossy().into_owned();
    ask(app, PromptKind::Save { calls }, text);
}
