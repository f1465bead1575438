//! Tunnels and mirrors: GRE, PPTP, ERSPAN, VXLAN, GENEVE, TZSP.

use super::link::Layer;

/// UDP ports of tunnels: VXLAN, its older Linux default, GENEVE, and TZSP (Mikrotik's packet sniffer).
const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;
const TZSP: u16 = 37008;

/// Whether a destination port may be that of a tunnel.
#[inline]
pub(super) fn is_port(port: u16) -> bool {
    matches!(port, VXLAN | VXLAN_LINUX | GENEVE | TZSP)
}

/// The inside of a tunnel over UDP; `None` if the port belongs to something else after all.
pub(super) fn over_udp(port: u16, data: &[u8]) -> Option<(Layer, &[u8])> {
    match port {
        // RFC 7348 5: only the I flag, reserved fields 0.
        VXLAN | VXLAN_LINUX => match data {
            [0x08, 0, 0, 0, _, _, _, 0, rest @ ..] => Some((Layer::Ethernet, rest)),
            _ => None,
        },
        // RFC 8926 3.4: version 0, options in units of four octets, an Ethernet type.
        GENEVE => {
            let (&[options, flags, t0, t1, _, _, _, 0], rest) = data.split_first_chunk::<8>()?
            else {
                return None;
            };
            if options & 0xc0 != 0 || flags & 0x3f != 0 {
                return None;
            }
            let rest = rest.get(usize::from(options & 0x3f) * 4..)?;
            Some((Layer::EtherType(u16::from_be_bytes([t0, t1])), rest))
        }
        TZSP => tzsp(data),
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
