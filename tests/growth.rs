//! Captures made to cost much, of the kinds that once did: through the program, within the bounds of
//! docs/performance.md. Memory is measured by an address space that is no larger; time generously, since a debug build
//! on a machine with other work is slow, but a loop over the square takes minutes.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use made::{Capture, message};

#[path = "support/made.rs"]
mod made;

const LONGEST: Duration = Duration::from_secs(40);

/// Octets for each octet of the capture, and what any capture costs: 64 MiB, and what a debug build with its threads
/// maps besides.
const MULTIPLE: u64 = 40;
const ANY: u64 = 160 << 20;

/// The three commands in the forms that hold most: each ends by itself, within memory and time.
fn within_bounds(kind: &str, octets: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), octets).unwrap();
    let allowed = ANY + MULTIPLE * u64::try_from(octets.len()).unwrap();
    for words in [
        &["calls", "--format", "json"][..],
        &["check", "--format", "json"],
        &["flow", "--call", "1"],
        &["flow", "--call", "1", "--format", "markdown"],
    ] {
        let start = Instant::now();
        let output = Command::new("sh")
            .env("FAXFLOW_CONFIG", "")
            .args(["-c", "ulimit -v \"$1\"; shift; exec \"$0\" \"$@\""])
            .arg(env!("CARGO_BIN_EXE_faxflow"))
            .arg((allowed / 1024).to_string())
            .args(words)
            .arg(file.path())
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0 | 1 | 3)),
            "{kind}: {words:?}: {} {error}",
            output.status
        );
        assert!(
            start.elapsed() < LONGEST,
            "{kind}: {words:?}: {:?}",
            start.elapsed()
        );
    }
}

/// A call that is answered; both ends describe `media`.
fn answered(media: &str) -> Capture {
    let mut capture = Capture::new();
    for (start, to_tag, host) in [
        ("INVITE sip:2@192.0.2.2 SIP/2.0", "", 1),
        ("SIP/2.0 200 OK", ";tag=x", 2),
    ] {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.{host}\r\ns=-\r\nc=IN IP4 192.0.2.{host}\r\nt=0 0\r\n{media}"
        );
        let text = message(start, "one", "1 INVITE", to_tag, "application/sdp", &sdp);
        capture.datagram((5060, 5060), text.as_bytes());
    }
    capture
}

const OFFERS: &str = "m=audio 4000 RTP/AVP 0\r\nm=image 4002 udptl t38\r\n";

/// An RTP packet of PCMU.
fn rtp(sequence: u32, stamp: u32, ssrc: u32, sound: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(u16::try_from(sequence & 0xffff).unwrap().to_be_bytes());
    packet.extend(stamp.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(sound);
    packet
}

/// A block of pcapng.
fn block(kind: u32, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len() + 12).unwrap();
    let mut out = kind.to_le_bytes().to_vec();
    out.extend(len.to_le_bytes());
    out.extend(content);
    out.extend(len.to_le_bytes());
    out
}

/// A section header.
fn section() -> Vec<u8> {
    let mut content = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    content.extend([1, 0, 0, 0]);
    content.extend([0xff; 8]);
    block(0x0a0d_0d0a, &content)
}

/// A packet of an interface.
fn packet_of(interface: u32) -> Vec<u8> {
    let mut content = interface.to_le_bytes().to_vec();
    content.extend([0; 8]);
    content.extend(4_u32.to_le_bytes());
    content.extend(4_u32.to_le_bytes());
    content.extend([0x45, 0, 0, 4]);
    block(6, &content)
}

#[test]
fn blocks_that_claim_16_megabytes_before_good_ones() {
    let mut octets = section();
    octets.extend(block(1, &[101, 0, 0, 0, 0, 0, 0, 0]));
    while octets.len() < 3_000_000 {
        octets.extend(6_u32.to_le_bytes());
        octets.extend((16_u32 << 20).to_le_bytes());
        octets.extend([0; 4]);
        octets.extend(packet_of(0));
    }
    within_bounds("blocks", &octets);
}

#[test]
fn records_that_claim_16_megabytes_before_good_ones() {
    let mut octets = Capture::new().octets;
    octets.splice(16..20, (16_u32 << 20).to_le_bytes());
    for number in 0..40_000_u32 {
        for captured in [16_u32 << 20, 4, 4, 4] {
            for word in [1_700_000_000 + number / 100, 0, captured, captured] {
                octets.extend(word.to_le_bytes());
            }
            if captured == 4 {
                octets.extend([0x45, 0, 0, 4]);
            }
        }
    }
    within_bounds("records", &octets);
}

#[test]
fn interfaces_that_take_turns() {
    let mut octets = section();
    for number in 0..65_530_u32 {
        let link = if number % 2 == 0 { 101 } else { 1 };
        octets.extend(block(1, &[link, 0, 0, 0, 0, 0, 0, 0]));
    }
    for number in 0..65_530 {
        octets.extend(packet_of(number));
    }
    within_bounds("interfaces", &octets);
}

#[test]
fn sections_by_the_ten_thousand() {
    let mut octets = Vec::new();
    for _ in 0..50_000 {
        octets.extend(section());
        octets.extend(block(1, &[101, 0, 0, 0, 0, 0, 0, 0]));
        octets.extend(packet_of(0));
    }
    within_bounds("sections", &octets);
}

/// Sound with a sign of a fax first, so that it is listened to.
fn with_calling_tone() -> Capture {
    let mut capture = answered(OFFERS);
    for number in 0..60_u32 {
        // 1100 Hz: eleven periods are eighty samples.
        let sample = |at: u32| {
            let angle = f64::from(at) * 11.0 / 80.0 * std::f64::consts::TAU;
            if angle.sin() > 0.0 { 0x92 } else { 0x12 }
        };
        let sound: Vec<u8> = (0..160).map(|at| sample(at + number * 160)).collect();
        capture.datagram((4000, 4000), &rtp(number, number * 160, 7, &sound));
    }
    capture
}

#[test]
fn sound_of_which_nearly_all_was_cut() {
    let mut capture = with_calling_tone();
    for number in 60..6000_u32 {
        let begins = capture.octets.len();
        capture.datagram(
            (4000, 4000),
            &rtp(number, 9600 + (number - 60) * 65_480, 7, &[0xff]),
        );
        // Both headers claim all that fits, and so does the record.
        let record = &mut capture.octets[begins..];
        record[12..16].copy_from_slice(&65_520_u32.to_le_bytes());
        record[18..20].copy_from_slice(&65_520_u16.to_be_bytes());
        record[40..42].copy_from_slice(&65_500_u16.to_be_bytes());
    }
    within_bounds("cut sound", &capture.octets);
}

#[test]
fn sound_with_pauses_of_nearly_two_seconds() {
    let mut capture = with_calling_tone();
    for number in 60..10_000_u32 {
        let stamp = 9600 + (number - 60) * 15_900;
        capture.datagram((4000, 4000), &rtp(number, stamp, 7, &[0xff]));
    }
    within_bounds("pauses", &capture.octets);
}

#[test]
fn sequence_numbers_that_jump() {
    let mut capture = with_calling_tone();
    for number in 60..15_000_u32 {
        capture.datagram((4000, 4000), &rtp(number * 2999, number * 160, 7, &[]));
    }
    within_bounds("jumps", &capture.octets);
}

#[test]
fn thousands_of_sources_side_by_side() {
    let mut capture = with_calling_tone();
    for round in 0..2 {
        for ssrc in 100..15_000 {
            capture.datagram((4000, 4000), &rtp(round, round * 160, ssrc, &[0xff]));
        }
    }
    within_bounds("sources", &capture.octets);
}

#[test]
fn flows_of_one_packet() {
    let mut capture = answered("m=audio 4000 RTP/AVP 0\r\n");
    for host in 10..40_000 {
        let mut udp = Vec::new();
        for half in [4000_u16, 4000, 21, 0] {
            udp.extend(half.to_be_bytes());
        }
        udp.extend(rtp(host, 160, host, &[0xff]));
        // To the caller's media.
        let begins = capture.octets.len();
        capture.packet((host, 1), 17, 0, &udp);
        capture.octets[begins + 32..begins + 36].copy_from_slice(&[192, 0, 2, 1]);
    }
    within_bounds("flows", &capture.octets);
}

/// A UDPTL packet of one IFP packet that holds many fields: length in two octets, V.21 or V.17 data.
fn udptl(sequence: u16, data_type: u8, fields: &[u8], count: u8) -> Vec<u8> {
    let ifp = fields.len() + 2;
    let mut packet = sequence.to_be_bytes().to_vec();
    packet.extend((u16::try_from(ifp).unwrap() | 0x8000).to_be_bytes());
    packet.extend([data_type, count]);
    packet.extend(fields);
    packet.extend([0, 0]);
    packet
}

#[test]
fn many_messages_in_one_packet() {
    // HDLC data of three octets, then a good check sequence: each a T.30 message.
    for messages in [
        [0x80, 0x20, 0x22, 0x42],
        [0x1a, 0xfa, 0x1a, 0xfa],
        [0x20, 0x2f, 0x20, 0x2f],
    ] {
        let mut capture = answered("m=image 4000 udptl t38\r\n");
        let mut fields = Vec::new();
        for fcf in messages.iter().cycle().take(60) {
            fields.extend([0x80, 0, 2, 0xff, 0xc8, *fcf, 0x20]);
        }
        for sequence in 0..1500 {
            capture.datagram((4000, 4000), &udptl(sequence, 0xc0, &fields, 120));
        }
        within_bounds("messages", &capture.octets);
    }
}

#[test]
fn as_many_fields_as_a_packet_holds() {
    let mut capture = answered("m=image 4000 udptl t38\r\n");
    let fields = [0x80, 0, 0, 0xff, 0x10].repeat(60);
    for sequence in 0..3000 {
        capture.datagram((4000, 4000), &udptl(sequence, 0xc0, &fields, 120));
    }
    within_bounds("fields", &capture.octets);
}

#[test]
fn descriptions_of_tens_of_thousands_of_formats_and_lines() {
    let mut formats = "m=audio 4000 RTP/AVP".to_owned();
    for number in 0..12_000 {
        write!(formats, " {}", number % 1000).unwrap();
    }
    formats.push_str("\r\n");
    let lines = format!(
        "{}m=image 4002 udptl t38\r\n{}",
        "a=T38x:1\r\n".repeat(2500),
        "m=image 4002 udptl t38\r\na=q\r\n".repeat(900)
    );
    for media in [formats, lines] {
        let mut capture = answered(&media);
        for number in 2..30 {
            let cseq = format!("{number} INVITE");
            let text = message(
                "INVITE sip:2@192.0.2.2 SIP/2.0",
                "one",
                &cseq,
                ";tag=x",
                "application/sdp",
                &format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{media}"),
            );
            capture.datagram((5060, 5060), text.as_bytes());
        }
        within_bounds("descriptions", &capture.octets);
    }
}
