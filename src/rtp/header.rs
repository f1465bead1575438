//! The fixed header of RTP (RFC 3550 5.1), and how RTP is told from RTCP and from anything else.
//!
//! Knows one datagram at a time. Bytes come from the network: every length in them is checked.

/// An RTP packet, its payload borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader<'p> {
    /// Marker bit: for audio, the first packet after silence.
    pub marker: bool,
    /// Payload type, 0-127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Time stamp, in units of the codec's clock.
    pub timestamp: u32,
    /// Synchronization source.
    pub ssrc: u32,
    /// What is left after CSRC list, extension and padding.
    pub payload: &'p [u8],
}

/// Octets of the fixed header.
pub const HEADER_LEN: usize = 12;

/// Splits a datagram into RTP header and payload; `None` if it is no RTP (version, RTCP, too short).
///
/// An extension or CSRC list that does not fit makes it no RTP; a padding count that does not fit is ignored,
/// since the snap length may have cut it off.
pub fn parse(datagram: &[u8]) -> Option<RtpHeader<'_>> {
    let (fixed, rest) = datagram.split_first_chunk::<HEADER_LEN>()?;
    let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
    if first >> 6 != 2 || is_rtcp_type(second) {
        return None;
    }
    let mut payload = rest.get(usize::from(first & 0x0F) * 4..)?;
    if first & 0x10 != 0 {
        let ([_, _, high, low], after) = payload.split_first_chunk::<4>()?;
        payload = after.get(usize::from(u16::from_be_bytes([*high, *low])) * 4..)?;
    }
    if first & 0x20 != 0 {
        let padding = payload.last().map_or(0, |count| usize::from(*count));
        if let Some(kept) = payload.len().checked_sub(padding) {
            payload = payload.get(..kept)?;
        }
    }
    Some(RtpHeader {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7F,
        sequence: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        payload,
    })
}

/// The first eight octets of a packet as a number: first word, and time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start(pub u64);

impl Default for Start {
    /// What no packet follows with: a marker, and the end of all numbers.
    fn default() -> Self {
        Self(u64::MAX)
    }
}

impl Start {
    /// Of a packet that is not too short.
    pub fn of(packet: &[u8]) -> Self {
        let octets = packet.first_chunk().copied();
        octets.map_or_else(Self::default, |octets| Self(u64::from_be_bytes(octets)))
    }

    /// Payload type, 0-127.
    pub const fn payload_type(self) -> u8 {
        self.0.to_be_bytes()[1] & 0x7F
    }

    /// Sequence number.
    #[inline]
    pub const fn sequence(self) -> u16 {
        let [_, _, high, low, ..] = self.0.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// Time stamp.
    #[inline]
    pub const fn time(self) -> u32 {
        let [.., t0, t1, t2, t3] = self.0.to_be_bytes();
        u32::from_be_bytes([t0, t1, t2, t3])
    }

    /// No padding, no extension, no contributing sources: the payload begins after [`HEADER_LEN`] octets.
    #[inline]
    pub const fn is_plain(self) -> bool {
        self.0.to_be_bytes()[0] == 0x80
    }

    /// Marker bit.
    pub const fn has_marker(self) -> bool {
        self.0 & MARKER != 0
    }

    /// The same with the marker.
    #[must_use]
    pub const fn with_marker(self) -> Self {
        Self(self.0 | MARKER)
    }

    /// The same without the marker.
    #[must_use]
    pub const fn without_marker(self) -> Self {
        Self(self.0 & !MARKER)
    }

    /// That of the next packet, `step` units of time later: without the marker.
    #[must_use]
    pub const fn after(self, step: u32) -> Self {
        self.without_marker().numbered(
            self.sequence().wrapping_add(1),
            self.time().wrapping_add(step),
        )
    }

    /// That of the packet so many before, each `step` units of time after the one before it.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers begin again after 65535"
    )]
    pub const fn before(self, packets: u32, step: u32) -> Self {
        self.numbered(
            self.sequence().wrapping_sub(packets as u16),
            self.time().wrapping_sub(packets.wrapping_mul(step)),
        )
    }

    const fn numbered(self, sequence: u16, time: u32) -> Self {
        Self(self.0 >> 48 << 48 | (sequence as u64) << 32 | time as u64)
    }

    /// As [`Start::after`], where neither number overflows and there is no marker.
    #[inline]
    #[must_use]
    pub const fn usually_after(self, step: u32) -> Self {
        Self(self.0.wrapping_add(1 << 32 | step as u64))
    }
}

/// RFC 3550 5.1.
const MARKER: u64 = 0x80 << 48;

/// Whether a datagram may be RTP: version 2, header and extension fit, and a payload type in use
/// (RFC 3551 6: static, or dynamic from 96; 72-76 would collide with RTCP).
pub fn looks_like_rtp(datagram: &[u8]) -> bool {
    parse(datagram).is_some_and(|rtp| matches!(rtp.payload_type, 0..=34 | 96..=127))
}

/// Whether a datagram may be RTCP (RFC 5761 4: version 2, second octet 192-223; length in 32-bit words).
pub fn looks_like_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, kind, _, _, _, _, _, _, ..]
        if first >> 6 == 2 && is_rtcp_type(*kind))
}

const fn is_rtcp_type(octet: u8) -> bool {
    matches!(octet, 192..=223)
}

/// Encoding name of a static payload type (RFC 3551 6, tables 4 and 5).
pub const fn static_codec(payload_type: u8) -> Option<&'static str> {
    Some(match payload_type {
        0 => "PCMU",
        3 => "GSM",
        4 => "G723",
        5 | 6 | 16 | 17 => "DVI4",
        7 => "LPC",
        8 => "PCMA",
        9 => "G722",
        10 | 11 => "L16",
        12 => "QCELP",
        // 19 is reserved now; gateways of old send comfort noise with it.
        13 | 19 => "CN",
        14 => "MPA",
        15 => "G728",
        18 => "G729",
        25 => "CelB",
        26 => "JPEG",
        28 => "nv",
        31 => "H261",
        32 => "MPV",
        33 => "MP2T",
        34 => "H263",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: [u8; 14] = [
        0x80, 0x80, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef, 0x55, 0xd5,
    ];

    #[test]
    fn decodes() {
        let rtp = parse(&PLAIN).unwrap();
        assert!(rtp.marker);
        assert_eq!((rtp.payload_type, rtp.sequence), (0, 0x1234));
        assert_eq!((rtp.timestamp, rtp.ssrc), (160, 0xdead_beef));
        assert_eq!(rtp.payload, [0x55, 0xd5]);
        assert!(looks_like_rtp(&PLAIN));
    }

    #[test]
    fn skips_csrc_extension_and_padding() {
        let mut packet = PLAIN[..12].to_vec();
        packet[0] = 0x80 | 0x20 | 0x10 | 1;
        packet.extend([1, 1, 1, 1]); // CSRC
        packet.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]); // extension of one word
        packet.extend([7, 8, 0, 0, 3]); // payload, padding
        assert_eq!(parse(&packet).unwrap().payload, [7, 8]);
    }

    #[test]
    fn keeps_payload_with_impossible_padding() {
        let mut packet = PLAIN.to_vec();
        packet[0] |= 0x20;
        assert_eq!(parse(&packet).unwrap().payload, [0x55, 0xd5]);
    }

    #[test]
    fn rejects_short_and_foreign() {
        for len in 0..12 {
            assert_eq!(parse(&PLAIN[..len]), None);
        }
        assert_eq!(parse(b"INVITE sip:1@a SIP/2.0\r\n"), None);
        let mut unused = PLAIN;
        unused[1] = 77;
        assert!(!looks_like_rtp(&unused));
        let mut csrc = PLAIN;
        csrc[0] = 0x8F;
        assert_eq!(parse(&csrc), None);
    }

    #[test]
    fn tells_rtcp() {
        let report = [0x80, 201, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0];
        assert!(looks_like_rtcp(&report));
        assert_eq!(parse(&report), None);
        assert!(!looks_like_rtcp(&PLAIN));
    }

    proptest! {
        #[test]
        fn any_octets_decode_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(rtp) = parse(&octets) {
                prop_assert!(rtp.payload.len() <= octets.len() - HEADER_LEN);
            }
        }
    }
}
