//! Rows as text with the colours of their roles (SGR, ECMA-48 8.3.117), or without.

use std::io::{self, Write};

use crate::view::style::{Palette, Style};
use crate::view::{Role, Row, Span};

/// Writes a row and the line end; what is blank at its end is left out.
pub(super) fn write_row(
    out: &mut impl Write,
    row: &Row,
    colour: Option<Palette>,
) -> io::Result<()> {
    let mut text = match colour {
        Some(palette) => coloured(&row.spans, &palette),
        None => row.text(),
    };
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// A line of one role.
pub(super) fn write_line(
    out: &mut impl Write,
    text: &str,
    role: Role,
    colour: Option<Palette>,
) -> io::Result<()> {
    write_row(out, &Row::of(vec![Span::new(text, role)]), colour)
}

fn coloured(spans: &[Span], palette: &Palette) -> String {
    let is_blank = |span: &&Span| span.text().trim_end().is_empty();
    let blank = spans.iter().rev().take_while(is_blank).count();
    let shown = spans.len() - blank;
    let mut out = String::new();
    for (at, span) in spans.iter().take(shown).enumerate() {
        let text = match span.text() {
            last if at + 1 == shown => last.trim_end(),
            text => text,
        };
        match sgr(palette.style(span.role)) {
            Some(codes) if !text.trim().is_empty() => {
                out.push_str("\x1b[");
                out.push_str(&codes);
                out.push('m');
                out.push_str(text);
                out.push_str("\x1b[0m");
            }
            _ => out.push_str(text),
        }
    }
    out
}

/// The parameters of SGR for a style; `None` for plain text.
fn sgr(style: Style) -> Option<String> {
    let weight = match (style.bold, style.dim) {
        (true, _) => Some(1),
        (false, true) => Some(2),
        (false, false) => None,
    };
    let codes = [weight, style.hue.map(|hue| hue.0)];
    let codes: Vec<String> = codes.iter().flatten().map(u8::to_string).collect();
    (!codes.is_empty()).then(|| codes.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_role_is_coloured() {
        let row = Row::of(vec![
            Span::plain("  "),
            Span::new("✗ failed", Role::Error),
            Span::plain("  plain "),
            Span::new("   ", Role::Dim),
        ]);
        let written = |colour| {
            let mut out = Vec::new();
            write_row(&mut out, &row, colour).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(Some(Palette::default())),
            "  \x1b[1;31m✗ failed\x1b[0m  plain\n"
        );
        assert_eq!(written(None), "  ✗ failed  plain\n");
    }
}
