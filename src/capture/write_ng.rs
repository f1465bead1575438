//! Frames written as a pcapng file, with comments.

use std::io::{self, Write};

use super::link::LinkType;
use super::reader::Frame;

/// Block types (draft-ietf-opsawg-pcapng).
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// `opt_comment`, `if_tsresol`, `opt_endofopt`.
const COMMENT: u16 = 1;
const RESOLUTION: u16 = 9;
const END: u16 = 0;
/// Nanoseconds, microseconds: 10 to the power of minus 9, of minus 6.
const NANOSECONDS: u8 = 9;
const MICROSECONDS: u8 = 6;
/// Longest comment, octets: what Wireshark shows of one.
const COMMENT_MOST: usize = 4000;

/// What tells the frames of one interface of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// How they begin.
    pub link: LinkType,
    /// Unit of their time stamps, else microseconds.
    pub nanoseconds: bool,
}

/// Writes a little-endian pcapng file; each link type is an interface of its own.
#[derive(Debug)]
pub struct WriterNg<W> {
    file: W,
    interfaces: Vec<Interface>,
    frames: u64,
}

impl<W: Write> WriterNg<W> {
    /// Begins a file.
    pub fn begin(file: W, comment: &str) -> io::Result<Self> {
        let mut writer = Self {
            file,
            interfaces: Vec::new(),
            frames: 0,
        };
        let mut body = Vec::new();
        body.extend(0x1a2b_3c4d_u32.to_le_bytes());
        // Version 1.0; the length of the section is not known yet.
        body.extend([1, 0, 0, 0]);
        body.extend(u64::MAX.to_le_bytes());
        options(&mut body, &[(COMMENT, comment.as_bytes())]);
        writer.block(SECTION, &body)?;
        Ok(writer)
    }

    /// Adds a frame, its time in nanoseconds, with what is to be said of it.
    pub fn write(&mut self, frame: &Frame<'_>, comments: &[String]) -> io::Result<()> {
        self.write_in(frame, true, comments)
    }

    /// As [`WriterNg::write`], its time in nanoseconds or in microseconds.
    pub fn write_in(
        &mut self,
        frame: &Frame<'_>,
        nanoseconds: bool,
        comments: &[String],
    ) -> io::Result<()> {
        let link = frame.link;
        let interface = self.interface(Interface { link, nanoseconds })?;
        let ticks = frame.at.0 / if nanoseconds { 1 } else { 1000 };
        let captured = length(frame.data.len())?;
        let mut body = Vec::with_capacity(frame.data.len() + 64);
        body.extend(interface.to_le_bytes());
        for half in [ticks >> 32, ticks & 0xffff_ffff] {
            body.extend(u32::try_from(half).unwrap_or_default().to_le_bytes());
        }
        body.extend(captured.to_le_bytes());
        body.extend(frame.wire_len.max(captured).to_le_bytes());
        body.extend(frame.data);
        pad(&mut body);
        let comments: Vec<(u16, &[u8])> = comments
            .iter()
            .map(|comment| (COMMENT, comment.as_bytes()))
            .collect();
        options(&mut body, &comments);
        self.block(ENHANCED_PACKET, &body)?;
        self.frames += 1;
        Ok(())
    }

    /// The number of frames written.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// What was written, to be taken from it.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.file
    }

    /// The number of an interface, described before its first frame.
    fn interface(&mut self, interface: Interface) -> io::Result<u32> {
        let known = self.interfaces.iter().position(|known| *known == interface);
        if let Some(known) = known {
            return length(known);
        }
        let mut body = Vec::new();
        body.extend(interface.link.0.to_le_bytes());
        body.extend([0, 0]);
        // No snap length.
        body.extend([0; 4]);
        let resolution = if interface.nanoseconds {
            NANOSECONDS
        } else {
            MICROSECONDS
        };
        options(&mut body, &[(RESOLUTION, &[resolution])]);
        self.block(INTERFACE, &body)?;
        self.interfaces.push(interface);
        length(self.interfaces.len() - 1)
    }

    fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        /// Type and length before, length behind.
        const FRAME: usize = 12;
        let total = length(body.len() + FRAME)?.to_le_bytes();
        self.file.write_all(&kind.to_le_bytes())?;
        self.file.write_all(&total)?;
        self.file.write_all(body)?;
        self.file.write_all(&total)
    }
}

fn length(octets: usize) -> io::Result<u32> {
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    u32::try_from(octets).map_err(too_large)
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn options(body: &mut Vec<u8>, all: &[(u16, &[u8])]) {
    for (code, value) in all {
        let value = clipped(value);
        let Ok(octets) = u16::try_from(value.len()) else {
            continue;
        };
        body.extend(code.to_le_bytes());
        body.extend(octets.to_le_bytes());
        body.extend(value);
        pad(body);
    }
    if !all.is_empty() {
        body.extend(END.to_le_bytes());
        body.extend([0, 0]);
    }
}

/// At a whole character.
fn clipped(value: &[u8]) -> &[u8] {
    let mut end = value.len().min(COMMENT_MOST);
    while end < value.len() && value.get(end).is_some_and(|octet| octet & 0xc0 == 0x80) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}
