//! SIP and SDP, tolerant: whatever looks like a SIP message is one, with what is wrong with it noted.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

pub mod detail;
pub(crate) mod fast;
pub mod framing;
mod lexer;
pub mod parse;
pub mod scan;
pub mod sdp;
pub mod strict;

/// A whole SIP message with its raw octets. Made by [`parse::message`].
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The octets as captured (of a cut frame: as far as they go).
    pub raw: Vec<u8>,
    /// The first line.
    pub start: StartLine,
    /// Headers in order, unfolded, compact names expanded.
    pub headers: Vec<Header>,
    /// Where the body lies in `raw`.
    pub body: Range<usize>,
    /// What is not by RFC 3261, in a few words each; shown beside the decoded message.
    pub problems: Vec<String>,
}

/// Request line or status line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StartLine {
    /// `INVITE sip:.. SIP/2.0`
    Request {
        /// Upper case for the known methods, as written otherwise.
        method: String,
        /// Request URI as written.
        uri: String,
    },
    /// `SIP/2.0 200 OK`
    Response {
        /// Status code, 100 to 699 (others are kept as they are).
        status: u16,
        /// Reason phrase as written.
        reason: String,
    },
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Full canonical name (`Call-ID` for `i`), or as written if unknown.
    pub name: String,
    /// Value, unfolded and trimmed; octets that are no UTF-8 replaced.
    pub value: String,
}

/// `From`, `To` and the like, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Display name without quotes.
    pub display: Option<String>,
    /// User part of the URI (of a tel URI: the number).
    pub user: Option<String>,
    /// Host part of the URI.
    pub host: Option<String>,
    /// `tag` parameter.
    pub tag: Option<String>,
}

/// A session description, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sdp {
    /// `o=` as written.
    pub origin: Option<String>,
    /// Version out of `o=`.
    pub version: Option<u64>,
    /// Session-level `c=` address.
    pub connection: Option<IpAddr>,
    /// `m=` lines in order.
    pub media: Vec<MediaLine>,
    /// What is not by RFC 8866 (old: 4566), in a few words each.
    pub problems: Vec<String>,
}

/// Kind of an `m=` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// `m=audio`
    Audio,
    /// `m=image` (T.38)
    Image,
    /// Anything else, as written.
    Other(String),
}

/// One `m=` line with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// `audio`, `image`, ..
    pub kind: MediaKind,
    /// Port; 0 means refused or removed (RFC 3264 6).
    pub port: u16,
    /// Transport as written: `RTP/AVP`, `udptl`, `TCP`.
    pub proto: String,
    /// Formats as written: payload types, `t38`.
    pub formats: Vec<String>,
    /// Address in force: media-level `c=`, else session level. `None`: none given, or a host name.
    pub connection: Option<IpAddr>,
    /// The media line has a `c=` of its own.
    pub own_connection: bool,
    /// `sendrecv`, `sendonly`, `recvonly`, `inactive` where given.
    pub direction: Option<String>,
    /// `a=rtpmap`: payload type, encoding name, clock rate.
    pub rtpmap: Vec<(u8, String, u32)>,
    /// `a=ptime` in ms.
    pub ptime: Option<u32>,
    /// `a=silenceSupp:on..` → true, `off` → false.
    pub silence_suppression: Option<bool>,
    /// T.38 attributes, for an image line or one with `t38`.
    pub t38: Option<T38Attributes>,
    /// All `a=` values of this line as written (without `a=`).
    pub attributes: Vec<String>,
}

impl MediaLine {
    /// Whether this line stands for T.38 (image over udptl or tcp, or `t38` as RTP format).
    pub fn is_t38(&self) -> bool {
        self.t38.is_some()
    }
}

/// The `a=T38...` attributes (T.38 Annex D, RFC 4612), whatever their spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct T38Attributes {
    /// `T38FaxVersion`; absent means 0.
    pub version: Option<u32>,
    /// `T38MaxBitRate` in bit/s.
    pub max_bit_rate: Option<u32>,
    /// `T38FaxRateManagement`: `transferredTCF` or `localTCF` as written.
    pub rate_management: Option<String>,
    /// `T38FaxMaxBuffer` in octets.
    pub max_buffer: Option<u32>,
    /// `T38FaxMaxDatagram` in octets.
    pub max_datagram: Option<u32>,
    /// `T38FaxUdpEC`: `t38UDPRedundancy`, `t38UDPFEC`, `t38UDPNoEC` as written.
    pub udp_ec: Option<String>,
    /// `T38FaxFillBitRemoval`.
    pub fill_bit_removal: Option<Flag>,
    /// `T38FaxTranscodingMMR`.
    pub transcoding_mmr: Option<Flag>,
    /// `T38FaxTranscodingJBIG`.
    pub transcoding_jbig: Option<Flag>,
    /// Attributes whose spelling is not that of T.38, as written; an unknown one is flagged `false`.
    pub unusual: Vec<(String, bool)>,
}

/// A presence flag of T.38's SDP, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// No value: true by its presence.
    Present,
    /// `:1` (or anything but 0)
    One,
    /// `:0`: meant as false, read as true by many (`t38-transcoding-flags`).
    Zero,
}

impl Flag {
    /// What the writer meant.
    pub fn is_on(self) -> bool {
        self != Self::Zero
    }
}

impl fmt::Display for StartLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, .. } => f.write_str(method),
            Self::Response { status, reason } if reason.is_empty() => write!(f, "{status}"),
            Self::Response { status, reason } => write!(f, "{status} {reason}"),
        }
    }
}
