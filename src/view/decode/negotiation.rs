//! Offer and answer beside each other, differences marked.

use unicode_width::UnicodeWidthStr;

use crate::call::{Call, Event, Negotiation};
use crate::sip::{MediaKind, MediaLine, Sdp, T38Attributes};
use crate::view::{Role, Row, Span, fit, plain};

/// A line of the table: name, offer, answer.
type Line = (&'static str, Option<String>, Option<String>);

/// The table for a message that offers or answers; nothing for any other.
pub(super) fn rows(call: &Call, event: &Event, width: usize) -> Vec<Row> {
    call.negotiations
        .iter()
        .filter(|negotiation| {
            negotiation.offer_event == event.id || negotiation.answer_event == Some(event.id)
        })
        .flat_map(|negotiation| table(negotiation, width))
        .collect()
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
        let differs = negotiation.answer.is_some() && offer != answer;
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
    let count = offer
        .media
        .len()
        .max(answer.map_or(0, |answer| answer.media.len()));
    (0..count.min(8))
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
            .map(|address| format!("{address} port {}", line.port))
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
