//! The label of an arrow, and how the arrow is drawn.

use unicode_width::UnicodeWidthStr;

use crate::call::Event;
use crate::view::ladder::wording::{LONGEST, LabelFacts, Stroke, texts};
use crate::view::{Role, Span, fit, plain};

/// Columns that the shortest wording of a label may claim at most: a longer one is cut on the arrow and written in full
/// beside it.
const LONGEST_SHORT: usize = 16;

/// The label of an arrow.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The same in words, from long to short; the first that fits is taken.
    wordings: Vec<Wording>,
    role: Role,
    stroke: Stroke,
}

/// One way to say it.
#[derive(Clone, Debug, Default)]
struct Wording {
    text: String,
    /// `(2)`, `(retransmission)`.
    suffix: String,
    /// What longer wordings say and this one does not: it stands beside the arrow.
    left_out: String,
}

impl Wording {
    fn width(&self) -> usize {
        self.text.width() + self.suffix.width()
    }
}

impl Label {
    /// The label of an event; `partner` is the RTP of the other direction, drawn on the same row.
    pub(super) fn of(event: &Event, partner: Option<&Event>, facts: LabelFacts) -> Self {
        let (texts, role, stroke) = texts(event, partner, facts);
        let harmless =
            |text: &str| fit(&plain(text, facts.ascii), 2 * LONGEST, facts.ascii).into_owned();
        let suffixes: &[(String, &str)] = &match event {
            event if event.repeat > 1 => vec![(format!(" ({})", event.repeat), "")],
            event if event.retransmission => vec![
                (" (retransmission)".to_owned(), ""),
                (" (again)".to_owned(), "retransmission"),
            ],
            _ => vec![(String::new(), "")],
        };
        let wordings = texts.iter().flat_map(|(text, left_out)| {
            suffixes.iter().map(|(suffix, also_left_out)| Wording {
                text: harmless(text),
                suffix: suffix.clone(),
                left_out: match (left_out.as_str(), *also_left_out) {
                    (one, "") | ("", one) => harmless(one),
                    (one, other) => harmless(&format!("{one}, {other}")),
                },
            })
        });
        Self {
            wordings: wordings.collect(),
            role: if event.retransmission {
                Role::Repeat
            } else {
                role
            },
            stroke,
        }
    }

    /// Columns of the longest wording, and of the shortest.
    pub(super) fn widths(&self) -> (usize, usize) {
        let widths = || self.wordings.iter().map(Wording::width);
        (
            widths().next().unwrap_or(0),
            widths().min().unwrap_or(0).min(LONGEST_SHORT),
        )
    }

    const fn heads(&self) -> usize {
        if matches!(self.stroke, Stroke::Both) {
            2
        } else {
            1
        }
    }

    /// The longest wording that fits an arrow of `width` columns.
    fn fitting(&self, width: usize) -> Option<&Wording> {
        let room = width.saturating_sub(self.heads() + 2);
        self.wordings
            .iter()
            .find(|wording| wording.width() < room.max(1))
    }

    /// What does not fit on an arrow of `width` columns.
    pub(super) fn left_out(&self, width: usize) -> Option<String> {
        let text = match (self.fitting(width), self.wordings.first()) {
            (Some(wording), _) => wording.left_out.clone(),
            // Not even the shortest: the arrow has it cut.
            (None, Some(whole)) => format!("{}{}", whole.text, whole.suffix),
            (None, None) => String::new(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// The arrow, exactly `width` columns.
    pub(super) fn arrow(&self, width: usize, to_right: bool, ascii: bool) -> Vec<Span> {
        let heads = self.heads();
        let room = width.saturating_sub(heads + 2);
        let (text, suffix) = match (self.fitting(width), self.wordings.last()) {
            (Some(wording), _) => (wording.text.clone(), wording.suffix.clone()),
            (None, Some(wording)) => {
                let suffix = fit(&wording.suffix, room / 2, ascii).into_owned();
                let room = room.saturating_sub(suffix.width());
                (fit(&wording.text, room, ascii).into_owned(), suffix)
            }
            (None, None) => (String::new(), String::new()),
        };
        let spaces = if width >= heads + 2 { 2 } else { 0 };
        let strokes = width.saturating_sub(heads + spaces + text.width() + suffix.width());
        let stroke = self.stroke.char(ascii);
        let left: String = std::iter::repeat_n(stroke, strokes / 2).collect();
        let right: String = std::iter::repeat_n(stroke, strokes - strokes / 2).collect();
        let (head_left, head_right) = if ascii { ("<", ">") } else { ("◀", "▶") };
        let pad = if spaces > 0 { " " } else { "" };
        let points_left = width > 0 && (!to_right || (heads == 2 && width > 1));
        let points_right = width > 0 && (to_right || heads == 2);
        let start = format!("{}{left}{pad}", if points_left { head_left } else { "" });
        let end = format!("{pad}{right}{}", if points_right { head_right } else { "" });
        let mut spans = vec![Span::new(start, self.role), Span::new(text, self.role)];
        if !suffix.is_empty() {
            spans.push(Span::new(suffix, Role::Repeat));
        }
        spans.push(Span::new(end, self.role));
        spans
    }
}
