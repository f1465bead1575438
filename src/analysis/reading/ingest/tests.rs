use std::io::Write;
use std::path::Path;

use proptest::prelude::*;

use crate::analysis::Options;
use crate::analysis::reading::Analysis;
use crate::analysis::reading::fixture::{self, ethernet};
use crate::analysis::reading::ingest::Ingest;
use crate::call::CallNo;
use crate::call::index::{FlowEntry, Index};
use crate::capture::packet::Decoder;
use crate::capture::reader::Reader;
use crate::capture::store::Store;
use crate::rtp::RtpArrival;

/// What the frames of a test are made of.
#[derive(Clone)]
struct Voice {
    /// Milliseconds.
    at: u64,
    sequence: u16,
    time: u32,
    kind: u8,
    octets: usize,
    /// IPv4's identification.
    identification: u16,
    vlan: bool,
    /// 0 or 1.
    call: u16,
}

/// Packets of 20 ms, `count` of them.
fn stream(first: u16, count: u16) -> Vec<Voice> {
    let packet = |n: u16| Voice {
        at: 200 + u64::from(n) * 20,
        sequence: first.wrapping_add(n),
        time: 0xFFFF_F000_u32.wrapping_add(u32::from(n) * 160),
        kind: if n == 0 { 0x80 } else { 0 },
        octets: 160,
        identification: n + 1,
        vlan: false,
        call: 0,
    };
    (0..count).map(packet).collect()
}

fn sip(call: u16, start: &str, media: u16) -> Vec<u8> {
    let body = format!(
        "v=0\r\nc=IN IP4 192.0.2.{}\r\nm=audio {media} RTP/AVP 0\r\n",
        if media < 5000 { 1 } else { 2 }
    );
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:1@192.0.2.1>;tag=a\r\n\
         To: <sip:2@192.0.2.2>\r\nCall-ID: pace-{call}\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A call with these packets of the caller, read.
fn read(voice: &[Voice]) -> Analysis {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all(&capture(voice)).unwrap();
    open(file.path())
}

/// The same from a compressed capture: single frames of it cannot be read again.
fn read_compressed(voice: &[Voice]) -> Analysis {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut packed = flate2::write::GzEncoder::new(file.as_file(), flate2::Compression::fast());
    packed.write_all(&capture(voice)).unwrap();
    packed.finish().unwrap();
    open(file.path())
}

fn open(path: &Path) -> Analysis {
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    analysis
}

fn capture(voice: &[Voice]) -> Vec<u8> {
    let mut capture = fixture::header();
    let mut record = |ms: u64, frame: &[u8]| {
        let seconds = 1 + u32::try_from(ms / 1000).unwrap();
        let micros = u32::try_from(ms % 1000 * 1000).unwrap();
        capture.extend(fixture::record(seconds, micros, frame));
    };
    let mut begun = None;
    for packet in voice {
        let (call, at) = (packet.call, packet.at - 200);
        if begun != Some(call) {
            begun = Some(call);
            let invite = sip(call, "INVITE sip:2@192.0.2.2 SIP/2.0", 4000 + call);
            record(at, &ethernet(false, 1, (5060, 5060), &invite));
            let answer = sip(call, "SIP/2.0 200 OK", 5000 + call);
            record(at + 100, &ethernet(false, 2, (5060, 5060), &answer));
        }
        let mut rtp = vec![0x80, packet.kind];
        rtp.extend(packet.sequence.to_be_bytes());
        rtp.extend(packet.time.to_be_bytes());
        rtp.extend([1, 2, 3, 4]);
        rtp.extend(vec![
            if packet.octets == 4 { 36 } else { 0xff };
            packet.octets
        ]);
        let frame = ethernet(
            packet.vlan,
            packet.identification,
            (4000 + call, 5000 + call),
            &rtp,
        );
        record(packet.at, &frame);
    }
    capture
}

/// The one flow of a capture, and its packets as they are in the file, their sound left out.
fn with_flow<R>(analysis: &Analysis, look: impl FnOnce(&FlowEntry, Vec<RtpArrival>) -> R) -> R {
    let index = &analysis.index;
    let [flow] = index.flows() else {
        panic!("{} flows", index.flows().len())
    };
    let mut read = Vec::new();
    let mut decoder = Decoder::new();
    let noted: Vec<_> = flow.rtp_locations().unwrap().collect();
    analysis
        .store
        .pick(noted, |frame| {
            decoder.decode(frame, &mut |packet| {
                read.push(RtpArrival {
                    frame: packet.frame,
                    at: packet.at,
                    src: packet.src,
                    dst: packet.dst,
                    payload: packet.payload[..12].to_vec(),
                    cut: u32::try_from(packet.payload.len() - 12).unwrap(),
                });
            });
        })
        .unwrap();
    look(flow, read)
}

#[test]
fn headers_of_a_regular_stream_are_predicted() {
    // Both numbers begin again on the way.
    for first in [7, 65_500] {
        let analysis = read(&stream(first, 300));
        with_flow(&analysis, |flow, read| {
            assert_eq!((flow.rtp, read.len()), (300, 300));
            assert_eq!(flow.predicted().unwrap(), read);
        });
        // Its end is read: a tone that no sample met may be there.
        let sound = analysis.read_rtp(&analysis.calls).unwrap();
        let octets: Vec<usize> = sound
            .values()
            .flatten()
            .map(|it| it.payload.len())
            .collect();
        assert_eq!(octets, [vec![12; 200], vec![172; 100]].concat());
    }
}

#[test]
fn an_irregular_stream_is_read() {
    let whole = stream(7, 100);
    let lost = [&whole[..50], &whole[51..]].concat();
    let late = [&whole[..50], &whole[51..53], &whole[50..51], &whole[53..]].concat();
    let mut other_kind = whole.clone();
    other_kind[60].kind = 13;
    let mut other_size = whole.clone();
    other_size[60].octets = 80;
    let mut later = whole.clone();
    later[60..].iter_mut().for_each(|packet| packet.time += 160);
    let mut pause = whole.clone();
    pause[60..].iter_mut().for_each(|packet| packet.at += 5000);
    for (what, voice) in [
        ("lost", lost),
        ("late", late),
        ("kind", other_kind),
        ("size", other_size),
        ("time", later),
    ] {
        with_flow(&read(&voice), |flow, read| {
            assert!(flow.predicted().is_none(), "{what}");
            assert_eq!(usize::try_from(flow.rtp), Ok(voice.len()), "{what}");
            assert_eq!(read.len(), voice.len(), "{what}");
        });
    }
    // Nothing is lost in a pause; its time is known.
    with_flow(&read(&pause), |flow, read| {
        assert!(flow.predicted().is_none_or(|predicted| predicted == read));
    });
}

#[test]
fn copies_are_copies_whichever_way_they_come() {
    // (VLAN of the original, of the copy; ms and packets between them): a mirror of both ports, a trunk.
    for (first, second) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut voice = Vec::new();
        for packet in stream(7, 100) {
            let copy = Voice {
                vlan: second,
                at: packet.at + 1,
                ..packet.clone()
            };
            voice.push(Voice {
                vlan: first,
                ..packet
            });
            voice.push(copy);
        }
        let analysis = read(&voice);
        with_flow(&analysis, |flow, _| {
            assert_eq!((flow.rtp, flow.duplicates), (100, 100), "{first} {second}");
        });
        assert_eq!(analysis.info().duplicate_frames, 100, "{first} {second}");
    }
}

#[test]
fn a_packet_sent_twice_is_no_copy() {
    let mut voice = Vec::new();
    for packet in stream(7, 50) {
        let again = Voice {
            at: packet.at + 1,
            identification: packet.identification + 1000,
            ..packet.clone()
        };
        voice.extend([packet, again]);
    }
    let analysis = read(&voice);
    with_flow(&analysis, |flow, _| {
        assert_eq!((flow.rtp, flow.duplicates), (100, 0));
        assert!(flow.predicted().is_none());
    });
    assert_eq!(analysis.numbers().next(), Some(CallNo(1)));
}

#[test]
fn sound_of_a_compressed_capture_is_searched_once_and_kept() {
    // Two calls with an event of a fax (RFC 4734, CNG), so that they are listened to.
    let mut voice = stream(7, 300);
    let mut event = voice[150].clone();
    (event.kind, event.octets, event.identification) = (101, 4, 5000);
    voice.insert(150, event);
    let second = voice.iter().map(|packet| Voice {
        at: packet.at + 100_000,
        call: 1,
        ..packet.clone()
    });
    voice.extend(second.collect::<Vec<_>>());
    let plain = read(&voice);
    let compressed = read_compressed(&voice);
    let sound = |analysis: &Analysis| {
        let dialogs: Vec<_> = analysis.calls.clone();
        analysis.read_rtp(&dialogs).unwrap()
    };
    assert!(plain.kept_sound.is_empty());
    assert_eq!(compressed.kept_sound.len(), 2);
    assert_eq!(sound(&plain).values().map(Vec::len).sum::<usize>(), 602);
    assert_eq!(sound(&plain), sound(&compressed));
}

/// What an index knows of each flow of a capture, and its duplicate frames.
fn facts(index: &Index, duplicate_frames: u64) -> (Vec<String>, u64) {
    let flow = |flow: &FlowEntry| {
        let counts = (flow.rtp, flow.rtp_octets, flow.duplicates);
        let ends = (flow.first_frame, flow.last, flow.last_frame);
        let locations: Option<Vec<_>> = flow.rtp_locations().map(Iterator::collect);
        format!("{counts:?} {ends:?} {locations:?} {:?}", flow.predicted())
    };
    let flows = index.flows().iter().map(flow).collect();
    (flows, duplicate_frames + index.copies)
}

/// A capture indexed without the fast path.
fn decoded(voice: &[Voice]) -> (Vec<String>, u64) {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all(&capture(voice)).unwrap();
    let mut reader = Reader::open(file.path()).unwrap();
    let (mut decoder, mut index) = (Decoder::new(), Index::new());
    let (mut store, mut start) = (Store::new(&reader), None);
    let mut ingest = Ingest {
        decoder: &mut decoder,
        index: &mut index,
        store: &mut store,
        start: &mut start,
        failure: None,
    };
    while let Some(frame) = reader.next_frame().unwrap() {
        ingest.take_any(&frame);
    }
    index.distribute_locations();
    decoder.report(reader.info_mut(), true);
    facts(&index, reader.info().duplicate_frames)
}

/// A change of a stream at one of its packets.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lost,
    Late,
    Pause,
    Jump,
    Kind,
    Size,
    Event,
    Copy,
    Vlan,
}

fn with_faults(faults: &[(usize, Fault)]) -> Vec<Voice> {
    let mut voice = stream(7, 60);
    for (at, fault) in faults {
        let at = at % (voice.len() - 1);
        match fault {
            Fault::Lost => {
                voice.remove(at);
            }
            Fault::Late => {
                let time = voice[at].at;
                voice[at].at = voice[at + 1].at;
                voice[at + 1].at = time;
                voice.swap(at, at + 1);
            }
            Fault::Pause => voice[at..].iter_mut().for_each(|packet| packet.at += 5000),
            Fault::Jump => {
                for packet in &mut voice[at..] {
                    packet.time = packet.time.wrapping_add(160);
                }
            }
            Fault::Kind => voice[at].kind = 13,
            Fault::Size => voice[at..].iter_mut().for_each(|packet| packet.octets = 80),
            Fault::Event => (voice[at].kind, voice[at].octets) = (101, 4),
            Fault::Copy => voice.insert(at, voice[at].clone()),
            Fault::Vlan => voice[at].vlan = true,
        }
    }
    voice
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_fast_path_counts_what_decoding_counts(
        faults in prop::collection::vec(
            (any::<usize>(), prop::sample::select(vec![
                Fault::Lost, Fault::Late, Fault::Pause, Fault::Jump, Fault::Kind,
                Fault::Size, Fault::Event, Fault::Copy, Fault::Vlan,
            ])),
            0..4,
        ),
    ) {
        let voice = with_faults(&faults);
        let fast = read(&voice);
        // `settle` has added the copies that only the index saw.
        let frames = fast.info().duplicate_frames - fast.index.copies;
        prop_assert_eq!(facts(&fast.index, frames), decoded(&voice));
    }
}
