//! Lines, however they end.

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
    at + line_len(octets.get(at..).unwrap_or_default())
}

/// Octets before the first CR or LF.
///
/// Sixteen octets at a time: lines of a header are so short that a vector search costs more to begin than to do.
#[inline]
pub(in crate::sip) fn line_len(text: &[u8]) -> usize {
    let (pieces, tail) = text.as_chunks::<16>();
    let mut place = 0;
    for piece in pieces {
        if has_control(piece) {
            let found = first_control(piece);
            return match piece.get(found) {
                Some(b'\r' | b'\n') => place + found,
                _ => line_len_after(text, place),
            };
        }
        place += piece.len();
    }
    let found = tail.iter().position(|octet| ends_line(*octet));
    place + found.unwrap_or(tail.len())
}

const fn ends_line(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n')
}

/// Whether an octet is below 14, which of all text only ends of lines and tabs are. All are looked at, and so the
/// compiler looks at all at once.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "all are looked at, and so all at once"
)]
fn has_control(piece: &[u8; 16]) -> bool {
    piece
        .iter()
        .fold(false, |found, octet| found | (*octet < 14))
}

/// Where the first such octet is.
fn first_control(piece: &[u8; 16]) -> usize {
    const EACH: u128 = u128::from_ne_bytes([1; 16]);
    let text = u128::from_le_bytes(*piece);
    // Taking 14 from a smaller octet sets its top bit, and so none before the first such octet is set.
    let below = text.wrapping_sub(EACH * 14) & !text & (EACH * 0x80);
    below.trailing_zeros() as usize / 8 % piece.len()
}

/// The same for a line in which there are tabs and the like, from `place` on octet by octet.
#[cold]
fn line_len_after(text: &[u8], place: usize) -> usize {
    let rest = text.get(place..).unwrap_or_default();
    let found = rest.iter().position(|octet| ends_line(*octet));
    place + found.unwrap_or(rest.len())
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
            let found = octets[at..].iter().position(|octet| ends_line(*octet));
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
