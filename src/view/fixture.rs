//! Calls for the tests of views, screens and exports: the capture of tests/scenarios/screens, read by the whole program.

use std::sync::{Arc, OnceLock};

use crate::analysis::reading::Analysis;
use crate::analysis::{Analysed, AnalysedFlow, CallRow, Options};
use crate::call::{BySide, Call, CallNo, Event, EventId, EventKind, Exchange, Flow, Path, Side};
use crate::capture::{CaptureInfo, Endpoint, FrameNo};
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::sip::{MediaLine, Sdp};
use crate::t30::frame::{T30Frame, decode};
use crate::t38::Indicator;

struct Capture {
    /// Call 1; calls 2 and 3, two legs; call 4.
    flows: Vec<AnalysedFlow>,
    rows: Vec<CallRow<'static>>,
    info: CaptureInfo,
}

fn capture() -> &'static Capture {
    static CAPTURE: OnceLock<Capture> = OnceLock::new();
    CAPTURE.get_or_init(|| {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/scenarios/screens/screens.pcap"
        );
        let mut analysis = Analysis::open(Options {
            file: file.into(),
            ..Options::default()
        })
        .unwrap();
        analysis.read_all(|_| {}).unwrap();
        let chosen = [vec![CallNo(1)], vec![CallNo(2), CallNo(3)], vec![CallNo(4)]];
        let flows = analysis.flows(&chosen).unwrap();
        let rows = flows.iter().flat_map(analysed).map(|one| {
            let row = analysis.row(one.call.number).unwrap();
            row.into_owned().with(&one)
        });
        Capture {
            rows: rows.collect(),
            info: CaptureInfo {
                file: "fax.pcap".to_owned(),
                ..analysis.info().clone()
            },
            flows,
        }
    })
}

/// The legs of a flow with their hints.
pub(crate) fn analysed(flow: &AnalysedFlow) -> Vec<Analysed> {
    let legs = flow.flow.legs.iter().zip(&flow.hints);
    legs.map(|(call, hints)| Analysed {
        call: Arc::clone(call),
        hints: hints.clone(),
    })
    .collect()
}

/// A good fax of one page with ECM.
pub(crate) fn good() -> AnalysedFlow {
    capture().flows[0].clone()
}

/// Two legs; the receiver's DIS reaches the sender without ECM, and no DCS ever comes.
pub(crate) fn no_dcs() -> AnalysedFlow {
    capture().flows[1].clone()
}

/// T.38 refused with 488; reason phrase, number and name of the caller are hostile.
pub(crate) fn refused() -> AnalysedFlow {
    capture().flows[2].clone()
}

/// About the capture of all three.
pub(crate) fn info() -> CaptureInfo {
    capture().info.clone()
}

/// The rows of its calls.
pub(crate) fn rows() -> Vec<CallRow<'static>> {
    capture().rows.clone()
}

pub(crate) fn endpoint(addr: [u8; 4], port: u16) -> Endpoint {
    Endpoint::new(addr.into(), port)
}

/// The good call with other events, for what no capture of a whole fax shows at once.
pub(crate) struct Builder {
    pub(crate) call: Call,
}

impl Builder {
    pub(crate) fn new(number: u32, from: [u8; 4], to: [u8; 4]) -> Self {
        let mut call = (*good().flow.legs[0]).clone();
        call.number = CallNo(number);
        (call.caller, call.callee) = (endpoint(from, 5060), endpoint(to, 5060));
        call.agent = BySide::default();
        (call.path, call.exchange) = (Path::default(), Exchange::default());
        call.events.clear();
        call.negotiations.clear();
        call.media.clear();
        call.fax = None;
        Self { call }
    }

    /// An event so many seconds after the start, of a length.
    pub(crate) fn put(&mut self, at: f64, length: f64, from: Side, kind: EventKind) -> &mut Event {
        let place = u32::try_from(self.call.events.len()).unwrap();
        let (src, dst) = match from {
            Side::Caller => (self.call.caller, self.call.callee),
            Side::Callee => (self.call.callee, self.call.caller),
        };
        let at = self.call.started.plus_seconds(at);
        self.call.events.push(Event {
            id: EventId(place),
            end: at.plus_seconds(length),
            ..Event::seen(
                self.call.number,
                (FrameNo(10 + place), at),
                (src, dst),
                from,
                kind,
            )
        });
        self.call.last_packet = at.plus_seconds(length);
        self.call.events.last_mut().unwrap()
    }

    /// A SIP message of the good call: how it begins, and whether its SDP is of T.38 if it has one.
    pub(crate) fn sip(
        &mut self,
        at: f64,
        from: Side,
        start: &str,
        t38: Option<bool>,
    ) -> &mut Event {
        let good = good();
        let message = good.flow.legs[0].events.iter().find_map(|event| {
            let EventKind::Sip(sip) = &event.kind else {
                return None;
            };
            let of_t38 = |sdp: &Sdp| sdp.media.iter().any(MediaLine::is_t38);
            let fits = sip.message.raw.starts_with(start.as_bytes())
                && sip.sdp.as_ref().map(of_t38) == t38;
            fits.then(|| Arc::clone(sip))
        });
        self.put(at, 0.0, from, EventKind::Sip(message.unwrap()))
    }

    /// A T.30 message by its octets.
    pub(crate) fn t30(&mut self, at: f64, from: Side, octets: &[u8]) -> &mut Event {
        self.put(at, 0.0, from, EventKind::T30(Arc::new(t30(octets))))
    }

    pub(crate) fn indicator(&mut self, at: f64, from: Side, indicator: Indicator) -> &mut Event {
        self.put(at, 0.0, from, EventKind::Indicator(indicator))
    }

    /// The flow of this call alone.
    pub(crate) fn flow(self) -> AnalysedFlow {
        flow([self])
    }
}

/// Calls as the legs of one flow, with no hints.
pub(crate) fn flow(legs: impl IntoIterator<Item = Builder>) -> AnalysedFlow {
    let legs: Vec<Arc<Call>> = legs.into_iter().map(|leg| Arc::new(leg.call)).collect();
    AnalysedFlow {
        hints: vec![Vec::new(); legs.len()],
        flow: Flow { legs },
        pbx: Vec::new(),
    }
}

fn t30(octets: &[u8]) -> T30Frame {
    decode(&HdlcFrame {
        modem: Modem::V21,
        octets: octets.to_vec(),
        fcs: Fcs::Good,
        damaged: false,
    })
    .unwrap()
}
