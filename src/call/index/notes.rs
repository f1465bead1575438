//! Where the RTP packets of a flow lie, for as long as its call may turn out to be a fax.
//!
//! On a busy PBX the packets of one call are spread over a capture of gigabytes. With notes a second pass
//! reads just these packets; without them it reads everything from the first to the last. Notes are dropped
//! when a call ends without a sign of a fax, so they grow with the calls in progress, not with the capture.

use crate::call::index::{FlowEntry, FlowId, Index};
use crate::capture::reader::Mark;
use crate::capture::{FrameNo, Timestamp};

/// At most so many packets are noted at once (24 MiB); what is not is found by reading everything.
pub const NOTES_MAX: usize = 2_000_000;

/// A fax shows itself within so many packets (a minute of 20 ms); flows that did not lose their notes first.
const SHOWN_BY: usize = 3000;

/// A packet.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// Its record, after that of the flow's first packet.
    after: u32,
    frame: FrameNo,
    /// The low half of its time in nanoseconds.
    time: u32,
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

    #[inline]
    fn push(&mut self, note: Note) {
        if self.at.len() == self.at.capacity() {
            self.grow();
        }
        self.at.push(note);
    }

    /// In few steps: most flows are a packet or two, or a call.
    #[cold]
    fn grow(&mut self) {
        let more = match self.at.len() {
            ..16 => 16,
            16..CALL => CALL,
            len => len,
        };
        self.at.reserve_exact(more);
    }
}

/// Notes of ten seconds of 20 ms.
const CALL: usize = 512;

impl FlowEntry {
    /// The places of all its RTP packets, in order; `None` if not all are known.
    pub fn noted(&self) -> Option<impl Iterator<Item = Mark> + '_> {
        let first = self.mark.filter(|_| !self.notes.incomplete)?;
        let place = move |note: &Note| first.later(u64::from(note.after), note.frame);
        Some(self.notes.at.iter().map(place))
    }

    /// Frames and times of all its RTP packets, in order, if there is no gap of seconds between them and
    /// nothing else is noted.
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

    /// Notes a packet whose payload lies in its record in one piece. False: it could not be.
    pub(super) fn note(&mut self, packet: Option<Mark>, at: Timestamp) -> bool {
        let near = |(mark, first): &(Mark, Mark)| mark.after(*first).is_some();
        if let Some((mark, _)) = packet.zip(self.mark).filter(near) {
            return self.note_next(mark.record(), mark.frame(), at);
        }
        self.notes.incomplete = true;
        false
    }

    /// As [`FlowEntry::note`], for the next packet of a stream in a pcap file.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(super) fn note_next(&mut self, record: u64, frame: FrameNo, at: Timestamp) -> bool {
        // What is more than 4 GiB after the first is noted no more.
        let after = u32::try_from(record.wrapping_sub(self.notes.from));
        let (Ok(after), false) = (after, self.notes.incomplete) else {
            self.notes.incomplete = true;
            return false;
        };
        self.notes.push(Note {
            after,
            frame,
            time: low_half(at),
        });
        true
    }

    /// A packet is not noted.
    #[cold]
    pub(super) fn go_without_note(&mut self) {
        self.notes.incomplete = true;
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
    /// Counts a note just made.
    #[inline]
    pub(super) fn count_note(&mut self) {
        self.noted += 1;
        if self.noted >= NOTES_MAX {
            self.thin_notes();
        }
    }

    /// Too many notes: those of flows that have shown no sign of a fax go, the long ones first.
    #[cold]
    fn thin_notes(&mut self) {
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
