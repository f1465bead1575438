//! Pages: from the flow to one of them, and what can be done there.

use crate::call::EventKind;
use crate::tui::action::Action;
use crate::tui::app::flow::FlowView;
use crate::tui::app::{App, Effect};

/// Columns that the picture moves to the side at once.
const ASIDE: isize = 8;
/// Rows that it moves up or down at once.
const STEP: isize = 2;

/// Whether the selected event is page data that can be shown.
pub(super) fn is_selected(view: &FlowView) -> bool {
    view.current().is_some_and(|(call, id)| {
        let legs = view.flow.flow.legs.iter();
        legs.filter(|leg| leg.number == call)
            .flat_map(|leg| &leg.page_attempts)
            .any(|attempt| attempt.data.contains(&id))
    })
}

/// Asks for the page of the selected event, else for the next one after it.
pub(super) fn open(app: &mut App) -> Option<Effect> {
    if app.options.no_pages {
        app.tell("pages are left out (--no-pages)");
        return None;
    }
    let view = app.flow.as_ref()?;
    let (call, id) = view.current()?;
    let leg = (view.flow.flow.legs.iter()).find(|leg| leg.number == call)?;
    let of_event = |attempt: &crate::call::PageAttempt| attempt.data.last() >= Some(&id);
    let place = leg.page_attempts.iter().position(of_event);
    let Some(place) = place.or(leg.page_attempts.len().checked_sub(1)) else {
        let sound = leg
            .events
            .iter()
            .any(|event| matches!(&event.kind, EventKind::PageData(page) if page.level.is_some()));
        app.tell(if sound {
            "the page was sent as sound, which is not demodulated"
        } else {
            "no page data in this call"
        });
        return None;
    };
    app.waiting.page = Some((call, place));
    Some(Effect::Pages(call))
}

/// What the keys do on a page.
pub(super) fn page(app: &mut App, action: Action) -> Option<Effect> {
    let view = app.page.as_mut()?;
    let (_, height) = view.cells();
    let height = isize::try_from(height).unwrap_or(isize::MAX);
    match action {
        Action::Up => view.scroll(0, -STEP),
        Action::Down => view.scroll(0, STEP),
        Action::Left => view.scroll(-ASIDE, 0),
        Action::Right => view.scroll(ASIDE, 0),
        Action::PageUp => view.scroll(0, -height),
        Action::PageDown => view.scroll(0, height),
        Action::HalfUp => view.scroll(0, -height / 2),
        Action::HalfDown => view.scroll(0, height / 2),
        Action::First => view.scroll(isize::MIN, isize::MIN),
        Action::Last => view.scroll(0, isize::MAX),
        Action::ZoomIn => view.zoom(true),
        Action::ZoomOut => view.zoom(false),
        Action::NextPage | Action::PreviousPage => {
            let forward = action == Action::NextPage;
            if !view.turn(forward) {
                app.tell(super::no_more("page", forward));
            }
        }
        Action::Picture => return Some(Effect::Picture),
        Action::Beside => {
            if !view.put_beside() {
                app.tell("there is only one attempt at this page");
            }
        }
        Action::Back => {
            app.screens.pop();
            app.page = None;
        }
        _ => return super::anywhere(app, action),
    }
    None
}
