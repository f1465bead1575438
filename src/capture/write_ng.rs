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
/// Nanoseconds: 10 to the power of minus 9.
const NANOSECONDS: u8 = 9;
/// Longest comment, octets: what Wireshark shows of one.
const COMMENT_MOST: usize = 4000;

/// Writes a little-endian pcapng file with nanosecond time stamps; each link type is an interface of its own.
#[derive(Debug)]
pub struct WriterNg<W> {
    file: W,
    links: Vec<LinkType>,
    frames: u64,
}

impl<W: Write> WriterNg<W> {
    /// Begins a file.
    pub fn begin(file: W, comment: &str) -> io::Result<Self> {
        let mut writer = Self {
            file,
            links: Vec::new(),
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

    /// Adds a frame with what is to be said of it.
    pub fn write(&mut self, frame: &Frame<'_>, comments: &[String]) -> io::Result<()> {
        let interface = self.interface(frame.link)?;
        let captured = length(frame.data.len())?;
        let mut body = Vec::with_capacity(frame.data.len() + 64);
        body.extend(interface.to_le_bytes());
        for half in [frame.at.0 >> 32, frame.at.0 & 0xffff_ffff] {
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

    /// The number of the interface of a link type, described before its first frame.
    fn interface(&mut self, link: LinkType) -> io::Result<u32> {
        let known = self.links.iter().position(|known| *known == link);
        if let Some(known) = known {
            return length(known);
        }
        let mut body = Vec::new();
        body.extend(link.0.to_le_bytes());
        body.extend([0, 0]);
        // No snap length.
        body.extend([0; 4]);
        options(&mut body, &[(RESOLUTION, &[NANOSECONDS])]);
        self.block(INTERFACE, &body)?;
        self.links.push(link);
        length(self.links.len() - 1)
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
