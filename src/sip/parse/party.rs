//! Parties: name-addr, addr-spec and their URIs (RFC 3261 20.10, 25.1), and comma lists.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

use super::parameter;
use crate::sip::lexer::quoted_len;
use crate::sip::{Message, Party};
use crate::text::lossy;

impl Message {
    /// `From`, taken apart; empty if there is none.
    pub fn from(&self) -> Party {
        self.header("From").map(party).unwrap_or_default()
    }

    /// `To`, taken apart; empty if there is none.
    pub fn to(&self) -> Party {
        self.header("To").map(party).unwrap_or_default()
    }
}

/// User, else host, of a `From` or `To` as it stands in a message: what a list of calls shows of it.
///
/// The same as [`party`] gives, without a detour for what nearly all messages have: `<sip:digits@host>`.
pub fn name(value: &[u8]) -> Cow<'_, str> {
    if let Some(user) = plain_user(value) {
        return Cow::Borrowed(user);
    }
    let party = party(&String::from_utf8_lossy(value));
    let name = party.user.or(party.host);
    Cow::Owned(name.unwrap_or_default())
}

/// The user of the only address of a value, if neither has anything special.
fn plain_user(value: &[u8]) -> Option<&str> {
    let open = memchr(b'<', value)?;
    let rest = value.get(open + 1..)?.strip_prefix(b"sip:")?;
    let is_plain =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'_' | b'.');
    let len = rest.iter().take_while(|octet| is_plain(octet)).count();
    let (user, after) = rest.split_at_checked(len)?;
    // A second address, quotes or a second @, or a password, are for those who know better.
    let host = after.strip_prefix(b"@")?;
    if user.is_empty() || memchr3(b'@', b'<', b'"', host).is_some() {
        return None;
    }
    std::str::from_utf8(user).ok()
}

/// Takes a `From`, `To`, `Contact`, `P-Asserted-Identity` .. value apart; the first of a comma list.
pub fn party(value: &str) -> Party {
    let value = value.trim();
    let (display, rest) = display(value);
    let (uri, display) = if let Some(open) = rest.find('<') {
        let inside = rest.get(open + 1..).unwrap_or_default();
        let end = inside.find('>').unwrap_or(inside.len());
        let before = rest.get(..open).unwrap_or_default().trim();
        let display = display.or_else(|| (!before.is_empty()).then(|| before.to_owned()));
        (inside.get(..end).unwrap_or_default(), display)
    } else {
        // Without <> all parameters are those of the header (RFC 3261 20.10).
        let end = rest.find([';', ',', '>']).unwrap_or(rest.len());
        (rest.get(..end).unwrap_or_default(), display)
    };
    let (user, host) = user_and_host(uri);
    Party {
        display: display.filter(|display| !display.is_empty()),
        user,
        host,
        tag: parameter(value, "tag").map(str::to_owned),
    }
}

/// User (escapes decoded) and host of a URI: sip, sips, tel, or none at all.
pub fn user_and_host(uri: &str) -> (Option<String>, Option<String>) {
    let uri = uri.trim().trim_start_matches('<').trim_end_matches('>');
    let (scheme, rest) = match uri.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme, rest) => (scheme, rest),
        _ => ("", uri),
    };
    let full = rest;
    let before_headers = rest.split_once('?').map_or(rest, |(before, _)| before);
    let at = before_headers.rfind('@').or_else(|| full.rfind('@'));
    let plain = |text: &str| {
        let end = text.find(';').unwrap_or(text.len());
        text.get(..end).unwrap_or_default().trim().to_owned()
    };
    let some = |text: String| (!text.is_empty()).then_some(text);
    let Some(at) = at else {
        return if scheme.eq_ignore_ascii_case("tel") {
            (some(decode(&plain(full))), None)
        } else if scheme.eq_ignore_ascii_case("urn") || uri == "*" {
            (some(plain(full)), None)
        } else {
            (None, some(host(before_headers)))
        };
    };
    let user = full.get(..at).unwrap_or_default();
    let user = user.split_once(':').map_or(user, |(user, _password)| user);
    (
        some(decode(&plain(user))),
        some(host(full.get(at + 1..).unwrap_or_default())),
    )
}

/// Whether what stands before the first colon is a scheme and not a host with a port.
fn is_scheme(scheme: &str, rest: &str) -> bool {
    let known = [
        "sip", "sips", "tel", "urn", "im", "pres", "mailto", "http", "https", "fax",
    ]
    .iter()
    .any(|known| scheme.trim().eq_ignore_ascii_case(known));
    known || (scheme.bytes().all(|octet| octet.is_ascii_alphabetic()) && rest.contains('@'))
}

/// Host without port, parameters and brackets.
fn host(text: &str) -> String {
    let end = text.find([';', '?', '>', ' ']).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or_default();
    if let Some(inside) = text.strip_prefix('[') {
        let end = inside.find(']').unwrap_or(inside.len());
        return inside.get(..end).unwrap_or_default().to_owned();
    }
    match text.split_once(':') {
        // More than one colon: an IPv6 address whose brackets are missing.
        Some((host, port)) if !port.contains(':') => host.to_owned(),
        _ => text.to_owned(),
    }
}

/// `%41` → `A`; what is no such escape stays.
fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| after.split_at_checked(2))
            .flatten()
            .and_then(|(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                digits
                    .bytes()
                    .all(|digit| digit.is_ascii_hexdigit())
                    .then_some(())?;
                Some((u8::from_str_radix(digits, 16).ok()?, after))
            });
        if let Some((octet, after)) = escaped {
            out.push(octet);
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    lossy(&out)
}

/// A quoted display name and what follows it; an unquoted one is left in place.
fn display(value: &str) -> (Option<String>, &str) {
    let Some(quoted) = value.strip_prefix('"') else {
        return (None, value);
    };
    let end = quoted_len(quoted.as_bytes());
    (
        Some(unescape(quoted.get(..end).unwrap_or_default())),
        quoted.get(end + 1..).unwrap_or_default(),
    )
}

/// Text of a quoted string: `\"` → `"`.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out
}

/// The elements of a comma list; commas in quotes and angle brackets do not count.
pub fn elements(value: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let (mut begin, mut at) = (0, 0);
    let octets = value.as_bytes();
    while let Some(octet) = octets.get(at) {
        let rest = octets.get(at + 1..).unwrap_or_default();
        match octet {
            b'"' => at += quoted_len(rest) + 1,
            b'<' => at += memchr(b'>', rest).map_or(0, |close| close + 1),
            b',' => {
                elements.push(value.get(begin..at).unwrap_or_default().trim());
                begin = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    elements.push(value.get(begin..).unwrap_or_default().trim());
    elements.retain(|element| !element.is_empty());
    elements
}
