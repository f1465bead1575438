//! A message as fields for the message pane.

use super::parse::body::Body;
use super::sdp::t38::{self, T38Name};
use super::{MediaKind, MediaLine, Message, Sdp, StartLine, sdp};
use crate::field::Field;
use crate::text::lossy;

/// Lines of a body that are shown as fields.
const MAX_BODY_LINES: usize = 500;

/// The message as fields: start line, headers, what the body says, problems.
pub fn fields(message: &Message) -> Vec<Field> {
    let mut fields = vec![match &message.start {
        StartLine::Request { method, uri } => Field::new("request", format!("{method} {uri}")),
        StartLine::Response { .. } => Field::new("status", message.start.to_string()),
    }];
    fields.extend(
        message
            .headers
            .iter()
            .map(|header| Field::new(header.name.clone(), header.value.clone())),
    );
    let bodies = message.bodies();
    let several = bodies.len() > 1;
    for body in &bodies {
        if several {
            fields.push(Field::new(
                "part",
                format!("{}, {} octets", body.content_type, body.octets.len()),
            ));
        }
        fields.extend(body_fields(body));
    }
    let problems = message.problems.iter();
    fields.extend(problems.map(|problem| Field::new("problem", problem.clone())));
    fields
}

fn body_fields(body: &Body<'_>) -> Vec<Field> {
    if body.is_sdp() {
        return sdp_fields(body.octets);
    }
    if body.octets.contains(&0) || std::str::from_utf8(body.octets).is_err() {
        return vec![Field::new(
            "body",
            format!("{} octets, no text", body.octets.len()),
        )];
    }
    lossy(body.octets)
        .lines()
        .take(MAX_BODY_LINES)
        .filter(|line| !line.is_empty())
        .map(|line| Field::new("body", line))
        .collect()
}

/// The lines of a session description with their meaning, and what is wrong with it.
pub fn sdp_fields(octets: &[u8]) -> Vec<Field> {
    let description = sdp::parse(octets);
    let mut media = None;
    let mut count = 0;
    let mut fields = Vec::new();
    for line in sdp::text_lines(octets).into_iter().take(MAX_BODY_LINES) {
        let Some((letter, value)) = line.split_once('=') else {
            fields.push(Field::new("", line));
            continue;
        };
        let value = value.trim();
        fields.push(match letter.trim() {
            "m" | "M" => {
                media = description.media.get(count);
                count += 1;
                with_meaning("m=", value, media.map(media_meaning))
            }
            "c" | "C" => with_meaning("c=", value, connection_meaning(&description, media)),
            "a" | "A" => attribute_field(value),
            letter => Field::new(format!("{letter}="), value),
        });
    }
    let problems = description.problems.into_iter();
    fields.extend(problems.map(|problem| Field::new("problem", format!("SDP: {problem}"))));
    fields
}

fn with_meaning(name: &str, value: &str, meaning: Option<String>) -> Field {
    let value = match meaning {
        Some(meaning) if value.is_empty() => format!("({meaning})"),
        Some(meaning) => format!("{value}  ({meaning})"),
        None => value.to_owned(),
    };
    Field::new(name.to_owned(), value)
}

fn media_meaning(media: &MediaLine) -> String {
    let what = match (&media.kind, media.is_t38()) {
        (_, true) => format!("T.38 over {}", transport(&media.proto)),
        (MediaKind::Audio, _) => format!("audio: {}", media.format_names().join(", ")),
        (MediaKind::Image, _) => "image".to_owned(),
        (MediaKind::Other(kind), _) => kind.clone(),
    };
    if media.port == 0 {
        return format!("{what}; port 0: refused or removed");
    }
    match media.connection {
        Some(address) => format!("{what}; to {address} port {}", media.port),
        None => format!("{what}; port {}", media.port),
    }
}

fn transport(proto: &str) -> String {
    match proto.to_ascii_lowercase().as_str() {
        "udptl" => "UDPTL".to_owned(),
        "tcp" => "TCP".to_owned(),
        other if other.starts_with("rtp/") => format!("RTP ({proto})"),
        _ => format!("{proto}, which is no transport of T.38"),
    }
}

fn connection_meaning(description: &Sdp, media: Option<&MediaLine>) -> Option<String> {
    let address = media.map_or(description.connection, |media| media.connection);
    match address {
        Some(address) if address.is_unspecified() => Some("no address: on hold".to_owned()),
        Some(_) => None,
        None => Some("no IP address".to_owned()),
    }
}

/// An `a=` line: T.38 attributes and the common ones with their meaning.
fn attribute_field(attribute: &str) -> Field {
    if let Some((name, value)) = t38::split(attribute) {
        let meaning = match t38::meaning(name) {
            Some((meaning, true)) => t38_meaning(meaning, value),
            Some((meaning, false)) => {
                let mut text = "unusual spelling".to_owned();
                if let Some(words) = t38_meaning(meaning, value) {
                    text = format!("{words}; {text}");
                }
                Some(text)
            }
            None => Some("unknown attribute".to_owned()),
        };
        return with_meaning(&format!("a={name}"), value, meaning);
    }
    let (name, value) = sdp::split_attribute(attribute);
    let meaning = match name.to_ascii_lowercase().as_str() {
        "sendonly" => Some("only sends"),
        "recvonly" => Some("only receives"),
        "inactive" => Some("neither sends nor receives"),
        "ptime" => Some("ms a packet"),
        "silencesupp" if value.starts_with("off") => Some("sends in silence too"),
        "silencesupp" => Some("sends nothing in silence: bad for fax"),
        "gpmd" if value.contains("vbd=yes") => Some("voice-band data: for fax and modem"),
        _ => None,
    };
    with_meaning(&format!("a={name}"), value, meaning.map(str::to_owned))
}

fn t38_meaning(name: T38Name, value: &str) -> Option<String> {
    let flag = |what: &str| match value {
        "" => what.to_owned(),
        "0" => format!("meant as no; by its presence many read: {what}"),
        _ => format!("{what}; the attribute takes no value"),
    };
    let is = |word: &str| value.eq_ignore_ascii_case(word);
    Some(match name {
        T38Name::Version => format!("version {value} of T.38"),
        T38Name::MaxBitRate => format!("at most {value} bit/s"),
        T38Name::RateManagement if is("transferredTCF") => "TCF goes from fax to fax".to_owned(),
        T38Name::RateManagement if is("localTCF") => {
            "each gateway makes and checks TCF itself; meant for TCP".to_owned()
        }
        T38Name::MaxBuffer => format!("holds {value} octets"),
        T38Name::MaxDatagram => format!("takes datagrams to {value} octets"),
        T38Name::UdpEc if is("t38UDPRedundancy") => "repeats earlier packets".to_owned(),
        T38Name::UdpEc if is("t38UDPFEC") => "parity packets".to_owned(),
        T38Name::UdpEc if is("t38UDPNoEC") => {
            "no error correction: a lost packet is lost".to_owned()
        }
        T38Name::FillBitRemoval => flag("fill bits are taken out and put back"),
        T38Name::TranscodingMmr => flag("pages are recoded to MMR"),
        T38Name::TranscodingJbig => flag("pages are recoded to JBIG"),
        T38Name::RateManagement | T38Name::UdpEc => "unknown value".to_owned(),
        T38Name::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::parse::message;

    const REINVITE: &str = "INVITE sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\nMax-Forwards: 70\r\n\
Content-Type: application/sdp\r\nContent-Length: 181\r\n\r\nv=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n\
c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\nm=image 4002 udptl t38\r\na=T38FaxUdpEC:t38UDPNoEC\r\n\
a=T38FaxFillBitRemoval:0\r\na=T38FaxMaxRate:9600\r\n";

    #[test]
    fn shows_every_line_with_its_meaning() {
        let fields = fields(&message(REINVITE.as_bytes()).unwrap());
        let value = |name: &str| {
            fields
                .iter()
                .filter(|field| field.name == name)
                .map(|field| field.value.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(value("request"), ["INVITE sip:a@192.0.2.1"]);
        assert_eq!(value("CSeq"), ["2 INVITE"]);
        assert_eq!(
            value("m="),
            [
                "audio 0 RTP/AVP 8  (audio: PCMA; port 0: refused or removed)",
                "image 4002 udptl t38  (T.38 over UDPTL; to 192.0.2.1 port 4002)"
            ]
        );
        assert_eq!(
            value("a=T38FaxUdpEC"),
            ["t38UDPNoEC  (no error correction: a lost packet is lost)"]
        );
        assert!(value("a=T38FaxFillBitRemoval")[0].starts_with("0  (meant as no"));
        assert_eq!(
            value("a=T38FaxMaxRate"),
            ["9600  (at most 9600 bit/s; unusual spelling)"]
        );
    }

    #[test]
    fn binary_bodies_are_counted() {
        let message =
            message(b"INFO sip:a SIP/2.0\r\nc: application/isup\r\n\r\n\x00\x01").unwrap();
        assert!(fields(&message).contains(&Field::new("body", "2 octets, no text")));
    }
}
