//! Frames out of a capture: pcap or pcapng, perhaps compressed, from a file or a pipe, perhaps damaged.
//!
//! One streaming pass with a bounded window. Damage is reported as a [`Note`] and skipped.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::buffer::Buffer;
use super::container::{self, PCAP_HEADER_LEN};
use super::error::of_the_system;
use super::link::LinkType;
use super::live::Pipe;
use super::source::{Opened, Source};
use super::{CaptureInfo, Error, FrameNo, LONG_GAP, Note, Timestamp};

mod diagnosis;
mod mark;
pub(super) mod pcap;
mod pcapng;

pub use super::fast::Plain;
pub use mark::Mark;

/// Notes kept about damage; the rest is only counted.
const NOTES_MAX: usize = 100;

/// Link types named; a capture has one, or two.
const LINK_TYPES_MAX: usize = 64;

/// Clock jumps kept.
const CLOCK_JUMPS_MAX: usize = 1000;

/// Long gaps noted.
const TIME_GAPS_MAX: usize = 10_000;

/// [`LONG_GAP`] in nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few positive seconds"
)]
const LONG_GAP_NS: u64 = (LONG_GAP * 1e9) as u64;

/// A frame this much before its predecessor is a jump of the clock (rule `cap-clock-jump`).
const CLOCK_JUMP_NS: u64 = 100_000_000;

/// One captured frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'r> {
    /// Its number.
    pub no: FrameNo,
    /// When it was captured.
    pub at: Timestamp,
    /// Offset of `data` in the uncompressed capture.
    pub offset: u64,
    /// What was captured of it.
    pub data: &'r [u8],
    /// Octets it had on the wire.
    pub wire_len: u32,
    /// How `data` begins.
    pub link: LinkType,
    /// Where a later pass can begin with this frame.
    pub mark: Mark,
}

/// Reads a capture from its start, or from a mark, to its end.
pub struct Reader {
    pub(super) buffer: Buffer,
    pub(super) format: Format,
    pub(super) origin: Origin,
    pub(super) info: CaptureInfo,
    pub(super) next_no: u32,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_link: Option<LinkType>,
    pub(super) follow: bool,
    pub(super) failure_noted: bool,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) enum Format {
    Pcap(pcap::Records),
    Pcapng(pcapng::Blocks),
}

/// What a second pass needs of the first.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) source: Source,
    position: Arc<AtomicU64>,
    kind: Kind,
    pipe: Option<Arc<Pipe>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Pcap(container::PcapHeader),
    Pcapng(pcapng::Sections),
}

/// What a walker came upon.
enum Step {
    /// A frame, perhaps with something to tell about it.
    Frame(Found, Option<Damage>),
    /// Something that is no frame.
    Damage(Damage),
    /// Something that is no frame, but has a frame's number.
    Numbered,
    /// No more data (for now).
    End,
}

/// Where a frame lies in the buffer, and what its header says.
struct Found {
    record: u64,
    offset: u64,
    len: usize,
    wire_len: u32,
    at: Timestamp,
    link: LinkType,
}

struct Damage {
    offset: u64,
    text: String,
}

impl Reader {
    /// Opens a capture file; `-` is standard input.
    ///
    /// Detects compression and format by content, not by name.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let Opened {
            source,
            input,
            position,
            file_bytes,
            pipe,
            id,
        } = Source::open(path)?;
        let mut buffer = Buffer::of_capture(input);
        let file = path.display().to_string();
        buffer.fill(PCAP_HEADER_LEN);
        if let Some(error) = buffer.take_failure() {
            return Err(Error::Io {
                file,
                action: "cannot read",
                source: error,
            });
        }
        let (format, kind) = Self::recognize(&mut buffer, &file)?;
        let mut info = CaptureInfo {
            file,
            file_bytes,
            time_digits: 6,
            files: id.into_iter().collect(),
            ..CaptureInfo::default()
        };
        match &format {
            Format::Pcap(records) => {
                info.format = "pcap";
                info.time_digits = if records.nanoseconds() { 9 } else { 6 };
                info.link_types.push(records.link().to_string());
            }
            Format::Pcapng(_) => info.format = "pcapng",
        }
        let origin = Origin {
            source,
            position,
            kind,
            pipe,
        };
        Ok(Self::new(buffer, format, origin, info, 1))
    }

    fn new(
        buffer: Buffer,
        format: Format,
        origin: Origin,
        info: CaptureInfo,
        next_no: u32,
    ) -> Self {
        Self {
            buffer,
            format,
            origin,
            info,
            next_no,
            last_at: None,
            last_link: None,
            follow: false,
            failure_noted: false,
        }
    }

    fn recognize(buffer: &mut Buffer, file: &str) -> Result<(Format, Kind), Error> {
        let start = buffer.available();
        if let Some(header) = container::pcap_header(start) {
            buffer.consume(PCAP_HEADER_LEN);
            let records = pcap::Records::new(header);
            return Ok((Format::Pcap(records), Kind::Pcap(header)));
        }
        if start.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) && start.len() >= 12 {
            let blocks = pcapng::Blocks::new();
            let kind = Kind::Pcapng(blocks.sections());
            return Ok((Format::Pcapng(blocks), kind));
        }
        Err(diagnosis::not_a_capture(file, start))
    }

    /// Begins a later pass at a mark of an earlier one. Frames keep their numbers.
    pub(super) fn resume(origin: &Origin, mark: Mark) -> io::Result<Self> {
        let buffer = Buffer::new(origin.source.input_at(mark.record)?, mark.record);
        let (format, kind) = match &origin.kind {
            Kind::Pcap(header) => {
                let records = pcap::Records::new(*header);
                (Format::Pcap(records), Kind::Pcap(*header))
            }
            Kind::Pcapng(sections) => {
                let blocks = pcapng::Blocks::at(sections, mark);
                let kind = Kind::Pcapng(blocks.sections());
                (Format::Pcapng(blocks), kind)
            }
        };
        let origin = Origin {
            kind,
            pipe: None,
            ..origin.clone()
        };
        let info = CaptureInfo::default();
        Ok(Self::new(buffer, format, origin, info, mark.frame.0))
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the file still grows: the end of the data is then not the end of the capture, `next_frame` gives
    /// `None` there and can be called again later.
    pub fn follow(&mut self, follow: bool) {
        self.follow = follow;
    }

    /// Whether the capture comes through a pipe that may give more: the end of the data is not its end then, as
    /// with [`Reader::follow`].
    pub fn is_live(&self) -> bool {
        self.origin.pipe.as_ref().is_some_and(|pipe| pipe.is_open())
    }

    /// Octets of the capture up to the end of the last whole frame.
    pub fn consumed(&self) -> u64 {
        self.buffer.offset()
    }

    /// Waits for data of a pipe, up to a timeout.
    pub fn wait(&self, timeout: Duration) {
        if let Some(pipe) = &self.origin.pipe {
            let have = self.buffer.offset() + self.buffer.available().len() as u64;
            pipe.wait(have, timeout);
        }
    }

    /// The error of the system at which reading ended, with its place. Damaged data are no such error but a
    /// [`Note`], and a cut capture ends without one.
    pub fn failure(&self) -> Option<Error> {
        let source = of_the_system(self.buffer.failure()?)?;
        Some(Error::Broken {
            file: self.info.file.clone(),
            place: format!(
                "after frame {} (offset {})",
                self.next_no.saturating_sub(1),
                self.buffer.offset()
            ),
            source,
        })
    }

    /// As [`Reader::failure`], for a pass that reads again.
    pub(crate) fn read_error(&self) -> io::Result<()> {
        let error = self.buffer.failure().and_then(|error| of_the_system(error));
        error.map_or(Ok(()), Err)
    }

    /// Nothing more of the capture can be read or kept: the first note says so, and stays.
    pub fn fail(&mut self, why: &str) {
        self.failure_noted = true;
        self.info.notes.insert(
            0,
            Note {
                frame: Some(FrameNo(self.next_no)),
                offset: None,
                text: format!("not all of the capture was read: {why}"),
            },
        );
    }

    /// Says of a file that grew while it was read that more is to come.
    pub fn note_growth(&mut self) {
        let grown = self
            .origin
            .source
            .len_now()
            .zip(self.info.file_bytes)
            .and_then(|(now, before)| now.checked_sub(before))
            .filter(|grown| *grown > 0);
        if let Some(grown) = grown {
            self.info.notes.push(Note {
                frame: None,
                offset: None,
                text: format!(
                    "the capture is still being written: {grown} octets came while it was read; read it again when it is \
                     complete, or with --follow"
                ),
            });
        }
    }

    /// Names the capture by what was read of it.
    pub fn note_uid(&mut self) {
        self.info.uid = self.buffer.uid();
    }

    /// What is known about the capture so far.
    pub fn info(&self) -> &CaptureInfo {
        &self.info
    }

    /// For what the layers above learn about the capture.
    pub fn info_mut(&mut self) -> &mut CaptureInfo {
        &mut self.info
    }

    /// The next frame, or `None` at the end of the capture (see [`Reader::follow`]).
    ///
    /// Damage is noted in [`Reader::info`] and skipped. The only error is that nothing at all can be read.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Error> {
        loop {
            // Asked before reading: what a pipe gave until it ended is there then.
            let growing = self.follow || self.is_live();
            let ended = !growing || self.buffer.failure().is_some();
            let step = match &mut self.format {
                Format::Pcap(records) => records.step(&mut self.buffer, ended),
                Format::Pcapng(blocks) => blocks.step(&mut self.buffer, ended),
            };
            match step {
                Step::Frame(found, damage) => {
                    if let Some(damage) = damage {
                        self.note(damage);
                    }
                    return Ok(Some(self.admit(&found)));
                }
                Step::Damage(damage) => self.note(damage),
                Step::Numbered => {
                    self.next_no = self.next_no.saturating_add(1);
                    self.info.packets += 1;
                }
                Step::End => {
                    self.finish()?;
                    return Ok(None);
                }
            }
        }
    }

    fn admit(&mut self, found: &Found) -> Frame<'_> {
        let no = FrameNo(self.next_no);
        self.next_no = self.next_no.saturating_add(1);
        let (section, interfaces) = match &self.format {
            Format::Pcap(_) => (0, 0),
            Format::Pcapng(blocks) => blocks.place(),
        };
        self.count(found, no);
        Frame {
            no,
            at: found.at,
            offset: found.offset,
            data: self.buffer.at(found.offset, found.len),
            wire_len: found.wire_len,
            link: found.link,
            mark: Mark {
                record: found.record,
                frame: no,
                section,
                interfaces,
            },
        }
    }

    fn count(&mut self, found: &Found, no: FrameNo) {
        let info = &mut self.info;
        info.packets += 1;
        info.bytes = self.buffer.offset();
        info.file_pos = self.origin.position.load(Ordering::Relaxed);
        let captured = u32::try_from(found.len).unwrap_or(u32::MAX);
        if captured < found.wire_len {
            info.truncated_frames += 1;
            info.snaplen = info.snaplen.max(captured);
        }
        if let Some(last) = self.last_at {
            if found.at.0.saturating_add(CLOCK_JUMP_NS) < last.0
                && info.clock_jumps.len() < CLOCK_JUMPS_MAX
            {
                info.clock_jumps.push((no, found.at.seconds_since(last)));
            }
            if found.at.0.saturating_sub(last.0) > LONG_GAP_NS
                && info.time_gaps.len() < TIME_GAPS_MAX
            {
                info.time_gaps.push((no, found.at.seconds_since(last)));
            }
        } else {
            info.first_time = Some(found.at);
        }
        info.last_time = info.last_time.max(Some(found.at));
        self.last_at = Some(found.at);
        if self.last_link != Some(found.link) {
            self.meet_link(found.link, no, found.offset);
        }
    }

    #[cold]
    fn meet_link(&mut self, link: LinkType, no: FrameNo, offset: u64) {
        self.last_link = Some(link);
        if let Format::Pcapng(blocks) = &self.format
            && blocks.nanoseconds()
        {
            self.info.time_digits = 9;
        }
        let name = link.to_string();
        let full = self.info.link_types.len() >= LINK_TYPES_MAX;
        let known = full || self.info.link_types.contains(&name);
        if !known {
            self.info.link_types.push(name.clone());
        }
        if !link.is_known() && (!known || self.info.packets == 1) {
            self.info.notes.push(Note {
                frame: Some(no),
                offset: Some(offset),
                text: format!("frames of link type {name} are not decoded"),
            });
        }
    }

    fn note(&mut self, damage: Damage) {
        let frame = FrameNo(self.next_no);
        match self.info.notes.len() {
            ..NOTES_MAX => self.info.notes.push(Note {
                frame: Some(frame),
                offset: Some(damage.offset),
                text: damage.text,
            }),
            NOTES_MAX => self.info.notes.push(Note {
                frame: Some(frame),
                offset: Some(damage.offset),
                text: "more damage follows that is not listed".to_owned(),
            }),
            _ => {}
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        let info = &mut self.info;
        info.bytes = self.buffer.offset();
        info.file_pos = self.origin.position.load(Ordering::Relaxed);
        if let Format::Pcapng(blocks) = &self.format {
            info.dropped = blocks.dropped();
        }
        if self.info.packets == 0
            && let Some(source) = self.buffer.take_failure()
        {
            return Err(Error::Io {
                file: self.info.file.clone(),
                action: "cannot read",
                source,
            });
        }
        if let Some(error) = self.buffer.failure()
            && !self.failure_noted
        {
            self.failure_noted = true;
            if of_the_system(error).is_some() {
                let why = error.to_string();
                self.fail(&why);
            } else {
                let text = format!("the capture cannot be read further: {error}");
                let offset = self.buffer.offset();
                self.note(Damage { offset, text });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
