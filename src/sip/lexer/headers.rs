//! Header fields of a message: all of them, or those that an index wants.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{MAX_HEADER, is_blank, line};

/// A header field as it stands in the message, folds inside.
#[derive(Clone, Copy, Debug)]
pub(in crate::sip) struct HeaderLine<'m> {
    /// Name without the space around it; the whole line if there is no colon.
    pub name: &'m [u8],
    /// Value, trimmed; `None`: the line has no colon.
    pub value: Option<&'m [u8]>,
}

/// The header fields from an offset on, until the blank line.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Headers<'m> {
    octets: &'m [u8],
    /// What of them is left.
    rest: &'m [u8],
    body: Option<usize>,
}

/// The octets up to where a header section that begins at `at` is cut.
pub(in crate::sip) fn head(octets: &[u8], at: usize) -> &[u8] {
    let limit = octets.len().min(at.saturating_add(MAX_HEADER));
    octets.get(..limit).unwrap_or_default()
}

impl<'m> Headers<'m> {
    /// Header fields of `octets` from `at` on.
    pub(in crate::sip) fn new(octets: &'m [u8], at: usize) -> Self {
        let octets = head(octets, at);
        Self {
            octets,
            rest: octets.get(at..).unwrap_or_default(),
            body: None,
        }
    }

    /// Where the body begins; `None` if no blank line was met (yet).
    pub(in crate::sip) const fn body(&self) -> Option<usize> {
        self.body
    }

    /// Takes the next line with the folds that belong to it; an empty line has none.
    fn take_line(&mut self) -> Option<&'m [u8]> {
        let rest = self.rest;
        let mut whole = line(rest, 0);
        while whole.end > 0 && rest.get(whole.next).copied().is_some_and(is_blank) {
            whole = line(rest, whole.next);
        }
        self.rest = rest.get(whole.next..)?;
        rest.get(..whole.end)
    }

    /// Notes that the body begins with what is left.
    fn end(&mut self) {
        self.body = Some(self.octets.len() - self.rest.len());
        self.rest = &[];
    }

    /// The next header that an index wants, with its value.
    pub(in crate::sip) fn next_wanted(&mut self) -> Option<(Wanted, &'m [u8])> {
        self.find_map(|header| Some((Wanted::of(header.name)?, header.value?)))
    }
}

/// Headers that an index wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sip) enum Wanted {
    CallId,
    From,
    To,
    CSeq,
    ContentLength,
    ContentType,
}

impl Wanted {
    /// All of them, in the order of their places.
    pub(in crate::sip) const ALL: [Self; 6] = [
        Self::CallId,
        Self::From,
        Self::To,
        Self::CSeq,
        Self::ContentLength,
        Self::ContentType,
    ];

    /// Whether its value begins with a number.
    pub(in crate::sip) const fn is_number(self) -> bool {
        matches!(self, Self::CSeq | Self::ContentLength)
    }

    /// How many tell the dialog.
    pub(in crate::sip) const TELL_DIALOG: usize = 4;

    /// Whether it tells the dialog of a message, and what the message is in it.
    pub(in crate::sip) const fn tells_dialog(self) -> bool {
        matches!(self, Self::CallId | Self::From | Self::To | Self::CSeq)
    }

    /// The wanted header of this name, in any case or compact.
    fn of(name: &[u8]) -> Option<Self> {
        if let [letter] = name {
            return match letter.to_ascii_lowercase() {
                b'i' => Some(Self::CallId),
                b'f' => Some(Self::From),
                b't' => Some(Self::To),
                b'l' => Some(Self::ContentLength),
                b'c' => Some(Self::ContentType),
                _ => None,
            };
        }
        let (known, wanted): (&[u8], Self) = match (name.len(), name.first()?) {
            (2, b'T' | b't') => (b"To", Self::To),
            (4, b'F' | b'f') => (b"From", Self::From),
            (4, b'C' | b'c') => (b"CSeq", Self::CSeq),
            // Contact has as many letters.
            (7, b'C' | b'c') if name.get(4) == Some(&b'-') => (b"Call-ID", Self::CallId),
            (12, b'C' | b'c') => (b"Content-Type", Self::ContentType),
            (14, b'C' | b'c') => (b"Content-Length", Self::ContentLength),
            _ => return None,
        };
        name.eq_ignore_ascii_case(known).then_some(wanted)
    }
}

impl<'m> Iterator for Headers<'m> {
    type Item = HeaderLine<'m>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let text = self.take_line()?;
        if text.is_empty() {
            self.end();
            return None;
        }
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
#[inline]
pub(in crate::sip) fn trimmed(text: &[u8]) -> &[u8] {
    // All white space is below.
    if let [b' ', plain @ ..] = text
        && let [b'!'..=u8::MAX, .., b'!'..=u8::MAX] = plain
    {
        return plain;
    }
    text.trim_ascii()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_headers_have_their_places() {
        for (at, wanted) in Wanted::ALL.into_iter().enumerate() {
            assert_eq!(wanted as usize, at);
        }
        let tell = Wanted::ALL
            .into_iter()
            .filter(|wanted| wanted.tells_dialog());
        assert_eq!(tell.count(), Wanted::TELL_DIALOG);
    }
}
