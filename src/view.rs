//! Pure rows: text with meaning, no colour, no ratatui. Screen and export draw the same rows.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::call::{CallNo, EventId};
use crate::text::{is_plain_ascii, visible};

pub mod calls;
pub mod compare;
pub mod decode;
#[cfg(test)]
pub(crate) mod fixture;
pub mod hints;
pub mod ladder;
mod names;
pub mod pages;
mod pattern;
pub mod stats;
pub mod style;
pub mod time;
pub mod window;

pub use names::Names;
pub use pattern::Pattern;

/// The meaning of a piece of text; the screen maps it to a style, the export ignores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Plain text.
    Plain,
    /// Headings, host names.
    Heading,
    /// Times, frame numbers, octets: secondary text.
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
    /// Its meaning.
    pub role: Role,
}

impl Span {
    /// A span; control characters and the like in `text` are made visible.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        let text = text.into();
        let changed = match visible(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(changed) => Some(changed),
        };
        Self {
            text: changed.unwrap_or(text),
            role,
        }
    }

    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Role::Plain)
    }

    /// The text, harmless.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Columns on a terminal.
    pub fn width(&self) -> usize {
        width(&self.text)
    }
}

/// Columns of a text on a terminal.
pub fn width(text: &str) -> usize {
    if is_plain_ascii(text) {
        text.len()
    } else {
        UnicodeWidthStr::width(text)
    }
}

/// How many decimal digits a number has.
pub(crate) fn digits(number: u64) -> usize {
    number
        .checked_ilog10()
        .map_or(1, |log| usize::try_from(log).unwrap_or(0) + 1)
}

/// Appends a number with at least `least` digits: what `write!` does, several times faster.
pub(crate) fn push_number(out: &mut String, number: u64, least: usize) {
    if number >= 10 || least > 1 {
        push_number(out, number / 10, least.saturating_sub(1));
    }
    let digit = u8::try_from(number % 10).unwrap_or(0);
    out.push(char::from(b'0' + digit));
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
        let mut text: String = self.spans.iter().map(Span::text).collect();
        text.truncate(text.trim_end().len());
        text
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
    if self::width(text) <= width {
        return Cow::Borrowed(text);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let next = c.width().unwrap_or(0);
        if used + next + 1 > width {
            break;
        }
        used += next;
        out.push(c);
    }
    out.push_str(if ascii { "~" } else { "…" });
    Cow::Owned(out)
}

/// Text with hostile characters escaped; with `ascii` also reduced to ASCII: arrows and marks by their usual
/// substitutes, any other character as `\u{..}`. Text must pass through here before it is measured or cut.
pub fn plain(text: &str, ascii: bool) -> Cow<'_, str> {
    let text = visible(text);
    if !ascii || text.is_ascii() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '\u{2400}'..='\u{241f}' => {
                // Control pictures: caret notation, as terminals have always shown them.
                out.push('^');
                let control = u32::from(c).saturating_sub(0x2400);
                out.push(char::from_u32(0x40 + control).unwrap_or('?'));
            }
            '␡' => out.push_str("^?"),
            '→' | '⇒' => out.push_str("->"),
            '←' => out.push_str("<-"),
            '↔' => out.push_str("<->"),
            '▶' => out.push('>'),
            '◀' => out.push('<'),
            '…' => out.push_str("..."),
            '✓' => out.push('v'),
            '✗' | '×' => out.push('x'),
            '·' => out.push('.'),
            '–' | '—' | '─' => out.push('-'),
            '≤' => out.push_str("<="),
            '≥' => out.push_str(">="),
            '≠' => out.push('!'),
            '\u{fffd}' => out.push('?'),
            other => out.extend(other.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Cuts a row to a width, with a mark where something is cut.
pub fn clip(row: &mut Row, width: usize, ascii: bool) {
    let mut left = width;
    for (at, span) in row.spans.iter_mut().enumerate() {
        let span_width = span.width();
        if span_width > left {
            *span = Span::new(fit(&span.text, left, ascii), span.role);
            row.spans.truncate(at + 1);
            return;
        }
        left -= span_width;
    }
}

/// Breaks text into lines of at most `width` columns, at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut word_width = self::width(word);
        if used > 0 && used + 1 + word_width > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        let mut rest = word;
        while word_width > width.saturating_sub(used) {
            let cut = break_at(rest, width.saturating_sub(used));
            let (head, tail) = rest.split_at(cut);
            line.push_str(head);
            lines.push(std::mem::take(&mut line));
            used = 0;
            rest = tail;
            word_width = self::width(rest);
        }
        line.push_str(rest);
        used += word_width;
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// How many octets of `text` fit `width` columns; at least one character.
pub(crate) fn break_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if at > 0 && used > width {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_and_marks_what_is_cut() {
        assert_eq!(fit("INVITE m=image", 14, false), "INVITE m=image");
        assert_eq!(fit("INVITE m=image", 8, false), "INVITE …");
        assert_eq!(fit("INVITE m=image", 8, true), "INVITE ~");
        assert_eq!(fit("漢字漢字", 5, false), "漢字…");
        assert_eq!(fit("x", 0, false), "");
    }

    #[test]
    fn numbers_as_write_has_them() {
        for number in [0, 7, 10, 99, 100, 65_535, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number, 1);
            assert_eq!(out, number.to_string());
            assert_eq!(digits(number), out.len());
            let mut out = String::new();
            push_number(&mut out, number, 3);
            assert_eq!(out, format!("{number:03}"));
        }
    }

    #[test]
    fn plain_is_ascii() {
        assert_eq!(plain("a → b\u{1b}[2J ✗ é", true), "a -> b^[[2J x \\u{e9}");
        assert!(matches!(plain("é", false), Cow::Borrowed("é")));
    }

    #[test]
    fn wraps_at_spaces_and_inside_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("漢字漢", 1), ["漢", "字", "漢"]);
    }

    #[test]
    fn clips() {
        let mut row = Row::of(vec![
            Span::plain("abc"),
            Span::plain("def"),
            Span::plain("g"),
        ]);
        clip(&mut row, 5, true);
        assert_eq!(row.text(), "abcd~");
    }
}
