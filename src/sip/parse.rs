//! The full parse: every message that looks like SIP becomes a [`Message`], with what is wrong noted.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::lexer::{self, Found, Headers, METHODS, Start, find_start, unfold};
use super::scan::{cseq, number, status_code};
use super::{Header, Message, StartLine};
use crate::text::lossy;

pub mod body;
pub mod party;

/// Headers that are kept of a message; more are counted as a problem.
const MAX_HEADERS: usize = 2048;

/// Canonical names (RFC 3261 20 and extensions) with their compact form.
const NAMES: [(&str, &str); 72] = [
    ("Accept", ""),
    ("Accept-Contact", "a"),
    ("Accept-Encoding", ""),
    ("Accept-Language", ""),
    ("Alert-Info", ""),
    ("Allow", ""),
    ("Allow-Events", "u"),
    ("Authentication-Info", ""),
    ("Authorization", ""),
    ("Call-ID", "i"),
    ("Call-Info", ""),
    ("Contact", "m"),
    ("Content-Disposition", ""),
    ("Content-Encoding", "e"),
    ("Content-ID", ""),
    ("Content-Language", ""),
    ("Content-Length", "l"),
    ("Content-Transfer-Encoding", ""),
    ("Content-Type", "c"),
    ("CSeq", ""),
    ("Date", ""),
    ("Diversion", ""),
    ("Error-Info", ""),
    ("Event", "o"),
    ("Expires", ""),
    ("From", "f"),
    ("Geolocation", ""),
    ("History-Info", ""),
    ("Identity", "y"),
    ("Identity-Info", "n"),
    ("In-Reply-To", ""),
    ("Join", ""),
    ("Max-Forwards", ""),
    ("MIME-Version", ""),
    ("Min-Expires", ""),
    ("Min-SE", ""),
    ("Organization", ""),
    ("P-Access-Network-Info", ""),
    ("P-Asserted-Identity", ""),
    ("P-Called-Party-ID", ""),
    ("P-Charging-Vector", ""),
    ("P-Preferred-Identity", ""),
    ("Path", ""),
    ("Priority", ""),
    ("Privacy", ""),
    ("Proxy-Authenticate", ""),
    ("Proxy-Authorization", ""),
    ("Proxy-Require", ""),
    ("RAck", ""),
    ("Reason", ""),
    ("Record-Route", ""),
    ("Refer-To", "r"),
    ("Referred-By", "b"),
    ("Reject-Contact", "j"),
    ("Remote-Party-ID", ""),
    ("Replaces", ""),
    ("Reply-To", ""),
    ("Request-Disposition", "d"),
    ("Require", ""),
    ("Retry-After", ""),
    ("Route", ""),
    ("RSeq", ""),
    ("Server", ""),
    ("Session-Expires", "x"),
    ("Subject", "s"),
    ("Supported", "k"),
    ("Timestamp", ""),
    ("To", "t"),
    ("Unsupported", ""),
    ("User-Agent", ""),
    ("Via", "v"),
    ("Warning", ""),
];

/// Headers without which a message is no valid one (RFC 3261 8.1.1).
const MANDATORY: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];

/// Parses a message out of a datagram, or out of a stream framed by [`super::framing`].
///
/// `None` only if no start line is found ([`super::scan::looks_like_sip`]).
pub fn message(octets: &[u8]) -> Option<Message> {
    let found = find_start(octets)?;
    let mut problems = Vec::new();
    if octets
        .get(..found.at)
        .is_some_and(|junk| !junk.trim_ascii().is_empty())
    {
        problems.push(format!("{} octets before the start line", found.at));
    }
    let start = start_line(&found, &mut problems);
    let mut lines = Headers::new(octets, found.next);
    let headers = headers(&mut lines, &mut problems);
    let body_at = lines.body();
    line_ends(
        octets
            .get(found.at..body_at.unwrap_or(octets.len()))
            .unwrap_or_default(),
        &mut problems,
    );
    if body_at.is_none() {
        problems.push("ends within its headers, no blank line".to_owned());
    }
    let mut message = Message {
        raw: octets.to_vec(),
        start,
        headers,
        body: octets.len()..octets.len(),
        problems,
    };
    if let Some(at) = body_at {
        message.body = body_range(&mut message, octets, at);
    }
    judge(&mut message);
    Some(message)
}

fn start_line(found: &Found<'_>, problems: &mut Vec<String>) -> StartLine {
    let (start, version) = match found.start {
        Start::Request {
            method,
            uri,
            version,
        } => (request(method, uri, problems), version),
        Start::Response {
            version,
            status,
            reason,
        } => (response(status, reason, problems), version),
    };
    if version.is_empty() {
        problems.push("request line without SIP/2.0".to_owned());
    } else if version != b"SIP/2.0" {
        problems.push(format!("version {}", lossy(version)));
    }
    start
}

fn request(method: &[u8], uri: &[u8], problems: &mut Vec<String>) -> StartLine {
    let written = lossy(method);
    let known = METHODS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&written));
    let method = if let Some(known) = known {
        if *known != written {
            problems.push(format!("method written {written}"));
        }
        (*known).to_owned()
    } else {
        problems.push(format!("unknown method {written}"));
        written
    };
    if uri.contains(&b' ') {
        problems.push("space in the request URI".to_owned());
    }
    if std::str::from_utf8(uri).is_err() {
        problems.push("request URI is not UTF-8".to_owned());
    }
    StartLine::Request {
        method,
        uri: lossy(uri),
    }
}

fn response(status: &[u8], reason: &[u8], problems: &mut Vec<String>) -> StartLine {
    let code = status_code(status);
    if !(100..700).contains(&code) {
        problems.push(format!("status code {} is none", lossy(status)));
    }
    if std::str::from_utf8(reason).is_err() {
        problems.push("reason phrase is not UTF-8".to_owned());
    }
    StartLine::Response {
        status: code,
        reason: lossy(reason),
    }
}

fn headers(lines: &mut Headers<'_>, problems: &mut Vec<String>) -> Vec<Header> {
    let mut headers = Vec::new();
    let mut left_out = 0_usize;
    let mut without_colon = 0_usize;
    for line in lines.by_ref() {
        let Some(value) = line.value else {
            without_colon += 1;
            continue;
        };
        if headers.len() == MAX_HEADERS {
            left_out += 1;
            continue;
        }
        let value = unfold(value);
        if std::str::from_utf8(&value).is_err() {
            problems.push(format!("{} is not UTF-8", lossy(line.name)));
        }
        headers.push(Header {
            name: canonical(line.name),
            value: lossy(&value),
        });
    }
    if without_colon > 0 {
        problems.push(format!("{without_colon} header lines without colon"));
    }
    if left_out > 0 {
        problems.push(format!("{left_out} more headers left out"));
    }
    headers
}

/// Full canonical name of a header, or as written if unknown.
fn canonical(name: &[u8]) -> String {
    NAMES
        .iter()
        .find(|(full, compact)| {
            full.as_bytes().eq_ignore_ascii_case(name)
                || (!compact.is_empty() && compact.as_bytes().eq_ignore_ascii_case(name))
        })
        .map_or_else(|| lossy(name), |(full, _)| (*full).to_owned())
}

fn line_ends(head: &[u8], problems: &mut Vec<String>) {
    let returns = memchr_iter(b'\r', head).count();
    let feeds = memchr_iter(b'\n', head).count();
    let pairs = memchr::memmem::find_iter(head, b"\r\n").count();
    let what = match (returns, feeds, pairs) {
        (returns, feeds, pairs) if returns == pairs && feeds == pairs => return,
        (0, _, _) => "lines end with LF only",
        (_, 0, _) => "lines end with CR only",
        _ => "line ends are mixed",
    };
    problems.push(what.to_owned());
}

/// Where the body lies. Octets beyond a wrong Content-Length are kept if they go on like the body: what
/// the sender meant is worth more than what a strict receiver would have dropped (RFC 3261 18.3).
fn body_range(message: &mut Message, octets: &[u8], at: usize) -> Range<usize> {
    let present = octets.len() - at;
    let rest = octets.get(at..).unwrap_or_default();
    let filler = |octets: &[u8]| {
        octets
            .iter()
            .all(|octet| matches!(octet, b'\r' | b'\n' | b' ' | 0))
    };
    let Some(written) = message.header("Content-Length").map(str::to_owned) else {
        if !filler(rest) {
            message
                .problems
                .push("body without Content-Length".to_owned());
        }
        return at..octets.len();
    };
    let digits = written.bytes().all(|octet| octet.is_ascii_digit());
    let Some(length) = number(written.as_bytes()).filter(|_| digits) else {
        message
            .problems
            .push(format!("Content-Length is no number: {written}"));
        return at..octets.len();
    };
    if length == present {
        return at..octets.len();
    }
    let beyond = rest.get(length..).unwrap_or_default();
    let next = lexer::start_at(beyond.trim_ascii_start(), 0).is_some();
    if length < present && filler(beyond) {
        return at..at + length;
    }
    message.problems.push(format!(
        "Content-Length {length}, but the body has {present} octets"
    ));
    if length < present && next {
        return at..at + length;
    }
    at..octets.len()
}

/// Notes what a valid message would have.
fn judge(message: &mut Message) {
    for name in MANDATORY {
        if message.header(name).is_none() {
            message.problems.push(format!("no {name}"));
        }
    }
    if let Some(value) = message.header("CSeq").map(str::to_owned) {
        match (message.cseq(), &message.start) {
            (None, _) => message.problems.push(format!("CSeq is none: {value}")),
            (Some((_, method)), StartLine::Request { method: own, .. })
                if !method.eq_ignore_ascii_case(own) =>
            {
                let text = format!("CSeq says {method}");
                message.problems.push(text);
            }
            _ => {}
        }
    }
    for name in ["Call-ID", "CSeq", "From", "To", "Content-Length"] {
        if message.headers_named(name).nth(1).is_some() {
            message.problems.push(format!("several {name} headers"));
        }
    }
}

/// A value of the Reason header (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `Q.850`, `SIP`, ..
    pub protocol: String,
    /// Cause within that protocol.
    pub cause: Option<u16>,
    /// Text without quotes.
    pub text: Option<String>,
}

/// Who refreshes a session (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// `refresher=uac`
    Uac,
    /// `refresher=uas`
    Uas,
}

impl Message {
    /// Value of the first header of this name (canonical or compact, any case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// Values of all headers of this name (canonical, any case), in order; comma lists are not split.
    pub fn headers_named<'m>(&'m self, name: &str) -> impl Iterator<Item = &'m str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// `Call-ID`.
    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }

    /// Number (saturated) and method of `CSeq`, the method as written.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = cseq(self.header("CSeq")?.as_bytes())?;
        Some((number, std::str::from_utf8(method).ok()?))
    }

    /// Method of a request (known ones in upper case).
    pub fn method(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// Status code of a response.
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(status),
        }
    }

    /// `branch` of the topmost `Via`.
    pub fn branch(&self) -> Option<&str> {
        parameter(self.header("Via")?, "branch")
    }

    /// First `Contact` as written.
    pub fn contact(&self) -> Option<&str> {
        self.header("Contact")
    }

    /// `User-Agent`, else `Server`.
    pub fn user_agent(&self) -> Option<&str> {
        self.header("User-Agent").or_else(|| self.header("Server"))
    }

    /// All values of the Reason headers, in order (RFC 3326).
    pub fn reasons(&self) -> Vec<Reason> {
        self.headers_named("Reason")
            .flat_map(party::elements)
            .filter_map(reason)
            .collect()
    }

    /// Session interval in seconds and who refreshes it (RFC 4028).
    pub fn session_expires(&self) -> Option<(u32, Option<Refresher>)> {
        let value = self.header("Session-Expires")?;
        let seconds = number(value.as_bytes())?;
        let refresher = match parameter(value, "refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Some((u32::try_from(seconds).unwrap_or(u32::MAX), refresher))
    }
}

/// A parameter of the first element of a header value: `;name=value`, without quotes.
pub fn parameter<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    let found = lexer::Parameters::find(value.as_bytes(), name.as_bytes())?;
    std::str::from_utf8(found).ok()
}

fn reason(value: &str) -> Option<Reason> {
    let end = memchr(b';', value.as_bytes()).unwrap_or(value.len());
    let protocol = value.get(..end)?.trim();
    (!protocol.is_empty()).then(|| Reason {
        protocol: protocol.to_owned(),
        cause: parameter(value, "cause").and_then(|cause| cause.parse().ok()),
        text: parameter(value, "text").map(party::unescape),
    })
}

#[cfg(test)]
mod tests;
