//! Two messages side by side, what differs marked: SDP before and after a proxy, DIS and DCS bit by bit, two INVITEs.
//!
//! ```text
//!                         DIS                          DCS
//!                         frame 312   8.646            frame 330   10.102
//!                         198.51.100.20:4000 → ...     192.0.2.10:4840 → ...
//!   11-14  modems         V.27ter, V.29, V.17          V.17 14400
//! ≠ 27  error correction  no                           used
//! ```

use super::{fields, long_name, name};
use crate::call::{Call, Event, EventKind};
use crate::field::Field;
use crate::t30::Fcf;
use crate::t30::capability::{BITS, Capabilities, exceeds};
use crate::t30::frame::T30Frame;
use crate::view::time::Clock;
use crate::view::{Role, Row, Span, fit, plain, width, wrap};

/// Fields of a message that are compared at most; only hostile ones have more.
const FIELDS_MOST: usize = 600;
/// Columns of names at most.
const NAME_MOST: usize = 28;
/// Between two columns.
const BETWEEN: usize = 2;

/// SIP headers that differ from hop to hop and from dialog to dialog.
const ROUTINE: [&str; 9] = [
    "Via",
    "Max-Forwards",
    "Record-Route",
    "Route",
    "CSeq",
    "Call-ID",
    "Content-Length",
    "Date",
    "Timestamp",
];

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Columns.
    pub width: usize,
    /// How times are told.
    pub clock: Clock,
    /// Plain ASCII.
    pub ascii: bool,
    /// What is the same is left out.
    pub only_differences: bool,
}

/// How much a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Same,
    /// Nothing else was to be expected.
    Routine,
    Differs,
}

/// What both say of one thing.
struct Pair {
    name: String,
    left: Option<String>,
    right: Option<String>,
    weight: Weight,
}

/// The rows of two messages.
pub fn side_by_side(left: (&Call, &Event), right: (&Call, &Event), shape: Shape) -> Vec<Row> {
    let pairs = match (&left.1.kind, &right.1.kind) {
        (EventKind::T30(a), EventKind::T30(b)) if has_bits(a) && has_bits(b) => bits(a, b),
        _ => {
            let of = |(call, event)| {
                let mut fields = fields(call, event);
                fields.truncate(FIELDS_MOST);
                fields
            };
            aligned(&of(left), &of(right))
        }
    };
    let names = pairs.iter().map(|pair| width(&pair.name)).max();
    let most = NAME_MOST.min(shape.width / 4);
    let table = Table {
        name: names.unwrap_or(0).min(most),
        shape,
    };
    let mut rows = heads(left.1, right.1, &table);
    rows.push(Row::of(vec![Span::new(summary(&pairs), Role::Dim)]));
    for pair in &pairs {
        if shape.only_differences && pair.weight == Weight::Same {
            continue;
        }
        rows.extend(table.rows(pair));
    }
    for row in &mut rows {
        crate::view::clip(row, shape.width, shape.ascii);
    }
    rows
}

/// `4 differ, 2 more as they do from hop to hop`
fn summary(pairs: &[Pair]) -> String {
    let count = |weight| pairs.iter().filter(|pair| pair.weight == weight).count();
    match (count(Weight::Differs), count(Weight::Routine)) {
        (0, 0) => "no difference".to_owned(),
        (differ, 0) => format!("{differ} of {} differ", pairs.len()),
        (differ, routine) => format!(
            "{differ} of {} differ, {routine} more as was to be expected",
            pairs.len()
        ),
    }
}

/// Name, place and path of both.
fn heads(left: &Event, right: &Event, table: &Table) -> Vec<Row> {
    let title = |event| {
        let long = long_name(event);
        let between = if long.is_empty() { "" } else { "   " };
        format!("{}{between}{long}", name(event))
    };
    let place = |event: &Event| {
        let time = table.shape.clock.text(event.at);
        format!(
            "call {}   frame {}   {}",
            event.call,
            event.frame,
            time.trim()
        )
    };
    let path = |event: &Event| format!("{} → {}", event.src, event.dst);
    vec![
        table.line("  ", "", &title(left), &title(right), Role::Heading),
        table.line("  ", "", &place(left), &place(right), Role::Dim),
        table.line("  ", "", &path(left), &path(right), Role::Dim),
    ]
}

struct Table {
    /// Columns of names.
    name: usize,
    shape: Shape,
}

impl Table {
    /// Columns of one message.
    fn column(&self) -> usize {
        let taken = 2 + self.name + BETWEEN + BETWEEN;
        (self.shape.width.saturating_sub(taken) / 2).max(1)
    }

    fn line(&self, mark: &str, name: &str, left: &str, right: &str, role: Role) -> Row {
        let ascii = self.shape.ascii;
        let cell = |text: &str, columns: usize| {
            let text = plain(text, ascii);
            let text = fit(&text, columns, ascii);
            let blank = columns.saturating_sub(width(&text));
            format!("{text}{:blank$}", "")
        };
        Row::of(vec![
            Span::new(mark, role),
            Span::new(cell(name, self.name), Role::Dim),
            Span::plain(" ".repeat(BETWEEN)),
            Span::new(cell(left, self.column()), role),
            Span::plain(" ".repeat(BETWEEN)),
            Span::new(cell(right, self.column()).trim_end(), role),
        ])
    }

    /// As many rows as its longest part needs.
    fn rows(&self, pair: &Pair) -> Vec<Row> {
        let ascii = self.shape.ascii;
        let (mark, role) = match (pair.weight, ascii) {
            (Weight::Same, _) => ("  ", Role::Plain),
            (Weight::Routine, false) => ("≠ ", Role::Dim),
            (Weight::Routine, true) => ("! ", Role::Dim),
            (Weight::Differs, false) => ("≠ ", Role::Warning),
            (Weight::Differs, true) => ("! ", Role::Warning),
        };
        let lines = |text: &str, columns: usize| wrap(&plain(text, ascii), columns.max(1));
        let said = |text: &Option<String>| lines(text.as_deref().unwrap_or("-"), self.column());
        let names = lines(&pair.name, self.name);
        let (left, right) = (said(&pair.left), said(&pair.right));
        let height = names.len().max(left.len()).max(right.len());
        let part = |lines: &[String], at: usize| lines.get(at).cloned().unwrap_or_default();
        (0..height)
            .map(|at| {
                let mark = if at == 0 { mark } else { "  " };
                self.line(
                    mark,
                    &part(&names, at),
                    &part(&left, at),
                    &part(&right, at),
                    role,
                )
            })
            .collect()
    }
}

/// Fields by their names: those that both have in the same order stand beside each other.
fn aligned(left: &[Field], right: &[Field]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut at_left, mut at_right) = (0, 0);
    let ends = [(left.len(), right.len())];
    for (next_left, next_right) in common(left, right).into_iter().chain(ends) {
        let only = left.get(at_left..next_left).unwrap_or_default();
        pairs.extend(only.iter().map(|field| pair(Some(field), None)));
        let only = right.get(at_right..next_right).unwrap_or_default();
        pairs.extend(only.iter().map(|field| pair(None, Some(field))));
        if let (Some(one), Some(other)) = (left.get(next_left), right.get(next_right)) {
            pairs.push(pair(Some(one), Some(other)));
        }
        (at_left, at_right) = (next_left + 1, next_right + 1);
    }
    pairs
}

fn pair(left: Option<&Field>, right: Option<&Field>) -> Pair {
    let name = left.or(right).map_or("", |field| &field.name);
    let value = |field: Option<&Field>| field.map(|field| field.value.clone());
    let (left, right) = (value(left), value(right));
    let bare = |value: &Option<String>| value.as_deref().map(|text| bare(name, text));
    let weight = if left == right {
        Weight::Same
    } else if ROUTINE.contains(&name) || bare(&left) == bare(&right) {
        Weight::Routine
    } else {
        Weight::Differs
    };
    Pair {
        name: name.to_owned(),
        left,
        right,
        weight,
    }
}

/// A value without what is another one in each dialog: tags, the session's number and version.
fn bare(name: &str, value: &str) -> String {
    match name {
        "From" | "To" => value.split(";tag=").next().unwrap_or_default().to_owned(),
        "o=" => {
            let words = value.split(' ').enumerate();
            let kept = words.filter(|(at, _)| !(1..=2).contains(at));
            kept.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
        }
        _ => value.to_owned(),
    }
}

/// The places of the longest run of names that both have in the same order.
fn common(left: &[Field], right: &[Field]) -> Vec<(usize, usize)> {
    // How many names the ends from each pair of places on have in common.
    let columns = right.len() + 1;
    let mut lengths = vec![0_u32; (left.len() + 1) * columns];
    let at = |row: usize, column: usize| row * columns + column;
    let get = |lengths: &[u32], row, column| lengths.get(at(row, column)).copied().unwrap_or(0);
    for (row, one) in left.iter().enumerate().rev() {
        for (column, other) in right.iter().enumerate().rev() {
            let length = if one.name == other.name {
                get(&lengths, row + 1, column + 1) + 1
            } else {
                get(&lengths, row + 1, column).max(get(&lengths, row, column + 1))
            };
            if let Some(place) = lengths.get_mut(at(row, column)) {
                *place = length;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut found = Vec::new();
    while let (Some(one), Some(other)) = (left.get(row), right.get(column)) {
        if one.name == other.name {
            found.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if get(&lengths, row + 1, column) >= get(&lengths, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    found
}

fn has_bits(frame: &T30Frame) -> bool {
    matches!(frame.fcf, Fcf::Dis | Fcf::Dtc | Fcf::Dcs)
}

/// Capabilities bit by bit. Of an offer and the command that answers it only what goes beyond the offer is amiss.
fn bits(left: &T30Frame, right: &T30Frame) -> Vec<Pair> {
    let is_command = |frame: &T30Frame| frame.fcf == Fcf::Dcs;
    let beyond = match (is_command(left), is_command(right)) {
        (false, true) => Some(exceeds(right.fif(), left.fif())),
        (true, false) => Some(exceeds(left.fif(), right.fif())),
        _ => None,
    };
    let (of_left, of_right) = (
        Capabilities::new(left.fif()),
        Capabilities::new(right.fif()),
    );
    let (said_left, said_right) = (left.fields(), right.fields());
    let mut pairs = Vec::new();
    for bit in BITS {
        let numbers = if bit.last > bit.number {
            format!("{}-{}", bit.number, bit.last)
        } else {
            bit.number.to_string()
        };
        let name = format!("{numbers}  {}", bit.name);
        let said = |fields: &[Field], bits: &Capabilities| {
            let field = fields.iter().find(|field| field.name == name);
            let unset = || {
                let there = bit.number <= bits.last_bit();
                Some(if there { "no" } else { "not sent" }.to_owned())
            };
            field.map(|field| field.value.clone()).or_else(unset)
        };
        let (left, right) = (said(&said_left, &of_left), said(&said_right, &of_right));
        let value = |bits: &Capabilities| bits.bits(bit.number, bit.last);
        let (a, b) = (value(&of_left), value(&of_right));
        let there = bit.number <= of_left.last_bit().max(of_right.last_bit());
        let is_group = bit.last > bit.number && there;
        if a == 0 && b == 0 && !is_group {
            continue;
        }
        let marked = |all: &Vec<String>| {
            let end = [format!("(bit {numbers})"), format!("(bits {numbers})")];
            all.iter()
                .any(|one| end.iter().any(|end| one.ends_with(end)))
        };
        let weight = match &beyond {
            Some(all) if marked(all) => Weight::Differs,
            _ if a == b => Weight::Same,
            Some(_) => Weight::Routine,
            None => Weight::Differs,
        };
        pairs.push(Pair {
            name,
            left,
            right,
            weight,
        });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{fixture, to_text};

    fn shape(width: usize, call: &Call) -> Shape {
        Shape {
            width,
            clock: Clock::Since(call.started),
            ascii: false,
            only_differences: false,
        }
    }

    fn t30(call: &Call, fcf: Fcf) -> &Event {
        let is = |event: &&Event| matches!(&event.kind, EventKind::T30(frame) if frame.fcf == fcf);
        call.events.iter().find(is).unwrap()
    }

    #[test]
    fn an_offer_and_its_command_bit_by_bit() {
        let flow = fixture::good();
        let call = &flow.flow.legs[0];
        let (dis, dcs) = (t30(call, Fcf::Dis), t30(call, Fcf::Dcs));
        let rows = side_by_side((call, dis), (call, dcs), shape(100, call));
        insta::assert_snapshot!(to_text(&rows));
        // Keeping to the offer is nothing to be marked.
        assert!(
            rows.iter()
                .flat_map(|row| &row.spans)
                .all(|span| span.role != Role::Warning)
        );
    }

    #[test]
    fn two_invites_with_what_differs_marked() {
        let flow = fixture::good();
        let call = &flow.flow.legs[0];
        let t38 = &call.negotiations[1];
        let (first, second) = (&call.events[0], call.event(t38.offer_event).unwrap());
        let whole = side_by_side((call, first), (call, second), shape(118, call));
        insta::assert_snapshot!(to_text(&whole));
        let only = Shape {
            only_differences: true,
            ..shape(118, call)
        };
        let only = side_by_side((call, first), (call, second), only);
        assert!(only.len() < whole.len());
        let same = side_by_side((call, first), (call, first), shape(80, call));
        assert!(to_text(&same).contains("no difference"));
    }

    #[test]
    fn no_row_is_wider_than_the_screen() {
        for flow in [fixture::good(), fixture::refused()] {
            let call = &flow.flow.legs[0];
            for pair in call.events.windows(2) {
                for columns in [1, 20, 80, 200] {
                    let shape = shape(columns, call);
                    for row in side_by_side((call, &pair[0]), (call, &pair[1]), shape) {
                        assert!(row.width() <= columns, "{columns}: {}", row.text());
                    }
                }
            }
        }
    }
}
