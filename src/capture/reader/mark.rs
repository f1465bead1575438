//! Places in a capture.

use crate::capture::FrameNo;

/// A place in a capture at which a later pass can begin, see [`Store::frames_from`](crate::capture::store::Store::frames_from).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Offset of the frame's record or block in the uncompressed capture.
    pub(in crate::capture) record: u64,
    pub(in crate::capture) frame: FrameNo,
    /// pcapng: index of the section, and how many of its interfaces are described before the frame.
    pub(in crate::capture) section: u32,
    pub(in crate::capture) interfaces: u32,
}

impl Mark {
    /// How far this place is behind another one of the same capture; `None` if that is not known or too far
    /// (4 GiB), or if other sections of a pcapng file lie between.
    pub fn after(self, first: Self) -> Option<u32> {
        if self.section != first.section {
            return None;
        }
        u32::try_from(self.record.checked_sub(first.record)?).ok()
    }

    /// The place of a later frame, see [`Mark::after`]. All interfaces of its section are known there.
    #[must_use]
    pub fn later(self, after: u64, frame: FrameNo) -> Self {
        Self {
            record: self.record + after,
            frame,
            section: self.section,
            interfaces: u32::MAX,
        }
    }

    /// Offset of the frame's record or block in the uncompressed capture.
    pub fn record(self) -> u64 {
        self.record
    }

    /// The frame at the mark.
    pub fn frame(self) -> FrameNo {
        self.frame
    }
}
