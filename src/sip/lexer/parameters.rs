//! Parameters of header values, and the addresses before them.

use memchr::{memchr, memchr2, memchr3};

/// The `;name=value` parameters of a header value, behind its name-addr, up to a comma.
#[derive(Clone, Debug)]
pub(in crate::sip) struct Parameters<'m> {
    rest: &'m [u8],
}

impl<'m> Parameters<'m> {
    /// Parameters of the first element of `value`.
    pub(in crate::sip) fn of(value: &'m [u8]) -> Self {
        let after = after_address(value);
        let at = memchr2(b';', b',', after).unwrap_or(after.len());
        Self {
            rest: after.get(at..).unwrap_or_default(),
        }
    }

    /// The value of the parameter `name` (any case) of the first element of `value`.
    pub(in crate::sip) fn find(value: &'m [u8], name: &[u8]) -> Option<&'m [u8]> {
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
pub(in crate::sip) fn quoted_len(text: &[u8]) -> usize {
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
