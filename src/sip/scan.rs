//! The indexer's view of a SIP message: byte slices, no allocation, only what an index needs.

use memchr::memmem;

pub(crate) use super::lexer::line_end;
pub use super::lexer::unfold;
use super::lexer::{
    Headers, Parameters, Start, Wanted, find_start, is_token, position_of, trimmed,
};

/// Start line of a [`Brief`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BriefStart<'m> {
    /// A request.
    Request {
        /// Method as written.
        method: &'m [u8],
        /// Request URI as written.
        uri: &'m [u8],
    },
    /// A response.
    Response {
        /// Status code; codes that do not fit are 65535.
        status: u16,
    },
}

/// What an index needs of a message. Values as they stand in it: folds inside, see [`unfold`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief<'m> {
    /// Request or response.
    pub start: BriefStart<'m>,
    /// Octets before the start line.
    pub junk: usize,
    /// `Call-ID`; `None` if there is none.
    pub call_id: Option<&'m [u8]>,
    /// `From` as written.
    pub from: Option<&'m [u8]>,
    /// `To` as written.
    pub to: Option<&'m [u8]>,
    /// `tag` of `From`.
    pub from_tag: Option<&'m [u8]>,
    /// `tag` of `To`.
    pub to_tag: Option<&'m [u8]>,
    /// Number (saturated) and method of `CSeq`.
    pub cseq: Option<(u32, &'m [u8])>,
    /// `Content-Length`, if it is a number.
    pub content_length: Option<usize>,
    /// `Content-Type` as written.
    pub content_type: Option<&'m [u8]>,
    /// Everything after the blank line (not cut to Content-Length).
    pub body: &'m [u8],
    /// Whether the blank line was there.
    pub complete: bool,
    /// Whether the body holds a session description.
    pub has_sdp: bool,
}

impl Brief<'_> {
    /// Whether it is a request of this method (upper case), whatever case it is written in.
    pub fn is_request(&self, name: &str) -> bool {
        matches!(self.start, BriefStart::Request { method, .. }
            if method.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Status code of a response.
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            BriefStart::Request { .. } => None,
            BriefStart::Response { status } => Some(status),
        }
    }
}

/// Whether a datagram is a SIP message; costs a few nanoseconds for most that are not.
pub fn looks_like_sip(octets: &[u8]) -> bool {
    find_start(octets).is_some()
}

/// Scans a message that begins in `octets`; `None` if no start line is found.
pub fn scan(octets: &[u8]) -> Option<Brief<'_>> {
    let found = find_start(octets)?;
    let mut brief = Brief {
        start: match found.start {
            Start::Request { method, uri, .. } => BriefStart::Request { method, uri },
            Start::Response { status, .. } => BriefStart::Response {
                status: status_code(status),
            },
        },
        junk: found.at,
        call_id: None,
        from: None,
        to: None,
        from_tag: None,
        to_tag: None,
        cseq: None,
        content_length: None,
        content_type: None,
        body: b"",
        complete: false,
        has_sdp: false,
    };
    let mut headers = Headers::new(octets, found.next);
    while let Some((wanted, value)) = headers.next_wanted() {
        brief.take(wanted, value);
    }
    brief.from_tag = brief.from.and_then(tag);
    brief.to_tag = brief.to.and_then(tag);
    if let Some(body) = headers.body() {
        brief.complete = true;
        brief.body = octets.get(body..).unwrap_or_default();
        brief.has_sdp = has_sdp(brief.content_type, brief.body);
    }
    Some(brief)
}

/// The tag of a `From` or `To`.
fn tag(value: &[u8]) -> Option<&[u8]> {
    match plain_tag(value) {
        Some(tag) => (!tag.is_empty()).then_some(tag),
        None => Parameters::find(value, b"tag"),
    }
}

/// The tag of nearly all: `<..>` or `"name" <..>`, then `;tag=token`; empty where nothing follows. `None`: it is not
/// so plain.
fn plain_tag(value: &[u8]) -> Option<&[u8]> {
    let address = match value.strip_prefix(b"\"") {
        Some(quoted) => {
            let close = position_of(quoted, [b'"', b'\\'])?;
            quoted.get(close..)?.strip_prefix(b"\" ")?
        }
        None => value,
    };
    let inside = address.strip_prefix(b"<")?;
    let after = inside.get(position_of(inside, [b'>'])? + 1..)?;
    if after.is_empty() {
        return Some(after);
    }
    let token = after.strip_prefix(b";tag=")?;
    let plain = !token.is_empty() && token.iter().all(|octet| is_token(*octet));
    plain.then_some(token)
}

impl<'m> Brief<'m> {
    /// Keeps a header if it is the first of its name.
    fn take(&mut self, wanted: Wanted, value: &'m [u8]) {
        match wanted {
            Wanted::CallId => self.call_id = self.call_id.or(Some(value)),
            Wanted::From => self.from = self.from.or(Some(value)),
            Wanted::To => self.to = self.to.or(Some(value)),
            Wanted::CSeq => self.cseq = self.cseq.or_else(|| cseq(value)),
            Wanted::ContentLength => {
                self.content_length = self.content_length.or_else(|| number(value));
            }
            Wanted::ContentType => self.content_type = self.content_type.or(Some(value)),
        }
    }
}

/// Number (saturated) and method of a `CSeq` value.
pub(super) fn cseq(value: &[u8]) -> Option<(u32, &[u8])> {
    let (number, method) = leading_number(value)?;
    Some((u32::try_from(number).unwrap_or(u32::MAX), trimmed(method)))
}

/// The digits at the start of a value, saturated.
pub(super) fn number(value: &[u8]) -> Option<usize> {
    leading_number(value).map(|(number, _)| number)
}

/// The number at the start of a value, saturated, and what follows it.
fn leading_number(value: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    let mut rest = value;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        number = number
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'));
        rest = after;
    }
    (rest.len() < value.len()).then_some((number, rest))
}

/// A status code out of digits; 65535 where they do not fit.
pub(super) fn status_code(digits: &[u8]) -> u16 {
    number(digits).map_or(0, |status| u16::try_from(status).unwrap_or(u16::MAX))
}

fn has_sdp(content_type: Option<&[u8]>, body: &[u8]) -> bool {
    let text = body.trim_ascii_start();
    if text.starts_with(b"v=") {
        return true;
    }
    let Some(content_type) = content_type else {
        return false;
    };
    let is = |wanted: &[u8]| {
        content_type
            .get(..wanted.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    };
    (is(b"application/sdp") && !text.is_empty())
        || (is(b"multipart/") && memmem::find(body, b"v=0").is_some())
}

#[cfg(test)]
mod tests;
