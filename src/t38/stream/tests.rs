use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::line::{Fcs, HdlcFrame, SignalKind, Tone};
use crate::t38::stats::Encoding;

const MCF: [u8; 3] = [0xFF, 0xC8, 0x31];
const NO_SIGNAL: &[u8] = &[0x00];
const CED: &[u8] = &[0x04];
const PREAMBLE: &[u8] = &[0x06];
const FCS_OK_1998: &[u8] = &[0xC0, 0x01, 0x20];
const SIG_END_1998: &[u8] = &[0xC0, 0x01, 0x10];

fn hdlc(octets: &[u8]) -> Vec<u8> {
    let mut ifp = vec![0xC0, 0x01, 0x80];
    ifp.extend(u16::try_from(octets.len() - 1).unwrap().to_be_bytes());
    ifp.extend(octets);
    ifp
}

fn open_type(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(octets.len()).unwrap()];
    out.extend(octets);
    out
}

/// UDPTL with copies, newest first.
fn udptl(seq: u16, primary: &[u8], copies: &[&[u8]]) -> Vec<u8> {
    let mut out = seq.to_be_bytes().to_vec();
    out.extend(open_type(primary));
    out.extend([0x00, u8::try_from(copies.len()).unwrap()]);
    for copy in copies {
        out.extend(open_type(copy));
    }
    out
}

fn fec(seq: u16, primary: &[u8], span: u8, entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = seq.to_be_bytes().to_vec();
    out.extend(open_type(primary));
    out.extend([0x80, 0x01, span, u8::try_from(entries.len()).unwrap()]);
    for entry in entries {
        out.extend(open_type(entry));
    }
    out
}

fn xor(packets: &[&[u8]]) -> Vec<u8> {
    let size = packets.iter().map(|packet| packet.len()).max().unwrap();
    let at = |index: usize, packet: &&[u8]| packet.get(index).copied().unwrap_or(0);
    (0..size)
        .map(|index| {
            packets
                .iter()
                .fold(0, |sum, packet| sum ^ at(index, packet))
        })
        .collect()
}

/// Arrivals 20 ms apart, frames from 1.
fn arrive(payloads: &[Vec<u8>]) -> Vec<Arrival<'static>> {
    payloads
        .iter()
        .zip(1..)
        .map(|(payload, frame)| Arrival {
            frame: FrameNo(frame),
            at: Timestamp(u64::from(frame) * 20_000_000),
            src: Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4000),
            dst: Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4002),
            payload: payload.clone().into(),
            cut: false,
            rtp_seq: None,
        })
        .collect()
}

fn kinds(payloads: &[Vec<u8>]) -> Vec<SignalKind> {
    assemble(&arrive(payloads), Framing::Udptl)
        .signals
        .into_iter()
        .map(|signal| signal.kind)
        .collect()
}

fn good(octets: &[u8]) -> SignalKind {
    SignalKind::Hdlc(HdlcFrame {
        modem: crate::line::Modem::V21,
        octets: octets.to_vec(),
        fcs: Fcs::Good,
        damaged: false,
    })
}

#[test]
fn empty_is_empty() {
    assert!(assemble(&[], Framing::Udptl).signals.is_empty());
}

#[test]
fn puts_frames_together() {
    let payloads = [
        udptl(0, CED, &[]),
        udptl(1, PREAMBLE, &[]),
        udptl(2, &hdlc(&[0xFF, 0xC8]), &[]),
        udptl(3, &hdlc(&[0x31]), &[]),
        udptl(4, FCS_OK_1998, &[]),
        udptl(5, SIG_END_1998, &[]),
        udptl(6, NO_SIGNAL, &[]),
        udptl(7, NO_SIGNAL, &[]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    let kinds: Vec<_> = assembled
        .signals
        .iter()
        .map(|signal| signal.kind.clone())
        .collect();
    assert_eq!(
        kinds,
        [
            SignalKind::Tone(Tone::Ced),
            SignalKind::Preamble,
            good(&MCF),
            SignalKind::Silence
        ]
    );
    let frame = &assembled.signals[2];
    assert_eq!((frame.frame, frame.last_frame), (FrameNo(3), FrameNo(5)));
    assert_eq!(assembled.stats.encoding, Some(Encoding::Asn1998));
    assert_eq!((assembled.stats.packets, assembled.stats.lost), (8, 0));
}

#[test]
fn ends_a_frame_in_every_spelling() {
    let one = |fields: &[u8], count: u8| {
        let mut ifp = vec![0xC0, count, 0x80, 0x00, 0x02];
        ifp.extend(MCF);
        ifp.extend(fields);
        vec![udptl(0, PREAMBLE, &[]), udptl(1, &ifp, &[])]
    };
    for payloads in [
        one(&[0x20], 2),
        one(&[0x40], 2),
        one(&[0x21], 3),
        one(&[0x10], 2),
    ] {
        assert_eq!(kinds(&payloads)[1..], [good(&MCF)], "{payloads:02x?}");
    }
    // The sequence alone tells: data, then a field that is no end of a signal.
    let bad = kinds(&one(&[0x50], 2));
    assert!(matches!(&bad[1], SignalKind::Hdlc(frame) if frame.fcs == Fcs::Bad));
}

#[test]
fn counts_repeats_once_and_sorts_late_packets() {
    let data = hdlc(&MCF);
    let payloads = [
        udptl(65535, PREAMBLE, &[]),
        udptl(1, FCS_OK_1998, &[]),
        udptl(0, &data, &[]),
        udptl(0, &data, &[]),
        udptl(1, FCS_OK_1998, &[]),
        udptl(2, SIG_END_1998, &[]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert_eq!(assembled.signals[1].kind, good(&MCF));
    let stats = &assembled.stats;
    assert_eq!((stats.packets, stats.repeats, stats.reordered), (4, 2, 1));
    assert_eq!((stats.lost, stats.restarts.len()), (0, 0));
    // It cannot have been on the line after what follows it.
    assert!(assembled.signals[1].at <= assembled.signals[1].end);
}

#[test]
fn repairs_from_copies() {
    let data = hdlc(&MCF);
    let payloads = [
        udptl(0, PREAMBLE, &[]),
        udptl(3, SIG_END_1998, &[FCS_OK_1998, &data, PREAMBLE]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert_eq!(assembled.signals[1].kind, good(&MCF));
    assert_eq!((assembled.stats.lost, assembled.stats.recovered), (2, 2));
    assert!(assembled.stats.gaps[0].control);
}

#[test]
fn repairs_from_fec() {
    let data = hdlc(&MCF);
    // One entry over the two packets before.
    let payloads = [
        fec(0, PREAMBLE, 0, &[]),
        fec(2, FCS_OK_1998, 2, &[xor(&[PREAMBLE, &data])]),
        fec(3, SIG_END_1998, 2, &[xor(&[&data, FCS_OK_1998])]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert_eq!(assembled.signals[1].kind, good(&MCF));
    assert_eq!((assembled.stats.lost, assembled.stats.recovered), (1, 1));
    assert_eq!(assembled.stats.fec_packets, 3);
}

#[test]
fn marks_what_stays_lost() {
    let payloads = [
        udptl(0, PREAMBLE, &[]),
        udptl(1, &hdlc(&[0xFF, 0xC8]), &[]),
        udptl(4, FCS_OK_1998, &[]),
        udptl(5, &hdlc(&MCF), &[]),
        udptl(6, FCS_OK_1998, &[]),
    ];
    let kinds = kinds(&payloads);
    assert!(matches!(&kinds[1], SignalKind::Hdlc(frame) if frame.damaged));
    assert_eq!(kinds[2..], [good(&MCF)]);
}

#[test]
fn begins_anew_after_a_restart() {
    let payloads = [
        udptl(20_000, PREAMBLE, &[]),
        udptl(20_001, &hdlc(&MCF), &[]),
        udptl(20_002, FCS_OK_1998, &[]),
        udptl(0, PREAMBLE, &[]),
        udptl(1, &hdlc(&MCF), &[]),
        udptl(2, FCS_OK_1998, &[]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert_eq!(assembled.stats.restarts, [(FrameNo(4), 20_002, 0)]);
    assert_eq!(assembled.signals.len(), 4);
    assert_eq!(assembled.stats.lost, 0);
}

#[test]
fn a_stray_packet_is_no_restart() {
    let payloads = [
        udptl(0, PREAMBLE, &[]),
        udptl(1, &hdlc(&MCF), &[]),
        udptl(30_000, CED, &[]),
        udptl(2, FCS_OK_1998, &[]),
        udptl(3, SIG_END_1998, &[]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert!(assembled.stats.restarts.is_empty());
    assert!(
        assembled
            .signals
            .iter()
            .any(|signal| signal.kind == good(&MCF))
    );
    assert_eq!(assembled.stats.undecodable, 1);
}

#[test]
fn tells_the_encoding_by_the_order_of_fields() {
    // hdlc-fcs-OK (0x10) and hdlc-fcs-OK-sig-end (0x20) of 2002 are hdlc-sig-end and hdlc-fcs-OK of 1998.
    let csi = [0xFF, 0xC0, 0x02, 0x04];
    let payloads = [
        udptl(0, PREAMBLE, &[]),
        udptl(1, &hdlc(&csi), &[]),
        udptl(2, &[0xC0, 0x01, 0x10], &[]),
        udptl(3, &hdlc(&MCF), &[]),
        udptl(4, &[0xC0, 0x01, 0x20], &[]),
        udptl(5, NO_SIGNAL, &[]),
    ];
    let assembled = assemble(&arrive(&payloads), Framing::Udptl);
    assert_eq!(assembled.stats.encoding, Some(Encoding::Asn2002));
    assert_eq!(assembled.signals[1].kind, good(&csi));
    assert_eq!(assembled.signals[2].kind, good(&MCF));
}

#[test]
fn reads_rtp_with_redundancy() {
    let data = hdlc(&MCF);
    // RFC 2198: the older block, then the newer one.
    let mut redundant = vec![0xE0, 0x00, 0x00, u8::try_from(data.len()).unwrap(), 0x60];
    redundant.extend(&data);
    redundant.extend(FCS_OK_1998);
    let mut arrivals = arrive(&[PREAMBLE.to_vec(), redundant]);
    arrivals[0].rtp_seq = Some(7);
    arrivals[1].rtp_seq = Some(9);
    let assembled = assemble(&arrivals, Framing::Rtp);
    assert_eq!(assembled.signals[1].kind, good(&MCF));
    assert_eq!((assembled.stats.lost, assembled.stats.recovered), (1, 1));
}

#[test]
fn uses_the_head_of_a_cut_packet() {
    let mut arrivals = arrive(&[
        udptl(0, PREAMBLE, &[]),
        udptl(1, &hdlc(&[0xFF; 100]), &[]),
        udptl(2, FCS_OK_1998, &[]),
    ]);
    arrivals[1].payload.to_mut().truncate(40);
    arrivals[1].cut = true;
    let assembled = assemble(&arrivals, Framing::Udptl);
    assert!(matches!(
        &assembled.signals[1].kind,
        SignalKind::Hdlc(frame) if frame.damaged && frame.octets.len() == 32
    ));
    assert_eq!(assembled.stats.undecodable, 0);
}

proptest! {
    #[test]
    fn assembles_anything_without_panic(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20),
        cut: bool,
    ) {
        let mut arrivals = arrive(&payloads);
        for arrival in &mut arrivals {
            arrival.cut = cut;
        }
        for framing in [Framing::Udptl, Framing::Rtp, Framing::Tcp] {
            let _ = assemble(&arrivals, framing);
        }
    }
}

#[test]
fn how_late_a_packet_comes() {
    let packet = |seq| udptl(seq, PREAMBLE, &[]);
    let in_order = arrive(&[packet(0), packet(1), packet(2), packet(3), packet(4)]);
    assert_eq!(assemble(&in_order, Framing::Udptl).stats.latest, None);
    let late = arrive(&[packet(0), packet(2), packet(3), packet(4), packet(1)]);
    let stats = assemble(&late, Framing::Udptl).stats;
    assert_eq!(stats.reordered, 1);
    let (behind, seconds, frame) = stats.latest.unwrap();
    assert_eq!((behind, frame), (3, FrameNo(5)));
    assert!((seconds - 0.06).abs() < 1e-6, "{seconds}");
}
