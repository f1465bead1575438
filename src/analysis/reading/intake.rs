//! Frames into the index: the quick way for the next packet of a known stream, the thorough one for all others.

use std::io;

use crate::call::index::{Index, Met};
use crate::capture::glance::Glance;
use crate::capture::packet::Decoder;
use crate::capture::reader::{Frame, Mark};
use crate::capture::store::Store;

/// What frames go through.
pub(super) struct Intake<'a> {
    pub(super) decoder: &'a mut Decoder,
    pub(super) index: &'a mut Index,
    pub(super) store: &'a mut Store,
    /// The first frame.
    pub(super) start: &'a mut Option<Mark>,
    /// Why something could not be kept.
    pub(super) failure: Option<io::Error>,
}

impl Intake<'_> {
    /// Takes a frame.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(super) fn take(&mut self, frame: &Frame<'_>) {
        let met = match Glance::at(frame) {
            Some(glance) => self.index.meet(&glance, frame),
            None => Met::Other,
        };
        // Nearly all of a capture ends here.
        if met != Met::Next {
            self.take_other(frame, met == Met::Copy);
        }
    }

    /// As [`Intake::take`], for where it is not worth its length.
    #[inline(never)]
    pub(super) fn take_one(&mut self, frame: &Frame<'_>) {
        self.take(frame);
    }

    #[inline(never)]
    fn take_other(&mut self, frame: &Frame<'_>, copy: bool) {
        self.start.get_or_insert(frame.mark);
        if copy {
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
