use super::*;
use proptest::prelude::*;

const BYE: &str = "BYE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n";
const OFFER: &str = "INVITE sip:a@b SIP/2.0\r\nCall-ID: 2\r\nc: application/sdp\r\nl: 22\r\n\r\nv=0\r\nm=image 4 x t38\r\n";

fn at(frame: u32) -> (FrameNo, Timestamp) {
    (FrameNo(frame), Timestamp(u64::from(frame)))
}

fn push(framer: &mut Framer, frame: u32, data: &[u8]) -> Vec<Framed> {
    let (frame, at) = at(frame);
    framer.push(data, frame, at, false)
}

fn texts(messages: &[Framed]) -> Vec<String> {
    messages
        .iter()
        .map(|message| String::from_utf8_lossy(&message.octets).into_owned())
        .collect()
}

/// The messages of a stream that comes in segments of `size` octets.
fn in_segments(stream: &[u8], size: usize) -> Vec<Framed> {
    let mut framer = Framer::new();
    let mut out = Vec::new();
    for (frame, segment) in (1..).zip(stream.chunks(size)) {
        out.extend(push(&mut framer, frame, segment));
    }
    out.extend(framer.finish());
    out
}

#[test]
fn frames_several_in_a_segment() {
    let mut framer = Framer::new();
    let out = push(
        &mut framer,
        1,
        format!("\r\n\r\n{BYE}{OFFER}\r\n{BYE}").as_bytes(),
    );
    assert_eq!(texts(&out), [BYE, OFFER, BYE]);
    assert_eq!(framer.verdict(), Verdict::Sip);
    assert!(
        out.iter()
            .all(|message| !message.cut && message.first == at(1))
    );
}

#[test]
fn frames_any_segmentation() {
    let stream = format!("{OFFER}\r\n\r\n{BYE}{OFFER}");
    for size in 1..stream.len() {
        assert_eq!(
            texts(&in_segments(stream.as_bytes(), size)),
            [OFFER, BYE, OFFER],
            "{size}"
        );
    }
}

#[test]
fn knows_first_and_last_frame() {
    let mut framer = Framer::new();
    let (first, second) = OFFER.split_at(70);
    let data = format!("{BYE}{first}");
    assert_eq!(push(&mut framer, 5, data.as_bytes()).len(), 1);
    assert_eq!(push(&mut framer, 6, b"").len(), 0);
    let out = push(&mut framer, 8, format!("{second}{BYE}").as_bytes());
    assert_eq!((out[0].first, out[0].last), (at(5), at(8)));
    assert_eq!((out[1].first, out[1].last), (at(8), at(8)));
}

#[test]
fn survives_wrong_content_length() {
    for length in [
        "3",
        "20",
        "21",
        "23",
        "300",
        "99999999999999999999",
        "x",
        "",
    ] {
        let wrong = OFFER.replace("l: 22", &format!("l: {length}"));
        let stream = format!("{wrong}{BYE}{BYE}");
        let out = in_segments(stream.as_bytes(), 4096);
        assert!(
            texts(&out).ends_with(&[BYE.to_owned()]),
            "{length}: {:?}",
            texts(&out)
        );
        assert_eq!(out.len(), 3, "{length}: {:?}", texts(&out));
        // The line end of the last line may be taken for one between messages.
        assert!(out[0].octets.len() + 2 >= wrong.len(), "{length}");
    }
    let none = OFFER.replace("l: 22\r\n", "");
    let out = in_segments(format!("{none}{BYE}").as_bytes(), 4096);
    assert_eq!(texts(&out), [none, BYE.to_owned()]);
}

#[test]
fn start_lines_in_sipfrag_are_body() {
    let notify = "NOTIFY sip:a SIP/2.0\r\nContent-Type: message/sipfrag\r\nContent-Length: 16\r\n\r\nSIP/2.0 200 OK\r\n";
    let out = in_segments(format!("{notify}{BYE}").as_bytes(), 7);
    assert_eq!(texts(&out), [notify, BYE]);
}

#[test]
fn resyncs_after_gap_and_in_the_middle() {
    let mut framer = Framer::new();
    push(&mut framer, 1, &OFFER.as_bytes()[..40]);
    let (frame, time) = at(2);
    let out = framer.push(format!("=x\r\na=y\r\n{BYE}").as_bytes(), frame, time, true);
    assert_eq!(texts(&out), [&OFFER[..40], BYE]);
    assert!(out[0].cut && !out[1].cut);
    // a capture that begins in the middle of a message
    let mut framer = Framer::new();
    assert!(push(&mut framer, 1, &OFFER.as_bytes()[50..]).is_empty());
    assert_eq!(texts(&push(&mut framer, 2, BYE.as_bytes())), [BYE]);
}

#[test]
fn gives_out_what_was_begun() {
    let mut framer = Framer::new();
    assert!(push(&mut framer, 1, &OFFER.as_bytes()[..60]).is_empty());
    let out = framer.finish();
    assert_eq!(texts(&out), [&OFFER[..60]]);
    assert!(out[0].cut);
    assert!(framer.finish().is_empty());
}

#[test]
fn tells_what_is_no_sip() {
    for stream in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x03\x00\x00\x0c\x80\x01\x02\x03\xff\xfe\xfd\xfc",
    ] {
        let mut framer = Framer::new();
        assert!(push(&mut framer, 1, stream).is_empty());
        assert_eq!(framer.verdict(), Verdict::NotSip, "{stream:?}");
        assert!(framer.buffer.is_empty());
    }
    let mut framer = Framer::new();
    for frame in 0..100 {
        push(
            &mut framer,
            frame,
            &b"220 mail.example ESMTP; ready\r\n".repeat(10),
        );
    }
    assert_eq!(framer.verdict(), Verdict::NotSip);
}

#[test]
fn long_messages_are_bounded() {
    let mut framer = Framer::new();
    let mut out = push(&mut framer, 1, b"INVITE sip:a SIP/2.0\r\nX: ");
    for frame in 2..80 {
        out.extend(push(&mut framer, frame, &vec![b'a'; 65_536]));
        assert!(framer.buffer.len() <= MAX_MESSAGE + 65_536);
    }
    assert!(out[0].cut);
    assert_eq!(
        texts(&push(&mut framer, 99, format!("\r\n\r\n{BYE}").as_bytes())),
        [BYE]
    );
}

#[test]
fn unwraps_websocket() {
    fn wrapped(flags: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![flags, if mask.is_some() { 0xFE } else { 0x7E }];
        out.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        out.extend(mask.iter().flatten());
        let mask = mask.unwrap_or_default();
        out.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
        out
    }
    let head = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: foo, sip\r\n\r\n";
    let mut stream = head.to_vec();
    let (first, second) = OFFER.as_bytes().split_at(30);
    stream.extend(wrapped(0x81, Some([1, 2, 3, 4]), BYE.as_bytes()));
    stream.extend(wrapped(0x02, None, first));
    stream.extend([0x89, 0x00]);
    stream.extend(wrapped(0x80, Some([9, 9, 0, 9]), second));
    for size in [1, 3, 50, 4096] {
        let out = in_segments(&stream, size);
        assert_eq!(texts(&out), [BYE, OFFER], "{size}");
        assert!(out.iter().all(|message| message.websocket));
    }
}

proptest! {
    #[test]
    fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..600), size in 1_usize..100) {
        let _ = in_segments(&octets, size);
        let mut stream = BYE.as_bytes().to_vec();
        stream.extend_from_slice(&octets);
        prop_assert!(!in_segments(&stream, size).is_empty());
    }

    #[test]
    fn websocket_never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300), size in 1_usize..50) {
        let mut stream = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n".to_vec();
        stream.extend_from_slice(&octets);
        let _ = in_segments(&stream, size);
    }

    #[test]
    fn whole_messages_after_junk_are_found(junk in "[ -~\r\n]{0,60}", size in 1_usize..80) {
        let stream = format!("{OFFER}{junk}\r\n{BYE}");
        let out = in_segments(stream.as_bytes(), size);
        let texts = texts(&out);
        prop_assert_eq!(texts.last().map(String::as_str), Some(BYE));
    }
}
