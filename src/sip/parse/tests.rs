use super::party::{elements, name, party, user_and_host};
use super::*;
use crate::sip::scan::looks_like_sip;
use proptest::prelude::*;

fn parse(text: &str) -> Message {
    message(text.as_bytes()).unwrap()
}

fn has(message: &Message, problem: &str) -> bool {
    message.problems.iter().any(|found| found.contains(problem))
}

const HEAD: &str = "Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\
Call-ID: x@y\r\nCSeq: 1 INVITE\r\n";

#[test]
fn parses_without_problems() {
    let message = parse(&format!(
        "INVITE sip:c@d SIP/2.0\r\n{HEAD}Content-Length: 0\r\n\r\n"
    ));
    assert_eq!(message.problems, Vec::<String>::new());
    assert_eq!(message.start.to_string(), "INVITE");
    assert_eq!(message.call_id(), Some("x@y"));
    assert_eq!(message.cseq(), Some((1, "INVITE")));
    assert_eq!(message.branch(), Some("z9hG4bKa"));
    assert!(message.body().is_empty());
}

/// RFC 4475 3.1.1.1 (wsinv), its essence.
#[test]
fn parses_tortuous_invite() {
    let message = parse(
        "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n\
from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 5\r\n\
cseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n\
s :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\n\
UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n\
v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\nv=0\r\n",
    );
    assert_eq!(message.problems, Vec::<String>::new());
    assert_eq!(message.cseq(), Some((9, "INVITE")));
    assert_eq!(message.to().tag.as_deref(), Some("1918181833n"));
    assert_eq!(message.to().user.as_deref(), Some("vivekg"));
    let from = message.from();
    assert_eq!(from.display.as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(from.tag.as_deref(), Some("98asjd8"));
    assert_eq!(message.branch(), Some("390skdjuw"));
    assert_eq!(
        message.header("NewFangledHeader"),
        Some("newfangled value continued newfangled value")
    );
    assert_eq!(message.header("Subject"), Some(""));
    assert_eq!(message.headers_named("via").count(), 2);
    assert_eq!(
        party(message.contact().unwrap()).host.as_deref(),
        Some("example.com")
    );
}

#[test]
fn notes_line_ends() {
    let text = format!("SIP/2.0 200 OK\r\n{HEAD}Content-Length: 0\r\n\r\n");
    assert!(has(&parse(&text.replace("\r\n", "\n")), "LF only"));
    assert!(has(&parse(&text.replace("\r\n", "\r")), "CR only"));
    assert!(has(&parse(&text.replacen("\r\n", "\n", 2)), "mixed"));
}

#[test]
fn notes_what_is_wrong_and_keeps_the_rest() {
    let message = message(
        b"\xffjunk\r\nfoo sip:a b SIP/2.0\r\nno colon\r\nSubject: \xe4\r\nCSeq: 5 BAR\r\nl: x\r\n\r\nbody",
    )
    .unwrap();
    for problem in [
        "before the start line",
        "unknown method foo",
        "space in the request URI",
        "1 header lines without colon",
        "Subject is not UTF-8",
        "Content-Length is no number",
        "no Call-ID",
        "CSeq says BAR",
    ] {
        assert!(has(&message, problem), "{problem}: {:?}", message.problems);
    }
    assert_eq!(message.body(), b"body");
    let cut = parse("INVITE sip:a SIP/2.0\r\nCall-ID: ab");
    assert!(has(&cut, "no blank line"));
    assert_eq!(cut.call_id(), Some("ab"));
    assert!(has(&parse("SIP/2.0 4294967301 x\r\n\r\n"), "status code"));
}

#[test]
fn body_survives_wrong_content_length() {
    let with =
        |length: &str, body: &str| parse(&format!("SIP/2.0 200 OK\r\n{HEAD}{length}\r\n{body}"));
    let short = with("Content-Length: 3\r\n", "v=0\r\no=x\r\n");
    assert_eq!(short.body(), b"v=0\r\no=x\r\n");
    assert!(has(&short, "Content-Length 3"));
    let long = with("l: 300\r\n", "v=0\r\n");
    assert_eq!(long.body(), b"v=0\r\n");
    assert!(has(&long, "Content-Length 300"));
    assert!(has(&with("", "v=0\r\n"), "without Content-Length"));
    let padded = with("l: 5\r\n", "v=0\r\n\r\n\0\0");
    assert_eq!(padded.body(), b"v=0\r\n");
    assert!(padded.problems.is_empty());
    let two = with("l: 5\r\n", "v=0\r\nBYE sip:a SIP/2.0\r\n");
    assert_eq!(two.body(), b"v=0\r\n");
}

#[test]
fn reads_parties() {
    let cases = [
        (
            "\"A \\\"b\\\", <c>\" <sip:+4930@h:5060;x>;tag=t",
            Some("A \"b\", <c>"),
            Some("+4930"),
            Some("h"),
            Some("t"),
        ),
        (
            "Anna Bee <sips:anna:secret@[2001:db8::1]:5061>",
            Some("Anna Bee"),
            Some("anna"),
            Some("2001:db8::1"),
            None,
        ),
        ("sip:a@b;tag=t;x=y", None, Some("a"), Some("b"), Some("t")),
        (
            "<tel:+331;phone-context=x>;tag=t",
            None,
            Some("+331"),
            None,
            Some("t"),
        ),
        ("tel:0049-30-1", None, Some("0049-30-1"), None, None),
        ("<sip:h:5060>", None, None, Some("h"), None),
        (
            "<sip:a%23b;cpc=ordinary@h?subject=x@y>;TAG = z",
            None,
            Some("a#b"),
            Some("h"),
            Some("z"),
        ),
        ("<sip:a@b;tag=t", None, Some("a"), Some("b"), Some("t")),
        ("\"open <sip:a@b>", Some("open <sip:a@b>"), None, None, None),
        ("\"\" <sip:a@b>", None, Some("a"), Some("b"), None),
        ("a@b", None, Some("a"), Some("b"), None),
        ("", None, None, None, None),
    ];
    for (value, display, user, host, tag) in cases {
        let found = party(value);
        let found = (
            found.display.as_deref(),
            found.user.as_deref(),
            found.host.as_deref(),
            found.tag.as_deref(),
        );
        assert_eq!(found, (display, user, host, tag), "{value}");
    }
    assert_eq!(user_and_host("sip:%zz%4@h").0.as_deref(), Some("%zz%4"));
    assert_eq!(
        elements("\"a,b\" <sip:c,d@e>, <sip:f> ,"),
        ["\"a,b\" <sip:c,d@e>", "<sip:f>"]
    );
}

#[test]
fn reads_reason_and_session_timer() {
    let message = parse(
        "BYE sip:a SIP/2.0\r\nReason: SIP;cause=200;text=\"Call completed, elsewhere\", Q.850 ; cause=16 ; text=\"Normal \\\"x\\\"\"\r\n\
x: 1800;Refresher=UAS\r\nServer: s\r\n\r\n",
    );
    let reasons = message.reasons();
    let [_, reason] = reasons.as_slice() else {
        panic!("{reasons:?}");
    };
    assert_eq!(
        (reason.protocol.as_str(), reason.cause),
        ("Q.850", Some(16))
    );
    assert_eq!(reason.text.as_deref(), Some("Normal \"x\""));
    assert_eq!(
        message.session_expires(),
        Some((1800, Some(Refresher::Uas)))
    );
    assert_eq!(message.user_agent(), Some("s"));
}

#[test]
fn finds_sdp_in_multipart() {
    let inner = "--in\r\nContent-Type: text/plain\r\n\r\nhello\r\n--in\r\nc: Application/SDP\r\n\r\nv=0\r\nm=image 4000 udptl t38\r\n--in--\r\n";
    let body = format!(
        "preamble\r\n--b 1\r\nContent-Type: application/isup\r\n\r\n\x01\x10--b 1x\r\n--b 1\r\nContent-Type:\r\n multipart/alternative; boundary=in\r\n\r\n{inner}\r\n--b 1--\r\ntrailer"
    );
    let message = parse(&format!(
        "INVITE sip:a SIP/2.0\r\nContent-Type: multipart/mixed;boundary=\"b 1\"\r\n\r\n{body}"
    ));
    let kinds: Vec<String> = message
        .bodies()
        .iter()
        .map(body::Body::media_type)
        .collect();
    assert_eq!(kinds, ["application/isup", "text/plain", "application/sdp"]);
    assert_eq!(message.sdp().unwrap().media[0].port, 4000);
    // boundary not named, parts without headers, last one not closed
    let message = parse(
        "INVITE sip:a SIP/2.0\nContent-Type: multipart/mixed\n\n--q\nv=0\nm=image 1 udptl t38\n",
    );
    assert_eq!(message.sdp().unwrap().media.len(), 1);
}

#[test]
fn sdp_needs_no_content_type() {
    assert!(
        parse("SIP/2.0 200 OK\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n")
            .sdp()
            .is_some()
    );
    assert!(
        parse("SIP/2.0 200 OK\r\nc: application/sdp\r\n\r\n")
            .sdp()
            .is_none()
    );
    assert!(parse("SIP/2.0 200 OK\r\n\r\nSignal=5\r\n").sdp().is_none());
}

#[test]
fn many_headers_are_bounded() {
    let text = format!(
        "SIP/2.0 200 OK\r\n{}Call-ID: x\r\n\r\n",
        "a:\n".repeat(5000)
    );
    let message = parse(&text);
    assert_eq!(message.headers.len(), MAX_HEADERS);
    assert!(has(&message, "more headers left out"));
}

proptest! {
    #[test]
    fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut text = b"SIP/2.0 200 OK\r\nc: multipart/mixed;boundary=a\r\n".to_vec();
        text.extend_from_slice(&octets);
        let message = message(&text).unwrap();
        let _ = (message.sdp(), message.from(), message.reasons(), message.session_expires());
    }

    #[test]
    fn parses_what_scans(text in "[A-Z]{0,8} ?[sip:@a-z \u{e4}]{0,20} ?(SIP/2.0)?[\r\n]{0,3}[ -~\r\n\u{20ac}]{0,80}") {
        prop_assert_eq!(looks_like_sip(text.as_bytes()), message(text.as_bytes()).is_some());
    }

    #[test]
    fn parties_never_panic(value in "[\"\\\\<>;,:@%a-f0-9=\\[\\]\u{e4} ?]{0,60}") {
        let _ = (party(&value), elements(&value), user_and_host(&value));
    }
}

#[test]
fn the_name_of_a_list_is_that_of_the_party() {
    for value in [
        "<sip:2007@192.0.2.1>;tag=1",
        "\"A\" <sip:+49-30.1@[2001:db8::1]:5060;user=phone>;tag=1",
        "\"a<sip:1@h>\" <sip:2@h>",
        "<sip:a:secret@h>",
        "<sip:a@b@h>",
        "<sip:%41@h>",
        "<sip:h>",
        "<sips:2@h>",
        "<tel:+49301>",
        "sip:3@h;tag=1",
        "<sip:4;x=y@h>",
        "<sip:5@h",
        "",
    ] {
        let party = party(value);
        let long = party.user.or(party.host).unwrap_or_default();
        assert_eq!(*name(value.as_bytes()), *long, "{value}");
    }
}
