//! What a glance at a frame tells: for the voice packets that nearly all of a busy capture consists of, enough.
//!
//! [`Packet`](super::Packet) says more and costs more. A glance is a few numbers as they lie in the frame, in the
//! order of the octets, so that the next packet of a stream can be told by comparing three of them.

use std::net::IpAddr;

use super::Endpoint;
use super::duplicate::Stamp;
use super::ip::protocol;
use super::link::LinkType;
use super::udp::{PLAIN_HEADERS, UDP_HEADER};

/// Octets that a glance looks at: the headers, and twelve of the payload (a header of RTP, RFC 3550 5.1).
const LOOKED_AT: usize = PLAIN_HEADERS + 12;

/// Source and destination of a UDP datagram over IPv4, in as few words as they need, and as they lie in a frame:
/// the order of their octets is that of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortPath {
    /// Address of the source, address of the destination.
    pub addresses: u64,
    /// Port of the source, port of the destination.
    pub ports: u32,
}

impl ShortPath {
    /// `None` for IPv6.
    #[inline]
    pub fn new(src: Endpoint, dst: Endpoint) -> Option<Self> {
        match (src.addr, dst.addr) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                let addresses = u64::from(one.to_bits()) << 32 | u64::from(other.to_bits());
                let ports = u32::from(src.port) << 16 | u32::from(dst.port);
                Some(Self {
                    addresses: addresses.to_be(),
                    ports: ports.to_be(),
                })
            }
            _ => None,
        }
    }
}

/// A whole Ethernet frame with IPv4 without options, no fragment, and a UDP datagram of at least twelve octets
/// and of the length that IP says.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'f> {
    /// From where to where.
    pub path: ShortPath,
    /// What tells copies of the frame.
    pub stamp: Stamp,
    /// The first eight octets of the payload.
    pub start: u64,
    /// The four octets after them.
    pub then: u32,
    /// All of the payload.
    pub payload: &'f [u8],
}

impl<'f> Glance<'f> {
    /// `None`: the frame is something else, and takes a closer look.
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub fn at(link: LinkType, data: &'f [u8]) -> Option<Self> {
        let (head, _) = data.split_first_chunk::<LOOKED_AT>()?;
        // EtherType, version and header length; then flags, fragment offset, hops, protocol. "Don't fragment"
        // and the reserved bit are of no interest.
        let plain = link == LinkType::ETHERNET
            && word::<12>(head) >> 8 == 0x08_0045
            && word::<20>(head) & 0x3FFF_00FF == u32::from(protocol::UDP);
        let len = usize::from(half::<38>(head));
        if !plain || usize::from(half::<16>(head)) != len + PLAIN_HEADERS - UDP_HEADER - ETHERNET {
            return None;
        }
        let end = len + PLAIN_HEADERS - UDP_HEADER;
        let payload = data.get(PLAIN_HEADERS..end)?;
        let start = words::<42>(head);
        let hops = (word::<20>(head) >> 8).to_be_bytes()[3];
        let (identification, checksum) = (half::<18>(head), half::<40>(head));
        (payload.len() >= LOOKED_AT - PLAIN_HEADERS).then_some(Self {
            path: ShortPath {
                addresses: words::<26>(head).to_be(),
                ports: word::<34>(head).to_be(),
            },
            stamp: Stamp::v4(identification, hops, checksum, start),
            start,
            then: word::<50>(head),
            payload,
        })
    }
}

/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

/// Numbers at a place that is known when this is compiled: nothing is left to check when it runs.
#[inline]
fn half<const AT: usize>(head: &[u8; LOOKED_AT]) -> u16 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u16::from_be_bytes(*octets))
}

#[inline]
fn word<const AT: usize>(head: &[u8; LOOKED_AT]) -> u32 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u32::from_be_bytes(*octets))
}

#[inline]
fn words<const AT: usize>(head: &[u8; LOOKED_AT]) -> u64 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u64::from_be_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::packet::Decoder;
    use crate::capture::reader::{Frame, Mark};
    use crate::capture::{FrameNo, Timestamp};

    /// An RTP packet of 20 octets of sound.
    fn frame() -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0, 0x45, 0, 0, 60, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0]);
        frame.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        frame.extend([0x10, 0x00, 0x20, 0x01, 0, 40, 0xab, 0xcd]);
        frame.extend([0x80, 8, 0, 7, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef]);
        frame.extend([0xd5; 20]);
        frame
    }

    fn with<R>(data: &[u8], look: impl FnOnce(&Frame<'_>) -> R) -> R {
        look(&Frame {
            no: FrameNo(1),
            at: Timestamp(0),
            offset: 40,
            data,
            wire_len: 0,
            link: LinkType::ETHERNET,
            mark: Mark::default(),
        })
    }

    #[test]
    fn sees_what_the_decoder_sees() {
        let data = frame();
        with(&data, |frame| {
            let glance = Glance::at(frame.link, frame.data).unwrap();
            let packet = Decoder::new().plain(frame).unwrap();
            assert_eq!(ShortPath::new(packet.src, packet.dst), Some(glance.path));
            assert_eq!(glance.payload, packet.payload);
            assert_eq!(glance.stamp, packet.stamp);
            assert_eq!(glance.start, 0x8008_0007_0000_00a0);
            assert_eq!(glance.then, 0xdead_beef);
        });
    }

    #[test]
    fn what_is_not_plain_takes_a_closer_look() {
        // EtherType, IP options, fragment, protocol, lengths of IP and UDP.
        for (at, octet) in [
            (12, 0x86),
            (14, 0x46),
            (20, 0x20),
            (21, 1),
            (23, 6),
            (17, 59),
            (39, 41),
        ] {
            let mut data = frame();
            data[at] = octet;
            with(&data, |frame| {
                assert!(Glance::at(frame.link, frame.data).is_none(), "{at}");
            });
        }
        // Cut, and with less than RTP's header in it.
        let mut data = frame();
        data.pop();
        with(&data, |frame| {
            assert!(Glance::at(frame.link, frame.data).is_none());
        });
        let mut data = frame();
        (data[17], data[39]) = (39, 19);
        with(&data, |frame| {
            assert!(Glance::at(frame.link, frame.data).is_none());
        });
        // Padding of Ethernet after it is nothing of it.
        let mut data = frame();
        data.extend([0; 4]);
        with(&data, |frame| {
            assert_eq!(
                Glance::at(frame.link, frame.data).unwrap().payload.len(),
                32
            );
        });
    }
}
