//! A message for the side pane: what matters of it, at fixed places from row to row, so
//! that a step along the ladder is few octets on a slow line. Full screen (Enter) has every field.
//!
//! ```text
//! DIS   Digital Identification Signal
//! caller ← callee      8.646 s   frame 312
//! 192.0.2.10:4840 ← 203.0.113.5:5128
//! ff c8 01 | 20 77 5f 23 01 ab c1 01 01 18
//! 11-14 modems    V.27ter 4800, V.29 9600, V.17 14400
//! 17-23 page      215, 255 and 303 mm; unlimited; 0 ms
//! bits            15 fine yes, 16 MR yes, 27 ECM yes, 31 MMR no
//! offered         T.38, can receive, SUB
//! ```

use std::borrow::Cow;
use std::fmt::Write as _;

use super::negotiation::NAMES;
use super::{
    fields, long_name, name, negotiation, observations, octets, opinion_rows, origin, raw_rows,
    trouble, whole,
};
use crate::call::{Call, Event, EventKind, Side, SipEvent};
use crate::field::Field;
use crate::sip::{Party, StartLine};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;
use crate::view::time::{self, Clock};
use crate::view::{Role, Row, Span, fit, plain, wrap};

/// Octets of a frame that are shown.
const OCTETS_MOST: usize = 16;
/// Columns of the bits of which only the name is told.
const OTHERS_MOST: usize = 120;
/// Lines of a body that is no SDP.
const BODY_MOST: usize = 6;

/// Fields of a T.30 frame that say the same in every frame, or again.
const USUAL: &[&str] = &[
    "address",
    "control",
    "facsimile control field",
    "X bit",
    "second facsimile control field",
    "frame check sequence",
];

/// SIP headers that tell why, or who, and what they are called: those of the software alike, so that they
/// have the same place in a request and in its answer.
const HEADERS: &[(&str, &str)] = &[
    ("User-Agent", "software"),
    ("Server", "software"),
    ("Reason", "Reason"),
    ("Warning", "Warning"),
    ("Retry-After", "Retry-After"),
    ("Unsupported", "Unsupported"),
    ("Diversion", "Diversion"),
];

/// The message for the side pane: what matters of it. With `raw` all of its octets.
pub fn side_pane(call: &Call, event: &Event, raw: bool, width: usize, clock: Clock) -> Vec<Row> {
    let mut rows = head(event, clock);
    rows.extend(origin(call, event));
    rows.extend(observations::rows(call, event, width, clock));
    if raw {
        rows.extend(raw_rows(event, width));
        return whole(rows, event, width);
    }
    match &event.kind {
        EventKind::Sip(sip) => {
            let negotiated = negotiation::short_rows(call, event, width);
            let all = fields(call, event);
            rows.extend(field_rows(
                &sip_fields(sip, all, negotiated.is_empty()),
                width,
            ));
            rows.extend(negotiated);
            rows.extend(opinion_rows(event, width));
        }
        EventKind::T30(frame) => {
            rows.push(octets_row(frame));
            rows.extend(trouble(frame));
            rows.extend(field_rows(&t30_fields(frame), width));
        }
        EventKind::Malformed { octets, .. } => {
            rows.extend(octets::dump(octets, width));
            rows.extend(field_rows(&fields(call, event), width));
        }
        EventKind::Rtp(_) => {
            let mut fields = fields(call, event);
            fields.retain(|field| !["codec", "payload type"].contains(&field.name.as_ref()));
            rows.extend(field_rows(&fields, width));
        }
        _ => rows.extend(field_rows(&fields(call, event), width)),
    }
    whole(rows, event, width)
}

/// Name; side, time and frame; endpoints. The caller stands left, as on the ladder; the arrow turns.
fn head(event: &Event, clock: Clock) -> Vec<Row> {
    let mut marks = String::new();
    if event.repeat > 1 {
        let _ = write!(marks, "   repeat {}", event.repeat);
    }
    if event.retransmission {
        marks.push_str("   retransmission");
    }
    let long = match &event.kind {
        EventKind::Sip(sip) => about(sip),
        _ => plain(&long_name(event), false).into_owned(),
    };
    let first = Row::of(vec![
        Span::new(plain(&name(event), false), Role::Heading),
        Span::plain(if long.is_empty() {
            long
        } else {
            format!("   {long}")
        }),
        Span::new(marks, Role::Repeat),
    ]);
    let (arrow, left, right) = match event.from {
        Side::Caller => ('→', event.src, event.dst),
        Side::Callee => ('←', event.dst, event.src),
    };
    let mut place = format!("caller {arrow} callee");
    if event.observed {
        let _ = write!(
            place,
            " {:>12}   frame{} {}",
            clock.text(event.at),
            if event.last_frame > event.frame {
                "s"
            } else {
                ""
            },
            event.frame
        );
    } else {
        let _ = write!(place, " {:12}   after frame {}", "", event.frame);
    }
    if event.last_frame > event.frame {
        let _ = write!(place, " to {}", event.last_frame);
    }
    if event.end > event.at {
        let lasted = time::length(event.end.seconds_since(event.at));
        let _ = write!(place, " ({lasted})");
    }
    let path = format!("{left} {arrow} {right}");
    let dim = |text: String| Row::of(vec![Span::new(text, Role::Dim)]);
    vec![first, dim(place), dim(path)]
}

/// What a SIP message is for: the URI of a request, the method that a response answers.
fn about(sip: &SipEvent) -> String {
    match &sip.message.start {
        StartLine::Request { uri, .. } => plain(uri, false).into_owned(),
        StartLine::Response { .. } => sip.message.cseq().map_or_else(String::new, |(_, method)| {
            format!("to {}", plain(method, false))
        }),
    }
}

fn octets_row(frame: &T30Frame) -> Row {
    let shown = frame.octets.get(..OCTETS_MOST).unwrap_or(&frame.octets);
    let mut text = octets::grouped(shown, 3);
    if shown.len() < frame.octets.len() {
        let _ = write!(
            text,
            " … {}",
            crate::text::count(frame.octets.len(), "octet")
        );
    }
    Row::of(vec![Span::new(text, Role::Dim)])
}

/// Names in a column that has the same width for all messages.
fn field_rows(fields: &[Field], width: usize) -> Vec<Row> {
    let column = NAMES.min(width * 2 / 5);
    let mut rows = Vec::new();
    for field in fields.iter().take(super::ROWS_MOST) {
        let name = plain(&field.name, false);
        let value = plain(&field.value, false);
        // A name that is too long for the column takes what it needs of its first line.
        let name = fit(&name, (width / 2).max(column), false).into_owned();
        let used = crate::view::width(&name);
        let indent = (used + 1).max(column);
        let mut values = wrap(&value, width.saturating_sub(indent)).into_iter();
        let first = values.next().unwrap_or_default();
        rows.push(Row::of(vec![
            Span::plain(format!("{name}{}", " ".repeat(indent - used))),
            Span::plain(first),
        ]));
        for value in values {
            rows.push(Row::of(vec![
                Span::plain(" ".repeat(indent)),
                Span::plain(value),
            ]));
        }
    }
    rows
}

/// Who, which dialog, why, and of the body what no table of offer and answer says.
fn sip_fields(sip: &SipEvent, all: Vec<Field>, with_media: bool) -> Vec<Field> {
    let message = &sip.message;
    let mut kept = vec![
        Field::new("From", party(&message.from())),
        Field::new("To", party(&message.to())),
        Field::new("Call-ID", message.call_id().unwrap_or("-")),
    ];
    for (header, name) in HEADERS {
        let values = message.headers_named(header);
        kept.extend(values.take(2).map(|value| Field::new(*name, value)));
    }
    for field in &mut kept {
        field.value = fit(&plain(&field.value, false), 58, false).into_owned();
    }
    let mut lines = 0;
    kept.extend(all.into_iter().filter(|field| match field.name.as_ref() {
        "problem" => true,
        "m=" => with_media,
        "body" => {
            lines += 1;
            lines <= BODY_MOST
        }
        _ => false,
    }));
    kept
}

/// `user@host`, without name and tag.
fn party(party: &Party) -> String {
    match (&party.user, &party.host) {
        (Some(user), Some(host)) => format!("{user}@{host}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "-".to_owned(),
    }
}

fn t30_fields(frame: &T30Frame) -> Vec<Field> {
    let mut fields = frame.fields();
    fields.retain(|field| {
        // Its octets stand over the fields.
        let octets = field.name == "information field" && frame.octets.len() <= OCTETS_MOST;
        let length = field.name == "information field" && field.value.ends_with(" octets");
        !octets && !length && !USUAL.contains(&field.name.as_ref())
    });
    if matches!(frame.fcf, Fcf::Dis | Fcf::Dtc | Fcf::Dcs) {
        fields = capabilities(fields);
    }
    fields
}

/// The bits of a DIS, DTC or DCS in a few lines: groups, what most faxes have and troubles hang on with a
/// yes or no at a place of its own, and the names of the others that are set.
fn capabilities(fields: Vec<Field>) -> Vec<Field> {
    const WEIGHTY: [&str; 4] = ["fine resolution", "MR", "ECM", "MMR"];
    let (mut groups, mut page, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    let (mut weighty, mut others) = ([false; 4], Vec::new());
    let mut listed = "offered";
    for field in fields {
        let (bits, name) = field.name.split_once("  ").unwrap_or(("", &field.name));
        let short = short(name);
        if let Some(place) = WEIGHTY.iter().position(|name| *name == short) {
            for is in weighty.iter_mut().skip(place).take(1) {
                *is = true;
            }
            continue;
        }
        match (bits, name, field.value.as_str()) {
            (_, "not offered", _) | (_, "receive", "receive") => {}
            (_, "not used", _) => listed = "used",
            ("17-18" | "19-20" | "21-23", ..) => page.push(field.value),
            ("", ..) => rest.push(field),
            (bits, ..) if bits.contains('-') => {
                groups.push(Field::new(format!("{bits} {name}"), field.value));
            }
            (_, _, "yes" | "used") => others.push(short.into_owned()),
            (_, _, value) if value.contains(short.as_ref()) => others.push(value.to_owned()),
            (_, _, value) => others.push(format!("{short}: {value}")),
        }
    }
    if !page.is_empty() {
        groups.push(Field::new("17-23 page", page.join("; ")));
    }
    let [fine, mr, ecm, mmr] = weighty.map(|is| if is { "yes" } else { "no" });
    groups.push(Field::new(
        "bits",
        format!("15 fine {fine}, 16 MR {mr}, 27 ECM {ecm}, 31 MMR {mmr}"),
    ));
    if !others.is_empty() {
        groups.push(Field::new(listed, some_of(&others)));
    }
    groups.extend(rest);
    groups
}

/// Names in two lines of most panes, with a mark where there are more.
fn some_of(names: &[String]) -> String {
    let mut text = String::new();
    for name in names {
        if text.len() + name.len() > OTHERS_MOST {
            text.push_str(", …");
            break;
        }
        let between = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{between}{name}");
    }
    text
}

/// `ECM` for `error correction mode (ECM)`, `fine resolution` for `fine resolution (R8x7.7 or 200x200)`.
fn short(name: &str) -> Cow<'_, str> {
    let Some((before, inside)) = name.split_once(" (") else {
        return Cow::Borrowed(name);
    };
    match inside.strip_suffix(')') {
        Some(inside) if !inside.contains([' ', ')']) => Cow::Borrowed(inside),
        _ => Cow::Borrowed(before),
    }
}
