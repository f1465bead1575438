//! Frames written as a pcap file, beside their place until the file is whole.

use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::link::{self, LinkType};
use super::reader::Frame;

/// Magic number of a pcap file with time stamps in nanoseconds.
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The snap length written: libpcap's own default.
const SNAPLEN: u32 = 262_144;

/// Writes a little-endian pcap file with nanosecond time stamps.
///
/// The file appears under its name only with [`Writer::finish`]; without it nothing is left behind.
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    link: LinkType,
    frames: u64,
}

impl Writer {
    /// Begins a file. A pcap file has one link type: with [`LinkType::RAW`], frames of any other type are reduced
    /// to the IP packets in them.
    pub fn create(path: &Path, link: LinkType) -> io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::Builder::new()
            .prefix(".faxflow-")
            // Temporary files are private by default; this one becomes an ordinary file, by the user's umask.
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))?;
        let mut file = BufWriter::new(file);
        file.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        // Version 2.4; then two fields that nobody uses.
        file.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        file.write_all(&SNAPLEN.to_le_bytes())?;
        file.write_all(&u32::from(link.0).to_le_bytes())?;
        Ok(Self {
            file,
            path: path.to_owned(),
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

    /// Puts the file in its place. Gives the number of frames in it.
    pub fn finish(self) -> io::Result<u64> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(self.frames)
    }
}
