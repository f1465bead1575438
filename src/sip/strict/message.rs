//! What `rsip` reads of a message; the only file that names the crate.

use rsip::prelude::{HeadersExt, ToTypedHeader};

use super::{LINES_MAX, guarded, place};
use crate::sip::Message;

/// Any header with which a head is whole, to try one line of another.
const SOME_HEADER: &[u8] = b"Max-Forwards: 70";
/// Any start line, for the same.
const SOME_START: &[u8] = b"OPTIONS sip:a@192.0.2.1 SIP/2.0";

/// What `rsip` does not read, in a sentence.
pub(super) fn unread(message: &Message) -> Option<String> {
    let Some(lacking) = guarded(|| lacking(&message.raw)) else {
        let place = refused(&message.raw).map_or_else(String::new, |place| format!(": {place}"));
        return Some(format!("rsip does not read this message{place}"));
    };
    let lacking: Vec<&str> = (lacking.into_iter())
        // What is not there at all is no matter of reading.
        .filter(|name| message.header(name).is_some())
        .collect();
    let lacking = lacking.join(", ");
    (!lacking.is_empty()).then(|| format!("rsip does not read in this message: {lacking}"))
}

/// Of the headers of every message those that are not read. `None`: the message is refused.
fn lacking(octets: &[u8]) -> Option<Vec<&'static str>> {
    let message = rsip::SipMessage::try_from(octets).ok()?;
    let read = [
        (
            "Via",
            message.via_header().is_ok_and(|it| it.typed().is_ok()),
        ),
        (
            "From",
            message.from_header().is_ok_and(|it| it.typed().is_ok()),
        ),
        ("To", message.to_header().is_ok_and(|it| it.typed().is_ok())),
        ("Call-ID", message.call_id_header().is_ok()),
        (
            "CSeq",
            message.cseq_header().is_ok_and(|it| it.typed().is_ok()),
        ),
    ];
    let lacking = read.iter().filter(|(_, read)| !read);
    Some(lacking.map(|(name, _)| *name).collect())
}

fn reads(lines: [&[u8]; 2]) -> bool {
    let octets = [lines[0], b"\r\n", lines[1], b"\r\n\r\n"].concat();
    guarded(|| rsip::SipMessage::try_from(octets.as_slice()).ok()).is_some()
}

/// The first line of the head that is refused by itself.
fn refused(octets: &[u8]) -> Option<String> {
    let lines = octets.split(|octet| *octet == b'\n').take(LINES_MAX);
    for (at, line) in lines.enumerate() {
        let (line, ended) = match line.strip_suffix(b"\r") {
            Some(line) => (line, true),
            None => (line, false),
        };
        if line.is_empty() && at > 0 {
            return None;
        }
        let read = match (at, line.first()) {
            (0, _) => reads([line, SOME_HEADER]),
            // A continuation of the line before.
            (_, Some(b' ' | b'\t')) => false,
            _ => reads([SOME_START, line]),
        };
        if !ended {
            return Some(format!("{} ends without CR", place(at, line)));
        }
        if !read {
            return Some(place(at, line));
        }
    }
    None
}
