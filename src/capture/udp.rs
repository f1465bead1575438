//! UDP datagrams: the short way for nearly all of them, the long way for the rest.

use std::net::IpAddr;

use super::ip::{self, Identity, IpPacket, protocol};

/// Octets of Ethernet, plain IPv4 and UDP headers.
pub(super) const PLAIN_HEADERS: usize = 42;

/// Octets of a UDP header.
pub(super) const UDP_HEADER: usize = 8;

/// A UDP datagram.
pub(super) struct Udp<'f> {
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) checksum: u16,
    pub(super) payload: &'f [u8],
    pub(super) cut: u32,
}

impl Udp<'_> {
    /// What of the header tells copies.
    pub(super) fn compared(&self) -> u64 {
        u64::from(self.src_port) << 32 | u64::from(self.dst_port) << 16 | u64::from(self.checksum)
    }
}

/// The way of nearly all packets of a capture, without detours: a whole Ethernet frame with an IPv4 header
/// without options, no fragment, and a UDP datagram of the length that IP says.
#[expect(
    clippy::inline_always,
    reason = "every packet of a capture takes this way"
)]
#[inline(always)]
pub(super) fn plain(data: &[u8]) -> Option<(IpPacket<'_>, Udp<'_>)> {
    // Piece by piece, as the processor loads them: Ethernet addresses; its type with the start of IPv4; the rest.
    let (_, rest) = data.split_first_chunk::<12>()?;
    let (&[0x08, 0x00, 0x45, _, total0, total1, id0, id1], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let (&[flags, offset1, hops, protocol::UDP, _, _], rest) = rest.split_first_chunk()? else {
        return None;
    };
    let (&[s0, s1, s2, s3, d0, d1, d2, d3], rest) = rest.split_first_chunk()?;
    let (&[sp0, sp1, dp0, dp1, len0, len1, check0, check1], rest) = rest.split_first_chunk()?;
    // More fragments, or not the first one. The reserved and the "don't fragment" bit are of no interest.
    if flags & 0x3f != 0 || offset1 != 0 {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([len0, len1])).checked_sub(UDP_HEADER)?;
    if usize::from(u16::from_be_bytes([total0, total1])) != len + 28 {
        return None;
    }
    let payload = rest.get(..len)?;
    let ip = IpPacket {
        src: IpAddr::from([s0, s1, s2, s3]),
        dst: IpAddr::from([d0, d1, d2, d3]),
        id: Identity::V4(u16::from_be_bytes([id0, id1])),
        hops,
        protocol: protocol::UDP,
        payload,
        cut: 0,
        fragment: None,
    };
    let udp = Udp {
        src_port: u16::from_be_bytes([sp0, sp1]),
        dst_port: u16::from_be_bytes([dp0, dp1]),
        checksum: u16::from_be_bytes([check0, check1]),
        payload,
        cut: 0,
    };
    Some((ip, udp))
}

/// A UDP datagram of any length that its header may claim.
pub(super) fn datagram<'f>(ip: &IpPacket<'f>) -> Option<Udp<'f>> {
    let (src_port, dst_port, len, checksum) = ip::udp_header(ip.payload)?;
    let rest = ip.payload.get(UDP_HEADER..)?;
    // 0: a datagram above 64 KiB or before segmentation; 1 to 7 cannot be. IP's length counts then.
    let claimed = usize::from(len).checked_sub(UDP_HEADER);
    let missing = usize::try_from(ip.cut).unwrap_or(usize::MAX);
    let payload = claimed.and_then(|len| rest.get(..len)).unwrap_or(rest);
    let cut = claimed
        .unwrap_or(rest.len() + missing)
        .saturating_sub(payload.len())
        .min(if ip.fragment.is_some() {
            usize::MAX
        } else {
            missing
        });
    Some(Udp {
        src_port,
        dst_port,
        checksum,
        payload,
        cut: u32::try_from(cut).unwrap_or(u32::MAX),
    })
}
