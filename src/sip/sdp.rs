//! Session descriptions (RFC 8866, old: 4566), line by line: a line that cannot be read is noted and never
//! takes its neighbours along.

use std::net::IpAddr;

use super::{MediaKind, MediaLine, Sdp, T38Attributes};
use crate::text::lossy;

pub mod fault;
pub mod t38;

/// Lines of a description that are read.
const MAX_LINES: usize = 10_000;

/// Media lines that are kept.
const MAX_MEDIA: usize = 256;

/// Formats of a media line that are kept, and names of payload types: RTP has 128 of them.
const MAX_FORMATS: usize = 256;

/// Session-level `a=fmtp` that are looked at for each media line: there they say nothing in fact.
const MAX_SESSION_FMTP: usize = 16;

/// Reads a session description; never fails, see [`Sdp::problems`].
pub fn parse(octets: &[u8]) -> Sdp {
    let mut reader = Reader::default();
    for line in lines(octets).take(MAX_LINES) {
        reader.line(line);
    }
    reader.finish()
}

/// The lines, whatever ends them, without empty ones and without NUL octets around them.
fn lines(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets
        .split(|octet| matches!(octet, b'\r' | b'\n' | 0))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
}

/// The lines of a session description as text, for display.
pub fn text_lines(octets: &[u8]) -> Vec<String> {
    lines(octets).take(MAX_LINES).map(lossy).collect()
}

#[derive(Default)]
struct Reader {
    sdp: Sdp,
    /// Session-level attributes: they hold for every media line that has none of its own.
    attributes: Vec<String>,
    seen: Vec<u8>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) {
        if std::str::from_utf8(line).is_err() {
            self.problem("not UTF-8", line);
        }
        let Some((letter, value)) = split_line(line) else {
            self.problem("no SDP line", line);
            return;
        };
        let value = lossy(value);
        self.seen.push(letter);
        match letter {
            b'o' => self.origin(value),
            b'c' => self.connection(&value),
            b'm' => self.media(&value),
            b'a' => match self.sdp.media.last_mut() {
                Some(media) => media.attributes.push(value),
                None => self.attributes.push(value),
            },
            b'v' | b's' | b'i' | b'u' | b'e' | b'p' | b'b' | b't' | b'r' | b'z' | b'k' => {}
            _ => self.problem("unknown line", line),
        }
    }

    fn problem(&mut self, what: &str, line: &[u8]) {
        if self.sdp.problems.len() < 32 {
            let text: String = lossy(line).chars().take(60).collect();
            self.sdp.problems.push(format!("{what}: {text}"));
        }
    }

    /// `o=user id version IN IP4 address`; from the right, because the user name may hold spaces.
    fn origin(&mut self, value: String) {
        self.sdp.version = value
            .split_ascii_whitespace()
            .rev()
            .nth(3)
            .and_then(|version| version.parse().ok());
        if self.sdp.version.is_none() {
            self.problem("o= without a version", value.as_bytes());
        }
        self.sdp.origin = Some(value);
    }

    fn connection(&mut self, value: &str) {
        let address = address(value);
        if address.is_none() {
            self.problem("c= without an IP address", value.as_bytes());
        }
        match self.sdp.media.last_mut() {
            // Further c= lines of a media line are further multicast groups.
            Some(media) if media.own_connection && media.connection.is_some() => {}
            Some(media) => {
                media.connection = address;
                media.own_connection = true;
            }
            None => self.sdp.connection = self.sdp.connection.or(address),
        }
    }

    /// `m=kind port[/count] proto format ..`
    fn media(&mut self, value: &str) {
        if self.sdp.media.len() == MAX_MEDIA {
            return;
        }
        let mut words = value.split_ascii_whitespace();
        let kind = words.next().unwrap_or_default();
        let port = words.next().unwrap_or_default();
        let number = port.split_once('/').map_or(port, |(port, _count)| port);
        if number.parse::<u16>().is_err() {
            self.problem("port of m= is none", value.as_bytes());
        }
        let proto = words.next().unwrap_or_default().to_owned();
        let formats: Vec<String> = (words.by_ref().take(MAX_FORMATS))
            .map(str::to_owned)
            .collect();
        if words.next().is_some() {
            self.problem("formats of m= left out", value.as_bytes());
        }
        if formats.is_empty() {
            self.problem("m= without format", value.as_bytes());
        }
        self.sdp.media.push(MediaLine {
            kind: media_kind(kind),
            port: number.parse().unwrap_or(0),
            proto,
            formats,
            connection: None,
            own_connection: false,
            direction: None,
            rtpmap: Vec::new(),
            ptime: None,
            silence_suppression: None,
            t38: None,
            attributes: Vec::new(),
        });
    }

    fn finish(mut self) -> Sdp {
        for (letter, name) in [(b'v', "v="), (b'o', "o="), (b's', "s="), (b't', "t=")] {
            if !self.seen.contains(&letter) {
                self.sdp.problems.push(format!("no {name} line"));
            }
        }
        if self.sdp.media.is_empty() {
            self.sdp.problems.push("no m= line".to_owned());
        }
        let session = Session::of(&self.attributes);
        for media in &mut self.sdp.media {
            interpret(media, &session);
            if !media.own_connection {
                media.connection = self.sdp.connection;
            }
        }
        self.sdp
    }
}

/// Letter and value of a line; space around the `=` is forgiven.
fn split_line(line: &[u8]) -> Option<(u8, &[u8])> {
    let (letter, rest) = line.split_first()?;
    let value = rest.trim_ascii_start().strip_prefix(b"=")?;
    letter
        .is_ascii_alphabetic()
        .then_some((letter.to_ascii_lowercase(), value.trim_ascii()))
}

fn media_kind(kind: &str) -> MediaKind {
    if kind.eq_ignore_ascii_case("audio") {
        MediaKind::Audio
    } else if kind.eq_ignore_ascii_case("image") {
        MediaKind::Image
    } else {
        MediaKind::Other(kind.to_owned())
    }
}

/// The address of `IN IP4 192.0.2.1/127`: the first word that is one, without TTL and count.
fn address(value: &str) -> Option<IpAddr> {
    value.split_ascii_whitespace().find_map(|word| {
        let word = word.split_once('/').map_or(word, |(address, _ttl)| address);
        word.trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    })
}

/// What the session-level attributes say, read once for all media lines.
struct Session<'a> {
    direction: Option<String>,
    t38: T38Attributes,
    fmtp: Vec<&'a String>,
}

impl<'a> Session<'a> {
    fn of(attributes: &'a [String]) -> Self {
        let mut t38 = T38Attributes::default();
        for attribute in attributes {
            t38::read(&mut t38, attribute);
        }
        let fmtp = attributes
            .iter()
            .filter(|attribute| split_attribute(attribute).0.eq_ignore_ascii_case("fmtp"));
        Self {
            direction: attributes.iter().find_map(|attribute| direction(attribute)),
            t38,
            fmtp: fmtp.take(MAX_SESSION_FMTP).collect(),
        }
    }
}

/// Reads the attributes of a media line; session-level ones hold where it has none of its own.
fn interpret(media: &mut MediaLine, session: &Session<'_>) {
    let attributes = std::mem::take(&mut media.attributes);
    for attribute in &attributes {
        interpret_one(media, attribute);
    }
    if media.direction.is_none() {
        media.direction.clone_from(&session.direction);
    }
    let over_rtp: Vec<u8> = media
        .rtpmap
        .iter()
        .filter(|(_, name, _)| name.eq_ignore_ascii_case("t38"))
        .map(|(payload_type, ..)| *payload_type)
        .collect();
    let named = media
        .formats
        .iter()
        .any(|format| format.eq_ignore_ascii_case("t38"));
    if media.kind == MediaKind::Image || named || !over_rtp.is_empty() {
        let mut t38 = session.t38.clone();
        for attribute in &session.fmtp {
            t38::read_parameters(&mut t38, attribute, &over_rtp);
        }
        for attribute in &attributes {
            t38::read(&mut t38, attribute);
            t38::read_parameters(&mut t38, attribute, &over_rtp);
        }
        media.t38 = Some(t38);
    }
    media.attributes = attributes;
}

fn interpret_one(media: &mut MediaLine, attribute: &str) {
    if let Some(direction) = direction(attribute) {
        media.direction = Some(direction);
        return;
    }
    let (name, value) = split_attribute(attribute);
    match name.to_ascii_lowercase().as_str() {
        "rtpmap" if media.rtpmap.len() < MAX_FORMATS => media.rtpmap.extend(rtpmap(value)),
        "ptime" => {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            media.ptime = value.get(..digits).and_then(|ptime| ptime.parse().ok());
        }
        "silencesupp" => {
            media.silence_suppression = match value.split_ascii_whitespace().next() {
                Some(word) if word.eq_ignore_ascii_case("on") => Some(true),
                Some(word) if word.eq_ignore_ascii_case("off") => Some(false),
                _ => None,
            };
        }
        _ => {}
    }
}

fn direction(attribute: &str) -> Option<String> {
    ["sendrecv", "sendonly", "recvonly", "inactive"]
        .iter()
        .find(|word| attribute.trim().eq_ignore_ascii_case(word))
        .map(|word| (*word).to_owned())
}

/// Name and value of `name:value`.
pub fn split_attribute(attribute: &str) -> (&str, &str) {
    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
    (name.trim(), value.trim())
}

/// `0 PCMU/8000/1`; a missing clock rate is 8000.
fn rtpmap(value: &str) -> Option<(u8, String, u32)> {
    let (payload_type, rest) = value.split_once(|c: char| c.is_ascii_whitespace())?;
    let mut parts = rest.trim().split('/');
    let name = parts.next()?.trim();
    let rate = parts.next().and_then(|rate| rate.trim().parse().ok());
    Some((
        payload_type.parse().ok()?,
        name.to_owned(),
        rate.unwrap_or(8000),
    ))
}

/// Static payload types of RFC 3551 table 4 that a call may use: type, name, clock rate.
const STATIC_PAYLOADS: [(u8, &str, u32); 16] = [
    (0, "PCMU", 8000),
    (2, "G721", 8000),
    (3, "GSM", 8000),
    (4, "G723", 8000),
    (5, "DVI4", 8000),
    (6, "DVI4", 16000),
    (7, "LPC", 8000),
    (8, "PCMA", 8000),
    (9, "G722", 8000),
    (12, "QCELP", 8000),
    (13, "CN", 8000),
    (15, "G728", 8000),
    (16, "DVI4", 11025),
    (17, "DVI4", 22050),
    (18, "G729", 8000),
    (19, "CN", 8000), // reserved there; what early equipment used for comfort noise
];

impl MediaLine {
    /// Encoding name and clock rate of a payload type: by `a=rtpmap`, else the static one of RFC 3551.
    pub fn encoding(&self, payload_type: u8) -> Option<(&str, u32)> {
        self.rtpmap
            .iter()
            .find(|(number, ..)| *number == payload_type)
            .map(|(_, name, rate)| (name.as_str(), *rate))
            .or_else(|| {
                STATIC_PAYLOADS
                    .iter()
                    .find(|(number, ..)| *number == payload_type)
                    .map(|(_, name, rate)| (*name, *rate))
            })
    }

    /// The formats by name, in order of preference: `PCMA`, `telephone-event`, `t38`; one that has no name
    /// as written.
    pub fn format_names(&self) -> Vec<&str> {
        self.formats
            .iter()
            .map(|format| {
                format
                    .parse()
                    .ok()
                    .and_then(|number| self.encoding(number))
                    .map_or(format.as_str(), |(name, _)| name)
            })
            .collect()
    }

    /// Payload type of an encoding among the formats, by name in any case.
    pub fn payload_type(&self, encoding: &str) -> Option<u8> {
        self.formats
            .iter()
            .filter_map(|format| format.parse().ok())
            .find(|number| {
                self.encoding(*number)
                    .is_some_and(|(name, _)| name.eq_ignore_ascii_case(encoding))
            })
    }

    /// Values of an attribute, by name in any case: all `fmtp`, `gpmd`, ..
    pub fn attribute_values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .map(|attribute| split_attribute(attribute))
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests;
