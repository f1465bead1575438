//! UDPTL, the transport of T.38 over UDP (T.38 9.1): sequence number, primary IFP packet, and either copies
//! of earlier IFP packets or FEC over them.

use std::borrow::Cow;

use crate::t38::ifp;
use crate::t38::per::{DecodeError, Reader};

/// Fewer octets than this are no UDPTL packet, but a keep-alive.
pub const SHORTEST: usize = 5;

/// A UDPTL packet, decoded as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdptlPacket<'a> {
    /// `seq-number`.
    pub seq: u16,
    /// `primary-ifp-packet`; what is there of it.
    pub primary: Cow<'a, [u8]>,
    /// All of the primary is there.
    pub primary_whole: bool,
    /// `error-recovery`.
    pub recovery: Recovery<'a>,
    /// Octets after the end of the packet.
    pub trailing: usize,
    /// Where and why decoding stopped; `None` if the packet is whole.
    pub problem: Option<DecodeError>,
}

/// `error-recovery` of a UDPTL packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery<'a> {
    /// The field is not there (not allowed, but seen).
    Absent,
    /// `secondary-ifp-packets`.
    Secondary {
        /// How many the packet says it has.
        declared: usize,
        /// Those that are whole, newest first: number k is a copy of packet `seq` - 1 - k.
        packets: Vec<Cow<'a, [u8]>>,
    },
    /// `fec-info`: entry m is the XOR of the packets `seq` + m - entries * k, k = 1 to span.
    Fec {
        /// `fec-npackets`: packets under each entry.
        span: usize,
        /// How many entries the packet says it has.
        declared: usize,
        /// Those that are whole.
        entries: Vec<Cow<'a, [u8]>>,
    },
}

impl Recovery<'_> {
    /// Number of copies of earlier packets that the packet says it has.
    pub fn depth(&self) -> usize {
        match self {
            Self::Secondary { declared, .. } => *declared,
            Self::Absent | Self::Fec { .. } => 0,
        }
    }
}

impl<'a> UdptlPacket<'a> {
    /// Decodes a UDP payload. `Err` only if not even the sequence number and the start of the primary are
    /// there; else everything up to the first problem.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let seq = reader.u16("sequence number is cut off")?;
        let (primary, primary_whole) = reader.open_type()?;
        let mut packet = Self {
            seq,
            primary,
            primary_whole,
            recovery: Recovery::Absent,
            trailing: 0,
            problem: None,
        };
        packet.problem = if primary_whole {
            packet.decode_recovery(&mut reader).err()
        } else {
            Some(reader.error("primary IFP packet is longer than the datagram"))
        };
        if packet.problem.is_none() {
            packet.trailing = reader.rest().len();
        }
        Ok(packet)
    }

    fn decode_recovery(&mut self, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
        let Ok(choice) = reader.octet("") else {
            return Ok(());
        };
        if choice & 0x80 == 0 {
            let mut packets = Vec::new();
            let result = open_types(reader, &mut packets, "secondary IFP packet overruns");
            // The count is told even if a packet under it overruns.
            self.recovery = Recovery::Secondary {
                declared: result.unwrap_or_else(|(declared, _)| declared),
                packets,
            };
            return result.map(drop).map_err(|(_, error)| error);
        }
        let size = reader.length()?.0;
        let span = reader
            .take(size, "FEC span is cut off")?
            .iter()
            .fold(0_usize, |value, octet| {
                value.wrapping_shl(8) | usize::from(*octet)
            });
        let mut entries = Vec::new();
        let result = open_types(reader, &mut entries, "FEC entry overruns");
        self.recovery = Recovery::Fec {
            span,
            declared: result.unwrap_or_else(|(declared, _)| declared),
            entries,
        };
        result.map(drop).map_err(|(_, error)| error)
    }
}

/// A list of open types: their declared number, also beside an error.
fn open_types<'a>(
    reader: &mut Reader<'a>,
    list: &mut Vec<Cow<'a, [u8]>>,
    overrun: &'static str,
) -> Result<usize, (usize, DecodeError)> {
    let (count, _) = reader.length().map_err(|error| (0, error))?;
    // Each takes an octet at least.
    list.reserve_exact(count.min(reader.rest().len()));
    for _ in 0..count {
        let before = *reader;
        let (octets, whole) = reader.open_type().map_err(|error| (count, error))?;
        if !whole {
            return Err((count, before.error(overrun)));
        }
        list.push(octets);
    }
    Ok(count)
}

/// How likely a UDP payload is UDPTL, by its content alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Plausibility {
    /// Does not decode to the last octet, or its IFP packets do not.
    No,
    /// Decodes, but is so short that chance may have made it: a bare indicator.
    Possible,
    /// Decodes in every part.
    Likely,
}

/// Judges a UDP payload by strict rules: each length fits, nothing is left over, each IFP packet is valid.
pub fn plausible(payload: &[u8]) -> Plausibility {
    let Ok(packet) = UdptlPacket::decode(payload) else {
        return Plausibility::No;
    };
    if packet.problem.is_some() || packet.trailing > 0 || !ifp::is_valid(&packet.primary) {
        return Plausibility::No;
    }
    let substance = match &packet.recovery {
        Recovery::Absent => return Plausibility::No,
        Recovery::Secondary { packets, .. } => {
            if !packets
                .iter()
                .all(|ifp| ifp.is_empty() || ifp::is_valid(ifp))
            {
                return Plausibility::No;
            }
            packets.iter().map(|ifp| ifp.len()).sum::<usize>()
        }
        Recovery::Fec { span, entries, .. } => {
            if *span > 0x100 || entries.len() > 0x100 {
                return Plausibility::No;
            }
            entries.iter().map(|entry| entry.len()).sum()
        }
    };
    if packet.primary.len() + substance > 2 {
        Plausibility::Likely
    } else {
        Plausibility::Possible
    }
}

/// Whether a payload on a T.38 path is RTP or RTCP and not UDPTL.
///
/// RTP has 2 in its two highest bits, as has UDPTL from sequence number 0x8000 to 0xBFFF: so the content
/// decides first, and the SSRCs known from the same path before it where the content is short.
pub fn is_rtp_not_udptl(payload: &[u8], known_ssrc: &[u32]) -> bool {
    let Some(header) = payload.first_chunk::<12>() else {
        return false;
    };
    let [first, second, _, _, _, _, _, _, ssrc @ ..] = *header;
    if first >> 6 != 2 {
        return false;
    }
    match plausible(payload) {
        Plausibility::Likely => false,
        Plausibility::Possible => known_ssrc.contains(&u32::from_be_bytes(ssrc)),
        Plausibility::No => {
            let rtcp = (192..=223).contains(&second);
            // A static type of sound (RFC 3551) or a dynamic one.
            let sound = matches!(second & 0x7F, 0..=19 | 96..=127);
            rtcp || sound || known_ssrc.contains(&u32::from_be_bytes(ssrc))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// V.21 data `C0` with a copy of it and of a preamble before it.
    const REDUNDANT: &[u8] = &[
        0x00, 0x05, 0x06, 0xC0, 0x01, 0x80, 0x00, 0x00, 0xC0, 0x00, 0x02, 0x06, 0xC0, 0x01, 0x80,
        0x00, 0x00, 0xFF, 0x01, 0x06,
    ];

    #[test]
    fn decodes_secondary_packets() {
        let packet = UdptlPacket::decode(REDUNDANT).unwrap();
        assert_eq!(packet.seq, 5);
        assert_eq!(*packet.primary, [0xC0, 0x01, 0x80, 0x00, 0x00, 0xC0]);
        assert_eq!(packet.recovery.depth(), 2);
        assert_eq!((packet.trailing, packet.problem), (0, None));
        let Recovery::Secondary { packets, .. } = &packet.recovery else {
            panic!("no secondary packets")
        };
        assert_eq!(**packets.last().unwrap(), [0x06]);
        assert_eq!(plausible(REDUNDANT), Plausibility::Likely);
    }

    #[test]
    fn decodes_fec() {
        let octets = [
            0x00, 0x02, 0x01, 0x06, 0x80, 0x01, 0x02, 0x01, 0x03, 1, 2, 3,
        ];
        let packet = UdptlPacket::decode(&octets).unwrap();
        let expected: Vec<Cow<'_, [u8]>> = vec![Cow::Borrowed(&[1, 2, 3])];
        assert_eq!(
            packet.recovery,
            Recovery::Fec {
                span: 2,
                declared: 1,
                entries: expected
            }
        );
        assert_eq!(packet.problem, None);
    }

    #[test]
    fn decodes_fragmented_primary() {
        let mut octets = vec![0x00, 0x01, 0xC1];
        octets.extend([0xAA; 0x4000]);
        octets.extend([0x02, 0xBB, 0xBB, 0x00, 0x00]);
        let packet = UdptlPacket::decode(&octets).unwrap();
        assert_eq!(packet.primary.len(), 0x4002);
        assert_eq!((packet.trailing, packet.problem), (0, None));
    }

    #[test]
    fn keeps_the_primary_of_a_cut_packet() {
        let packet = UdptlPacket::decode(&REDUNDANT[..12]).unwrap();
        assert!(packet.primary_whole);
        assert_eq!(packet.recovery.depth(), 2);
        assert_eq!(
            packet.problem,
            Some(DecodeError {
                offset: 11,
                reason: "secondary IFP packet overruns"
            })
        );
    }

    #[test]
    fn every_shorter_prefix_is_less_than_whole() {
        for end in 0..REDUNDANT.len() {
            let cut = &REDUNDANT[..end];
            let whole = UdptlPacket::decode(cut).is_ok_and(|packet| {
                packet.problem.is_none() && !matches!(packet.recovery, Recovery::Absent)
            });
            assert!(!whole, "{end}");
            assert_eq!(plausible(cut), Plausibility::No, "{end}");
        }
    }

    #[test]
    fn tells_rtp_from_udptl() {
        let mut rtp = vec![0x80, 0x00, 0x12, 0x34, 0, 0, 0, 160, 1, 2, 3, 4];
        rtp.extend([0xFF; 160]);
        assert!(is_rtp_not_udptl(&rtp, &[]));
        assert!(!is_rtp_not_udptl(REDUNDANT, &[]));
        let mut late = REDUNDANT.to_vec();
        late[0] = 0x80;
        assert!(!is_rtp_not_udptl(&late, &[]));
    }

    proptest! {
        #[test]
        fn decodes_anything_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = UdptlPacket::decode(&octets);
            let _ = plausible(&octets);
            let _ = is_rtp_not_udptl(&octets, &[1]);
        }
    }
}
