//! Octets and raw text as rows.

use std::fmt::Write as _;

use crate::text::lossy;
use crate::view::{Role, Row, Span, plain};

/// Most octets of a message that are shown raw.
const MOST: usize = 65_536;

/// `ff c8 01 | 20 77 5f`: hex with a bar after the first `head` octets.
pub(super) fn grouped(octets: &[u8], head: usize) -> String {
    let mut text = String::with_capacity(octets.len() * 3 + 2);
    for (at, octet) in octets.iter().take(MOST).enumerate() {
        if at == head {
            text.push_str("| ");
        }
        let _ = write!(text, "{octet:02x} ");
    }
    text.truncate(text.trim_end().len());
    text
}

/// Offset, hex, text: as many octets a row as fit, 4 to 32.
pub(super) fn dump(octets: &[u8], width: usize) -> Vec<Row> {
    let per_row = [32, 16, 8]
        .into_iter()
        .find(|count| 6 + count * 4 < width)
        .unwrap_or(4);
    let octets = octets.get(..MOST).unwrap_or(octets);
    octets
        .chunks(per_row)
        .enumerate()
        .map(|(at, chunk)| {
            let mut hex = String::new();
            for octet in chunk {
                let _ = write!(hex, "{octet:02x} ");
            }
            let text: String = chunk
                .iter()
                .map(|octet| {
                    if (0x20..0x7f).contains(octet) {
                        char::from(*octet)
                    } else {
                        '.'
                    }
                })
                .collect();
            Row::of(vec![
                Span::new(format!("{:04x}  ", at * per_row), Role::Dim),
                Span::plain(format!("{hex:<hex_width$} ", hex_width = per_row * 3)),
                Span::new(text, Role::Dim),
            ])
        })
        .collect()
}

/// Text as it is, line by line; long lines go on in the next row.
pub(super) fn text(octets: &[u8], width: usize) -> Vec<Row> {
    let octets = octets.get(..MOST).unwrap_or(octets);
    let text = lossy(octets);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let line = plain(line.strip_suffix('\r').unwrap_or(line), false);
        let mut rest: &str = &line;
        loop {
            let cut = crate::view::break_at(rest, width.max(1));
            let (head, tail) = rest.split_at(cut);
            let mut row = Row::of(vec![Span::plain(head)]);
            row.continuation = rest.len() < line.len();
            rows.push(row);
            if tail.is_empty() {
                break;
            }
            rest = tail;
        }
    }
    while rows.last().is_some_and(|row| row.text().is_empty()) {
        rows.pop();
    }
    rows
}
