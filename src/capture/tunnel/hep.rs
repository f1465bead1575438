//! HEP, the Homer encapsulation: copies of SIP and RTP that a proxy or PBX sends to a collector, versions 1 to 3.
//!
//! What is inside has no IP header: the encapsulation names the two endpoints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::Endpoint;

/// The port of collectors. Versions 1 and 2 have nothing but it to be known by.
pub(in crate::capture) const PORT: u16 = 9060;

/// A packet that was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::capture) struct Copied<'f> {
    pub(in crate::capture) src: Endpoint,
    pub(in crate::capture) dst: Endpoint,
    pub(in crate::capture) payload: &'f [u8],
}

/// Whether a datagram may be HEP.
#[inline]
pub(in crate::capture) fn is_hep(dst: u16, data: &[u8]) -> bool {
    data.starts_with(b"HEP3") || dst == PORT
}

/// The packet inside; `None` if it is no HEP, or holds something else than SIP or RTP.
pub(in crate::capture) fn open(dst: u16, data: &[u8]) -> Option<Copied<'_>> {
    match data {
        [b'H', b'E', b'P', b'3', _, _, chunks @ ..] => version_3(chunks),
        [version @ 1..=2, ..] if dst == PORT => version_1(*version, data),
        _ => None,
    }
}

/// Address families as the sending host numbers them.
const IPV4: u8 = 2;
const IPV6: [u8; 4] = [10, 24, 28, 30];

/// HEP 1 and 2: version, length of the header, family, protocol, ports, addresses; version 2 adds a time.
fn version_1(version: u8, data: &[u8]) -> Option<Copied<'_>> {
    let (&[_, length, family, _, s0, s1, d0, d1], rest) = data.split_first_chunk::<8>()?;
    let (src, dst, addresses): (IpAddr, IpAddr, usize) = if family == IPV4 {
        let (src, rest) = rest.split_first_chunk::<4>()?;
        let dst = rest.first_chunk::<4>()?;
        (Ipv4Addr::from(*src).into(), Ipv4Addr::from(*dst).into(), 8)
    } else if IPV6.contains(&family) {
        let (src, rest) = rest.split_first_chunk::<16>()?;
        let dst = rest.first_chunk::<16>()?;
        (Ipv6Addr::from(*src).into(), Ipv6Addr::from(*dst).into(), 32)
    } else {
        return None;
    };
    let plain = 8 + addresses;
    // Not every sender counts the time of version 2 (twelve octets) as part of the header.
    let end = match usize::from(length) {
        length if length == plain && version == 2 => plain + 12,
        length if length >= plain => length,
        _ => return None,
    };
    Some(Copied {
        src: Endpoint::new(src, u16::from_be_bytes([s0, s1])),
        dst: Endpoint::new(dst, u16::from_be_bytes([d0, d1])),
        payload: data.get(end..)?,
    })
}

/// What a payload is, where it is none of these: RTCP as JSON, logs, statistics.
const SIP: u8 = 1;
const RTP: u8 = 4;

/// HEP 3: chunks of vendor, type and length, in any order.
fn version_3(mut chunks: &[u8]) -> Option<Copied<'_>> {
    let (mut src, mut dst) = (None::<IpAddr>, None::<IpAddr>);
    let (mut src_port, mut dst_port) = (0, 0);
    let mut payload = None;
    while let Some((&[v0, v1, t0, t1, l0, l1], rest)) = chunks.split_first_chunk::<6>() {
        let length = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(6)?;
        // The snap length may have cut the payload, which is the last of them.
        let value = rest.get(..length).unwrap_or(rest);
        chunks = rest.get(length..).unwrap_or_default();
        if [v0, v1] != [0, 0] {
            continue;
        }
        match (u16::from_be_bytes([t0, t1]), value) {
            (3, value) => src = address_v4(value),
            (4, value) => dst = address_v4(value),
            (5, value) => src = address_v6(value),
            (6, value) => dst = address_v6(value),
            (7, &[p0, p1]) => src_port = u16::from_be_bytes([p0, p1]),
            (8, &[p0, p1]) => dst_port = u16::from_be_bytes([p0, p1]),
            (11, &[kind]) if !matches!(kind, SIP | RTP) => return None,
            (15, value) => payload = Some(value),
            _ => {}
        }
    }
    Some(Copied {
        src: Endpoint::new(src?, src_port),
        dst: Endpoint::new(dst?, dst_port),
        payload: payload?,
    })
}

fn address_v4(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 4] = value.try_into().ok()?;
    Some(Ipv4Addr::from(octets).into())
}

fn address_v6(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 16] = value.try_into().ok()?;
    Some(Ipv6Addr::from(octets).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(last: u8, port: u16) -> Endpoint {
        Endpoint::new([192, 0, 2, last].into(), port)
    }

    #[test]
    fn opens_versions_1_and_2() {
        let addresses = [192, 0, 2, 1, 192, 0, 2, 2];
        let head = |version: u8, length: u8| {
            let fixed = [version, length, 2, 17, 0x13, 0xc4, 0x13, 0xc5];
            [fixed.as_slice(), &addresses].concat()
        };
        let copied = Copied {
            src: end(1, 5060),
            dst: end(2, 5061),
            payload: b"BYE sip:a",
        };
        let first = [head(1, 16).as_slice(), b"BYE sip:a"].concat();
        assert_eq!(open(PORT, &first), Some(copied));
        assert_eq!(open(5060, &first), None);
        for length in [16, 28] {
            let second = [head(2, length).as_slice(), &[7; 12], b"BYE sip:a"].concat();
            assert_eq!(open(PORT, &second), Some(copied), "{length}");
        }
        assert_eq!(open(PORT, &first[..12]), None);
    }

    #[test]
    fn opens_version_3_and_leaves_logs_alone() {
        let chunk = |kind: u16, value: &[u8]| {
            let length = u16::try_from(value.len() + 6).unwrap();
            let head = [[0, 0], kind.to_be_bytes(), length.to_be_bytes()].concat();
            [head.as_slice(), value].concat()
        };
        let packet = |kind: u8| {
            let chunks = [
                chunk(1, &[2]),
                chunk(3, &[192, 0, 2, 1]),
                chunk(4, &[192, 0, 2, 2]),
                chunk(7, &5060_u16.to_be_bytes()),
                chunk(8, &5061_u16.to_be_bytes()),
                chunk(11, &[kind]),
                chunk(15, b"BYE sip:a"),
            ]
            .concat();
            [b"HEP3\0\0".as_slice(), &chunks].concat()
        };
        let sip = packet(1);
        let copied = open(12_345, &sip).unwrap();
        assert_eq!(copied.payload, b"BYE sip:a");
        assert_eq!((copied.src, copied.dst), (end(1, 5060), end(2, 5061)));
        assert_eq!(open(12_345, &packet(100)), None);
    }
}
