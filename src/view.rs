//! Pure rows: text with meaning, no colour, no ratatui. Screen and export draw the same rows.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use crate::call::{CallNo, EventId};
use crate::text::visible;

pub mod calls;
pub mod decode;
pub mod hints;
pub mod ladder;
pub mod time;
pub mod window;

/// What a piece of text stands for; the screen makes a style of it, the export nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Plain text.
    Plain,
    /// Headings, host names.
    Heading,
    /// Times, frame numbers, octets: what stands back.
    Dim,
    /// Lifelines.
    Lifeline,
    /// SIP arrows.
    Sip,
    /// T.38 indicators, tones.
    Indicator,
    /// T.30 messages.
    T30,
    /// Page data and TCF.
    Page,
    /// RTP.
    Rtp,
    /// What never came, losses.
    Missing,
    /// Repeats and retransmissions.
    Repeat,
    /// Hint: error.
    Error,
    /// Hint: warning.
    Warning,
    /// Hint: note.
    Note,
    /// Hint: ok.
    Good,
    /// A hint that is a consequence of the root cause.
    Consequence,
    /// A key in the foot line.
    Key,
    /// Marked rows.
    Mark,
}

/// A piece of text with a role. Made only by [`Span::new`], which makes hostile characters visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    text: String,
    /// What it stands for.
    pub role: Role,
}

impl Span {
    /// A span; control characters and the like in `text` are made visible.
    pub fn new(text: impl AsRef<str>, role: Role) -> Self {
        Self {
            text: visible(text.as_ref()).into_owned(),
            role,
        }
    }

    /// Plain text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Role::Plain)
    }

    /// The text, harmless.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Columns on a terminal.
    pub fn width(&self) -> usize {
        self.text.width()
    }
}

/// One line of a view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The event that it shows, if one; also on continuation lines of the same event.
    pub event: Option<(CallNo, EventId)>,
    /// A continuation line: selection passes over it.
    pub continuation: bool,
    /// The text.
    pub spans: Vec<Span>,
}

impl Row {
    /// A row of spans that shows no event.
    pub fn of(spans: Vec<Span>) -> Self {
        Self {
            event: None,
            continuation: false,
            spans,
        }
    }

    /// All its text, without trailing spaces.
    pub fn text(&self) -> String {
        let text: String = self.spans.iter().map(Span::text).collect();
        text.trim_end().to_owned()
    }

    /// Columns on a terminal.
    pub fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

/// Text of rows, one line each.
pub fn to_text(rows: &[Row]) -> String {
    rows.iter().fold(String::new(), |mut out, row| {
        out.push_str(&row.text());
        out.push('\n');
        out
    })
}

/// A label that may be shortened to a width, with `…` (or `~` in ASCII) for what is cut.
pub fn fit(text: &str, width: usize, ascii: bool) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let mark = if ascii { "~" } else { "…" };
    let mut out = String::new();
    for c in text.chars() {
        let mut next = out.clone();
        next.push(c);
        if next.width() + 1 > width {
            break;
        }
        out = next;
    }
    if width > 0 {
        out.push_str(mark);
    }
    Cow::Owned(out)
}
