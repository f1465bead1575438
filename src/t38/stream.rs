//! One direction of a T.38 session: order, duplicates, repair from redundancy and FEC, loss; out of it the
//! signals of the line, with HDLC octets put together to frames.
//!
//! ```text
//! arrivals → parse (transport) → order (sequence numbers) → repair (copies, FEC) → build (signals)
//! ```

use std::borrow::Cow;

use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::Signal;
use crate::t38::stats::UdptlStats;

mod build;
pub mod edit;
mod encoding;
mod order;
mod parse;
mod repair;
mod slots;
mod tally;

/// A packet of T.38 as it arrived at the capture point.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Frame.
    pub frame: FrameNo,
    /// Capture time.
    pub at: Timestamp,
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// The UDP payload (UDPTL), the RTP payload, or the content of one TPKT, as far as captured.
    pub payload: Cow<'a, [u8]>,
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
    /// The signals, in the order of the sequence numbers, which is that of time unless the clock jumped.
    pub signals: Vec<Signal>,
    /// The figures.
    pub stats: UdptlStats,
}

/// Puts the packets of one sender (in capture order) together.
///
/// Never fails: what does not decode becomes a [`crate::line::SignalKind::Malformed`].
pub fn assemble(arrivals: &[Arrival<'_>], framing: Framing) -> Assembled {
    let mut stats = UdptlStats::default();
    tally::count_arrivals(arrivals, framing, &mut stats);
    let ordered = order::order(arrivals, framing, &mut stats);
    let mut builder = build::Builder::new(arrivals);
    for mut run in ordered.runs {
        repair::use_copies(&mut run);
        let (decided, first) = encoding::decide(&run);
        if stats.encoding.is_none() {
            stats.encoding = decided;
            stats.encoding_frame =
                first.and_then(|index| arrivals.get(index).map(|arrival| arrival.frame));
        }
        let encoding = decided.unwrap_or(encoding::USUAL);
        repair::use_fec(&mut run, encoding);
        tally::count_loss(&run, arrivals, &mut stats);
        builder.add(&run, encoding, &mut stats);
    }
    let signals = builder.finish(&mut stats);
    Assembled { signals, stats }
}

#[cfg(test)]
mod tests;
