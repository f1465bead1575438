//! Frames with other addresses and other content: checksums that were right stay right, wrong ones wrong.

use std::net::IpAddr;

use super::ip::{self, protocol};
use super::link::{self, LinkType};
use super::reader::Frame;
use super::tunnel;
use super::{FrameNo, pieces::Datagram};

/// Packets inside packets that are opened.
const NESTING_MAX: u8 = 10;
/// Octets of a UDP header.
const UDP_HEADER: usize = 8;

/// What stands in for addresses.
pub trait Addresses {
    /// Of an address.
    fn address(&mut self, addr: IpAddr) -> IpAddr;
    /// Of a hardware address.
    fn hardware(&mut self, addr: &mut [u8]);
}

/// A fragment of a datagram: the frame, where its octets lie in it, and where in the datagram.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The frame.
    pub frame: FrameNo,
    /// Offset in the frame.
    pub at: usize,
    /// Offset in the datagram.
    pub offset: usize,
    /// Octets.
    pub octets: Vec<u8>,
}

/// The fragment that a frame has, outside of tunnels.
pub fn piece(frame: &Frame<'_>) -> Option<(Datagram, Piece)> {
    let datagram = Datagram::of_fragment(frame)?;
    let ip = ip::packet(link::ip_packet(frame.link, frame.data)?)?;
    Some((
        datagram,
        Piece {
            frame: frame.no,
            at: place(frame.data, ip.payload)?,
            offset: usize::try_from(ip.fragment?.offset).ok()?,
            octets: ip.payload.to_vec(),
        },
    ))
}

/// Puts a new payload into a whole UDP datagram (header and payload) between two addresses.
pub fn datagram(
    old: &[u8],
    payload: &[u8],
    (src, dst): (IpAddr, IpAddr),
    addresses: &mut dyn Addresses,
) -> Vec<u8> {
    let mut new = old.to_vec();
    if let Some(place) = new.get_mut(UDP_HEADER..UDP_HEADER + payload.len()) {
        place.copy_from_slice(payload);
    }
    let before = Sum::of(&octets(src)) + Sum::of(&octets(dst));
    let (src, dst) = (addresses.address(src), addresses.address(dst));
    let after = Sum::of(&octets(src)) + Sum::of(&octets(dst));
    repair(old, &mut new, 6, (before, after), true);
    new
}

/// Gives a frame, the content of which may have been changed already, its new addresses.
pub fn readdress(link: LinkType, old: &[u8], new: &mut [u8], addresses: &mut dyn Addresses) {
    let hardware: &[(usize, usize)] = match link {
        LinkType::ETHERNET => &[(0, 6), (6, 12)],
        LinkType::LINUX_SLL => &[(6, 12)],
        LinkType::LINUX_SLL2 => &[(12, 18)],
        _ => &[],
    };
    for (from, until) in hardware {
        if let Some(addr) = new.get_mut(*from..*until) {
            addresses.hardware(addr);
        }
    }
    if let Some(at) = link::ip_packet(link, old).and_then(|ip| place(old, ip)) {
        packet(old, new, at, addresses, 0);
    }
}

/// Where a part lies in the whole.
fn place(whole: &[u8], part: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (at + part.len() <= whole.len()).then_some(at)
}

/// An IP packet at a place of the frame.
fn packet(old: &[u8], new: &mut [u8], at: usize, addresses: &mut dyn Addresses, depth: u8) {
    let Some(data) = old.get(at..) else { return };
    let Some(ip) = ip::packet(data).filter(|_| depth < NESTING_MAX) else {
        return;
    };
    let Some(start) = place(old, ip.payload) else {
        return;
    };
    let end = start + ip.payload.len();
    let (src, dst) = (addresses.address(ip.src), addresses.address(ip.dst));
    let transport = ip.fragment.is_none() || ip.cut > 0;
    if transport {
        inside(old, new, (start, end), &ip, addresses, depth);
    }
    let header = match ip.src {
        IpAddr::V4(_) => at + 12,
        IpAddr::V6(_) => at + 8,
    };
    let (new_src, new_dst) = (octets(src), octets(dst));
    let both = [new_src.as_slice(), new_dst.as_slice()].concat();
    if let Some(place) = new.get_mut(header..header + both.len()) {
        place.copy_from_slice(&both);
    }
    let before = Sum::of(&octets(ip.src)) + Sum::of(&octets(ip.dst));
    let after = Sum::of(&new_src) + Sum::of(&new_dst);
    if transport && let (Some(from), Some(to)) = (old.get(start..end), new.get_mut(start..end)) {
        match ip.protocol {
            protocol::UDP | protocol::UDP_LITE => repair(from, to, 6, (before, after), true),
            protocol::TCP => repair(from, to, 16, (before, after), false),
            protocol::ICMP => repair(from, to, 2, (Sum(0), Sum(0)), false),
            protocol::ICMPV6 => repair(from, to, 2, (before, after), false),
            protocol::SCTP if ip.cut == 0 => crc(to),
            _ => {}
        }
    }
    if let IpAddr::V4(_) = ip.src
        && let (Some(from), Some(to)) = (old.get(at..start), new.get_mut(at..start))
    {
        repair(from, to, 10, (Sum(0), Sum(0)), false);
    }
}

/// What a packet carries that has addresses too.
fn inside(
    old: &[u8],
    new: &mut [u8],
    (start, end): (usize, usize),
    ip: &ip::IpPacket<'_>,
    addresses: &mut dyn Addresses,
    depth: u8,
) {
    let payload = ip.payload;
    let inner = match ip.protocol {
        protocol::UDP => {
            let Some((src, dst, ..)) = ip::udp_header(payload) else {
                return;
            };
            let data = payload.get(UDP_HEADER..).unwrap_or_default();
            if tunnel::hep::is_hep(dst, data)
                && let Some(copied) = tunnel::hep::open(dst, data)
            {
                let until = place(old, copied.payload).unwrap_or(end);
                for addr in [copied.src.addr, copied.dst.addr] {
                    let instead = octets(addresses.address(addr));
                    exchange(
                        old,
                        new,
                        (start + UDP_HEADER, until),
                        &octets(addr),
                        &instead,
                    );
                }
                return;
            }
            if tunnel::is_port(src, dst) {
                tunnel::over_udp(src, dst, data)
            } else {
                None
            }
        }
        protocol::IPV4 | protocol::IPV6 => Some((link::Layer::Ip, payload)),
        protocol::GRE => tunnel::gre(payload),
        protocol::ETHERIP => tunnel::ether_ip(payload),
        protocol::L2TP => tunnel::l2tp::session(payload),
        protocol::ETHERNET => Some((link::Layer::Ethernet, payload)),
        protocol::MPLS => Some((link::Layer::EtherType(link::MPLS), payload)),
        // Errors quote the packet that they are about.
        protocol::ICMP if matches!(payload.first(), Some(3..=5 | 11 | 12)) => {
            payload.get(8..).map(|quoted| (link::Layer::Ip, quoted))
        }
        protocol::ICMPV6 if matches!(payload.first(), Some(1..=4)) => {
            payload.get(8..).map(|quoted| (link::Layer::Ip, quoted))
        }
        _ => None,
    };
    if let Some((layer, data)) = inner
        && let Ok(data) = link::ip_inside(layer, data)
        && link::begins_ip(data)
        && let Some(at) = place(old, data)
    {
        packet(old, new, at, addresses, depth + 1);
    }
}

/// Exchanges some octets for others, wherever they stand in a range.
fn exchange(old: &[u8], new: &mut [u8], (start, end): (usize, usize), from: &[u8], to: &[u8]) {
    for at in start..end.saturating_sub(from.len() - 1) {
        if old.get(at..at + from.len()) == Some(from)
            && let Some(place) = new.get_mut(at..at + to.len())
        {
            place.copy_from_slice(to);
        }
    }
}

fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    }
}

/// A sum of 16-bit words (RFC 1071), not folded yet.
#[derive(Clone, Copy)]
struct Sum(u64);

impl Sum {
    fn of(octets: &[u8]) -> Self {
        let (pairs, last) = octets.as_chunks::<2>();
        let sum: u64 = pairs
            .iter()
            .map(|pair| u64::from(u16::from_be_bytes(*pair)))
            .sum();
        Self(sum + last.first().map_or(0, |octet| u64::from(*octet) << 8))
    }

    fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        u16::try_from(sum).unwrap_or_default()
    }
}

impl std::ops::Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// Changes a checksum by what changed under it (RFC 1624): `before` and `after` are what else it covers. `absent`: 0
/// says that there is none.
fn repair(old: &[u8], new: &mut [u8], at: usize, (before, after): (Sum, Sum), absent: bool) {
    let Some(&[high, low]) = old.get(at..at + 2).and_then(|two| two.first_chunk::<2>()) else {
        return;
    };
    let field = u16::from_be_bytes([high, low]);
    if absent && field == 0 {
        return;
    }
    let gone = (Sum::of(old) + before).folded();
    let come = (Sum::of(new) + after).folded();
    if gone == come {
        return;
    }
    let sum = Sum(u64::from(!field) + u64::from(!gone) + u64::from(come));
    let mut field = !sum.folded();
    if absent && field == 0 {
        field = 0xffff;
    }
    if let Some(place) = new.get_mut(at..at + 2) {
        place.copy_from_slice(&field.to_be_bytes());
    }
}

/// The checksum of SCTP: a CRC over all of it (RFC 9260 6.8).
fn crc(new: &mut [u8]) {
    if let Some(field) = new.get_mut(8..12) {
        field.fill(0);
    }
    let mut crc = u32::MAX;
    for octet in new.iter() {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    if let Some(field) = new.get_mut(8..12) {
        field.copy_from_slice(&(!crc).to_le_bytes());
    }
}
