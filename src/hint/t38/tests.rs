use crate::call::{EventKind, FaxCarrier, MediaPath, Verdict};
use crate::capture::{Endpoint, FrameNo};
use crate::hint::Severity::{self, Error, Note, Ok, Warning};
use crate::hint::fixture::{
    CALLEE, CALLER, Script, at, at_address, audio, both, codec, host, ids, image, with_t38,
};
use crate::rtp::RtpEvent;
use crate::sip::{Flag, Sdp};
use crate::t30::Fcf;
use crate::t38::Indicator;

/// A call whose re-INVITE for T.38 is answered so.
fn asked(status: u16, reason: &str, answer: Option<Sdp>) -> Script {
    Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .reply(3.1, status, reason, answer)
        .ack(3.2)
}

/// The same, with the SDP of both sides.
fn agreed(offer: Sdp, answer: Sdp) -> Script {
    Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(offer))
        .reply(3.1, 200, "OK", Some(answer))
        .ack(3.2)
}

fn severities(script: &Script, rule: &str) -> Vec<Severity> {
    script
        .findings(rule)
        .iter()
        .map(|finding| finding.severity)
        .collect()
}

fn good() -> Script {
    Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .t30(7.0, CALLER, Fcf::Dcs, &[])
        .t30(9.0, CALLEE, Fcf::Cfr, &[])
        .page(10.0, CALLER, 1)
        .t30(20.0, CALLEE, Fcf::Mcf, &[])
        .t30(22.0, CALLER, Fcf::Dcn, &[])
        .bye(24.0, CALLER)
        .fax(Verdict::Ok, FaxCarrier::T38)
}

/// A fax in audio, from the CNG at 2 s to its end.
fn in_audio(verdict: Verdict) -> Script {
    Script::answered()
        .event(2.0, CALLER, tone())
        .rtp(2.0, 30.0, CALLER)
        .bye(31.0, CALLER)
        .fax(verdict, FaxCarrier::G711)
}

fn tone() -> EventKind {
    EventKind::Tone {
        tone: crate::line::Tone::Ced,
        level: None,
    }
}

#[test]
fn a_good_switch_is_ok_and_nothing_else() {
    let found = good().findings("t38-accepted");
    assert_eq!(
        found[0].seen,
        "T.38 accepted: 203.0.113.20:4002 <-> 203.0.113.10:4000, 14400 bit/s, t38UDPRedundancy"
    );
    let hints = good().hints();
    for hint in hints.iter().filter(|hint| hint.rule.id.starts_with("t38-")) {
        assert_eq!(hint.finding.severity, Ok, "{}", hint.rule.id);
    }
}

#[test]
fn refusals_for_media() {
    for status in [415, 488, 606] {
        let script = asked(status, "No", None)
            .bye(3.5, CALLEE)
            .fax(Verdict::Failed, FaxCarrier::G711);
        assert_eq!(
            severities(&script, "t38-reinvite-unsupported-media"),
            [Error]
        );
        assert!(script.findings("t38-reinvite-rejected").is_empty());
        // The hang-up follows from it.
        assert!(!ids(&script.hints()).contains(&"sip-early-bye"));
    }
    let delivered = asked(488, "Not Acceptable Here", None).fax(Verdict::Ok, FaxCarrier::G711);
    assert_eq!(
        severities(&delivered, "t38-reinvite-unsupported-media"),
        [Warning]
    );
    assert!(good().findings("t38-reinvite-unsupported-media").is_empty());
}

#[test]
fn other_refusals() {
    for (status, reason) in [(481, "Gone"), (603, "Decline"), (500, "Busy")] {
        assert_eq!(
            severities(&asked(status, reason, None), "t38-reinvite-rejected"),
            [Error]
        );
    }
    let found = asked(603, "Decline", None).findings("t38-reinvite-rejected");
    assert_eq!(
        found[0].seen,
        "T.38 re-INVITE failed: 603 Decline at the caller"
    );
    // 481 to a re-INVITE that crosses the BYE says nothing.
    let crossed = Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .request(3.05, CALLER, "BYE", None)
        .reply_to(1, 3.1, 481, "Gone", None);
    assert_eq!(severities(&crossed, "t38-reinvite-rejected"), [Note]);
}

#[test]
fn glare_is_resolved_or_not() {
    let open = Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .request(3.1, CALLER, "INVITE", Some(image(CALLER, 4000)))
        .reply_to(1, 3.2, 491, "Request Pending", None)
        .reply_to(2, 3.2, 491, "Request Pending", None);
    assert_eq!(severities(&open, "t38-reinvite-glare"), [Error]);
    let resolved = open
        .request(5.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .reply(5.1, 200, "OK", Some(image(CALLER, 4000)));
    let found = resolved.findings("t38-reinvite-glare");
    assert_eq!(found[0].severity, Warning);
    assert!(
        found[0].seen.ends_with("resolved in 1.9 s"),
        "{}",
        found[0].seen
    );
    assert!(good().findings("t38-reinvite-glare").is_empty());
}

#[test]
fn an_unanswered_reinvite() {
    let silent = Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .again(3.5)
        .again(4.5)
        .bye(35.5, CALLEE);
    let found = silent.findings("t38-reinvite-timeout");
    assert_eq!(found[0].severity, Error);
    assert_eq!(found[0].frames[0], FrameNo(5));
    let slow = Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .reply(10.0, 200, "OK", Some(image(CALLER, 4000)));
    assert_eq!(severities(&slow, "t38-reinvite-timeout"), [Warning]);
    assert!(good().findings("t38-reinvite-timeout").is_empty());
}

#[test]
fn answers_that_are_none() {
    let mut closed = image(CALLER, 4000);
    closed.media[0].port = 0;
    let declined = asked(200, "OK", Some(both(audio(CALLER, 8000), closed)));
    assert_eq!(severities(&declined, "t38-image-port-zero"), [Error]);
    assert!(declined.findings("t38-image-missing-in-answer").is_empty());

    let ignored = asked(200, "OK", Some(audio(CALLER, 8000)));
    let found = ignored.findings("t38-image-missing-in-answer");
    assert_eq!(found[0].severity, Error);
    assert!(found[0].more.as_ref().unwrap().contains("m=image 4002"));
    let empty = asked(200, "OK", None);
    assert_eq!(empty.findings("t38-image-missing-in-answer").len(), 1);
    for rule in ["t38-image-port-zero", "t38-image-missing-in-answer"] {
        assert!(good().findings(rule).is_empty());
    }
}

#[test]
fn audio_and_image_at_once() {
    let two = |side, audio_port, image_port| both(audio(side, audio_port), image(side, image_port));
    let both_active = agreed(two(CALLEE, 9000, 4002), two(CALLER, 8000, 4000));
    assert_eq!(severities(&both_active, "t38-audio-and-image"), [Warning]);
    let mixed = both_active
        .rtp(4.0, 60.0, CALLER)
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .fax(Verdict::Failed, FaxCarrier::Both);
    assert_eq!(severities(&mixed, "t38-audio-and-image"), [Error]);
    let one = agreed(two(CALLEE, 9000, 4002), image(CALLER, 4000));
    assert_eq!(severities(&one, "t38-audio-and-image"), [Note]);
    assert!(good().findings("t38-audio-and-image").is_empty());
}

#[test]
fn the_caller_asks() {
    let script = Script::answered()
        .request(3.0, CALLER, "INVITE", Some(image(CALLER, 4000)))
        .reply(3.1, 200, "OK", Some(image(CALLEE, 4002)));
    assert_eq!(severities(&script, "t38-reinvite-by-sender"), [Note]);
    assert!(good().findings("t38-reinvite-by-sender").is_empty());
}

#[test]
fn nobody_asks() {
    let script = in_audio(Verdict::Ok);
    assert_eq!(severities(&script, "t38-no-reinvite"), [Warning]);
    assert_eq!(severities(&script, "t38-fallback-g711"), [Warning]);
    let short = Script::answered()
        .event(2.0, CALLER, tone())
        .bye(6.0, CALLER)
        .fax(Verdict::Failed, FaxCarrier::G711);
    assert!(short.findings("t38-no-reinvite").is_empty());
    let voice = Script::answered().rtp(2.0, 60.0, CALLER).bye(61.0, CALLER);
    assert!(voice.findings("t38-no-reinvite").is_empty());
    assert!(voice.findings("t38-fallback-g711").is_empty());
}

#[test]
fn nobody_asks_on_a_speech_codec() {
    let script = Script::new()
        .request(0.0, CALLER, "INVITE", Some(codec(CALLER, 8000, "G729", 18)))
        .reply(1.0, 200, "OK", Some(codec(CALLEE, 9000, "G729", 18)))
        .ack(1.1)
        .event(2.0, CALLER, tone())
        .rtp(2.0, 30.0, CALLER)
        .bye(31.0, CALLER)
        .fax(Verdict::Failed, FaxCarrier::G711);
    let found = script.findings("t38-no-reinvite");
    assert_eq!(found[0].severity, Error);
    assert!(found[0].seen.ends_with("(G729)"));
}

#[test]
fn fallback_after_a_refusal() {
    let script = asked(488, "Not Acceptable Here", None)
        .event(4.0, CALLER, tone())
        .rtp(4.0, 30.0, CALLER)
        .fax(Verdict::Ok, FaxCarrier::G711);
    let found = script.findings("t38-fallback-g711");
    assert_eq!(found[0].frames[0], FrameNo(6));
    let gone = asked(488, "Not Acceptable Here", None)
        .rtp(2.0, 3.5, CALLER)
        .fax(Verdict::Failed, FaxCarrier::G711);
    assert!(gone.findings("t38-fallback-g711").is_empty());
}

#[test]
fn a_late_switch() {
    let late = Script::answered()
        .event(2.0, CALLEE, tone())
        .request(20.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .reply(20.1, 200, "OK", Some(image(CALLER, 4000)));
    assert_eq!(severities(&late, "t38-reinvite-late"), [Warning]);
    let vain = late
        .clone()
        .t30(21.0, CALLEE, Fcf::Dis, &[])
        .t30(26.0, CALLEE, Fcf::Dis, &[])
        .t30(31.0, CALLEE, Fcf::Dis, &[])
        .fax(Verdict::Failed, FaxCarrier::T38);
    assert_eq!(severities(&vain, "t38-reinvite-late"), [Error]);
    // T1 runs out after one DIS.
    let over = late
        .t30(21.0, CALLEE, Fcf::Dis, &[])
        .bye(40.0, CALLEE)
        .fax(Verdict::Failed, FaxCarrier::T38);
    assert_eq!(severities(&over, "t38-reinvite-late"), [Error]);
    assert!(good().findings("t38-reinvite-late").is_empty());

    // The first DIS in audio is what a gateway switches upon; with DCS or another DIS the fax has gone on there.
    let spoken = |second: Fcf, from: crate::call::Side, invite: f64| {
        Script::answered()
            .t30(2.0, CALLEE, Fcf::Dis, &[])
            .t30(4.0, from, second, &[])
            .request(invite, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
            .reply(invite + 0.1, 200, "OK", Some(image(CALLER, 4000)))
    };
    assert_eq!(
        severities(&spoken(Fcf::Dcs, CALLER, 5.0), "t38-reinvite-late"),
        [Warning]
    );
    assert_eq!(
        severities(&spoken(Fcf::Dis, CALLEE, 5.0), "t38-reinvite-late"),
        [Warning]
    );
    assert!(
        spoken(Fcf::Dis, CALLEE, 3.0)
            .findings("t38-reinvite-late")
            .is_empty()
    );
}

#[test]
fn back_to_audio_after_the_fax_or_in_it() {
    let after = Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .t30(22.0, CALLER, Fcf::Dcn, &[])
        .request(23.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
        .reply(23.1, 200, "OK", Some(audio(CALLEE, 9000)))
        .bye(24.0, CALLER)
        .fax(Verdict::Ok, FaxCarrier::T38);
    assert_eq!(severities(&after, "t38-back-to-audio"), [Ok]);
    assert!(after.findings("t38-back-to-audio-midfax").is_empty());

    let midfax = Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .page(10.0, CALLER, 1)
        .request(12.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
        .reply(12.1, 200, "OK", Some(audio(CALLEE, 9000)))
        .fax(Verdict::Failed, FaxCarrier::T38);
    let found = midfax.findings("t38-back-to-audio-midfax");
    assert_eq!(
        found[0].seen,
        "Caller switched back to audio in phase C – fax aborted"
    );
    assert!(midfax.findings("t38-back-to-audio").is_empty());

    // Without SIP: RTP in place of T.38, in the page.
    let silent = |stops: f64, resumes: f64, packets: u32| {
        let mut script = Script::switched()
            .udptl(200, 3.3, stops)
            .t30(5.0, CALLEE, Fcf::Dis, &[])
            .page(10.0, CALLER, 1)
            .capture_until(60.0)
            .fax(Verdict::Failed, FaxCarrier::T38);
        script.call.udptl.caller.rtp_again = Some((packets, FrameNo(30), at(resumes)));
        severities(&script, "t38-back-to-audio-midfax")
    };
    assert_eq!(silent(15.0, 15.5, 100), [Error]);
    // Long after it: T.38 had ended for another reason.
    assert!(silent(15.0, 25.0, 100).is_empty());
    assert!(silent(15.0, 15.5, 20).is_empty());
    assert!(good().findings("t38-back-to-audio").is_empty());
}

#[test]
fn versions() {
    let higher = agreed(
        image(CALLEE, 4002),
        with_t38(image(CALLER, 4000), |it| it.version = Some(3)),
    );
    assert_eq!(severities(&higher, "t38-version-mismatch"), [Warning]);
    let mut mixed = higher.fax(Verdict::Failed, FaxCarrier::T38);
    mixed.call.udptl.caller.encoding = Some(crate::call::Encoding::Asn2002);
    mixed.call.udptl.callee.encoding = Some(crate::call::Encoding::Asn1998);
    assert_eq!(severities(&mixed, "t38-version-mismatch"), [Error]);
    let v34 = good().event(4.0, CALLEE, EventKind::Indicator(Indicator::V8Ansam));
    assert!(
        v34.findings("t38-version-mismatch")[0]
            .seen
            .starts_with("v8-ansam sent")
    );
    assert!(good().findings("t38-version-mismatch").is_empty());
}

#[test]
fn rates() {
    let limited = |rate| {
        agreed(
            image(CALLEE, 4002),
            with_t38(image(CALLER, 4000), |it| it.max_bit_rate = Some(rate)),
        )
        .fax(Verdict::Ok, FaxCarrier::T38)
    };
    // The fax of the script runs at 14400.
    assert_eq!(severities(&limited(9600), "t38-bitrate-limited"), [Warning]);
    assert!(limited(14_400).findings("t38-bitrate-limited").is_empty());
    assert_eq!(severities(&limited(9601), "t38-bitrate-limited"), [Note]);
}

#[test]
fn rate_management() {
    let other = |name: &str| {
        agreed(
            image(CALLEE, 4002),
            with_t38(image(CALLER, 4000), |it| {
                it.rate_management = Some(name.to_owned());
            }),
        )
    };
    assert_eq!(
        severities(&other("localTCF"), "t38-ratemgmt-mismatch"),
        [Error]
    );
    assert!(
        other("TransferredTCF")
            .findings("t38-ratemgmt-mismatch")
            .is_empty()
    );
    let none = agreed(
        image(CALLEE, 4002),
        with_t38(image(CALLER, 4000), |it| it.rate_management = None),
    );
    assert!(none.findings("t38-ratemgmt-mismatch").is_empty());

    // What flows against what both named.
    let trained = |name: &str, octets: u32, answer: Fcf| {
        let tcf = EventKind::Tcf(crate::call::Tcf {
            modem: crate::line::Modem {
                name: "V.29",
                rate: 9600,
            },
            octets,
            longest_zero_run: Some(octets),
            nonzero_share: Some(0.0),
            lost_packets: 0,
            ended: true,
        });
        let named = |side, port| {
            with_t38(image(side, port), |it| {
                it.rate_management = Some(name.to_owned());
            })
        };
        agreed(named(CALLEE, 4002), named(CALLER, 4000))
            .udptl(100, 3.0, 30.0)
            .t30(8.0, CALLEE, Fcf::Dis, &[])
            .t30(10.0, CALLER, Fcf::Dcs, &[0x00, 0x45, 0x1e])
            .event(
                11.0,
                CALLER,
                EventKind::Indicator(Indicator::V29Training9600),
            )
            .event(11.5, CALLER, tcf)
            .t30(14.0, CALLEE, answer, &[])
    };
    let failed = |script: Script| script.fax(Verdict::Failed, FaxCarrier::T38);
    let rule = "t38-ratemgmt-mismatch";
    let local = |octets, answer| trained("localTCF", octets, answer);
    let carried = |octets, answer| trained("transferredTCF", octets, answer);
    assert_eq!(severities(&failed(carried(0, Fcf::Ftt)), rule), [Error]);
    assert_eq!(severities(&failed(carried(0, Fcf::Cfr)), rule), [Warning]);
    let delivered = carried(0, Fcf::Cfr).fax(Verdict::Ok, FaxCarrier::T38);
    assert_eq!(severities(&delivered, rule), [Note]);
    assert!(severities(&failed(carried(1800, Fcf::Ftt)), rule).is_empty());
    let mut lost = failed(carried(0, Fcf::Ftt));
    lost.call.udptl.caller.lost = 3;
    assert!(severities(&lost, rule).is_empty());
    let found = &failed(local(1800, Fcf::Ftt)).findings(rule)[0];
    assert_eq!(found.severity, Error);
    assert!(found.seen.contains("TCF is sent"), "{}", found.seen);
    assert_eq!(severities(&failed(local(0, Fcf::Cfr)), rule), [Warning]);
}

#[test]
fn flags_and_quirks() {
    let zero = agreed(
        with_t38(image(CALLEE, 4002), |it| {
            it.fill_bit_removal = Some(Flag::Zero);
        }),
        image(CALLER, 4000),
    );
    assert_eq!(
        zero.findings("t38-transcoding-flags")[0].seen,
        "T38FaxFillBitRemoval written as :0 – disable it"
    );
    let one = |sdp| with_t38(sdp, |it| it.transcoding_mmr = Some(Flag::One));
    let one = agreed(one(image(CALLEE, 4002)), one(image(CALLER, 4000)));
    assert_eq!(
        one.findings("t38-transcoding-flags")[0].seen,
        "T38FaxTranscodingMMR written as :1 – disable it"
    );
    let added = agreed(
        image(CALLEE, 4002),
        with_t38(image(CALLER, 4000), |it| {
            it.transcoding_mmr = Some(Flag::Present);
        }),
    );
    assert!(
        added.findings("t38-transcoding-flags")[0]
            .seen
            .contains("not offered")
    );
    assert!(good().findings("t38-transcoding-flags").is_empty());

    let odd = |known| {
        agreed(
            with_t38(image(CALLEE, 4002), |it| {
                it.unusual = vec![("T38maxBitRate".to_owned(), known)];
            }),
            image(CALLER, 4000),
        )
    };
    assert_eq!(severities(&odd(true), "t38-sdp-quirks"), [Note]);
    assert_eq!(severities(&odd(false), "t38-sdp-quirks"), [Warning]);
    assert!(good().findings("t38-sdp-quirks").is_empty());
}

#[test]
fn datagram_sizes() {
    let small = |largest| {
        let mut script = agreed(
            image(CALLEE, 4002),
            with_t38(image(CALLER, 4000), |it| it.max_datagram = Some(72)),
        )
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .fax(Verdict::Failed, FaxCarrier::T38);
        script.call.udptl.callee.largest = (largest, FrameNo(8));
        script.call.udptl.callee.sizes = vec![(largest, 3)];
        script
    };
    let found = small(170).findings("t38-maxdatagram-small");
    assert_eq!(found[0].severity, Error);
    // The SDP that names the limit comes first: it decides.
    assert_eq!(found[0].frames, [FrameNo(6), FrameNo(8)]);
    assert!(
        found[0]
            .seen
            .starts_with("Caller accepts 72-byte datagrams, got 170")
    );
    assert!(small(60).findings("t38-maxdatagram-small").is_empty());
    let buffer = agreed(
        with_t38(image(CALLEE, 4002), |it| it.max_buffer = Some(200)),
        image(CALLER, 4000),
    );
    assert_eq!(severities(&buffer, "t38-maxdatagram-small"), [Note]);
    assert!(good().findings("t38-maxdatagram-small").is_empty());
}

#[test]
fn error_correction() {
    let mut script = good();
    script.call.udptl.caller.fec_packets = 9;
    script.call.udptl.caller.first_fec = Some(FrameNo(8));
    let found = script.findings("t38-udpec-mismatch");
    assert_eq!(found[0].severity, Warning);
    assert_eq!(
        found[0].seen,
        "Error correction redundancy agreed, packets use FEC"
    );
    assert!(good().findings("t38-udpec-mismatch").is_empty());
    let stronger = agreed(
        image(CALLEE, 4002),
        with_t38(image(CALLER, 4000), |it| {
            it.udp_ec = Some("t38UDPFEC".to_owned());
        }),
    );
    assert_eq!(severities(&stronger, "t38-udpec-mismatch"), [Warning]);
}

#[test]
fn transports() {
    let mut rtp = image(CALLEE, 4002);
    rtp.media[0].proto = "RTP/AVP".to_owned();
    let script = agreed(rtp, image(CALLER, 4000));
    assert_eq!(
        script.findings("t38-sdp-transport")[0].seen,
        "m=image uses RTP/AVP – UDPTL expected; T.38 will not work"
    );
    let mut upper = image(CALLEE, 4002);
    upper.media[0].proto = "UDPTL".to_owned();
    assert!(
        agreed(upper, image(CALLER, 4000))
            .findings("t38-sdp-transport")
            .is_empty()
    );
}

#[test]
fn addresses() {
    let private = "192.168.77.20".parse().unwrap();
    let told = || {
        agreed(
            at_address(image(CALLEE, 4002), private),
            image(CALLER, 4000),
        )
    };
    assert_eq!(severities(&told(), "t38-private-address"), [Warning]);
    let mut vain = told()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .fax(Verdict::Failed, FaxCarrier::T38);
    vain.call.udptl.caller.paths = vec![MediaPath {
        src: Endpoint::new(host(10), 4000),
        dst: Endpoint::new(private, 4002),
        packets: 50,
        frame: FrameNo(8),
        first: at(5.0),
        last: at(20.0),
    }];
    assert_eq!(severities(&vain, "t38-private-address"), [Error]);
    assert!(told().findings("t38-media-host-differs").is_empty());
    assert!(good().findings("t38-private-address").is_empty());

    let proxy = agreed(
        at_address(image(CALLEE, 4002), host(99)),
        image(CALLER, 4000),
    );
    assert_eq!(severities(&proxy, "t38-media-host-differs"), [Note]);
    assert!(good().findings("t38-media-host-differs").is_empty());
}

#[test]
fn port_range_is_asterisks_or_the_users() {
    let script = |port| agreed(image(CALLEE, port), image(CALLER, 20_000));
    assert!(script(20_002).findings("t38-port-range").is_empty());
    let mut asterisk = script(20_002);
    asterisk.call.agent.callee = Some("Asterisk PBX 18.9.0".to_owned());
    let found = asterisk.findings("t38-port-range");
    assert_eq!(found.len(), 1);
    assert!(
        found[0]
            .seen
            .starts_with("T.38 port 20002 outside udptl.conf 4000-5999")
    );
    let mut inside = script(4002);
    inside.call.agent.callee = Some("VoipNow".to_owned());
    assert!(inside.findings("t38-port-range").is_empty());

    let mut odd = agreed(image(CALLEE, 4003), image(CALLER, 4000)).udptl(20, 3.0, 9.0);
    assert!(odd.findings("t38-port-range").is_empty());
    odd.call.udptl.caller = crate::call::UdptlStats::default();
    assert_eq!(severities(&odd, "t38-port-range"), [Note]);
    let refused = |port| {
        Script::answered()
            .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, port)))
            .reply(3.1, 488, "Not Acceptable Here", None)
    };
    assert_eq!(severities(&refused(4003), "t38-port-range"), [Note]);
    assert!(refused(4002).findings("t38-port-range").is_empty());

    let view = crate::hint::PointOfView {
        pbx: vec![host(20)],
        udptl_ports: (6000, 6999),
        udptl_ports_given: true,
        ..crate::hint::PointOfView::default()
    };
    assert!(ids(&script(4002).seen_by(&view)).contains(&"t38-port-range"));
}

#[test]
fn nse() {
    let told = |code| {
        EventKind::RtpEvent(RtpEvent {
            frame: FrameNo(5),
            last_frame: FrameNo(5),
            at: at(2.0),
            end: at(2.0),
            src: Endpoint::new(host(20), 9000),
            dst: Endpoint::new(host(10), 8000),
            code,
            nse: true,
        })
    };
    let answered = Script::answered()
        .event(2.0, CALLEE, told(200))
        .event(2.2, CALLER, told(201))
        .bye(20.0, CALLER);
    assert_eq!(severities(&answered, "t38-nse-switchover"), [Note]);
    let ignored = Script::answered()
        .event(2.0, CALLEE, told(200))
        .bye(20.0, CALLER);
    assert_eq!(severities(&ignored, "t38-nse-switchover"), [Error]);
    let silent = Script::answered()
        .event(2.0, CALLEE, EventKind::Indicator(Indicator::Ced))
        .bye(20.0, CALLER);
    assert_eq!(severities(&silent, "t38-nse-switchover"), [Note]);
    assert!(good().findings("t38-nse-switchover").is_empty());
}
