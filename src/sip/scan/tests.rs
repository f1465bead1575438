use super::*;
use crate::sip::fast::plain_headers::tests::section;
use crate::sip::lexer::MAX_HEADER;
use proptest::prelude::*;

const INVITE: &[u8] = b"INVITE sip:0049301234@pbx.example;user=phone SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776\r\n\
Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKold\r\n\
From: \"A \\\"fax\\\" <x>;tag=no\" <sip:a@b;tag=uri>;tag=88sja8x\r\n\
To: <sip:0049301234@pbx.example>\r\n\
Call-ID: 987asjd97y7atg\r\n\
CSeq: 986759 INVITE\r\n\
Contact: <sip:a@192.0.2.1>\r\n\
User-Agent: x/1\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 5\r\n\r\nv=0\r\n";

#[test]
fn scans_invite() {
    let brief = scan(INVITE).unwrap();
    assert_eq!(brief.call_id(), Some(&b"987asjd97y7atg"[..]));
    assert_eq!(brief.from_tag, Some(&b"88sja8x"[..]));
    assert_eq!(brief.to_tag, None);
    assert_eq!(brief.cseq(), Some((986_759, &b"INVITE"[..])));
    assert_eq!(brief.content_length(), Some(5));
    assert_eq!(brief.body, b"v=0\r\n");
    assert!(brief.has_sdp() && brief.complete);
}

#[test]
fn scans_compact_folded_odd_case() {
    let text = b"sip/2.0  200\nv : SIP/2.0/TCP h ; BRANCH = abc ,SIP/2.0/UDP i;branch=d\n\
F:\n <sip:a@b>\n ;\n\ttag=1x\nt: sip:c@d;TAG=2y\nI:  id\n  more\ncSEQ: 4294967299 FOO\nl: 0\n\n";
    let brief = scan(text).unwrap();
    assert_eq!(brief.status(), Some(200));
    assert_eq!(brief.from_tag, Some(&b"1x"[..]));
    assert_eq!(brief.to_tag, Some(&b"2y"[..]));
    assert_eq!(unfold(brief.call_id().unwrap()).as_ref(), b"id more");
    assert_eq!(brief.cseq(), Some((u32::MAX, &b"FOO"[..])));
}

#[test]
fn accepts_any_line_end() {
    for end in ["\r\n", "\n", "\r", "\r\r\n"] {
        let text = String::from_utf8_lossy(INVITE).replace("\r\n", end);
        let brief = scan(text.as_bytes()).unwrap();
        assert_eq!(brief.call_id(), Some(&b"987asjd97y7atg"[..]), "{end:?}");
        assert_eq!(brief.body, format!("v=0{end}").as_bytes(), "{end:?}");
    }
}

#[test]
fn accepts_odd_start_lines() {
    for text in [
        &b"\r\n\r\n\0\0OPTIONS sip:a SIP/2.0\r\n"[..],
        b"garbage\r\nsecond line\r\nBYE sip:a@b SIP/2.0\r\n",
        b"\xff\xfe\x00\x01SIP/2.0 100 Trying\r\n",
        b"INVITE  sip:user@example.com; lr  SIP/2.0  \r\n",
        b"!interesting-Method0123456789_*+`.%indeed'~ sip:a SIP/2.0\r\n",
        b"OPTIONS sip:t.watson@example.org SIP/7.0\r\n",
        b"SIP/2.0 4294967301 better not break\r\n",
        b"SIP/2.0 200",
        b"INVITE urn:service:sos SIP/2.0\r\n",
        b"INVITE sip:cut-by-the-snap-len",
        b" SIP/2.0 200 OK\r\n",
    ] {
        assert!(looks_like_sip(text), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn rejects_what_is_not_sip() {
    for text in [
        &b""[..],
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n",
        b"DESCRIBE rtsp://a RTSP/1.0\r\n",
        b"CRCX 1204 aaln/1@rgw MGCP 1.0\r\n",
        b"Via: SIP/2.0/UDP host\r\nFrom: a\r\n",
        b"\x80\x00\x12\x34SIP/2.0 200 OK\r\n",
        b"SIP/2.0/UDP 1.2.3.4;branch=x\r\n",
        b"HEP3\x00\x10\x00\x00\r\nINVITE sip:a SIP/2.0\r\n",
        b"\x00\x01\x06\x00\xc0\x01\x80\x00\x00\xff",
    ] {
        assert!(!looks_like_sip(text), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn junk_has_a_limit() {
    let mut text = vec![b'\n'; super::super::lexer::MAX_JUNK + 2];
    text.extend_from_slice(INVITE);
    assert!(!looks_like_sip(&text));
    assert!(looks_like_sip(&text[10..]));
}

#[test]
fn tolerates_missing_headers_and_cut() {
    for end in 0..INVITE.len() {
        if let Some(brief) = scan(&INVITE[..end]) {
            assert!(
                brief
                    .call_id()
                    .is_none_or(|id| b"987asjd97y7atg".starts_with(id))
            );
        }
    }
    let brief = scan(b"ACK sip:a SIP/2.0\r\nno colon here\r\nTo : x\r\n\r\n").unwrap();
    assert_eq!((brief.call_id(), brief.to()), (None, Some(&b"x"[..])));
}

#[test]
fn megabyte_header_is_passed() {
    let mut text = b"INVITE sip:a SIP/2.0\r\nX-Long: ".to_vec();
    text.resize(1 << 20, b'a');
    text.extend_from_slice(b"\r\nCall-ID: after\r\n\r\n");
    assert_eq!(scan(&text).unwrap().call_id(), Some(&b"after"[..]));
}

proptest! {
    #[test]
    fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = scan(&octets);
        let mut text = b"SIP/2.0 200 OK\r\n".to_vec();
        text.extend_from_slice(&octets);
        prop_assert!(scan(&text).is_some());
    }

    #[test]
    fn never_panics_on_text(text in "(From|To|v|CSeq|i|l|c)? ?:?[ -~\r\n\t]{0,200}") {
        let _ = scan(format!("SIP/2.0 200 OK\r\n{text}").as_bytes());
    }
}

#[test]
fn the_short_way_to_a_tag_gives_what_the_long_one_gives() {
    for value in [
        "<sip:a@b>;tag=1",
        "<sip:a@b>;tag=1;x=2",
        "<sip:a@b>;x=2;tag=1",
        "\"x>;tag=no\" <sip:a@b>;tag=1",
        "<sip:a@b>;x=\">;tag=no\"",
        "<sip:a@b>;x=\">;tag=no",
        "<sip:a@b>;tag=1, <sip:c@d>;tag=2",
        "<sip:a@b>;TAG = 1",
        "sip:a@b;tag=1",
        "<sip:a@b>;tag=",
        "<sip:a@b>",
        "",
    ] {
        let long = Parameters::find(value.as_bytes(), b"tag");
        assert_eq!(tag(value.as_bytes()), long, "{value}");
    }
}

/// The scan without any short way.
fn long_way(octets: &[u8]) -> (Values<'_>, Option<usize>) {
    let mut values = Values::default();
    let mut headers = Headers::new(octets, find_start(octets).unwrap().next);
    while let Some((wanted, value)) = headers.next_wanted() {
        let first = &mut values[wanted as usize];
        if !wanted.is_number() || number(value).is_some() {
            first.get_or_insert(value);
        }
    }
    (values, headers.body())
}

proptest! {
    #[test]
    fn all_ways_lead_to_the_same(section in section(), response: bool) {
        let start: &[u8] = if response { b"SIP/2.0 200 OK\r\n" } else { b"BYE sip:a SIP/2.0\r\n" };
        let octets = [start, &section].concat();
        let brief = scan(&octets).unwrap();
        let ([call_id, from, to, cseq_value, length, content_type], body) = long_way(&octets);
        prop_assert_eq!(brief.call_id(), call_id);
        prop_assert_eq!(brief.from(), from);
        prop_assert_eq!(brief.to(), to);
        prop_assert_eq!(brief.cseq(), cseq_value.and_then(cseq));
        prop_assert_eq!(brief.content_length(), length.and_then(number));
        prop_assert_eq!(brief.content_type(), content_type);
        prop_assert_eq!(brief.complete, body.is_some());
        let body = body.map_or(&[][..], |at| &octets[at..]);
        prop_assert_eq!(brief.body, body);
        prop_assert_eq!(brief.has_sdp(), has_sdp(|| content_type, body));
    }
}

#[test]
fn headers_have_one_limit() {
    let vias = "Via: SIP/2.0/UDP 192.0.2.1\r\n".repeat(MAX_HEADER / 28 + 10);
    let text = format!("SIP/2.0 200 OK\r\n{vias}Call-ID: late\r\n\r\nbody");
    let brief = scan(text.as_bytes()).unwrap();
    assert_eq!((brief.call_id(), brief.complete), (None, false));
}
