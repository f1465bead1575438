//! Frames into the index: by the RTP fast path for the next packet of a known stream, decoded for all others.

use std::io;

use crate::call::index::{Counted, Index};
use crate::capture::fast::FramePeek;
use crate::capture::link::LinkType;
use crate::capture::packet::Decoder;
use crate::capture::reader::{Frame, Mark, Plain};
use crate::capture::store::Store;
use crate::capture::{FrameNo, Timestamp};

/// What frames go through.
pub(super) struct Ingest<'a> {
    pub(super) decoder: &'a mut Decoder,
    pub(super) index: &'a mut Index,
    pub(super) store: &'a mut Store,
    /// The first frame.
    pub(super) start: &'a mut Option<Mark>,
    /// Why something could not be kept.
    pub(super) failure: Option<io::Error>,
}

impl Ingest<'_> {
    /// Takes a whole frame: by the fast path if it can.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(super) fn take(&mut self, plain: Plain<'_>) {
        let Plain {
            no,
            at,
            record,
            link,
            data,
        } = plain;
        let peek = FramePeek::at(data).filter(|_| link == LinkType::ETHERNET);
        let counted = peek.map_or(Counted::Other, |peek| {
            self.index.try_count(&peek, (at, no), record)
        });
        // Nearly all of a capture ends here.
        if counted != Counted::Next {
            self.take_other(counted, no, at, record, link, data);
        }
    }

    /// Takes the fields one by one: a struct would be written to memory for every packet, needed or not.
    #[inline(never)]
    fn take_other(
        &mut self,
        counted: Counted,
        no: FrameNo,
        at: Timestamp,
        record: u64,
        link: LinkType,
        data: &[u8],
    ) {
        let plain = Plain {
            no,
            at,
            record,
            link,
            data,
        };
        self.take_frame(&plain.frame(), counted);
    }

    /// Takes any frame.
    pub(super) fn take_any(&mut self, frame: &Frame<'_>) {
        self.take_frame(frame, Counted::Other);
    }

    fn take_frame(&mut self, frame: &Frame<'_>, counted: Counted) {
        self.start.get_or_insert(frame.mark);
        if counted == Counted::Copy {
            self.decoder.count_duplicate(frame);
            return;
        }
        let Self {
            decoder,
            index,
            store,
            failure,
            ..
        } = self;
        decoder.decode(frame, &mut |packet| {
            if let Err(error) = index.push(packet, frame.mark, store) {
                failure.get_or_insert(error);
            }
        });
    }
}

#[cfg(test)]
mod tests;
