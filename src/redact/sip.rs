//! SIP messages and their bodies, octet by octet: everything but the vocabulary of the protocol is replaced.

use crate::redact::scan::{Mode, Scanner};
use crate::redact::stand_in::StandIns;
use crate::text::lossy;

/// Headers that say nothing of anybody.
const OF_THE_PROTOCOL: [&str; 36] = [
    "cseq",
    "content-length",
    "l",
    "content-type",
    "c",
    "content-encoding",
    "e",
    "content-disposition",
    "content-transfer-encoding",
    "mime-version",
    "max-forwards",
    "expires",
    "min-expires",
    "session-expires",
    "x",
    "min-se",
    "allow",
    "supported",
    "k",
    "require",
    "proxy-require",
    "unsupported",
    "accept",
    "accept-encoding",
    "accept-language",
    "allow-events",
    "u",
    "event",
    "o",
    "subscription-state",
    "rseq",
    "rack",
    "date",
    "timestamp",
    "privacy",
    "p-early-media",
];
/// Headers of words, in which hosts and numbers are replaced.
const OF_WORDS: [&str; 8] = [
    "reason",
    "warning",
    "retry-after",
    "user-agent",
    "server",
    "x-asterisk-hangupcause",
    "x-asterisk-hangupcausecode",
    "q850",
];
/// Headers with a scheme before their parameters.
const OF_CREDENTIALS: [&str; 5] = [
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
];
/// Attributes of SDP that say nothing of anybody.
const ATTRIBUTES: [&str; 24] = [
    "rtpmap",
    "fmtp",
    "ptime",
    "maxptime",
    "sendrecv",
    "sendonly",
    "recvonly",
    "inactive",
    "silencesupp",
    "setup",
    "connection",
    "rtcp-mux",
    "rtcp-fb",
    "group",
    "mid",
    "framerate",
    "sqn",
    "cdsc",
    "cpar",
    "direction",
    "gpmd",
    "x-sqn",
    "x-cap",
    "x-cpar",
];
/// Names of sessions that are those of programs.
const SESSIONS: [&str; 9] = [
    "-",
    "session",
    "sip call",
    "call",
    "asterisk",
    "freeswitch",
    "sipcall",
    "talk",
    "faxgen",
];

/// What the body of a message is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Description,
    Message,
    Signals,
    Parts,
    Other,
}

impl Body {
    fn of(content_type: &str) -> Self {
        let kind = content_type.trim().to_ascii_lowercase();
        if kind.starts_with("application/sdp") {
            Self::Description
        } else if kind.starts_with("message/sip") {
            Self::Message
        } else if kind.starts_with("application/dtmf") {
            Self::Signals
        } else if kind.starts_with("multipart/") {
            Self::Parts
        } else {
            Self::Other
        }
    }
}

/// Whether octets begin like a SIP message.
pub(crate) fn is_message(octets: &[u8]) -> bool {
    let line = octets.split(|octet| matches!(octet, b'\r' | b'\n')).next();
    let line = line.unwrap_or_default();
    line.starts_with(b"SIP/2.0 ") || line.ends_with(b" SIP/2.0")
}

/// Replaces what a message, or the beginning of one, says of people and hosts. Lengths stay.
pub(crate) fn message(octets: &mut [u8], instead: &mut StandIns) {
    let end = end_of_headers(octets);
    let mut content = Body::Other;
    let mut first = true;
    let mut name = String::new();
    let (headers, body) = octets.split_at_mut(end);
    each_line(headers, |line| {
        if first && !line.is_empty() {
            first = false;
            start_line(line, instead);
        } else if line
            .first()
            .is_some_and(|octet| matches!(octet, b' ' | b'\t'))
        {
            value(&name, line, instead);
        } else if let Some(colon) = line.iter().position(|octet| *octet == b':') {
            let (head, rest) = line.split_at_mut(colon + 1);
            name = lossy(head)
                .trim_end_matches(':')
                .trim()
                .to_ascii_lowercase();
            if matches!(name.as_str(), "content-type" | "c") {
                content = Body::of(&lossy(rest));
            }
            value(&name, rest, instead);
        } else {
            put(line, Mode::Names, instead);
        }
    });
    self::body(content, body, instead);
}

/// The lines of something of which the beginning is not there.
pub(crate) fn rest(octets: &mut [u8], instead: &mut StandIns) {
    each_line(octets, |line| {
        if matches!(line, [b'a'..=b'z', b'=', ..]) {
            description_line(line, instead);
        } else {
            put(line, Mode::Names, instead);
        }
    });
}

/// Where the body begins.
fn end_of_headers(octets: &[u8]) -> usize {
    let crlf = octets
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4);
    let lf = octets
        .windows(2)
        .position(|two| two == b"\n\n")
        .map(|at| at + 2);
    match (crlf, lf) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (one, other) => one.or(other).unwrap_or(octets.len()),
    }
}

/// Each line without what ends it.
fn each_line(octets: &mut [u8], mut see: impl FnMut(&mut [u8])) {
    for line in octets.split_inclusive_mut(|octet| *octet == b'\n') {
        let end = line
            .iter()
            .rposition(|octet| !matches!(octet, b'\r' | b'\n'))
            .map_or(0, |at| at + 1);
        if let Some(line) = line.get_mut(..end) {
            see(line);
        }
    }
}

fn put(octets: &mut [u8], mode: Mode, instead: &mut StandIns) {
    let out = Scanner::new(octets, mode, instead).run();
    if out.len() == octets.len() {
        octets.copy_from_slice(&out);
    } else {
        // Never longer or shorter: what follows would be read wrong.
        octets
            .iter_mut()
            .filter(|octet| octet.is_ascii_alphanumeric())
            .for_each(|octet| *octet = b'x');
    }
}

fn start_line(line: &mut [u8], instead: &mut StandIns) {
    let space = line.iter().position(|octet| *octet == b' ');
    let Some(rest) = space.and_then(|space| line.get_mut(space + 1..)) else {
        return;
    };
    if rest.ends_with(b" SIP/2.0") {
        let end = rest.len() - b" SIP/2.0".len();
        if let Some(uri) = rest.get_mut(..end) {
            put(uri, Mode::Names, instead);
        }
    } else if let Some(reason) = rest.get_mut(3..) {
        put(reason, Mode::Words, instead);
    }
}

fn value(name: &str, rest: &mut [u8], instead: &mut StandIns) {
    if OF_THE_PROTOCOL.contains(&name) {
        return;
    }
    if OF_WORDS.contains(&name) {
        let mode = if matches!(name, "user-agent" | "server") {
            Mode::Program
        } else {
            Mode::Words
        };
        return put(rest, mode, instead);
    }
    // What comes first in these is vocabulary.
    let skipped = if matches!(name, "via" | "v") || OF_CREDENTIALS.contains(&name) {
        let start = rest.iter().position(|octet| !octet.is_ascii_whitespace());
        let start = start.unwrap_or(rest.len());
        let word = rest.iter().skip(start).position(u8::is_ascii_whitespace);
        word.map_or(0, |end| start + end)
    } else {
        0
    };
    if let Some(rest) = rest.get_mut(skipped..) {
        put(rest, Mode::Names, instead);
    }
}

fn body(content: Body, octets: &mut [u8], instead: &mut StandIns) {
    match content {
        Body::Description => each_line(octets, |line| description_line(line, instead)),
        Body::Message => message(octets, instead),
        Body::Signals => each_line(octets, |line| {
            let signal = line.iter().position(|octet| *octet == b'=');
            let names_key = line.to_ascii_lowercase().starts_with(b"signal");
            if let Some(value) = signal.and_then(|at| line.get_mut(at + 1..))
                && names_key
            {
                instead.number(value);
            }
        }),
        Body::Parts => parts(octets, instead),
        Body::Other if octets.contains(&0) || std::str::from_utf8(octets).is_err() => {
            octets.fill(0);
        }
        Body::Other => rest(octets, instead),
    }
}

/// The parts of a multipart body: each by its own type.
fn parts(octets: &mut [u8], instead: &mut StandIns) {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b"--") {
            starts.push((at, at + line.len()));
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(start, _)| *start).collect();
    for (place, (_, from)) in starts.iter().enumerate() {
        let until = ends.get(place).copied().unwrap_or(octets.len());
        let Some(part) = octets.get_mut(*from..until) else {
            continue;
        };
        let split = end_of_headers(part);
        let (headers, inner) = part.split_at_mut(split);
        let said = lossy(headers).to_ascii_lowercase();
        let kind = said
            .lines()
            .find_map(|line| line.strip_prefix("content-type:"))
            .map_or(Body::Other, Body::of);
        let kind = if kind == Body::Parts {
            Body::Other
        } else {
            kind
        };
        each_line(headers, |line| {
            if !line.to_ascii_lowercase().starts_with(b"content-type") {
                let colon = line.iter().position(|octet| *octet == b':');
                if let Some(rest) = colon.and_then(|at| line.get_mut(at + 1..)) {
                    put(rest, Mode::Names, instead);
                }
            }
        });
        body(kind, inner, instead);
    }
}

fn description_line(line: &mut [u8], instead: &mut StandIns) {
    let [letter, b'=', rest @ ..] = line else {
        return put(line, Mode::Names, instead);
    };
    match letter.to_ascii_lowercase() {
        b'v' | b'm' | b't' | b'b' | b'r' | b'z' => {}
        b'o' => origin(rest, instead),
        b'c' => put(rest, Mode::Addresses, instead),
        b's' => {
            let name = lossy(rest).trim().to_ascii_lowercase();
            if !name.is_empty() && !SESSIONS.contains(&name.as_str()) {
                put(rest, Mode::Names, instead);
            }
        }
        b'a' => attribute(rest, instead),
        _ => put(rest, Mode::Names, instead),
    }
}

/// `user id version IN IP4 address`
fn origin(rest: &mut [u8], instead: &mut StandIns) {
    let user = rest
        .iter()
        .position(|octet| *octet == b' ')
        .unwrap_or(rest.len());
    let (name, others) = rest.split_at_mut(user);
    let is_program = SESSIONS.contains(&lossy(name).to_ascii_lowercase().as_str());
    if !is_program {
        put(name, Mode::Names, instead);
    }
    put(others, Mode::Addresses, instead);
}

fn attribute(rest: &mut [u8], instead: &mut StandIns) {
    let colon = rest.iter().position(|octet| *octet == b':');
    let (name, value) = match colon {
        Some(at) => rest.split_at_mut(at + 1),
        None => rest.split_at_mut(rest.len()),
    };
    let name = lossy(name)
        .trim_end_matches(':')
        .trim()
        .to_ascii_lowercase();
    if ATTRIBUTES.contains(&name.as_str()) || name.starts_with("t38") {
        return;
    }
    match name.as_str() {
        "rtcp" | "candidate" | "remote-candidates" => put(value, Mode::Addresses, instead),
        "crypto" => {
            // Tag and suite say which, the rest is the key.
            let key = value
                .windows(7)
                .position(|seven| seven.eq_ignore_ascii_case(b"inline:"));
            if let Some(key) = key.and_then(|at| value.get_mut(at + 7..)) {
                put(key, Mode::Opaque, instead);
            }
        }
        "fingerprint" => {
            let space = value.iter().position(|octet| *octet == b' ');
            if let Some(digest) = space.and_then(|at| value.get_mut(at..)) {
                put(digest, Mode::Opaque, instead);
            }
        }
        "ice-ufrag" | "ice-pwd" | "ssrc" | "msid" | "cname" | "label" | "identity" | "key-mgmt"
        | "tls-id" => put(value, Mode::Opaque, instead),
        _ => put(value, Mode::Words, instead),
    }
}
