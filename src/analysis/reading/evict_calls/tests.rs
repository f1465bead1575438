use std::fmt::Write as _;
use std::io::Write;

use crate::analysis::Options;
use crate::analysis::reading::{Analysis, fixture};
use crate::call::CallNo;

/// A capture that grows.
struct Growing {
    file: tempfile::NamedTempFile,
    analysis: Analysis,
}

impl Growing {
    fn new(keep_calls: Option<usize>) -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&fixture::header()).unwrap();
        let options = Options {
            file: file.path().to_owned(),
            follow: true,
            keep_calls,
            ..Options::default()
        };
        let analysis = Analysis::open(options).unwrap();
        Self { file, analysis }
    }

    /// A datagram between 192.0.2.1 and 192.0.2.2, at this second.
    fn datagram(&mut self, at: u32, ports: (u16, u16), payload: &[u8]) {
        let identification = u16::try_from(self.analysis.info().packets).unwrap();
        let frame = fixture::ethernet(false, identification, ports, payload);
        let record = fixture::record(1000 + at, 0, &frame);
        self.file.write_all(&record).unwrap();
        while self.analysis.step(100).unwrap() {}
    }

    fn sip(&mut self, at: u32, call: u32, start: &str, method: &str, sdp: &str) {
        let mut text = format!(
            "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{call}{method}\r\n\
             From: <sip:{call}@192.0.2.1>;tag=a\r\nTo: <sip:2@192.0.2.2>;tag=b\r\n\
             Call-ID: call-{call}\r\nCSeq: 1 {method}\r\n"
        );
        if !sdp.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        write!(text, "Content-Length: {}\r\n\r\n{sdp}", sdp.len()).unwrap();
        self.datagram(at, (5060, 5060), text.as_bytes());
    }

    fn begin(&mut self, at: u32, call: u32, media: &str) {
        let sdp = format!("v=0\r\nc=IN IP4 192.0.2.1\r\nm={media}\r\n");
        let invite = format!("INVITE sip:{call}@192.0.2.2 SIP/2.0");
        self.sip(at, call, &invite, "INVITE", &sdp);
        self.sip(at + 1, call, "SIP/2.0 200 OK", "INVITE", "");
    }

    fn end(&mut self, at: u32, call: u32) {
        self.sip(at, call, "BYE sip:2@192.0.2.2 SIP/2.0", "BYE", "");
        self.sip(at, call, "SIP/2.0 200 OK", "BYE", "");
    }

    fn settle(&mut self, pinned: &[CallNo]) -> Vec<u32> {
        self.analysis.settle();
        let gone = self.analysis.evict_calls(pinned);
        gone.into_iter().map(|number| number.0).collect()
    }

    /// Number, and number in the Call-ID, of all calls.
    fn listed(&self) -> Vec<(u32, String)> {
        let call_id = |number| {
            let row = self.analysis.row(number).unwrap();
            let call_id = row.call_id.unwrap();
            String::from_utf8_lossy(&call_id[5..]).into_owned()
        };
        self.analysis
            .numbers()
            .map(|number| (number.0, call_id(number)))
            .collect()
    }
}

const VOICE: &str = "audio 4000 RTP/AVP 0";

fn same(numbers: &[u32]) -> Vec<(u32, String)> {
    numbers.iter().map(|it| (*it, it.to_string())).collect()
}

#[test]
fn finished_voice_calls_go_and_keep_their_numbers() {
    let mut capture = Growing::new(Some(3));
    // 1 never ends, 3 is a fax, the others are voice and over.
    capture.begin(0, 1, VOICE);
    for call in 2..=8 {
        let media = if call == 3 {
            "image 4000 udptl t38"
        } else {
            VOICE
        };
        capture.begin(call * 10, call, media);
        capture.end(call * 10 + 5, call);
    }
    // Repeats of the end may still come.
    assert!(capture.settle(&[]).is_empty());
    capture.begin(142, 9, VOICE);
    assert_eq!(capture.settle(&[]), [2, 4, 5, 6, 7]);
    assert_eq!(capture.listed(), same(&[1, 3, 8, 9]));
    capture.begin(300, 10, VOICE);
    assert!(capture.settle(&[CallNo(8)]).is_empty());
    assert_eq!(capture.settle(&[]), [8]);
    assert_eq!(capture.listed(), same(&[1, 3, 9, 10]));
    let note = &capture.analysis.info().notes[0].text;
    assert!(note.starts_with("6 finished voice calls dropped"), "{note}");
    assert_eq!(capture.analysis.by_call_id("call-9"), Some(CallNo(9)));
    assert_eq!(capture.analysis.by_call_id("call-2"), None);
}

#[test]
fn what_is_left_goes_on_as_before() {
    let rtp = |sequence: u16| {
        let mut packet = vec![0x80, 0];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * 160).to_be_bytes());
        packet.extend([1, 2, 3, 4]);
        packet.extend([0xff; 160]);
        packet
    };
    let mut capture = Growing::new(Some(1));
    let mut whole = Growing::new(None);
    for capture in [&mut capture, &mut whole] {
        for call in 1..=5 {
            capture.begin(call, call, VOICE);
            capture.datagram(call, (4000, 6000), &rtp(1));
            capture.end(call, call);
        }
        capture.begin(100, 6, VOICE);
        for sequence in 1..20 {
            capture.datagram(101, (4000, 6000), &rtp(sequence));
        }
    }
    assert_eq!(capture.settle(&[]), [1, 2, 3, 4, 5]);
    whole.settle(&[]);
    for capture in [&mut capture, &mut whole] {
        for sequence in 20..40 {
            capture.datagram(102, (4000, 6000), &rtp(sequence));
        }
        capture.end(110, 6);
        capture.settle(&[CallNo(6)]);
    }
    let row = |capture: &Growing| {
        let row = capture.analysis.row(CallNo(6)).unwrap();
        format!("{row:?}")
    };
    assert_eq!(row(&capture), row(&whole));
    assert_eq!(capture.analysis.row(CallNo(6)).unwrap().packets.rtp, 39);
    assert!(capture.analysis.row(CallNo(5)).is_none());
    let sound = capture.analysis.analyse(CallNo(6)).unwrap().unwrap();
    let all = whole.analysis.analyse(CallNo(6)).unwrap().unwrap();
    assert_eq!(sound.call.events.len(), all.call.events.len());
}

#[test]
fn a_call_that_was_suspected_and_is_no_fax_may_go() {
    let mut capture = Growing::new(Some(1));
    // An answer tone as an event (RFC 4734, ANS) on a call of voice: a modem, perhaps.
    capture.begin(1, 1, "audio 4000 RTP/AVP 0 101");
    let rtp = |kind: u8, number: u8, sound: &[u8]| {
        let header = [0x80, kind, 0, number, 0, 0, number, 0, 1, 2, 3, 4];
        [&header[..], sound].concat()
    };
    for number in 1..5 {
        capture.datagram(2, (4000, 6000), &rtp(0, number, &[0xff; 160]));
    }
    capture.datagram(2, (4000, 6000), &rtp(101, 5, &[32, 10, 0, 160]));
    capture.end(5, 1);
    capture.begin(100, 2, VOICE);
    assert!(capture.settle(&[]).is_empty());
    assert!(capture.analysis.may_be_fax(CallNo(1)));
    let analysed = capture.analysis.analyse_all(&[CallNo(1)], false).unwrap();
    assert!(analysed[0].call.fax.is_none());
    capture.analysis.note_analysed(&analysed);
    assert_eq!(capture.settle(&[]), [1]);
}
