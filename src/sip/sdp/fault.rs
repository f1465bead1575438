//! What a strict stack refuses in a session description (RFC 8866 5): the lines themselves, as written.

use super::{address, lines, split_attribute, split_line};
use crate::text::lossy;

/// Faults of one description that are told.
const MAX_FAULTS: usize = 8;
/// Characters of a line that are told.
const LINE_MAX: usize = 60;

/// A fault of a session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdpFault {
    /// The first line is not `v=` (RFC 8866 5).
    FirstLine(String),
    /// A line that must be there is missing: `o=`, `s=`, `t=`.
    Missing(&'static str),
    /// `o=` has not six fields (RFC 8866 5.2).
    Origin(String),
    /// `c=` has not three fields, another network than `IN`, or an address that is neither of its type nor a host name
    /// (RFC 8866 5.7).
    Connection(String),
    /// An `m=` line has neither a `c=` of its own nor one of the session (RFC 8866 5.7).
    NoConnection(String),
    /// `m=` without port, transport or format, or with a port that is none (RFC 8866 5.14).
    Media(String),
    /// `a=rtpmap` or `a=fmtp` without its value (RFC 8866 6.6, 6.15).
    EmptyAttribute(String),
    /// No `m=` line at all.
    NoMedia,
}

impl SdpFault {
    /// In a few words, with the line as written.
    pub fn text(&self) -> String {
        match self {
            Self::FirstLine(line) => format!("\"{line}\" before v="),
            Self::Missing(name) => format!("no {name} line"),
            Self::Origin(line) => format!("\"{line}\" has not six fields"),
            Self::Connection(line) => format!("\"{line}\" is no address"),
            Self::NoConnection(line) => format!("no c= for \"{line}\""),
            Self::Media(line) => format!("\"{line}\" is incomplete"),
            Self::EmptyAttribute(line) => format!("\"{line}\" has no value"),
            Self::NoMedia => "no m= line".to_owned(),
        }
    }
}

/// All faults of a description, in its order.
pub fn faults(octets: &[u8]) -> Vec<SdpFault> {
    let mut reader = Reader::default();
    for (place, line) in lines(octets).take(super::MAX_LINES).enumerate() {
        reader.line(place, line);
        if reader.found.len() >= MAX_FAULTS {
            return reader.found;
        }
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    found: Vec<SdpFault>,
    seen: Vec<u8>,
    session_connection: bool,
    /// The media line being read, while it has no `c=` of its own.
    bare_media: Option<String>,
    bare: Vec<String>,
}

impl Reader {
    fn line(&mut self, place: usize, line: &[u8]) {
        let told = || lossy(line).chars().take(LINE_MAX).collect::<String>();
        let Some((letter, value)) = split_line(line) else {
            if place == 0 {
                self.found.push(SdpFault::FirstLine(told()));
            }
            return;
        };
        if place == 0 && letter != b'v' {
            self.found.push(SdpFault::FirstLine(told()));
        }
        if !self.seen.contains(&letter) {
            self.seen.push(letter);
        }
        let value = lossy(value);
        match letter {
            b'o' if value.split_ascii_whitespace().count() < 6 => {
                self.found.push(SdpFault::Origin(told()));
            }
            b'c' => {
                if !is_connection(&value) {
                    self.found.push(SdpFault::Connection(told()));
                }
                self.session_connection |= !self.seen.contains(&b'm');
                self.bare_media = None;
            }
            b'm' => {
                self.bare.extend(self.bare_media.take());
                if !is_media(&value) {
                    self.found.push(SdpFault::Media(told()));
                }
                self.bare_media = Some(told());
            }
            b'a' if lacks_value(&value) => self.found.push(SdpFault::EmptyAttribute(told())),
            _ => {}
        }
    }

    fn finish(mut self) -> Vec<SdpFault> {
        for (letter, name) in [(b'v', "v="), (b'o', "o="), (b's', "s="), (b't', "t=")] {
            if !self.seen.contains(&letter) {
                self.found.push(SdpFault::Missing(name));
            }
        }
        if !self.seen.contains(&b'm') {
            self.found.push(SdpFault::NoMedia);
        }
        if !self.session_connection {
            self.bare.extend(self.bare_media.take());
            let bare = self.bare.into_iter().map(SdpFault::NoConnection);
            self.found.extend(bare);
        }
        self.found.truncate(MAX_FAULTS);
        self.found
    }
}

/// `IN IP4 192.0.2.1/127`, `IN IP6 2001:db8::1`, `IN IP4 host.example`.
fn is_connection(value: &str) -> bool {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let [network, family, host] = words.as_slice() else {
        return false;
    };
    if !network.eq_ignore_ascii_case("IN") {
        return false;
    }
    let is_v4 = family.eq_ignore_ascii_case("IP4");
    if !is_v4 && !family.eq_ignore_ascii_case("IP6") {
        return false;
    }
    match address(host) {
        Some(addr) => addr.is_ipv4() == is_v4,
        // A number alone, or something like a dotted quad, is no host name.
        None => {
            host.bytes().any(|octet| octet.is_ascii_alphabetic())
                && host.bytes().all(|octet| {
                    octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_')
                })
        }
    }
}

/// `audio 4000 RTP/AVP 0`, `image 4000/1 udptl t38`; old lines without a format are incomplete.
fn is_media(value: &str) -> bool {
    let mut words = value.split_ascii_whitespace();
    let kind = words.next().is_some();
    let port = words
        .next()
        .map(|port| port.split_once('/').map_or(port, |(port, _)| port))
        .is_some_and(|port| port.parse::<u16>().is_ok());
    kind && port && words.next().is_some() && words.next().is_some()
}

/// `rtpmap:101 ` names a payload type and nothing of it; `fmtp:101` the same.
fn lacks_value(attribute: &str) -> bool {
    let (name, value) = split_attribute(attribute);
    let is_map = name.eq_ignore_ascii_case("rtpmap");
    if !is_map && !name.eq_ignore_ascii_case("fmtp") {
        return false;
    }
    match value.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((_, rest)) if is_map => !rest.contains('/'),
        Some((_, rest)) => rest.trim().is_empty(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

    fn told(sdp: &str) -> Vec<String> {
        faults(sdp.as_bytes()).iter().map(SdpFault::text).collect()
    }

    #[test]
    fn good_descriptions_have_none() {
        for media in [
            "m=image 4000 udptl t38\r\na=T38FaxVersion:0\r\na=ptime:20\r\n",
            "m=image 4000 UDPTL T38\r\n",
            "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
            "m=image 4000 udptl t38\r\nm=audio 0 RTP/AVP 0\r\n",
        ] {
            assert_eq!(told(&format!("{GOOD}{media}")), [""; 0], "{media}");
        }
        let own = "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nt=0 0\nm=image 4000 udptl t38\nc=IN IP6 2001:db8::1\n";
        assert_eq!(told(own), [""; 0]);
        assert_eq!(
            told(&own.replace("IN IP6 2001:db8::1\n", "IN IP4 fax.example\n")),
            [""; 0]
        );
    }

    #[test]
    fn each_fault_is_told() {
        let media = "m=image 4000 udptl t38\r\n";
        for (sdp, expected) in [
            (
                format!("{GOOD}{media}").replace("c=IN IP4 192.0.2.1", "c=IN IP4 8000"),
                "\"c=IN IP4 8000\" is no address",
            ),
            (
                format!("{GOOD}{media}").replace("c=IN IP4 192.0.2.1\r\n", ""),
                "no c= for \"m=image 4000 udptl t38\"",
            ),
            (GOOD.to_owned(), "no m= line"),
            (
                format!("{GOOD}m=image udptl t38\r\n"),
                "\"m=image udptl t38\" is incomplete",
            ),
            (
                format!("{GOOD}m=audio 70000 RTP/AVP 0\r\n"),
                "\"m=audio 70000 RTP/AVP 0\" is incomplete",
            ),
            (
                format!("{GOOD}m=audio 4000 RTP/AVP 0\r\na=rtpmap:101 \r\n"),
                "\"a=rtpmap:101\" has no value",
            ),
            (
                format!("{GOOD}{media}").replace("o=- 1 1 IN IP4", "o=- 1 IN IP4"),
                "\"o=- 1 IN IP4 192.0.2.1\" has not six fields",
            ),
            (
                format!("{GOOD}{media}").replace("t=0 0\r\n", ""),
                "no t= line",
            ),
            (format!("x{GOOD}{media}"), "\"xv=0\" before v="),
        ] {
            let told = told(&sdp);
            assert!(
                told.iter().any(|told| told == expected),
                "{expected}: {told:?}"
            );
        }
    }
}
