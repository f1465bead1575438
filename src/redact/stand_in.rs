//! What stands in for what: the same thing by the same stand-in, of the same length and kind.
//!
//! A stand-in is worked out of a key and the thing itself, so nothing has to be collected first. Digits hang on the
//! digits behind them: numbers with the same end (with and without country code) have stand-ins with the same end.
//! Zeros stay, and so do `0` and `00` before a number. Of an address each octet hangs on those before it: what is of one
//! network stays so.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

/// Numbers of fewer digits may stand by chance where a longer one does not.
const TELLING: usize = 6;
/// Things that are remembered for the map.
const MOST: usize = 1 << 20;

/// Kinds of things, each with its own stand-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Digits of a telephone number.
    Number,
    /// An address.
    Address,
    /// A host name.
    Host,
    /// A word: user, tag, key.
    Word,
}

/// Makes stand-ins, and remembers them.
#[derive(Debug)]
pub(crate) struct StandIns {
    key: [u8; 16],
    known: BTreeMap<(Kind, String), String>,
    /// Words of one spelling, for speed.
    labels: HashMap<String, String>,
    /// Addresses with their stand-ins, for speed: each packet asks for two.
    addresses: HashMap<IpAddr, IpAddr>,
}

impl StandIns {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            known: BTreeMap::new(),
            labels: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    pub(crate) fn key(&self) -> [u8; 16] {
        self.key
    }

    /// All things with their stand-ins.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.known
            .iter()
            .map(|((_, thing), instead)| (thing.as_str(), instead.as_str()))
    }

    /// Whether no two things have the same stand-in, and none is another thing.
    pub(crate) fn are_sound(&self) -> bool {
        let telling = |kind: Kind, text: &str| match kind {
            Kind::Number => text.len() >= TELLING,
            Kind::Address | Kind::Host => true,
            Kind::Word => false,
        };
        let mut seen = std::collections::HashSet::new();
        self.known
            .iter()
            .filter(|((kind, thing), _)| telling(*kind, thing))
            .all(|((kind, thing), instead)| {
                let is_one = self.known.contains_key(&(*kind, instead.clone()));
                let stays = thing == instead;
                seen.insert((*kind, instead)) && (stays || !is_one)
            })
    }

    fn draw(&self, kind: &str, context: &[u8]) -> u64 {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update(kind.as_bytes());
        digest.update([0]);
        digest.update(context);
        let mut drawn = 0;
        for octet in digest.finalize().iter().take(8) {
            drawn = drawn << 8 | u64::from(*octet);
        }
        drawn
    }

    fn note(&mut self, kind: Kind, thing: &str, instead: &str) {
        if self.known.len() < MOST {
            self.known
                .insert((kind, thing.to_owned()), instead.to_owned());
        }
    }

    /// The stand-in of digits: none of them but zero stays.
    pub(crate) fn digits(&mut self, digits: &str) -> String {
        let key = (Kind::Number, digits.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let mut out: Vec<u8> = digits.bytes().collect();
        for (at, digit) in out.iter_mut().enumerate() {
            let behind = digits.get(at + 1..).unwrap_or_default();
            if (b'1'..=b'9').contains(digit) {
                let shift = self.draw("digit", behind.as_bytes()) % 8 + 1;
                let shift = u8::try_from(shift).unwrap_or(1);
                *digit = (*digit - b'1' + shift) % 9 + b'1';
            }
        }
        let out = String::from_utf8(out).unwrap_or_default();
        self.note(Kind::Number, digits, &out);
        out
    }

    /// Replaces the digits of a number, whatever stands between them.
    pub(crate) fn number(&mut self, text: &mut [u8]) {
        let digits: String = text
            .iter()
            .filter(|octet| octet.is_ascii_digit())
            .map(|octet| char::from(*octet))
            .collect();
        if digits.is_empty() {
            return;
        }
        let instead = self.digits(&digits);
        let places = text.iter_mut().filter(|octet| octet.is_ascii_digit());
        for (place, digit) in places.zip(instead.bytes()) {
            *place = digit;
        }
    }

    /// The stand-in of an address: private or public as it is, each octet with as many digits.
    pub(crate) fn address(&mut self, addr: IpAddr) -> IpAddr {
        if let Some(instead) = self.addresses.get(&addr) {
            return *instead;
        }
        let instead = match addr {
            IpAddr::V4(addr) => IpAddr::V4(self.v4(addr)),
            IpAddr::V6(addr) => match addr.to_ipv4_mapped() {
                Some(inner) => IpAddr::V6(self.v4(inner).to_ipv6_mapped()),
                None => IpAddr::V6(self.v6(addr)),
            },
        };
        if instead != addr {
            self.note(Kind::Address, &addr.to_string(), &instead.to_string());
        }
        if self.addresses.len() < MOST {
            self.addresses.insert(addr, instead);
        }
        instead
    }

    fn v4(&self, addr: Ipv4Addr) -> Ipv4Addr {
        let octets = addr.octets();
        let [a, b, ..] = octets;
        if matches!(a, 0 | 127 | 224..) {
            return addr;
        }
        // Octets that say of which kind it is stay.
        let (fixed, second): (usize, std::ops::RangeInclusive<u8>) = match (a, b) {
            (10, _) => (1, 0..=255),
            (172, 16..=31) => (1, 16..=31),
            (100, 64..=127) => (1, 64..=127),
            (192, 168) | (169, 254) => (2, 0..=255),
            _ => (0, 0..=255),
        };
        let mut out = octets;
        for (at, place) in out.iter_mut().enumerate().skip(fixed) {
            let before = octets.get(..at).unwrap_or_default();
            let own = *place;
            // As many digits.
            let alike = match own {
                0..=9 => 0..=9,
                10..=99 => 10..=99,
                100.. => 100..=255,
            };
            let is_usual = |octet: &u8| {
                let octet = *octet;
                match at {
                    0 => !matches!(octet, 0 | 10 | 100 | 127 | 169 | 172 | 192 | 198 | 224..),
                    1 => second.contains(&octet),
                    3 => !matches!(octet, 0 | 255),
                    _ => true,
                }
            };
            let class: Vec<u8> = alike.filter(is_usual).collect();
            *place = self.shifted(&class, own, before).unwrap_or(own);
        }
        Ipv4Addr::from(out)
    }

    /// Another one of a class.
    fn shifted<T: Copy + PartialEq>(&self, class: &[T], own: T, before: &[u8]) -> Option<T> {
        let size = class.len();
        let drawn = usize::try_from(self.draw("octet", before) % 0xffff).ok()?;
        match class.iter().position(|one| *one == own) {
            Some(at) if size > 1 => class.get((at + 1 + drawn % (size - 1)) % size).copied(),
            Some(_) => Some(own),
            // It is not one that may be drawn: 192 of a public address, 0 at the end.
            None if size > 20 => class.get(drawn % size).copied(),
            None => Some(own),
        }
    }

    fn v6(&self, addr: Ipv6Addr) -> Ipv6Addr {
        if addr.is_loopback() || addr.is_unspecified() || addr.is_multicast() {
            return addr;
        }
        let segments = addr.segments();
        let mut out = segments;
        for (at, place) in out.iter_mut().enumerate() {
            let own = *place;
            let before: Vec<u8> = segments
                .iter()
                .take(at)
                .flat_map(|segment| segment.to_be_bytes())
                .collect();
            let (low, high) = match (at, own) {
                (_, 0) => continue,
                (0, 0x2000..=0x3fff) => (0x2000, 0x3fff),
                (0, 0xfd00..=0xfdff) => (0xfd00, 0xfdff),
                (0, 0xfc00..=0xffff) => continue,
                (_, 1..=0xf) => (1, 0xf),
                (_, 0x10..=0xff) => (0x10, 0xff),
                (_, 0x100..=0xfff) => (0x100, 0xfff),
                (_, 0x1000..) => (0x1000, 0xffff),
            };
            let size = u64::from(high - low) + 1;
            let shift = 1 + self.draw("octet", &before) % (size - 1);
            let moved = (u64::from(own - low) + shift) % size;
            *place = low + u16::try_from(moved).unwrap_or_default();
        }
        Ipv6Addr::from(out)
    }

    /// Replaces a hardware address; those of groups stay.
    pub(crate) fn hardware_address(&self, addr: &mut [u8]) {
        let all = addr.iter().all(|octet| *octet == 0);
        if all || addr.first().is_some_and(|first| first & 1 == 1) {
            return;
        }
        let drawn = self.draw("hardware", addr).to_be_bytes();
        // Locally administered.
        for (place, octet) in addr.iter_mut().zip([2].iter().chain(&drawn)) {
            *place = *octet;
        }
    }

    /// The stand-in of an address as it is written; `None`: it is none.
    pub(crate) fn address_text(&mut self, text: &str) -> Option<String> {
        let addr: IpAddr = text.parse().ok()?;
        let instead = self.address(addr);
        let IpAddr::V6(instead) = instead else {
            return Some(instead.to_string());
        };
        if let Some(inner) = instead.to_ipv4_mapped() {
            let (before, _) = text.rsplit_once(':')?;
            return Some(format!("{before}:{inner}"));
        }
        // Written as the original is: groups left out, leading zeros, capitals.
        let segments = instead.segments();
        let (left, right) = text.split_once("::").unwrap_or((text, ""));
        let groups = |part: &str| part.split(':').filter(|group| !group.is_empty()).count();
        let behind = segments.len().saturating_sub(groups(right));
        let write = |part: &str, first: usize| {
            let written = part.split(':').enumerate().map(|(at, group)| {
                let own = segments.get(first + at).copied().unwrap_or_default();
                let width = group.len();
                match group.bytes().any(|octet| octet.is_ascii_uppercase()) {
                    _ if group.is_empty() => String::new(),
                    true => format!("{own:0width$X}"),
                    false => format!("{own:0width$x}"),
                }
            });
            written.collect::<Vec<_>>().join(":")
        };
        let mut out = write(left, 0);
        if text.contains("::") {
            out.push_str("::");
            out.push_str(&write(right, behind));
        }
        (out.len() == text.len()).then_some(out)
    }

    /// The stand-in of a host name, label by label; the last one of several says of which kind it is and stays.
    pub(crate) fn host(&mut self, host: &str) -> String {
        const OF_NOBODY: [&str; 4] = ["localhost", "invalid", "anonymous", "unknown"];
        let labels: Vec<&str> = host.split('.').collect();
        let last = labels.len() - 1;
        let out: Vec<String> = labels
            .iter()
            .enumerate()
            .map(|(at, label)| {
                let stays = OF_NOBODY.contains(&label.to_ascii_lowercase().as_str())
                    || at == last
                        && at > 0
                        && label.bytes().all(|octet| octet.is_ascii_alphabetic());
                if stays {
                    (*label).to_owned()
                } else {
                    self.scrambled(label)
                }
            })
            .collect();
        let out = out.join(".");
        if out != host {
            self.note(
                Kind::Host,
                &host.to_ascii_lowercase(),
                &out.to_ascii_lowercase(),
            );
        }
        out
    }

    /// The stand-in of a word: letters for letters, digits for digits. Runs of digits that are long enough to be a number
    /// have the stand-in of that number, wherever they stand.
    pub(crate) fn word(&mut self, word: &str) -> String {
        let out = self.scrambled(word);
        // Shorter ones are no names.
        if out != word && word.len() >= 4 {
            self.note(Kind::Word, word, &out);
        }
        out
    }

    fn scrambled(&mut self, word: &str) -> String {
        if let Some(known) = self.labels.get(word) {
            return known.clone();
        }
        let lower = word.to_ascii_lowercase();
        let hexadecimal = lower.len() >= 8 && lower.bytes().all(|octet| octet.is_ascii_hexdigit());
        let mut out: Vec<u8> = word.bytes().collect();
        for (at, octet) in out.iter_mut().enumerate() {
            let place = format!("{lower}\0{}", at / 8);
            let drawn = self.draw("word", place.as_bytes()) >> (at % 8 * 7) & 0x7f;
            let shift = u8::try_from(drawn).unwrap_or_default();
            *octet = match *octet {
                b'1'..=b'9' => (*octet - b'1' + shift % 8 + 1) % 9 + b'1',
                b'a'..=b'f' if hexadecimal => (*octet - b'a' + shift % 5 + 1) % 6 + b'a',
                b'A'..=b'F' if hexadecimal => (*octet - b'A' + shift % 5 + 1) % 6 + b'A',
                b'a'..=b'z' => (*octet - b'a' + shift % 25 + 1) % 26 + b'a',
                b'A'..=b'Z' => (*octet - b'A' + shift % 25 + 1) % 26 + b'A',
                0x80.. => b'x',
                other => other,
            };
        }
        if !hexadecimal {
            self.runs(word, &mut out);
        }
        let out = String::from_utf8(out).unwrap_or_default();
        if self.labels.len() < MOST {
            self.labels.insert(word.to_owned(), out.clone());
        }
        out
    }

    /// Runs of four digits and more.
    fn runs(&mut self, word: &str, out: &mut [u8]) {
        let mut at = 0;
        for part in word.split_inclusive(|c: char| !c.is_ascii_digit()) {
            let digits: String = part.chars().filter(char::is_ascii_digit).collect();
            if digits.len() >= 4 {
                let instead = self.digits(&digits);
                let places = out.iter_mut().skip(at);
                for (place, digit) in places.zip(instead.bytes()) {
                    *place = digit;
                }
            }
            at += part.len();
        }
    }
}
