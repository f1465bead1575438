//! The indexer's view of a SIP message: byte slices, no allocation, only what an index needs.

use memchr::memmem;

use super::fast::plain_headers::{Stop, Values, plain_headers};
pub use super::lexer::unfold;
use super::lexer::{
    Headers, Parameters, Start, Wanted, ends_with_word, find_start, head, is_token, trimmed,
};
pub(crate) use super::lexer::{line_end, position_of};

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
    /// The first header of each name, and of those with a number the first that has one.
    values: Values<'m>,
    /// Headers that were not needed to know the dialog.
    rest: &'m [u8],
    /// `tag` of `From`.
    pub from_tag: Option<&'m [u8]>,
    /// `tag` of `To`.
    pub to_tag: Option<&'m [u8]>,
    /// Everything after the blank line (not cut to Content-Length).
    pub body: &'m [u8],
    /// Whether the blank line was there.
    pub complete: bool,
}

impl<'m> Brief<'m> {
    const fn value(&self, header: Wanted) -> Option<&'m [u8]> {
        let [call_id, from, to, cseq, content_length, content_type] = self.values;
        match header {
            Wanted::CallId => call_id,
            Wanted::From => from,
            Wanted::To => to,
            Wanted::CSeq => cseq,
            Wanted::ContentLength => content_length,
            Wanted::ContentType => content_type,
        }
    }

    /// `Call-ID`; `None` if there is none.
    pub const fn call_id(&self) -> Option<&'m [u8]> {
        self.value(Wanted::CallId)
    }

    /// `From` as written.
    pub const fn from(&self) -> Option<&'m [u8]> {
        self.value(Wanted::From)
    }

    /// `To` as written.
    pub const fn to(&self) -> Option<&'m [u8]> {
        self.value(Wanted::To)
    }

    /// Number (saturated) and method of `CSeq`.
    pub fn cseq(&self) -> Option<(u32, &'m [u8])> {
        self.value(Wanted::CSeq).and_then(cseq)
    }

    /// `Content-Length`, if it is a number.
    pub fn content_length(&self) -> Option<usize> {
        self.values_of(Wanted::ContentLength).find_map(number)
    }

    /// `Content-Type` as written.
    pub fn content_type(&self) -> Option<&'m [u8]> {
        self.values_of(Wanted::ContentType).next()
    }

    /// What the scan kept of a header, then what it passed over.
    fn values_of(&self, header: Wanted) -> impl Iterator<Item = &'m [u8]> {
        let mut rest = Headers::new(self.rest, 0);
        let rest = std::iter::from_fn(move || rest.next_wanted());
        let rest = rest.filter_map(move |(wanted, value)| (wanted == header).then_some(value));
        self.value(header).into_iter().chain(rest)
    }

    /// Whether the body holds a session description.
    pub fn has_sdp(&self) -> bool {
        has_sdp(|| self.content_type(), self.body)
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
    let head = head(octets, found.next);
    let mut values = Values::default();
    let (rest, body) = match plain_headers(head, found.next, &mut values) {
        Stop::Enough { from, body } => (head.get(from..body), Some(body)),
        Stop::Body(at) => (None, Some(at)),
        Stop::Line(at) => (None, take_rest(&mut values, head, at)),
    };
    let tag_in = |header: Wanted| values.get(header as usize).copied().flatten().and_then(tag);
    // Last and in one go, so that it is made where it is wanted.
    Some(Brief {
        start: match found.start {
            Start::Request { method, uri, .. } => BriefStart::Request { method, uri },
            Start::Response { status, .. } => BriefStart::Response {
                status: status_code(status),
            },
        },
        junk: found.at,
        from_tag: tag_in(Wanted::From),
        to_tag: tag_in(Wanted::To),
        values,
        rest: rest.unwrap_or_default(),
        body: body.and_then(|at| octets.get(at..)).unwrap_or_default(),
        complete: body.is_some(),
    })
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
    let plain = !token.is_empty()
        && (ends_with_word(value, token.len()) || token.iter().all(|octet| is_token(*octet)));
    plain.then_some(token)
}

/// Takes the headers from `at` on, and returns where the body begins.
fn take_rest<'m>(values: &mut Values<'m>, head: &'m [u8], at: usize) -> Option<usize> {
    let mut headers = Headers::new(head, at);
    while let Some((wanted, value)) = headers.next_wanted() {
        let Some(first) = values.get_mut(wanted as usize) else {
            continue;
        };
        let is_none = match wanted {
            Wanted::CSeq => first.and_then(cseq).is_none(),
            Wanted::ContentLength => first.and_then(number).is_none(),
            _ => first.is_none(),
        };
        if is_none {
            *first = Some(value);
        }
    }
    headers.body()
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
    if let [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = digits {
        return [a, b, c]
            .iter()
            .fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    }
    number(digits).map_or(0, |status| u16::try_from(status).unwrap_or(u16::MAX))
}

fn has_sdp<'m>(content_type: impl FnOnce() -> Option<&'m [u8]>, body: &[u8]) -> bool {
    let text = body.trim_ascii_start();
    if text.starts_with(b"v=") {
        return true;
    }
    // Neither a session description nor a part of several is empty.
    if text.is_empty() {
        return false;
    }
    let Some(content_type) = content_type() else {
        return false;
    };
    let is = |wanted: &[u8]| {
        content_type
            .get(..wanted.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(wanted))
    };
    is(b"application/sdp") || (is(b"multipart/") && memmem::find(body, b"v=0").is_some())
}

#[cfg(test)]
mod tests;
