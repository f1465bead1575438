//! A reader for the captures of the tests: pcap and pcapng, Ethernet, VLAN, SLL, raw IP, UDP. Knows nothing of the library,
//! so that it can check it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A UDP datagram.
#[derive(Clone, Debug)]
pub(crate) struct Datagram {
    pub(crate) frame: u32,
    pub(crate) nanos: u64,
    pub(crate) src: SocketAddr,
    pub(crate) dst: SocketAddr,
    pub(crate) payload: Vec<u8>,
    pub(crate) cut: bool,
}

/// All UDP datagrams of a capture, in its order.
pub(crate) fn read(path: &Path) -> Vec<Datagram> {
    let octets = std::fs::read(path).unwrap();
    let mut out = Vec::new();
    let mut frame = 0;
    if octets[..4] == [0x0A, 0x0D, 0x0D, 0x0A] {
        let mut links = Vec::new();
        let mut at = 0;
        while at + 12 <= octets.len() {
            let kind = u32_le(&octets, at);
            let size = u32_le(&octets, at + 4) as usize;
            let body = &octets[at + 8..at + size - 4];
            match kind {
                0x0A0D_0D0A => links.clear(),
                1 => {
                    // if_tsresol, option 9
                    let mut unit = 1000;
                    let mut option = 8;
                    while option + 4 <= body.len() {
                        let code = u16::from_le_bytes([body[option], body[option + 1]]);
                        let len =
                            usize::from(u16::from_le_bytes([body[option + 2], body[option + 3]]));
                        if code == 9 {
                            unit = 10_u64.pow(9_u32.saturating_sub(u32::from(body[option + 4])));
                        }
                        option += 4 + len.next_multiple_of(4);
                    }
                    links.push((u32::from(u16::from_le_bytes([body[0], body[1]])), unit));
                }
                6 => {
                    frame += 1;
                    let (link, unit) = links[u32_le(body, 0) as usize];
                    let ticks = u64::from(u32_le(body, 4)) << 32 | u64::from(u32_le(body, 8));
                    let len = u32_le(body, 12) as usize;
                    out.extend(udp(link, &body[20..20 + len], frame, ticks * unit));
                }
                _ => {}
            }
            at += size;
        }
        return out;
    }
    let swapped = octets[0] == 0xA1;
    let word = |at: usize| {
        let value = u32_le(&octets, at);
        if swapped { value.swap_bytes() } else { value }
    };
    let unit = if word(0) == 0xA1B2_3C4D { 1 } else { 1000 };
    let link = word(20);
    let mut at = 24;
    while at + 16 <= octets.len() {
        frame += 1;
        let nanos = u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4)) * unit;
        let len = word(at + 8) as usize;
        let end = (at + 16 + len).min(octets.len());
        out.extend(udp(link, &octets[at + 16..end], frame, nanos));
        at += 16 + len;
    }
    out
}

fn u32_le(octets: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(octets[at..at + 4].try_into().unwrap())
}

fn u16_be(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([octets[at], octets[at + 1]])
}

fn udp(link: u32, octets: &[u8], frame: u32, nanos: u64) -> Option<Datagram> {
    let ip = match link {
        1 => {
            let mut at = 12;
            while matches!(u16_be(octets, at), 0x8100 | 0x88A8 | 0x9100) {
                at += 4;
            }
            if !matches!(u16_be(octets, at), 0x0800 | 0x86DD) {
                return None;
            }
            &octets[at + 2..]
        }
        113 => &octets[16..],
        276 => &octets[20..],
        12 | 101 | 228 | 229 => octets,
        _ => return None,
    };
    let (src, dst, protocol, rest): (IpAddr, IpAddr, u8, &[u8]) = if ip[0] >> 4 == 4 {
        if u16_be(ip, 6) & 0x3FFF != 0 {
            return None;
        }
        let total = usize::from(u16_be(ip, 2)).min(ip.len());
        let src: [u8; 4] = ip[12..16].try_into().unwrap();
        let dst: [u8; 4] = ip[16..20].try_into().unwrap();
        let header = usize::from(ip[0] & 0x0F) * 4;
        (
            Ipv4Addr::from(src).into(),
            Ipv4Addr::from(dst).into(),
            ip[9],
            &ip[header..total],
        )
    } else {
        let src: [u8; 16] = ip[8..24].try_into().unwrap();
        let dst: [u8; 16] = ip[24..40].try_into().unwrap();
        (
            Ipv6Addr::from(src).into(),
            Ipv6Addr::from(dst).into(),
            ip[6],
            &ip[40..],
        )
    };
    if protocol != 17 || rest.len() < 8 {
        return None;
    }
    let len = usize::from(u16_be(rest, 4));
    Some(Datagram {
        frame,
        nanos,
        src: SocketAddr::new(src, u16_be(rest, 0)),
        dst: SocketAddr::new(dst, u16_be(rest, 2)),
        payload: rest[8..len.min(rest.len())].to_vec(),
        cut: len > rest.len(),
    })
}
