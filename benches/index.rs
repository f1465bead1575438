//! Parts of the first pass: start line and headers of SIP, and the whole way from octets to the index.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may fail by panic"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxflow::api::analysis::Options;
use faxflow::api::analysis::reading::Analysis;
use faxflow::api::capture::packet::Decoder;
use faxflow::api::capture::reader::Reader;
use faxflow::api::sip::scan::scan;

const INVITE: &[u8] = b"INVITE sip:2007@192.0.2.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK0a1b2c3d4e5f;rport\r\n\
Max-Forwards: 70\r\n\
From: \"User 1007\" <sip:1007@192.0.2.10>;tag=9f86d081\r\n\
To: <sip:2007@192.0.2.1>\r\n\
Call-ID: 884c7d659a2feaa0@192.0.2.10\r\n\
CSeq: 1 INVITE\r\n\
Contact: <sip:1007@192.0.2.10:5060>\r\n\
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE\r\n\
User-Agent: PBX 1.8\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 0\r\n\r\n";

fn demo() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.pcap"))
}

fn parts(criterion: &mut Criterion) {
    criterion.bench_function("sip scan", |bench| {
        bench.iter(|| scan(black_box(INVITE)).unwrap().call_id());
    });
    let octets = std::fs::metadata(demo()).unwrap().len();
    let mut group = criterion.benchmark_group("demo.pcap");
    group.throughput(Throughput::Bytes(octets));
    group.bench_function("frames to payloads", |bench| {
        bench.iter(|| {
            let mut reader = Reader::open(demo()).unwrap();
            let mut decoder = Decoder::new();
            let mut sum = 0;
            while let Some(frame) = reader.next_frame().unwrap() {
                decoder.decode(&frame, &mut |packet| sum += packet.payload.len());
            }
            sum
        });
    });
    group.bench_function("index", |bench| {
        bench.iter(|| {
            let mut analysis = Analysis::open(Options {
                file: demo().to_owned(),
                ..Options::default()
            })
            .unwrap();
            analysis.read_all(|_| {}).unwrap();
            analysis.numbers().count()
        });
    });
    group.finish();
}

criterion_group!(benches, parts);
criterion_main!(benches);
