//! IP packets and transport headers as `etherparse` reads them; the only file that names the crate.

use std::net::IpAddr;

use etherparse::{
    IpSlice, Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, Ipv6HeaderSlice, LaxIpSlice,
    TcpHeaderSlice, UdpHeaderSlice,
};

/// Protocol numbers (IANA).
pub(super) mod protocol {
    pub(in crate::capture) const ICMP: u8 = 1;
    pub(in crate::capture) const IPV4: u8 = 4;
    pub(in crate::capture) const TCP: u8 = 6;
    pub(in crate::capture) const UDP: u8 = 17;
    pub(in crate::capture) const IPV6: u8 = 41;
    pub(in crate::capture) const GRE: u8 = 47;
    pub(in crate::capture) const ESP: u8 = 50;
    pub(in crate::capture) const ICMPV6: u8 = 58;
    pub(in crate::capture) const ETHERIP: u8 = 97;
    pub(in crate::capture) const L2TP: u8 = 115;
    pub(in crate::capture) const ETHERNET: u8 = 143;
    pub(in crate::capture) const MPLS: u8 = 137;
    pub(in crate::capture) const SCTP: u8 = 132;
    pub(in crate::capture) const UDP_LITE: u8 = 136;
}

/// An IP packet without its headers.
#[derive(Clone, Copy, Debug)]
pub(super) struct IpPacket<'f> {
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    /// What tells packets of one sender apart.
    pub(super) id: Identity,
    /// TTL or hop limit.
    pub(super) hops: u8,
    pub(super) protocol: u8,
    pub(super) payload: &'f [u8],
    /// Octets missing at the end of `payload` by the packet's own length.
    pub(super) cut: u32,
    pub(super) fragment: Option<Fragment>,
}

/// IPv4's identification, or IPv6's flow label, which says much less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    V4(u16),
    V6(u32),
}

/// Where a fragment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// Octets from the start of the whole payload.
    pub(super) offset: u32,
    pub(super) more: bool,
}

/// Reads an IP packet of either version, cut or with a wrong length if need be.
pub(super) fn packet(data: &[u8]) -> Option<IpPacket<'_>> {
    match IpSlice::from_slice(data) {
        Ok(IpSlice::Ipv4(ip)) => {
            let payload = ip.payload();
            Some(ipv4(
                data,
                &ip.header(),
                payload.payload,
                payload.ip_number.0,
            ))
        }
        Ok(IpSlice::Ipv6(ip)) => {
            let payload = ip.payload();
            let packet = ipv6(data, &ip.header(), payload.payload, payload.ip_number.0);
            Some(packet.in_fragments(ip.extensions()))
        }
        Err(_) => lax(data),
    }
}

/// What can be had of a packet that is cut, or whose length is wrong.
#[cold]
fn lax(data: &[u8]) -> Option<IpPacket<'_>> {
    let (slice, stopped) = LaxIpSlice::from_slice(data).ok()?;
    // Inside a damaged extension header nothing says what the rest is.
    if stopped.is_some() {
        return None;
    }
    Some(match slice {
        LaxIpSlice::Ipv4(ip) => {
            let payload = ip.payload();
            ipv4(data, &ip.header(), payload.payload, payload.ip_number.0)
        }
        LaxIpSlice::Ipv6(ip) => {
            let payload = ip.payload();
            let packet = ipv6(data, &ip.header(), payload.payload, payload.ip_number.0);
            packet.in_fragments(ip.extensions())
        }
    })
}

fn ipv4<'f>(
    data: &[u8],
    header: &Ipv4HeaderSlice<'_>,
    payload: &'f [u8],
    protocol: u8,
) -> IpPacket<'f> {
    let fragment = header.is_fragmenting_payload().then(|| Fragment {
        id: header.identification().into(),
        offset: u32::from(header.fragments_offset().value()) * 8,
        more: header.more_fragments(),
    });
    IpPacket {
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        id: Identity::V4(header.identification()),
        hops: header.ttl(),
        protocol,
        payload,
        cut: missing(data, payload, header.total_len().into()),
        fragment,
    }
}

fn ipv6<'f>(
    data: &[u8],
    header: &Ipv6HeaderSlice<'_>,
    payload: &'f [u8],
    protocol: u8,
) -> IpPacket<'f> {
    IpPacket {
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        id: Identity::V6(header.flow_label().value()),
        hops: header.hop_limit(),
        protocol,
        payload,
        cut: missing(data, payload, 40 + usize::from(header.payload_length())),
        fragment: None,
    }
}

impl IpPacket<'_> {
    fn in_fragments(mut self, extensions: &Ipv6ExtensionsSlice<'_>) -> Self {
        self.fragment = extensions
            .clone()
            .into_iter()
            .find_map(|extension| match extension {
                Ipv6ExtensionSlice::Fragment(header) if header.is_fragmenting_payload() => {
                    Some(Fragment {
                        id: header.identification(),
                        offset: u32::from(header.fragment_offset().value()) * 8,
                        more: header.more_fragments(),
                    })
                }
                _ => None,
            });
        self
    }
}

/// Octets that a packet of `total` octets has after the end of `payload`. A total of 0 (segmentation offload)
/// says nothing.
fn missing(data: &[u8], payload: &[u8], total: usize) -> u32 {
    let end = payload.as_ptr().addr() + payload.len() - data.as_ptr().addr();
    u32::try_from(total.saturating_sub(end)).unwrap_or(u32::MAX)
}

/// A UDP header: source and destination port, length and checksum.
pub(super) fn udp_header(data: &[u8]) -> Option<(u16, u16, u16, u16)> {
    let header = UdpHeaderSlice::from_slice(data).ok()?;
    Some((
        header.source_port(),
        header.destination_port(),
        header.length(),
        header.checksum(),
    ))
}

/// A TCP header.
pub(super) struct Tcp {
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) syn: bool,
    pub(super) end: bool,
    pub(super) header_len: usize,
}

/// Reads a TCP header.
pub(super) fn tcp_header(data: &[u8]) -> Option<Tcp> {
    let header = TcpHeaderSlice::from_slice(data).ok()?;
    Some(Tcp {
        src_port: header.source_port(),
        dst_port: header.destination_port(),
        seq: header.sequence_number(),
        ack: header.acknowledgment_number(),
        syn: header.syn(),
        end: header.fin() || header.rst(),
        header_len: header.slice().len(),
    })
}
