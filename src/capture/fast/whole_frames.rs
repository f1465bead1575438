//! The two ways past the reader's usual one: many plain frames in a row, and single frames here and there.

use std::io;

use crate::capture::buffer::Buffer;
use crate::capture::link::LinkType;
use crate::capture::reader::pcap::USUAL_HEADER;
use crate::capture::reader::{Format, Frame, Mark, Origin, Reader};
use crate::capture::{FrameNo, Timestamp};

/// A whole frame of a pcap file, with as little as is needed to tell the next packet of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'r> {
    /// Its number.
    pub no: FrameNo,
    /// When it was captured.
    pub at: Timestamp,
    /// Offset of its record in the uncompressed capture.
    pub record: u64,
    /// How `data` begins.
    pub link: LinkType,
    /// All of it.
    pub data: &'r [u8],
}

impl<'r> Plain<'r> {
    /// All that is known of it.
    pub fn frame(&self) -> Frame<'r> {
        Frame {
            no: self.no,
            at: self.at,
            offset: self.record + USUAL_HEADER as u64,
            data: self.data,
            wire_len: u32::try_from(self.data.len()).unwrap_or(u32::MAX),
            link: self.link,
            mark: Mark {
                record: self.record,
                frame: self.no,
                section: 0,
                interfaces: 0,
            },
        }
    }
}

impl Reader {
    /// Gives records to `take` as long as nothing but whole frames follow each other in the window, `most` at
    /// most: how many. What comes then is for [`Reader::next_frame`].
    ///
    /// This is what makes gigabytes fast: a loop without a detour that knows its state by heart.
    #[inline]
    pub fn run(&mut self, most: usize, mut take: impl FnMut(Plain<'_>)) -> usize {
        let Format::Pcap(records) = &mut self.format else {
            return 0;
        };
        let link = records.link();
        let (Some(mut last), true) = (self.last_at, self.last_link == Some(link)) else {
            return 0;
        };
        let start = self.buffer.offset();
        let Some(run) = records.run(self.buffer.available(), last) else {
            return 0;
        };
        let first = self.next_no;
        let mut no = first;
        let mut record = start;
        // The last number of all is for the frames that nobody could count.
        let countable = usize::try_from(u32::MAX - no).unwrap_or(usize::MAX);
        for (at, data) in run.take(most.min(countable)) {
            take(Plain {
                no: FrameNo(no),
                at,
                record,
                link,
                data,
            });
            no += 1;
            record += (USUAL_HEADER + data.len()) as u64;
            last = at;
        }
        if no > first {
            records.ran(last);
            self.buffer
                .consume(usize::try_from(record - start).unwrap_or(usize::MAX));
            self.next_no = no;
            self.info.packets += u64::from(no - first);
            self.last_at = Some(last);
            self.info.last_time = self.info.last_time.max(Some(last));
        }
        usize::try_from(no - first).unwrap_or(usize::MAX)
    }

    /// Begins a later pass that reads single frames here and there, see [`Reader::jump`]. `None`: of a
    /// compressed capture that cannot be done.
    pub(in crate::capture) fn pick(origin: &Origin, mark: Mark) -> io::Result<Option<Self>> {
        let Some(file) = origin.source.shared() else {
            return Ok(None);
        };
        let mut reader = Self::resume(origin, mark)?;
        reader.buffer = Buffer::pick(file, mark.record);
        Ok(Some(reader))
    }

    /// Goes on with the frame at a mark of the same section. Only for a pass that [`Reader::pick`] began.
    pub(in crate::capture) fn jump(&mut self, mark: Mark) {
        self.buffer.jump(mark.record);
        self.next_no = mark.frame.0;
    }
}
