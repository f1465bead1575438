//! One pass over a text: addresses, hosts, URIs, numbers, names and words are replaced, signs between them stay.

use crate::redact::stand_in::StandIns;

/// What is replaced beside addresses, hosts and users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All words and numbers but parameters that are vocabulary.
    Names,
    /// Numbers from four digits on; words stay.
    Words,
    /// Numbers from six digits on: version numbers stay.
    Program,
    /// Nothing else.
    Addresses,
    /// All words.
    Opaque,
}

/// Parameters whose values are vocabulary.
const VOCABULARY: [&str; 37] = [
    "transport",
    "ttl",
    "lr",
    "method",
    "rport",
    "ob",
    "q",
    "expires",
    "refresher",
    "cause",
    "user",
    "algorithm",
    "qop",
    "nc",
    "stale",
    "keep",
    "alias",
    "handling",
    "boundary",
    "charset",
    "reg-id",
    "party",
    "screen",
    "privacy",
    "counter",
    "reason",
    "limit",
    "index",
    "nat",
    "hc",
    "i",
    "isup-oli",
    "npdi",
    "noa",
    "comp",
    "sigcomp-id",
    "early-only",
];
/// Words that name nobody.
const OF_NOBODY: [&str; 14] = [
    "anonymous",
    "unknown",
    "unavailable",
    "restricted",
    "sip",
    "sips",
    "tel",
    "digest",
    "basic",
    "udp",
    "tcp",
    "tls",
    "in",
    "asterisk",
];
/// What a branch of RFC 3261 begins with.
const COOKIE: &str = "z9hG4bK";

/// Goes over a text.
pub(crate) struct Scanner<'t, 's> {
    text: &'t [u8],
    at: usize,
    out: Vec<u8>,
    mode: Mode,
    instead: &'s mut StandIns,
    /// Depth of texts inside texts.
    depth: u8,
}

/// Characters of a token.
fn in_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || b"._+%~!*'`-".contains(&octet)
}

impl<'t, 's> Scanner<'t, 's> {
    pub(crate) fn new(text: &'t [u8], mode: Mode, instead: &'s mut StandIns) -> Self {
        Self {
            text,
            at: 0,
            out: Vec::with_capacity(text.len()),
            mode,
            instead,
            depth: 0,
        }
    }

    /// The text with its stand-ins.
    pub(crate) fn run(mut self) -> Vec<u8> {
        while let Some(octet) = self.text.get(self.at).copied() {
            if self.uri() || self.literal() {
                continue;
            }
            if octet == b'"' {
                self.quoted();
            } else if in_token(octet) {
                self.token();
            } else {
                self.copy(1);
            }
        }
        self.out
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn copy(&mut self, count: usize) {
        let part = self.rest();
        let part = part.get(..count).unwrap_or(part);
        self.out.extend_from_slice(part);
        self.at += part.len();
    }

    /// What takes `count` octets has this stand-in.
    fn replace(&mut self, count: usize, by: &[u8]) {
        if by.len() == count {
            self.out.extend_from_slice(by);
        } else {
            self.out.extend(std::iter::repeat_n(b'x', count));
        }
        self.at += count;
    }

    /// Whether a word may begin here.
    fn at_start(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
        before.is_none_or(|octet| !in_token(*octet))
    }

    /// `sip:user@host:port`, `tel:number`, `urn:...`; parameters follow as they would elsewhere.
    fn uri(&mut self) -> bool {
        if !self.at_start() {
            return false;
        }
        let rest = self.rest();
        let begins = |scheme: &str| {
            rest.get(..scheme.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        let schemes = [
            "sip:", "sips:", "im:", "pres:", "mailto:", "http://", "https://",
        ];
        if let Some(scheme) = schemes.into_iter().find(|scheme| begins(scheme)) {
            self.copy(scheme.len());
            self.user_and_host();
            return true;
        }
        if begins("tel:") || begins("fax:") {
            self.copy(4);
            let end = self.until(b"; >,\"?\t");
            self.user(end);
            return true;
        }
        if begins("urn:") {
            self.copy(4);
            let name = self.until(b": >,;\"\t");
            self.copy(name);
            let end = self.until(b" >,;\"\t");
            let opaque = self.inner(end, Mode::Opaque);
            self.replace(end, &opaque);
            return true;
        }
        false
    }

    /// How far it is to one of these.
    fn until(&self, ends: &[u8]) -> usize {
        let rest = self.rest();
        rest.iter()
            .position(|octet| ends.contains(octet))
            .unwrap_or(rest.len())
    }

    fn user_and_host(&mut self) {
        let reach = self.until(b" >,\"\t<");
        let at_sign = self
            .rest()
            .iter()
            .take(reach)
            .position(|octet| *octet == b'@');
        if let Some(user) = at_sign {
            self.user(user);
            self.copy(1);
        }
        if self.literal() {
            return;
        }
        let end = self.rest().iter().position(|octet| !in_token(*octet));
        let end = end.unwrap_or(self.rest().len());
        self.host(end);
        self.port();
    }

    /// A port is no number.
    fn port(&mut self) {
        if let [b':', first, ..] = self.rest()
            && first.is_ascii_digit()
        {
            let digits = self
                .rest()
                .iter()
                .skip(1)
                .take_while(|octet| octet.is_ascii_digit());
            let digits = digits.count();
            self.copy(1 + digits);
        }
    }

    /// User, password and parameters of the user, each for itself; `%2B` is read as what it stands for.
    fn user(&mut self, count: usize) {
        let part = self.rest();
        let part = part.get(..count).unwrap_or(part);
        let mut out = Vec::with_capacity(count);
        for piece in part.split_inclusive(|octet| matches!(octet, b':' | b';' | b'=' | b'&')) {
            let (piece, sign) = match piece.split_last() {
                Some((sign @ (b':' | b';' | b'=' | b'&'), piece)) => (piece, Some(*sign)),
                _ => (piece, None),
            };
            out.extend(self.user_piece(piece));
            out.extend(sign);
        }
        self.replace(count, &out);
    }

    fn user_piece(&mut self, piece: &[u8]) -> Vec<u8> {
        let (mut plain, mut coded) = (Vec::new(), Vec::new());
        let mut rest = piece;
        while let Some((first, more)) = rest.split_first() {
            let hex = rest.get(1..3).and_then(|two| std::str::from_utf8(two).ok());
            let octet = hex
                .filter(|_| *first == b'%')
                .and_then(|two| u8::from_str_radix(two, 16).ok());
            coded.push(octet.is_some());
            plain.push(octet.unwrap_or(*first));
            rest = if octet.is_some() {
                rest.get(3..).unwrap_or_default()
            } else {
                more
            };
        }
        let stays = std::str::from_utf8(&plain).is_ok_and(|word| {
            let word = word.to_ascii_lowercase();
            OF_NOBODY.contains(&word.as_str())
                || ["phone-context", "rn", "npdi", "cic"].contains(&word.as_str())
        });
        let number = plain.iter().any(u8::is_ascii_digit)
            && plain
                .iter()
                .all(|octet| octet.is_ascii_digit() || b"+-.() /#*".contains(octet));
        if number {
            self.instead.number(&mut plain);
        } else if !stays {
            plain = self.words(&plain);
        }
        let mut out = Vec::with_capacity(piece.len());
        for (octet, coded) in plain.iter().zip(coded) {
            if coded {
                let upper = piece.iter().all(|octet| !octet.is_ascii_lowercase());
                let text = if upper {
                    format!("%{octet:02X}")
                } else {
                    format!("%{octet:02x}")
                };
                out.extend(text.bytes());
            } else {
                out.push(*octet);
            }
        }
        out
    }

    /// Words between signs, each by its stand-in; addresses and numbers among them too.
    fn words(&mut self, text: &[u8]) -> Vec<u8> {
        if let Ok(text) = std::str::from_utf8(text)
            && let Some(instead) = self.instead.address_text(text)
        {
            return instead.into_bytes();
        }
        let mut out = Vec::with_capacity(text.len());
        let is_word = |octet: &u8| octet.is_ascii_alphanumeric() || *octet >= 0x80;
        for run in text.chunk_by(|one, other| is_word(one) == is_word(other)) {
            match std::str::from_utf8(run) {
                Ok(word) if run.first().is_some_and(is_word) => {
                    if run.len() >= 4 && run.iter().all(u8::is_ascii_digit) {
                        out.extend(self.instead.digits(word).bytes());
                    } else if OF_NOBODY.contains(&word.to_ascii_lowercase().as_str()) {
                        out.extend_from_slice(run);
                    } else {
                        out.extend(self.instead.word(word).bytes());
                    }
                }
                Ok(_) => out.extend_from_slice(run),
                Err(_) => out.extend(std::iter::repeat_n(b'x', run.len())),
            }
        }
        out
    }

    fn host(&mut self, count: usize) {
        let part = self.rest();
        let part = part.get(..count).unwrap_or(part);
        let Ok(text) = std::str::from_utf8(part) else {
            return self.replace(count, b"");
        };
        let instead = match self.instead.address_text(text) {
            Some(instead) => instead,
            None => self.instead.host(text),
        };
        self.replace(count, instead.as_bytes());
    }

    /// An address of IPv6, in brackets or bare, or one of IPv4, with its port.
    fn literal(&mut self) -> bool {
        let rest = self.rest();
        if rest.first() == Some(&b'[') {
            let end = rest.iter().position(|octet| *octet == b']');
            let inner = end.and_then(|end| rest.get(1..end));
            if let Some(text) = inner.and_then(|inner| std::str::from_utf8(inner).ok())
                && let Some(instead) = self.instead.address_text(text)
            {
                self.copy(1);
                self.replace(text.len(), instead.as_bytes());
                self.copy(1);
                self.port();
                return true;
            }
            return false;
        }
        if !self.at_start() {
            return false;
        }
        let of = |more: &[u8]| {
            let run = rest
                .iter()
                .position(|octet| !(octet.is_ascii_hexdigit() || more.contains(octet)));
            rest.get(..run.unwrap_or(rest.len()))
        };
        for (more, port) in [(&b":."[..], false), (&b"."[..], true)] {
            let run = of(more).unwrap_or_default();
            // What is longer than the address is another word.
            let next = rest.get(run.len());
            let ends = next.is_none_or(|octet| !in_token(*octet) || *octet == b'.');
            let run = run.strip_suffix(b".").unwrap_or(run);
            if ends
                && let Ok(text) = std::str::from_utf8(run)
                && let Some(instead) = self.instead.address_text(text)
            {
                self.replace(run.len(), instead.as_bytes());
                if port {
                    self.port();
                }
                return true;
            }
        }
        false
    }

    fn inner(&mut self, count: usize, mode: Mode) -> Vec<u8> {
        let part = self.rest();
        let part = part.get(..count).unwrap_or(part);
        if self.depth > 4 {
            return vec![b'x'; part.len()];
        }
        let mut scanner = Scanner::new(part, mode, self.instead);
        scanner.depth = self.depth + 1;
        scanner.run()
    }

    fn quoted(&mut self) {
        let name = self.name_before();
        self.copy(1);
        let mut end = 0;
        let rest = self.rest();
        while let Some(octet) = rest.get(end) {
            match octet {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(rest.len());
        if VOCABULARY.contains(&name.as_str()) {
            self.copy(end);
        } else {
            let inner = self.inner(end, self.mode);
            self.replace(end, &inner);
        }
        self.copy(1);
    }

    /// The parameter that has the value which begins here.
    fn name_before(&self) -> String {
        let before = self.text.get(..self.at).unwrap_or_default();
        let Some(before) = before.strip_suffix(b"=") else {
            return String::new();
        };
        let start = before.iter().rposition(|octet| !in_token(*octet));
        let name = before
            .get(start.map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        String::from_utf8_lossy(name).to_ascii_lowercase()
    }

    fn token(&mut self) {
        let rest = self.rest();
        let count = rest
            .iter()
            .position(|octet| !in_token(*octet))
            .unwrap_or(rest.len());
        let token = rest.get(..count).unwrap_or(rest);
        let name = self.name_before();
        let next = rest.get(count).copied();
        // The name of a parameter.
        let is_name = next == Some(b'=') && self.mode != Mode::Opaque
            || name.is_empty() && self.is_flag(token, next);
        if is_name || VOCABULARY.contains(&name.as_str()) {
            return self.copy(count);
        }
        let Ok(text) = std::str::from_utf8(token) else {
            return self.replace(count, b"");
        };
        if is_host(text) && !matches!(self.mode, Mode::Program | Mode::Opaque) {
            self.host(count);
            return self.port();
        }
        let digits = token.iter().filter(|octet| octet.is_ascii_digit()).count();
        let is_number = digits > 0
            && token
                .iter()
                .all(|octet| octet.is_ascii_digit() || b"+-.".contains(octet));
        let least = match self.mode {
            Mode::Program => 6,
            Mode::Addresses => usize::MAX,
            Mode::Names | Mode::Words | Mode::Opaque => 4,
        };
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
        if before == Some(&b':') && digits == count && count <= 5 && self.mode != Mode::Opaque {
            // A port.
            return self.copy(count);
        }
        if is_number && digits >= least && !is_version(text) {
            let mut number = token.to_vec();
            self.instead.number(&mut number);
            return self.replace(count, &number);
        }
        match self.mode {
            Mode::Names | Mode::Opaque => {
                let cookie = if token.starts_with(COOKIE.as_bytes()) {
                    COOKIE.len()
                } else {
                    0
                };
                self.copy(cookie);
                let words = self.words(token.get(cookie..).unwrap_or_default());
                self.replace(count - cookie, &words);
            }
            Mode::Words | Mode::Program | Mode::Addresses => self.copy(count),
        }
    }

    /// A parameter without a value.
    fn is_flag(&self, token: &[u8], next: Option<u8>) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.get(at));
        let name = String::from_utf8_lossy(token).to_ascii_lowercase();
        before == Some(&b';')
            && matches!(next, None | Some(b';' | b'>' | b',' | b' '))
            && VOCABULARY.contains(&name.as_str())
    }
}

/// `18.12.1`: more than one dot and short parts is no telephone number.
fn is_version(text: &str) -> bool {
    text.contains('.') && text.split('.').all(|part| part.len() <= 3)
}

/// `pbx.example.com`
fn is_host(text: &str) -> bool {
    let mut labels = text.split('.');
    let last = labels.next_back().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    let mut others = labels.peekable();
    others.peek().is_some()
        && others.all(label)
        && last.len() >= 2
        && last.bytes().all(|octet| octet.is_ascii_alphabetic())
}
