//! Diagnoses a file that is no capture, and says what to do about it.

use crate::capture::Error;
use crate::capture::compress::Compression;

const RECORD: &str = "record one with: tcpdump -i any -s 0 -w fax.pcap udp";
const UNPACK: &str = "unpack it first; of compressed captures, gzip and zstd are read directly";
const CONVERT: &str = "convert it with: editcap -F pcapng IN OUT";
const AGAIN: &str = "check that it was copied whole, or record it again";

/// First octets of files that people mistake for captures.
const MAGICS: [(&[u8], &str, &str); 14] = [
    (b"PK\x03\x04", "it is a ZIP archive", UNPACK),
    (b"BZh", "it is compressed with bzip2", UNPACK),
    (b"\xfd7zXZ\0", "it is compressed with xz", UNPACK),
    (b"\x04\x22\x4d\x18", "it is compressed with LZ4", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive", UNPACK),
    (b"Rar!", "it is a RAR archive", UNPACK),
    (b"snoop\0\0\0", "it is a Solaris snoop capture", CONVERT),
    (
        b"GMBU",
        "it is a Microsoft Network Monitor capture",
        CONVERT,
    ),
    (
        b"RTSS",
        "it is a Microsoft Network Monitor capture",
        CONVERT,
    ),
    (b"XCP\0", "it is a NetXRay capture", CONVERT),
    (b"RIFF", "it is a WAV or AVI file", RECORD),
    (b"II*\0", "it is a TIFF image", RECORD),
    (b"MM\0*", "it is a TIFF image", RECORD),
    (b"%PDF", "it is a PDF document", RECORD),
];

/// Magic numbers of pcap and pcapng.
const CAPTURES: [[u8; 4]; 7] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x34, 0xcd, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xcd, 0x34],
    [0x0a, 0x0d, 0x0d, 0x0a],
];

/// What the first octets of a file make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// pcap or pcapng.
    Capture,
    /// Compressed; perhaps a capture is inside.
    Compressed,
}

impl Beginning {
    /// By the magic number, 4 octets; `None`: it is something else.
    pub fn of(start: &[u8]) -> Option<Self> {
        if CAPTURES.iter().any(|magic| start.starts_with(magic)) {
            return Some(Self::Capture);
        }
        Compression::of(start).map(|_| Self::Compressed)
    }
}

/// The error for a file that begins with `start` (a few octets, fewer if it is shorter).
pub(super) fn not_a_capture(file: &str, start: &[u8]) -> Error {
    let (what, advice) = describe(start);
    Error::NotACapture {
        file: file.to_owned(),
        what,
        offset: 0,
        advice,
    }
}

fn describe(start: &[u8]) -> (String, &'static str) {
    if start.is_empty() {
        return ("it is empty".to_owned(), AGAIN);
    }
    // It ends before its header does.
    if Beginning::of(start) == Some(Beginning::Capture) {
        let text = format!(
            "the capture ends inside its header, after {} octets",
            start.len()
        );
        return (text, AGAIN);
    }
    if let Some((_, what, advice)) = MAGICS.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return ((*what).to_owned(), advice);
    }
    if start
        .iter()
        .all(|octet| matches!(octet, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..))
    {
        return ("it is a text file".to_owned(), RECORD);
    }
    let magic: Vec<String> = start
        .iter()
        .take(4)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let text = format!(
        "it is neither pcap nor pcapng (it begins with {})",
        magic.join(" ")
    );
    (text, RECORD)
}
