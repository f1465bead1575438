//! Captures made to cost much: time stays within a multiple of their size, also in a debug build.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::call::index::MAX_MESSAGES;
use faxflow::api::call::transaction::MAX_TRANSACTIONS;
use made::{Capture, message, request};

#[path = "support/made.rs"]
mod made;

/// Generous: a loaded machine and a debug build; a loop over the square takes minutes.
const LONGEST: Duration = Duration::from_secs(40);

/// All calls analysed: what they are, within the time.
fn analyse(capture: &Capture) -> Vec<Analysed> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &capture.octets).unwrap();
    let start = Instant::now();
    let options = Options {
        file: file.path().to_owned(),
        ..Options::default()
    };
    let mut analysis = Analysis::open(options).unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    let analysed = analysis.analyse_all(&numbers, false).unwrap();
    let took = start.elapsed();
    assert!(took < LONGEST, "{took:?}");
    analysed
}

/// The ladder of the first call, within the time.
fn draw(capture: &Capture) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &capture.octets).unwrap();
    let drawn = assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .env("FAXFLOW_CONFIG", "")
        .args(["flow", "--call", "1"])
        .arg(file.path())
        .timeout(LONGEST)
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{:?}", drawn.status);
}

#[test]
fn one_dialog_of_very_many_transactions() {
    let mut capture = Capture::new();
    for number in 1..=30_000 {
        let method = if number == 1 { "INVITE" } else { "INFO" };
        capture.datagram((5060, 5060), request(method, "one", 1, number).as_bytes());
    }
    let calls = analyse(&capture);
    assert_eq!(calls.len(), 1);
    let call = &calls.first().unwrap().call;
    assert_eq!(call.transactions.len(), MAX_TRANSACTIONS);
    assert_eq!(call.events.len(), MAX_MESSAGES);
}

#[test]
fn one_call_id_of_very_many_tags() {
    let mut capture = Capture::new();
    for tag in 0..15_000 {
        capture.datagram((5060, 5060), request("INVITE", "same", tag, 1).as_bytes());
    }
    assert!(!analyse(&capture).is_empty());
}

#[test]
fn very_many_calls() {
    let mut capture = Capture::new();
    for tag in 0..15_000 {
        let call = format!("call-{tag}");
        capture.datagram((5060, 5060), request("INVITE", &call, tag, 1).as_bytes());
    }
    assert_eq!(analyse(&capture).len(), 15_000);
}

#[test]
fn very_many_t38_flows_without_sip() {
    let mut capture = Capture::new();
    for port in 10_000..20_000 {
        for seq in 0..4 {
            // Indicator v21-preamble, one copy of the packet before.
            capture.datagram((port, port), &[0, seq, 1, 6, 0, 1, 1, 0]);
        }
    }
    assert!(!analyse(&capture).is_empty());
}

#[test]
fn a_header_of_a_megabyte_does_not_cost_its_square() {
    let mut message = request("INVITE", "long", 1, 1);
    message.truncate(message.len() - 2);
    for number in 0..60_000 {
        write!(message, "X-{number}: {number}\r\n").unwrap();
    }
    message.push_str("\r\n");
    let start = Instant::now();
    faxflow::fuzzing::sip(message.as_bytes());
    faxflow::fuzzing::sip(request("INVITE", &"x".repeat(1 << 20), 1, 1).as_bytes());
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
}

const SDP: &str = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=image 4000 udptl t38\r\n";

/// An answered call with T.38.
fn switched() -> Capture {
    let mut capture = Capture::new();
    let invite = "INVITE sip:2@192.0.2.2 SIP/2.0";
    for (start, to_tag) in [(invite, ""), ("SIP/2.0 200 OK", ";tag=x")] {
        let text = message(start, "one", "1 INVITE", to_tag, "application/sdp", SDP);
        capture.datagram((5060, 5060), text.as_bytes());
    }
    capture
}

#[test]
fn one_call_of_very_many_refused_switches() {
    let mut capture = switched();
    for number in 2..4000 {
        let cseq = format!("{number} INVITE");
        for start in ["INVITE sip:2@192.0.2.2 SIP/2.0", "SIP/2.0 488 No"] {
            let text = message(start, "one", &cseq, ";tag=x", "application/sdp", SDP);
            capture.datagram((5060, 5060), text.as_bytes());
        }
    }
    let calls = analyse(&capture);
    let hints = &calls.first().unwrap().hints;
    assert!(hints.len() < 1000, "{} hints", hints.len());
}

/// A T.30 message of V.21, in octets as T.38 has them.
fn v21(seq: u16, octets: &[u8]) -> Vec<u8> {
    let len = u8::try_from(octets.len()).unwrap();
    let mut out = seq.to_be_bytes().to_vec();
    out.push(len + 6);
    out.extend([0xc0, 2, 0x80, 0, len - 1]);
    out.extend(octets);
    out.extend([0x20, 0, 0]);
    out
}

#[test]
fn one_fax_of_very_many_messages() {
    let mut capture = switched();
    for round in 0..10_000_u16 {
        let command = [0xff, 0xc8, 0xbf, 0, 0, 1, 0];
        capture.datagram(
            (4000, 4000),
            &v21(2 * round, &[0xff, 0xc8, 0x80, 0, 0x77, 0x5f, 0x23]),
        );
        capture.datagram((4000, 4000), &v21(2 * round + 1, &command));
    }
    assert_eq!(analyse(&capture).len(), 1);
}

#[test]
fn very_many_refused_calls() {
    let mut capture = Capture::new();
    for tag in 0..10_000 {
        let call = format!("call-{tag}");
        capture.datagram((5060, 5060), request("INVITE", &call, tag, 1).as_bytes());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &capture.octets).unwrap();
    let start = Instant::now();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .arg("check")
        .arg(file.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
}

#[test]
fn a_header_section_is_not_read_again_for_each_segment_behind_it() {
    let mut capture = Capture::new();
    let mut text = request("INVITE", "one", 1, 1);
    text.truncate(text.len() - "Content-Length: 0\r\n\r\n".len());
    text.push_str(&"X: y\r\n".repeat(50_000));
    text.push_str("Content-Length: 1900000\r\n\r\n");
    let mut seq = 1;
    for piece in text.as_bytes().chunks(1000) {
        capture.segment((5060, 5060), seq, piece);
        seq += u32::try_from(piece.len()).unwrap();
    }
    for _ in 0..30_000 {
        capture.segment((5060, 5060), seq, b"z");
        seq += 1;
    }
    analyse(&capture);
}

#[test]
fn very_many_unfinished_messages_over_tcp() {
    let mut capture = Capture::new();
    for port in 1024..60_000 {
        capture.segment(
            (port, 5060),
            1,
            b"INVITE sip:2@192.0.2.2 SIP/2.0\r\nCall-ID: x\r\nX: ",
        );
    }
    analyse(&capture);
}

#[test]
fn very_many_fragments_without_their_siblings() {
    let mut capture = Capture::new();
    for number in 0..30_000 {
        capture.packet((number >> 8, 1), 17, 0x2000, &[0; 40]);
        capture.packet((number >> 8, 2), 17, 0x3f40, &[0; 8]);
    }
    analyse(&capture);
}

#[test]
fn very_many_calls_with_sound_at_both_ends_of_the_capture() {
    let mut capture = Capture::new();
    for stamp in 0..4 {
        for number in 0..3000_u16 {
            // Telephone event CNG of RFC 4733: a fax, perhaps.
            let mut rtp = vec![0x80, 101, 0, stamp, 0, 0, 0, stamp, 0, 0];
            rtp.extend(number.to_be_bytes());
            rtp.extend([36, 0x8a, 0, 160]);
            let mut udp = vec![0x13, 0x88, 0x13, 0x8c, 0, 24, 0, 0];
            udp.extend(rtp);
            capture.packet(
                (2 * u32::from(number), 2 * u32::from(number) + 1),
                17,
                0,
                &udp,
            );
        }
    }
    analyse(&capture);
}

/// Octets of memory for each octet of a capture made to cost as much as it can, besides what any capture costs
/// (docs/performance.md).
#[cfg(target_os = "linux")]
#[test]
fn memory_is_a_multiple_of_the_capture() {
    const MULTIPLE: u64 = 40;
    const ANY: u64 = 160 << 20;
    let mut many = Capture::new();
    for tag in 0..15_000 {
        many.datagram(
            (5060, 5060),
            request("INVITE", &format!("call-{tag}"), tag, 1).as_bytes(),
        );
    }
    let mut flows = Capture::new();
    for port in 10_000..30_000 {
        for seq in 0..4 {
            flows.datagram((port, port), &[0, seq, 1, 6, 0, 1, 1, 0]);
        }
    }
    for capture in [many, flows] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &capture.octets).unwrap();
        let allowed = ANY + MULTIPLE * u64::try_from(capture.octets.len()).unwrap();
        let output = std::process::Command::new("sh")
            .env("FAXFLOW_CONFIG", "")
            .args([
                "-c",
                "ulimit -v \"$1\"; exec \"$0\" check --format json \"$2\"",
            ])
            .arg(env!("CARGO_BIN_EXE_faxflow"))
            .arg((allowed / 1024).to_string())
            .arg(file.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
    }
}

#[test]
fn one_invite_to_very_many_hosts() {
    let mut capture = Capture::new();
    let first = message(
        "INVITE sip:2@x SIP/2.0",
        "one",
        "1 INVITE",
        "",
        "application/sdp",
        SDP,
    );
    for host in 0..9000_u32 {
        let (from, via) = if host == 0 {
            (1, String::new())
        } else {
            (
                2,
                format!("Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKf{host}\r\n"),
            )
        };
        let text = first.replacen("Via:", &format!("{via}Via:"), 1);
        let length = u16::try_from(text.len() + 8).unwrap();
        let mut udp = Vec::new();
        for half in [5060, 5060, length, 0] {
            udp.extend(half.to_be_bytes());
        }
        udp.extend(text.as_bytes());
        capture.packet((from, 2 + host), 17, 0, &udp);
    }
    assert_eq!(analyse(&capture).len(), 1);
    draw(&capture);
}

#[test]
fn one_fax_of_very_many_preambles() {
    let mut capture = switched();
    // The indicators V.21 preamble and no signal, in turns.
    for seq in 0..40_000_u16 {
        let [high, low] = seq.to_be_bytes();
        let indicator = if seq % 2 == 0 { 6 } else { 0 };
        capture.datagram((4000, 4000), &[high, low, 1, indicator, 0, 0]);
    }
    assert_eq!(analyse(&capture).len(), 1);
}
