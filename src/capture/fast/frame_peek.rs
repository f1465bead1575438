//! The fields of an Ethernet/IPv4/UDP/RTP frame at their usual offsets, without decoding it: enough for the voice
//! packets that most of a capture consists of.
//!
//! Values are kept in frame order (the first octet is the lowest), so that the next packet of a stream is recognised by
//! comparing a few of them with those of the last one: what was checked once and has not changed is not checked again.
//!
//! Plain code: [`crate::capture::packet::Decoder`].

use std::net::IpAddr;

use crate::capture::Endpoint;
use crate::capture::duplicate::Stamp;
use crate::capture::ip::protocol;
use crate::capture::udp::{PLAIN_HEADERS, UDP_HEADER};

/// Octets looked at: Ethernet, IPv4 and UDP headers and the fixed RTP header (RFC 3550 5.1).
const LOOKED_AT: usize = PLAIN_HEADERS + 12;

/// Source and destination of a UDP datagram over IPv4, in frame order.
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
                    addresses: addresses.swap_bytes(),
                    ports: ports.swap_bytes(),
                })
            }
            _ => None,
        }
    }
}

/// The header fields that are constant in a stream: `EtherType`, type of service, lengths, flags, TTL, protocol, and the
/// length of the frame. While they stay the same, the checks made on one frame hold for the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape(u64, u64);

/// An Ethernet frame read as if it held IPv4 without options, UDP and RTP. [`FramePeek::is_plain`] says whether it does.
#[derive(Clone, Copy, Debug)]
pub struct FramePeek<'f> {
    /// Source and destination.
    pub path: ShortPath,
    /// What the next frame of the stream has in common with it.
    pub shape: Shape,
    /// The first eight octets of the payload, in frame order.
    pub start: u64,
    /// The four octets after them, in frame order.
    pub then: u32,
    /// All of the frame.
    pub data: &'f [u8],
    head: &'f [u8; LOOKED_AT],
}

impl<'f> FramePeek<'f> {
    /// `None`: the frame is too short.
    #[inline]
    pub fn at(data: &'f [u8]) -> Option<Self> {
        let (head, _) = data.split_first_chunk::<LOOKED_AT>()?;
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let of_ethernet_and_ip = words::<12>(head) & SIX_OCTETS;
        Some(Self {
            path: ShortPath {
                addresses: words::<26>(head),
                ports: word::<34>(head),
            },
            shape: Shape(
                of_ethernet_and_ip | u64::from(half::<38>(head)) << 48,
                u64::from(word::<20>(head)) << 32 | u64::from(captured),
            ),
            start: words::<42>(head),
            then: word::<50>(head),
            head,
            data,
        })
    }

    /// Whether it is a whole frame with unfragmented IPv4 without options and a UDP datagram of at least twelve octets
    /// whose length agrees with IP's. Depends on nothing but [`Shape`].
    pub fn is_plain(&self) -> bool {
        let len = self.udp_len();
        let whole = self.data.len() >= len + PLAIN_HEADERS - UDP_HEADER;
        let total = usize::from(half::<16>(self.head).swap_bytes());
        // "Don't fragment" and the reserved bit do not matter.
        word::<12>(self.head).swap_bytes() >> 8 == 0x08_0045
            && word::<20>(self.head).swap_bytes() & 0x3FFF_00FF == u32::from(protocol::UDP)
            && total == len + PLAIN_HEADERS - UDP_HEADER - ETHERNET
            && len >= LOOKED_AT - PLAIN_HEADERS + UDP_HEADER
            && whole
    }

    /// What identifies copies of the frame.
    #[inline]
    pub fn stamp(&self) -> Stamp {
        let [_, _, hops, _] = word::<20>(self.head).to_le_bytes();
        Stamp::v4(
            half::<18>(self.head),
            hops,
            half::<40>(self.head),
            self.start,
        )
    }

    /// All of the payload, if the frame is plain.
    pub fn payload(&self) -> &'f [u8] {
        let end = self.udp_len() + PLAIN_HEADERS - UDP_HEADER;
        self.data.get(PLAIN_HEADERS..end).unwrap_or_default()
    }

    fn udp_len(&self) -> usize {
        usize::from(half::<38>(self.head).swap_bytes())
    }
}

/// Octets of an Ethernet header.
const ETHERNET: usize = 14;

/// The first six of eight octets.
const SIX_OCTETS: u64 = 0xFFFF_FFFF_FFFF;

/// The number at an offset, little endian. The offset is a constant, so the compiler removes the bounds check.
#[inline]
fn half<const AT: usize>(head: &[u8; LOOKED_AT]) -> u16 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u16::from_le_bytes(*octets))
}

#[inline]
fn word<const AT: usize>(head: &[u8; LOOKED_AT]) -> u32 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u32::from_le_bytes(*octets))
}

#[inline]
fn words<const AT: usize>(head: &[u8; LOOKED_AT]) -> u64 {
    let octets = head.get(AT..).and_then(<[u8]>::first_chunk);
    octets.map_or(0, |octets| u64::from_le_bytes(*octets))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::link::LinkType;
    use crate::capture::packet::Decoder;
    use crate::capture::reader::{Frame, Mark};
    use crate::capture::{FrameNo, Timestamp, udp};

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
            let peek = FramePeek::at(frame.data).unwrap();
            let packet = Decoder::new().plain(frame).unwrap();
            assert!(peek.is_plain());
            assert_eq!(ShortPath::new(packet.src, packet.dst), Some(peek.path));
            assert_eq!(peek.payload(), packet.payload);
            assert_eq!(peek.stamp(), packet.stamp);
            assert_eq!(peek.start.swap_bytes(), 0x8008_0007_0000_00a0);
            assert_eq!(peek.then.swap_bytes(), 0xdead_beef);
        });
    }

    proptest! {
        #[test]
        fn agrees_with_the_decoder(
            edits in prop::collection::vec((12..54_usize, any::<u8>()), 0..4),
            len in prop_oneof![3 => Just(74_usize), 1 => 50..80_usize],
        ) {
            let mut data = frame();
            for (at, octet) in edits {
                data[at] = octet;
            }
            data.resize(len, 0);
            let decoded = udp::plain(&data).filter(|(_, udp)| udp.payload.len() >= 12);
            let peek = FramePeek::at(&data).filter(FramePeek::is_plain);
            let peeked = peek.map(|peek| (Some(peek.path), peek.payload(), peek.stamp()));
            let expected = decoded.map(|(ip, udp)| {
                let src = Endpoint::new(ip.src, udp.src_port);
                let dst = Endpoint::new(ip.dst, udp.dst_port);
                let stamp = Stamp::of(&ip, udp.checksum, udp.payload);
                (ShortPath::new(src, dst), udp.payload, stamp)
            });
            prop_assert_eq!(peeked, expected);
        }
    }

    #[test]
    fn what_is_not_plain_is_told_and_has_another_shape() {
        let data = frame();
        let shape = FramePeek::at(&data).unwrap().shape;
        let differs = |data: &[u8], what: &str| {
            let peek = FramePeek::at(data).unwrap();
            assert!(!peek.is_plain(), "{what}");
            assert_ne!(peek.shape, shape, "{what}");
        };
        for (at, octet, what) in [
            (12, 0x86, "EtherType"),
            (14, 0x46, "IP options"),
            (20, 0x20, "more fragments"),
            (21, 1, "not the first fragment"),
            (23, 6, "TCP"),
            (17, 59, "length of IP"),
            (39, 41, "length of UDP"),
        ] {
            let mut data = frame();
            data[at] = octet;
            differs(&data, what);
        }
        let mut data = frame();
        data.pop();
        differs(&data, "cut");
        let mut data = frame();
        (data[17], data[39]) = (39, 19);
        differs(&data, "less than RTP's header in it");
        assert!(FramePeek::at(&data[..53]).is_none());
    }

    #[test]
    fn packets_of_a_stream_have_one_shape() {
        let (one, mut data) = (frame(), frame());
        // Identification, its checksum, UDP's, number, time, sound.
        for at in [18, 19, 24, 25, 40, 41, 45, 49, 60] {
            data[at] ^= 0x55;
        }
        let shape = |data: &[u8]| FramePeek::at(data).unwrap().shape;
        assert_eq!(shape(&one), shape(&data));
        // Padding of Ethernet after it is nothing of it.
        data.extend([0; 4]);
        let peek = FramePeek::at(&data).unwrap();
        assert!(peek.is_plain());
        assert_ne!(peek.shape, shape(&one));
        assert_eq!(peek.payload().len(), 32);
    }
}
