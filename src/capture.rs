//! From a capture file to datagrams: containers, link layers, IP, UDP, TCP, SCTP, ICMP.
//!
//! Knows packets and bytes; knows nothing of SIP, T.38 or calls. Everything above sees [`Packet`]s only.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::file::FileId;
use crate::uid::Uid;

mod ahead;
mod buffer;
mod collector;
mod compress;
mod container;
mod content;
mod duplicate;
pub mod edit;
pub mod error;
pub mod fast;
mod fragment;
mod icmp;
mod ip;
pub mod link;
mod live;
pub mod merge;
pub mod packet;
pub mod pieces;
pub mod reader;
pub mod record;
mod sctp;
mod source;
pub mod store;
pub mod stream;
mod tunnel;
mod udp;
mod unopened;
pub mod write;
pub mod write_ng;

pub use duplicate::{Latest, Stamp};
pub use error::Error;
pub use fragment::Incomplete;
pub use icmp::IcmpError;
pub(crate) use source::HEP;

/// Number of a frame in the capture: 1-based, the same as Wireshark shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FrameNo(pub u32);

impl fmt::Display for FrameNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Capture time: nanoseconds after 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Seconds from `earlier` to `self`; negative if `self` is before it.
    #[expect(
        clippy::cast_precision_loss,
        reason = "differences inside a capture are far below 2^52 ns"
    )]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        if self >= earlier {
            (self.0 - earlier.0) as f64 / 1e9
        } else {
            -((earlier.0 - self.0) as f64 / 1e9)
        }
    }

    /// The time `seconds` later (earlier if negative), saturating.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float to integer casts saturate"
    )]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        if seconds >= 0.0 {
            Self(self.0.saturating_add((seconds * 1e9) as u64))
        } else {
            Self(self.0.saturating_sub((-seconds * 1e9) as u64))
        }
    }
}

/// An address and a port. Port 0 where the protocol has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub addr: IpAddr,
    /// UDP, TCP or SCTP port.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint from its parts.
    pub const fn new(addr: IpAddr, port: u16) -> Self {
        Self { addr, port }
    }
}

/// One write for IPv4: endpoints are looked up for every packet of a capture.
impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.addr {
            IpAddr::V4(addr) => {
                state.write_u64(u64::from(addr.to_bits()) << 16 | u64::from(self.port));
            }
            IpAddr::V6(addr) => {
                state.write_u128(addr.to_bits());
                state.write_u16(self.port);
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.addr {
            IpAddr::V4(addr) => write!(f, "{addr}:{}", self.port),
            IpAddr::V6(addr) => write!(f, "[{addr}]:{}", self.port),
        }
    }
}

/// Where some octets can be fetched again by [`store::Store::fetch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which of the store's files, or its memory.
    pub origin: Origin,
    /// Octets from the start of that.
    pub offset: u64,
    /// How many octets.
    pub len: u32,
}

/// Where a [`store::Store`] has octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The capture itself: a payload that lies in it in one piece.
    Capture,
    /// Memory: small payloads that lie far apart, as long as they are few.
    Memory,
    /// The spool: reassembled payloads, and all that is kept of a compressed capture.
    Spool,
}

/// What carried a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A UDP datagram.
    Udp,
    /// A TCP segment; give it to [`stream::Streams`] to get bytes in order.
    Tcp {
        /// Sequence number of the first payload octet (of the SYN itself where `syn`).
        seq: u32,
        /// SYN flag: `seq` + 1 is the number of the first octet.
        syn: bool,
        /// FIN or RST flag.
        end: bool,
    },
    /// The user data of one SCTP DATA chunk.
    Sctp,
    /// An ICMP or `ICMPv6` error; `src` of the packet is who says so, the payload what it quotes.
    Icmp {
        /// What it says.
        error: IcmpError,
        /// Source of the quoted packet.
        quoted_src: Endpoint,
        /// Destination of the quoted packet: what could not be reached.
        quoted_dst: Endpoint,
    },
}

/// One transport payload of a frame, with endpoints: what the layers above work on.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'f> {
    /// The frame that carried it (for IP fragments the one that completed it).
    pub frame: FrameNo,
    /// Capture time of that frame.
    pub at: Timestamp,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// What carried the payload.
    pub transport: Transport,
    /// The payload, as far as it was captured.
    pub payload: &'f [u8],
    /// Octets of the payload that the snap length cut off (0: it is whole).
    pub cut: u32,
    /// Offset of `payload` in the capture (uncompressed), if it lies there in one piece.
    pub offset: Option<u64>,
    /// A second recording of a packet that came just before (mirror, `-i any`): to be left out of every count.
    pub duplicate: bool,
    /// What tells copies of it that are not known as such yet.
    pub stamp: Stamp,
}

/// Something about the capture itself that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Frame at or after which it was seen.
    pub frame: Option<FrameNo>,
    /// Octets from the start of the (uncompressed) capture.
    pub offset: Option<u64>,
    /// What, in one sentence.
    pub text: String,
}

/// A gap between two frames of the capture that may be a jump of its clock (rule `cap-clock-jump`).
pub const LONG_GAP: f64 = 2.0;

/// What is known about the capture as a whole, so far.
#[derive(Clone, Debug, Default)]
pub struct CaptureInfo {
    /// File name as given by the user; `-` for standard input.
    pub file: String,
    /// What names it by its content, once it is read.
    pub uid: Uid,
    /// `pcap` or `pcapng`.
    pub format: &'static str,
    /// Names of the link types in order of appearance, e.g. `ETHERNET`, `LINUX_SLL2`.
    pub link_types: Vec<String>,
    /// Frames read.
    pub packets: u64,
    /// Octets of the (uncompressed) capture read so far.
    pub bytes: u64,
    /// Size of the file, where known (compressed size for compressed files).
    pub file_bytes: Option<u64>,
    /// Octets of the file consumed so far (for progress; compressed for compressed files).
    pub file_pos: u64,
    /// First time stamp in file order.
    pub first_time: Option<Timestamp>,
    /// Latest time stamp.
    pub last_time: Option<Timestamp>,
    /// Decimal digits of the time stamps, 6 or 9.
    pub time_digits: u8,
    /// Frames with fewer octets captured than were on the wire.
    pub truncated_frames: u64,
    /// Largest captured length among truncated frames.
    pub snaplen: u32,
    /// Frames that were recorded twice and are left out.
    pub duplicate_frames: u64,
    /// Packets that the capturing system says it dropped (pcapng interface statistics).
    pub dropped: u64,
    /// IP fragments whose siblings never came.
    pub orphan_fragments: u64,
    /// Frames around jumps of the capture clock: frame after the jump, seconds (negative: backwards).
    pub clock_jumps: Vec<(FrameNo, f64)>,
    /// Frames that came long after the frame before them (over [`LONG_GAP`] seconds), and how long, at most
    /// 10,000. Whether the clock jumped there or nothing was sent, only running streams can tell.
    pub time_gaps: Vec<(FrameNo, f64)>,
    /// Notes for the user, in order.
    pub notes: Vec<Note>,
    /// Its pages were made blank and its sound silent (`--redact`): that says nothing of the fax.
    pub redacted: bool,
    /// The files it was read from: nothing may be written over them.
    pub files: Vec<FileId>,
    /// Where several were merged: from which of them each frame is.
    pub origins: Option<Arc<merge::Origins>>,
}

#[cfg(test)]
mod tests;
