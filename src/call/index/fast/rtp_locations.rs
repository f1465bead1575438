//! Where the RTP packets of a flow lie, for as long as its call may turn out to be a fax.
//!
//! On a busy PBX the packets of one call are spread over a capture of gigabytes. With their locations a second pass
//! reads these packets alone; without, it reads everything from the first to the last. Locations are dropped when a
//! call ends without a sign of a fax, so their number follows the calls in progress, not the size of the capture.
//!
//! Locations are appended to one list for all flows, and moved to the flows in batches: written to each flow at once
//! they would miss the CPU cache for every packet.
//!
//! Plain code: a pass over the whole capture ([`crate::capture::store::Store::frames_from`]).
//! `analysis::reading::ingest::tests` compares the two.

use crate::call::index::{FlowEntry, FlowId, Index};
use crate::capture::reader::Mark;
use crate::capture::{FrameNo, Timestamp};

/// Locations kept in the flows at once (24 MiB); packets without one are found by a pass over everything.
const LOCATIONS_MAX: usize = 2_000_000;

/// Locations that wait to be moved to their flows (8 MiB).
const PENDING_MAX: usize = if cfg!(test) { 100 } else { 512 * 1024 };

/// A fax shows itself within this many packets (a minute of 20 ms packets); longer flows without a sign of one lose
/// their locations first.
const SHOWN_BY: usize = 3000;

/// A full list of locations grows by as many as it has, at most by this many: ten seconds of 20 ms packets.
const ROOM: usize = 512;
/// And at least by this many.
const ROOM_LEAST: usize = 2;

/// Where one packet lies.
#[derive(Clone, Copy, Debug)]
struct RtpLocation {
    /// Offset of its record, relative to the `from` of the list that holds it.
    after: u32,
    frame: FrameNo,
    /// The low half of its time in nanoseconds.
    time: u32,
}

/// The locations of the latest packets of all flows.
#[derive(Debug, Default)]
pub(in crate::call::index) struct PendingLocations {
    locations: Vec<(FlowId, RtpLocation)>,
    /// The record of the first of them.
    from: u64,
}

impl PendingLocations {
    /// Adds a location. False: the list is full, or the record too far from `from`.
    #[inline]
    fn add(&mut self, id: FlowId, record: u64, frame: FrameNo, time: u32) -> bool {
        let after = u32::try_from(record.wrapping_sub(self.from));
        match after {
            Ok(after) if self.locations.len() < self.locations.capacity() => {
                self.locations
                    .push((id, RtpLocation { after, frame, time }));
                true
            }
            _ => false,
        }
    }
}

/// The RTP packets of a flow.
#[derive(Debug, Default)]
pub(in crate::call::index) struct RtpLocations {
    at: Vec<RtpLocation>,
    /// The record of the flow's first packet.
    from: u64,
    /// Some packets have no location.
    incomplete: bool,
}

impl RtpLocations {
    /// For a flow that begins at a mark.
    pub(in crate::call::index) fn new(mark: Option<Mark>) -> Self {
        Self {
            at: Vec::new(),
            from: mark.map_or(0, Mark::record),
            incomplete: false,
        }
    }

    /// Adds a location. False: it is more than 4 GiB behind the first packet; then none is added any more.
    fn add(&mut self, record: u64, location: RtpLocation) -> bool {
        let after = u32::try_from(record.wrapping_sub(self.from));
        let (Ok(after), false) = (after, self.incomplete) else {
            self.incomplete = true;
            return false;
        };
        if self.at.len() == self.at.capacity() {
            self.at.reserve_exact(self.at.len().clamp(ROOM_LEAST, ROOM));
        }
        self.at.push(RtpLocation { after, ..location });
        true
    }
}

impl FlowEntry {
    /// The locations of all its RTP packets, in order; `None` if not all are known. Current only after
    /// [`Index::distribute_locations`].
    pub fn rtp_locations(&self) -> Option<impl Iterator<Item = Mark> + '_> {
        let first = self.mark.filter(|_| !self.locations.incomplete)?;
        let place =
            move |location: &RtpLocation| first.later(u64::from(location.after), location.frame);
        Some(self.locations.at.iter().map(place))
    }

    /// Frames and times of all its RTP packets, in order, if none is missing. Times are right only if no two
    /// packets are more than 4 s apart. Current only after [`Index::distribute_locations`].
    pub(in crate::call::index) fn rtp_times(
        &self,
    ) -> Option<impl Iterator<Item = (FrameNo, Timestamp)> + '_> {
        let locations = &self.locations;
        let all = !locations.incomplete && u32::try_from(locations.at.len()) == Ok(self.rtp);
        let mut last = self.first;
        let whole = move |location: &RtpLocation| {
            let since = location.time.wrapping_sub(low_half(last));
            last = Timestamp(last.0.saturating_add(u64::from(since)));
            (location.frame, last)
        };
        all.then(|| locations.at.iter().map(whole))
    }

    /// Drops the locations: how many there were.
    pub(in crate::call::index) fn drop_locations(&mut self) -> usize {
        self.locations.incomplete = true;
        std::mem::take(&mut self.locations.at).len()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "one half is wanted")]
const fn low_half(at: Timestamp) -> u32 {
    at.0 as u32
}

impl Index {
    /// Notes where a packet lies, in a pcap file or in the same pcapng section as the first of its flow.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(in crate::call::index) fn note_location(
        &mut self,
        id: FlowId,
        record: u64,
        frame: FrameNo,
        at: Timestamp,
    ) {
        let time = low_half(at);
        if !self.pending_locations.add(id, record, frame, time) {
            self.restart_locations(record);
            self.pending_locations.add(id, record, frame, time);
        }
    }

    /// As [`Index::note_location`], for a packet whose payload lies in one record; `None`: it does not.
    pub(in crate::call::index) fn note_location_at(
        &mut self,
        id: FlowId,
        packet: Option<Mark>,
        at: Timestamp,
    ) {
        let Some(flow) = self.flow_mut(id) else {
            return;
        };
        let near = |(mark, first): &(Mark, Mark)| mark.after(*first).is_some();
        match packet.zip(flow.mark).filter(near) {
            Some((mark, _)) => self.note_location(id, mark.record(), mark.frame(), at),
            None => flow.locations.incomplete = true,
        }
    }

    /// Empties the pending list; locations in it are relative to this record from now on.
    #[cold]
    fn restart_locations(&mut self, record: u64) {
        self.distribute_locations();
        let pending = &mut self.pending_locations;
        pending.from = record;
        pending.locations.reserve_exact(PENDING_MAX);
    }

    /// Moves the pending locations to their flows.
    pub fn distribute_locations(&mut self) {
        let mut locations = std::mem::take(&mut self.pending_locations.locations);
        let from = self.pending_locations.from;
        let full = self.locations_full;
        for (id, location) in locations.drain(..) {
            let Some(flow) = self.flow_mut(id).filter(|flow| !flow.locations.incomplete) else {
                continue;
            };
            flow.locations.incomplete = full;
            if flow
                .locations
                .add(from + u64::from(location.after), location)
            {
                self.location_count += 1;
            }
        }
        self.pending_locations.locations = locations;
        self.evict_locations();
    }

    /// Over the limit: drops the locations of flows without a sign of a fax, the long ones first.
    fn evict_locations(&mut self) {
        if self.location_count < LOCATIONS_MAX {
            return;
        }
        for longer_than in [SHOWN_BY, 0] {
            for flow in &mut self.flows {
                if flow.locations.at.len() > longer_than && !flow.may_be_fax() {
                    self.location_count -= flow.drop_locations();
                }
            }
            if self.location_count < LOCATIONS_MAX / 2 {
                return;
            }
        }
        // All that is left may be a fax: no further locations are kept.
        self.locations_full = self.location_count >= LOCATIONS_MAX / 2;
    }

    /// A call has ended: without a sign of a fax its sound is read only if the user opens it.
    pub(in crate::call::index) fn forget_locations(&mut self, flows: &[FlowId]) {
        for id in flows {
            if let Some(flow) = self.flow_mut(*id)
                && !flow.may_be_fax()
            {
                self.location_count -= flow.drop_locations();
            }
        }
    }
}
