use super::super::RtpArrival;
use super::*;

fn arrival(frame: u32, sequence: u16, timestamp: u32, ssrc: u32, octet: u8) -> RtpArrival {
    let mut payload = vec![0x80, 8];
    payload.extend(sequence.to_be_bytes());
    payload.extend(timestamp.to_be_bytes());
    payload.extend(ssrc.to_be_bytes());
    payload.extend([octet; 160]);
    let endpoint = Endpoint::new([192, 0, 2, 1].into(), 4000);
    RtpArrival {
        frame: FrameNo(frame),
        at: Timestamp(u64::from(frame) * 20_000_000),
        src: endpoint,
        dst: endpoint,
        payload,
        cut: 0,
    }
}

fn rebuilt(arrivals: &[RtpArrival]) -> Vec<Stretch> {
    rebuild(arrivals, &HashMap::new())
}

#[test]
fn leaves_a_hole_for_a_lost_packet() {
    let stretches = rebuilt(&[
        arrival(1, 65535, 0, 1, 0xAA),
        arrival(2, 0, 160, 1, 0xAA),
        arrival(4, 2, 480, 1, 0xAA),
    ]);
    assert_eq!(stretches.len(), 1);
    let stretch = &stretches[0];
    assert_eq!(stretch.samples.len(), 640);
    assert_eq!(stretch.holes, [(320..480, 1)]);
    assert_eq!(stretch.samples[479..481], [0, 32256]);
    assert!(stretch.is_erased(320) && !stretch.is_erased(480));
    assert_eq!(stretch.lost_in(&(0..321)), 1);
    assert_eq!(stretch.moment(500).0, FrameNo(4));
    assert_eq!(stretch.moment(480 + 80).1, Timestamp(90_000_000));
}

#[test]
fn puts_late_and_repeated_packets_in_order() {
    let stretches = rebuilt(&[
        arrival(1, 1, 160, 1, 0xAA),
        arrival(2, 3, 480, 1, 0xAA),
        arrival(3, 2, 320, 1, 0x2A),
        arrival(4, 2, 320, 1, 0x2A),
    ]);
    assert_eq!(stretches[0].samples.len(), 480);
    assert_eq!(stretches[0].samples[160], -32256);
    assert!(stretches[0].holes.is_empty());
}

#[test]
fn silence_is_no_loss() {
    let stretches = rebuilt(&[arrival(1, 1, 0, 1, 0xAA), arrival(6, 2, 800, 1, 0xAA)]);
    assert_eq!(stretches[0].samples.len(), 960);
    assert!(stretches[0].holes.is_empty());
}

#[test]
fn goes_on_after_another_ssrc() {
    let stretches = rebuilt(&[
        arrival(1, 1, 0, 1, 0xAA),
        arrival(2, 900, 77_000, 2, 0xAA),
        arrival(3, 901, 77_160, 2, 0xAA),
    ]);
    assert_eq!(stretches.len(), 1);
    assert_eq!(stretches[0].samples.len(), 480);
}

#[test]
fn keeps_parallel_ssrcs_apart() {
    let mut arrivals = Vec::new();
    for number in 0..50 {
        let stamp = u32::from(number) * 160;
        let frame = u32::from(number) * 2;
        arrivals.push(arrival(frame, number, stamp, 1, 0xAA));
        arrivals.push(arrival(frame + 1, number, stamp, 2, 0x2A));
    }
    let stretches = rebuilt(&arrivals);
    assert_eq!(stretches.len(), 2);
    assert!(
        stretches
            .iter()
            .all(|stretch| stretch.samples.len() == 8000)
    );
}

#[test]
fn time_stamps_that_run_away_are_not_followed() {
    let arrivals: Vec<RtpArrival> = (0..1000u16)
        .map(|number| arrival(number.into(), number, u32::from(number) * 15_000, 1, 0xAA))
        .collect();
    let samples: usize = rebuilt(&arrivals)
        .iter()
        .map(|stretch| stretch.samples.len())
        .sum();
    assert!(samples < 300_000, "{samples}");
}

#[test]
fn a_long_pause_begins_anew() {
    let stretches = rebuilt(&[arrival(1, 1, 0, 1, 0xAA), arrival(301, 2, 48_000, 1, 0xAA)]);
    assert_eq!(stretches.len(), 2);
    let jump = rebuilt(&[
        arrival(1, 1, 0, 1, 0xAA),
        arrival(2, 2, 0x9000_0000, 1, 0xAA),
    ]);
    assert_eq!(jump[0].samples.len(), 320);
}
