use super::*;
use crate::capture::Stamp;
use std::net::IpAddr;

const SECOND: u64 = 1_000_000_000;

fn packet(frame: u32, at: u64, seq: u32, payload: &[u8]) -> Packet<'_> {
    Packet {
        frame: FrameNo(frame),
        at: Timestamp(at),
        src: Endpoint::new(IpAddr::from([10, 0, 0, 1]), 5060),
        dst: Endpoint::new(IpAddr::from([10, 0, 0, 2]), 5062),
        transport: Transport::Tcp {
            seq,
            syn: false,
            end: false,
        },
        payload,
        cut: 0,
        offset: Some(1000),
        duplicate: false,
        stamp: Stamp::NONE,
    }
}

/// The stream as text, `|` between chunks and `?` for a gap.
fn text(packets: &[Packet<'_>]) -> String {
    let mut streams = Streams::default();
    let mut text = String::new();
    let mut sink = |chunk: &Chunk<'_>| {
        text.push(if chunk.gap { '?' } else { '|' });
        text.push_str(std::str::from_utf8(chunk.data).unwrap());
    };
    for packet in packets {
        streams.push(packet, &mut sink);
    }
    streams.finish(&mut sink);
    assert_eq!(streams.waiting, 0);
    text
}

fn syn(frame: u32, at: u64, seq: u32) -> Packet<'static> {
    Packet {
        transport: Transport::Tcp {
            seq,
            syn: true,
            end: false,
        },
        ..packet(frame, at, seq, b"")
    }
}

#[test]
fn gives_segments_in_order() {
    assert_eq!(
        text(&[
            syn(1, 0, 99),
            packet(2, 1, 103, b"def"),
            packet(3, 2, 109, b"jkl"),
            packet(4, 3, 106, b"ghi"),
            packet(5, 4, 100, b"abc"),
            packet(6, 5, 112, b"mno"),
        ]),
        "|abc|def|ghi|jkl|mno"
    );
}

#[test]
fn leaves_out_what_comes_again() {
    assert_eq!(
        text(&[
            packet(1, 0, 100, b"abc"),
            packet(2, 1, 100, b"abc"),
            packet(3, 2, 101, b"bcde"),
            packet(4, 3, 99, b"x"),
            packet(5, 4, 107, b"h"),
            packet(6, 5, 104, b"efghi"),
        ]),
        "|abc|de|fghi"
    );
}

#[test]
fn tells_a_gap() {
    assert_eq!(
        text(&[
            packet(1, 0, 100, b"abc"),
            packet(2, SECOND, 110, b"klm"),
            packet(3, 2 * SECOND, 113, b"nop"),
            packet(4, 6 * SECOND, 116, b"qrs"),
            packet(5, 7 * SECOND, 119, b"tuv"),
            packet(6, 7 * SECOND, 130, b"end"),
        ]),
        "|abc?klm|nop|qrs|tuv?end"
    );
}

#[test]
fn tells_a_cut_segment() {
    let cut = Packet {
        cut: 4,
        ..packet(1, 0, 100, b"ab")
    };
    assert_eq!(text(&[cut, packet(2, 1, 106, b"gh")]), "|ab?gh");
}

#[test]
fn wraps_sequence_numbers() {
    assert_eq!(
        text(&[
            syn(1, 0, u32::MAX - 3),
            packet(2, 1, 0, b"de"),
            packet(3, 2, u32::MAX - 2, b"abc"),
            packet(4, 3, 2, b"fg"),
        ]),
        "|abc|de|fg"
    );
}

#[test]
fn begins_anew_with_a_syn() {
    assert_eq!(
        text(&[
            packet(1, 0, 100, b"abc"),
            packet(2, 1, 106, b"ghi"),
            syn(3, 2, 5000),
            packet(4, 3, 5001, b"xyz"),
            syn(5, 4, 5000),
            packet(6, 5, 5004, b"!"),
        ]),
        "|abc?ghi|xyz|!"
    );
    // Without a SYN the distance tells.
    assert_eq!(
        text(&[packet(1, 0, 100, b"abc"), packet(2, 1, 1 << 31, b"xyz")]),
        "|abc?xyz"
    );
}

#[test]
fn ignores_copies_and_what_is_forgotten() {
    let mut streams = Streams::default();
    let mut count = 0;
    let first = packet(1, 0, 100, b"abc");
    streams.push(&first, &mut |_| count += 1);
    streams.push(
        &Packet {
            duplicate: true,
            stamp: Stamp::NONE,
            ..packet(2, 1, 103, b"def")
        },
        &mut |_| count += 1,
    );
    assert_eq!(count, 1);
    streams.forget(first.src, first.dst);
    streams.push(&packet(3, 2, 103, b"def"), &mut |_| count += 1);
    assert_eq!(count, 1);
    streams.push(&syn(4, 3, 7), &mut |_| count += 1);
    streams.push(&packet(5, 4, 8, b"new"), &mut |_| count += 1);
    assert_eq!(count, 2);
}

#[test]
fn holds_a_bounded_amount() {
    let mut streams = Streams::default();
    let payload = [0; 1400];
    streams.push(&packet(1, 0, 0, &payload), &mut |_| {});
    for n in 1..10_000u32 {
        streams.push(&packet(n, 1, n * 1500, &payload), &mut |_| {});
        assert!(streams.waiting <= WAITING_MAX + 1400);
    }
    for port in 0..u16::MAX {
        for other in [1, 2] {
            let mut packet = packet(1, 2, 0, b"a");
            packet.src.port = port;
            packet.dst.port = other;
            streams.push(&packet, &mut |_| {});
        }
    }
    assert!(streams.directions.len() <= DIRECTIONS_MAX + 1);
}
