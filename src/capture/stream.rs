//! TCP byte streams, one per direction: in order, without repetitions, with gaps told.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Endpoint, FrameNo, Packet, Timestamp, Transport};

/// Directions known at a time; the longest idle half is forgotten beyond that.
const DIRECTIONS_MAX: usize = 65_536;

/// Octets of one direction that wait for an earlier segment. Beyond that the earlier one is taken for lost.
const WAITING_MAX: usize = 256 * 1024;

/// The same over all directions.
const WAITING_TOTAL_MAX: usize = 16 * 1024 * 1024;

/// How long segments wait for an earlier one: three retransmission timeouts (RFC 6298: 1 s at first).
const WAIT_MAX_NS: u64 = 3_000_000_000;

/// A sequence number further away than this belongs to another connection. Windows are smaller (RFC 7323).
const JUMP_MAX: u32 = 16 * 1024 * 1024;

/// Segments between two looks for directions that wait too long.
const SWEEP_SEGMENTS: u32 = 512;

/// Octets of a stream, in order.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'s> {
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// The frame that carried them.
    pub frame: FrameNo,
    /// Capture time of that frame.
    pub at: Timestamp,
    /// The octets.
    pub data: &'s [u8],
    /// Octets right before these are lost, or were cut off.
    pub gap: bool,
}

/// All streams of a capture.
#[derive(Debug, Default)]
pub struct Streams {
    directions: HashMap<(Endpoint, Endpoint), Direction, FixedState>,
    waiting: usize,
    segments: u32,
}

/// One direction of a connection.
#[derive(Debug)]
struct Direction {
    /// Number of the first octet: of the connection, or of what is there of it.
    first: u32,
    /// Number of the next octet.
    next: u32,
    /// Something is missing before it.
    gap: bool,
    /// Segments after a missing one, by distance from each other as they come.
    pending: Vec<Segment>,
    pending_octets: usize,
    used: Timestamp,
    wanted: bool,
}

#[derive(Debug)]
struct Segment {
    seq: u32,
    frame: FrameNo,
    at: Timestamp,
    data: Vec<u8>,
    /// Octets after `data` that the snap length cut off.
    cut: u32,
}

impl Streams {
    /// Takes a TCP segment; gives to `sink` what is in order now. Other packets, and copies, change nothing.
    pub fn push(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(&Chunk<'_>)) {
        let Transport::Tcp { seq, syn, .. } = packet.transport else {
            return;
        };
        if packet.duplicate {
            return;
        }
        self.sweep(packet.at, sink);
        let key = (packet.src, packet.dst);
        let seq = seq.wrapping_add(u32::from(syn));
        let direction = self
            .directions
            .entry(key)
            .or_insert_with(|| Direction::at(seq));
        direction.used = packet.at;
        if syn && direction.first != seq {
            // A new connection of the same ports. What waits of the old one will not come any more.
            self.waiting -= direction.pending_octets;
            direction.flush(key, sink);
            *direction = Direction::at(seq);
            direction.used = packet.at;
        }
        if packet.payload.is_empty() || !direction.wanted {
            return;
        }
        let ahead = seq.wrapping_sub(direction.next);
        let behind = direction.next.wrapping_sub(seq);
        if ahead > JUMP_MAX && behind > JUMP_MAX {
            self.waiting -= direction.pending_octets;
            direction.flush(key, sink);
            direction.first = seq;
            direction.next = seq;
            direction.gap = true;
        }
        let before = direction.pending_octets;
        direction.take(key, packet, seq, sink);
        self.waiting = self.waiting + direction.pending_octets - before;
        if self.waiting > WAITING_TOTAL_MAX {
            self.flush_all(sink);
        }
    }

    /// Gives up a direction that is not wanted: its octets are no longer followed, until a new connection begins.
    pub fn forget(&mut self, src: Endpoint, dst: Endpoint) {
        if let Some(direction) = self.directions.get_mut(&(src, dst)) {
            self.waiting -= direction.pending_octets;
            direction.pending = Vec::new();
            direction.pending_octets = 0;
            direction.wanted = false;
        }
    }

    /// The capture has ended: gives out what still waits for lost segments.
    pub fn finish(&mut self, sink: &mut impl FnMut(&Chunk<'_>)) {
        self.flush_all(sink);
        self.directions.clear();
    }

    fn flush_all(&mut self, sink: &mut impl FnMut(&Chunk<'_>)) {
        let mut waiting: Vec<_> = self
            .directions
            .iter_mut()
            .filter(|(_, direction)| !direction.pending.is_empty())
            .collect();
        // The map's order says nothing; frames do.
        waiting
            .sort_by_key(|(_, direction)| direction.pending.first().map(|segment| segment.frame));
        for (key, direction) in waiting {
            direction.flush(*key, sink);
        }
        self.waiting = 0;
    }

    /// Now and then: skips what is lost, and forgets old directions.
    fn sweep(&mut self, now: Timestamp, sink: &mut impl FnMut(&Chunk<'_>)) {
        self.segments += 1;
        if self.segments >= SWEEP_SEGMENTS {
            self.segments = 0;
            self.expire(now, sink);
        }
        if self.directions.len() > DIRECTIONS_MAX {
            let mut used: Vec<Timestamp> = self.directions.values().map(|d| d.used).collect();
            let middle = used.len() / 2;
            let (_, &mut median, _) = used.select_nth_unstable(middle);
            self.flush_all(sink);
            self.directions
                .retain(|_, direction| direction.used > median);
        }
    }

    /// Gives out what has waited too long for a lost segment. For captures that still grow.
    pub fn expire(&mut self, now: Timestamp, sink: &mut impl FnMut(&Chunk<'_>)) {
        if self.waiting == 0 {
            return;
        }
        for (key, direction) in &mut self.directions {
            let since = direction.pending.first().map_or(now, |segment| segment.at);
            if since.0.saturating_add(WAIT_MAX_NS) < now.0 {
                self.waiting -= direction.pending_octets;
                direction.flush(*key, sink);
            }
        }
    }
}

impl Direction {
    fn at(next: u32) -> Self {
        Self {
            first: next,
            next,
            gap: false,
            pending: Vec::new(),
            pending_octets: 0,
            used: Timestamp(0),
            wanted: true,
        }
    }

    fn take(
        &mut self,
        key: (Endpoint, Endpoint),
        packet: &Packet<'_>,
        seq: u32,
        sink: &mut impl FnMut(&Chunk<'_>),
    ) {
        let ahead = seq.wrapping_sub(self.next);
        if ahead == 0 || ahead > JUMP_MAX {
            let from = Octets {
                frame: packet.frame,
                at: packet.at,
                data: packet.payload,
                cut: packet.cut,
            };
            self.give(key, seq, &from, sink);
            self.give_pending(key, sink);
            return;
        }
        self.pending_octets += packet.payload.len();
        self.pending.push(Segment {
            seq,
            frame: packet.frame,
            at: packet.at,
            data: packet.payload.to_vec(),
            cut: packet.cut,
        });
        let since = self.pending.first().map_or(packet.at, |segment| segment.at);
        if self.pending_octets > WAITING_MAX
            || self.pending.len() > PENDING_MAX
            || since.0.saturating_add(WAIT_MAX_NS) < packet.at.0
        {
            self.flush(key, sink);
        }
    }

    /// Gives out what of `octets` is new.
    fn give(
        &mut self,
        (src, dst): (Endpoint, Endpoint),
        seq: u32,
        octets: &Octets<'_>,
        sink: &mut impl FnMut(&Chunk<'_>),
    ) {
        let known = usize::try_from(self.next.wrapping_sub(seq)).unwrap_or(usize::MAX);
        let Some(data) = octets.data.get(known..).filter(|data| !data.is_empty()) else {
            return;
        };
        sink(&Chunk {
            src,
            dst,
            frame: octets.frame,
            at: octets.at,
            data,
            gap: self.gap,
        });
        self.gap = octets.cut > 0;
        let len = u32::try_from(octets.data.len()).unwrap_or(u32::MAX);
        self.next = seq.wrapping_add(len).wrapping_add(octets.cut);
    }

    /// Gives out what follows in order.
    fn give_pending(&mut self, key: (Endpoint, Endpoint), sink: &mut impl FnMut(&Chunk<'_>)) {
        while let Some(at) = self.nearest(0) {
            let segment = self.pending.remove(at);
            self.pending_octets -= segment.data.len();
            self.give(key, segment.seq, &segment.octets(), sink);
        }
    }

    /// Gives up what is missing, and gives out all that waits.
    fn flush(&mut self, key: (Endpoint, Endpoint), sink: &mut impl FnMut(&Chunk<'_>)) {
        while let Some(at) = self.nearest(JUMP_MAX) {
            if let Some(segment) = self.pending.get(at)
                && segment.seq.wrapping_sub(self.next) <= JUMP_MAX
            {
                self.gap |= segment.seq != self.next;
                self.next = segment.seq;
            }
            self.give_pending(key, sink);
        }
        self.pending.clear();
        self.pending_octets = 0;
    }

    /// The waiting segment that begins first, if at most `ahead` octets after what is known, or before its end.
    fn nearest(&self, ahead: u32) -> Option<usize> {
        let distance = |segment: &Segment| segment.seq.wrapping_sub(self.next).cast_signed();
        let (at, segment) = self
            .pending
            .iter()
            .enumerate()
            .min_by_key(|(_, segment)| distance(segment))?;
        (i64::from(distance(segment)) <= i64::from(ahead)).then_some(at)
    }
}

/// Segments of one direction that wait; hostile ones only have more.
const PENDING_MAX: usize = 512;

/// A segment's octets, wherever they are.
struct Octets<'s> {
    frame: FrameNo,
    at: Timestamp,
    data: &'s [u8],
    cut: u32,
}

impl Segment {
    fn octets(&self) -> Octets<'_> {
        Octets {
            frame: self.frame,
            at: self.at,
            data: &self.data,
            cut: self.cut,
        }
    }
}

#[cfg(test)]
mod tests;
