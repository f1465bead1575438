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
use crate::tui::action::Context;
use crate::tui::app::App;
use crate::tui::theme::Theme;
use crate::view::calls::note_text;
use crate::view::{Role, Row, Span, width, wrap};

/// Lines of the help on a screen of that many rows: the title and the foot line are not among them.
pub(in crate::tui) fn height(rows: u16) -> usize {
    usize::from(rows.saturating_sub(2))
}

/// Draws the help from its line `top`; marks in the first column tell where there is more.
pub(super) fn render(app: &App, top: usize, buf: &mut Buffer, theme: Theme) {
    let (width, rows) = app.size;
    let area = Rect::new(0, 0, width, rows.saturating_sub(1));
    let title = Row::of(vec![
        Span::new(" faxflow", Role::Heading),
        Span::plain(format!(
            "   keys of the {}",
            app.context_under_help().name()
        )),
    ]);
    draw_row(buf, area, 0, &title, theme);
    let rest = Rect {
        y: 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let lines = lines(app);
    let shown = height(rows);
    // A screen that has grown shows more at its end.
    let top = top.min(lines.len().saturating_sub(shown));
    draw_text(buf, rest, &lines, top, theme);
    if rest.is_empty() {
        return;
    }
    let [above, below] = if app.options.ascii {
        ["^", "v"]
    } else {
        ["▲", "▼"]
    };
    let mut mark = |y: u16, text: &str| {
        buf.set_stringn(0, y, text, 1, theme.style(Role::Key));
    };
    if top > 0 {
        mark(rest.y, above);
    }
    if top + shown < lines.len() {
        mark(rest.bottom() - 1, below);
    }
}

/// All lines of the help, as wide as the screen.
pub(in crate::tui) fn lines(app: &App) -> Vec<Row> {
    let screen = usize::from(app.size.0);
    let lines = app.options.keys.help_lines(app.context_under_help());
    let widest = lines
        .iter()
        .map(|line| line.keys.chars().count())
        .max()
        .unwrap_or(0);
    let mut rows = Vec::new();
    for line in &lines {
        for (at, doc) in wrap(line.doc, screen.saturating_sub(widest + 4))
            .into_iter()
            .enumerate()
        {
            let keys = if at == 0 { line.keys.as_str() } else { "" };
            rows.push(Row::of(vec![
                Span::new(format!(" {keys:widest$}   "), Role::Key),
                Span::plain(doc),
            ]));
        }
    }
    rows.push(Row::default());
    for text in marks(app.options.ascii) {
        push_text(&mut rows, &text, screen);
    }
    rows.push(Row::default());
    let heading = " The phases of a fax (T.30)";
    rows.push(Row::of(vec![Span::new(heading, Role::Heading)]));
    for (phase, text) in PHASES {
        push_text(&mut rows, &format!("{phase}   {text}"), screen);
    }
    let notes = &app.reading.info.notes;
    if app.context_under_help() == Context::Calls && !notes.is_empty() {
        rows.push(Row::default());
        rows.push(Row::of(vec![Span::new(
            " Notes of the capture",
            Role::Heading,
        )]));
        for note in notes {
            push_text(&mut rows, &note_text(note, app.options.ascii), screen);
        }
    }
    rows
}

/// Text over as many lines as it needs, its blanks kept where one is enough.
fn push_text(rows: &mut Vec<Row>, text: &str, screen: usize) {
    let room = screen.saturating_sub(1);
    let lines = if width(text) <= room {
        vec![text.to_owned()]
    } else {
        wrap(text, room.saturating_sub(2))
    };
    for (at, line) in lines.into_iter().enumerate() {
        let indent = if at == 0 { " " } else { "   " };
        rows.push(Row::of(vec![Span::plain(format!("{indent}{line}"))]));
    }
}

/// What happens in each phase (T.30 clause 5).
const PHASES: [(&str, &str); 5] = [
    (
        "A",
        "call set-up: the calling fax sends CNG, the called one CED",
    ),
    (
        "B",
        "negotiation and training: DIS offers, DCS sets, TCF tries the line, CFR takes it, FTT does not",
    ),
    ("C", "a page is sent"),
    (
        "D",
        "after a page: EOP ends the fax, MPS goes on; MCF confirms the page, RTN does not",
    ),
    ("E", "release: DCN, then the call is hung up"),
];

/// What the marks on the screens mean.
fn marks(ascii: bool) -> [String; 4] {
    let [error, good, marked, unseen] = if ascii {
        ["x", "v", "*", "-"]
    } else {
        ["✗", "✓", "●", "·"]
    };
    [
        format!(
            "{error} error   ! warning   i note   {good} as it should be   {marked} marked call"
        ),
        format!("{unseen} in the line of phases: not reached, or not in the capture"),
        "A dashed arrow is a message that was expected here and never came.".into(),
        "(2) the second of the same; [+ 3 repeats] folded into this row: f unfolds.".into(),
    ]
}
