//! Counts the next packet of a known RTP stream without decoding it.
//!
//! Nearly every RTP packet follows its predecessor by one sequence number and a constant timestamp step, so the next
//! one is recognised by comparing three numbers. The headers of a stream that never left this pattern can be computed
//! instead of read again ([`FlowEntry::predicted`]).
//!
//! Plain code: [`Index::push`]. `analysis::reading::ingest::tests` compares the two.

use crate::call::index::{FlowEntry, Index};
use crate::capture::fast::{FramePeek, Shape};
use crate::capture::{FrameNo, Latest, Packet, Timestamp};
use crate::rtp::RtpArrival;
use crate::rtp::header::{HEADER_LEN, RtpHeader, Start};

/// The pattern of a flow's packets so far, and the packet that continues it.
#[derive(Debug, Default)]
#[repr(C)]
pub(in crate::call::index) struct RtpFastPath {
    /// First octets of the expected packet, in frame order; no valid RTP if it cannot be predicted.
    next: Next,
    /// First octets of the last packet.
    newest: Start,
    /// Shape of its frame headers, once they were checked.
    shape: Shape,
    latest: Latest,
    /// Timestamp units from packet to packet.
    step: u32,
    /// Octets of a packet: RTP header and payload.
    octets: u32,
    /// The first packet had the marker bit.
    marked: bool,
    /// Packets were lost or late, or of another payload type or size: headers cannot be predicted.
    irregular: bool,
}

/// First octets of an RTP packet in frame order, see [`FramePeek::start`].
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

/// What [`Index::try_count`] did with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Counted: the next packet of a known stream.
    Next,
    /// Counted as a duplicate: a second recording of a packet of the stream.
    Copy,
    /// Not counted: it is for [`Index::push`].
    Other,
}

/// Telephone events (RFC 4733 2.3) and NSEs are this short; they must be decoded.
const EVENT_LEN: usize = HEADER_LEN + 4;

/// A longer gap between two packets ends the pattern.
const PAUSE_NS: u64 = 2_000_000_000;

impl Index {
    /// Counts a packet if it is the next one of an RTP stream that belongs to a call: nearly all packets of a capture
    /// are. `record` is the offset of its record in a pcap file.
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
    /// Counts a packet that is not the expected one if it is a copy of one of the last packets.
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

    /// Whether a packet comes long after the last one, or before it in time.
    #[inline]
    fn pauses(&self, at: Timestamp) -> bool {
        at.0.wrapping_sub(self.last.0) >= PAUSE_NS
    }

    /// Headers cannot be predicted across a gap.
    pub(in crate::call::index) fn note_gap(&mut self, at: Timestamp) {
        self.fast_path.irregular |= self.pauses(at);
    }

    /// Whether an RTP packet is a second recording of one of the last.
    pub(in crate::call::index) fn is_copy(&self, packet: &Packet<'_>, rtp: &RtpHeader<'_>) -> bool {
        let latest = &self.fast_path.latest;
        self.ssrc == rtp.ssrc && latest.is_copy(rtp.sequence, packet.stamp, packet.at)
    }

    /// Takes an RTP packet that [`Index::push`] decoded and predicts the next one, if [`Index::try_count`] may count it.
    pub(in crate::call::index) fn resync(&mut self, packet: &Packet<'_>) {
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
            // Two packets with consecutive sequence numbers show the step.
            if self.rtp == 2 || sequence == fast_path.newest.sequence().wrapping_add(1) {
                fast_path.irregular |= self.rtp > 2 && step != fast_path.step;
                fast_path.step = step;
            }
            fast_path.irregular |= start != fast_path.newest.after(fast_path.step);
            fast_path.set_octets(octets);
        }
        fast_path.newest = start;
        fast_path.next = if settled && start.is_plain() && self.rtp > 1 {
            Next::of(start.without_marker().usually_after(fast_path.step))
        } else {
            Next::default()
        };
    }

    /// The headers of all packets of a stream that was regular throughout and in which no fax signal was heard.
    /// `None` if they must be read.
    pub fn predicted(&self) -> Option<Vec<RtpArrival>> {
        let fast_path = &self.fast_path;
        let silent = match fast_path.newest.payload_type() {
            0 | 8 => self.suspicion.heard_nothing(),
            // A static payload type whose sound is not decoded.
            other => other < 96,
        };
        if fast_path.irregular || !silent || self.rtp < 2 {
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
    /// The expected packet came: returns its first octets and predicts the next.
    #[inline]
    fn follow(&mut self) -> Start {
        let start = Start(self.next.0.swap_bytes());
        self.newest = start;
        self.next = Next::of(start.usually_after(self.step));
        start
    }

    /// Checks frame headers that differ from the last ones. False: the packet must be decoded.
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
            self.irregular = true;
        }
    }

    /// The next packet is decoded, whatever it is.
    pub(in crate::call::index) fn stop(&mut self) {
        self.next = Next::default();
    }
}
