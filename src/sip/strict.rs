//! A second opinion: what the parsers of two crates, `rsip` and `sdp-rs`, do not read in a message, and where.
//!
//! They refuse legal input too (a folded header, an IPv6 address in the request URI), so this stands beside the decode
//! and is evidence of nothing. Without the feature `strict` nothing is said.

#[cfg(feature = "strict")]
mod description;
#[cfg(feature = "strict")]
mod message;
#[cfg(test)]
#[cfg(feature = "strict")]
mod tests;

use super::Message;

/// Octets of a message that the crates are asked about.
#[cfg(feature = "strict")]
const OCTETS_MAX: usize = 16 * 1024;

/// Lines of a head, or of a description, that are tried one by one to find the place.
#[cfg(feature = "strict")]
const LINES_MAX: usize = 100;

/// Columns of a line that are quoted.
#[cfg(feature = "strict")]
const QUOTED_MAX: usize = 70;

/// What the crates do not read of a whole message, a sentence each. Empty: nothing to say.
#[cfg(feature = "strict")]
pub fn opinions(message: &Message) -> Vec<String> {
    if message.raw.len() > OCTETS_MAX {
        return Vec::new();
    }
    let mut said: Vec<String> = message::unread(message).into_iter().collect();
    let bodies = message.bodies();
    let descriptions = bodies.iter().filter(|body| body.is_sdp());
    said.extend(descriptions.filter_map(|body| description::unread(body.octets)));
    said
}

/// What the crates do not read: nobody asks them.
#[cfg(not(feature = "strict"))]
pub fn opinions(_message: &Message) -> Vec<String> {
    Vec::new()
}

/// What a parser gives; `None` too where it panics, which the crates are known to do on some input.
#[cfg(feature = "strict")]
fn guarded<T>(parse: impl FnOnce() -> Option<T>) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(parse)).unwrap_or(None)
}

/// `line 4, "c=IN IP4 pbx.example"`
#[cfg(feature = "strict")]
fn place(at: usize, line: &[u8]) -> String {
    let line = crate::text::lossy(line);
    let mut quoted: String = line.chars().take(QUOTED_MAX).collect();
    if quoted.len() < line.len() {
        quoted.push('…');
    }
    format!("line {}, \"{quoted}\"", at + 1)
}
