//! Captures made to cost much: time stays within a multiple of their size, also in a debug build.
#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use faxflow::analysis::reading::Analysis;
use faxflow::analysis::{Analysed, Options};

/// Generous: a loaded machine and a debug build; a loop over the square takes minutes.
const LONGEST: Duration = Duration::from_secs(40);

/// A pcap file of raw IP.
struct Capture {
    octets: Vec<u8>,
    frames: u32,
}

impl Capture {
    fn new() -> Self {
        let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        octets.extend(262_144_u32.to_le_bytes());
        octets.extend(101_u32.to_le_bytes());
        Self { octets, frames: 0 }
    }

    /// A datagram from host 1 to host 2, a millisecond after the one before.
    fn datagram(&mut self, (src, dst): (u16, u16), payload: &[u8]) {
        self.frames += 1;
        let udp = u16::try_from(payload.len() + 8).unwrap();
        let len = u32::from(udp) + 20;
        for word in [
            1_700_000_000 + self.frames / 1000,
            self.frames % 1000 * 1000,
            len,
            len,
        ] {
            self.octets.extend(word.to_le_bytes());
        }
        let id = u16::try_from(self.frames & 0xffff).unwrap().to_be_bytes();
        self.octets.extend([0x45, 0]);
        self.octets.extend((udp + 20).to_be_bytes());
        self.octets.extend(id);
        self.octets
            .extend([0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
        for half in [src, dst, udp, 0] {
            self.octets.extend(half.to_be_bytes());
        }
        self.octets.extend(payload);
    }

    /// All calls analysed: what they are, within the time.
    fn analyse(&self) -> Vec<Analysed> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &self.octets).unwrap();
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
}

fn request(method: &str, call: &str, tag: u32, cseq: u32) -> String {
    format!(
        "{method} sip:2@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{tag}x{cseq}\r\n\
         From: <sip:1@192.0.2.1>;tag=t{tag}\r\nTo: <sip:2@192.0.2.2>\r\nCall-ID: {call}\r\n\
         CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn one_dialog_of_very_many_transactions() {
    let mut capture = Capture::new();
    for number in 1..=30_000 {
        let method = if number == 1 { "INVITE" } else { "INFO" };
        capture.datagram((5060, 5060), request(method, "one", 1, number).as_bytes());
    }
    let calls = capture.analyse();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls.first().unwrap().call.transactions.len(), 30_000);
}

#[test]
fn one_call_id_of_very_many_tags() {
    let mut capture = Capture::new();
    for tag in 0..15_000 {
        capture.datagram((5060, 5060), request("INVITE", "same", tag, 1).as_bytes());
    }
    assert!(!capture.analyse().is_empty());
}

#[test]
fn very_many_calls() {
    let mut capture = Capture::new();
    for tag in 0..15_000 {
        let call = format!("call-{tag}");
        capture.datagram((5060, 5060), request("INVITE", &call, tag, 1).as_bytes());
    }
    assert_eq!(capture.analyse().len(), 15_000);
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
    assert!(!capture.analyse().is_empty());
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
