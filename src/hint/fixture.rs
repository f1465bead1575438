//! Calls built by hand, for the tests of rules: a script of events, read like a ladder.
//!
//! ```text
//! Script::new().invite(0.0, CALLER, audio(4000)).reply(0.1, 180).answer(1.0, audio(5000)).ack(1.1) ...
//! ```

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::call::exchange::{Bounds, Exchange};
use crate::call::{
    BySide, Call, CallNo, CallState, CaptureFacts, Event, EventId, EventKind, Fax, FaxCarrier,
    HangUp, MediaPeriod, Negotiation, PacketCounts, PageData, Path, Phase, Reached, Relay, Side,
    SipEvent, Transaction, UdptlStats, Verdict,
};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::hint::{Finding, Hint, PointOfView, Scene};
use crate::line::{Fcs, Modem};
use crate::rtp::{RtpSpan, RtpStats};
use crate::sip::{Header, MediaKind, MediaLine, Message, Party, Sdp, StartLine, T38Attributes};
use crate::t30::Fcf;
use crate::t30::frame::T30Frame;

pub(crate) const CALLER: Side = Side::Caller;
pub(crate) const CALLEE: Side = Side::Callee;

/// Time 0 of every script.
const START: u64 = 1_700_000_000_000_000_000;

pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp(START).plus_seconds(seconds)
}

pub(crate) fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, last))
}

fn addr(side: Side) -> IpAddr {
    match side {
        Side::Caller => host(10),
        Side::Callee => host(20),
    }
}

/// An SDP with one audio line (PCMU).
pub(crate) fn audio(side: Side, port: u16) -> Sdp {
    codec(side, port, "PCMU", 0)
}

/// An SDP with one audio line of another codec.
pub(crate) fn codec(side: Side, port: u16, name: &str, payload_type: u8) -> Sdp {
    let mut line = media(
        MediaKind::Audio,
        side,
        port,
        "RTP/AVP",
        &payload_type.to_string(),
    );
    line.rtpmap = vec![(payload_type, name.to_owned(), 8000)];
    session(side, vec![line])
}

/// An SDP with one T.38 line as Asterisk writes it.
pub(crate) fn image(side: Side, port: u16) -> Sdp {
    let mut line = media(MediaKind::Image, side, port, "udptl", "t38");
    line.t38 = Some(T38Attributes {
        version: Some(0),
        max_bit_rate: Some(14_400),
        rate_management: Some("transferredTCF".to_owned()),
        max_buffer: None,
        max_datagram: Some(400),
        udp_ec: Some("t38UDPRedundancy".to_owned()),
        ..T38Attributes::default()
    });
    session(side, vec![line])
}

/// Changes the T.38 attributes of the first image line.
pub(crate) fn with_t38(mut sdp: Sdp, change: impl FnOnce(&mut T38Attributes)) -> Sdp {
    let attributes = sdp
        .media
        .iter_mut()
        .find_map(|line| line.t38.as_mut())
        .expect("an image line");
    change(attributes);
    sdp
}

/// Both SDPs' lines in one.
pub(crate) fn both(mut first: Sdp, second: Sdp) -> Sdp {
    first.media.extend(second.media);
    first
}

/// The same SDP with another address in `c=`.
pub(crate) fn at_address(mut sdp: Sdp, addr: IpAddr) -> Sdp {
    sdp.connection = Some(addr);
    for line in &mut sdp.media {
        line.connection = Some(addr);
    }
    sdp
}

fn session(side: Side, media: Vec<MediaLine>) -> Sdp {
    Sdp {
        origin: Some(format!("- 1 1 IN IP4 {}", addr(side))),
        version: Some(1),
        connection: Some(addr(side)),
        media,
        problems: Vec::new(),
    }
}

fn media(kind: MediaKind, side: Side, port: u16, proto: &str, format: &str) -> MediaLine {
    MediaLine {
        kind,
        port,
        proto: proto.to_owned(),
        formats: vec![format.to_owned()],
        connection: Some(addr(side)),
        own_connection: false,
        direction: None,
        rtpmap: Vec::new(),
        ptime: None,
        silence_suppression: None,
        t38: None,
        attributes: Vec::new(),
    }
}

/// A call under construction.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) call: Call,
    cseq: u32,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            call: Call {
                number: CallNo(1),
                call_id: Some("script@example".to_owned()),
                from: party("5550001"),
                to: party("5550002"),
                caller: Endpoint::new(addr(CALLER), 5060),
                callee: Endpoint::new(addr(CALLEE), 5060),
                agent: BySide::default(),
                started: at(0.0),
                answered: None,
                ended: None,
                last_packet: at(0.0),
                state: CallState::Unknown,
                status: None,
                reason: None,
                packets: PacketCounts::default(),
                other_leg: None,
                other_candidates: Vec::new(),
                events: Vec::new(),
                transactions: Vec::new(),
                negotiations: Vec::new(),
                media: Vec::new(),
                udptl: BySide::default(),
                path: Path::default(),
                exchange: Exchange::default(),
                copies: Vec::new(),
                cause: None,
                incomplete: Vec::new(),
                speaks: BySide::default(),
                fax: None,
                page_attempts: Vec::new(),
                capture: CaptureFacts {
                    first_time: at(0.0),
                    ..CaptureFacts::default()
                },
                hang_up: HangUp::default(),
            },
            cseq: 100,
        }
    }

    /// Any event; frames count from 1.
    pub(crate) fn event(mut self, time: f64, from: Side, kind: EventKind) -> Self {
        let id = EventId(u32::try_from(self.call.events.len()).unwrap());
        let frame = FrameNo(id.0 + 1);
        self.call.events.push(Event {
            id,
            call: self.call.number,
            frame,
            last_frame: frame,
            at: at(time),
            end: at(time),
            src: Endpoint::new(addr(from), 5060),
            dst: Endpoint::new(addr(from.other()), 5060),
            from,
            hop: None,
            relay: Relay::Original,
            retransmission: false,
            repeat: 1,
            observed: true,
            phase: None,
            kind,
        });
        if at(time) > self.call.last_packet {
            self.call.last_packet = at(time);
        }
        self.call.capture.last_time = self.call.last_packet;
        self
    }

    fn last_id(&self) -> EventId {
        EventId(u32::try_from(self.call.events.len()).unwrap() - 1)
    }

    fn sip(self, time: f64, from: Side, start: StartLine, sdp: Option<Sdp>) -> Self {
        let message = Message {
            raw: Vec::new(),
            start,
            headers: Vec::new(),
            body: 0..0,
            problems: Vec::new(),
        };
        let event = SipEvent {
            message,
            sdp,
            transport: "UDP",
            cut: 0,
        };
        let mut script = self.event(time, from, EventKind::Sip(Arc::new(event)));
        script.call.packets.sip += 1;
        script
    }

    /// A request that begins a transaction.
    pub(crate) fn request(mut self, time: f64, from: Side, method: &str, sdp: Option<Sdp>) -> Self {
        self.cseq += 1;
        let start = StartLine::Request {
            method: method.to_owned(),
            uri: "sip:5550002@example".to_owned(),
        };
        let mut script = self.sip(time, from, start, sdp.clone());
        let id = script.last_id();
        let initial = method == "INVITE" && script.call.answered.is_none();
        script.call.transactions.push(Transaction {
            method: method.to_owned(),
            cseq: script.cseq,
            from,
            requests: vec![id],
            responses: Vec::new(),
            acks: Vec::new(),
            initial,
        });
        if let Some(offer) = sdp {
            let transaction = script.call.transactions.len() - 1;
            script.call.negotiations.push(Negotiation {
                offer_event: id,
                from,
                offer,
                answer_event: None,
                answer: None,
                status: None,
                transaction,
            });
        }
        script
    }

    /// The last request again.
    pub(crate) fn again(mut self, time: f64) -> Self {
        let transaction = self.call.transactions.last().unwrap();
        let from = transaction.from;
        let start = StartLine::Request {
            method: transaction.method.clone(),
            uri: "sip:5550002@example".to_owned(),
        };
        self = self.sip(time, from, start, None);
        let id = self.last_id();
        self.call.events.last_mut().unwrap().retransmission = true;
        self.call.transactions.last_mut().unwrap().requests.push(id);
        self
    }

    /// A response to the last request.
    pub(crate) fn reply(self, time: f64, status: u16, reason: &str, sdp: Option<Sdp>) -> Self {
        let index = self.call.transactions.len() - 1;
        self.reply_to(index, time, status, reason, sdp)
    }

    /// A response to the request with this number (0-based).
    pub(crate) fn reply_to(
        mut self,
        index: usize,
        time: f64,
        status: u16,
        reason: &str,
        sdp: Option<Sdp>,
    ) -> Self {
        let from = self.call.transactions[index].from.other();
        let start = StartLine::Response {
            status,
            reason: reason.to_owned(),
        };
        self = self.sip(time, from, start, sdp.clone());
        let id = self.last_id();
        let transaction = &mut self.call.transactions[index];
        let repeated = status >= 200 && transaction.final_response().is_some();
        transaction.responses.push((status, id));
        let (initial, invite) = (transaction.initial, transaction.method == "INVITE");
        self.call.events.last_mut().unwrap().retransmission = repeated;
        if initial && status >= 200 {
            self.call.status = Some(status);
            self.call.reason = Some(reason.to_owned());
        }
        if invite && (200..300).contains(&status) && self.call.answered.is_none() {
            self.call.answered = Some(at(time));
        }
        if status >= 200 && !repeated {
            self.conclude(index, id, status, sdp, time);
        }
        self
    }

    fn conclude(&mut self, index: usize, id: EventId, status: u16, sdp: Option<Sdp>, time: f64) {
        let found = self
            .call
            .negotiations
            .iter_mut()
            .enumerate()
            .find(|(_, negotiation)| negotiation.transaction == index);
        let Some((number, negotiation)) = found else {
            return;
        };
        negotiation.answer_event = Some(id);
        negotiation.status = Some(status);
        if status >= 300 {
            return;
        }
        negotiation.answer = sdp;
        let negotiation = negotiation.clone();
        let Some(answer) = &negotiation.answer else {
            return;
        };
        let ends = |wanted: fn(&MediaLine) -> bool| {
            let pick = |sdp: &Sdp| {
                sdp.media
                    .iter()
                    .find(|line| wanted(line) && line.port > 0)
                    .and_then(|line| Some(Endpoint::new(line.connection?, line.port)))
            };
            let (offered, answered) = (pick(&negotiation.offer)?, pick(answer)?);
            let mut ends = BySide {
                caller: offered,
                callee: answered,
            };
            *ends.of_mut(negotiation.from) = offered;
            *ends.of_mut(negotiation.from.other()) = answered;
            Some(ends)
        };
        if let Some(last) = self.call.media.last_mut() {
            last.until = Some(at(time));
        }
        self.call.media.push(MediaPeriod {
            from: at(time),
            until: None,
            negotiation: number,
            audio: ends(|line| line.kind == MediaKind::Audio),
            codec: answer
                .media
                .iter()
                .find(|line| line.kind == MediaKind::Audio && line.port > 0)
                .and_then(|line| line.rtpmap.first())
                .map(|(_, name, _)| name.clone()),
            t38: ends(MediaLine::is_t38),
        });
    }

    /// ACK of the last INVITE.
    pub(crate) fn ack(mut self, time: f64) -> Self {
        let index = self
            .call
            .transactions
            .iter()
            .rposition(|transaction| transaction.method == "INVITE")
            .unwrap();
        let from = self.call.transactions[index].from;
        let start = StartLine::Request {
            method: "ACK".to_owned(),
            uri: "sip:5550002@example".to_owned(),
        };
        self = self.sip(time, from, start, None);
        let id = self.last_id();
        self.call.transactions[index].acks.push(id);
        self
    }

    /// Adds a header to the last SIP message.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let event = self.call.events.last_mut().unwrap();
        let EventKind::Sip(sip) = &mut event.kind else {
            panic!("no SIP message");
        };
        Arc::make_mut(sip).message.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// INVITE, 180, 200 and ACK with audio, from 0 to 1.1 s.
    pub(crate) fn answered() -> Self {
        Self::new()
            .request(0.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
            .reply(0.2, 180, "Ringing", None)
            .reply(1.0, 200, "OK", Some(audio(CALLEE, 9000)))
            .ack(1.1)
    }

    /// The same, then a T.38 re-INVITE by the callee that is accepted, to 3.2 s.
    pub(crate) fn switched() -> Self {
        Self::answered()
            .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
            .reply(3.1, 200, "OK", Some(image(CALLER, 4000)))
            .ack(3.2)
    }

    /// BYE and its 200.
    pub(crate) fn bye(self, time: f64, from: Side) -> Self {
        let mut script = self
            .request(time, from, "BYE", None)
            .reply(time + 0.1, 200, "OK", None);
        script.call.state = CallState::Completed;
        script.call.ended = Some(at(time + 0.1));
        script
    }

    /// A T.30 message in T.38, good FCS; the FCF as it stands on the wire.
    pub(crate) fn t30(self, time: f64, from: Side, fcf: Fcf, fif: &[u8]) -> Self {
        let mut octets = vec![0xFF, 0xC8, fcf.code()];
        octets.extend_from_slice(fif);
        let frame = T30Frame {
            octets,
            fcf,
            x_bit: false,
            fcf2: None,
            last: true,
            fcs: Fcs::Good,
            damaged: false,
            modem: Modem::V21,
        };
        let mut script = self.event(time, from, EventKind::T30(Arc::new(frame)));
        script.call.packets.t38 += 1;
        script.call.events.last_mut().unwrap().phase = Some(Phase::B);
        script
    }

    /// Page data of 5 s.
    pub(crate) fn page(self, time: f64, from: Side, page: u32) -> Self {
        let mut script = self.event(
            time,
            from,
            EventKind::PageData(PageData {
                page,
                block: None,
                modem: Modem {
                    name: "V.17",
                    rate: 14_400,
                },
                bytes: 9000,
                frames: 0,
                resent: 0,
                bad_frames: 0,
                frame_numbers: Vec::new(),
                rcp: 0,
                lost_packets: 0,
                ended: true,
                level: None,
            }),
        );
        let event = script.call.events.last_mut().unwrap();
        event.end = at(time + 5.0);
        event.phase = Some(Phase::C);
        script
    }

    /// RTP of one side from `time` to `until`.
    pub(crate) fn rtp(self, time: f64, until: f64, from: Side) -> Self {
        let span = RtpSpan {
            frame: FrameNo(0),
            last_frame: FrameNo(0),
            at: at(time),
            end: at(until),
            src: Endpoint::new(addr(from), 8000),
            dst: Endpoint::new(addr(from.other()), 9000),
            ssrc: 1,
            payload_type: 0,
            codec: "PCMU".to_owned(),
            stats: RtpStats::default(),
        };
        let mut script = self.event(time, from, EventKind::Rtp(Box::new(span)));
        script.call.packets.rtp += 50;
        script.call.events.last_mut().unwrap().end = at(until);
        script.call.last_packet = script.call.last_packet.max(at(until));
        script.call.capture.last_time = script.call.last_packet;
        script
    }

    /// T.38 figures of both sides: this many packets, from one time to another.
    pub(crate) fn udptl(mut self, packets: u32, from: f64, until: f64) -> Self {
        for side in [CALLER, CALLEE] {
            *self.call.udptl.of_mut(side) = UdptlStats {
                packets,
                first: Some((FrameNo(1), at(from))),
                last: Some((FrameNo(2), at(until))),
                transport: "udptl",
                ..UdptlStats::default()
            };
        }
        self
    }

    /// There was a fax, and it ended so.
    pub(crate) fn fax(mut self, verdict: Verdict, carrier: FaxCarrier) -> Self {
        self.call.fax = Some(Fax {
            carrier,
            sender: Some(CALLER),
            verdict,
            reached: Reached::Phase(Phase::B),
            pages: Vec::new(),
            pages_sent: 1,
            pages_confirmed: u32::from(verdict == Verdict::Ok),
            sender_id: None,
            receiver_id: None,
            modem: Some("V.17"),
            bit_rate: Some(14_400),
            ecm: Some(false),
            compression: Some("MH"),
            resolution: Some("204x98"),
            cause: None,
            summary: String::new(),
            stages: Vec::new(),
        });
        self
    }

    /// The capture goes on until this time.
    pub(crate) fn capture_until(mut self, time: f64) -> Self {
        self.call.capture.last_time = at(time);
        self
    }

    /// The hints of the call alone.
    pub(crate) fn hints(&self) -> Vec<Hint> {
        self.seen_by(&PointOfView::default())
    }

    /// The hints of the call alone, for this user.
    pub(crate) fn seen_by(&self, view: &PointOfView) -> Vec<Hint> {
        crate::hint::run(&Scene::new(&read(&self.call), None, view))
    }

    /// The sentence at the top of the flow.
    pub(crate) fn headline(&self) -> String {
        let view = PointOfView::default();
        let call = read(&self.call);
        let scene = Scene::new(&call, None, &view);
        crate::hint::diagnose(&scene)
            .root
            .map(|root| crate::hint::cause::sentence(&root, &scene))
            .unwrap_or_default()
    }

    /// What one rule finds.
    pub(crate) fn findings(&self, id: &str) -> Vec<Finding> {
        let view = PointOfView::default();
        let rule = crate::hint::rule(id).unwrap_or_else(|| panic!("no rule {id}"));
        rule.check
            .findings(&Scene::new(&read(&self.call), None, &view))
    }
}

/// The call with its T.30 exchange, as loading it would have it.
pub(crate) fn read(call: &Call) -> Call {
    let bounds = Bounds {
        end: call.last_packet,
        whole: !call.capture.unfinished,
        hung_up: call.hang_up().map(|event| event.at),
        not_captured: None,
        clock_goes_back: false,
    };
    let sender = call.fax.as_ref().and_then(|fax| fax.sender);
    Call {
        exchange: Exchange::derive(&call.events, sender, &bounds),
        ..call.clone()
    }
}

fn party(user: &str) -> Party {
    Party {
        user: Some(user.to_owned()),
        ..Party::default()
    }
}

/// Ids and severities, for assertions.
pub(crate) fn ids(hints: &[Hint]) -> Vec<&'static str> {
    hints.iter().map(|hint| hint.rule.id).collect()
}
