//! The events of a call: what happened, or should have.

use std::sync::Arc;

use crate::call::{CallNo, HopId, Phase, Relay, Side};
use crate::capture::{Endpoint, FrameNo, IcmpError, Timestamp};
use crate::line::{Modem, Tone};
use crate::rtp::{RtpEvent, RtpSpan};
use crate::sip::{Message, Sdp};
use crate::t30::frame::T30Frame;
use crate::t38::Indicator;

/// Place of an event in [`Call::events`](crate::call::Call::events).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);

/// A SIP message or T.38 packet of which only the first fragment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncompleteDatagram {
    /// Frame of the first fragment. Of SIP it is the frame of the message in [`Call::events`](crate::call::Call::events) too.
    pub frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Who sent it.
    pub from: Side,
    /// Octets of its payload by the UDP header.
    pub octets: u32,
    /// Octets of the IP payload of the first fragment: what the path lets through.
    pub fragment: u32,
    /// UDPTL sequence number; `None`: a SIP message.
    pub sequence: Option<u16>,
}

/// Something that happened in a call, or that should have (`observed` false).
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in [`Call::events`](crate::call::Call::events).
    pub id: EventId,
    /// Call it belongs to.
    pub call: CallNo,
    /// First frame (for what never came: the frame after which it was expected).
    pub frame: FrameNo,
    /// Last frame.
    pub last_frame: FrameNo,
    /// Start.
    pub at: Timestamp,
    /// End; equal to `at` for a single packet.
    pub end: Timestamp,
    /// Source.
    pub src: Endpoint,
    /// Destination.
    pub dst: Endpoint,
    /// Which side sent it.
    pub from: Side,
    /// On which hop of [`Call::path`](crate::call::Call::path) it was seen.
    pub hop: Option<HopId>,
    /// Original, or copy on a further hop.
    pub relay: Relay,
    /// The same SIP message again, by RFC 3261 17 (not a packet recorded twice).
    pub retransmission: bool,
    /// 1 for the first, 2 for the second of the same T.30 message in a row without a valid answer, ...
    pub repeat: u32,
    /// False: expected here by T.30 or SIP, but never came.
    pub observed: bool,
    /// Phase of T.30 it belongs to, where it is of the fax.
    pub phase: Option<Phase>,
    /// What.
    pub kind: EventKind,
}

impl Event {
    /// An event of a call as it was seen: not yet numbered, told from copies and repeats, or given to a phase or hop.
    pub(crate) fn seen(
        call: CallNo,
        (frame, at): (FrameNo, Timestamp),
        (src, dst): (Endpoint, Endpoint),
        from: Side,
        kind: EventKind,
    ) -> Self {
        Self {
            id: EventId(0),
            call,
            frame,
            last_frame: frame,
            at,
            end: at,
            src,
            dst,
            from,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: None,
            kind,
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A SIP message.
    Sip(Arc<SipEvent>),
    /// RTP of one stream, folded into one row.
    Rtp(Box<RtpSpan>),
    /// A telephone event or NSE in RTP.
    RtpEvent(RtpEvent),
    /// A T.38 indicator (tones of T.38 too: `ced`, `cng`).
    Indicator(Indicator),
    /// A tone heard in audio.
    Tone {
        /// Which.
        tone: Tone,
        /// Level in dBm0, where measured.
        level: Option<f32>,
    },
    /// V.21 flags in audio (in T.38: the indicator).
    Preamble,
    /// Training of a fast modem heard in audio.
    Training(Modem),
    /// A T.30 control message.
    T30(Arc<T30Frame>),
    /// Training check (T.30 5.3.6.1.4 TCF).
    Tcf(Tcf),
    /// A page without ECM, or one transmission of an ECM block.
    PageData(PageData),
    /// V.8 / V.34 signalling in T.38.
    V8 {
        /// Name as in the ASN.1.
        name: &'static str,
        /// Content as text.
        text: String,
    },
    /// An ICMP error about a datagram of this call.
    Icmp {
        /// What it says.
        error: IcmpError,
        /// What could not be reached.
        quoted_dst: Endpoint,
        /// How many in a row like it.
        count: u32,
    },
    /// T.38 packets lost: how many, how many of them repaired.
    Gap {
        /// Missing packets.
        lost: u32,
        /// Of them repaired by redundancy or FEC.
        recovered: u32,
        /// First missing sequence number.
        first_seq: u16,
    },
    /// A T.38 packet that does not decode.
    Malformed {
        /// Why.
        reason: String,
        /// Its octets (at most 64).
        octets: Vec<u8>,
        /// How many in a row like it.
        count: u32,
    },
    /// What was expected and never came (`observed` is false).
    Missing(Missing),
    /// A line of the PBX's own log, at the host that wrote it.
    Log(Arc<super::log::LogLine>),
}

/// A SIP message of a call.
#[derive(Clone, Debug)]
pub struct SipEvent {
    /// The message.
    pub message: Message,
    /// Its SDP, if it carries one (also inside a multipart body).
    pub sdp: Option<Sdp>,
    /// `UDP`, `TCP`, `SCTP`, `WS`.
    pub transport: &'static str,
    /// Octets that the snap length cut off.
    pub cut: u32,
}

/// What should have come.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Name for the ladder: `DCS`, `MCF`, `ACK`, `200 OK`.
    pub name: &'static str,
    /// How long was waited for it, seconds.
    pub waited: f64,
    /// What ended the wait: `T4, 3 tries`, `T1`, `64*T1`.
    pub timer: &'static str,
}

/// A training check.
#[derive(Clone, Debug, PartialEq)]
pub struct Tcf {
    /// Modem and rate.
    pub modem: Modem,
    /// Octets seen (0 in audio that is not demodulated).
    pub octets: u32,
    /// Longest run of zero octets; `None` in audio.
    pub longest_zero_run: Option<u32>,
    /// Share of non-zero octets in the last second, 0 to 1; `None` in audio.
    pub nonzero_share: Option<f64>,
    /// Packets lost for good inside.
    pub lost_packets: u32,
    /// Its end was signalled.
    pub ended: bool,
}

impl Tcf {
    /// Heard in audio and not demodulated: where the training ends and the check begins cannot be told, so
    /// its length has the training in it.
    pub const fn has_training(&self) -> bool {
        self.longest_zero_run.is_none()
    }
}

/// Page data: a page without ECM, or one transmission of (a part of) an ECM block.
#[derive(Clone, Debug, PartialEq)]
pub struct PageData {
    /// Page number, 1-based.
    pub page: u32,
    /// ECM block within the page, 0-based; `None` without ECM.
    pub block: Option<u32>,
    /// Modem and rate.
    pub modem: Modem,
    /// Octets of coded data (0 in audio).
    pub bytes: u32,
    /// ECM: frames sent in this transmission, with good FCS.
    pub frames: u32,
    /// ECM: frames of them that had been sent before.
    pub resent: u32,
    /// ECM: frames with a bad FCS or octets missing.
    pub bad_frames: u32,
    /// ECM: numbers of the frames sent (good ones), in order.
    pub frame_numbers: Vec<u8>,
    /// ECM: RCP frames seen.
    pub rcp: u32,
    /// T.38 or RTP packets lost for good inside.
    pub lost_packets: u32,
    /// Its end was signalled (`t4-non-ecm-sig-end`, RCP, or the next signal).
    pub ended: bool,
    /// Level in dBm0 where it is audio.
    pub level: Option<f32>,
}
