//! RTP: streams and their figures, and the fax that is inside G.711 sound.

use std::collections::HashMap;
use std::hash::BuildHasher;

use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::Tone;

pub mod audio;
pub mod block;
pub mod carrier;
pub mod event;
pub mod fax;
pub mod g711;
pub mod hdlc;
pub mod header;
mod pace;
pub mod progress;
pub mod sniff;
pub mod stream;
pub mod tone;
pub mod v21;
pub mod v8;

/// One captured RTP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpArrival {
    /// The frame that carried it.
    pub frame: FrameNo,
    /// Capture time.
    pub at: Timestamp,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// The whole RTP packet, as far as it was captured.
    pub payload: Vec<u8>,
    /// Octets that the snap length cut off.
    pub cut: u32,
}

/// Encoding name of a payload type: by SDP (`codecs`), else by the static table of RFC 3551.
pub fn codec_name<S: BuildHasher>(
    payload_type: u8,
    codecs: &HashMap<u8, String, S>,
) -> Option<&str> {
    codecs
        .get(&payload_type)
        .map(String::as_str)
        .or_else(|| header::static_codec(payload_type))
}

/// A run of RTP of one direction, one SSRC and one payload type: one row of the ladder.
#[derive(Clone, Debug, PartialEq)]
pub struct RtpSpan {
    /// First packet.
    pub frame: FrameNo,
    /// Last packet.
    pub last_frame: FrameNo,
    /// Time of the first packet.
    pub at: Timestamp,
    /// Time of the last packet.
    pub end: Timestamp,
    /// Who sends.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// Synchronization source.
    pub ssrc: u32,
    /// Payload type.
    pub payload_type: u8,
    /// Encoding name (`PCMU`, `G729`), by SDP, else by the static table of RFC 3551, else `PT 96`.
    pub codec: String,
    /// Figures of the span.
    pub stats: RtpStats,
}

/// Figures of RTP in one direction (RFC 3550 6.4, A.1, A.8).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RtpStats {
    /// Packets received, without duplicates.
    pub packets: u32,
    /// Packets missing by sequence number.
    pub lost: u32,
    /// Longest run of missing packets.
    pub longest_burst: u32,
    /// Gaps: the frame after each, its time, packets missing (at most 1,000 kept).
    pub gaps: Vec<(FrameNo, Timestamp, u32)>,
    /// Same sequence number again.
    pub duplicates: u32,
    /// Arrived after a packet with a higher sequence number.
    pub reordered: u32,
    /// Interarrival jitter (RFC 3550 A.8), largest value, ms.
    pub max_jitter_ms: f64,
    /// Longest time between two packets that follow each other by sequence number, ms, and the frame after it.
    pub max_gap_ms: f64,
    /// The frame after `max_gap_ms`.
    pub max_gap_frame: FrameNo,
    /// Milliseconds of sound in a packet, the most usual; 0 if unknown.
    pub ptime_ms: u32,
    /// Comfort noise packets (payload type 13 or 19), and the first of them.
    pub comfort_noise: u32,
    /// First comfort noise packet.
    pub first_comfort_noise: Option<FrameNo>,
    /// Silence gaps: the time stamp advances more than the packets (200 ms or more) while the sequence
    /// numbers go on. Frame after the gap, its length in ms.
    pub silence_gaps: Vec<(FrameNo, u32)>,
    /// Clock of the sender against the capture's, in ppm, where the span is long enough (60 s) to tell.
    pub drift_ppm: Option<f64>,
    /// The sender keeps a steady pace that is not that of real time.
    pub pace: Option<RtpPace>,
}

/// A steady pace other than that of real time: sound sent too slowly or too fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RtpPace {
    /// Seconds of sound in a second.
    pub ratio: f64,
    /// Packets in a second.
    pub packets_per_second: f64,
    /// First frame of the stretch.
    pub first: FrameNo,
    /// Last frame of it.
    pub last: FrameNo,
    /// Its length, seconds.
    pub seconds: f64,
}

/// A telephone event (RFC 4733) or Cisco NSE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpEvent {
    /// First packet of the event.
    pub frame: FrameNo,
    /// Last packet.
    pub last_frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Time of the last packet.
    pub end: Timestamp,
    /// Who sends.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// Event code: RFC 4733/4734 (0-15 DTMF, 32-40 fax and modem), or NSE (192-202).
    pub code: u8,
    /// It is an NSE of Cisco (payload type 100 or rtpmap X-NSE).
    pub nse: bool,
}

impl RtpEvent {
    /// The fax tone this event stands for, if it is one (RFC 4734 2.1, 2.3).
    pub fn tone(&self) -> Option<Tone> {
        if self.nse {
            return None;
        }
        Some(match self.code {
            32 => Tone::Ced,
            33 => Tone::CedReversals,
            34 => Tone::AnsAm,
            35 => Tone::AnsAmReversals,
            36 => Tone::Cng,
            37..=40 => Tone::V21Event,
            _ => return None,
        })
    }
}
