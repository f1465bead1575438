//! The help: every key of the screen under it, out of the same table as the bindings.
//!
//! ```text
//!  faxflow   keys of the calls list
//!
//!  Up Down Left Right k j h l   move; in a pane: scroll
//!  Enter                        open: the marked calls, or the call with its other leg
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{draw_row, draw_text};
use crate::tui::action::{Context, help_lines};
use crate::tui::app::App;
use crate::tui::theme::Theme;
use crate::view::{Role, Row, Span};

/// Draws the help from its line `top`.
pub(super) fn render(app: &App, top: usize, buf: &mut Buffer, theme: Theme) {
    let (width, height) = app.size;
    let area = Rect::new(0, 0, width, height.saturating_sub(1));
    let title = Row::of(vec![
        Span::new(" faxflow", Role::Heading),
        Span::plain(format!("   keys of the {}", name(app.context_under_help()))),
    ]);
    draw_row(buf, area, 0, &title, theme);
    let rest = Rect {
        y: 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    draw_text(buf, rest, &lines(app), top, theme);
}

/// All lines of the help.
pub(in crate::tui) fn lines(app: &App) -> Vec<Row> {
    let lines = help_lines(app.context_under_help());
    let widest = lines
        .iter()
        .map(|line| line.keys.chars().count())
        .max()
        .unwrap_or(0);
    let mut rows: Vec<Row> = lines
        .iter()
        .map(|line| {
            Row::of(vec![
                Span::new(format!(" {:widest$}   ", line.keys), Role::Key),
                Span::plain(line.doc),
            ])
        })
        .collect();
    rows.push(Row::default());
    rows.extend(
        marks(app.options.ascii)
            .into_iter()
            .map(|text| Row::of(vec![Span::plain(text)])),
    );
    rows
}

/// What the marks on the screens mean.
fn marks(ascii: bool) -> [String; 2] {
    let [error, good, marked] = if ascii {
        ["x", "v", "*"]
    } else {
        ["✗", "✓", "●"]
    };
    [
        format!(
            " {error} error   ! warning   i note   {good} as it should be   {marked} marked call"
        ),
        " A dashed arrow is a message that was expected here and never came.".into(),
    ]
}

fn name(context: Context) -> &'static str {
    match context {
        Context::Calls => "calls list",
        Context::Flow => "flow",
        Context::Message => "message",
        Context::Help => "help",
    }
}
