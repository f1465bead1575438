//! Calls that pass proxies, a B2BUA and a media proxy.

use super::*;
use crate::call::path::{Hop, HopId, HopKind, Host, HostId, Known, Link, Path, Rewrite, Role};
use crate::call::{Call, Flow, Relay};
use crate::capture::Endpoint;
use crate::view::fixture::{Builder, endpoint};

/// DIS: V.17, fine, ECM.
const DIS: &[u8] = &[
    0xff, 0xc8, 0x01, 0x00, 0x77, 0x5f, 0x23, 0x01, 0xab, 0xc1, 0x01, 0x01, 0x18,
];

type Element = ([u8; 4], u16, Role, &'static str);

const ATA: Element = ([198, 51, 100, 20], 5060, Role::Caller, "FaxGen-ATA/1.0");
const KAMAILIO: Element = ([203, 0, 113, 5], 5060, Role::Proxy, "kamailio (5.6.1)");
const EDGE: Element = ([203, 0, 113, 9], 5060, Role::Proxy, "OpenSIPS (3.4)");
const ASTERISK: Element = ([203, 0, 113, 5], 5050, Role::Callee, "Asterisk PBX 18.9");
const GATEWAY: Element = ([192, 0, 2, 10], 5060, Role::Callee, "Grandstream HT802 1.0");

fn end((addr, port, ..): Element) -> Endpoint {
    endpoint(addr, port)
}

/// A call over these hosts, each a neighbour of the next one; media go from end to end.
struct Way {
    builder: Builder,
    hops: usize,
}

impl Way {
    fn new(number: u32, elements: &[Element]) -> Self {
        let (first, last) = (elements[0], elements[elements.len() - 1]);
        let mut builder = Builder::new(number, first.0, last.0);
        (builder.call.caller, builder.call.callee) = (end(first), end(last));
        let id = |at: usize| HostId(u8::try_from(at).unwrap());
        let host = |element: &Element| Host {
            addr: end(*element),
            others: Vec::new(),
            contact: None,
            role: element.2,
            agent: Some(element.3.to_owned()),
            known: Known::Packets,
            serves: None,
        };
        let hops = elements.len() - 1;
        let hop = |at: usize| Hop {
            from: id(at),
            to: id(at + 1),
            ends: (end(elements[at]), end(elements[at + 1])),
            kind: HopKind::Route,
            transport: "UDP",
            captured: true,
            rewritten: Vec::new(),
        };
        builder.call.path = Path {
            hosts: elements.iter().map(host).collect(),
            route: (0..elements.len()).map(id).collect(),
            hops: (0..hops).map(hop).collect(),
            links: vec![Link {
                first: HopId(0),
                last: HopId(u8::try_from(hops - 1).unwrap()),
                ..Link::default()
            }],
            ..Path::default()
        };
        Self { builder, hops }
    }

    /// A SIP message on all hops, 10 ms each.
    fn relay(&mut self, at: f64, from: Side, start: &str, image: Option<bool>) {
        let mut original = None;
        for nth in 0..self.hops {
            let hop = match from {
                Side::Caller => nth,
                Side::Callee => self.hops - 1 - nth,
            };
            let ends = self.builder.call.path.hops[hop].ends;
            let at = at + 0.01 * f64::from(u32::try_from(nth).unwrap());
            let event = self.builder.sip(at, from, start, image);
            (event.src, event.dst) = match from {
                Side::Caller => ends,
                Side::Callee => (ends.1, ends.0),
            };
            event.hop = Some(HopId(u8::try_from(hop).unwrap()));
            event.relay = original.map_or(Relay::Original, Relay::Copy);
            original = original.or(Some(event.id));
        }
    }

    fn set_up(&mut self) {
        self.relay(0.0, Side::Caller, "INVITE", Some(false));
        self.relay(1.0, Side::Callee, "SIP/2.0 200 OK", Some(false));
        self.relay(2.0, Side::Callee, "INVITE", Some(true));
        self.relay(2.2, Side::Caller, "SIP/2.0 200 OK", Some(true));
    }

    fn dis(&mut self, at: f64) {
        let (first, last) = (self.builder.call.caller, self.builder.call.callee);
        let event = self.builder.t30(at, Side::Callee, DIS);
        (event.src, event.dst) = (
            Endpoint::new(last.addr, 4002),
            Endpoint::new(first.addr, 4000),
        );
        event.hop = Some(HopId(0));
    }
}

fn flow_of(calls: Vec<Call>) -> AnalysedFlow {
    AnalysedFlow {
        hints: calls.iter().map(|_| Vec::new()).collect(),
        flow: Flow {
            legs: calls.into_iter().map(Arc::new).collect(),
        },
        pbx: Vec::new(),
    }
}

fn over(elements: &[Element]) -> AnalysedFlow {
    let mut way = Way::new(1, elements);
    way.set_up();
    way.dis(4.0);
    way.relay(9.0, Side::Caller, "BYE", None);
    flow_of(vec![way.builder.call])
}

/// VoipNow receives: ATA, Kamailio, Asterisk.
pub(super) fn three() -> AnalysedFlow {
    over(&[ATA, KAMAILIO, ASTERISK])
}

/// VoipNow between two faxes: both legs go through the same Kamailio.
pub(super) fn four() -> AnalysedFlow {
    let b2bua = (ASTERISK.0, ASTERISK.1, Role::B2bua, ASTERISK.3);
    let mut legs = Vec::new();
    for (number, elements, late) in [
        (1, [ATA, KAMAILIO, b2bua], 0.05),
        (2, [b2bua, KAMAILIO, GATEWAY], 0.0),
    ] {
        let mut way = Way::new(number, &elements);
        way.set_up();
        way.dis(4.0 + late);
        legs.push(way.builder.call);
    }
    // Asterisk takes 5 ms.
    for (leg, range) in [(1, 0..2), (0, 2..6), (1, 6..8)] {
        for event in &mut legs[leg].events[range] {
            event.at = event.at.plus_seconds(0.015);
        }
    }
    flow_of(legs)
}

/// Two proxies and a PBX on the way to a gateway.
pub(super) fn five() -> AnalysedFlow {
    let proxy = ([203, 0, 113, 7], 5060, Role::Proxy, "sip-router");
    over(&[ATA, EDGE, KAMAILIO, proxy, GATEWAY])
}

/// A media proxy beside Kamailio: DIS is seen before and behind it, and its SDP is rewritten.
pub(super) fn media_proxy() -> AnalysedFlow {
    let mut way = Way::new(1, &[ATA, KAMAILIO, GATEWAY]);
    way.set_up();
    let call = &mut way.builder.call;
    let media = endpoint([203, 0, 113, 66], 0);
    call.path.hosts.push(Host {
        addr: media,
        others: Vec::new(),
        contact: None,
        role: Role::MediaProxy,
        agent: None,
        known: Known::Sdp,
        serves: Some(HostId(1)),
    });
    call.path.links = [0, 1]
        .map(|hop| Link {
            first: HopId(hop),
            last: HopId(hop),
            ..Link::default()
        })
        .to_vec();
    let offer = call.events[1].id;
    call.path.hops[1].rewritten = vec![
        Rewrite {
            event: offer,
            what: "audio c=".to_owned(),
            image: false,
        },
        Rewrite {
            event: offer,
            what: "audio port".to_owned(),
            image: false,
        },
    ];
    way.dis(4.02);
    let call = &mut way.builder.call;
    let read = call.events.last_mut().unwrap();
    let callee = read.src;
    read.src = Endpoint::new(media.addr, 30_000);
    let mut copy = read.clone();
    copy.id = EventId(u32::try_from(call.events.len()).unwrap());
    copy.at = copy.at.plus_seconds(-0.02);
    copy.end = copy.end.plus_seconds(-0.02);
    (copy.src, copy.dst) = (callee, Endpoint::new(media.addr, 30_002));
    copy.hop = Some(HopId(1));
    copy.relay = Relay::Copy(call.events.last().unwrap().id);
    call.copies = vec![copy];
    flow_of(vec![way.builder.call])
}

fn shape(width: usize, fold: Fold) -> Options {
    Options {
        fold,
        ..wide(width)
    }
}

#[test]
fn three_lifelines() {
    insta::assert_snapshot!(screen(&three(), &wide(118)));
}

#[test]
fn three_lifelines_at_80() {
    insta::assert_snapshot!(screen(&three(), &wide(78)));
}

#[test]
fn three_lifelines_folded() {
    insta::assert_snapshot!(screen(&three(), &shape(78, Fold::Copies)));
}

#[test]
fn four_lifelines_of_two_legs() {
    insta::assert_snapshot!(screen(&four(), &wide(118)));
}

/// There is no room for the proxy: it is folded away by itself.
#[test]
fn four_lifelines_at_80() {
    insta::assert_snapshot!(screen(&four(), &wide(78)));
}

#[test]
fn five_lifelines() {
    insta::assert_snapshot!(screen(&five(), &wide(118)));
}

/// Nothing may be folded: a window shows some of the hosts.
#[test]
fn five_lifelines_in_a_window() {
    let options = Options {
        first: 1,
        ..shape(78, Fold::Nothing)
    };
    let ladder = layout(&five(), &options);
    assert_eq!(ladder.window, Some((1, 2)));
    insta::assert_snapshot!(screen(&five(), &options));
}

#[test]
fn five_lifelines_in_ascii() {
    let options = Options {
        ascii: true,
        ..shape(118, Fold::Copies)
    };
    let text = screen(&five(), &options);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_media_proxy_has_a_lifeline() {
    insta::assert_snapshot!(screen(&media_proxy(), &wide(118)));
}

#[test]
fn a_media_proxy_goes_into_its_proxy() {
    insta::assert_snapshot!(screen(&media_proxy(), &wide(78)));
}

#[test]
fn a_media_proxy_folded() {
    insta::assert_snapshot!(screen(&media_proxy(), &shape(118, Fold::Copies)));
}

#[test]
fn a_text_wraps_and_cuts_nothing() {
    let ladder = layout_whole(&four(), &wide(100));
    let rows = [ladder.header.clone(), ladder.whole_rows().collect()].concat();
    insta::assert_snapshot!(to_text(&rows));
}

/// Every event has a row, its copies on other links too, and the row is known by an event of the call.
#[test]
fn every_observation_has_a_row() {
    for flow in [three(), four(), five(), media_proxy()] {
        for fold in [Fold::Nothing, Fold::Repeats, Fold::Copies] {
            for width in [60, 78, 118, 200] {
                let ladder = layout(&flow, &shape(width, fold));
                for call in &flow.flow.legs {
                    for event in call.all_events() {
                        let row = ladder.row_of(call.number, event.id).unwrap();
                        assert!(row < ladder.len());
                    }
                }
                for (row, (call, event)) in ladder.keys.iter().enumerate() {
                    assert_eq!(ladder.row_of(*call, *event), Some(row));
                }
            }
        }
    }
}
