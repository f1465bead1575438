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
///
/// Eight octets at a time: lines of a header are so short that a vector search costs more to begin than to do.
#[inline]
pub(crate) fn line_end(octets: &[u8], at: usize) -> usize {
    let rest = octets.get(at..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    for (word, place) in words.iter().zip((at..).step_by(8)) {
        if has_control(u64::from_le_bytes(*word))
            && let Some(found) = word.iter().position(|octet| ends_line(*octet))
        {
            return place + found;
        }
    }
    let found = tail.iter().position(|octet| ends_line(*octet));
    octets.len() - found.map_or(0, |found| tail.len() - found)
}

const fn ends_line(octet: u8) -> bool {
    matches!(octet, b'\r' | b'\n')
}

/// Whether an octet of a word is below 14, which of all text only ends of lines and tabs are.
const fn has_control(word: u64) -> bool {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    // Taking 14 from a smaller octet sets its top bit; those that had it set are no such octets. A borrow may mark
    // the octet after one that is marked rightly, and so changes nothing.
    word.wrapping_sub(EACH * 14) & !word & (EACH * 0x80) != 0
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
