//! Looking for octets in what is short: a line, a header value, a part of a URI.

use wide::u8x16;

/// Where the first octet is that is one of these.
///
/// Sixteen octets at a time: a vector search costs more to begin than this to do.
#[inline]
pub(crate) fn position_of<const N: usize>(text: &[u8], wanted: [u8; N]) -> Option<usize> {
    let (pieces, tail) = text.as_chunks();
    let mut place = 0;
    for piece in pieces {
        let found = among(piece, wanted);
        if found != 0 {
            return Some(place + first(found));
        }
        place += AT_ONCE;
    }
    // What is left, with what is before it.
    if let Some(last) = text.last_chunk() {
        let found = among(last, wanted) >> (AT_ONCE - tail.len());
        return (found != 0).then(|| place + first(found));
    }
    tail.iter().position(|octet| wanted.contains(octet))
}

/// Whether the last so many octets are all letters, digits, `-` or `.`, as those of nearly all tags are. False also
/// where they are more than are looked at in one go.
#[inline]
pub(in crate::sip) fn ends_with_word(text: &[u8], len: usize) -> bool {
    let Some(last) = text.last_chunk().filter(|_| (1..=AT_ONCE).contains(&len)) else {
        return false;
    };
    let octets = u8x16::new(*last);
    // Whether it is at least `first`, and at most so many behind it.
    let among = |octets: u8x16, first: u8, behind: u8| {
        let behind_first = octets - u8x16::splat(first);
        behind_first.min(u8x16::splat(behind)).simd_eq(behind_first)
    };
    let letters = among(octets | u8x16::splat(b' '), b'a', b'z' - b'a');
    let digits = among(octets, b'-', b'9' - b'-') & !octets.simd_eq(u8x16::splat(b'/'));
    let others = !(letters | digits).to_bitmask() & 0xFFFF;
    others >> (AT_ONCE - len) == 0
}

/// Which of the octets at `at` and after it are one of these: a bit for each of [`PIECE`] octets, none past the end.
#[inline]
pub(in crate::sip) fn places_in_piece<const N: usize>(
    text: &[u8],
    at: usize,
    wanted: [u8; N],
) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(piece) = rest.first_chunk() {
        return among_piece(piece, wanted);
    }
    // The end of the text, with what is before it.
    if let Some(piece) = text.last_chunk() {
        let places = among_piece(piece, wanted);
        return places.unbounded_shr(u32::try_from(PIECE - rest.len()).unwrap_or(u32::MAX));
    }
    let bit = |(place, octet): (usize, &u8)| u64::from(wanted.contains(octet)) << place;
    rest.iter().enumerate().map(bit).sum()
}

/// Octets that [`places_in_piece`] looks at.
pub(in crate::sip) const PIECE: usize = 64;

#[inline]
fn among_piece<const N: usize>(piece: &[u8; PIECE], wanted: [u8; N]) -> u64 {
    let (parts, _) = piece.as_chunks();
    parts.iter().rev().fold(0, |places, part| {
        places << AT_ONCE | u64::from(among(part, wanted))
    })
}

/// Which of these octets are one of the wanted: a bit for each.
#[inline]
fn among<const N: usize>(part: &[u8; AT_ONCE], wanted: [u8; N]) -> u32 {
    let octets = u8x16::new(*part);
    let equal = wanted.map(|octet| octets.simd_eq(u8x16::splat(octet)));
    equal
        .into_iter()
        .fold(u8x16::ZERO, |found, equal| found | equal)
        .to_bitmask()
}

/// Octets that the machine looks at in one go.
const AT_ONCE: usize = 16;

/// The first place of some, each of which is a bit.
const fn first(places: u32) -> usize {
    places.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_is_of_its_octets(text in prop::collection::vec(any::<u8>(), 0..40), word in "[-.0-9A-Za-z]{1,16}", odd: u8, at in 0_usize..16) {
            let word = word.as_bytes();
            let mut all = [text.as_slice(), word].concat();
            prop_assert_eq!(ends_with_word(&all, word.len()), all.len() >= AT_ONCE);
            let place = all.len() - 1 - at.min(word.len() - 1);
            all[place] = odd;
            let is_word = odd.is_ascii_alphanumeric() || matches!(odd, b'-' | b'.');
            prop_assert_eq!(ends_with_word(&all, word.len()), is_word && all.len() >= AT_ONCE);
        }

        #[test]
        fn is_where_the_first_is(
            octets in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'>'), any::<u8>(), b' '..b'~'], 0..60),
        ) {
            let wanted = |octet: &u8| matches!(octet, b'"' | b'>');
            prop_assert_eq!(position_of(&octets, *b"\">"), octets.iter().position(wanted));
            prop_assert_eq!(position_of(&octets, *b">"), octets.iter().position(|octet| *octet == b'>'));
        }
    }
}
