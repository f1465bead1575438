//! Lines, however they end.

use super::position_of;

/// A line of a message.
#[derive(Clone, Copy, Debug)]
pub(in crate::sip) struct Line {
    /// Where its text ends.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

/// The line that begins at `at`. CRLF, LF, CR and CRCRLF end a line.
#[inline]
pub(in crate::sip) fn line(octets: &[u8], at: usize) -> Line {
    let end = line_end(octets, at);
    let len = match octets.get(end..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r', b'\r', b'\n', ..]) => 3,
        Some([_, ..]) => 1,
        _ => 0,
    };
    Line {
        end,
        next: end + len,
    }
}

/// Where the line at `at` ends: at the first CR or LF, or where the octets do.
#[inline]
pub(crate) fn line_end(octets: &[u8], at: usize) -> usize {
    let rest = octets.get(at..).unwrap_or_default();
    at + position_of(rest, *b"\r\n").unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ends_where_the_first_cr_or_lf_is(
            octets in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), 0_u8..32, any::<u8>(), 32_u8..127, 32_u8..127], 0..60),
            at in 0_usize..60,
        ) {
            let at = at.min(octets.len());
            let found = octets[at..].iter().position(|octet| matches!(octet, b'\r' | b'\n'));
            prop_assert_eq!(line_end(&octets, at), found.map_or(octets.len(), |found| at + found));
        }
    }

    #[test]
    fn any_line_end_is_one() {
        for (text, next) in [
            (&b"a\r\nb"[..], 3),
            (b"a\nb", 2),
            (b"a\rb", 2),
            (b"a\r\r\nb", 4),
            (b"a", 1),
            (b"a\r\rb", 2),
        ] {
            let line = line(text, 0);
            assert_eq!((line.end, line.next), (1, next), "{text:?}");
        }
    }
}
