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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// A capture of frames with these lengths, and octets overwritten in it.
    fn capture(lengths: &[u8], edits: &[(usize, u8)]) -> Vec<u8> {
        let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        octets.extend([0, 0, 1, 0, 1, 0, 0, 0]);
        for (at, len) in (0..).zip(lengths) {
            let words = [1_700_000_000, at, u32::from(*len), u32::from(*len)];
            octets.extend(words.map(u32::to_le_bytes).as_flattened());
            octets.extend(vec![*len; usize::from(*len)]);
        }
        for (at, octet) in edits {
            let len = octets.len();
            octets[24 + at % (len - 24)] = *octet;
        }
        octets
    }

    /// All frames, and what is known of the capture: with runs of at most `most` frames, or without.
    fn read(octets: &[u8], most: usize) -> (Vec<String>, String) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(octets).unwrap();
        let mut reader = Reader::open(file.path()).unwrap();
        let mut frames = Vec::new();
        loop {
            reader.run(most, |plain| frames.push(format!("{:?}", plain.frame())));
            let Some(frame) = reader.next_frame().unwrap() else {
                break;
            };
            frames.push(format!("{frame:?}"));
        }
        let info = reader.info();
        let known = format!("{} {:?} {:?}", info.packets, info.last_time, info.notes);
        (frames, known)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn runs_give_the_frames_that_single_steps_give(
            lengths in prop::collection::vec(any::<u8>(), 1..40),
            edits in prop::collection::vec((any::<usize>(), any::<u8>()), 0..3),
            most in 1..50_usize,
        ) {
            let octets = capture(&lengths, &edits);
            prop_assert_eq!(read(&octets, most), read(&octets, 0));
        }
    }
}
