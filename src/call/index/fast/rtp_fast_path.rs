//! The pace of an RTP stream: nearly every packet follows its predecessor by one number and one step of time.
//!
//! Which packet comes next can therefore be told by comparing three numbers, without a look at anything else;
//! and of a stream that never left its pace the headers need not be read again.

use crate::call::index::{FlowEntry, Index};
use crate::capture::fast::{FramePeek, Shape};
use crate::capture::{FrameNo, Latest, Packet, Timestamp};
use crate::rtp::RtpArrival;
use crate::rtp::header::{HEADER_LEN, RtpHeader, Start};

/// What the packets of a flow were like so far, and what the next one is if it goes on like that.
#[derive(Debug, Default)]
#[repr(C)]
pub(in crate::call::index) struct RtpFastPath {
    /// The next packet's start as it will lie in its frame; nothing that RTP can be if that is not known.
    next: Next,
    /// The last packet's start.
    newest: Start,
    /// What the headers of its frame look like, once they were checked.
    shape: Shape,
    latest: Latest,
    /// Units of time from packet to packet.
    step: u32,
    /// Octets of a packet.
    octets: u32,
    /// The first packet had the marker.
    marked: bool,
    /// It left its fast_path: packets were lost or late, or of another kind or size.
    left: bool,
}

/// A start as it lies in a frame, see [`FramePeek::start`].
#[derive(Debug, PartialEq, Eq)]
struct Next(u64);

impl Default for Next {
    fn default() -> Self {
        Self::of(Start::default())
    }
}

impl Next {
    #[inline]
    const fn of(start: Start) -> Self {
        Self(start.0.swap_bytes())
    }
}

/// What a packet is to its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// The next one of a stream that is known. It is counted.
    Next,
    /// A second recording of one that was counted. It is counted as that.
    Copy,
    /// Something else: it is for [`Index::push`].
    Other,
}

/// Telephone events and NSEs are as short as that (RFC 4733 2.3): they take a closer look.
const EVENT_LEN: usize = HEADER_LEN + 4;

/// A longer silence is not the pace of a stream.
const PAUSE_NS: u64 = 2_000_000_000;

impl Index {
    /// The way of nearly all packets of a capture: the next one of an RTP stream that belongs to a call. Its record
    /// is one of a pcap file.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub fn try_count(
        &mut self,
        peek: &FramePeek<'_>,
        (at, frame): (Timestamp, FrameNo),
        record: u64,
    ) -> Counted {
        let Some(id) = self.recent.get(peek.path) else {
            return Counted::Other;
        };
        let Some(flow) = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.flows.get_mut(at))
        else {
            return Counted::Other;
        };
        let follows = flow.fast_path.next.0 == peek.start
            && flow.ssrc == peek.then.swap_bytes()
            && !flow.pauses(at);
        if !follows {
            return flow.try_copy(peek.data, at);
        }
        if flow.fast_path.shape != peek.shape && !flow.fast_path.change_shape(peek.data) {
            return Counted::Other;
        }
        flow.last = at;
        flow.last_frame = frame;
        let start = flow.fast_path.follow();
        flow.fast_path
            .latest
            .add(start.sequence(), peek.stamp(), at);
        flow.count(flow.fast_path.octets);
        if flow.is_to_be_sampled() {
            let sound = peek.payload().get(HEADER_LEN..).unwrap_or_default();
            flow.sample(start.payload_type(), sound);
        }
        self.note_location(id, record, frame, at);
        Counted::Next
    }
}

impl FlowEntry {
    /// The frame of a packet that is not the next one: perhaps a copy of one of the last.
    #[inline(never)]
    fn try_copy(&mut self, frame: &[u8], at: Timestamp) -> Counted {
        let is_copy = |peek: &FramePeek<'_>| {
            let sequence = Start(peek.start.swap_bytes()).sequence();
            self.ssrc == peek.then.swap_bytes()
                && peek.is_plain()
                && self.fast_path.latest.is_copy(sequence, peek.stamp(), at)
        };
        if !FramePeek::at(frame).is_some_and(|peek| is_copy(&peek)) {
            return Counted::Other;
        }
        self.duplicates += 1;
        Counted::Copy
    }

    /// Whether a packet comes long after the last one, or before it.
    #[inline]
    fn pauses(&self, at: Timestamp) -> bool {
        at.0.wrapping_sub(self.last.0) >= PAUSE_NS
    }

    /// A packet at this time may have broken the fast_path.
    pub(in crate::call::index) fn mind_pause(&mut self, at: Timestamp) {
        self.fast_path.left |= self.pauses(at);
    }

    /// Whether an RTP packet is a second recording of one of the last.
    pub(in crate::call::index) fn is_copy(&self, packet: &Packet<'_>, rtp: &RtpHeader<'_>) -> bool {
        let latest = &self.fast_path.latest;
        self.ssrc == rtp.ssrc && latest.is_copy(rtp.sequence, packet.stamp, packet.at)
    }

    /// Takes an RTP packet that was not the next one, and finds the pace again, if the flow's packets are all of
    /// the kind that [`Index::meet`] may count.
    pub(in crate::call::index) fn find_pace(&mut self, packet: &Packet<'_>) {
        let settled = self.owner.is_some() && self.claimed.1.is_none() && !self.stale;
        let fast_path = &mut self.fast_path;
        let start = Start::of(packet.payload);
        let sequence = start.sequence();
        fast_path.latest.add(sequence, packet.stamp, packet.at);
        let octets = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let step = start.time().wrapping_sub(fast_path.newest.time());
        if self.rtp <= 1 {
            (fast_path.marked, fast_path.octets) = (start.has_marker(), octets);
        } else {
            // The second shows the step, and so does each two that follow each other.
            if self.rtp == 2 || sequence == fast_path.newest.sequence().wrapping_add(1) {
                fast_path.left |= self.rtp > 2 && step != fast_path.step;
                fast_path.step = step;
            }
            fast_path.left |= start != fast_path.newest.after(fast_path.step);
            fast_path.set_octets(octets);
        }
        fast_path.newest = start;
        fast_path.next = if settled && start.is_plain() && self.rtp > 1 {
            Next::of(start.without_marker().usually_after(fast_path.step))
        } else {
            Next::default()
        };
    }

    /// The packets of a stream that never left its pace and sounds like nothing of a fax: their headers, as they
    /// must have been. `None` if they have to be read.
    pub fn paced(&self) -> Option<Vec<RtpArrival>> {
        let fast_path = &self.fast_path;
        let silent = match fast_path.newest.payload_type() {
            0 | 8 => self.suspicion.heard_nothing(),
            // No sound that could be decoded.
            other => other < 96,
        };
        if fast_path.left || !silent || self.rtp < 2 {
            return None;
        }
        let noted = self.rtp_times()?;
        let cut = fast_path
            .octets
            .saturating_sub(u32::try_from(HEADER_LEN).unwrap_or(0));
        let mut start = fast_path
            .newest
            .before(self.rtp.saturating_sub(1), fast_path.step);
        if fast_path.marked {
            start = start.with_marker();
        }
        let mut arrivals = Vec::with_capacity(usize::try_from(self.rtp).unwrap_or(0));
        for (frame, at) in noted {
            let mut payload = Vec::with_capacity(HEADER_LEN);
            payload.extend(start.0.to_be_bytes());
            payload.extend(self.ssrc.to_be_bytes());
            arrivals.push(RtpArrival {
                frame,
                at,
                src: self.src,
                dst: self.dst,
                payload,
                cut,
            });
            start = start.after(fast_path.step);
        }
        Some(arrivals)
    }
}

impl RtpFastPath {
    /// The expected packet came: its start.
    #[inline]
    fn follow(&mut self) -> Start {
        let start = Start(self.next.0.swap_bytes());
        self.newest = start;
        self.next = Next::of(start.usually_after(self.step));
        start
    }

    /// The headers of the next packet's frame are not those of the last: checks them. False: it takes a closer look.
    #[inline(never)]
    fn change_shape(&mut self, frame: &[u8]) -> bool {
        let plain = FramePeek::at(frame)
            .filter(|peek| peek.is_plain() && peek.payload().len() != EVENT_LEN);
        if let Some(peek) = &plain {
            self.set_octets(u32::try_from(peek.payload().len()).unwrap_or(u32::MAX));
            self.shape = peek.shape;
        }
        plain.is_some()
    }

    fn set_octets(&mut self, octets: u32) {
        if octets != self.octets {
            self.octets = octets;
            self.shape = Shape::default();
            self.left = true;
        }
    }

    /// The next packet takes a closer look, whatever it is.
    pub(in crate::call::index) fn stop(&mut self) {
        self.next = Next::default();
    }
}
