//! SIP messages out of a byte stream (TCP; WebSocket, RFC 7118): where one ends and the next begins.
//!
//! Content-Length rules (RFC 3261 18.3), but it is checked against what follows: a wrong one costs at most
//! its own message.

use std::collections::VecDeque;

use crate::capture::{FrameNo, Timestamp};

use super::lexer::{may_begin_start, next_start, start_at};
use super::scan::looks_like_sip;

mod message;
mod websocket;

use message::{Progress, message};

/// Longest message that is put together; a longer one is given out in parts.
pub const MAX_MESSAGE: usize = 2 << 20;

/// Octets without any start line after which a stream is taken for something else.
const MAX_UNDECIDED: usize = 8 << 10;

/// What a stream is, as far as it was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Cannot be told yet.
    #[default]
    Undecided,
    /// SIP messages were found (or a WebSocket that promises them).
    Sip,
    /// Something else: the stream can be forgotten.
    NotSip,
}

/// A message with the frames it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed {
    /// The message, for [`super::parse::message`].
    pub octets: Vec<u8>,
    /// Frame and time of its first octet.
    pub first: (FrameNo, Timestamp),
    /// Frame and time of its last octet.
    pub last: (FrameNo, Timestamp),
    /// It came over a WebSocket.
    pub websocket: bool,
    /// Octets are missing: its end was lost, or is not in the capture.
    pub cut: bool,
}

/// Which octets of the buffer came with which frame: offset behind its last octet.
#[derive(Clone, Copy, Debug)]
struct Mark {
    end: u64,
    frame: FrameNo,
    at: Timestamp,
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets of the stream before the buffer.
    taken: u64,
    progress: Progress,
    marks: VecDeque<Mark>,
    verdict: Verdict,
    websocket: Option<websocket::Unwrapper>,
    undecided: usize,
}

/// What stands at the front of the buffer.
enum Next {
    /// A message of that many octets.
    Message {
        /// Its length.
        len: usize,
        /// Its end is missing.
        cut: bool,
    },
    /// Line ends between messages (RFC 3261 7.5, keep-alives of RFC 5626).
    Blank(usize),
    /// Octets that belong to no message.
    Junk(usize),
    /// An HTTP request or response that opens a WebSocket for SIP, that many octets.
    Upgrade(usize),
    /// Not all there yet.
    More,
    /// No SIP stream.
    Foreign,
}

impl Framer {
    /// A framer for one direction of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the stream is.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Octets that wait for the rest of their message.
    pub fn held(&self) -> usize {
        self.buffer.len()
            + self
                .websocket
                .as_ref()
                .map_or(0, websocket::Unwrapper::held)
    }

    /// Nothing was begun that a new framer would not know.
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && self.websocket.is_none()
    }

    /// Frame and time of the first octet that waits.
    pub fn begun(&self) -> Option<(FrameNo, Timestamp)> {
        self.marks.front().map(|mark| (mark.frame, mark.at))
    }

    /// Takes the next octets of the stream in order, and gives the messages that they complete.
    ///
    /// `gap`: octets before these were lost. What was begun before is given out as cut.
    pub fn push(&mut self, data: &[u8], frame: FrameNo, at: Timestamp, gap: bool) -> Vec<Framed> {
        let mut out = if gap { self.finish() } else { Vec::new() };
        if self.verdict == Verdict::NotSip || data.is_empty() {
            return out;
        }
        self.buffer.extend_from_slice(data);
        let end = self.taken + as_u64(self.buffer.len());
        self.marks.push_back(Mark { end, frame, at });
        self.advance(false, &mut out);
        out
    }

    /// At the end of the stream (or where octets are lost): what was begun, as cut.
    pub fn finish(&mut self) -> Vec<Framed> {
        let mut out = Vec::new();
        if let Some(websocket) = &mut self.websocket {
            websocket.reset();
        } else {
            self.advance(true, &mut out);
        }
        self.drop_front(self.buffer.len());
        out
    }

    fn advance(&mut self, last: bool, out: &mut Vec<Framed>) {
        // Offsets instead of draining at each message: many small ones in one push stay linear.
        let mut front = 0;
        loop {
            if self.websocket.is_some() {
                front = self.unwrap_frames(front, out);
                break;
            }
            match self.next(front, last) {
                Next::Message { len, cut } => {
                    self.verdict = Verdict::Sip;
                    let octets = self.buffer.get(front..front + len).unwrap_or_default();
                    out.extend(self.framed(octets.to_vec(), front, front + len, cut));
                    front += len;
                }
                Next::Blank(len) => front += len,
                Next::Junk(len) => {
                    front += len;
                    self.undecided += len;
                }
                Next::Upgrade(len) => {
                    front += len;
                    self.verdict = Verdict::Sip;
                    self.websocket = Some(websocket::Unwrapper::default());
                }
                Next::More => break,
                Next::Foreign => self.verdict = Verdict::NotSip,
            }
            self.progress = Progress::default();
            if self.verdict == Verdict::Undecided && self.undecided > MAX_UNDECIDED {
                self.verdict = Verdict::NotSip;
            }
            if self.verdict == Verdict::NotSip {
                front = self.buffer.len();
                break;
            }
        }
        self.drop_front(front);
    }

    fn next(&mut self, front: usize, last: bool) -> Next {
        let rest = self.buffer.get(front..).unwrap_or_default();
        let blank = blank(rest);
        if blank > 0 {
            return Next::Blank(blank);
        }
        if rest.is_empty() {
            return Next::More;
        }
        if start_at(rest, 0).is_some() {
            return message(rest, &mut self.progress, last);
        }
        if self.verdict == Verdict::Undecided {
            if let Some(next) = websocket::upgrade(rest) {
                return next;
            }
            if is_binary(rest) {
                return Next::Foreign;
            }
        }
        if let Some(found) = next_start(rest, 1, rest.len()) {
            return Next::Junk(found.at);
        }
        // The last line may be the beginning of a start line.
        let tail = last_line(rest);
        match rest.get(tail..) {
            Some(text) if !last && may_begin_start(text) => {
                if tail == 0 {
                    Next::More
                } else {
                    Next::Junk(tail)
                }
            }
            _ => Next::Junk(rest.len()),
        }
    }

    /// Takes WebSocket frames apart; gives the offset of the first that is not all there.
    fn unwrap_frames(&mut self, front: usize, out: &mut Vec<Framed>) -> usize {
        let Some(mut websocket) = self.websocket.take() else {
            return front;
        };
        let mut at = front;
        while let Some(frame) = websocket::frame(self.buffer.get(at..).unwrap_or_default()) {
            let begin = self.mark(at);
            at += frame.len;
            if let Some((octets, first)) = websocket.take(&frame, begin)
                && looks_like_sip(&octets)
                && let Some(last) = self.mark(at.saturating_sub(1))
            {
                out.push(Framed {
                    octets,
                    first,
                    last,
                    websocket: true,
                    cut: false,
                });
            }
        }
        self.websocket = Some(websocket);
        at
    }

    /// A message out of the octets of the buffer from `begin` to `end`.
    fn framed(&self, octets: Vec<u8>, begin: usize, end: usize, cut: bool) -> Option<Framed> {
        Some(Framed {
            octets,
            first: self.mark(begin)?,
            last: self.mark(end.checked_sub(1)?)?,
            websocket: false,
            cut,
        })
    }

    /// Frame and time of the octet at an offset of the buffer.
    fn mark(&self, offset: usize) -> Option<(FrameNo, Timestamp)> {
        let offset = self.taken + as_u64(offset);
        let found = self.marks.partition_point(|mark| mark.end <= offset);
        self.marks.get(found).map(|mark| (mark.frame, mark.at))
    }

    fn drop_front(&mut self, len: usize) {
        self.buffer.drain(..len.min(self.buffer.len()));
        self.taken += as_u64(len);
        while self
            .marks
            .front()
            .is_some_and(|mark| mark.end <= self.taken)
        {
            self.marks.pop_front();
        }
        if self.buffer.is_empty() {
            self.progress = Progress::default();
        }
    }
}

/// Line ends and NUL octets at the start of `text`.
fn blank(text: &[u8]) -> usize {
    text.iter()
        .take_while(|octet| matches!(octet, b'\r' | b'\n' | 0))
        .count()
}

/// Offset of the last line (all of it, if there is only one).
fn last_line(text: &[u8]) -> usize {
    text.iter()
        .rposition(|octet| *octet < 0x20 && *octet != b'\t')
        .map_or(0, |last| last + 1)
}

/// Whether a stream begins with something that is no text: TLS, TPKT, RTP, ..
fn is_binary(rest: &[u8]) -> bool {
    if matches!(rest, [0x14..=0x17, 3, ..]) {
        return true;
    }
    let sample = rest.get(..64).unwrap_or(rest);
    let odd = sample
        .iter()
        .filter(|octet| !(octet.is_ascii_graphic() || octet.is_ascii_whitespace()))
        .count();
    odd * 3 > sample.len() && next_start(rest, 1, rest.len()).is_none()
}

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
