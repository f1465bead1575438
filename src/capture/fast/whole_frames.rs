//! Many whole pcap records in one loop, and single records at known places.
//!
//! Plain code: [`Reader::next_frame`].

use std::io;

use crate::capture::buffer::Buffer;
use crate::capture::link::LinkType;
use crate::capture::reader::pcap::USUAL_HEADER;
use crate::capture::reader::{Format, Frame, Mark, Origin, Reader};
use crate::capture::{FrameNo, Timestamp};

/// A whole frame of a pcap file, with only what the RTP fast path needs.
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
    /// The same frame as [`Reader::next_frame`] gives it.
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
    /// Gives whole frames to `take` for as long as they follow each other in the buffer, at most `most`, and returns
    /// their number. What follows them is for [`Reader::next_frame`].
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
        // The highest frame number stands for all frames beyond it.
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

    /// Begins a later pass that reads single frames, see [`Reader::jump`]. `None`: the capture is compressed.
    pub(in crate::capture) fn pick(origin: &Origin, mark: Mark) -> io::Result<Option<Self>> {
        let Some(file) = origin.source.shared() else {
            return Ok(None);
        };
        let mut reader = Self::resume(origin, mark)?;
        reader.buffer = Buffer::pick(file, mark.record);
        Ok(Some(reader))
    }

    /// Continues with the frame at a mark of the same section. Only for a pass that [`Reader::pick`] began.
    pub(in crate::capture) fn jump(&mut self, mark: Mark) {
        self.buffer.jump(mark.record);
        self.next_no = mark.frame.0;
    }
}
