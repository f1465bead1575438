//! The media endpoints of an SDP body: what the index needs of it.
//!
//! Plain code: [`crate::sip::sdp::parse`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use memchr::memmem::Finder;
use wide::u8x16;

use crate::sip::scan::{line_end, position_of};

/// A media line: where media are expected, and whether they are T.38.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MediaLine {
    pub(crate) addr: Option<IpAddr>,
    pub(crate) port: u16,
    /// By kind, format or rtpmap.
    pub(crate) t38: bool,
    /// Payload type of T.38 in RTP.
    pub(crate) t38_payload_type: Option<u8>,
}

/// Media lines read of one body; a video conference has a dozen.
const MAX_MEDIA_LINES: usize = 200;

/// Reads the media lines of a body, multipart or not: only `c=`, `m=` and the rtpmap of T.38.
pub(crate) fn read(body: &[u8], out: &mut Vec<MediaLine>) {
    out.clear();
    let mut session = None;
    let wanted = Wanted::of(body);
    let mut at = 0;
    while let Some(begin) = wanted.next_line(body, at) {
        at = line_end(body, begin);
        let text = body.get(begin..at).unwrap_or_default();
        match text {
            [b'c' | b'C', _, rest @ ..] => {
                let addr = address(rest);
                match out.last_mut() {
                    Some(line) => line.addr = addr,
                    None => session = addr,
                }
            }
            [b'm' | b'M', ..] if out.len() >= MAX_MEDIA_LINES => break,
            [b'm' | b'M', _, rest @ ..] => out.extend(media(rest).map(|line| MediaLine {
                addr: session,
                ..line
            })),
            [_, _, rest @ ..] => {
                if let Some(payload_type) = t38_rtpmap(rest)
                    && let Some(line) = out.last_mut()
                {
                    line.t38 = true;
                    line.t38_payload_type = Some(payload_type);
                }
            }
            _ => {}
        }
    }
}

/// Occurs in the one attribute that is wanted: `a=rtpmap:98 t38/8000`.
static T38_ENCODING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("38/"));

/// Which lines of a body are read.
#[derive(Clone, Copy)]
struct Wanted {
    /// `a=` lines too: most bodies have many of them, but none about T.38.
    attributes: bool,
}

impl Wanted {
    fn of(body: &[u8]) -> Self {
        Self {
            attributes: T38_ENCODING.find(body).is_some(),
        }
    }

    fn is_name(self, octet: u8) -> bool {
        let name = octet | LOWER;
        name == b'c' || name == b'm' || (name == b'a' && self.attributes)
    }

    /// Where such a line may begin, one bit for each octet of `names`; `equals` are the octets one further on.
    #[inline]
    fn may_begin(self, names: [u8; 16], equals: [u8; 16]) -> u32 {
        let names = u8x16::new(names) | u8x16::splat(LOWER);
        let is = |octet: u8| names.simd_eq(u8x16::splat(octet));
        let attribute = if self.attributes {
            is(b'a')
        } else {
            u8x16::ZERO
        };
        let equal = u8x16::new(equals).simd_eq(u8x16::splat(b'='));
        ((is(b'c') | is(b'm') | attribute) & equal).to_bitmask()
    }

    /// Where the first such line at or after `from` begins.
    ///
    /// The rest of the body is skipped sixteen octets at a time.
    fn next_line(self, body: &[u8], from: usize) -> Option<usize> {
        let begins = |at: &usize| {
            let named = matches!(body.get(*at..), Some([name, b'=', ..]) if self.is_name(*name));
            let before = at.checked_sub(1).and_then(|before| body.get(before));
            named && before.is_none_or(|octet| matches!(octet, b'\r' | b'\n'))
        };
        let (names, _) = body.get(from..)?.as_chunks::<16>();
        let (equals, _) = body.get(from + 1..)?.as_chunks::<16>();
        let first = |at: usize, mut places: u32| {
            while places != 0 {
                let place = at + places.trailing_zeros() as usize;
                if begins(&place) {
                    return Some(place);
                }
                places &= places - 1;
            }
            None
        };
        let mut at = from;
        for (names, equals) in names.iter().zip(equals) {
            if let Some(place) = first(at, self.may_begin(*names, *equals)) {
                return Some(place);
            }
            at += names.len();
        }
        // The rest, in a chunk that overlaps the one before; no line begins in the last octet.
        if let Some((names, equals)) = body
            .split_last()
            .and_then(|(_, names)| Some((names.last_chunk()?, body.last_chunk()?)))
        {
            let last = body.len() - 1 - names.len();
            let places = self.may_begin(*names, *equals);
            let seen = u32::try_from(at.saturating_sub(last)).unwrap_or(u32::MAX);
            return first(at, places.unbounded_shr(seen));
        }
        (at..body.len()).find(begins)
    }
}

/// ASCII lower-case bit.
const LOWER: u8 = 0x20;

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The first word of a line, and what follows it.
fn first_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = position_of(text, *b" \t\x0C");
    let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    (!word.is_empty()).then_some((word, rest))
}

/// `IN IP4 192.0.2.1` or `IN IP6 ..`, with a TTL or count after a slash.
fn address(text: &[u8]) -> Option<IpAddr> {
    if let Some(plain) = text.strip_prefix(b"IN IP4 ").and_then(plain_v4) {
        return Some(IpAddr::V4(plain));
    }
    let word = words(text).nth(2)?;
    let word = std::str::from_utf8(word.split(|octet| *octet == b'/').next()?).ok()?;
    word.parse::<Ipv4Addr>()
        .map(IpAddr::V4)
        .or_else(|_| word.parse::<Ipv6Addr>().map(IpAddr::V6))
        .ok()
}

/// An address of four short numbers and nothing else.
fn plain_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut addr, mut points) = (0_u32, 0);
    // Of the current number; more than three digits are an error.
    let (mut number, mut digits) = (0_u32, 0);
    for octet in text {
        match octet {
            // Some read 010 as 8.
            b'0'..=b'9' if digits < 3 && (digits == 0 || number > 0) => {
                number = number * 10 + u32::from(octet - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && number < 256 && points < 3 => {
                addr = addr << 8 | number;
                points += 1;
                (number, digits) = (0, 0);
            }
            _ => return None,
        }
    }
    (digits > 0 && number < 256 && points == 3).then(|| Ipv4Addr::from_bits(addr << 8 | number))
}

/// The number of at most five digits that a text begins with, and how many they are.
fn leading_number(text: &[u8]) -> (u32, usize) {
    let digits = text
        .iter()
        .take(5)
        .take_while(|octet| octet.is_ascii_digit());
    digits.fold((0, 0), |(number, len), digit| {
        (number * 10 + u32::from(digit - b'0'), len + 1)
    })
}

/// `image 4000 udptl t38`
fn media(text: &[u8]) -> Option<MediaLine> {
    let (kind, rest) = first_word(text)?;
    let (port, rest) = first_word(rest)?;
    let is_t38 =
        |word: &[u8]| word.eq_ignore_ascii_case(b"udptl") || word.eq_ignore_ascii_case(b"t38");
    // The formats of nearly all other media are numbers: no octet has the bit that all letters have.
    let may_have_letters = |text: &[u8]| text.iter().fold(0, |all, octet| all | octet) & 0x40 != 0;
    let formats = rest.strip_prefix(b" RTP/AVP").unwrap_or(rest);
    let t38 = kind.eq_ignore_ascii_case(b"image")
        || (may_have_letters(formats) && words(rest).any(is_t38));
    Some(MediaLine {
        addr: None,
        port: self::port(port)?,
        t38,
        t38_payload_type: None,
    })
}

/// `4000`, or `4000/2` for several; 0 where it is no port.
fn port(text: &[u8]) -> Option<u16> {
    if let (number, len) = leading_number(text)
        && len == text.len()
    {
        return Some(u16::try_from(number).unwrap_or(0));
    }
    let number = text.split(|octet| *octet == b'/').next()?;
    Some(std::str::from_utf8(number).ok()?.parse().unwrap_or(0))
}

/// `rtpmap:98 t38/8000`
fn t38_rtpmap(text: &[u8]) -> Option<u8> {
    let name = text.first_chunk::<7>()?;
    if !matches!(name[0], b'r' | b'R') || !name.eq_ignore_ascii_case(b"rtpmap:") {
        return None;
    }
    let (number, rest) = first_word(text.get(name.len()..)?)?;
    let encoding = rest.trim_ascii_start().first_chunk::<4>()?;
    encoding
        .eq_ignore_ascii_case(b"t38/")
        .then(|| std::str::from_utf8(number).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::sdp;

    #[test]
    fn finds_media_and_session_addresses() {
        let body = b"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 0\r\nm=image 4000 udptl t38\r\nc=IN IP4 192.0.2.9/127\r\n";
        let mut found = Vec::new();
        read(body, &mut found);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].port, found[0].t38), (0, false));
        assert_eq!(found[1].addr, Some("192.0.2.9".parse().unwrap()));
        assert!(found[1].t38);
    }

    #[test]
    fn finds_t38_in_rtp() {
        let body = b"m=audio 6000 RTP/AVP 0 98\na=rtpmap:98 t38/8000\n";
        let mut found = Vec::new();
        read(body, &mut found);
        assert_eq!(found[0].t38_payload_type, Some(98));
    }

    #[test]
    fn finds_lines_wherever_they_stand() {
        for before in 0..40 {
            for end in ["\r\n", "\n", "\r"] {
                let text = [
                    &format!("s={} c=IN IP4 192.0.2.7 m=audio 1 x", "x".repeat(before)),
                    "C=IN IP4 192.0.2.1",
                    "a=sendrecv",
                    "M=audio 6000 RTP/AVP 0 98",
                    "a=ptime:20",
                    "a=rtpmap:98 T38/8000",
                    "m=image 4000 udptl t38",
                    "c=IN IP4 192.0.2.9",
                ];
                let mut found = Vec::new();
                read(text.join(end).as_bytes(), &mut found);
                let line = |last, port, t38_payload_type| MediaLine {
                    addr: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))),
                    port,
                    t38: true,
                    t38_payload_type,
                };
                let expected = [line(1, 6000, Some(98)), line(9, 4000, None)];
                assert_eq!(found, expected, "{before} {end:?}");
            }
        }
    }

    /// A media section, or with `None` the session's: its `c=`, and what may follow it.
    fn section(m: Option<String>) -> impl Strategy<Value = Vec<String>> {
        let connection = prop_oneof![
            Just("c=IN IP4 192.0.2.1".to_owned()),
            Just("c=IN IP4 198.51.100.27/127".to_owned()),
            Just("c=IN IP6 2001:db8::1".to_owned()),
            Just("c=IN IP4 none".to_owned()),
        ];
        let attribute = prop_oneof![
            (96_u8..128).prop_map(|number| format!("a=rtpmap:{number} t38/8000")),
            Just("a=rtpmap:0 PCMU/8000".to_owned()),
            Just("a=fmtp:98 c=1;m=2;38/".to_owned()),
            Just("a=T38FaxVersion:0".to_owned()),
            "[ -~]{0,40}".prop_map(|text| format!("a=x{text}")),
        ];
        (
            prop::option::of(connection),
            prop::collection::vec(attribute, 0..4),
        )
            .prop_map(move |(connection, attributes)| {
                m.clone()
                    .into_iter()
                    .chain(connection)
                    .chain(attributes)
                    .collect()
            })
    }

    /// Lines of a description with up to three media lines.
    fn description() -> impl Strategy<Value = Vec<String>> {
        let kinds = prop::sample::select(vec!["audio", "image", "IMAGE", "video"]);
        let ports = prop::sample::select(vec!["0", "4000", "6000/2", "65535", "65536", "x"]);
        let formats = prop::sample::select(vec![
            "RTP/AVP 0 98",
            "udptl t38",
            "UDPTL T38",
            "RTP/SAVP 8 t38",
            "TCP t38",
            "RTP/AVPF 127 96",
        ]);
        let media = (kinds, ports, formats)
            .prop_map(|(kind, port, formats)| format!("m={kind} {port} {formats}"))
            .prop_flat_map(|line| section(Some(line)));
        (section(None), prop::collection::vec(media, 0..4))
            .prop_map(|(session, media)| [session, media.concat()].concat())
    }

    proptest! {
        #[test]
        fn is_what_the_parser_gives(lines in description(), end in prop::sample::select(vec!["\r\n", "\n"])) {
            let body = lines.iter().fold(String::new(), |body, line| body + line + end);
            let mut found = Vec::new();
            read(body.as_bytes(), &mut found);
            let expected: Vec<MediaLine> = sdp::parse(body.as_bytes()).media.iter().map(|media| {
                let t38_payload_type = media.rtpmap.iter().rev()
                    .find(|(_, name, _)| name.eq_ignore_ascii_case("t38"))
                    .map(|(payload_type, ..)| *payload_type);
                MediaLine {
                    addr: media.connection,
                    port: media.port,
                    t38: media.t38.is_some() || media.proto.eq_ignore_ascii_case("udptl"),
                    t38_payload_type,
                }
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn plain_addresses_and_ports_are_read_as_any() {
        for (text, addr) in [
            ("IN IP4 192.0.2.1", Some("192.0.2.1")),
            ("IN IP4 192.0.2.1/127", Some("192.0.2.1")),
            ("IN IP4  192.0.2.1 ", Some("192.0.2.1")),
            ("in ip6 2001:db8::1", Some("2001:db8::1")),
            ("IN IP4 192.0.2.256", None),
            ("IN IP4 192.0.2", None),
            ("IN IP4 192.0.2.01", None),
            ("IN IP4 192.0.2.1.5", None),
            ("IN IP4 .0.2.1", None),
            ("IN IP4 ", None),
        ] {
            let expected = addr.map(|addr| addr.parse().unwrap());
            assert_eq!(address(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in [
            ("4000", 4000),
            ("4000/2", 4000),
            ("65535", 65_535),
            ("65536", 0),
            ("123456", 0),
            ("-", 0),
        ] {
            assert_eq!(port(text.as_bytes()), Some(expected), "{text}");
        }
    }
}
