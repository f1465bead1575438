//! Where a message ends: by its Content-Length, checked against what follows it.

use super::{MAX_MESSAGE, Next, blank, last_line};
use crate::sip::lexer::{Found, has_version, line, may_begin_start, next_start, start_at};
use crate::sip::scan::scan;

/// What is known of the message at the front of the buffer, so that no octet is searched twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Where its body begins, and what its header says of it.
    body: Option<Body>,
    /// A line start; nothing before it has to be looked at again.
    searched: usize,
    /// In the body: no `SIP/` that begins before it has to be looked at again.
    clean: usize,
}

/// What the header section of a message says of its body.
#[derive(Clone, Copy, Debug)]
struct Body {
    /// Where it begins.
    at: usize,
    /// `Content-Length`, if it is a number.
    length: Option<usize>,
    /// There is a `Content-Type`.
    typed: bool,
    /// It may hold start lines itself.
    carries_messages: bool,
}

/// How far the message at the start of `rest` goes. `progress`: of earlier calls.
pub(super) fn message(rest: &[u8], progress: &mut Progress, last: bool) -> Next {
    let unfinished = if last || rest.len() > MAX_MESSAGE {
        Next::Message {
            len: rest.len(),
            cut: true,
        }
    } else {
        Next::More
    };
    let Some(known) = body_of(rest, progress, last) else {
        return unfinished;
    };
    let body = known.at;
    let whole = |len| Next::Message { len, cut: false };
    let length = known.length.map(|length| body.saturating_add(length));
    let Some(total) = length.filter(|total| *total <= MAX_MESSAGE) else {
        return match within(rest, body, progress) {
            Some(found) => whole(found.at),
            None if !known.typed && length.is_none() => whole(body),
            None if rest.len() == body || rest.ends_with(b"\n") || rest.ends_with(b"\r") => {
                whole(rest.len())
            }
            None => unfinished,
        };
    };
    let present = rest.get(..total).unwrap_or(rest);
    // A start line within the body: the length is wrong, unless messages are what the body carries.
    if !known.carries_messages
        && let Some(found) = within(present, body, progress)
    {
        return Next::Message {
            len: found.at,
            cut: total > found.at,
        };
    }
    match rest.get(total..) {
        None => unfinished,
        Some(beyond) => whole(total + overhang(beyond)),
    }
}

/// A start line in the body of a message. What was looked at is not looked at again, but for the end: there a
/// start line may only have begun.
fn within<'m>(present: &'m [u8], body: usize, progress: &mut Progress) -> Option<Found<'m>> {
    let from = body.max(progress.searched);
    let new = from.max(progress.clean);
    let found = has_version(present, new)
        .then(|| next_start(present, from, present.len()))
        .flatten();
    if found.is_none() {
        let line = last_line(present.get(new..).unwrap_or_default());
        if line > 0 {
            progress.searched = new + line;
        }
        progress.clean = present.len().saturating_sub(MAX_VERSION);
    }
    found
}

/// A `SIP/` further from the end than this is judged: version, status and line end follow it.
const MAX_VERSION: usize = 64;

/// Octets behind a message that still belong to it, because its Content-Length is too small.
fn overhang(beyond: &[u8]) -> usize {
    let blank = blank(beyond);
    let text = beyond.get(blank..).unwrap_or_default();
    if text.is_empty() || start_at(text, 0).is_some() || may_begin_start(text) {
        return 0;
    }
    if let Some(found) = next_start(text, 1, text.len()) {
        return blank + found.at;
    }
    let tail = last_line(text);
    let next_begins = text.get(tail..).is_some_and(may_begin_start);
    blank + if next_begins { tail } else { text.len() }
}

/// The body, once all of the header section is there; it is looked at once, however many pieces follow.
fn body_of(rest: &[u8], progress: &mut Progress, last: bool) -> Option<Body> {
    if progress.body.is_none() {
        let at = header_end(rest, progress, last)?;
        let brief = scan(rest.get(..at)?)?;
        progress.body = Some(Body {
            at,
            length: brief.content_length(),
            typed: brief.content_type().is_some(),
            carries_messages: brief.content_type().is_some_and(carries_messages),
        });
    }
    progress.body
}

/// Where the body begins: behind the blank line.
fn header_end(rest: &[u8], progress: &mut Progress, last: bool) -> Option<usize> {
    loop {
        let at = progress.searched;
        let found = line(rest, at);
        if found.end == rest.len() {
            return None;
        }
        // A CR at the end may be half a CRLF.
        if found.next == rest.len() && rest.ends_with(b"\r") && !last {
            return None;
        }
        if found.end == at {
            return Some(found.next);
        }
        progress.searched = found.next;
    }
}

/// Body types that hold SIP start lines themselves.
fn carries_messages(content_type: &[u8]) -> bool {
    [&b"message/"[..], b"multipart/", b"text/"]
        .iter()
        .any(|start| {
            content_type
                .get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        })
}
