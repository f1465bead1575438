//! ICMP and `ICMPv6` errors: what became of a datagram, and which one it was.

use std::fmt;

use super::Endpoint;
use super::ip::{self, IpPacket, protocol};

/// An error that a host or router reports about a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IcmpError {
    /// Type: ICMP (RFC 792) 3 destination unreachable, 11 time exceeded; `ICMPv6` (RFC 4443) 1 and 3.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// `ICMPv6`.
    pub v6: bool,
}

/// Types of ICMP and `ICMPv6`.
const UNREACHABLE: u8 = 3;
const TIME_EXCEEDED: u8 = 11;
const UNREACHABLE_V6: u8 = 1;
const TOO_BIG_V6: u8 = 2;
const TIME_EXCEEDED_V6: u8 = 3;

impl IcmpError {
    /// ICMP destination unreachable with this code.
    pub const fn unreachable(code: u8) -> Self {
        Self {
            kind: UNREACHABLE,
            code,
            v6: false,
        }
    }

    /// `ICMP` or `ICMPv6`.
    pub const fn protocol(self) -> &'static str {
        if self.v6 { "ICMPv6" } else { "ICMP" }
    }

    /// What it says, in a few words.
    pub const fn words(self) -> &'static str {
        match (self.v6, self.kind, self.code) {
            (false, TIME_EXCEEDED, 0) | (true, TIME_EXCEEDED_V6, 0) => "time to live exceeded",
            (false, TIME_EXCEEDED, _) | (true, TIME_EXCEEDED_V6, _) => {
                "fragment reassembly time exceeded"
            }
            (true, TOO_BIG_V6, _) | (false, UNREACHABLE, 4) => "fragmentation needed",
            (false, _, 3) | (true, UNREACHABLE_V6, 4) => "port unreachable",
            (false, _, 9 | 10 | 13) | (true, UNREACHABLE_V6, 1 | 5) => {
                "administratively prohibited"
            }
            (false, _, 0 | 6 | 11) | (true, UNREACHABLE_V6, 0) => "network unreachable",
            (false, _, 1 | 7 | 12) | (true, UNREACHABLE_V6, 3) => "host unreachable",
            (false, _, 2) => "protocol unreachable",
            _ => "destination unreachable",
        }
    }

    /// Nothing listens there: the host itself says so.
    pub fn is_port(self) -> bool {
        self.words() == "port unreachable"
    }

    /// A firewall or access list rejects it.
    pub fn is_prohibited(self) -> bool {
        self.words() == "administratively prohibited"
    }

    /// A routing loop, or too long a way.
    pub fn is_ttl(self) -> bool {
        self.words() == "time to live exceeded"
    }
}

impl fmt::Display for IcmpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol(), self.words())
    }
}

/// An error with the datagram that it quotes.
pub(super) struct Quoted<'f> {
    pub(super) error: IcmpError,
    pub(super) src: Endpoint,
    pub(super) dst: Endpoint,
    /// What is quoted of its payload, perhaps nothing: 28 octets hold IPv4 and UDP headers alone.
    pub(super) payload: &'f [u8],
}

/// Reads an error about a UDP, TCP or SCTP packet; `None` for any other message.
pub(super) fn error<'f>(ip: &IpPacket<'f>) -> Option<Quoted<'f>> {
    let v6 = ip.protocol == protocol::ICMPV6;
    let (&[kind, code, ..], quoted) = ip.payload.split_first_chunk::<8>()?;
    let error = IcmpError { kind, code, v6 };
    let is_error = if v6 {
        matches!(kind, UNREACHABLE_V6 | TOO_BIG_V6 | TIME_EXCEEDED_V6)
    } else {
        matches!(kind, UNREACHABLE | TIME_EXCEEDED)
    };
    if !is_error {
        return None;
    }
    let quoted = ip::packet(quoted)?;
    let is_first = quoted.fragment.is_none_or(|fragment| fragment.offset == 0);
    let carries = matches!(
        quoted.protocol,
        protocol::UDP | protocol::UDP_LITE | protocol::TCP | protocol::SCTP
    );
    if !is_first || !carries {
        return None;
    }
    let (&[s0, s1, d0, d1], _) = quoted.payload.split_first_chunk::<4>()?;
    let payload = match quoted.protocol {
        protocol::UDP | protocol::UDP_LITE => quoted.payload.get(super::udp::UDP_HEADER..),
        _ => None,
    };
    Some(Quoted {
        error,
        src: Endpoint::new(quoted.src, u16::from_be_bytes([s0, s1])),
        dst: Endpoint::new(quoted.dst, u16::from_be_bytes([d0, d1])),
        payload: payload.unwrap_or_default(),
    })
}
