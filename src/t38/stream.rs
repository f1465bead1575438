//! One direction of a T.38 session: order, duplicates, repair from redundancy and FEC, loss; out of it the
//! signals of the line, with HDLC octets put together to frames.

use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::Signal;
use crate::t38::stats::UdptlStats;

/// A packet of T.38 as it arrived at the capture point.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Frame.
    pub frame: FrameNo,
    /// Capture time.
    pub at: Timestamp,
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// The UDP payload (UDPTL), the RTP payload, or the content of one TPKT, as far as captured.
    pub payload: Vec<u8>,
    /// The snap length cut it.
    pub cut: bool,
    /// T.38 over RTP: the RTP sequence number stands for the UDPTL one.
    pub rtp_seq: Option<u16>,
}

/// How the T.38 packets of a direction are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// UDPTL (T.38 9.1).
    Udptl,
    /// IFP (with RFC 2198 redundancy or not) in RTP.
    Rtp,
    /// IFP in TPKT over TCP.
    Tcp,
}

/// What [`assemble`] makes of one direction.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// The signals, in time order.
    pub signals: Vec<Signal>,
    /// The figures.
    pub stats: UdptlStats,
}

/// Puts the packets of one sender (in capture order) together.
///
/// Never fails: what does not decode becomes a [`crate::line::SignalKind::Malformed`].
pub fn assemble(arrivals: &[Arrival], framing: Framing) -> Assembled {
    let _ = (arrivals, framing);
    Assembled::default()
}
