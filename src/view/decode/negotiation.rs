//! Offer and answer beside each other, differences marked.

use std::net::SocketAddr;

use unicode_width::UnicodeWidthStr;

use crate::call::{Call, Event, Negotiation};
use crate::sip::{MediaKind, MediaLine, Sdp, T38Attributes};
use crate::view::{Role, Row, Span, fit, plain, wrap};

/// Columns of names in the side pane, with the blanks after them.
pub(super) const NAMES: usize = 16;
/// Columns of offers beside the ladder at least: an IPv4 address and a port.
const OFFERS: usize = 22;
/// Names whose values can be understood without them.
const SPEAKS: &[&str] = &["m=", "direction", "rate management", "error correction"];

/// A line of the table: name, offer, answer.
type Line = (&'static str, Option<String>, Option<String>);

/// The negotiations in which a message offers or answers.
fn of_message<'c>(
    call: &'c Call,
    event: &Event,
) -> impl Iterator<Item = &'c Negotiation> + use<'c> {
    let id = event.id;
    call.negotiations
        .iter()
        .filter(move |one| one.offer_event == id || one.answer_event == Some(id))
}

/// The table for a message that offers or answers; nothing for any other.
pub(super) fn rows(call: &Call, event: &Event, width: usize) -> Vec<Row> {
    of_message(call, event)
        .flat_map(|negotiation| table(negotiation, width))
        .collect()
}

/// The same for a pane beside the ladder: addresses and differences in two columns, the rest in one line.
///
/// ```text
///                 callee offers          caller answers
/// address         203.0.113.5:5128       192.0.2.10:4810
/// ≠ bit rate      14400                  9600
/// both            image udptl, version 0, transferredTCF, t38UDPRedundancy
/// ```
pub(super) fn short_rows(call: &Call, event: &Event, width: usize) -> Vec<Row> {
    of_message(call, event)
        .flat_map(|negotiation| short_table(negotiation, width))
        .collect()
}

fn short_table(negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let said = Said::of(negotiation);
    let column = NAMES.min(width * 2 / 5);
    let room = width.saturating_sub(column + 2) / 2;
    let widest = said.rows.iter().map(|(_, offer, _)| offer.width()).max();
    let left = widest.unwrap_or(0).max(OFFERS).min(room);
    let line = |name: &str, offer: &str, answer: &str, role: Role| {
        let name = cell(name, column.saturating_sub(1));
        let both = format!("{}  {}", cell(offer, left), fit(answer, room, false));
        Row::of(vec![Span::plain(format!("{name} ")), Span::new(both, role)])
    };
    let offerer = format!("{} offers", negotiation.from);
    let answerer = match (&negotiation.answer, negotiation.status) {
        (None, Some(status)) => format!("no answer: {status}"),
        (None, None) => "no answer".to_owned(),
        _ => format!("{} answers", negotiation.from.other()),
    };
    let mut rows = vec![line("", &offerer, &answerer, Role::Plain)];
    for (name, offer, answer) in &said.rows {
        let role = if name.starts_with('≠') {
            Role::Warning
        } else {
            Role::Plain
        };
        rows.push(line(name, offer, answer, role));
    }
    let offered = if negotiation.answer.is_some() {
        "only offered"
    } else {
        "offered"
    };
    for (name, values) in [
        ("both", &said.same),
        (offered, &said.offered),
        ("only answered", &said.answered),
    ] {
        let text = values.join(", ");
        let text = plain(&text, false);
        let lines = wrap(&text, width.saturating_sub(column));
        for (at, part) in lines
            .into_iter()
            .filter(|line| !line.is_empty())
            .enumerate()
        {
            rows.push(Row::of(vec![
                Span::plain(cell(if at == 0 { name } else { "" }, column)),
                Span::plain(part),
            ]));
        }
    }
    rows
}

/// Offer and answer by what they have in common.
#[derive(Default)]
struct Said {
    /// Addresses, and what differs: name, offer, answer.
    rows: Vec<(String, String, String)>,
    same: Vec<String>,
    offered: Vec<String>,
    answered: Vec<String>,
}

impl Said {
    fn of(negotiation: &Negotiation) -> Self {
        let (offer, answer) = (&negotiation.offer, negotiation.answer.as_ref());
        let mut said = Self::default();
        for at in 0..media_count(offer, answer) {
            let offered = offer.media.get(at);
            let answered = answer.and_then(|answer| answer.media.get(at));
            let is_off = |line: Option<&MediaLine>| line.is_none_or(|line| line.port == 0);
            match offered.or(answered) {
                Some(line) if is_off(offered) && is_off(answered) => {
                    said.same.push(format!("{} off (port 0)", kind(line)));
                }
                _ => said.media(media_lines(offered, answered)),
            }
        }
        said
    }

    fn media(&mut self, lines: Vec<Line>) {
        for (name, offer, answer) in lines {
            let name = name.strip_prefix("maximum ").unwrap_or(name);
            let words = |value: &str| {
                if SPEAKS.contains(&name) {
                    value.to_owned()
                } else {
                    format!("{name} {value}")
                }
            };
            match (offer, answer) {
                (offer, answer) if name == "address" => self.rows.push((
                    name.to_owned(),
                    offer.unwrap_or_default(),
                    answer.unwrap_or_default(),
                )),
                (Some(offer), Some(answer)) if offer == answer => self.same.push(words(&offer)),
                (Some(offer), Some(answer)) => {
                    let mark = if disagrees(name, Some(&offer), Some(&answer)) {
                        "≠ "
                    } else {
                        ""
                    };
                    self.rows.push((format!("{mark}{name}"), offer, answer));
                }
                (Some(offer), None) => self.offered.push(words(&offer)),
                (None, Some(answer)) => self.answered.push(words(&answer)),
                (None, None) => {}
            }
        }
    }
}

/// Whether offer and answer differ where they should agree. Addresses, sizes and limits are each side's own; a version
/// may go down; a flag may be answered only where it was offered.
fn disagrees(name: &str, offer: Option<&str>, answer: Option<&str>) -> bool {
    match (name, offer, answer) {
        ("m=" | "rate management" | "error correction", Some(offer), Some(answer)) => {
            offer != answer
        }
        ("version", Some(offer), Some(answer)) => {
            let number = |text: &str| text.split(' ').next()?.parse::<u32>().ok();
            number(answer) > number(offer)
        }
        ("fill bit removal" | "transcoding MMR" | "transcoding JBIG", offer, answer) => {
            answer == Some("yes") && offer != answer
        }
        ("formats", Some(offer), Some(answer)) => {
            let offered: Vec<&str> = offer.split(' ').collect();
            !answer.split(' ').any(|format| offered.contains(&format))
        }
        ("direction", Some(offer), Some(answer)) => {
            offer == answer && matches!(offer, "sendonly" | "recvonly")
        }
        _ => false,
    }
}

fn media_count(offer: &Sdp, answer: Option<&Sdp>) -> usize {
    let answered = answer.map_or(0, |answer| answer.media.len());
    offer.media.len().max(answered).min(8)
}

fn table(negotiation: &Negotiation, width: usize) -> Vec<Row> {
    let answerer = negotiation.from.other();
    let answer = match (&negotiation.answer, negotiation.status) {
        (Some(_), _) => format!("answer of the {answerer}"),
        (None, Some(status)) => format!("no answer: {status}"),
        (None, None) => "no answer".to_owned(),
    };
    let offer = format!("offer of the {}", negotiation.from);
    let lines = lines(&negotiation.offer, negotiation.answer.as_ref());
    let name = lines
        .iter()
        .map(|(name, ..)| name.len())
        .max()
        .unwrap_or(0)
        .min(width / 3);
    let room = width.saturating_sub(name + 6) / 2;
    let widest = |pick: fn(&Line) -> &Option<String>, heading: &str| {
        lines
            .iter()
            .filter_map(|line| pick(line).as_ref().map(|text| text.width()))
            .max()
            .unwrap_or(0)
            .max(heading.width())
            .min(room)
    };
    let left = widest(|line| &line.1, &offer);
    let right = widest(|line| &line.2, &answer);
    let line = |name_text: &str, mark: &str, offer: &str, answer: &str, role: Role| {
        Row::of(vec![
            Span::new(
                format!("{mark} {:<name$}  ", fit(name_text, name, false)),
                Role::Dim,
            ),
            Span::new(cell(offer, left), role),
            Span::plain("  "),
            Span::new(cell(answer, right), role),
        ])
    };
    let mut rows = vec![
        Row::default(),
        line("", " ", &offer, &answer, Role::Heading),
    ];
    for (name, offer, answer) in &lines {
        let differs =
            negotiation.answer.is_some() && disagrees(name, offer.as_deref(), answer.as_deref());
        let (mark, role) = if differs {
            ("≠", Role::Warning)
        } else {
            (" ", Role::Plain)
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        rows.push(line(name, mark, &text(offer), &text(answer), role));
    }
    rows
}

fn cell(text: &str, width: usize) -> String {
    let text = plain(text, false);
    let text = fit(&text, width, false);
    let padding = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(padding))
}

fn lines(offer: &Sdp, answer: Option<&Sdp>) -> Vec<Line> {
    (0..media_count(offer, answer))
        .flat_map(|at| {
            let offered = offer.media.get(at);
            let answered = answer.and_then(|answer| answer.media.get(at));
            media_lines(offered, answered)
        })
        .collect()
}

fn media_lines(offer: Option<&MediaLine>, answer: Option<&MediaLine>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut put = |name: &'static str, of: &dyn Fn(&MediaLine) -> Option<String>| {
        let (offered, answered) = (offer.and_then(of), answer.and_then(of));
        if offered.is_some() || answered.is_some() {
            lines.push((name, offered, answered));
        }
    };
    put("m=", &|line| Some(format!("{} {}", kind(line), line.proto)));
    put("address", &|line| {
        line.connection
            .map(|address| SocketAddr::new(address, line.port).to_string())
    });
    put("formats", &|line| {
        (!line.is_t38()).then(|| line.formats.join(" "))
    });
    put("ptime", &|line| {
        line.ptime.map(|ptime| format!("{ptime} ms"))
    });
    put("direction", &|line| line.direction.clone());
    let t38 = |of: fn(&T38Attributes) -> Option<String>| {
        move |line: &MediaLine| line.t38.as_ref().and_then(of)
    };
    put(
        "version",
        &t38(|t38| {
            Some(
                t38.version
                    .map_or_else(|| "0 (not given)".to_owned(), |version| version.to_string()),
            )
        }),
    );
    put(
        "maximum bit rate",
        &t38(|t38| t38.max_bit_rate.map(|rate| rate.to_string())),
    );
    put("rate management", &t38(|t38| t38.rate_management.clone()));
    put("error correction", &t38(|t38| t38.udp_ec.clone()));
    put(
        "maximum datagram",
        &t38(|t38| t38.max_datagram.map(|size| size.to_string())),
    );
    put(
        "maximum buffer",
        &t38(|t38| t38.max_buffer.map(|size| size.to_string())),
    );
    put(
        "fill bit removal",
        &t38(|t38| t38.fill_bit_removal.map(|flag| on(flag.is_on()))),
    );
    put(
        "transcoding MMR",
        &t38(|t38| t38.transcoding_mmr.map(|flag| on(flag.is_on()))),
    );
    put(
        "transcoding JBIG",
        &t38(|t38| t38.transcoding_jbig.map(|flag| on(flag.is_on()))),
    );
    lines
}

fn on(on: bool) -> String {
    if on { "yes" } else { "no" }.to_owned()
}

fn kind(line: &MediaLine) -> &str {
    match &line.kind {
        MediaKind::Audio => "audio",
        MediaKind::Image => "image",
        MediaKind::Other(kind) => kind,
    }
}
