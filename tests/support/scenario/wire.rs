//! Ethernet, IPv4, UDP, TCP, ICMP, ARP as octets.

use std::net::{IpAddr, SocketAddr};

/// Ethernet around an IPv4 packet.
pub(crate) fn ethernet(packet: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    out.extend(packet);
    out
}

/// A question that nobody asks the call: ARP.
pub(crate) fn arp() -> Vec<u8> {
    let mut out = vec![
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0, 1, 0x08, 0x06,
    ];
    out.extend([
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2,
    ]);
    out
}

/// UDP in IPv4.
pub(crate) fn ipv4_udp(src: SocketAddr, dst: SocketAddr, payload: &[u8], id: u16) -> Vec<u8> {
    let mut udp = Vec::with_capacity(payload.len() + 8);
    udp.extend(src.port().to_be_bytes());
    udp.extend(dst.port().to_be_bytes());
    udp.extend((payload.len() as u16 + 8).to_be_bytes());
    // No checksum is a right one (RFC 768).
    udp.extend([0, 0]);
    udp.extend(payload);
    ipv4(17, src, dst, &udp, id, 0)
}

/// TCP in IPv4: a segment with data.
pub(crate) fn ipv4_tcp(
    src: SocketAddr,
    dst: SocketAddr,
    seq: u32,
    payload: &[u8],
    id: u16,
) -> Vec<u8> {
    let mut tcp = Vec::with_capacity(payload.len() + 20);
    tcp.extend(src.port().to_be_bytes());
    tcp.extend(dst.port().to_be_bytes());
    tcp.extend(seq.to_be_bytes());
    tcp.extend([0, 0, 0, 1, 0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0]);
    tcp.extend(payload);
    let mut pseudo = Vec::new();
    pseudo.extend(octets(src));
    pseudo.extend(octets(dst));
    pseudo.extend([0, 6]);
    pseudo.extend((tcp.len() as u16).to_be_bytes());
    pseudo.extend(&tcp);
    let sum = checksum(&pseudo).to_be_bytes();
    tcp[16..18].copy_from_slice(&sum);
    ipv4(6, src, dst, &tcp, id, 0)
}

/// ICMP destination unreachable, without its IP header.
pub(crate) fn icmp_unreachable(code: u8, quoted: &[u8]) -> Vec<u8> {
    let mut out = vec![3, code, 0, 0, 0, 0, 0, 0];
    out.extend(&quoted[..quoted.len().min(60)]);
    let sum = checksum(&out).to_be_bytes();
    out[2..4].copy_from_slice(&sum);
    out
}

/// IPv4 around anything; `fragment` is the field of flags and offset.
pub(crate) fn ipv4(
    protocol: u8,
    src: SocketAddr,
    dst: SocketAddr,
    payload: &[u8],
    id: u16,
    fragment: u16,
) -> Vec<u8> {
    let mut out = vec![0x45, 0];
    out.extend((payload.len() as u16 + 20).to_be_bytes());
    out.extend(id.to_be_bytes());
    out.extend(fragment.to_be_bytes());
    out.extend([64, protocol, 0, 0]);
    out.extend(octets(src));
    out.extend(octets(dst));
    let sum = checksum(&out).to_be_bytes();
    out[10..12].copy_from_slice(&sum);
    out.extend(payload);
    out
}

/// Fragments of an IPv4 packet, with at most `size` octets of payload (a multiple of 8).
pub(crate) fn fragments(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(20);
    let last = payload.len().div_ceil(size) - 1;
    payload
        .chunks(size)
        .enumerate()
        .map(|(place, part)| {
            let more = if place < last { 0x2000 } else { 0 };
            let field = more | (place * size / 8) as u16;
            let mut out = header.to_vec();
            out[2..4].copy_from_slice(&(part.len() as u16 + 20).to_be_bytes());
            out[6..8].copy_from_slice(&field.to_be_bytes());
            out[10..12].copy_from_slice(&[0, 0]);
            let sum = checksum(&out).to_be_bytes();
            out[10..12].copy_from_slice(&sum);
            out.extend(part);
            out
        })
        .collect()
}

fn octets(end: SocketAddr) -> [u8; 4] {
    match end.ip() {
        IpAddr::V4(addr) => addr.octets(),
        IpAddr::V6(_) => panic!("scenarios speak IPv4"),
    }
}

fn checksum(octets: &[u8]) -> u16 {
    let sum: u32 = octets
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).copied().map_or(0, u32::from))
        .sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !((folded & 0xFFFF) + (folded >> 16)) as u16
}
