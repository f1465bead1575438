//! What TCP carries: put in order, replaced as a whole, and given back to the segments, repeats among them.

use std::collections::HashMap;

use crate::capture::{Endpoint, FrameNo, Packet, Transport};
use crate::redact::capture::{Contents, MediaPath, Patches};
use crate::redact::sip;
use crate::text::lossy;

/// Octets of all connections that are kept; what comes after them is blank.
const MOST: usize = 256 << 20;
/// Longest stretch of one direction.
const LONGEST: usize = 32 << 20;

/// A segment: the frame, where its payload lies in it, its place in the stream.
struct Segment {
    frame: FrameNo,
    at: usize,
    place: i64,
    octets: Vec<u8>,
}

/// Both directions of all connections.
#[derive(Default)]
pub(super) struct Connections {
    directions: HashMap<(Endpoint, Endpoint), (u32, Vec<Segment>)>,
    held: usize,
}

impl Connections {
    pub(super) fn add(&mut self, packet: &Packet<'_>, frame_offset: u64) {
        let Transport::Tcp { seq, syn, .. } = packet.transport else {
            return;
        };
        let at = packet
            .offset
            .and_then(|offset| offset.checked_sub(frame_offset));
        let Some(at) = at.and_then(|at| usize::try_from(at).ok()) else {
            return;
        };
        if packet.payload.is_empty() {
            return;
        }
        let seq = if syn { seq.wrapping_add(1) } else { seq };
        let path = (packet.src, packet.dst);
        let (base, segments) = self.directions.entry(path).or_insert((seq, Vec::new()));
        // Beside the last one: a connection may be longer than the numbers go.
        let last = segments.last().map_or(0, |last| last.place);
        let expected = base.wrapping_add(u32::try_from(last & 0xffff_ffff).unwrap_or_default());
        let step = i64::from(seq.wrapping_sub(expected).cast_signed());
        self.held += packet.payload.len();
        let octets = if self.held > MOST {
            vec![0; packet.payload.len()]
        } else {
            packet.payload.to_vec()
        };
        segments.push(Segment {
            frame: packet.frame,
            at,
            place: last + step,
            octets,
        });
    }

    pub(super) fn finish(self, contents: &mut Contents<'_>, patches: &mut Patches) {
        for (path, (_, segments)) in self.directions {
            direction(path, segments, contents, patches);
        }
    }
}

/// One direction: stretches without a gap, each replaced as a whole.
fn direction(
    path: MediaPath,
    segments: Vec<Segment>,
    contents: &mut Contents<'_>,
    patches: &mut Patches,
) {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|at| segments.get(*at).map(|segment| segment.place));
    let mut stretches: Vec<(i64, Vec<u8>)> = Vec::new();
    for segment in order.iter().filter_map(|at| segments.get(*at)) {
        let end = stretches
            .last()
            .map(|(start, octets)| start + i64::try_from(octets.len()).unwrap_or(i64::MAX));
        match (stretches.last_mut(), end) {
            (Some((_, octets)), Some(end)) if segment.place <= end && octets.len() < LONGEST => {
                let known = usize::try_from(end - segment.place).unwrap_or(usize::MAX);
                octets.extend(segment.octets.iter().skip(known));
            }
            _ => stretches.push((segment.place, segment.octets.clone())),
        }
    }
    for (_, octets) in &mut stretches {
        stream(path, octets, contents);
    }
    for segment in segments {
        let found = stretches.partition_point(|(start, _)| *start <= segment.place);
        let stretch = found.checked_sub(1).and_then(|at| stretches.get(at));
        let new = stretch.and_then(|(start, octets)| {
            let from = usize::try_from(segment.place - start).ok()?;
            octets.get(from..from + segment.octets.len())
        });
        let new = new.map_or_else(|| vec![0; segment.octets.len()], <[u8]>::to_vec);
        patches
            .entry(segment.frame)
            .or_default()
            .push((segment.at, new));
    }
}

/// SIP messages and TPKTs one after the other; what is between them is taken for the rest of a message.
fn stream(path: MediaPath, octets: &mut [u8], contents: &mut Contents<'_>) {
    let mut at = 0;
    while at < octets.len() {
        let Some(rest) = octets.get_mut(at..) else {
            return;
        };
        if rest.first().is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        } else if sip::is_message(rest) {
            let size = message_size(rest).min(rest.len());
            if let Some(message) = rest.get_mut(..size) {
                sip::message(message, contents.instead);
            }
            at += size.max(1);
        } else if let [3, 0, high, low, ..] = *rest {
            let size = usize::from(u16::from_be_bytes([high, low])).max(4);
            if let Some(content) = rest.get_mut(4..size) {
                match contents.known_t38(path, content) {
                    Some(new) => content.copy_from_slice(&new),
                    None => content.fill(0),
                }
            } else if let Some(content) = rest.get_mut(4..) {
                content.fill(0);
            }
            at += size;
        } else {
            let size = next_message(rest);
            if let Some(part) = rest.get_mut(..size) {
                if std::str::from_utf8(part).is_ok_and(|text| !text.contains('\0')) {
                    sip::rest(part, contents.instead);
                } else {
                    part.fill(0);
                }
            }
            at += size.max(1);
        }
    }
}

/// Octets of the message at the start, by its Content-Length.
fn message_size(octets: &[u8]) -> usize {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return octets.len();
    };
    let headers = lossy(octets.get(..end).unwrap_or_default());
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        (name == "content-length" || name == "l").then(|| value.trim().parse::<usize>().ok())?
    });
    end.saturating_add(4).saturating_add(length.unwrap_or(0))
}

/// How far it is to the next line that begins a message.
fn next_message(octets: &[u8]) -> usize {
    let mut at = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if at > 0 && sip::is_message(line.trim_ascii_end()) {
            return at;
        }
        at += line.len();
    }
    octets.len()
}
