//! Figures of the T.38 packets of one sender.

use crate::capture::{Endpoint, FrameNo, Timestamp};

/// T.38 figures of one sender (UDPTL; of T.38 over TCP and RTP as far as they apply).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UdptlStats {
    /// Packets, without repeats.
    pub packets: u32,
    /// Repeats: a sequence number seen before.
    pub repeats: u32,
    /// Arrived after a later sequence number.
    pub reordered: u32,
    /// The packet that came latest behind its place: how many sequence numbers behind the highest, seconds
    /// after the first packet with a later number, its frame. Each the largest seen; the frame is of the time.
    pub latest: Option<(u32, f64, FrameNo)>,
    /// Missing primary sequence numbers.
    pub lost: u32,
    /// Of them repaired by redundancy or FEC.
    pub recovered: u32,
    /// Of the unrepaired: in V.21 data or around indicators.
    pub lost_control: u32,
    /// Of the unrepaired: in fast data.
    pub lost_image: u32,
    /// Runs of missing packets: (frame after the run, time, how many, how many repaired).
    pub gaps: Vec<UdptlGap>,
    /// Most usual number of secondary packets in V.21 data and indicators.
    pub depth_control: u32,
    /// Most usual number of secondary packets in fast data.
    pub depth_image: u32,
    /// Packets with secondary IFP packets (redundancy).
    pub redundancy_packets: u32,
    /// Packets with FEC.
    pub fec_packets: u32,
    /// First packet with FEC.
    pub first_fec: Option<FrameNo>,
    /// First packet with redundancy.
    pub first_redundancy: Option<FrameNo>,
    /// Largest UDPTL packet in octets, and its frame.
    pub largest: (u32, FrameNo),
    /// Sizes of all packets, as (octets, how many), largest first, at most 64.
    pub sizes: Vec<(u32, u32)>,
    /// Encoding of the fields: decided by trial.
    pub encoding: Option<Encoding>,
    /// First packet by which the encoding could be told.
    pub encoding_frame: Option<FrameNo>,
    /// Packets that do not decode.
    pub undecodable: u32,
    /// First of them.
    pub first_undecodable: Option<FrameNo>,
    /// Signals beyond what its octets can hold in a fax: left out.
    pub left_out: u32,
    /// Sequence restarts: frame, from, to.
    pub restarts: Vec<(FrameNo, u16, u16)>,
    /// Gaps in time over 300 ms inside a running signal: frame after, seconds.
    pub stalls: Vec<(FrameNo, f64)>,
    /// Where packets came from and went to: source, destination, count, first frame, first time, last time.
    pub paths: Vec<MediaPath>,
    /// RTP packets on this T.38 path after the switch: count, first and last frame, first and last time.
    pub rtp_residue: Option<(u32, FrameNo, FrameNo, Timestamp, Timestamp)>,
    /// RTP of this sender that begins again after its last T.38 packet, while only T.38 is agreed: how many
    /// packets, first frame, its time.
    pub rtp_again: Option<(u32, FrameNo, Timestamp)>,
    /// First packet.
    pub first: Option<(FrameNo, Timestamp)>,
    /// Last packet.
    pub last: Option<(FrameNo, Timestamp)>,
    /// `udptl`, `rtp` or `tcp`.
    pub transport: &'static str,
}

/// A run of missing T.38 packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdptlGap {
    /// Frame after the run.
    pub frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Missing packets.
    pub lost: u32,
    /// Of them repaired.
    pub recovered: u32,
    /// First missing sequence number.
    pub first_seq: u16,
    /// It fell in V.21 data or around indicators, not in fast data.
    pub control: bool,
}

/// A source and a destination of media packets of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPath {
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// Packets.
    pub packets: u32,
    /// First frame.
    pub frame: FrameNo,
    /// First time.
    pub first: Timestamp,
    /// Last time.
    pub last: Timestamp,
}

/// Which ASN.1 the IFP packets follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// T.38 of 1998: three-bit field types (version 0).
    Asn1998,
    /// T.38 of 2002: extensible field types (versions 1 up).
    Asn2002,
}
