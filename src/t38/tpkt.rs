//! T.38 over TCP: IFP packets in TPKT (RFC 1006 6).

use crate::t38::ifp;

/// Octets of a TPKT header: version, reserved, length (16 bits, header included).
const HEADER: usize = 4;

/// IFP packets out of the octets of a TCP connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split<'a> {
    /// The IFP packets, with the offset of each one's first octet.
    pub packets: Vec<(usize, &'a [u8])>,
    /// Octets consumed; what follows is not complete yet.
    pub used: usize,
}

/// Takes the TPKTs from the start of `octets`; octets that begin none are skipped.
pub fn split(octets: &[u8]) -> Split<'_> {
    let mut split = Split::default();
    while let Some(rest) = octets.get(split.used..) {
        let Some([version, reserved, high, low]) = rest.first_chunk::<HEADER>() else {
            break;
        };
        let size = usize::from(u16::from_be_bytes([*high, *low]));
        if (*version, *reserved) != (3, 0) || size <= HEADER {
            split.used += 1;
            continue;
        }
        let Some(content) = rest.get(HEADER..size) else {
            break;
        };
        split.packets.push((split.used + HEADER, content));
        split.used += size;
    }
    split
}

/// Whether the first octets of a TCP connection are T.38 in TPKT: at least one TPKT, each of them with a
/// valid IFP packet (Q.931 and H.245, which use TPKT too, are not).
pub fn is_t38(octets: &[u8]) -> bool {
    octets.first() == Some(&3) && {
        let split = split(octets);
        !split.packets.is_empty()
            && split.packets.first().is_some_and(|(at, _)| *at == HEADER)
            && split
                .packets
                .iter()
                .all(|(_, content)| ifp::is_valid(content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_and_waits_for_the_rest() {
        let octets = [3, 0, 0, 5, 0x06, 3, 0, 0, 10, 0xC0, 0x01, 0x80, 0x00];
        let split = split(&octets);
        assert_eq!(split.packets, [(4, &[0x06][..])]);
        assert_eq!(split.used, 5);
        assert!(is_t38(&octets));
    }

    #[test]
    fn finds_the_next_header_after_junk() {
        let octets = [0xFF, 0xFF, 3, 0, 0, 5, 0x02];
        assert_eq!(split(&octets).packets, [(6, &[0x02][..])]);
    }

    #[test]
    fn rejects_q931() {
        assert!(!is_t38(&[3, 0, 0, 9, 0x08, 0x02, 0x00, 0x01, 0x05]));
    }
}
