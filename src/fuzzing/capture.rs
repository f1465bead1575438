//! Captures, links and packets.

use super::{file_of, records};
use crate::capture::link::LinkType;
use crate::capture::packet::Decoder;
use crate::capture::reader::{Frame, Mark, Reader};
use crate::capture::stream::Streams;
use crate::capture::{CaptureInfo, FrameNo, Timestamp, Transport};

/// A capture file: all its frames.
pub fn reader(octets: &[u8]) {
    let Some(file) = file_of(octets) else { return };
    let Ok(mut reader) = Reader::open(file.path()) else {
        return;
    };
    let (mut frames, mut last): (usize, usize) = (0, 0);
    while let Ok(Some(frame)) = reader.next_frame() {
        frames += 1;
        // Blocks that are no packets may have numbers too, as in Wireshark.
        let number = usize::try_from(frame.no.0).unwrap_or(usize::MAX);
        assert!(number > last, "frame {number} after {last}");
        last = number;
    }
    assert!(
        usize::try_from(reader.info().packets).is_ok_and(|packets| packets >= last),
        "more numbers than were counted"
    );
    // A pcap record has 16 octets at least, a block with a packet 16 (compressed captures hold more).
    assert!(
        is_compressed(octets) || frames <= octets.len() / 12,
        "{frames} frames of {} octets",
        octets.len()
    );
}

fn is_compressed(octets: &[u8]) -> bool {
    matches!(
        octets,
        [0x1f, 0x8b, ..] | [0x28, 0xb5, ..] | [0x50..=0x5f, ..]
    )
}

/// The octets as one frame of every link type, then as several frames of the first octet's link type.
pub fn link(octets: &[u8]) {
    let types: Vec<LinkType> = (0..=u16::from(u8::MAX) + 64)
        .map(LinkType)
        .filter(|link| link.is_known())
        .collect();
    for link in &types {
        Decoded::default().take(*link, octets, 0);
    }
    let Some((which, rest)) = octets.split_first() else {
        return;
    };
    if let Some(link) = types.get(usize::from(*which) % types.len().max(1)) {
        let mut decoded = Decoded::default();
        for record in records(rest) {
            decoded.take(*link, record, 14);
        }
        let Decoded {
            decoder,
            mut streams,
            ..
        } = decoded;
        streams.finish(&mut |_| {});
        decoder.report(&mut CaptureInfo::default(), true);
    }
}

/// A decoder with the streams behind it.
#[derive(Default)]
struct Decoded {
    decoder: Decoder,
    streams: Streams,
    frames: u32,
}

impl Decoded {
    fn take(&mut self, link: LinkType, data: &[u8], cut: u32) {
        self.frames += 1;
        let frame = Frame {
            no: FrameNo(self.frames),
            at: Timestamp(u64::from(self.frames) * 20_000_000),
            offset: 0,
            data,
            wire_len: u32::try_from(data.len())
                .unwrap_or(u32::MAX)
                .saturating_add(cut),
            link,
            mark: Mark::default(),
        };
        let streams = &mut self.streams;
        let mut packets = 0;
        self.decoder.decode(&frame, &mut |packet| {
            packets += 1;
            if matches!(packet.transport, Transport::Tcp { .. }) {
                streams.push(packet, &mut |_| {});
            }
        });
        assert!(packets <= data.len() + 1, "{packets} packets in a frame");
    }
}
