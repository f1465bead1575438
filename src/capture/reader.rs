//! Frames out of a capture: pcap or pcapng, perhaps compressed, from a file or a pipe, perhaps damaged.
//!
//! One streaming pass with a bounded window. Damage is reported as a [`Note`] and skipped.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::ahead::Ahead;
use super::buffer::Buffer;
use super::container::{self, PCAP_HEADER_LEN};
use super::link::LinkType;
use super::live::Pipe;
use super::merge::{Account, Inputs, Plan};
use super::source::{Opened, Source};
use super::{CaptureInfo, Error, FrameNo, Note, Timestamp};

mod account;
mod diagnosis;
mod mark;
pub(super) mod pcap;
mod pcapng;

pub use super::fast::Plain;
pub use diagnosis::Beginning;
pub use mark::Mark;

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
    /// Of several captures, what is learnt of them on the way.
    account: Option<Arc<Account>>,
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
        Self::begin(Source::open(path)?, path.display().to_string())
    }

    /// Opens several captures as one, see `capture::merge`.
    pub fn open_all(inputs: &Inputs) -> Result<Self, Error> {
        let (plan, file_bytes) = Plan::of(inputs)?;
        let plan = Arc::new(plan);
        let account = Arc::new(Account::default());
        let merged = plan.stream(Some(Arc::clone(&account)));
        let file = plan.name();
        let position = merged.position();
        let input = Ahead::of(Box::new(merged)).map_err(|source| Error::Io {
            file: file.clone(),
            action: "cannot read",
            source,
        })?;
        let opened = Opened {
            source: Source::Merged(Arc::clone(&plan)),
            input: Box::new(input),
            position,
            file_bytes: Some(file_bytes),
            pipe: None,
            id: None,
        };
        let mut reader = Self::begin(opened, file)?;
        reader.origin.account = Some(account);
        reader.info.files = plan.ids();
        reader.info.origins = Some(Arc::clone(&plan.origins));
        let notes = plan.origins.notes().into_iter();
        reader.info.notes.extend(notes.map(|text| Note {
            frame: None,
            offset: None,
            text,
        }));
        Ok(reader)
    }

    /// Reads what was opened before once more.
    pub(super) fn again(source: &Source, file: String) -> Result<Self, Error> {
        let opened = source.again().map_err(|source| Error::Io {
            file: file.clone(),
            action: "cannot read",
            source,
        })?;
        Self::begin(opened, file)
    }

    fn begin(opened: Opened, file: String) -> Result<Self, Error> {
        let Opened {
            source,
            input,
            position,
            file_bytes,
            pipe,
            id,
        } = opened;
        let mut buffer = Buffer::of_capture(input);
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
            account: None,
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
            account: None,
            ..origin.clone()
        };
        let info = CaptureInfo {
            origins: origin.source.origins(),
            ..CaptureInfo::default()
        };
        Ok(Self::new(buffer, format, origin, info, mark.frame.0))
    }

    /// The header of a pcap file.
    pub(super) fn pcap_header(&self) -> Option<container::PcapHeader> {
        match self.origin.kind {
            Kind::Pcap(header) => Some(header),
            Kind::Pcapng(_) => None,
        }
    }

    /// Octets of the last frame, by its place.
    pub(super) fn octets(&self, offset: u64, len: usize) -> &[u8] {
        self.buffer.at(offset, len)
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
}

#[cfg(test)]
mod tests;
