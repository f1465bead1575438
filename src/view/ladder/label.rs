//! The label of an arrow, and how the arrow is drawn.

use unicode_width::UnicodeWidthStr;

use crate::call::Event;
use crate::view::ladder::wording::{LONGEST, LabelFacts, Stroke, texts};
use crate::view::{Role, Span, fit, plain};

/// Columns that the shortest wording of a label may claim at most: a longer one is cut on the arrow and written in full
/// beside it.
const LONGEST_SHORT: usize = 16;

/// The heads of a piece of an arrow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    pub(super) left: bool,
    pub(super) right: bool,
}

impl Heads {
    fn count(self) -> usize {
        usize::from(self.left) + usize::from(self.right)
    }

    /// As drawn, as far as `width` columns have room.
    const fn text(self, width: usize, ascii: bool) -> (&'static str, &'static str) {
        let room = width > if self.right { 1 } else { 0 };
        let left = match (self.left && room, ascii) {
            (false, _) => "",
            (true, true) => "<",
            (true, false) => "◀",
        };
        let right = match (self.right && width > 0, ascii) {
            (false, _) => "",
            (true, true) => ">",
            (true, false) => "▶",
        };
        (left, right)
    }
}

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

    /// It has a head on either end.
    pub(super) const fn has_both_heads(&self) -> bool {
        matches!(self.stroke, Stroke::Both)
    }

    /// What its line is drawn with.
    pub(super) const fn stroke_char(&self, ascii: bool) -> char {
        self.stroke.char(ascii)
    }

    /// What its line and a lifeline that it passes are drawn with.
    pub(super) const fn crossing_char(&self, ascii: bool) -> char {
        match (ascii, self.stroke) {
            (true, _) => '+',
            (false, Stroke::Thick | Stroke::Both) => '╪',
            (false, _) => '┼',
        }
    }

    /// The longest wording that fits a piece of the arrow, `width` columns wide.
    fn fitting(&self, width: usize, heads: Heads) -> Option<&Wording> {
        // Where it has no head, a line on either side.
        let room = width.saturating_sub(heads.count().max(1) + 2);
        self.wordings
            .iter()
            .find(|wording| wording.width() < room.max(1))
    }

    /// The longest wording.
    pub(super) fn in_full(&self) -> String {
        let whole = self.wordings.first();
        whole.map_or_else(String::new, |whole| {
            format!("{}{}", whole.text, whole.suffix)
        })
    }

    /// What does not fit on a piece of the arrow, `width` columns wide.
    pub(super) fn left_out(&self, width: usize, heads: Heads) -> Option<String> {
        let text = match self.fitting(width, heads) {
            Some(wording) => wording.left_out.clone(),
            // Not even the shortest: the arrow has it cut.
            None => self.in_full(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// Text beside the lifeline that it is of, with a mark there.
    fn note(&self, width: usize, to_right: bool, ascii: bool) -> Vec<Span> {
        let mark = if ascii { "*" } else { "•" };
        let room = width.saturating_sub(3);
        let text = self
            .wordings
            .first()
            .map_or("", |wording| wording.text.as_str());
        let text = fit(text, room, ascii);
        let blank = " ".repeat(width.saturating_sub(text.width() + 2));
        let text = if to_right {
            format!("{mark} {text}{blank}")
        } else {
            format!("{blank}{text} {mark}")
        };
        vec![Span::new(text, self.role)]
    }

    /// A piece of the arrow without words, exactly `width` columns.
    pub(super) fn stroke(&self, width: usize, heads: Heads, ascii: bool) -> Vec<Span> {
        let (left, right) = heads.text(width, ascii);
        let strokes = width.saturating_sub(left.width() + right.width());
        let line: String = std::iter::repeat_n(self.stroke.char(ascii), strokes).collect();
        vec![Span::new(format!("{left}{line}{right}"), self.role)]
    }

    /// The piece of the arrow with its words, exactly `width` columns.
    pub(super) fn arrow(&self, width: usize, ends: Heads, ascii: bool) -> Vec<Span> {
        if self.stroke == Stroke::Note && width > 2 {
            return self.note(width, !ends.left, ascii);
        }
        let heads = ends.count();
        let room = width.saturating_sub(heads + 2);
        let (text, suffix) = match (self.fitting(width, ends), self.wordings.last()) {
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
        // The only one is the tail's.
        let before = if strokes == 1 && ends.right && !ends.left {
            1
        } else {
            strokes / 2
        };
        let left: String = std::iter::repeat_n(stroke, before).collect();
        let right: String = std::iter::repeat_n(stroke, strokes - before).collect();
        let (head_left, head_right) = ends.text(width, ascii);
        let pad = if spaces > 0 { " " } else { "" };
        let start = format!("{head_left}{left}{pad}");
        let end = format!("{pad}{right}{head_right}");
        let mut spans = vec![Span::new(start, self.role), Span::new(text, self.role)];
        if !suffix.is_empty() {
            spans.push(Span::new(suffix, Role::Repeat));
        }
        spans.push(Span::new(end, self.role));
        spans
    }
}
