use super::*;
use crate::capture::Endpoint;

struct Sent {
    sequence: u16,
    timestamp: u32,
    payload_type: u8,
    len: usize,
    ms: f64,
}

fn sent(sequence: u16) -> Sent {
    Sent {
        sequence,
        timestamp: u32::from(sequence) * 160,
        payload_type: 8,
        len: 160,
        ms: f64::from(sequence) * 20.0,
    }
}

fn arrivals(packets: &[Sent]) -> Vec<RtpArrival> {
    let endpoint = Endpoint::new([192, 0, 2, 1].into(), 4000);
    packets
        .iter()
        .zip(1..)
        .map(|(packet, frame)| {
            let mut payload = vec![0x80, packet.payload_type];
            payload.extend(packet.sequence.to_be_bytes());
            payload.extend(packet.timestamp.to_be_bytes());
            payload.extend([0, 0, 0, 1]);
            payload.resize(12 + packet.len, 0xD5);
            RtpArrival {
                frame: FrameNo(frame),
                at: Timestamp(0).plus_seconds(packet.ms / 1000.0),
                src: endpoint,
                dst: endpoint,
                payload,
                cut: 0,
            }
        })
        .collect()
}

fn spans_of(packets: &[Sent]) -> Vec<RtpSpan> {
    spans(&arrivals(packets), &HashMap::new())
}

fn stats_of(packets: &[Sent]) -> RtpStats {
    let mut spans = spans_of(packets);
    assert_eq!(spans.len(), 1, "{spans:#?}");
    spans.remove(0).stats
}

#[test]
fn counts_a_clean_stream() {
    let packets: Vec<Sent> = (0..100).map(sent).collect();
    let span = &spans_of(&packets)[0];
    assert_eq!((span.frame, span.last_frame), (FrameNo(1), FrameNo(100)));
    assert_eq!((span.codec.as_str(), span.payload_type), ("PCMA", 8));
    let stats = &span.stats;
    assert_eq!((stats.packets, stats.lost, stats.ptime_ms), (100, 0, 20));
    assert!(stats.max_jitter_ms < 0.01);
    assert!((stats.max_gap_ms - 20.0).abs() < 0.01);
    assert_eq!(stats.drift_ppm, None);
    assert!(stats.gaps.is_empty() && stats.silence_gaps.is_empty());
}

#[test]
fn counts_loss_and_bursts() {
    let packets: Vec<Sent> = (0..100)
        .filter(|number| ![10, 20, 21, 22].contains(number))
        .map(sent)
        .collect();
    let stats = stats_of(&packets);
    assert_eq!((stats.packets, stats.lost, stats.longest_burst), (96, 4, 3));
    let gaps: Vec<(u32, u32)> = stats.gaps.iter().map(|gap| (gap.0.0, gap.2)).collect();
    assert_eq!(gaps, [(11, 1), (20, 3)]);
    assert!(stats.silence_gaps.is_empty());
}

#[test]
fn a_late_packet_is_not_lost() {
    let mut packets: Vec<Sent> = (0..50).map(sent).collect();
    packets.swap(20, 21);
    packets.insert(30, sent(25));
    let stats = stats_of(&packets);
    assert_eq!((stats.lost, stats.reordered, stats.duplicates), (0, 1, 1));
    assert_eq!(stats.packets, 50);
}

#[test]
fn numbers_wrap_and_restart() {
    let mut packets: Vec<Sent> = (0..20).map(sent).collect();
    for packet in &mut packets[..10] {
        packet.sequence = packet.sequence.wrapping_sub(10);
    }
    for packet in &mut packets[10..] {
        packet.sequence -= 10;
    }
    assert_eq!(stats_of(&packets).lost, 0);
    for packet in &mut packets[15..] {
        packet.sequence += 30_000;
    }
    assert_eq!(stats_of(&packets).lost, 0);
}

#[test]
fn measures_jitter_and_late_packets() {
    let mut packets: Vec<Sent> = (0..50).map(sent).collect();
    packets[30].ms += 15.0;
    let stats = stats_of(&packets);
    assert!((stats.max_gap_ms - 35.0).abs() < 0.01);
    assert_eq!(stats.max_gap_frame, FrameNo(31));
    // 15/16 after the late one, then 15/16 of that and 15/16 more.
    assert!((stats.max_jitter_ms - 15.0 / 16.0 * (1.0 + 15.0 / 16.0)).abs() < 0.01);
}

#[test]
fn finds_silence_suppression() {
    let mut packets: Vec<Sent> = (0..40).map(sent).collect();
    packets[19].payload_type = 13;
    packets[19].len = 1;
    for packet in &mut packets[20..] {
        packet.timestamp += 8000;
        packet.ms += 1000.0;
    }
    let stats = stats_of(&packets);
    assert_eq!(stats.comfort_noise, 1);
    assert_eq!(stats.first_comfort_noise, Some(FrameNo(20)));
    assert_eq!(stats.silence_gaps, [(FrameNo(21), 1020)]);
    assert!(stats.max_gap_ms < 50.0);
}

#[test]
fn another_codec_or_packet_size_is_another_span() {
    let mut packets: Vec<Sent> = (0..60).map(sent).collect();
    for packet in &mut packets[20..40] {
        packet.payload_type = 18;
        packet.len = 20;
    }
    for packet in &mut packets[40..] {
        packet.len = 240;
    }
    // One stray packet is no switch; an event neither.
    packets[5].payload_type = 0;
    packets[10].payload_type = 101;
    packets[10].len = 4;
    let found: Vec<(String, u32)> = spans_of(&packets)
        .into_iter()
        .map(|span| (span.codec, span.frame.0))
        .collect();
    let expected = [("PCMA", 1), ("G729", 21), ("PCMA", 41)];
    assert_eq!(
        found,
        expected.map(|(codec, frame)| (codec.to_owned(), frame))
    );
}

#[test]
fn numbers_left_out_where_the_codec_changes_are_no_loss() {
    let packets: Vec<Sent> = (0..100)
        .filter(|number| !(50..70).contains(number))
        .map(|number| Sent {
            payload_type: if number < 50 { 8 } else { 0 },
            ..sent(number)
        })
        .collect();
    let spans = spans_of(&packets);
    assert_eq!(spans.len(), 2);
    assert!(
        spans
            .iter()
            .all(|span| span.stats.lost == 0 && span.stats.gaps.is_empty())
    );
}

#[test]
fn a_sender_that_pauses_is_not_late() {
    // It goes on a second later with the next time stamp; or the network held the packets back, and all come at once.
    let late = |held_back: bool| {
        let packets: Vec<Sent> = (0..400)
            .map(|number| {
                let due = f64::from(number) * 20.0;
                let ms = match number {
                    0..100 => due,
                    _ if held_back => due.max(3000.0 + f64::from(number) / 100.0),
                    _ => due + 1000.0,
                };
                Sent { ms, ..sent(number) }
            })
            .collect();
        stats_of(&packets)
    };
    assert!(late(false).max_jitter_ms < 0.01 && late(false).max_gap_ms < 21.0);
    assert!(late(true).max_jitter_ms > 30.0 && late(true).max_gap_ms > 900.0);
}

#[test]
fn names_codecs_by_sdp_then_table_then_number() {
    let codecs = HashMap::from([(97, "iLBC".to_owned())]);
    for (payload_type, name) in [(97, "iLBC"), (4, "G723"), (112, "PT 112")] {
        let mut packet = sent(1);
        packet.payload_type = payload_type;
        assert_eq!(spans(&arrivals(&[packet]), &codecs)[0].codec, name);
    }
}

#[test]
fn measures_drift() {
    let packets: Vec<Sent> = (0..4000)
        .map(|number| {
            let mut packet = sent(number);
            packet.ms *= 1.0 - 100e-6;
            packet.ms += f64::from(number % 7);
            packet
        })
        .collect();
    let drift = stats_of(&packets).drift_ppm.unwrap();
    assert!((drift - 100.0).abs() < 5.0, "{drift}");
}

#[test]
fn any_order_of_packets_is_counted() {
    let packets: Vec<Sent> = (0..200u16)
        .map(|number| sent(number.wrapping_mul(7919)))
        .collect();
    let total: u32 = spans_of(&packets)
        .iter()
        .map(|span| span.stats.packets)
        .sum();
    assert_eq!(total, 200);
}
