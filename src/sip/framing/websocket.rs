//! WebSocket frames (RFC 6455 5.2) behind the HTTP upgrade to the subprotocol `sip` (RFC 7118).

use super::{MAX_MESSAGE, Next};
use crate::capture::{FrameNo, Timestamp};
use crate::sip::lexer::{Headers, line};

/// Octets of an HTTP head that are waited for.
const MAX_HEAD: usize = 16 << 10;

/// One frame, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Octets that it takes on the wire.
    pub len: usize,
    /// It is the first of a message.
    pub begins: bool,
    /// It is the last of a message.
    pub ends: bool,
    /// It carries (part of) a message, and is no control frame.
    pub data: bool,
    /// Its payload, unmasked.
    pub payload: Vec<u8>,
}

/// The message that is put together out of frames.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    message: Vec<u8>,
    first: Option<(FrameNo, Timestamp)>,
}

impl Unwrapper {
    /// Octets of the message that is put together.
    pub(super) fn held(&self) -> usize {
        self.message.len()
    }

    /// Forgets what was begun: octets were lost.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes a frame that began at `at`; gives the message that it completes, and where that began.
    pub(super) fn take(
        &mut self,
        frame: &Frame,
        at: Option<(FrameNo, Timestamp)>,
    ) -> Option<(Vec<u8>, (FrameNo, Timestamp))> {
        if !frame.data {
            return None;
        }
        if frame.begins {
            self.message.clear();
            self.first = at;
        }
        if self.message.len() + frame.payload.len() > MAX_MESSAGE {
            self.reset();
            return None;
        }
        self.message.extend_from_slice(&frame.payload);
        if !frame.ends {
            return None;
        }
        Some((std::mem::take(&mut self.message), self.first.take()?))
    }
}

/// The frame at the front of `rest`; `None` while it is not all there.
///
/// What cannot be a frame is passed over as a whole: after a loss a frame begins with a later segment.
pub(super) fn frame(rest: &[u8]) -> Option<Frame> {
    let (&[flags, second], after) = rest.split_first_chunk::<2>()?;
    let (len, after) = match second & 0x7F {
        126 => {
            let (len, after) = after.split_first_chunk::<2>()?;
            (u64::from(u16::from_be_bytes(*len)), after)
        }
        127 => {
            let (len, after) = after.split_first_chunk::<8>()?;
            (u64::from_be_bytes(*len), after)
        }
        len => (u64::from(len), after),
    };
    let opcode = flags & 0x0F;
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    // RSV bits: an extension (compression) that is not undone here.
    let known = matches!(opcode, 0..=2 | 8..=10) && len <= MAX_MESSAGE;
    if !known {
        return Some(Frame {
            len: rest.len(),
            begins: false,
            ends: false,
            data: false,
            payload: Vec::new(),
        });
    }
    let (mask, after) = if second & 0x80 == 0 {
        ([0; 4], after)
    } else {
        let (mask, after) = after.split_first_chunk::<4>()?;
        (*mask, after)
    };
    let (payload, left) = after.split_at_checked(len)?;
    Some(Frame {
        len: rest.len() - left.len(),
        begins: matches!(opcode, 1 | 2),
        ends: flags & 0x80 != 0,
        data: opcode <= 2 && flags & 0x70 == 0,
        payload: payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(octet, mask)| octet ^ mask)
            .collect(),
    })
}

/// Whether the stream begins with HTTP: then what to do with it.
pub(super) fn upgrade(rest: &[u8]) -> Option<Next> {
    let is_http = [&b"GET "[..], b"HTTP/1."]
        .iter()
        .any(|start| rest.starts_with(start) || start.starts_with(rest));
    if !is_http {
        return None;
    }
    let mut headers = Headers::new(rest, line(rest, 0).next);
    let (mut websocket, mut sip) = (false, false);
    for header in headers.by_ref() {
        let value = header.value.unwrap_or_default().to_ascii_lowercase();
        if header.name.eq_ignore_ascii_case(b"Upgrade") {
            websocket |= value == b"websocket";
        } else if header.name.eq_ignore_ascii_case(b"Sec-WebSocket-Protocol") {
            sip |= value
                .split(|octet| *octet == b',')
                .any(|protocol| protocol.trim_ascii() == b"sip");
        }
    }
    // A CR at the end may be half a CRLF, and the first frame begins behind it.
    let body = headers
        .body()
        .filter(|body| *body < rest.len() || rest.ends_with(b"\n"));
    Some(match body {
        Some(len) if websocket && sip => Next::Upgrade(len),
        None if rest.len() < MAX_HEAD => Next::More,
        _ => Next::Foreign,
    })
}
