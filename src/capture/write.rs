//! Frames written as a pcap file.

use std::io::{self, Write};

use super::link::{self, LinkType};
use super::reader::Frame;

/// Magic number of a pcap file with time stamps in nanoseconds.
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The snap length written: libpcap's own default.
const SNAPLEN: u32 = 262_144;

/// Writes a little-endian pcap file with nanosecond time stamps.
#[derive(Debug)]
pub struct Writer<W> {
    file: W,
    link: LinkType,
    frames: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file. A pcap file has one link type: with [`LinkType::RAW`], frames of any other type are reduced
    /// to the IP packets in them.
    pub fn begin(mut file: W, link: LinkType) -> io::Result<Self> {
        file.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        // Version 2.4; then two fields that nobody uses.
        file.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        file.write_all(&SNAPLEN.to_le_bytes())?;
        file.write_all(&u32::from(link.0).to_le_bytes())?;
        Ok(Self {
            file,
            link,
            frames: 0,
        })
    }

    /// Adds a frame. False: it is of another link type and there is no IP packet in it.
    pub fn write(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        let data = if frame.link == self.link {
            Some(frame.data)
        } else if self.link == LinkType::RAW {
            link::ip_packet(frame.link, frame.data)
        } else {
            None
        };
        let Some(data) = data else {
            return Ok(false);
        };
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let captured = u32::try_from(data.len()).map_err(too_large)?;
        let stripped = u32::try_from(frame.data.len() - data.len()).map_err(too_large)?;
        let original = frame.wire_len.saturating_sub(stripped).max(captured);
        let seconds = u32::try_from(frame.at.0 / 1_000_000_000).unwrap_or(u32::MAX);
        let nanoseconds = u32::try_from(frame.at.0 % 1_000_000_000).unwrap_or_default();
        for field in [seconds, nanoseconds, captured, original] {
            self.file.write_all(&field.to_le_bytes())?;
        }
        self.file.write_all(data)?;
        self.frames += 1;
        Ok(true)
    }

    /// The number of frames written.
    pub fn frames(&self) -> u64 {
        self.frames
    }
}
