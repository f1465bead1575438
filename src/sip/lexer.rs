//! Octets to start line, header fields and parameters: the one tolerant grammar behind [`super::scan`],
//! [`super::parse`] and [`super::framing`]. Allocates nothing, linear in its input.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

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

/// A line of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Where its text ends.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

/// The line that begins at `at`. CRLF, LF, CR and CRCRLF end a line.
pub(super) fn line(octets: &[u8], at: usize) -> Line {
    let rest = octets.get(at..).unwrap_or_default();
    let Some(found) = memchr2(b'\r', b'\n', rest) else {
        return Line {
            end: octets.len(),
            next: octets.len(),
        };
    };
    let len = match rest.get(found..) {
        Some([b'\r', b'\r', b'\n', ..]) => 3,
        Some([b'\r', b'\n', ..]) => 2,
        _ => 1,
    };
    Line {
        end: at + found,
        next: at + found + len,
    }
}

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
pub(super) fn find_start(octets: &[u8]) -> Option<Found<'_>> {
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

const fn is_blank(octet: u8) -> bool {
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

/// A header field as it stands in the message, folds inside.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderLine<'m> {
    /// Name without the space around it; the whole line if there is no colon.
    pub name: &'m [u8],
    /// Value, trimmed; `None`: the line has no colon.
    pub value: Option<&'m [u8]>,
}

/// The header fields from an offset on, until the blank line.
#[derive(Clone, Debug)]
pub(super) struct Headers<'m> {
    octets: &'m [u8],
    at: usize,
    body: Option<usize>,
}

impl<'m> Headers<'m> {
    /// Header fields of `octets` from `at` on.
    pub(super) fn new(octets: &'m [u8], at: usize) -> Self {
        let limit = octets.len().min(at.saturating_add(MAX_HEADER));
        Self {
            octets: octets.get(..limit).unwrap_or_default(),
            at,
            body: None,
        }
    }

    /// Where the body begins; `None` if no blank line was met (yet).
    pub(super) const fn body(&self) -> Option<usize> {
        self.body
    }

    /// The next header with one of some names, which are told by their first letter; or one that is not so plain
    /// that its first octet tells. The names are written as nearly everybody writes them.
    #[inline]
    pub(super) fn next_of(&mut self, names: &'static [&'static [u8]]) -> Option<HeaderLine<'m>> {
        loop {
            let rest = self.octets.get(self.at..)?;
            let first = *rest.first()?;
            if !first.is_ascii_alphabetic() {
                return self.next();
            }
            let mut alike = names.iter().filter(|name| name.first() == Some(&first));
            let known = alike.find(|name| {
                rest.strip_prefix(**name)
                    .is_some_and(|after| after.first() == Some(&b':'))
            });
            let unusual = |name: &&[u8]| {
                name.first()
                    .is_some_and(|letter| letter.eq_ignore_ascii_case(&first))
            };
            if known.is_none() && names.iter().any(unusual) {
                return self.next();
            }
            let begin = self.at;
            let mut line = line(self.octets, begin);
            while self.octets.get(line.next).copied().is_some_and(is_blank) {
                line = self::line(self.octets, line.next);
            }
            self.at = line.next;
            if let Some(name) = known {
                let value = self.octets.get(begin + name.len() + 1..line.end)?;
                return Some(HeaderLine {
                    name,
                    value: Some(trimmed(value)),
                });
            }
        }
    }
}

impl<'m> Iterator for Headers<'m> {
    type Item = HeaderLine<'m>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.body.is_some() || self.at >= self.octets.len() {
            return None;
        }
        let Line { mut end, mut next } = line(self.octets, self.at);
        if end == self.at {
            self.body = Some(next);
            return None;
        }
        while self.octets.get(next).copied().is_some_and(is_blank) {
            Line { end, next } = line(self.octets, next);
        }
        let text = self.octets.get(self.at..end)?;
        self.at = next;
        Some(match memchr(b':', text) {
            Some(colon) => HeaderLine {
                name: trimmed(text.get(..colon)?),
                value: Some(trimmed(text.get(colon + 1..)?)),
            },
            None => HeaderLine {
                name: text.trim_ascii(),
                value: None,
            },
        })
    }
}

/// Without white space around it: most often there is none, or the one space after a colon.
fn trimmed(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    match text {
        [first, .., last] if !first.is_ascii_whitespace() && !last.is_ascii_whitespace() => text,
        _ => text.trim_ascii(),
    }
}

/// A header value with its folds (line end and the space around it, RFC 3261 7.3.1) made one space.
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    for part in value.split(|octet| matches!(octet, b'\r' | b'\n')) {
        let part = part.trim_ascii();
        if !part.is_empty() {
            if !out.is_empty() {
                out.push(b' ');
            }
            out.extend_from_slice(part);
        }
    }
    Cow::Owned(out)
}

/// The `;name=value` parameters of a header value, behind its name-addr, up to a comma.
#[derive(Clone, Debug)]
pub(super) struct Parameters<'m> {
    rest: &'m [u8],
}

impl<'m> Parameters<'m> {
    /// Parameters of the first element of `value`.
    pub(super) fn of(value: &'m [u8]) -> Self {
        let after = after_address(value);
        let at = memchr2(b';', b',', after).unwrap_or(after.len());
        Self {
            rest: after.get(at..).unwrap_or_default(),
        }
    }

    /// The value of the parameter `name` (any case) of the first element of `value`.
    pub(super) fn find(value: &'m [u8], name: &[u8]) -> Option<&'m [u8]> {
        Self::of(value)
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value)
    }
}

impl<'m> Iterator for Parameters<'m> {
    type Item = (&'m [u8], Option<&'m [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.strip_prefix(b";")?;
        let name_len = position(rest, |octet| matches!(octet, b'=' | b';' | b','));
        let (name, after) = rest.split_at_checked(name_len)?;
        let Some(value) = after.strip_prefix(b"=") else {
            self.rest = after;
            return Some((name.trim_ascii(), None));
        };
        let value = value.trim_ascii_start();
        let (value, after) = if let Some(quoted) = value.strip_prefix(b"\"") {
            let end = quoted_len(quoted);
            let after = quoted.get(end..).unwrap_or_default();
            let skip = position(after, |octet| matches!(octet, b';' | b','));
            (quoted.get(..end)?, after.get(skip..).unwrap_or_default())
        } else {
            let end = memchr3(b';', b',', b'>', value).unwrap_or(value.len());
            let after = value.get(end..).unwrap_or_default();
            let skip = position(after, |octet| matches!(octet, b';' | b','));
            (
                value.get(..end)?.trim_ascii(),
                after.get(skip..).unwrap_or_default(),
            )
        };
        self.rest = after;
        Some((name.trim_ascii(), Some(value)))
    }
}

fn position(text: &[u8], stop: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .position(|octet| stop(*octet))
        .unwrap_or(text.len())
}

/// Octets up to the closing quote of a quoted string whose opening quote is already taken.
pub(super) fn quoted_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// What follows the name-addr of a value (all of it where there are no angle brackets).
fn after_address(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii_start();
    let unquoted = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.get(quoted_len(quoted) + 1..).unwrap_or_default(),
        None => value,
    };
    let open = memchr3(b'<', b',', b'"', unquoted).unwrap_or(unquoted.len());
    if unquoted.get(open) != Some(&b'<') {
        return unquoted;
    }
    let inside = unquoted.get(open + 1..).unwrap_or_default();
    match memchr(b'>', inside) {
        Some(close) => inside.get(close + 1..).unwrap_or_default(),
        None => inside,
    }
}
