//! The location of a packet. There are millions of them, so it is packed tightly.

use crate::capture::{FrameNo, Origin, Packet, Place, Timestamp};

/// A SIP message or T.38 packet: where it lies and what the row needs.
#[derive(Clone, Copy, Debug)]
pub struct PacketRef {
    /// Capture time.
    pub at: Timestamp,
    /// Offset, octets, origin and transport, from the lowest bit on.
    packed: u64,
    /// Frame.
    pub frame: FrameNo,
    /// Octets that the snap length cut off, at most 65535.
    pub cut: u16,
    /// Source and destination, see [`DialogEntry::path`](super::DialogEntry::path); only of SIP.
    pub(super) path: u16,
}

impl PacketRef {
    /// The same on a path.
    pub(super) const fn on(self, path: u16) -> Self {
        Self { path, ..self }
    }
}

/// Offsets beyond this cannot be stored: 256 GiB.
pub const MAX_OFFSET: u64 = 1 << OFFSET_BITS;
/// Nor can lengths beyond 4 MiB; a SIP message has at most half of that, see `sip::framing`.
const MAX_LEN: u32 = 1 << LEN_BITS;

const OFFSET_BITS: u32 = 38;
const LEN_BITS: u32 = 22;
const ORIGIN_AT: u32 = OFFSET_BITS + LEN_BITS;
const TRANSPORT_AT: u32 = ORIGIN_AT + 2;

impl PacketRef {
    /// `transport`: a small number, see [`dialog`](super::dialog). `None`: it lies too far back, or is too long.
    pub(super) fn new(packet: &Packet<'_>, place: Place, transport: u8) -> Option<Self> {
        if place.offset >= MAX_OFFSET || place.len >= MAX_LEN {
            return None;
        }
        let origin = match place.origin {
            Origin::Capture => 0,
            Origin::Memory => 1,
            Origin::Spool => 2,
        };
        Some(Self {
            at: packet.at,
            packed: place.offset
                | u64::from(place.len) << OFFSET_BITS
                | origin << ORIGIN_AT
                | u64::from(transport & 3) << TRANSPORT_AT,
            frame: packet.frame,
            cut: u16::try_from(packet.cut).unwrap_or(u16::MAX),
            path: 0,
        })
    }

    /// Where its payload lies.
    pub const fn place(&self) -> Place {
        Place {
            origin: match self.packed >> ORIGIN_AT & 3 {
                0 => Origin::Capture,
                1 => Origin::Memory,
                _ => Origin::Spool,
            },
            offset: self.packed & (MAX_OFFSET - 1),
            len: (self.packed >> OFFSET_BITS) as u32 & (MAX_LEN - 1),
        }
    }

    /// `UDP`, `TCP`, `SCTP`, `WS` as a small number, see [`dialog::transport_name`](super::dialog::transport_name).
    pub const fn transport(&self) -> u8 {
        self.packed.to_be_bytes()[0] >> 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::index::dialog;
    use crate::capture::{Endpoint, Stamp, Transport};

    #[test]
    fn gives_back_what_it_was_made_of() {
        let end = Endpoint::new([192, 0, 2, 1].into(), 5060);
        let packet = Packet {
            frame: FrameNo(7),
            at: Timestamp(9),
            src: end,
            dst: end,
            transport: Transport::Udp,
            payload: &[],
            cut: 3,
            offset: None,
            duplicate: false,
            stamp: Stamp::NONE,
        };
        assert!(size_of::<PacketRef>() <= 24);
        for origin in [Origin::Capture, Origin::Memory, Origin::Spool] {
            for transport in [dialog::UDP, dialog::TCP, dialog::SCTP, dialog::WS] {
                for (offset, len) in [(0, 0), (MAX_OFFSET - 1, MAX_LEN - 1), (12345, 678)] {
                    let place = Place {
                        origin,
                        offset,
                        len,
                    };
                    let kept = PacketRef::new(&packet, place, transport).unwrap();
                    assert_eq!((kept.place(), kept.transport()), (place, transport));
                }
            }
        }
        let far = Place {
            origin: Origin::Capture,
            offset: MAX_OFFSET,
            len: 1,
        };
        assert!(PacketRef::new(&packet, far, dialog::UDP).is_none());
    }
}
