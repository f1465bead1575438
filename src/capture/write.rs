//! Frames written as a pcap file.

use std::io::{self, Write};

use super::link::{self, LinkType};
use super::reader::Frame;

/// Magic number of a pcap file with time stamps in nanoseconds, and of one with microseconds.
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;

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
        header(&mut file, link, true, SNAPLEN)?;
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
        let stripped = u32::try_from(frame.data.len() - data.len())
            .map_err(|_too_large| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let whole = Frame {
            data,
            wire_len: frame.wire_len.saturating_sub(stripped),
            ..*frame
        };
        record(&mut self.file, &whole, true)?;
        self.frames += 1;
        Ok(true)
    }

    /// The number of frames written.
    pub fn frames(&self) -> u64 {
        self.frames
    }
}

/// The header of a little-endian pcap file.
pub(super) fn header(
    file: &mut impl Write,
    link: LinkType,
    nanoseconds: bool,
    snaplen: u32,
) -> io::Result<()> {
    let magic = if nanoseconds {
        MAGIC_NANOSECONDS
    } else {
        MAGIC_MICROSECONDS
    };
    file.write_all(&magic.to_le_bytes())?;
    // Version 2.4; then two fields that nobody uses.
    file.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    file.write_all(&snaplen.to_le_bytes())?;
    file.write_all(&u32::from(link.0).to_le_bytes())
}

/// A frame with its record header.
pub(super) fn record(
    file: &mut impl Write,
    frame: &Frame<'_>,
    nanoseconds: bool,
) -> io::Result<()> {
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let captured = u32::try_from(frame.data.len()).map_err(too_large)?;
    let seconds = u32::try_from(frame.at.0 / 1_000_000_000).unwrap_or(u32::MAX);
    let unit = if nanoseconds { 1 } else { 1000 };
    let fraction = u32::try_from(frame.at.0 % 1_000_000_000 / unit).unwrap_or_default();
    let mut fields = [0; 16];
    let values = [seconds, fraction, captured, frame.wire_len.max(captured)];
    for (field, value) in fields.chunks_exact_mut(4).zip(values) {
        field.copy_from_slice(&value.to_le_bytes());
    }
    file.write_all(&fields)?;
    file.write_all(frame.data)
}
