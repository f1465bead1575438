//! The limits of the index; under test they are small.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::capture::Stamp;
use crate::capture::reader::Reader;

/// An index with the store that it needs.
struct Made {
    index: Index,
    store: Store,
    frame: u32,
}

impl Made {
    fn new() -> Self {
        let mut header = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend([0, 0, 4, 0, 101, 0, 0, 0]);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), header).unwrap();
        Self {
            index: Index::new(),
            store: Store::new(&Reader::open(file.path()).unwrap()),
            frame: 0,
        }
    }

    fn push(&mut self, ends: (Endpoint, Endpoint), transport: Transport, payload: &[u8]) {
        self.frame += 1;
        let packet = Packet {
            frame: FrameNo(self.frame),
            at: Timestamp(u64::from(self.frame) * 1_000_000),
            src: ends.0,
            dst: ends.1,
            transport,
            payload,
            cut: 0,
            offset: None,
            duplicate: false,
            stamp: Stamp::NONE,
        };
        self.index
            .push(&packet, Mark::default(), &mut self.store)
            .unwrap();
    }
}

fn end(host: u32, port: u16) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + host)), port)
}

fn invite(call: &str, body: &str) -> String {
    format!(
        "INVITE sip:2@192.0.2.2 SIP/2.0\r\nFrom: <sip:1@192.0.2.1>;tag=t\r\nTo: <sip:2@192.0.2.2>\r\nCall-ID: {call}\r\n\
         CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const INDICATOR: [u8; 8] = [0, 0, 1, 6, 0, 1, 1, 0];

#[test]
fn t38_packets_of_a_flow_are_limited() {
    let mut made = Made::new();
    for _ in 0..MAX_T38 + 50 {
        made.push((end(1, 4000), end(2, 4000)), Transport::Udp, &INDICATOR);
    }
    let kept: Vec<usize> = made
        .index
        .flows()
        .iter()
        .map(|flow| flow.t38.len())
        .collect();
    assert_eq!(kept, [MAX_T38]);
    assert_eq!(made.index.left_out, 50);
}

#[test]
fn flows_are_limited() {
    let mut made = Made::new();
    for host in 0..u32::try_from(MAX_FLOWS + 50).unwrap() {
        made.push(
            (end(host, 4000), end(host + 1, 5000)),
            Transport::Udp,
            &INDICATOR,
        );
    }
    assert_eq!(made.index.flows().len(), MAX_FLOWS);
    assert_eq!(made.index.left_out, 50);
}

#[test]
fn claims_and_the_media_lines_of_a_body_are_limited() {
    let mut made = Made::new();
    for call in 0..MAX_CLAIMS / 100 {
        let mut body = format!("v=0\r\nc=IN IP4 192.0.{}.{}\r\n", call / 250, call % 250);
        for port in 1..=1000 {
            body.push_str(&format!("m=audio {port} RTP/AVP 0\r\n"));
        }
        let text = invite(&format!("c{call}"), &body);
        made.push(
            (end(1, 5060), end(2, 5060)),
            Transport::Udp,
            text.as_bytes(),
        );
        made.index.take_waiting_claims();
        assert!(made.index.claims.len() <= 200 * (call + 1));
    }
    assert_eq!(made.index.claims.len(), MAX_CLAIMS);
}

fn segment(seq: u32) -> Transport {
    Transport::Tcp {
        seq,
        syn: false,
        end: false,
    }
}

#[test]
fn unfinished_messages_over_tcp_are_limited_and_not_lost() {
    let mut made = Made::new();
    let begun = "INVITE sip:2@192.0.2.2 SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nX: ";
    for host in 0..1000 {
        made.push(
            (end(host, 4000), end(9, 5060)),
            segment(1),
            begun.as_bytes(),
        );
        assert!(made.index.framers.len() <= MAX_FRAMERS + 1);
    }
    let messages: usize = made
        .index
        .dialogs()
        .iter()
        .map(|dialog| dialog.messages.len())
        .sum();
    assert!(messages >= 1000 - MAX_FRAMERS - 1, "{messages}");
}

#[test]
fn octets_that_wait_over_tcp_are_limited() {
    let mut made = Made::new();
    let begun = "INVITE sip:2@192.0.2.2 SIP/2.0\r\nCall-ID: x\r\nX: ";
    let more = vec![b'x'; 50_000];
    for host in 0..50 {
        let path = (end(host, 4000), end(9, 5060));
        made.push(path, segment(1), begun.as_bytes());
        let next = 1 + u32::try_from(begun.len()).unwrap();
        made.push(path, segment(next), &more);
        let held: usize = made.index.framers.values().map(Framer::held).sum();
        assert_eq!(held, made.index.framed);
        assert!(held <= MAX_FRAMED + more.len(), "{held}");
    }
}

#[test]
fn hosts_that_relay_are_limited() {
    let mut made = Made::new();
    for host in 0..1000 {
        let text = invite("one", "");
        made.push(
            (end(host, 5060), end(host + 1, 5060)),
            Transport::Udp,
            text.as_bytes(),
        );
    }
    let hops = made.index.dialogs().get(0).unwrap().rare().hops.len();
    assert!(hops <= 70, "{hops}");
}
