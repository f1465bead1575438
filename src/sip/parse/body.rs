//! Bodies: the parts of a multipart body (RFC 2046 5.1), and the session description among them.

use memchr::memmem;

use super::parameter;
use crate::sip::lexer::{Headers, line, unfold};
use crate::sip::{Message, Sdp, sdp};
use crate::text::lossy;

/// Multipart bodies inside each other that are opened.
const MAX_DEPTH: usize = 4;

/// Parts of a message that are looked at.
const MAX_PARTS: usize = 64;

/// A body, or a part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body<'m> {
    /// Content-Type as written; empty if none is given.
    pub content_type: String,
    /// The octets.
    pub octets: &'m [u8],
}

impl Body<'_> {
    /// Media type in lower case, without parameters: `application/sdp`.
    pub fn media_type(&self) -> String {
        let end = self
            .content_type
            .find(';')
            .unwrap_or(self.content_type.len());
        self.content_type
            .get(..end)
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// Whether it is a session description, by type or by how it begins.
    pub fn is_sdp(&self) -> bool {
        let text = self.octets.trim_ascii_start();
        text.starts_with(b"v=0")
            || (self.media_type() == "application/sdp" && !text.trim_ascii().is_empty())
    }
}

impl Message {
    /// Octets of the whole body.
    pub fn body(&self) -> &[u8] {
        self.raw.get(self.body.clone()).unwrap_or_default()
    }

    /// The body, or the parts of a multipart body (nested ones opened), in order; none if it is empty.
    pub fn bodies(&self) -> Vec<Body<'_>> {
        let mut parts = Vec::new();
        let whole = Body {
            content_type: self.header("Content-Type").unwrap_or_default().to_owned(),
            octets: self.body(),
        };
        if !whole.octets.is_empty() {
            open(whole, 0, &mut parts);
        }
        parts
    }

    /// The session description, wherever in the body it is.
    pub fn sdp(&self) -> Option<Sdp> {
        self.sdp_text().map(sdp::parse)
    }

    /// Octets of the session description.
    pub fn sdp_text(&self) -> Option<&[u8]> {
        self.bodies()
            .into_iter()
            .find(Body::is_sdp)
            .map(|body| body.octets)
    }
}

fn open<'m>(body: Body<'m>, depth: usize, parts: &mut Vec<Body<'m>>) {
    if parts.len() >= MAX_PARTS {
        return;
    }
    if !body.media_type().starts_with("multipart/") || depth == MAX_DEPTH {
        parts.push(body);
        return;
    }
    let Some(delimiter) = delimiter(&body) else {
        parts.push(body);
        return;
    };
    for octets in split(body.octets, &delimiter) {
        open(part(octets), depth + 1, parts);
    }
}

/// `--boundary`; if no boundary is named, what the first line says.
fn delimiter(body: &Body<'_>) -> Option<Vec<u8>> {
    let named = parameter(&body.content_type, "boundary").filter(|name| !name.is_empty());
    if let Some(name) = named {
        let delimiter = format!("--{name}").into_bytes();
        if memmem::find(body.octets, &delimiter).is_some() {
            return Some(delimiter);
        }
    }
    let text = body.octets.trim_ascii_start();
    let first = text.get(..line(text, 0).end)?.trim_ascii_end();
    (first.len() > 2 && first.starts_with(b"--")).then(|| first.to_vec())
}

/// What stands between the delimiter lines; the last part need not be closed.
fn split<'m>(octets: &'m [u8], delimiter: &[u8]) -> Vec<&'m [u8]> {
    let mut parts = Vec::new();
    let mut begin = None;
    for found in memmem::find_iter(octets, delimiter) {
        let before = found.checked_sub(1).and_then(|at| octets.get(at));
        if before.is_some_and(|octet| !matches!(octet, b'\r' | b'\n')) {
            continue;
        }
        if let Some(begin) = begin {
            parts.push(without_line_end(
                octets.get(begin..found).unwrap_or_default(),
            ));
        }
        let after = found + delimiter.len();
        if octets
            .get(after..)
            .is_some_and(|rest| rest.starts_with(b"--"))
        {
            return parts;
        }
        begin = Some(line(octets, after).next);
    }
    parts.extend(begin.and_then(|begin| octets.get(begin..)));
    parts
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(octets: &[u8]) -> &[u8] {
    octets
        .strip_suffix(b"\r\n")
        .or_else(|| octets.strip_suffix(b"\n"))
        .or_else(|| octets.strip_suffix(b"\r"))
        .unwrap_or(octets)
}

fn part(octets: &[u8]) -> Body<'_> {
    // Some leave out the part's headers and the blank line with them.
    if octets.trim_ascii_start().starts_with(b"v=0") {
        return Body {
            content_type: String::new(),
            octets,
        };
    }
    let mut headers = Headers::new(octets, 0);
    let mut content_type = String::new();
    for header in headers.by_ref() {
        let named = [&b"Content-Type"[..], b"c"]
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name));
        if let (true, Some(value)) = (named, header.value) {
            content_type = lossy(&unfold(value));
        }
    }
    Body {
        content_type,
        octets: headers
            .body()
            .and_then(|at| octets.get(at..))
            .unwrap_or_default(),
    }
}
