//! Link layers: from a frame to the network packet inside, whatever is wrapped around it.

use std::fmt;

use super::tunnel;

/// A link type of the tcpdump registry (LINKTYPE_...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: an address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// PPP, perhaps with HDLC address and control octets.
    pub const PPP: Self = Self(9);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE session packets.
    pub const PPP_ETHER: Self = Self(51);
    /// `DLT_RAW` of the BSDs, written to files by mistake: as [`Self::RAW`].
    pub const RAW_BSD: Self = Self(12);
    /// The same of OpenBSD.
    pub const RAW_OPENBSD: Self = Self(14);
    /// IP packets, version by their first octet.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// OpenBSD loopback.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture (`-i any`).
    pub const LINUX_SLL: Self = Self(113);
    /// IPv4 packets.
    pub const IPV4: Self = Self(228);
    /// IPv6 packets.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The registry's name without LINKTYPE_.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::NULL => "NULL",
            Self::ETHERNET => "ETHERNET",
            Self::PPP => "PPP",
            Self::RAW | Self::RAW_BSD | Self::RAW_OPENBSD => "RAW",
            Self::PPP_HDLC => "PPP_HDLC",
            Self::PPP_ETHER => "PPP_ETHER",
            Self::C_HDLC => "C_HDLC",
            Self::LOOP => "LOOP",
            Self::LINUX_SLL => "LINUX_SLL",
            Self::IPV4 => "IPV4",
            Self::IPV6 => "IPV6",
            Self::LINUX_SLL2 => "LINUX_SLL2",
            _ => return None,
        })
    }

    /// Whether frames of this type are decoded.
    pub const fn is_known(self) -> bool {
        self.name().is_some()
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "LINKTYPE {}", self.0),
        }
    }
}

/// What some octets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// An Ethernet frame from its destination address.
    Ethernet,
    /// What an Ethernet type announces.
    EtherType(u16),
    /// An IP packet of either version.
    Ip,
    /// A PPP packet, perhaps with address and control octets.
    Ppp,
    /// A PPPoE session packet.
    Pppoe,
    /// IEEE 802.2 LLC, of interest where SNAP follows.
    Llc,
}

/// Layers outside an IP packet that are stepped over.
const STEPS_MAX: usize = 32;

/// Ethernet types.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TRANSPARENT_ETHERNET: u16 = 0x6558;
const PPPOE_SESSION: u16 = 0x8864;
pub(super) const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
pub(super) const NSH: u16 = 0x894f;
/// 802.1Q, 802.1ad, and what was used before that.
const VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
const PPP: u16 = 0x880b;
/// Values up to this are lengths of 802.3 frames.
const LENGTH_MAX: u16 = 1500;

/// The first layer of a frame, and its octets.
pub(super) fn first(link: LinkType, data: &[u8]) -> Option<(Layer, &[u8])> {
    match link {
        LinkType::NULL | LinkType::LOOP => {
            let (family, rest) = data.split_first_chunk::<4>()?;
            // AF_INET is 2, AF_INET6 10, 24, 28 or 30, in one byte order or the other.
            matches!(
                family,
                [2 | 10 | 24 | 28 | 30, 0, 0, 0] | [0, 0, 0, 2 | 10 | 24 | 28 | 30]
            )
            .then_some((Layer::Ip, rest))
        }
        LinkType::ETHERNET => Some((Layer::Ethernet, data)),
        LinkType::PPP | LinkType::PPP_HDLC => Some((Layer::Ppp, data)),
        LinkType::PPP_ETHER => Some((Layer::Pppoe, data)),
        LinkType::RAW
        | LinkType::RAW_BSD
        | LinkType::RAW_OPENBSD
        | LinkType::IPV4
        | LinkType::IPV6 => Some((Layer::Ip, data)),
        LinkType::C_HDLC => {
            let (head, rest) = data.split_first_chunk::<4>()?;
            let [_, _, t0, t1] = *head;
            Some((Layer::EtherType(u16::from_be_bytes([t0, t1])), rest))
        }
        LinkType::LINUX_SLL => {
            let (head, rest) = data.split_first_chunk::<16>()?;
            let [.., t0, t1] = *head;
            Some((protocol([t0, t1]), rest))
        }
        LinkType::LINUX_SLL2 => {
            let (head, rest) = data.split_first_chunk::<20>()?;
            let [t0, t1, ..] = *head;
            Some((protocol([t0, t1]), rest))
        }
        _ => None,
    }
}

/// The protocol field of a "cooked" capture: an Ethernet type, or Linux' word for LLC.
fn protocol(field: [u8; 2]) -> Layer {
    match u16::from_be_bytes(field) {
        4 => Layer::Llc,
        ether_type => Layer::EtherType(ether_type),
    }
}

/// The layer inside one that is no IP. `None`: nothing that is decoded here.
pub(super) fn inner(layer: Layer, data: &[u8]) -> Option<(Layer, &[u8])> {
    match layer {
        Layer::Ip => None,
        Layer::Ethernet => {
            let (head, rest) = data.split_first_chunk::<14>()?;
            let [.., t0, t1] = *head;
            match u16::from_be_bytes([t0, t1]) {
                ..=LENGTH_MAX => Some((Layer::Llc, rest)),
                ether_type => Some((Layer::EtherType(ether_type), rest)),
            }
        }
        Layer::Llc => match data.split_first_chunk::<8>()? {
            (&[0xaa, 0xaa, 0x03, 0, 0, _, t0, t1], rest) => {
                Some((Layer::EtherType(u16::from_be_bytes([t0, t1])), rest))
            }
            _ => None,
        },
        Layer::EtherType(ether_type) => announced(ether_type, data),
        Layer::Pppoe => {
            let (_, rest) = data.split_first_chunk::<6>()?;
            Some((Layer::Ppp, rest))
        }
        Layer::Ppp => ppp(data),
    }
}

/// The outermost IP packet of a frame.
pub(super) fn ip_packet(link: LinkType, data: &[u8]) -> Option<&[u8]> {
    let (layer, data) = first(link, data)?;
    ip_inside(layer, data).ok()
}

/// The next IP packet inside a layer.
///
/// # Errors
/// There is none; the Ethernet type that nothing here decodes, if that is why.
pub(super) fn ip_inside(layer: Layer, data: &[u8]) -> Result<&[u8], Option<u16>> {
    let mut at = (layer, data);
    for _ in 0..STEPS_MAX {
        if at.0 == Layer::Ip {
            return Ok(at.1);
        }
        let Some(next) = inner(at.0, at.1) else {
            return Err(match at.0 {
                Layer::EtherType(kind) if kind > LENGTH_MAX && !is_decoded(kind) => Some(kind),
                _ => None,
            });
        };
        at = next;
    }
    Err(None)
}

/// Whether frames of an Ethernet type are looked into.
fn is_decoded(ether_type: u16) -> bool {
    const OTHERS: [u16; 8] = [
        IPV4,
        IPV6,
        TRANSPARENT_ETHERNET,
        PPPOE_SESSION,
        PPP,
        MPLS,
        MPLS_MULTICAST,
        NSH,
    ];
    VLAN.contains(&ether_type) || OTHERS.contains(&ether_type)
}

/// Whether octets begin like an IP packet: its version and a length of the header that may be.
pub(super) fn begins_ip(data: &[u8]) -> bool {
    matches!(data.first(), Some(0x45..=0x4f | 0x60..=0x6f))
}

/// What follows an Ethernet type; tags one in the other are stepped over here, however many.
fn announced(mut ether_type: u16, mut data: &[u8]) -> Option<(Layer, &[u8])> {
    while VLAN.contains(&ether_type) {
        let (head, rest) = data.split_first_chunk::<4>()?;
        let [_, _, t0, t1] = *head;
        ether_type = u16::from_be_bytes([t0, t1]);
        data = rest;
    }
    match ether_type {
        IPV4 | IPV6 => Some((Layer::Ip, data)),
        TRANSPARENT_ETHERNET => Some((Layer::Ethernet, data)),
        PPPOE_SESSION => Some((Layer::Pppoe, data)),
        PPP => Some((Layer::Ppp, data)),
        MPLS | MPLS_MULTICAST => mpls(data),
        NSH => {
            // RFC 8300 2.2: its length in units of four octets, and what follows it.
            let &[_, length, _, next] = data.first_chunk::<4>()?;
            let rest = data.get(usize::from(length & 0x3f) * 4..)?;
            Some((tunnel::next_protocol(next)?, rest))
        }
        ..=LENGTH_MAX => Some((Layer::Llc, data)),
        _ => None,
    }
}

/// Steps over MPLS labels. What they carry is not announced: an IP packet tells itself by its first octet,
/// a control word (RFC 4385) is 0 there, anything else is taken for Ethernet.
fn mpls(mut data: &[u8]) -> Option<(Layer, &[u8])> {
    loop {
        let (label, rest) = data.split_first_chunk::<4>()?;
        let [_, _, stack, _] = *label;
        data = rest;
        if stack & 1 == 1 {
            break;
        }
    }
    match data.first()? >> 4 {
        4 | 6 => Some((Layer::Ip, data)),
        0 => Some((Layer::Ethernet, data.get(4..)?)),
        _ => Some((Layer::Ethernet, data)),
    }
}

fn ppp(data: &[u8]) -> Option<(Layer, &[u8])> {
    // RFC 1662: address and control octets, unless compressed away.
    let data = data.strip_prefix(&[0xff, 0x03]).unwrap_or(data);
    // Cisco HDLC on a PPP link type.
    if let [0x0f | 0x8f, 0, t0, t1, rest @ ..] = data {
        return Some((Layer::EtherType(u16::from_be_bytes([*t0, *t1])), rest));
    }
    match data {
        // RFC 1661 6.5: a compressed protocol field is one odd octet.
        [0x21 | 0x57, rest @ ..] | [0x00, 0x21 | 0x57, rest @ ..] => Some((Layer::Ip, rest)),
        [0x02, 0x81 | 0x83, rest @ ..] => mpls(rest),
        _ => None,
    }
}
