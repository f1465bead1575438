//! Calls made by hand, for the tests of views and exports.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::analysis::{AnalysedFlow, CallRow, FaxRow};
use crate::call::{
    BySide, Call, CallNo, CallState, CaptureFacts, Event, EventId, EventKind, Fax, FaxCarrier,
    Flow, Missing, PacketCounts, PageData, Path, Phase, Reached, Relay, Side, SipEvent, Stage,
    StageMark, Tcf, UdptlStats, Verdict,
};
use crate::capture::{CaptureInfo, Endpoint, FrameNo, Note, Timestamp};
use crate::hint::{Finding, Hint, Rule, Severity};
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::rtp::{RtpSpan, RtpStats};
use crate::sip::{
    Flag, Header, MediaKind, MediaLine, Message, Party, Sdp, StartLine, T38Attributes,
};
use crate::t30::frame::{self, T30Frame};
use crate::t38::Indicator;

/// 2026-11-22T14:02:11.123456Z
pub(crate) const START: Timestamp = Timestamp(1_795_356_131_123_456_000);

pub(crate) const V17: Modem = Modem {
    name: "V.17",
    rate: 14400,
};

pub(crate) static NO_DCS: Rule = Rule {
    id: "t30-dis-no-dcs",
    severity: Severity::Error,
    title: "The sender never answered DIS",
    advice: "The receiver offered itself three times and heard nothing. The fault is on the sender's side or \
on the way from it. Check: does the sender's T.38 leave its network?",
    reference: "T.30 phase B",
    when: "DIS is repeated and no DCS follows",
    ..Rule::PLAIN
};

pub(crate) static AGREED: Rule = Rule {
    id: "t38-agreed",
    severity: Severity::Ok,
    title: "T.38 agreed",
    advice: "Nothing to do.",
    reference: "T.38 Annex D",
    when: "an offer of T.38 is accepted",
    ..Rule::PLAIN
};

/// A call being written down, event by event.
pub(crate) struct Builder {
    pub(crate) call: Call,
    frame: u32,
    media: BySide<Endpoint>,
}

pub(crate) fn endpoint(last: [u8; 4], port: u16) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::from(last)), port)
}

impl Builder {
    pub(crate) fn new(number: u32, from: [u8; 4], to: [u8; 4]) -> Self {
        let person = |user: &str, host: [u8; 4]| Party {
            display: None,
            user: Some(user.to_owned()),
            host: Some(Ipv4Addr::from(host).to_string()),
            tag: None,
        };
        let call = Call {
            number: CallNo(number),
            uid: crate::uid::Uid::default(),
            call_id: Some(format!("{number}-fax@example")),
            from: person("2007", from),
            to: person("3004", to),
            caller: endpoint(from, 5060),
            callee: endpoint(to, 5060),
            agent: BySide::default(),
            started: START,
            answered: Some(START.plus_seconds(2.0)),
            ended: None,
            last_packet: START,
            state: CallState::Completed,
            status: Some(200),
            reason: Some("OK".to_owned()),
            packets: PacketCounts::default(),
            other_leg: None,
            other_leg_uid: None,
            other_candidates: Vec::new(),
            events: Vec::new(),
            transactions: Vec::new(),
            negotiations: Vec::new(),
            media: Vec::new(),
            incomplete: Vec::new(),
            speaks: BySide::default(),
            udptl: BySide {
                caller: UdptlStats::default(),
                callee: UdptlStats::default(),
            },
            path: Path::default(),
            exchange: crate::call::Exchange::default(),
            copies: Vec::new(),
            cause: None,
            fax: None,
            page_attempts: Vec::new(),
            capture: CaptureFacts::default(),
            hang_up: crate::call::HangUp::default(),
        };
        Self {
            call,
            frame: 0,
            media: BySide {
                caller: endpoint(from, 4000),
                callee: endpoint(to, 4002),
            },
        }
    }

    /// An event `at` seconds after the start that lasts `length` seconds.
    pub(crate) fn put(&mut self, at: f64, length: f64, from: Side, kind: EventKind) -> &mut Event {
        self.frame += 3;
        let sip = matches!(kind, EventKind::Sip(_));
        let ends = if sip {
            (self.call.caller, self.call.callee)
        } else {
            (self.media.caller, self.media.callee)
        };
        let (src, dst) = match from {
            Side::Caller => ends,
            Side::Callee => (ends.1, ends.0),
        };
        let id = EventId(u32::try_from(self.call.events.len()).unwrap());
        let end = START.plus_seconds(at + length);
        self.call.last_packet = self.call.last_packet.max(end);
        self.call.events.push(Event {
            id,
            call: self.call.number,
            frame: FrameNo(self.frame),
            last_frame: FrameNo(self.frame),
            at: START.plus_seconds(at),
            end,
            src,
            dst,
            from,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: None,
            kind,
        });
        self.call.events.last_mut().unwrap()
    }

    pub(crate) fn sip(
        &mut self,
        at: f64,
        from: Side,
        start: &str,
        cseq: &str,
        sdp: Option<Sdp>,
    ) -> &mut Event {
        let raw = format!("{start}\r\nCSeq: {cseq}\r\nCall-ID: x\r\n\r\n").into_bytes();
        let start = match start.strip_prefix("SIP/2.0 ") {
            Some(rest) => {
                let (status, reason) = rest.split_once(' ').unwrap();
                StartLine::Response {
                    status: status.parse().unwrap(),
                    reason: reason.to_owned(),
                }
            }
            None => StartLine::Request {
                method: start.split(' ').next().unwrap().to_owned(),
                uri: "sip:3004@example".to_owned(),
            },
        };
        let body = raw.len()..raw.len();
        let header = |name: &str, value: &str| Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let message = Message {
            raw,
            start,
            headers: vec![header("CSeq", cseq), header("Call-ID", "x")],
            body,
            problems: Vec::new(),
        };
        let kind = EventKind::Sip(Arc::new(SipEvent {
            message,
            sdp,
            transport: "UDP",
            cut: 0,
        }));
        self.put(at, 0.0, from, kind)
    }

    pub(crate) fn t30(&mut self, at: f64, from: Side, octets: &[u8]) -> &mut Event {
        let event = self.put(at, 0.3, from, EventKind::T30(Arc::new(t30(octets))));
        event.phase = Some(Phase::B);
        event
    }

    pub(crate) fn indicator(&mut self, at: f64, from: Side, indicator: Indicator) -> &mut Event {
        self.put(at, 0.0, from, EventKind::Indicator(indicator))
    }

    pub(crate) fn missing(
        &mut self,
        at: f64,
        from: Side,
        name: &'static str,
        waited: f64,
    ) -> &mut Event {
        let event = self.put(
            at,
            0.0,
            from,
            EventKind::Missing(Missing {
                name,
                waited,
                timer: "T4",
            }),
        );
        event.observed = false;
        event
    }

    pub(crate) fn rtp(&mut self, at: f64, length: f64, from: Side, packets: u32) -> &mut Event {
        let span = RtpSpan {
            frame: FrameNo(1),
            last_frame: FrameNo(1),
            at: START.plus_seconds(at),
            end: START.plus_seconds(at + length),
            src: self.media.caller,
            dst: self.media.callee,
            ssrc: 1,
            payload_type: 0,
            codec: "PCMU".to_owned(),
            stats: RtpStats {
                packets,
                ptime_ms: 20,
                ..RtpStats::default()
            },
        };
        self.put(at, length, from, EventKind::Rtp(Box::new(span)))
    }
}

pub(crate) fn t30(octets: &[u8]) -> T30Frame {
    frame::decode(&HdlcFrame {
        modem: Modem::V21,
        octets: octets.to_vec(),
        fcs: Fcs::Good,
        damaged: false,
    })
    .unwrap()
}

pub(crate) const DIS: &[u8] = &[
    0xff, 0xc8, 0x01, 0x20, 0x77, 0x5f, 0x23, 0x01, 0xab, 0xc1, 0x01, 0x01, 0x18,
];
pub(crate) const DIS_NO_ECM: &[u8] = &[
    0xff, 0xc8, 0x01, 0x20, 0x77, 0x5f, 0x03, 0x01, 0xab, 0xc1, 0x01, 0x01, 0x18,
];
pub(crate) const DCS: &[u8] = &[
    0xff, 0xc8, 0xc1, 0x00, 0x47, 0x1f, 0x20, 0x01, 0x01, 0x01, 0x01, 0x18,
];
/// ` 4003`, last digit first, each octet with its lowest bit first.
pub(crate) const CSI: &[u8] = &[
    0xff, 0xc0, 0x02, 0x2c, 0x0c, 0x0c, 0xcc, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
    0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04,
];

pub(crate) fn sdp(image: bool, port: u16) -> Sdp {
    let line = MediaLine {
        kind: if image {
            MediaKind::Image
        } else {
            MediaKind::Audio
        },
        port,
        proto: if image { "udptl" } else { "RTP/AVP" }.to_owned(),
        formats: vec![if image { "t38" } else { "0" }.to_owned()],
        connection: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))),
        own_connection: false,
        direction: None,
        rtpmap: Vec::new(),
        ptime: None,
        silence_suppression: None,
        t38: image.then(|| T38Attributes {
            version: Some(0),
            max_bit_rate: Some(14400),
            rate_management: Some("transferredTCF".to_owned()),
            max_datagram: Some(400),
            udp_ec: Some("t38UDPRedundancy".to_owned()),
            fill_bit_removal: Some(Flag::Zero),
            ..T38Attributes::default()
        }),
        attributes: Vec::new(),
    };
    Sdp {
        media: vec![line],
        ..Sdp::default()
    }
}

pub(crate) fn fax(
    verdict: Verdict,
    summary: &str,
    stages: &[(&'static str, StageMark, &str)],
) -> Fax {
    Fax {
        carrier: FaxCarrier::T38,
        sender: Some(Side::Caller),
        verdict,
        reached: Reached::Phase(Phase::E),
        pages: Vec::new(),
        pages_sent: 1,
        pages_confirmed: u32::from(verdict == Verdict::Ok),
        sender_id: Some("2007".to_owned()),
        receiver_id: Some("3004".to_owned()),
        modem: Some("V.17"),
        bit_rate: Some(14400),
        ecm: Some(true),
        compression: Some("MMR"),
        resolution: Some("204x196"),
        cause: (verdict == Verdict::Failed).then_some(crate::call::Cause {
            rule: "t30-dis-no-dcs",
            side: None,
        }),
        summary: summary.to_owned(),
        stages: stages
            .iter()
            .map(|(name, mark, text)| Stage {
                name,
                phase: None,
                mark: *mark,
                text: (*text).to_owned(),
            })
            .collect(),
    }
}

pub(crate) fn hint(rule: &'static Rule, event: &Event, seen: &str) -> Hint {
    Hint {
        side: None,
        rule,
        finding: Finding::new(rule.severity, [event.frame], seen).on(event.id),
        consequence: false,
    }
}

fn set_up(builder: &mut Builder) {
    use Side::{Callee, Caller};
    builder.sip(
        0.0,
        Caller,
        "INVITE sip:3004@example SIP/2.0",
        "1 INVITE",
        Some(sdp(false, 8000)),
    );
    builder
        .sip(
            0.5,
            Caller,
            "INVITE sip:3004@example SIP/2.0",
            "1 INVITE",
            Some(sdp(false, 8000)),
        )
        .retransmission = true;
    builder.sip(0.6, Callee, "SIP/2.0 100 Trying", "1 INVITE", None);
    builder.sip(1.0, Callee, "SIP/2.0 180 Ringing", "1 INVITE", None);
    builder.sip(
        2.0,
        Callee,
        "SIP/2.0 200 OK",
        "1 INVITE",
        Some(sdp(false, 9000)),
    );
    builder.sip(2.01, Caller, "ACK sip:3004@example SIP/2.0", "1 ACK", None);
    builder.rtp(2.05, 1.5, Caller, 206);
    builder.rtp(2.06, 1.5, Callee, 204);
}

fn switch(builder: &mut Builder) -> Event {
    use Side::{Callee, Caller};
    builder.sip(
        3.6,
        Callee,
        "INVITE sip:2007@example SIP/2.0",
        "7 INVITE",
        Some(sdp(true, 4002)),
    );
    let answer = builder
        .sip(
            3.7,
            Caller,
            "SIP/2.0 200 OK",
            "7 INVITE",
            Some(sdp(true, 4000)),
        )
        .clone();
    builder.sip(3.71, Callee, "ACK sip:2007@example SIP/2.0", "7 ACK", None);
    answer
}

/// A good fax of one page with ECM.
pub(crate) fn good() -> AnalysedFlow {
    use Side::{Callee, Caller};
    let mut builder = Builder::new(1, [192, 0, 2, 10], [198, 51, 100, 20]);
    set_up(&mut builder);
    let answer = switch(&mut builder);
    builder.indicator(4.0, Callee, Indicator::Ced);
    builder.indicator(6.6, Callee, Indicator::V21Preamble);
    builder.t30(7.6, Callee, CSI);
    builder.t30(8.6, Callee, DIS);
    builder.indicator(9.0, Caller, Indicator::V21Preamble);
    builder.t30(10.0, Caller, DCS);
    builder.indicator(10.5, Caller, Indicator::V17Long14400);
    builder.put(
        12.0,
        1.5,
        Caller,
        EventKind::Tcf(Tcf {
            modem: V17,
            octets: 2700,
            longest_zero_run: Some(2700),
            nonzero_share: Some(0.0),
            lost_packets: 0,
            ended: true,
        }),
    );
    builder.t30(14.0, Callee, &[0xff, 0xc8, 0x21]);
    builder.put(
        16.0,
        7.9,
        Caller,
        EventKind::PageData(PageData {
            page: 1,
            block: Some(0),
            modem: V17,
            bytes: 8704,
            frames: 34,
            resent: 0,
            bad_frames: 0,
            frame_numbers: (0..34).collect(),
            rcp: 3,
            lost_packets: 0,
            ended: true,
            level: None,
        }),
    );
    builder.put(
        18.0,
        0.0,
        Caller,
        EventKind::Gap {
            lost: 2,
            recovered: 2,
            first_seq: 411,
        },
    );
    builder.t30(24.5, Caller, &[0xff, 0xc8, 0x7d, 0x74, 0x00, 0x00, 0x21]);
    builder.t30(26.0, Callee, &[0xff, 0xc8, 0x31]);
    builder.t30(27.5, Caller, &[0xff, 0xc8, 0x5f]);
    builder.sip(28.0, Caller, "BYE sip:3004@example SIP/2.0", "2 BYE", None);
    builder.sip(28.1, Callee, "SIP/2.0 200 OK", "2 BYE", None);
    let passed = ["setup", "T.38", "A", "B", "C", "D", "E", "release"]
        .map(|name| (name, StageMark::Passed, ""));
    builder.call.fax = Some(fax(
        Verdict::Ok,
        "1 page sent and confirmed: V.17 14400, ECM",
        &passed,
    ));
    let hints = vec![hint(
        &AGREED,
        &answer,
        "T.38 agreed: 14400, redundancy, version 0",
    )];
    AnalysedFlow {
        flow: Flow {
            legs: vec![Arc::new(builder.call)],
        },
        hints: vec![hints],
        pbx: Vec::new(),
    }
}

/// Two legs; the receiver's DIS reaches the sender without ECM, and no DCS ever comes.
pub(crate) fn no_dcs() -> AnalysedFlow {
    use Side::{Callee, Caller};
    let (outer, pbx, far) = ([192, 0, 2, 10], [203, 0, 113, 5], [198, 51, 100, 20]);
    let mut a = Builder::new(2, outer, pbx);
    let mut b = Builder::new(3, pbx, far);
    set_up(&mut a);
    set_up(&mut b);
    let answer = switch(&mut a);
    switch(&mut b);
    let mut first = None;
    for (nth, at) in [(1, 8.646), (2, 14.286), (3, 18.7)] {
        b.t30(at - 1.7, Callee, CSI).repeat = nth;
        b.t30(at, Callee, DIS).repeat = nth;
        a.t30(at - 1.66, Callee, CSI).repeat = nth;
        let event = a.t30(at + 0.041, Callee, DIS_NO_ECM);
        event.repeat = nth;
        first.get_or_insert_with(|| event.clone());
        a.missing(at + 4.0, Caller, "DCS", 5.6);
    }
    b.t30(23.866, Callee, &[0xff, 0xc8, 0x5f]);
    for leg in [&mut a, &mut b] {
        leg.sip(24.5, Callee, "BYE sip:2007@example SIP/2.0", "8 BYE", None);
        leg.sip(24.6, Caller, "SIP/2.0 200 OK", "8 BYE", None);
        leg.call.fax = Some(fax(
            Verdict::Failed,
            "Failed in phase B: the sender never answered DIS (3 times, 22 s)",
            &[
                ("setup", StageMark::Passed, ""),
                ("T.38", StageMark::Passed, ""),
                ("A", StageMark::Passed, ""),
                ("B", StageMark::Failed, "no DCS"),
                ("C", StageMark::NotSeen, ""),
                ("D", StageMark::NotSeen, ""),
                ("E", StageMark::Passed, ""),
                ("release", StageMark::Passed, ""),
            ],
        ));
        leg.call.cause = leg.call.fax.as_ref().and_then(|fax| fax.cause);
    }
    a.call.other_leg = Some(CallNo(3));
    b.call.other_leg = Some(CallNo(2));
    let hints = vec![
        hint(&NO_DCS, &first.unwrap(), "DIS three times, no answer"),
        hint(
            &AGREED,
            &answer,
            "T.38 agreed: 14400, redundancy, version 0",
        ),
    ];
    AnalysedFlow {
        flow: Flow {
            legs: vec![Arc::new(a.call), Arc::new(b.call)],
        },
        hints: vec![hints, Vec::new()],
        pbx: Vec::new(),
    }
}

/// T.38 refused with 488, hostile reason phrase and numbers.
pub(crate) fn refused() -> AnalysedFlow {
    use Side::{Callee, Caller};
    let mut builder = Builder::new(4, [192, 0, 2, 10], [198, 51, 100, 20]);
    set_up(&mut builder);
    builder.sip(
        3.6,
        Callee,
        "INVITE sip:2007@example SIP/2.0",
        "7 INVITE",
        Some(sdp(true, 4002)),
    );
    builder.sip(
        3.7,
        Caller,
        "SIP/2.0 488 Not \u{1b}[2JAcceptable \u{202e}Here",
        "7 INVITE",
        None,
    );
    builder.sip(3.71, Callee, "ACK sip:2007@example SIP/2.0", "7 ACK", None);
    builder.missing(4.0, Callee, "200 OK", 32.0);
    builder.call.from.user = Some("\u{1b}]0;evil\u{7}<b>2007</b>|`漢字`".to_owned());
    AnalysedFlow {
        flow: Flow {
            legs: vec![Arc::new(builder.call)],
        },
        hints: vec![Vec::new()],
        pbx: Vec::new(),
    }
}

/// About a capture with all three.
pub(crate) fn info() -> CaptureInfo {
    CaptureInfo {
        file: "fax.pcap".to_owned(),
        format: "pcap",
        link_types: vec!["ETHERNET".to_owned()],
        packets: 41_203,
        bytes: 12_345_678,
        file_bytes: Some(12_345_678),
        file_pos: 12_345_678,
        first_time: Some(START),
        last_time: Some(START.plus_seconds(449.0)),
        time_digits: 6,
        notes: vec![Note {
            frame: Some(FrameNo(41_203)),
            offset: Some(12_345_600),
            text: "the last frame is cut".to_owned(),
        }],
        ..CaptureInfo::default()
    }
}

/// The row of the calls list for a leg of a flow.
pub(crate) fn row(flow: &AnalysedFlow, leg: usize) -> CallRow<'static> {
    let call = &flow.flow.legs[leg];
    CallRow {
        number: call.number,
        started: call.started,
        duration: call.last_packet.seconds_since(call.started),
        from: call.from.user.clone().unwrap().into(),
        to: call.to.user.clone().unwrap().into(),
        caller: call.caller,
        callee: call.callee,
        call_id: call.call_id.clone().map(|id| id.into_bytes().into()),
        state: call.state,
        status: call.status,
        packets: PacketCounts {
            sip: 9,
            rtp: 410,
            t38: if call.fax.is_some() { 612 } else { 0 },
        },
        other_leg: call.other_leg,
        fax: call.fax.as_ref().map(|fax| FaxRow {
            carrier: fax.carrier,
            verdict: fax.verdict,
            pages_sent: fax.pages_sent,
            pages_confirmed: fax.pages_confirmed,
            rate: Some("V.17 14400".to_owned()),
            summary: fax.summary.clone(),
        }),
        pending: false,
        hints: (
            flow.hints[leg]
                .iter()
                .filter(|hint| hint.finding.severity == Severity::Error)
                .count()
                .try_into()
                .unwrap(),
            0,
        ),
        via: Vec::new(),
        carriers: Vec::new(),
    }
}
