//! Octets to start line, header fields and parameters: the one tolerant grammar behind [`super::scan`],
//! [`super::parse`] and [`super::framing`]. Allocates nothing, linear in its input.

use memchr::{memchr, memchr2};

mod headers;
mod line;
mod parameters;
mod position;

pub use headers::unfold;
pub(super) use headers::{Headers, Wanted, head, trimmed};
pub(super) use line::line;
pub(crate) use line::line_end;
pub(super) use parameters::{Parameters, quoted_len};
pub(crate) use position::position_of;
pub(super) use position::{PIECE, ends_with_word, places_in_piece};

/// Octets of a header section that are looked at; a message with more is cut there.
pub(crate) const MAX_HEADER: usize = 2 << 20;

/// Octets before the start line that are searched for it.
pub(crate) const MAX_JUNK: usize = 512;

/// Longest start line; a longer one is no SIP.
const MAX_START_LINE: usize = 16 << 10;

/// Longest method token; longer ones are no SIP.
const MAX_METHOD: usize = 128;

/// Methods of RFC 3261 and its extensions.
pub(crate) const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
];

/// A start line, not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start<'m> {
    /// `method SP uri SP version`
    Request {
        method: &'m [u8],
        uri: &'m [u8],
        version: &'m [u8],
    },
    /// `version SP status SP reason`
    Response {
        version: &'m [u8],
        status: &'m [u8],
        reason: &'m [u8],
    },
}

/// Where a start line was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'m> {
    /// Offset of its first octet.
    pub at: usize,
    /// Offset of the first header.
    pub next: usize,
    /// The line itself.
    pub start: Start<'m>,
}

/// Finds the start line, over keep-alives and at most [`MAX_JUNK`] octets of anything else.
#[inline]
pub(super) fn find_start(octets: &[u8]) -> Option<Found<'_>> {
    usual_start(octets).or_else(|| unusual_start(octets))
}

fn unusual_start(octets: &[u8]) -> Option<Found<'_>> {
    let first = *octets.first()?;
    if is_token(first)
        && let Some(found) = start_at(octets, 0)
    {
        return Some(found);
    }
    // RTP and RTCP (version 2) are nearly all packets of a capture: no search in them.
    // HEP wraps a message of other hosts: its addresses are not those of the packet.
    if first & 0xC0 == 0x80 || octets.starts_with(b"HEP3") {
        return None;
    }
    next_start(octets, 1, MAX_JUNK)
}

/// The start line as nearly everybody writes it: what [`start_at`] finds, without a detour.
#[inline]
fn usual_start(octets: &[u8]) -> Option<Found<'_>> {
    if !octets.first()?.is_ascii_uppercase() {
        return None;
    }
    let end = line_end(octets, 0);
    let (text, after) = octets.split_at_checked(end)?;
    if !after.starts_with(b"\r\n") || end > MAX_START_LINE {
        return None;
    }
    let start = if let [
        b'S',
        b'I',
        b'P',
        b'/',
        b'2',
        b'.',
        b'0',
        b' ',
        b'0'..=b'9',
        b'0'..=b'9',
        b'0'..=b'9',
        b' ',
        reason @ ..,
    ] = text
    {
        Start::Response {
            version: text.get(..7)?,
            status: text.get(8..11)?,
            reason: trimmed(reason),
        }
    } else {
        let (before, version) = text.split_last_chunk::<8>()?;
        let (method, uri) = before.split_at_checked(position_of(before, *b" ")?)?;
        let uri = uri.get(1..)?;
        let plain = matches!(uri, [first, .., last] if !is_blank(*first) && !is_blank(*last))
            && method.iter().all(u8::is_ascii_uppercase);
        if version != b" SIP/2.0" || !plain || method.len() > MAX_METHOD {
            return None;
        }
        Start::Request {
            method,
            uri: trimmed(uri),
            version: version.get(1..)?,
        }
    };
    Some(Found {
        at: 0,
        next: end + 2,
        start,
    })
}

/// The first start line at or after `from`, at most `limit` octets on. It begins a line, or follows an
/// octet that is no text.
pub(super) fn next_start(octets: &[u8], from: usize, limit: usize) -> Option<Found<'_>> {
    let stop = octets.len().min(from.saturating_add(limit));
    let window = octets
        .get(..stop.saturating_add(MAX_START_LINE).min(octets.len()))
        .unwrap_or_default();
    // A start line always holds "SIP/": looking for it alone makes the search cheap. Going back only
    // to the last place looked at, and judging a line once, keeps it linear.
    let (mut at, mut judged) = (from, None);
    let mut begin = from;
    while let Some(found) = find_sip(window, at) {
        begin = start_of_line(octets, found, at).unwrap_or(begin);
        if begin >= stop {
            return None;
        }
        if judged != Some(begin) {
            if let Some(start) = start_at(octets, begin) {
                return Some(start);
            }
            judged = Some(begin);
        }
        at = found + 4;
    }
    None
}

/// Whether a `SIP/` begins at or after `from`: without one there is no start line.
pub(super) fn has_version(octets: &[u8], from: usize) -> bool {
    find_sip(octets, from).is_some()
}

/// Offset of the next `SIP/` in any case, at or after `from`.
fn find_sip(octets: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let slash = at + memchr(b'/', octets.get(at..)?)?;
        let before = slash.checked_sub(3).filter(|start| *start >= from);
        if let Some(start) = before
            && octets
                .get(start..slash)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"SIP"))
        {
            return Some(start);
        }
        at = slash + 1;
    }
}

/// Where the text before `at` begins: after the last control octet at or after `from`.
fn start_of_line(octets: &[u8], at: usize, from: usize) -> Option<usize> {
    let window = octets.get(from..at).unwrap_or_default();
    window
        .iter()
        .rposition(|octet| (*octet < 0x20 && *octet != b'\t') || *octet == 0x7F)
        .map(|last| from + last + 1)
}

/// The start line that begins at `at`, if one does.
pub(super) fn start_at(octets: &[u8], at: usize) -> Option<Found<'_>> {
    let octets = octets
        .get(..octets.len().min(at.saturating_add(MAX_START_LINE)))
        .unwrap_or_default();
    let rest = octets.get(at..)?;
    let skipped = rest.iter().take_while(|octet| is_blank(**octet)).count();
    let rest = rest.get(skipped..)?;
    if let Some(version) = version(rest) {
        if !rest.get(version.len()).copied().is_some_and(is_blank) {
            return None;
        }
        let line = line(octets, at);
        let text = octets.get(at + skipped + version.len()..line.end)?;
        let (status, reason) = split_blank(text.trim_ascii_start());
        return (!status.is_empty() && status.iter().all(u8::is_ascii_digit)).then_some(Found {
            at,
            next: line.next,
            start: Start::Response {
                version,
                status,
                reason,
            },
        });
    }
    let method_len = rest
        .iter()
        .take(MAX_METHOD + 1)
        .take_while(|octet| is_token(**octet))
        .count();
    let (method, after) = rest.split_at_checked(method_len)?;
    if method.is_empty()
        || method.len() > MAX_METHOD
        || !after.first().copied().is_some_and(is_blank)
    {
        return None;
    }
    let line = line(octets, at);
    let text = octets
        .get(at + skipped + method_len..line.end)?
        .trim_ascii();
    request(method, text, line.end == octets.len()).map(|start| Found {
        at,
        next: line.next,
        start,
    })
}

/// Whether a text without line end may be the beginning of a start line.
pub(super) fn may_begin_start(text: &[u8]) -> bool {
    if text.len() > MAX_START_LINE || memchr2(b'\r', b'\n', text).is_some() {
        return false;
    }
    let name = text.get(..4).unwrap_or(text);
    if b"SIP/"
        .get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
    {
        return true;
    }
    let method = text.iter().take_while(|octet| is_token(**octet)).count();
    (1..=MAX_METHOD).contains(&method) && text.get(method).copied().is_none_or(is_blank)
}

/// Request line from its method and the rest of its text; `cut` if the capture ends within it.
fn request<'m>(method: &'m [u8], text: &'m [u8], cut: bool) -> Option<Start<'m>> {
    let last = text.iter().rposition(|octet| is_blank(*octet));
    let (uri, word) = text.split_at_checked(last.map_or(0, |at| at + 1))?;
    if version(word).is_some_and(|version| version.len() == word.len()) && !uri.is_empty() {
        return Some(Start::Request {
            method,
            uri: uri.trim_ascii(),
            version: word,
        });
    }
    let known = METHODS.iter().any(|known| known.as_bytes() == method);
    (cut && known && has_sip_scheme(text)).then_some(Start::Request {
        method,
        uri: text,
        version: b"",
    })
}

fn has_sip_scheme(uri: &[u8]) -> bool {
    [&b"sip:"[..], b"sips:", b"tel:", b"urn:"]
        .iter()
        .any(|scheme| {
            uri.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
}

/// `SIP/` digits `.` digits at the start of `text`.
fn version(text: &[u8]) -> Option<&[u8]> {
    let digits = text
        .split_first_chunk::<4>()
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"SIP/"))?
        .1;
    let major = digits
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let minor = digits
        .get(major..)?
        .strip_prefix(b".")?
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    if major == 0 || minor == 0 {
        return None;
    }
    text.get(..4 + major + 1 + minor)
}

fn split_blank(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text
        .iter()
        .position(|octet| is_blank(*octet))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(at).unwrap_or((text, b""));
    (word, rest.trim_ascii())
}

pub(super) const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// `token` of RFC 3261 25.1.
#[inline]
pub(super) fn is_token(octet: u8) -> bool {
    // The table has an entry for every octet.
    TOKEN.get(usize::from(octet)).copied().unwrap_or_default()
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet: u8 = 0;
    while octet < 128 {
        #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            table[octet as usize] = is_token_octet(octet);
        }
        octet += 1;
    }
    table
};

const fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
}
