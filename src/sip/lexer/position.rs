//! Looking for octets in what is short: a header value, a part of a URI.

/// Where the first octet is that is one of these.
///
/// Sixteen octets at a time: a vector search costs more to begin than this to do.
#[inline]
pub(in crate::sip) fn position_of<const N: usize>(text: &[u8], wanted: [u8; N]) -> Option<usize> {
    let (pieces, tail) = text.as_chunks::<16>();
    let mut place = 0;
    for piece in pieces {
        if has_any(piece, wanted) {
            return first_in(*piece, wanted).map(|found| place + found);
        }
        place += piece.len();
    }
    let found = tail.iter().position(|octet| wanted.contains(octet))?;
    Some(place + found)
}

/// Whether one of these octets is in a piece. All are looked at, and so the compiler looks at all at once.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "all are looked at, and so all at once"
)]
fn has_any<const N: usize>(piece: &[u8; 16], wanted: [u8; N]) -> bool {
    let is_wanted = |octet: &u8| {
        wanted
            .iter()
            .fold(false, |found, one| found | (one == octet))
    };
    piece
        .iter()
        .fold(false, |found, octet| found | is_wanted(octet))
}

/// The first of these octets in a piece.
fn first_in<const N: usize>(piece: [u8; 16], wanted: [u8; N]) -> Option<usize> {
    const EACH: u128 = u128::from_ne_bytes([1; 16]);
    let text = u128::from_le_bytes(piece);
    // An octet that is wanted becomes zero, and taking one from zero sets its top bit. Only octets behind such a one may
    // be taken for others.
    let found = wanted.iter().fold(0, |found, octet| {
        let differs = text ^ (EACH * u128::from(*octet));
        found | differs.wrapping_sub(EACH) & !differs & (EACH * 0x80)
    });
    let first = usize::try_from(found.trailing_zeros() / 8).ok()?;
    (first < piece.len()).then_some(first)
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
