use proptest::prelude::*;

use super::*;
use crate::sip::parse::message;

const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n";

fn invite(body: &str) -> String {
    format!(
        "INVITE sip:b@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n\
From: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@192.0.2.1>\r\nCall-ID: x\r\nCSeq: 2 INVITE\r\n\
Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn said(text: &str) -> String {
    opinions(&message(text.as_bytes()).unwrap()).join("; ")
}

#[test]
fn nothing_is_said_of_what_both_read() {
    assert_eq!(said(&invite(OFFER)), "");
}

#[test]
fn rsip_names_the_line() {
    let uri = invite(OFFER).replace("INVITE sip:b@192.0.2.1 ", "INVITE sip:b@[2001:db8::1] ");
    assert_eq!(
        said(&uri),
        "rsip does not read this message: line 1, \"INVITE sip:b@[2001:db8::1] SIP/2.0\""
    );
    let folded = invite(OFFER).replace("CSeq: 2", "CSeq:\r\n 2");
    assert_eq!(
        said(&folded),
        "rsip does not read this message: line 7, \" 2 INVITE\""
    );
    // It takes the line after a bare LF for a part of the one before.
    let bare = invite(OFFER).replace("Call-ID: x\r\n", "Call-ID: x\n");
    assert_eq!(said(&bare), "rsip does not read in this message: CSeq");
    let compact = invite(OFFER)
        .replace("From:", "f:")
        .replace("Call-ID:", "i:");
    assert_eq!(
        said(&compact),
        "rsip does not read in this message: From, Call-ID"
    );
}

#[test]
fn sdp_rs_names_the_line_or_what_is_missing() {
    let sdp = |from: &str, to: &str| said(&invite(&OFFER.replace(from, to)));
    assert_eq!(sdp("s=-\r\n", ""), "sdp-rs does not read this SDP: no s=");
    assert_eq!(
        sdp("m=image 4002", "m=image 70000"),
        "sdp-rs does not read this SDP: line 6, \"m=image 70000 udptl t38\""
    );
    assert_eq!(
        sdp("c=IN IP4 192.0.2.1", "c=IN IP4 pbx.example"),
        "sdp-rs does not read this SDP: line 4, \"c=IN IP4 pbx.example\""
    );
    // It takes this one, and drops what it does not understand.
    let unended = said(&invite(OFFER.trim_end()));
    assert_eq!(
        unended,
        "sdp-rs does not read this SDP: it takes 1 of 2 a= lines"
    );
    let time = sdp("t=0 0\r\n", "t=0 0\r\nr=99999999999999999999d 1h 0\r\n");
    assert!(time.contains("line 6, \"r=9999"), "{time}");
}

#[test]
fn long_messages_are_not_asked_about() {
    let long = invite(&format!("{OFFER}a={}\n", "x".repeat(OCTETS_MAX)));
    assert_eq!(said(&long), "");
}

proptest! {
    #[test]
    fn descriptions_never_panic(text in "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=[0-9]{1,25} 0\r\n([rzabcmt]=[0-9dhms IPN./:-]{0,25}\r\n){0,4}") {
        let _ = description::unread(text.as_bytes());
    }

    #[test]
    fn messages_never_panic(at in 0..600_usize, octet: u8) {
        let mut octets = invite(OFFER).into_bytes();
        let at = at % octets.len();
        octets[at] = octet;
        if let Some(message) = message(&octets) {
            let _ = opinions(&message);
        }
    }
}
