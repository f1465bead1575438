//! One line of a log taken apart: time, who writes it, level, message.

use std::borrow::Cow;

use super::clock::{Calendar, Stamp};

/// Octets in which the place in the source stands: `res_fax.c:434 in ast_fax_log: `.
const SOURCE: usize = 160;
/// Levels of Asterisk, as they stand before the thread: `VERBOSE[20924]`.
const LEVELS: &[&str] = &[
    "VERBOSE", "DEBUG", "NOTICE", "WARNING", "ERROR", "FAX", "DTMF", "SECURITY", "TRACE",
];

/// Who writes a line: what tells the lines of one call from those of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    /// Asterisk: `C-000004d5`. FreeSWITCH: the UUID of the channel.
    Call(Box<str>),
    /// Asterisk: the thread, where there is no call id.
    Thread(u64),
}

/// A line taken apart.
#[derive(Clone, Debug)]
pub(super) struct Line<'l> {
    /// `None`: a line of the console, which has none, or the rest of a message of several lines.
    pub(super) stamp: Option<Stamp>,
    /// The time as it stands there.
    pub(super) stamp_text: &'l str,
    pub(super) key: Option<Key>,
    pub(super) level: &'l str,
    pub(super) message: &'l str,
    /// It begins as a line of its own does.
    pub(super) begins: bool,
}

/// The text of a line: without colours, and readable.
pub(super) fn text(line: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(0x1b, line).is_none() {
        return String::from_utf8_lossy(line);
    }
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(place) = memchr::memchr(0x1b, rest) {
        out.extend_from_slice(rest.get(..place).unwrap_or_default());
        let after = rest.get(place + 1..).unwrap_or_default();
        // ESC [ parameters letter
        rest = match after.strip_prefix(b"[") {
            Some(csi) => {
                let end = csi.iter().position(|octet| (0x40..=0x7e).contains(octet));
                end.and_then(|end| csi.get(end + 1..)).unwrap_or_default()
            }
            None => after,
        };
    }
    out.extend_from_slice(rest);
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Takes a line apart.
pub(super) fn parse<'l>(text: &'l str, calendar: &mut Calendar) -> Line<'l> {
    let (uuid, rest) = uuid(text);
    let bracket = rest.strip_prefix('[');
    let inner = bracket.unwrap_or(rest);
    let Some((stamp, end)) = calendar.read(inner.as_bytes()) else {
        return without_time(rest, uuid);
    };
    let stamp_text = inner.get(..end).unwrap_or_default();
    let rest = inner.get(end..).unwrap_or_default();
    // A zone may stand there, and what FreeSWITCH says of the idle time.
    let rest = match (bracket, rest.find(']')) {
        (Some(_), Some(close)) if close < 8 => rest.get(close + 1..).unwrap_or_default(),
        _ => rest,
    };
    let (level, after_level, thread) = level(rest);
    let call = call_id(after_level).map(|id| Key::Call(id.into()));
    Line {
        stamp: Some(stamp),
        stamp_text,
        key: uuid
            .map(|id| Key::Call(id.into()))
            .or(call)
            .or(thread.map(Key::Thread)),
        level,
        message: message(after_level),
        begins: true,
    }
}

/// Lines of the console of Asterisk (`    -- Called ...`) and of FreeSWITCH (`EXECUTE ...`) have no time.
fn without_time<'l>(text: &'l str, uuid: Option<&'l str>) -> Line<'l> {
    let trimmed = text.trim_start();
    let console = ["-- ", "== ", "> "]
        .iter()
        .find_map(|mark| trimmed.strip_prefix(mark));
    let begins = console.is_some_and(|_| trimmed.len() < text.len())
        || trimmed.starts_with("EXECUTE [")
        || uuid.is_some();
    Line {
        stamp: None,
        stamp_text: "",
        key: uuid.map(|id| Key::Call(id.into())),
        level: "",
        message: console.map_or(trimmed, str::trim_start),
        begins,
    }
}

/// The UUID of the channel that a line of FreeSWITCH begins with.
fn uuid(text: &str) -> (Option<&str>, &str) {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    const LENGTH: usize = 36;
    let Some((word, rest)) = text.split_at_checked(LENGTH) else {
        return (None, text);
    };
    let mut groups = word.split('-');
    let fits = GROUPS.iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == *length && group.bytes().all(|octet| octet.is_ascii_hexdigit())
        })
    });
    match rest.strip_prefix(' ') {
        Some(rest) if fits && groups.next().is_none() => (Some(word), rest),
        _ => (None, text),
    }
}

/// `VERBOSE[20924]`, `[DEBUG]`; what comes after it; the thread.
fn level(text: &str) -> (&str, &str, Option<u64>) {
    let head = clip(text, SOURCE);
    for (open, _) in head.match_indices('[') {
        let before = head.get(..open).unwrap_or_default();
        let inside = head.get(open + 1..).unwrap_or_default();
        let Some(close) = inside.find(']') else {
            break;
        };
        let word = inside.get(..close).unwrap_or_default();
        let rest = text.get(open + 1 + close + 1..).unwrap_or_default();
        if let Some(level) = LEVELS.iter().find(|level| before.ends_with(**level)) {
            let start = before.len() - level.len();
            let level = before.get(start..).unwrap_or_default();
            return (level, rest, word.parse().ok());
        }
        let is_level = word.len() > 2 && word.bytes().all(|octet| octet.is_ascii_uppercase());
        if is_level {
            return (word, rest, None);
        }
    }
    ("", text, None)
}

/// `[C-000004d5]`
fn call_id(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("[C-")?;
    let close = inside.find(']')?;
    let id = inside.get(..close)?;
    id.bytes()
        .all(|octet| octet.is_ascii_hexdigit())
        .then_some(id)
}

/// What comes after the place in the source.
fn message(text: &str) -> &str {
    let head = clip(text, SOURCE);
    let rest = match [".c:", ".cpp:", ".lua:"]
        .iter()
        .find_map(|end| Some((head.find(end)?, end)))
    {
        Some((place, end)) if is_file_name(head.get(..place).unwrap_or_default()) => {
            let rest = text.get(place + end.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            function(rest)
        }
        _ => text.trim_start_matches([']', ':', ' ']),
    };
    let rest = rest.trim_start();
    rest.strip_prefix("-- ")
        .map_or(rest, str::trim_start)
        .trim_end()
}

/// The text before `.c:` is the rest of the head of a line and a path, and no sentence.
fn is_file_name(text: &str) -> bool {
    let words = text.split_whitespace().filter(|word| word.len() > 1);
    words.count() <= 2
}

/// ` in ast_fax_log: text`, ` ast_fax_log: text`, ` text`.
fn function(text: &str) -> &str {
    let trimmed = text.trim_start();
    let named = trimmed.strip_prefix("in ").unwrap_or(trimmed);
    let end = named.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let Some((name, rest)) = end.and_then(|end| named.split_at_checked(end)) else {
        return text;
    };
    let is_function = name.contains('_') && name.bytes().any(|octet| octet.is_ascii_lowercase());
    match rest.strip_prefix(": ") {
        Some(rest) if is_function || named.len() < trimmed.len() => rest,
        _ => text,
    }
}

/// As much of a text as `most` octets, at a whole character.
fn clip(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
