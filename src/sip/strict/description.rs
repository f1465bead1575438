//! What `sdp-rs` reads of a session description; the only file that names the crate.

use super::{LINES_MAX, guarded, place};
use crate::sip::{MediaKind, MediaLine, sdp};
use crate::text::lossy;

/// Lines without which it reads no description, and an example of each.
const NEEDED: [(&str, &str); 4] = [
    ("v=", "v=0"),
    ("o=", "o=- 1 1 IN IP4 192.0.2.1"),
    ("s=", "s=-"),
    ("t=", "t=0 0"),
];

/// Digits of a time in r= and z=: with more its arithmetic overflows.
const DIGITS_MAX: usize = 9;

/// What `sdp-rs` does not read, in a sentence.
pub(super) fn unread(octets: &[u8]) -> Option<String> {
    let text = lossy(octets);
    let Some(read) = read(&text) else {
        let place = refused(&text).map_or_else(String::new, |place| format!(": {place}"));
        return Some(format!("sdp-rs does not read this SDP{place}"));
    };
    let left_out = read.left_out(&text, &sdp::parse(octets).media);
    left_out.map(|left_out| format!("sdp-rs does not read this SDP: {left_out}"))
}

/// What it has read.
struct Read {
    /// Attributes of the session and of all media.
    attributes: usize,
    /// Of each media line whether an address is in force.
    media: Vec<bool>,
}

fn read(text: &str) -> Option<Read> {
    if text.lines().any(overflows) {
        return None;
    }
    let read = guarded(|| sdp_rs::SessionDescription::try_from(text).ok())?;
    let media = &read.media_descriptions;
    let of_media = media.iter().map(|media| media.attributes.len());
    Some(Read {
        attributes: read.attributes.len() + of_media.sum::<usize>(),
        media: media
            .iter()
            .map(|media| read.connection.is_some() || !media.connections.is_empty())
            .collect(),
    })
}

fn overflows(line: &str) -> bool {
    let numbers = || line.split(|c: char| !c.is_ascii_digit());
    line.starts_with(['r', 'z']) && numbers().any(|digits| digits.len() > DIGITS_MAX)
}

impl Read {
    /// What it passed over without refusing the description.
    fn left_out(&self, text: &str, media: &[MediaLine]) -> Option<String> {
        if self.media.len() < media.len() {
            return Some(format!(
                "it takes {} of {} m= lines",
                self.media.len(),
                media.len()
            ));
        }
        let unaddressed = (media.iter().zip(&self.media))
            .find(|(media, addressed)| media.connection.is_some() && !**addressed);
        if let Some((media, _)) = unaddressed {
            return Some(format!("no c= for m={}", kind(media)));
        }
        let attributes = lines(text).filter(|line| line.starts_with("a=")).count();
        (self.attributes < attributes)
            .then(|| format!("it takes {} of {attributes} a= lines", self.attributes))
    }
}

fn kind(media: &MediaLine) -> &str {
    match &media.kind {
        MediaKind::Audio => "audio",
        MediaKind::Image => "image",
        MediaKind::Other(kind) => kind,
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).filter(|line| !line.is_empty())
}

/// What is missing, or the one line without which it would read the description.
fn refused(text: &str) -> Option<String> {
    let lines: Vec<&str> = lines(text).take(LINES_MAX).collect();
    let missing = NEEDED
        .iter()
        .find(|(letter, _)| !lines.iter().any(|line| line.starts_with(letter)));
    if let Some((letter, _)) = missing {
        return Some(format!("no {letter}"));
    }
    let joined = |lines: &[&str]| lines.join("\r\n") + "\r\n";
    if read(&joined(&lines)).is_some() {
        return Some("how its lines end".to_owned());
    }
    let mut trial = lines.clone();
    for (at, line) in lines.iter().enumerate() {
        let needed = NEEDED.iter().find(|(letter, _)| line.starts_with(letter));
        if let Some(slot) = trial.get_mut(at) {
            // An attribute that nobody knows stands for a line that is not needed.
            *slot = needed.map_or("a=x", |(_, example)| *example);
        }
        if read(&joined(&trial)).is_some() || read(&without(&lines, at)).is_some() {
            return Some(place(at, line.as_bytes()));
        }
        if let Some(slot) = trial.get_mut(at) {
            *slot = line;
        }
    }
    None
}

/// All lines but one.
fn without(lines: &[&str], at: usize) -> String {
    let kept = lines.iter().enumerate().filter(|(place, _)| *place != at);
    kept.fold(String::new(), |text, (_, line)| text + line + "\r\n")
}
