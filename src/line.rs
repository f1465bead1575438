//! What a fax terminal puts on the line, however it was carried: the common ground of T.38 and audio.
//!
//! [`crate::t38::stream`] makes these signals out of UDPTL packets, [`crate::rtp::fax`] out of sound;
//! [`crate::call::fax`] reads both directions of them and knows nothing of the carrier.

use std::fmt;

use crate::capture::{Endpoint, FrameNo, Timestamp};

/// One signal of one direction, repaired as far as its carrier allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Frame in which it begins.
    pub frame: FrameNo,
    /// Frame in which it ends.
    pub last_frame: FrameNo,
    /// Capture time of its first octet or its onset.
    pub at: Timestamp,
    /// Capture time of its end.
    pub end: Timestamp,
    /// Who sends it.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// What it is.
    pub kind: SignalKind,
}

/// What was on the line.
#[derive(Clone, Debug, PartialEq)]
pub enum SignalKind {
    /// T.38 `no-signal`.
    Silence,
    /// A tone.
    Tone(Tone),
    /// V.21 flags: a T.30 message follows (T.30 5.3.1).
    Preamble,
    /// Training of a fast modem (T.38: the training indicator).
    Training {
        /// The modem that trains.
        modem: Modem,
        /// V.17: long or short training; `None` for modems that have but one.
        long: Option<bool>,
    },
    /// One HDLC frame: a T.30 message (V.21) or coded data (fast modem, ECM).
    Hdlc(HdlcFrame),
    /// Data of a fast modem without HDLC: TCF or a page without ECM.
    NonEcm(NonEcmData),
    /// A fast modem heard in audio, not demodulated: TCF, page or ECM block.
    Carrier(CarrierSpan),
    /// V.8 or V.34 signalling that T.38 version 3 carries (CM, JM, CI, rates), as text.
    V8 {
        /// `cm-message`, `v34rate`, `v8-ansam`, ... as in the ASN.1.
        name: &'static str,
        /// The content, as text.
        text: String,
    },
    /// A T.38 packet that does not decode.
    Malformed {
        /// Why, in a few words.
        reason: String,
        /// The octets of the packet (at most 64).
        octets: Vec<u8>,
    },
}

/// Tones that T.30, V.8 and telephone exchanges use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// 1100 Hz, the calling fax (T.30 4.2).
    Cng,
    /// 2100 Hz, the called fax (T.30 4.3.3.2; as an event: ANS).
    Ced,
    /// 2100 Hz with phase reversals.
    CedReversals,
    /// 2100 Hz, amplitude modulated: V.8, Super G3.
    AnsAm,
    /// `ANSam` with phase reversals.
    AnsAmReversals,
    /// V.8 CI or CM/JM in V.21, not decoded.
    V8Signal,
    /// V.21 bits or channel seen as an RFC 4733 event.
    V21Event,
    /// The line is busy: 425, 440 or 480/620 Hz, half a second on and off (E.180).
    Busy,
    /// No way through: the same, a quarter of a second on and off.
    Congestion,
    /// It rings: 1 or 2 s of 425 or 440/480 Hz, and a long pause.
    Ringing,
    /// An announcement follows: three tones that rise, 950, 1400 and 1800 Hz.
    Information,
}

impl Tone {
    /// Whether the telephone network sends it, and no terminal.
    pub const fn is_of_network(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Congestion | Self::Ringing | Self::Information
        )
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cng => "CNG",
            Self::Ced => "CED",
            Self::CedReversals => "CED with phase reversals",
            Self::AnsAm => "ANSam",
            Self::AnsAmReversals => "ANSam with phase reversals",
            Self::V8Signal => "V.8",
            Self::V21Event => "V.21",
            Self::Busy => "busy tone",
            Self::Congestion => "congestion tone",
            Self::Ringing => "ringing tone",
            Self::Information => "special information tone",
        })
    }
}

/// A modulation and its rate, e.g. V.17 at 14400 bit/s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Modem {
    /// `V.21`, `V.27ter`, `V.29`, `V.17`, `V.33`, `V.34`.
    pub name: &'static str,
    /// bit/s; 0 where it is not told.
    pub rate: u32,
}

impl Modem {
    /// V.21 channel 2, the carrier of T.30 messages.
    pub const V21: Self = Self {
        name: "V.21",
        rate: 300,
    };
}

impl fmt::Display for Modem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rate == 0 {
            f.write_str(self.name)
        } else {
            write!(f, "{} {}", self.name, self.rate)
        }
    }
}

/// Whether the frame check sequence was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fcs {
    /// `hdlc-fcs-OK`, or the check sequence fits.
    Good,
    /// `hdlc-fcs-BAD`, or it does not fit.
    Bad,
    /// The end of the frame was never seen.
    Unseen,
}

/// One HDLC frame, without flags and check sequence, in the order of T.38 (first bit sent is the highest).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdlcFrame {
    /// V.21 for T.30 messages; the fast modem for coded data.
    pub modem: Modem,
    /// Address, control, FCF, FIF.
    pub octets: Vec<u8>,
    /// The check sequence.
    pub fcs: Fcs,
    /// Octets are missing inside: packets with them are lost for good.
    pub damaged: bool,
}

/// Data of a fast modem without HDLC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonEcmData {
    /// The fast modem.
    pub modem: Modem,
    /// The data, first bit sent is the highest of each octet.
    pub octets: Vec<u8>,
    /// `t4-non-ecm-sig-end` was seen.
    pub ended: bool,
    /// Packets lost for good inside.
    pub lost_packets: u32,
}

/// A fast modem heard in audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarrierSpan {
    /// The modulation as far as the sound tells it; rate 0 if only the DCS can tell.
    pub modem: Modem,
    /// RTP packets lost inside.
    pub lost_packets: u32,
    /// Mean level in dBm0.
    pub level: f32,
}
