//! Looking for octets in what is short: a line, a header value, a part of a URI.

use wide::u8x16;

/// Where the first octet is that is one of these.
///
/// Sixteen octets at a time: a vector search costs more to begin than this to do.
#[inline]
pub(in crate::sip) fn position_of<const N: usize>(text: &[u8], wanted: [u8; N]) -> Option<usize> {
    let among = |piece: &[u8; AT_ONCE]| {
        let octets = u8x16::new(*piece);
        let equal = wanted.map(|octet| octets.simd_eq(u8x16::splat(octet)));
        equal
            .into_iter()
            .fold(u8x16::ZERO, |found, equal| found | equal)
            .to_bitmask()
    };
    let (pieces, tail) = text.as_chunks();
    let mut place = 0;
    for piece in pieces {
        let found = among(piece);
        if found != 0 {
            return Some(place + first(found));
        }
        place += AT_ONCE;
    }
    // What is left, with what is before it.
    if let Some(last) = text.last_chunk() {
        let found = among(last) >> (AT_ONCE - tail.len());
        return (found != 0).then(|| place + first(found));
    }
    tail.iter().position(|octet| wanted.contains(octet))
}

/// Octets of a piece.
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
        fn is_where_the_first_is(
            octets in prop::collection::vec(prop_oneof![Just(b'"'), Just(b'>'), any::<u8>(), b' '..b'~'], 0..60),
        ) {
            let wanted = |octet: &u8| matches!(octet, b'"' | b'>');
            prop_assert_eq!(position_of(&octets, *b"\">"), octets.iter().position(wanted));
            prop_assert_eq!(position_of(&octets, *b">"), octets.iter().position(|octet| *octet == b'>'));
        }
    }
}
