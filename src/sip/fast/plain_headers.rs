//! Reads the headers that the index needs from a header section in the usual spelling.
//!
//! Plain code: [`crate::sip::lexer::Headers`], which also continues where this stops.

use crate::sip::lexer::{PIECE, Wanted, is_blank, places_in_piece, trimmed};

/// The headers that the index needs, each once, in the order of [`Wanted::ALL`].
pub(in crate::sip) type Values<'m> = [Option<&'m [u8]>; Wanted::ALL.len()];

/// Reads the headers that the index needs, from the line at `at` on, and says where it stopped.
///
/// It stops as soon as it has all headers that identify the dialog and sees the blank line; at the blank line; or before
/// the first line that is not in the usual form: it does not end with CRLF, is folded, repeats a wanted header, has no
/// number where one belongs, or may be a header in another spelling. [`crate::sip::lexer::Headers`] reads on from there.
#[inline]
pub(in crate::sip) fn plain_headers<'m>(
    octets: &'m [u8],
    at: usize,
    values: &mut Values<'m>,
) -> Stop {
    let (mut at, mut piece) = (at, at);
    let mut missing = Wanted::TELL_DIALOG;
    while piece < octets.len() {
        // One search for each line would cost more than most lines are long.
        let mut ends = places_in_piece(octets, piece, *b"\r\n");
        while ends != 0 {
            let end = piece + ends.trailing_zeros() as usize;
            let Some([first, rest @ .., b'\r', b'\n', next]) = octets.get(at..end + 3) else {
                return at_end(octets, at);
            };
            if is_blank(*next) {
                return Stop::Line(at);
            }
            match known(*first, rest) {
                Known::Unwanted => {}
                Known::Wanted(wanted, value) => {
                    let place = values.get_mut(wanted as usize);
                    let Some(place) = place.filter(|place| place.is_none()) else {
                        return Stop::Line(at);
                    };
                    let value = trimmed(value);
                    if wanted.is_number() && !value.first().is_some_and(u8::is_ascii_digit) {
                        return Stop::Line(at);
                    }
                    *place = Some(value);
                    missing -= usize::from(wanted.tells_dialog());
                    if missing == 0
                        && let Some(body) = after_blank_line(octets, end)
                    {
                        let from = end + 2;
                        return Stop::Enough { from, body };
                    }
                }
                Known::No => return Stop::Line(at),
            }
            at = end + 2;
            // Clears the bits of CR and LF; if the LF is in the next piece, no bit is left.
            ends &= ends.wrapping_sub(1);
            ends &= ends.wrapping_sub(1);
        }
        piece = (piece + PIECE).max(at);
    }
    Stop::Line(at)
}

/// Where [`plain_headers`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sip) enum Stop {
    /// The dialog is known: the headers from `from` on need not be read; the body begins at `body`.
    Enough { from: usize, body: usize },
    /// The body begins here.
    Body(usize),
    /// The next line to read, or the end, is here.
    Line(usize),
}

/// What begins at `at`: the blank line, or something else.
fn at_end(octets: &[u8], at: usize) -> Stop {
    match octets.get(at..) {
        Some([b'\r', b'\n', ..]) => Stop::Body(at + 2),
        _ => Stop::Line(at),
    }
}

/// Where the body begins, searched from the end of a line on. `None`: there is no blank line, or a CR or LF that is not
/// part of a CRLF before or shortly after it.
#[inline]
fn after_blank_line(octets: &[u8], line_end: usize) -> Option<usize> {
    let mut piece = line_end;
    // Places of CR in the piece before.
    let mut before = 0_u64;
    while piece < octets.len() {
        let cr = places_in_piece(octets, piece, *b"\r");
        let lf = places_in_piece(octets, piece, *b"\n");
        if lf != (cr << 1 | before >> (PIECE - 1)) {
            return None;
        }
        // CRLF CR: a CR two octets after another.
        let twice = cr & (cr << 2 | before >> (PIECE - 2));
        if twice != 0 {
            let body = piece + twice.trailing_zeros() as usize + 2;
            return (octets.get(body - 1) == Some(&b'\n')).then_some(body);
        }
        before = cr;
        piece += PIECE;
    }
    None
}

/// What the first octets of a header say about it.
enum Known<'m> {
    /// Not needed.
    Unwanted,
    /// Needed; its value.
    Wanted(Wanted, &'m [u8]),
    /// Cannot be told by them.
    No,
}

/// Classifies a header by its first octet and the rest of its line.
#[inline]
fn known(first: u8, rest: &[u8]) -> Known<'_> {
    let is = |wanted, name: &[u8]| match rest.strip_prefix(name) {
        Some(value) => Known::Wanted(wanted, value),
        None => Known::No,
    };
    match first {
        b'V' | b'M' | b'U' | b'S' | b'A' | b'R' | b'P' | b'E' | b'D' => Known::Unwanted,
        b'F' => is(Wanted::From, b"rom:"),
        b'T' => is(Wanted::To, b"o:"),
        b'C' => match rest.first_chunk() {
            Some(b"Seq:") => is(Wanted::CSeq, b"Seq:"),
            Some(b"onta") => Known::Unwanted,
            Some(b"all-") => is(Wanted::CallId, b"all-ID:"),
            Some(b"onte") => match is(Wanted::ContentLength, b"ontent-Length:") {
                Known::No => is(Wanted::ContentType, b"ontent-Type:"),
                known => known,
            },
            _ => Known::No,
        },
        _ => Known::No,
    }
}

#[cfg(test)]
pub(in crate::sip) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::lexer::Headers;

    /// A header section: lines that mostly end as usual, headers that the index needs.
    pub(in crate::sip) fn section() -> impl Strategy<Value = Vec<u8>> {
        let name = prop_oneof![
            Just("Call-ID"),
            Just("From"),
            Just("To"),
            Just("CSeq"),
            Just("Via"),
            Just("t"),
            Just("Contact"),
            Just("Content-Type"),
            Just("Content-Length"),
            Just("content-TYPE"),
            Just("X"),
        ];
        let value = prop_oneof![6 => "[ -~]{0,90}", 3 => "[0-9]{1,5} ?[A-Z]{0,6}", 1 => "[ -~\r\n\t]{0,20}"];
        let end = prop_oneof![60 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n "), 6 => Just("\r\n\r\n")];
        let line =
            (name, value, end).prop_map(|(name, value, end)| format!("{name}: {value}{end}"));
        prop::collection::vec(line, 0..14).prop_map(|lines| lines.concat().into_bytes())
    }

    #[test]
    fn headers_after_those_of_the_dialog_are_skipped() {
        let tells = "Call-ID: a@b\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCSeq: 1 INVITE\r\n";
        let stop = |rest: &str| {
            let mut values = Values::default();
            let text = format!("{tells}{rest}");
            let stop = plain_headers(text.as_bytes(), 0, &mut values);
            assert!(values.iter().take(4).all(Option::is_some), "{rest:?}");
            stop
        };
        let from = tells.len();
        // The blank line at any place of a piece, and on its edge.
        for len in 0..200 {
            let rest = format!("Contact: {}\r\n\r\n", "x".repeat(len));
            let body = from + rest.len();
            assert_eq!(stop(&rest), Stop::Enough { from, body });
            assert_eq!(stop(&format!("{rest}v=0\r\n")), Stop::Enough { from, body });
        }
        assert_eq!(
            stop("\r\n"),
            Stop::Enough {
                from,
                body: from + 2
            }
        );
        // Other line ends, or none, are left to the plain code.
        for odd in [
            "\n\nv=0",
            "Contact: x\n\r\n",
            "Contact: x\r\n\r",
            "Contact: x\r\n",
        ] {
            assert!(!matches!(stop(odd), Stop::Enough { .. }), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_code(octets in section()) {
            let mut values = Values::default();
            let (from, body) = match plain_headers(&octets, 0, &mut values) {
                Stop::Enough { from, body } => (from, Some(body)),
                Stop::Body(body) => (body, Some(body)),
                Stop::Line(at) => (at, None),
            };
            let mut expected = Values::default();
            let mut headers = Headers::new(&octets, 0);
            while let Some((wanted, value)) = headers.next_wanted() {
                let begin = value.as_ptr().addr() - octets.as_ptr().addr();
                if begin < from {
                    expected[wanted as usize].get_or_insert(value);
                }
            }
            prop_assert_eq!(values, expected);
            if body.is_some() {
                prop_assert_eq!(body, headers.body());
            }
        }
    }
}
