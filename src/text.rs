//! Text from the network, made harmless: nothing else may reach a terminal or a file name.

use std::borrow::Cow;
use std::fmt;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Makes control characters, bidirectional overrides and other invisible characters visible.
///
/// C0 and DEL become control pictures (`␛`), everything else that hides or reorders becomes `\u{..}`.
/// Borrows where nothing has to change.
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain_ascii(text) || !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\u{7f}' => out.push('␡'),
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
            c if is_hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a text is printable ASCII, as nearly all is: nothing in it is hostile, each octet is one column wide.
pub fn is_plain_ascii(text: &str) -> bool {
    // Without a comparison: the top bit tells what is below 0x20, is 0x7f, or is no ASCII. (A fuzzer looks at each
    // comparison, and this is nearly all that there would be.)
    let bits = text.bytes().fold(0, |bits, octet| {
        bits | octet | octet.wrapping_sub(0x20) | octet.wrapping_add(1)
    });
    bits & 0x80 == 0
}

/// Text out of octets that should be UTF-8 (RFC 3261 7.3.1); what is not becomes U+FFFD.
pub fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// `1 page`, `2 pages`: a number and what it counts, in the singular or plural.
pub fn count<N: Copy + fmt::Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    format!("{number} {}", noun(number, one))
}

/// `page`, `pages`: the noun alone, where the number is written in another way.
pub fn noun<N: Copy + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{one}{plural}")
}

/// Whether a character could steer a terminal, hide, or reorder what stands beside it: by its Unicode properties,
/// those of control, of format, of line ends, and what is drawn as nothing.
pub fn is_hostile(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Of some names the one that a word was most likely meant to be.
pub fn alike<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    const LIKE: f64 = 0.8;
    let likeness = |name: &str| strsim::jaro_winkler(word, name);
    let best = (names.into_iter()).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) >= LIKE).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_escape_sequences_visible() {
        assert_eq!(visible("\x1b[2J"), "␛[2J");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(visible("\u{9b}31m\r\n\x7f"), "\\u{9b}31m␍␊␡");
    }

    #[test]
    fn what_hides_or_reorders_is_hostile_by_property() {
        let hostile = "\u{0}\u{7f}\u{85}\u{9b}\u{ad}\u{34f}\u{600}\u{61c}\u{6dd}\u{70f}\u{115f}\u{17b4}\u{180e}\u{200b}\
                       \u{200f}\u{2028}\u{2029}\u{202e}\u{2065}\u{2069}\u{3164}\u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{fffb}\
                       \u{110bd}\u{13430}\u{1bca0}\u{1d173}\u{e0001}\u{e0fff}";
        for c in hostile.chars() {
            assert!(is_hostile(c), "{c:?}");
        }
        for c in "aé ß漢🎃\u{a0}…→\u{301}\u{fffd}".chars() {
            assert!(!is_hostile(c), "{c:?}");
        }
    }

    #[test]
    fn plain_ascii_is_what_prints() {
        for octet in 0..=0x7f_u8 {
            let text = char::from(octet).to_string();
            let plain = octet == b' ' || octet.is_ascii_graphic();
            assert_eq!(is_plain_ascii(&text), plain, "{octet}");
        }
        assert!(!is_plain_ascii("\u{80}") && !is_plain_ascii("ÿ"));
    }

    #[test]
    fn counts_in_singular_and_plural() {
        assert_eq!(count(1_u32, "page"), "1 page");
        assert_eq!(noun(1_000_u64, "packet"), "packets");
        assert_eq!(count(0_u32, "page"), "0 pages");
        assert_eq!(count(2_u64, "bad frame"), "2 bad frames");
    }

    #[test]
    fn borrows_plain_text() {
        assert!(matches!(visible("Grüße 003"), Cow::Borrowed(_)));
    }

    #[test]
    fn near_words_are_found() {
        let names = ["calls", "flow", "check", "pages"];
        assert_eq!(alike("chekc", names), Some("check"));
        assert_eq!(alike("call", names), Some("calls"));
        assert_eq!(alike("fax.pcap", names), None);
        assert_eq!(alike("", names), None);
    }
}
