//! A message in words: the pane beside the ladder, and the `fields` of JSON.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

use crate::call::{Call, Event, EventKind};
use crate::field::Field;
use crate::line::Fcs;
use crate::sip::strict;
use crate::t30::Fcf;
use crate::t30::capability::{BITS, Bit, Capabilities};
use crate::t30::frame::T30Frame;
use crate::view::time::{self, Clock};
use crate::view::{Role, Row, Span, clip, plain, wrap};

pub mod beside;
mod fields;
pub mod log;
mod negotiation;
mod observations;
mod octets;
mod side_pane;

pub use fields::{fields, long_name, name};
pub use side_pane::side_pane;

/// Widest column of field names.
const NAME_MOST: usize = 34;
/// Between the names of fields and their values.
const BETWEEN: usize = 2;
/// Most rows of one message; only hostile ones are longer.
const ROWS_MOST: usize = 5_000;

/// The whole message: name, frame, time and direction; octets; fields in words, SIP and SDP. With `raw` the
/// octets as a hex dump, or the SIP text as it is. No row is wider than `width`.
pub fn message(call: &Call, event: &Event, raw: bool, width: usize) -> Vec<Row> {
    message_by(call, event, raw, width, Clock::Since(call.started))
}

/// The whole message, its time told by a clock: that of the flow, not of the call.
pub fn message_by(call: &Call, event: &Event, raw: bool, width: usize, clock: Clock) -> Vec<Row> {
    lay_out(call, event, raw, width, clock, &fields(call, event))
}

fn lay_out(
    call: &Call,
    event: &Event,
    raw: bool,
    width: usize,
    clock: Clock,
    fields: &[Field],
) -> Vec<Row> {
    let mut rows = head(event, width, clock);
    rows.extend(origin(call, event));
    rows.extend(observations::rows(call, event, width, clock));
    if raw {
        rows.extend(raw_rows(event, width));
        rows.extend(bit_rows(event));
    } else {
        rows.extend(octets_rows(event, width));
        rows.extend(field_rows(&short(fields, width), width));
        rows.extend(opinion_rows(event, width));
        rows.extend(negotiation::rows(call, event, width));
    }
    whole(rows, event, width)
}

/// A second opinion on a SIP message, see [`crate::sip::strict`]: a sentence each. Of a message that the capture cut
/// there is none.
pub fn opinions(event: &Event) -> Vec<String> {
    match &event.kind {
        EventKind::Sip(sip) if sip.cut == 0 => strict::opinions(&sip.message),
        _ => Vec::new(),
    }
}

fn opinion_rows(event: &Event, width: usize) -> Vec<Row> {
    (opinions(event).iter())
        .flat_map(|said| wrap(&plain(said, false), width))
        .map(|line| Row::of(vec![Span::new(line, Role::Dim)]))
        .collect()
}

/// Of several captures read as one: `fax.pcap1: frame 12`.
fn origin(call: &Call, event: &Event) -> Option<Row> {
    let origin = call.capture.origins.as_deref()?.of(event.frame)?;
    let text = format!(
        "{}: frame {}",
        plain(origin.file_name(), false),
        origin.frame
    );
    Some(Row::of(vec![Span::new(text, Role::Dim)]))
}

/// Rows made those of an event, not too many and none too wide.
fn whole(mut rows: Vec<Row>, event: &Event, width: usize) -> Vec<Row> {
    if rows.len() > ROWS_MOST {
        let more = rows.len() - ROWS_MOST;
        rows.truncate(ROWS_MOST);
        rows.push(Row::of(vec![Span::new(
            format!("{more} more rows"),
            Role::Dim,
        )]));
    }
    for row in &mut rows {
        row.event = Some((event.call, event.id));
        clip(row, width, false);
    }
    rows
}

/// `DIS   Digital Identification Signal     frame 312   8.646 s   callee → caller`, and the endpoints.
fn head(event: &Event, width: usize, clock: Clock) -> Vec<Row> {
    const BETWEEN: usize = 3;
    let name = plain(&name(event), false).into_owned();
    let long = plain(&long_name(event), false).into_owned();
    let frames = if event.last_frame > event.frame {
        format!("frames {} to {}", event.frame, event.last_frame)
    } else {
        format!("frame {}", event.frame)
    };
    let mut place = if event.observed {
        format!("{frames}   {}", clock.text(event.at))
    } else {
        format!("after {frames}")
    };
    if event.end > event.at {
        let _ = write!(
            place,
            " ({})",
            time::length(event.end.seconds_since(event.at))
        );
    }
    let _ = write!(place, "   {} → {}", event.from, event.from.other());
    let mut spans = vec![Span::new(&name, Role::Heading)];
    if !long.is_empty() {
        spans.push(Span::plain(format!("{}{long}", " ".repeat(BETWEEN))));
    }
    let mut marks = String::new();
    if event.repeat > 1 {
        let _ = write!(marks, "   repeat {}", event.repeat);
    }
    if event.retransmission {
        marks.push_str("   retransmission");
    }
    spans.push(Span::new(marks, Role::Repeat));
    let used: usize = spans.iter().map(Span::width).sum();
    let path = Row::of(vec![Span::new(
        format!("{} → {}", event.src, event.dst),
        Role::Dim,
    )]);
    let place_width = place.width();
    if used + BETWEEN + place_width <= width {
        spans.push(Span::plain(" ".repeat(width - used - place_width)));
        spans.push(Span::new(place, Role::Dim));
        return vec![Row::of(spans), path];
    }
    vec![
        Row::of(spans),
        Row::of(vec![Span::new(place, Role::Dim)]),
        path,
    ]
}

/// Octets of a T.30 message, address, control and FCF apart: `ff c8 01 | 20 77 5f`.
fn octets_rows(event: &Event, width: usize) -> Vec<Row> {
    match &event.kind {
        EventKind::T30(frame) => {
            let text = octets::grouped(&frame.octets, 3);
            let mut rows: Vec<Row> = wrap(&text, width)
                .into_iter()
                .map(|line| Row::of(vec![Span::new(line, Role::Dim)]))
                .collect();
            rows.extend(trouble(frame));
            rows
        }
        EventKind::Malformed { octets, .. } => octets::dump(octets, width),
        _ => Vec::new(),
    }
}

/// What is wrong with a frame.
fn trouble(frame: &T30Frame) -> Option<Row> {
    let text = match (frame.fcs, frame.damaged) {
        (Fcs::Good, false) => return None,
        (Fcs::Good | Fcs::Unseen, true) => "octets are missing: packets with them are lost",
        (Fcs::Bad, _) => "bad frame check sequence",
        (Fcs::Unseen, false) => "the end of the frame was never seen",
    };
    Some(Row::of(vec![Span::new(text, Role::Missing)]))
}

/// Columns of the names of fields.
fn name_column(fields: &[Field], width: usize) -> usize {
    let widest = fields.iter().map(|field| field.name.width()).max();
    widest.unwrap_or(0).min(NAME_MOST).min(width * 2 / 5)
}

/// Names in one column, values wrapped in the other.
fn field_rows(fields: &[Field], width: usize) -> Vec<Row> {
    let column = name_column(fields, width);
    let mut rows = Vec::new();
    for field in fields {
        let name = plain(&field.name, false);
        let value = plain(&field.value, false);
        let names = wrap(&name, column);
        let values = wrap(&value, width.saturating_sub(column + BETWEEN));
        for at in 0..names.len().max(values.len()) {
            let name = names.get(at).map_or("", String::as_str);
            let padding = " ".repeat((column + BETWEEN).saturating_sub(name.width()));
            rows.push(Row::of(vec![
                Span::new(format!("{name}{padding}"), Role::Dim),
                Span::plain(values.get(at).map_or("", String::as_str)),
            ]));
        }
        if rows.len() > 2 * ROWS_MOST {
            break;
        }
    }
    rows
}

/// Fields with the names of the bits that are not set in one line.
fn short(fields: &[Field], width: usize) -> Vec<Field> {
    const END: &str = ", ... (r: all bits)";
    let column = name_column(fields, width) + BETWEEN;
    let room = width.saturating_sub(column + END.len());
    let one_line = |field: &Field| {
        let unset = matches!(field.name.as_ref(), "not offered" | "not used");
        if !unset || field.value.width() + column <= width {
            return field.clone();
        }
        let mut kept = String::new();
        for name in field.value.split(", ") {
            if kept.width() + name.width() + 2 > room {
                break;
            }
            if !kept.is_empty() {
                kept.push_str(", ");
            }
            kept.push_str(name);
        }
        Field::new(field.name.clone(), format!("{kept}{END}"))
    };
    fields.iter().map(one_line).collect()
}

/// Every bit of a DIS, DTC or DCS.
fn bit_rows(event: &Event) -> Vec<Row> {
    let EventKind::T30(frame) = &event.kind else {
        return Vec::new();
    };
    if !matches!(frame.fcf, Fcf::Dis | Fcf::Dtc | Fcf::Dcs) {
        return Vec::new();
    }
    let bits = Capabilities::new(frame.fif());
    let there = BITS.iter().filter(|bit| bit.last <= bits.last_bit());
    let row = |bit: &Bit| {
        let (number, digits) = (
            usize::from(bit.number),
            usize::from(bit.last - bit.number) + 1,
        );
        let value = bits.bits(bit.number, bit.last);
        let set = if value == 0 { Role::Dim } else { Role::Plain };
        let value = format!("{value:0digits$b}");
        Row::of(vec![Span::new(
            format!("{number:>3}  {value:<8}{}", bit.name),
            set,
        )])
    };
    [Row::default()].into_iter().chain(there.map(row)).collect()
}

fn raw_rows(event: &Event, width: usize) -> Vec<Row> {
    match &event.kind {
        EventKind::Sip(sip) => octets::text(&sip.message.raw, width),
        EventKind::T30(frame) => octets::dump(&frame.octets, width),
        EventKind::Malformed { octets, .. } => octets::dump(octets, width),
        _ => vec![Row::of(vec![Span::new(
            "No octets: this row stands for more than one packet, or for none.",
            Role::Dim,
        )])],
    }
}

#[cfg(test)]
mod tests;
