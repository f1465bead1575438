//! What a capture has and nothing here opens: signalling in other protocols, what is encrypted, unknown Ethernet types.
//!
//! A fax that seems to lack its SIP may have it there.

use std::net::IpAddr;

use super::{CaptureInfo, FrameNo, Note};

/// How a note on it ends.
const ENDS: [&str; 2] = ["not decoded", "not decrypted"];
/// Pairs of hosts of a protocol that are named.
const PAIRS: usize = 2;
/// Ethernet types that are told apart.
const MOST_TYPES: usize = 16;

/// A protocol that is known by its port and the start of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Tls,
    Mgcp,
    Megaco,
    Sccp,
    H225,
    Esp,
    Hep,
}

impl Protocol {
    const ALL: [Self; 7] = [
        Self::Tls,
        Self::Mgcp,
        Self::Megaco,
        Self::Sccp,
        Self::H225,
        Self::Esp,
        Self::Hep,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Tls => "SIP over TLS",
            Self::Mgcp => "MGCP",
            Self::Megaco => "Megaco/H.248",
            Self::Sccp => "SCCP (Skinny)",
            Self::H225 => "H.225 (H.323)",
            Self::Esp => "ESP (IPsec)",
            Self::Hep => "HEP over TCP",
        }
    }

    const fn end(self) -> &'static str {
        let [decoded, decrypted] = ENDS;
        match self {
            Self::Tls | Self::Esp => decrypted,
            _ => decoded,
        }
    }
}

const MGCP: [u16; 2] = [2427, 2727];
const MEGACO: [u16; 2] = [2944, 2945];
const SCCP: u16 = 2000;
const H225: u16 = 1720;
const RAS: u16 = 1719;
const IPSEC: u16 = 4500;

/// Whether a datagram may be of such a protocol.
#[inline]
pub(super) fn is_port(src: u16, dst: u16) -> bool {
    let known = |port: u16| matches!(port, 1719 | 2427 | 2727 | 2944 | 2945 | 4500);
    known(dst) || known(src)
}

/// What a datagram on one of these ports is.
pub(super) fn in_udp(src: u16, dst: u16, payload: &[u8]) -> Option<Protocol> {
    let on = |ports: &[u16]| ports.contains(&src) || ports.contains(&dst);
    if on(&MGCP) && is_mgcp(payload) {
        Some(Protocol::Mgcp)
    } else if on(&MEGACO) && is_megaco(payload) {
        Some(Protocol::Megaco)
    // RAS: a choice of up to 32 messages with a sequence number, at least so long (H.225.0 7.8).
    } else if on(&[RAS])
        && payload.len() >= 8
        && payload.first().is_some_and(|octet| octet & 0x80 == 0)
    {
        Some(Protocol::H225)
    // RFC 3948 2.1: an SPI that is not 0; a sequence number.
    } else if on(&[IPSEC]) && payload.len() > 20 && !payload.starts_with(&[0; 4]) {
        Some(Protocol::Esp)
    } else {
        None
    }
}

/// What a TCP segment begins with, on the ports of these protocols.
pub(super) fn in_tcp(src: u16, dst: u16, payload: &[u8]) -> Option<Protocol> {
    let on = |port: u16| src == port || dst == port;
    let on_sip = (5060..=5099).contains(&src) || (5060..=5099).contains(&dst);
    match payload {
        // Handshake or data of TLS 1.0 and later (RFC 8446 5.1).
        [0x16 | 0x17, 0x03, 0..=4, ..] if on_sip => Some(Protocol::Tls),
        // Length, a version that is 0 or small, a message id.
        [_, _, 0, 0, 0..=0x20, 0, 0, 0, _, _, 0, 0, ..] if on(SCCP) => Some(Protocol::Sccp),
        // TPKT (RFC 1006), Q.931.
        [3, 0, _, _, 8, ..] if on(H225) => Some(Protocol::H225),
        [b'H', b'E', b'P', b'3', ..] => Some(Protocol::Hep),
        _ if MEGACO.into_iter().any(on) && is_megaco(payload) => Some(Protocol::Megaco),
        _ => None,
    }
}

/// A command (RFC 3435 3.2.1.1) or a response with its code.
fn is_mgcp(payload: &[u8]) -> bool {
    const VERBS: [&[u8]; 9] = [
        b"EPCF", b"CRCX", b"MDCX", b"DLCX", b"RQNT", b"NTFY", b"AUEP", b"AUCX", b"RSIP",
    ];
    match payload.split_first_chunk::<4>() {
        Some((&[a, b, c, b' '], _)) => [a, b, c].iter().all(u8::is_ascii_digit),
        Some((verb, [b' ', ..])) => VERBS
            .iter()
            .any(|known| verb.as_slice().eq_ignore_ascii_case(known)),
        _ => false,
    }
}

/// H.248.1 annex B: text, long or short; annex A: BER.
fn is_megaco(payload: &[u8]) -> bool {
    payload.starts_with(b"MEGACO/")
        || payload.starts_with(b"!/")
        || matches!(payload, [0x30, _, ..] if payload.len() > 8)
}

/// Ethernet types that carry no calls: ARP, RARP, LLDP, 802.1X, PTP, and what else switches say to each other.
const CHATTER: [u16; 16] = [
    0x0806, 0x8035, 0x8137, 0x8809, 0x8863, 0x886c, 0x8899, 0x888e, 0x88a2, 0x88b5, 0x88cc, 0x88e1,
    0x88f7, 0x893a, 0x9000, 0x88ca,
];

/// How often something was seen, where first, and between whom.
#[derive(Clone, Debug)]
struct Seen {
    first: FrameNo,
    count: u64,
    /// The first pairs of hosts; one more than are named.
    between: Vec<(IpAddr, IpAddr)>,
}

impl Seen {
    fn once_more(place: &mut Option<Self>, frame: FrameNo) {
        let seen = place.get_or_insert(Self {
            first: frame,
            count: 0,
            between: Vec::new(),
        });
        seen.count += 1;
    }

    fn with(&mut self, src: IpAddr, dst: IpAddr) {
        let pair = (src.min(dst), src.max(dst));
        if self.between.len() <= PAIRS && !self.between.contains(&pair) {
            self.between.push(pair);
        }
    }

    /// ` between 192.0.2.10 and 203.0.113.5`
    fn hosts(&self) -> String {
        let named = self.between.iter().take(PAIRS);
        let named: Vec<String> = named.map(|(a, b)| format!("{a} and {b}")).collect();
        let more = if self.between.len() > PAIRS {
            ", and others"
        } else {
            ""
        };
        format!(" between {}{more}", named.join(", "))
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Unopened {
    protocols: [Option<Seen>; Protocol::ALL.len()],
    ether_types: Vec<(u16, Option<Seen>)>,
}

impl Unopened {
    #[cold]
    pub(super) fn note(&mut self, protocol: Protocol, frame: FrameNo, src: IpAddr, dst: IpAddr) {
        let place = Protocol::ALL.iter().position(|one| *one == protocol);
        if let Some(place) = place.and_then(|place| self.protocols.get_mut(place)) {
            Seen::once_more(place, frame);
            if let Some(seen) = place {
                seen.with(src, dst);
            }
        }
    }

    /// A frame of an Ethernet type that nothing decodes.
    #[cold]
    pub(super) fn note_type(&mut self, ether_type: u16, frame: FrameNo) {
        if CHATTER.contains(&ether_type) {
            return;
        }
        let known = self
            .ether_types
            .iter()
            .position(|(one, _)| *one == ether_type);
        let place = known.unwrap_or(self.ether_types.len());
        if known.is_none() && place < MOST_TYPES {
            self.ether_types.push((ether_type, None));
        }
        if let Some((_, seen)) = self.ether_types.get_mut(place) {
            Seen::once_more(seen, frame);
        }
    }

    /// Writes it into the notes on the capture, in place of what stood there.
    pub(super) fn report(&self, info: &mut CaptureInfo) {
        let packets = |seen: &Seen| crate::text::count(seen.count, "packet");
        let protocols = Protocol::ALL.iter().zip(&self.protocols);
        let named = protocols.filter_map(|(protocol, seen)| {
            let seen = seen.as_ref()?;
            let (name, hosts, end) = (protocol.name(), seen.hosts(), protocol.end());
            let text = format!("{name} seen{hosts}: {}, {end}", packets(seen));
            Some((seen.first, text))
        });
        let [end, _] = ENDS;
        let typed = self.ether_types.iter().filter_map(|(kind, seen)| {
            let seen = seen.as_ref()?;
            let text = format!("Ethernet type 0x{kind:04x} seen: {}, {end}", packets(seen));
            Some((seen.first, text))
        });
        info.notes.retain(|note| !note.is_of_unread());
        for (first, text) in named.chain(typed) {
            info.notes.push(Note {
                frame: Some(first),
                offset: None,
                text,
            });
        }
    }
}

impl Note {
    /// It tells of something that was seen and cannot be read: the fax may be in it.
    pub fn is_of_unread(&self) -> bool {
        let known = || Protocol::ALL.iter().map(|protocol| protocol.name());
        let begins = self.text.starts_with("Ethernet type ")
            || known().any(|name| self.text.starts_with(name));
        begins && ENDS.iter().any(|end| self.text.ends_with(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_port_and_content() {
        for (src, dst, payload, expected) in [
            (
                4000,
                2427,
                b"CRCX 1204 aaln/1@gw MGCP 1.0".as_slice(),
                Some(Protocol::Mgcp),
            ),
            (2427, 4000, b"200 1204 OK", Some(Protocol::Mgcp)),
            (2427, 4000, b"2000 1204", None),
            (2427, 4000, b"\x80\x00\x12\x34", None),
            (4000, 2944, b"MEGACO/1 [192.0.2.1]", Some(Protocol::Megaco)),
            (2944, 2944, b"!/1 [192.0.2.1]", Some(Protocol::Megaco)),
            (4000, 4002, b"CRCX 1204 aaln/1@gw MGCP 1.0", None),
        ] {
            assert_eq!(in_udp(src, dst, payload), expected, "{payload:?}");
        }
        let hello = [0x16, 3, 1, 0, 200, 1];
        assert_eq!(in_tcp(40_000, 5061, &hello), Some(Protocol::Tls));
        assert_eq!(in_tcp(40_000, 443, &hello), None);
        assert_eq!(
            in_tcp(40_000, 1720, &[3, 0, 0, 40, 8, 2]),
            Some(Protocol::H225)
        );
        let skinny = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(in_tcp(40_000, 2000, &skinny), Some(Protocol::Sccp));
    }

    #[test]
    fn notes_stand_once() {
        let mut unopened = Unopened::default();
        let mut info = CaptureInfo::default();
        let here = IpAddr::from([192, 0, 2, 1]);
        for frame in 1..=3 {
            let other = IpAddr::from([192, 0, 2, 1 + u8::try_from(frame).unwrap()]);
            unopened.note(Protocol::Tls, FrameNo(frame), other, here);
            unopened.note_type(0x22f3, FrameNo(frame));
            unopened.note_type(0x0806, FrameNo(frame));
            unopened.report(&mut info);
        }
        let notes: Vec<_> = info
            .notes
            .iter()
            .map(|note| (note.frame, note.text.as_str()))
            .collect();
        assert_eq!(
            notes,
            [
                (
                    Some(FrameNo(1)),
                    "SIP over TLS seen between 192.0.2.1 and 192.0.2.2, 192.0.2.1 and 192.0.2.3, and others: 3 packets, not decrypted"
                ),
                (
                    Some(FrameNo(1)),
                    "Ethernet type 0x22f3 seen: 3 packets, not decoded"
                ),
            ]
        );
    }
}
