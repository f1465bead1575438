use super::*;
use crate::sip::Flag;
use proptest::prelude::*;

const OFFER: &str = "v=0\r\no=- 123 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
m=audio 0 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=inactive\r\n\
m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\nc=IN IP4 192.0.2.9/127\r\na=T38MaxBitRate:14400\r\n\
a=T38FaxFillBitRemoval:0\r\na=T38FaxTranscodingMMR\r\na=T38FaxTranscodingJBIG:1\r\n\
a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:262\r\na=T38FaxMaxDatagram:176\r\n\
a=T38FaxUdpEC:t38UDPRedundancy";

#[test]
fn reads_t38_offer() {
    let sdp = parse(OFFER.as_bytes());
    assert_eq!(sdp.problems, Vec::<String>::new());
    assert_eq!(sdp.version, Some(7));
    assert_eq!(sdp.media.len(), 2);
    assert_eq!(sdp.media[0].connection, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(sdp.media[0].format_names(), ["PCMA", "telephone-event"]);
    assert_eq!(sdp.media[0].payload_type("TELEPHONE-event"), Some(101));
    assert_eq!(sdp.media[0].direction.as_deref(), Some("inactive"));
    assert!(!sdp.media[0].is_t38());
    let image = &sdp.media[1];
    assert_eq!(image.connection, Some("192.0.2.9".parse().unwrap()));
    assert!(image.own_connection);
    let t38 = image.t38.clone().unwrap();
    assert_eq!(
        t38,
        T38Attributes {
            version: Some(0),
            max_bit_rate: Some(14400),
            rate_management: Some("transferredTCF".to_owned()),
            max_buffer: Some(262),
            max_datagram: Some(176),
            udp_ec: Some("t38UDPRedundancy".to_owned()),
            fill_bit_removal: Some(Flag::Zero),
            transcoding_mmr: Some(Flag::Present),
            transcoding_jbig: Some(Flag::One),
            unusual: Vec::new(),
        }
    );
}

#[test]
fn accepts_any_line_end() {
    let expected = parse(OFFER.as_bytes());
    for end in ["\n", "\r", "\r\r\n", "\n\n"] {
        assert_eq!(
            parse(OFFER.replace("\r\n", end).as_bytes()),
            expected,
            "{end:?}"
        );
    }
    let mixed = OFFER.replacen("\r\n", "\n", 4).replacen("\r\n", "\r", 3);
    assert_eq!(parse(mixed.as_bytes()), expected);
    assert_eq!(parse(format!("\r\n{OFFER}\0\0").as_bytes()), expected);
}

#[test]
fn accepts_other_spellings() {
    let sdp = parse(
        b"m=image 4000/2 UDPTL T38\na=T38maxBitRate: 9600\na=t38faxversion=3\na=T38FaxMaxBufferSize:2000\n\
a=T38MaxDatagram:400\na=T38VendorInfo:0 0 0\na=T38FaxMaxIFP:40\na=T38Mystery:1\na=T38FaxUDPEC:t38UDPFEC\n\
a=T38FaxFillBitRemoval: \na=T38FaxRateManagement",
    );
    let t38 = sdp.media[0].t38.clone().unwrap();
    assert_eq!((t38.version, t38.max_bit_rate), (Some(3), Some(9600)));
    assert_eq!((t38.max_buffer, t38.max_datagram), (Some(2000), Some(400)));
    assert_eq!(t38.udp_ec.as_deref(), Some("t38UDPFEC"));
    assert_eq!(t38.fill_bit_removal, Some(Flag::Present));
    assert_eq!(t38.rate_management, None);
    let known: Vec<(&str, bool)> = t38
        .unusual
        .iter()
        .map(|(line, known)| (line.as_str(), *known))
        .collect();
    assert_eq!(
        known,
        [
            ("T38maxBitRate: 9600", true),
            ("t38faxversion=3", true),
            ("T38FaxMaxBufferSize:2000", true),
            ("T38MaxDatagram:400", true),
            ("T38VendorInfo:0 0 0", true),
            ("T38FaxMaxIFP:40", true),
            ("T38Mystery:1", false),
            ("T38FaxUDPEC:t38UDPFEC", true),
        ]
    );
}

#[test]
fn never_loses_a_media_line() {
    let sdp = parse(
        b"m=audio 70000 RTP/AVP 0\nx=what\nm=image 0 udptl t38\ngarbage\nM = image  4000  tcp  t38\nm=\n\
m=image 16840 RTP/AVP t38\nm=application 1 udptl t38\n\xff\xfe",
    );
    let ports: Vec<u16> = sdp.media.iter().map(|media| media.port).collect();
    assert_eq!(ports, [0, 0, 4000, 0, 16840, 1]);
    let t38: Vec<bool> = sdp.media.iter().map(MediaLine::is_t38).collect();
    assert_eq!(t38, [false, true, true, false, true, true]);
    for problem in [
        "port of m= is none",
        "unknown line",
        "no SDP line",
        "not UTF-8",
        "no v=",
    ] {
        assert!(
            sdp.problems.iter().any(|found| found.contains(problem)),
            "{problem}"
        );
    }
}

#[test]
fn reads_t38_over_rtp() {
    let sdp = parse(
        b"m=audio 6800 RTP/AVP 0 98\na=rtpmap:98 t38/8000\na=fmtp:98 T38FaxVersion=2;T38FaxRateManagement=transferredTCF\n\
a=fmtp:0 T38FaxVersion=9\na=gpmd:0 vbd=yes;ecan=on\na=ptime:20\na=silenceSupp:off - - - -",
    );
    let media = &sdp.media[0];
    assert!(media.is_t38());
    assert_eq!(media.t38.as_ref().unwrap().version, Some(2));
    assert_eq!(
        (media.ptime, media.silence_suppression),
        (Some(20), Some(false))
    );
    assert_eq!(media.payload_type("t38"), Some(98));
}

#[test]
fn reads_addresses() {
    for (line, expected) in [
        ("IN IP4 192.0.2.1", Some("192.0.2.1")),
        ("IN IP4 224.2.1.1/127/3", Some("224.2.1.1")),
        ("IN IP6 2001:db8::1/3", Some("2001:db8::1")),
        ("IN IP6 [2001:db8::1]", Some("2001:db8::1")),
        ("IN  IP4  0.0.0.0 ", Some("0.0.0.0")),
        ("192.0.2.1", Some("192.0.2.1")),
        ("IN IP4 media.example.com", None),
        ("", None),
    ] {
        assert_eq!(
            address(line),
            expected.map(|text| text.parse().unwrap()),
            "{line}"
        );
    }
    let sdp = parse(b"o=a b c 1 2 IN IP4 h\nc=IN IP4 192.0.2.1\na=sendonly\na=T38FaxVersion:1\nm=image 1 udptl t38\nc=IN IP4 name\n");
    assert_eq!(sdp.version, Some(2));
    assert_eq!(sdp.media[0].connection, None);
    assert_eq!(sdp.media[0].direction.as_deref(), Some("sendonly"));
    assert_eq!(sdp.media[0].t38.as_ref().unwrap().version, Some(1));
}

proptest! {
    #[test]
    fn never_panics(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&octets);
    }

    #[test]
    fn keeps_every_media_line(lines in proptest::collection::vec("[abcmvz]=[ -~]{0,20}", 0..20)) {
        let expected = lines.iter().filter(|line| line.starts_with("m=")).count();
        prop_assert_eq!(parse(lines.join("\r\n").as_bytes()).media.len(), expected);
    }
}
