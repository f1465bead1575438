use std::net::IpAddr;

use super::*;
use crate::capture::reader::Mark;
use crate::capture::{FrameNo, IcmpError, Timestamp};

/// What of a packet is compared.
#[derive(Debug, PartialEq)]
struct Seen {
    flow: String,
    transport: Transport,
    payload: String,
    cut: u32,
    offset: Option<u64>,
    duplicate: bool,
}

fn frame(link: LinkType, at: u64, data: &[u8], wire_len: usize) -> Frame<'_> {
    Frame {
        no: FrameNo(u32::try_from(at % 1000).unwrap()),
        at: Timestamp(at),
        offset: 5000,
        data,
        wire_len: u32::try_from(wire_len).unwrap(),
        link,
        mark: Mark::default(),
    }
}

fn seen(decoder: &mut Decoder, frame: &Frame<'_>) -> Vec<Seen> {
    let mut seen = Vec::new();
    decoder.decode(frame, &mut |packet| {
        seen.push(Seen {
            flow: format!("{} > {}", packet.src, packet.dst),
            transport: packet.transport,
            payload: String::from_utf8_lossy(packet.payload).into_owned(),
            cut: packet.cut,
            offset: packet.offset,
            duplicate: packet.duplicate,
        });
    });
    seen
}

fn ipv4(id: u16, fragment: u16, ttl: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend(id.to_be_bytes());
    packet.extend(fragment.to_be_bytes());
    packet.extend([ttl, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    let mut datagram = [5060u16, 5062, len, 0].map(u16::to_be_bytes).concat();
    datagram.extend(payload);
    datagram
}

fn ipv6(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 1];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([17, 64]);
    packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn plain(payload: &[u8]) -> Vec<u8> {
    ipv4(1, 0, 64, 17, &udp(payload))
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

fn one(link: LinkType, data: &[u8]) -> Seen {
    let mut packets = seen(&mut Decoder::new(), &frame(link, 1, data, data.len()));
    assert_eq!(packets.len(), 1, "{link} {data:x?}");
    packets.remove(0)
}

fn before(head: &[u8], rest: &[u8]) -> Vec<u8> {
    [head, rest].concat()
}

#[test]
fn opens_every_link_type() {
    let ip = plain(b"hello");
    let sll = [&[0; 14][..], &[8, 0]].concat();
    let sll2 = [&[8, 0][..], &[0; 18]].concat();
    for (link, data) in [
        (1, ethernet(0x0800, &ip)),
        (1, ethernet(0x0800, &[&ip[..], &[0; 12]].concat())),
        (1, ethernet(0x8100, &before(&[0, 5, 8, 0], &ip))),
        (
            1,
            ethernet(
                0x88a8,
                &before(&[0, 5, 0x91, 0, 0, 5, 0x81, 0, 0, 6, 8, 0], &ip),
            ),
        ),
        (1, ethernet(0x8847, &before(&[0, 1, 0, 9, 0, 1, 1, 9], &ip))),
        (
            1,
            ethernet(0x8864, &before(&[0x11, 0, 0, 1, 0, 35, 0, 0x21], &ip)),
        ),
        (
            1,
            ethernet(41, &before(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip)),
        ),
        (113, before(&sll, &ip)),
        (276, before(&sll2, &ip)),
        (101, ip.clone()),
        (12, ip.clone()),
        (228, ip.clone()),
        (0, before(&[2, 0, 0, 0], &ip)),
        (108, before(&[0, 0, 0, 2], &ip)),
        (9, before(&[0xff, 3, 0, 0x21], &ip)),
        (9, before(&[0x21], &ip)),
        (50, before(&[0x0f, 0, 8, 0], &ip)),
        (104, before(&[0x0f, 0, 8, 0], &ip)),
    ] {
        let packet = one(LinkType(link), &data);
        assert_eq!(packet.flow, "10.0.0.1:5060 > 10.0.0.2:5062");
        assert_eq!((packet.payload.as_str(), packet.cut), ("hello", 0));
        let at = data
            .windows(5)
            .position(|octets| octets == b"hello")
            .unwrap();
        assert_eq!(packet.offset, Some(5000 + at as u64), "{link}");
    }
    let v6 = ipv6(&udp(b"hello"));
    for (link, data) in [
        (1, ethernet(0x86dd, &v6)),
        (229, v6.clone()),
        (0, before(&[0, 0, 0, 30], &v6)),
        (0, before(&[10, 0, 0, 0], &v6)),
    ] {
        assert_eq!(
            one(LinkType(link), &data).flow,
            "[fd00::1]:5060 > [fd00::2]:5062"
        );
    }
}

#[test]
fn opens_tunnels() {
    let ip = plain(b"hello");
    let frame = ethernet(0x0800, &ip);
    let vxlan = before(&[0x08, 0, 0, 0, 0, 0, 7, 0], &frame);
    let mut over_udp = [4000u16, 4789, 0, 0].map(u16::to_be_bytes).concat();
    over_udp.extend(&vxlan);
    for (number, payload) in [
        (4, ip.clone()),
        (41, ipv6(&udp(b"hello"))),
        (47, before(&[0, 0, 8, 0], &ip)),
        (
            47,
            before(&[0xb0, 0, 8, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &ip),
        ),
        (47, before(&[0, 0, 0x65, 0x58], &frame)),
        (47, before(&[0, 0, 0x88, 0xbe], &frame)),
        (
            47,
            before(
                &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0],
                &frame,
            ),
        ),
        (
            47,
            before(
                &[
                    0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                ],
                &frame,
            ),
        ),
        (
            47,
            before(
                &[
                    0x30, 0x81, 0x88, 0x0b, 0, 35, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21,
                ],
                &ip,
            ),
        ),
        (17, over_udp),
    ] {
        let packet = one(LinkType::RAW, &ipv4(9, 0, 64, number, &payload));
        assert_eq!(packet.payload, "hello", "{number}");
    }
}

#[test]
fn limits_nesting() {
    let nested = |depth| {
        (0..depth).fold(plain(b"hello"), |inner, _| {
            ipv4(9, 0, 64, protocol::IPV4, &inner)
        })
    };
    assert_eq!(one(LinkType::RAW, &nested(NESTING_MAX)).payload, "hello");
    let deeper = nested(NESTING_MAX + 1);
    assert_eq!(
        seen(
            &mut Decoder::new(),
            &frame(LinkType::RAW, 1, &deeper, deeper.len())
        ),
        []
    );
}

#[test]
fn decodes_cut_frames_as_far_as_they_go() {
    let data = ethernet(0x0800, &plain(b"hello, world"));
    let mut decoder = Decoder::new();
    for missing in 1..data.len() {
        let cut = frame(
            LinkType::ETHERNET,
            1,
            &data[..data.len() - missing],
            data.len(),
        );
        let packets = seen(&mut decoder, &cut);
        if missing > 12 {
            assert_eq!(packets, [], "{missing}");
            continue;
        }
        assert_eq!(packets[0].payload, "hello, world"[..12 - missing]);
        assert_eq!(packets[0].cut, u32::try_from(missing).unwrap());
    }
}

#[test]
fn tolerates_wrong_lengths() {
    // Total length 0: segmentation offload. UDP length 0, too small, too large.
    let mut offload = plain(b"hello");
    offload[2..4].fill(0);
    assert_eq!(one(LinkType::RAW, &offload).payload, "hello");
    for (len, payload) in [(0u16, "hello"), (3, "hello"), (11, "hel"), (900, "hello")] {
        let mut data = plain(b"hello");
        data[24..26].copy_from_slice(&len.to_be_bytes());
        let packet = one(LinkType::RAW, &data);
        assert_eq!((packet.payload.as_str(), packet.cut), (payload, 0));
    }
}

#[test]
fn puts_fragments_together() {
    let whole = udp(b"a long message in two fragments");
    let (first, second) = whole.split_at(16);
    let first = ipv4(7, 0x2000, 64, 17, first);
    let second = ipv4(7, 2, 64, 17, second);
    for order in [[&first, &second], [&second, &first]] {
        let mut decoder = Decoder::new();
        assert_eq!(
            seen(&mut decoder, &frame(LinkType::RAW, 1, order[0], 36)),
            []
        );
        let packets = seen(&mut decoder, &frame(LinkType::RAW, 2, order[1], 43));
        assert_eq!(packets[0].payload, "a long message in two fragments");
        assert_eq!((packets[0].cut, packets[0].offset), (0, None));
        // Both were recorded twice: no second message, no orphan.
        assert_eq!(
            seen(&mut decoder, &frame(LinkType::RAW, 3, order[0], 36)),
            []
        );
        assert_eq!(
            seen(&mut decoder, &frame(LinkType::RAW, 4, order[1], 43)),
            []
        );
        let mut info = CaptureInfo::default();
        decoder.report(&mut info, true);
        assert_eq!((info.orphan_fragments, info.duplicate_frames), (0, 2));
    }
}

#[test]
fn flags_copies() {
    let copies = |first: &[u8], later: u64, second: &[u8]| {
        let mut decoder = Decoder::new();
        let at = 10 * 1_000_000_000;
        seen(
            &mut decoder,
            &frame(LinkType::RAW, at + 1, first, first.len()),
        );
        let frame = frame(LinkType::RAW, at + 2 + later, second, second.len());
        let packets = seen(&mut decoder, &frame);
        let mut info = CaptureInfo::default();
        decoder.report(&mut info, true);
        assert_eq!(info.duplicate_frames, u64::from(packets[0].duplicate));
        packets[0].duplicate
    };
    let packet = |id, ttl, text: &[u8]| ipv4(id, 0, ttl, 17, &udp(text));
    let first = packet(7, 64, b"INVITE");
    assert!(copies(&first, 28_000, &first));
    assert!(copies(&first, 28_000, &packet(7, 63, b"INVITE")));
    assert!(!copies(&first, 6_000_000, &first));
    // Repeated on purpose: a new identification. Another message: other content.
    assert!(!copies(&first, 28_000, &packet(8, 64, b"INVITE")));
    assert!(!copies(&first, 28_000, &packet(7, 64, b"CANCEL")));
    let unnumbered = packet(0, 64, b"INVITE");
    assert!(copies(&unnumbered, 28_000, &unnumbered));
    assert!(!copies(&unnumbered, 2_000_000, &unnumbered));
    // Forwarded from one interface to another: it takes longer, and the octets alone would not prove it.
    let forwarded = packet(0, 63, b"INVITE");
    assert!(copies(&unnumbered, 28_000, &forwarded));
    assert!(copies(&forwarded, 15_000_000, &unnumbered));
    assert!(!copies(&unnumbered, 25_000_000, &forwarded));
    assert!(!copies(&unnumbered, 28_000, &packet(0, 62, b"INVITE")));
    assert!(!copies(&unnumbered, 28_000, &packet(0, 63, b"CANCEL")));
    let v6 = ipv6(&udp(b"INVITE"));
    assert!(copies(&v6, 28_000, &v6));
    assert!(!copies(&v6, 2_000_000, &v6));
}

#[test]
fn decodes_tcp() {
    let header = [
        0x13, 0xc4, 0x13, 0xc6, 0, 0, 1, 0, 0, 0, 0, 9, 0x50, 0x19, 0, 0, 0, 0, 0, 0,
    ];
    let packet = one(
        LinkType::RAW,
        &ipv4(1, 0, 64, 6, &before(&header, b"hello")),
    );
    assert_eq!(
        packet.transport,
        Transport::Tcp {
            seq: 256,
            syn: false,
            end: true
        }
    );
    assert_eq!(packet.payload, "hello");
}

#[test]
fn decodes_sctp_messages() {
    let chunk = |flags: u8, tsn: u8, text: &[u8]| {
        let len = u8::try_from(16 + text.len()).unwrap();
        let mut chunk = vec![0, flags, 0, len, 0, 0, 0, tsn, 0, 1, 0, 2, 0, 0, 0, 0];
        chunk.extend(text);
        chunk.resize(chunk.len().next_multiple_of(4), 0);
        chunk
    };
    let mut packet = [5060u16, 5062, 0, 1, 0, 0].map(u16::to_be_bytes).concat();
    packet.extend([3, 0, 0, 6, 1, 1, 0, 0]);
    packet.extend(chunk(3, 1, b"whole"));
    packet.extend(chunk(2, 2, b"in "));
    packet.extend(chunk(0, 3, b"three "));
    packet.extend(chunk(1, 4, b"parts"));
    let data = ipv4(1, 0, 64, 132, &packet);
    let packets = seen(
        &mut Decoder::new(),
        &frame(LinkType::RAW, 1, &data, data.len()),
    );
    let payloads: Vec<&str> = packets
        .iter()
        .map(|packet| packet.payload.as_str())
        .collect();
    assert_eq!(payloads, ["whole", "in three parts"]);
    assert_eq!(packets[0].flow, "10.0.0.1:5060 > 10.0.0.2:5062");
}

#[test]
fn decodes_unreachable_ports() {
    let quoted = plain(b"hello");
    let icmp = before(&[3, 3, 0, 0, 0, 0, 0, 0], &quoted[..28]);
    let packet = one(LinkType::RAW, &ipv4(1, 0, 64, 1, &icmp));
    let quoted_src = Endpoint::new(IpAddr::from([10, 0, 0, 1]), 5060);
    let quoted_dst = Endpoint::new(IpAddr::from([10, 0, 0, 2]), 5062);
    let expected = Transport::Icmp {
        error: IcmpError::unreachable(3),
        quoted_src,
        quoted_dst,
    };
    assert_eq!(packet.transport, expected);
}

proptest::proptest! {
    #[test]
    fn never_panics(link in 0u16..300, data: Vec<u8>, wire_len in 0usize..3000) {
        seen(&mut Decoder::new(), &frame(LinkType(link), 1, &data, wire_len));
    }

    #[test]
    fn never_panics_inside_ip(protocol in 0u8..150, data: Vec<u8>) {
        let data = ipv4(1, 0, 64, protocol, &data);
        seen(&mut Decoder::new(), &frame(LinkType::RAW, 1, &data, data.len()));
    }
}
