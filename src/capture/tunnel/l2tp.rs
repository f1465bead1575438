//! L2TP: version 2 with PPP inside (RFC 2661), version 3 with whatever was agreed (RFC 3931).

use super::super::link::{self, Layer};

/// Octets that may stand between the session id and the payload: a cookie of 4 or 8, and a sublayer of 4.
const SKIPS: [usize; 4] = [0, 4, 8, 12];

/// The payload of an L2TP datagram; `None` for control messages.
pub(in crate::capture) fn over_udp(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&[flags, version], rest) = data.split_first_chunk::<2>()?;
    if flags & 0x80 != 0 {
        return None;
    }
    match version & 0x0f {
        2 => version_2(flags, rest),
        // Two reserved octets, then as over IP.
        3 if flags == 0 => session(rest.get(2..)?),
        _ => None,
    }
}

/// RFC 2661 3.1: the flags say which of length, sequence numbers and offset are there.
fn version_2(flags: u8, data: &[u8]) -> Option<(Layer, &[u8])> {
    let has = |bit: u8| flags & bit != 0;
    let mut len = 4;
    if has(0x40) {
        len += 2;
    }
    if has(0x08) {
        len += 4;
    }
    if has(0x02) {
        let (size, _) = data.get(len..)?.split_first_chunk::<2>()?;
        len += 2 + usize::from(u16::from_be_bytes(*size));
    }
    Some((Layer::Ppp, data.get(len..)?))
}

/// Version 3 from its session id. Whether a cookie follows, and what is carried, only the control connection says: the
/// first place at which an Ethernet frame or a PPP packet with IP inside stands.
pub(in crate::capture) fn session(data: &[u8]) -> Option<(Layer, &[u8])> {
    let (&id, rest) = data.split_first_chunk::<4>()?;
    if id == [0; 4] {
        return None;
    }
    let fits = |layer: Layer, skip: usize| {
        let inside = rest.get(skip..)?;
        let ip = link::ip_inside(layer, inside).ok()?;
        link::begins_ip(ip).then_some((layer, inside))
    };
    SKIPS
        .into_iter()
        .find_map(|skip| fits(Layer::Ethernet, skip).or_else(|| fits(Layer::Ppp, skip)))
}
