//! Tunnels and mirrors: GRE, PPTP, ERSPAN, `EtherIP`, L2TP, VXLAN, GENEVE, NSH, GTP-U, MPLS, LISP, CAPWAP, TZSP, HEP.

use super::link::{self, Layer};

pub(super) mod capwap;
pub(super) mod hep;
pub(super) mod l2tp;

/// UDP ports of tunnels (IANA, but for the older Linux default of VXLAN and Mikrotik's packet sniffer).
const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
const VXLAN_GPE: u16 = 4790;
const GENEVE: u16 = 6081;
const TZSP: u16 = 37008;
const GTP_U: u16 = 2152;
const L2TP: u16 = 1701;
const MPLS: u16 = 6635;
const GRE: u16 = 4754;
const LISP: u16 = 4341;
const CAPWAP: u16 = 5247;

/// Whether a datagram may be one of a tunnel. Of most only the destination port is fixed.
#[inline]
pub(super) fn is_port(src: u16, dst: u16) -> bool {
    matches!(
        dst,
        VXLAN | VXLAN_LINUX | VXLAN_GPE | GENEVE | TZSP | GTP_U | L2TP | MPLS | GRE | LISP | CAPWAP
    ) || matches!(src, L2TP | CAPWAP)
}

/// The inside of a tunnel over UDP; `None` if the port belongs to something else after all.
pub(super) fn over_udp(src: u16, dst: u16, data: &[u8]) -> Option<(Layer, &[u8])> {
    match dst {
        VXLAN | VXLAN_LINUX => vxlan(data),
        VXLAN_GPE => vxlan_gpe(data),
        GENEVE => geneve(data),
        TZSP => tzsp(data),
        GTP_U => gtp_u(data),
        MPLS => Some((Layer::EtherType(link::MPLS), data)),
        GRE => gre(data),
        // RFC 9300 5.1: eight octets, then an IP packet.
        LISP => Some((Layer::Ip, data.get(8..)?)),
        _ if src == L2TP || dst == L2TP => l2tp::over_udp(data),
        _ if src == CAPWAP || dst == CAPWAP => capwap::data(data),
        _ => None,
    }
}

/// RFC 7348 5: the I flag, a reserved field of 0. Group policies add the G flag and an id.
fn vxlan(data: &[u8]) -> Option<(Layer, &[u8])> {
    match data {
        [0x08, 0, 0, 0, _, _, _, 0, rest @ ..] | [0x88, _, _, _, _, _, _, 0, rest @ ..] => {
            Some((Layer::Ethernet, rest))
        }
        _ => None,
    }
}

/// draft-ietf-nvo3-vxlan-gpe 3: version 0, the I flag, no OAM; with the P flag a next protocol.
fn vxlan_gpe(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&[flags, _, _, next, _, _, _, _], rest) = data.split_first_chunk::<8>()?;
    match flags {
        0x0c => Some((next_protocol(next)?, rest)),
        0x08 => Some((Layer::Ethernet, rest)),
        _ => None,
    }
}

/// What VXLAN-GPE and NSH (RFC 8300 2.2) announce.
pub(super) fn next_protocol(next: u8) -> Option<Layer> {
    Some(match next {
        1 | 2 => Layer::Ip,
        3 => Layer::Ethernet,
        4 => Layer::EtherType(link::NSH),
        5 => Layer::EtherType(link::MPLS),
        _ => return None,
    })
}

/// RFC 8926 3.4: version 0, options in units of four octets, an Ethernet type.
fn geneve(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&[options, flags, t0, t1, _, _, _, 0], rest) = data.split_first_chunk::<8>()? else {
        return None;
    };
    if options & 0xc0 != 0 || flags & 0x3f != 0 {
        return None;
    }
    let rest = rest.get(usize::from(options & 0x3f) * 4..)?;
    Some((Layer::EtherType(u16::from_be_bytes([t0, t1])), rest))
}

/// 3GPP TS 29.281 5.1: version 1, GTP, a G-PDU; with any of the E, S and PN flags four more octets, then extension
/// headers with their length in units of four octets.
fn gtp_u(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&[flags, 0xff, _, _, _, _, _, _], mut rest) = data.split_first_chunk::<8>()? else {
        return None;
    };
    if flags & 0xf0 != 0x30 {
        return None;
    }
    if flags & 0x07 != 0 {
        let (&[_, _, _, mut next], after) = rest.split_first_chunk::<4>()?;
        rest = after;
        while next != 0 {
            let len = usize::from(*rest.first()?) * 4;
            let extension = rest.get(..len).filter(|_| len > 0)?;
            next = *extension.last()?;
            rest = rest.get(len..)?;
        }
    }
    Some((Layer::Ip, rest))
}

/// `EtherIP` (RFC 3378): version 3, then an Ethernet frame.
pub(super) fn ether_ip(data: &[u8]) -> Option<(Layer, &[u8])> {
    match data {
        [0x30, 0, rest @ ..] => Some((Layer::Ethernet, rest)),
        _ => None,
    }
}

fn tzsp(data: &[u8]) -> Option<(Layer, &[u8])> {
    // Version 1, a received or sent packet, Ethernet inside; then tagged fields up to the end tag.
    let (&[1, 0 | 1, 0, 1], mut rest) = data.split_first_chunk::<4>()? else {
        return None;
    };
    loop {
        match rest {
            [0, after @ ..] => rest = after,
            [1, after @ ..] => return Some((Layer::Ethernet, after)),
            [_, len, after @ ..] => rest = after.get(usize::from(*len)..)?,
            _ => return None,
        }
    }
}

/// Protocol types of ERSPAN.
const ERSPAN_II: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

/// The inside of a GRE packet (RFC 2784, 2890; RFC 2637 for PPTP).
pub(super) fn gre(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&[flags, version, t0, t1], rest) = data.split_first_chunk::<4>()?;
    let kind = u16::from_be_bytes([t0, t1]);
    let has = |bit: u8| flags & bit != 0;
    let sequence = has(0x10);
    let mut len = 0;
    if has(0x80) || has(0x40) {
        len += 4;
    }
    if has(0x20) {
        len += 4;
    }
    if sequence {
        len += 4;
    }
    let mut rest = rest;
    if version & 0x07 == 1 {
        // PPTP: an acknowledgment number.
        if version & 0x80 != 0 {
            len += 4;
        }
    } else if has(0x40) {
        // RFC 1701: source routes, the last of length 0, after the other fields.
        rest = rest.get(len..)?;
        len = 0;
        loop {
            let (&[_, _, _, route], after) = rest.split_first_chunk::<4>()?;
            rest = after.get(usize::from(route)..)?;
            if route == 0 {
                break;
            }
        }
    }
    let rest = rest.get(len..)?;
    match kind {
        // Type I has no header of its own, and no sequence number in GRE.
        ERSPAN_II if sequence => Some((Layer::Ethernet, rest.get(8..)?)),
        ERSPAN_II => Some((Layer::Ethernet, rest)),
        ERSPAN_III => {
            let (head, rest) = rest.split_first_chunk::<12>()?;
            let [.., last] = *head;
            // The O bit announces a platform header of eight octets.
            let skip = if last & 1 == 1 { 8 } else { 0 };
            Some((Layer::Ethernet, rest.get(skip..)?))
        }
        ether_type => Some((Layer::EtherType(ether_type), rest)),
    }
}
