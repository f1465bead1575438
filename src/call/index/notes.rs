//! Where the RTP packets of a flow lie, for as long as its call may turn out to be a fax.
//!
//! On a busy PBX the packets of one call are spread over a capture of gigabytes. With notes a second pass
//! reads just these packets; without them it reads everything from the first to the last. Notes are dropped
//! when a call ends without a sign of a fax, so they grow with the calls in progress, not with the capture.
//!
//! Notes are written one after the other, whatever flow they are of: written to the flows at once they would be
//! all over memory, and each would have to wait for its place. Most flows are over when they are told.

use crate::call::index::{FlowEntry, FlowId, Index};
use crate::capture::reader::Mark;
use crate::capture::{FrameNo, Timestamp};

/// At most so many packets are noted in the flows at once (24 MiB); what is not is found by reading everything.
pub const NOTES_MAX: usize = 2_000_000;

/// At most so many notes wait to be told their flows (8 MiB).
const LATEST_MAX: usize = if cfg!(test) { 100 } else { 512 * 1024 };

/// A fax shows itself within so many packets (a minute of 20 ms); flows that did not lose their notes first.
const SHOWN_BY: usize = 3000;

/// Room is made at once for as many as there are, and for ten seconds of 20 ms at most.
const ROOM: usize = 512;
/// And for so many at least.
const ROOM_LEAST: usize = 2;

/// A packet.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// Its record, after the first one that its keeper knows of.
    after: u32,
    frame: FrameNo,
    /// The low half of its time in nanoseconds.
    time: u32,
}

/// The notes of the latest packets of all flows.
#[derive(Debug, Default)]
pub(super) struct Latest {
    notes: Vec<(FlowId, Note)>,
    /// The record of the first of them.
    from: u64,
}

impl Latest {
    /// Adds a note. False: there is no place for it before the others are told their flows.
    #[inline]
    fn add(&mut self, id: FlowId, record: u64, frame: FrameNo, time: u32) -> bool {
        let after = u32::try_from(record.wrapping_sub(self.from));
        match after {
            Ok(after) if self.notes.len() < self.notes.capacity() => {
                self.notes.push((id, Note { after, frame, time }));
                true
            }
            _ => false,
        }
    }
}

/// The packets of a flow.
#[derive(Debug, Default)]
pub struct Notes {
    at: Vec<Note>,
    /// The record of the flow's first packet.
    from: u64,
    /// Something was not noted.
    incomplete: bool,
}

impl Notes {
    /// For a flow that begins at a mark.
    pub(super) fn new(mark: Option<Mark>) -> Self {
        Self {
            at: Vec::new(),
            from: mark.map_or(0, Mark::record),
            incomplete: false,
        }
    }

    /// What is more than 4 GiB after the first packet is noted no more. True: it is noted.
    fn add(&mut self, record: u64, note: Note) -> bool {
        let after = u32::try_from(record.wrapping_sub(self.from));
        let (Ok(after), false) = (after, self.incomplete) else {
            self.incomplete = true;
            return false;
        };
        if self.at.len() == self.at.capacity() {
            self.at.reserve_exact(self.at.len().clamp(ROOM_LEAST, ROOM));
        }
        self.at.push(Note { after, ..note });
        true
    }
}

impl FlowEntry {
    /// The places of all its RTP packets, in order; `None` if not all are known. After [`Index::tell_notes`].
    pub fn noted(&self) -> Option<impl Iterator<Item = Mark> + '_> {
        let first = self.mark.filter(|_| !self.notes.incomplete)?;
        let place = move |note: &Note| first.later(u64::from(note.after), note.frame);
        Some(self.notes.at.iter().map(place))
    }

    /// Frames and times of all its RTP packets, in order, if there is no gap of seconds between them and
    /// nothing else is noted. After [`Index::tell_notes`].
    pub(super) fn noted_times(&self) -> Option<impl Iterator<Item = (FrameNo, Timestamp)> + '_> {
        let notes = &self.notes;
        let all = !notes.incomplete && u32::try_from(notes.at.len()) == Ok(self.rtp);
        let mut last = self.first;
        let whole = move |note: &Note| {
            let since = note.time.wrapping_sub(low_half(last));
            last = Timestamp(last.0.saturating_add(u64::from(since)));
            (note.frame, last)
        };
        all.then(|| notes.at.iter().map(whole))
    }

    /// Drops the notes: how many there were.
    pub(super) fn drop_notes(&mut self) -> usize {
        self.notes.incomplete = true;
        std::mem::take(&mut self.notes.at).len()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "one half is wanted")]
const fn low_half(at: Timestamp) -> u32 {
    at.0 as u32
}

impl Index {
    /// Notes a packet of a pcap file, or of the same section as the first of its flow.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(super) fn note(&mut self, id: FlowId, record: u64, frame: FrameNo, at: Timestamp) {
        let time = low_half(at);
        if !self.latest_notes.add(id, record, frame, time) {
            self.begin_notes(record);
            self.latest_notes.add(id, record, frame, time);
        }
    }

    /// Notes a packet whose payload lies in its record in one piece: at the mark.
    pub(super) fn note_mark(&mut self, id: FlowId, packet: Option<Mark>, at: Timestamp) {
        let Some(flow) = self.flow_mut(id) else {
            return;
        };
        let near = |(mark, first): &(Mark, Mark)| mark.after(*first).is_some();
        match packet.zip(flow.mark).filter(near) {
            Some((mark, _)) => self.note(id, mark.record(), mark.frame(), at),
            None => flow.notes.incomplete = true,
        }
    }

    /// The place for notes begins again, for those of records from this one on.
    #[cold]
    fn begin_notes(&mut self, record: u64) {
        self.tell_notes();
        let latest = &mut self.latest_notes;
        latest.from = record;
        latest.notes.reserve_exact(LATEST_MAX);
    }

    /// Tells the flows where their packets lie. Until then [`FlowEntry::noted`] does not know the latest.
    pub fn tell_notes(&mut self) {
        let mut notes = std::mem::take(&mut self.latest_notes.notes);
        let from = self.latest_notes.from;
        let full = self.notes_full;
        for (id, note) in notes.drain(..) {
            let Some(flow) = self.flow_mut(id).filter(|flow| !flow.notes.incomplete) else {
                continue;
            };
            flow.notes.incomplete = full;
            if flow.notes.add(from + u64::from(note.after), note) {
                self.noted += 1;
            }
        }
        self.latest_notes.notes = notes;
        self.thin_notes();
    }

    /// Too many notes: those of flows that have shown no sign of a fax go, the long ones first.
    fn thin_notes(&mut self) {
        if self.noted < NOTES_MAX {
            return;
        }
        for longer_than in [SHOWN_BY, 0] {
            for flow in &mut self.flows {
                if flow.notes.at.len() > longer_than && !flow.may_be_fax() {
                    self.noted -= flow.drop_notes();
                }
            }
            if self.noted < NOTES_MAX / 2 {
                return;
            }
        }
        // Only of what may be a fax, and still too many: the next ones go without.
        self.notes_full = self.noted >= NOTES_MAX / 2;
    }

    /// A call has ended: without a sign of a fax nobody will ask for its sound unless the user opens it.
    pub(super) fn forget_notes(&mut self, flows: &[FlowId]) {
        for id in flows {
            if let Some(flow) = self.flow_mut(*id)
                && !flow.may_be_fax()
            {
                self.noted -= flow.drop_notes();
            }
        }
    }
}
