//! CAPWAP data (RFC 5415 4.3): what a wireless access point sends to its controller.

use super::super::link::Layer;

/// The frame inside. `None`: encrypted by DTLS, a fragment, or a keep-alive.
pub(in crate::capture) fn data(data: &[u8]) -> Option<(Layer, &[u8])> {
    let &[preamble, length, binding, flags, ..] = data.first_chunk::<8>()?;
    let (is_fragment, is_keep_alive) = (flags & 0x80 != 0, flags & 0x08 != 0);
    if preamble != 0 || is_fragment || is_keep_alive {
        return None;
    }
    let rest = data.get(usize::from(length >> 3) * 4..)?;
    // The T flag: the frame of the wireless binding as it is, else 802.3.
    match (binding & 0x01 != 0, (binding >> 1) & 0x1f) {
        (false, _) => Some((Layer::Ethernet, rest)),
        (true, IEEE_802_11) => wireless(rest),
        _ => None,
    }
}

/// Wireless binding identifier.
const IEEE_802_11: u8 = 1;

/// The LLC of an IEEE 802.11 data frame. Some access points send the two octets of frame control swapped.
fn wireless(data: &[u8]) -> Option<(Layer, &[u8])> {
    let &[one, other] = data.first_chunk::<2>()?;
    let is_data = |octet: u8| octet & 0x0f == 0x08;
    let (control, flags) = if is_data(one) {
        (one, other)
    } else if is_data(other) {
        (other, one)
    } else {
        return None;
    };
    let (has_data, is_protected) = (control & 0x40 == 0, flags & 0x40 != 0);
    if !has_data || is_protected {
        return None;
    }
    // Three addresses, a fourth between two access points; QoS control.
    let mut len = 24;
    if flags & 0x03 == 0x03 {
        len += 6;
    }
    if control & 0x80 != 0 {
        len += 2;
    }
    Some((Layer::Llc, data.get(len..)?))
}
