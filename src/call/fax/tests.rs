//! What the reader makes of signals that are not as T.30 has them.

use super::*;
use crate::call::EventKind;
use crate::call::exchange::{Bounds, Exchange};
use crate::capture::{Endpoint, FrameNo, Timestamp};
use crate::line::{Fcs, HdlcFrame, NonEcmData, SignalKind};

const V17: Modem = Modem {
    name: "V.17",
    rate: 14400,
};

fn signal(from: f64, until: f64, kind: SignalKind) -> Signal {
    let host = |last| Endpoint::new(std::net::IpAddr::from([192, 0, 2, last]), 4000);
    Signal {
        frame: FrameNo(1),
        last_frame: FrameNo(2),
        at: Timestamp::default().plus_seconds(from),
        end: Timestamp::default().plus_seconds(until),
        src: host(10),
        dst: host(20),
        kind,
    }
}

fn heard(side: Side, from: f64, until: f64, kind: SignalKind) -> Heard {
    Heard {
        side,
        audio: false,
        level: None,
        signal: signal(from, until, kind),
    }
}

fn message(side: Side, from: f64, modem: Modem, octets: &[u8]) -> Heard {
    let frame = HdlcFrame {
        modem,
        octets: octets.to_vec(),
        fcs: Fcs::Good,
        damaged: false,
    };
    heard(side, from, from + 0.5, SignalKind::Hdlc(frame))
}

fn data(from: f64, until: f64, modem: Modem, octets: Vec<u8>) -> Heard {
    let data = NonEcmData {
        modem,
        octets,
        ended: true,
        lost_packets: 0,
    };
    heard(Side::Caller, from, until, SignalKind::NonEcm(data))
}

fn reading(signals: &[Heard]) -> Reading {
    read(CallNo(1), signals.to_vec(), FaxCarrier::T38).unwrap()
}

const DIS: &[u8] = &[0xff, 0xc8, 0x01, 0x00, 0x77];
const CFR: &[u8] = &[0xff, 0xc8, 0x21];
const EOP: &[u8] = &[0xff, 0xc8, 0xf4];
const MCF: &[u8] = &[0xff, 0xc8, 0x31];
const DCN: &[u8] = &[0xff, 0xc8, 0xdf];

/// DIS, (a lost DCS,) and CFR, then a page.
fn begun() -> Vec<Heard> {
    vec![
        message(Side::Callee, 1.0, Modem::V21, DIS),
        data(3.0, 4.5, V17, vec![0; 2700]),
        message(Side::Callee, 5.0, Modem::V21, CFR),
        data(6.0, 7.5, V17, vec![0x5a; 2700]),
    ]
}

#[test]
fn a_check_whose_dcs_is_lost_is_no_page() {
    let found = reading(&begun());
    assert!(matches!(found.events[1].kind, EventKind::Tcf(_)));
    assert_eq!(found.pages.len(), 1);
}

#[test]
fn page_data_on_v21_are_no_page() {
    let mut signals = begun();
    signals.truncate(3);
    signals.push(data(6.0, 6.1, Modem::V21, vec![0; 4]));
    let found = reading(&signals);
    assert!(found.pages.is_empty());
    assert!(matches!(found.events[3].kind, EventKind::Malformed { .. }));
}

#[test]
fn a_final_frame_under_a_fast_data_type_is_a_message() {
    let mut signals = begun();
    signals.push(message(Side::Caller, 8.0, V17, EOP));
    signals.push(message(Side::Callee, 9.0, Modem::V21, MCF));
    let found = reading(&signals);
    assert_eq!(found.pages.len(), 1);
    assert!(found.pages[0].confirmed);
}

#[test]
fn an_answer_after_the_dcn_confirms_nothing() {
    let mut signals = begun();
    signals.push(message(Side::Caller, 8.0, Modem::V21, EOP));
    signals.push(message(Side::Caller, 12.0, Modem::V21, DCN));
    signals.push(message(Side::Callee, 13.0, Modem::V21, MCF));
    assert!(!reading(&signals).pages[0].confirmed);
}

fn rows(signals: &[Heard], bounds: &Bounds) -> Vec<Event> {
    let events = reading(signals).events;
    Exchange::derive(&events, None, bounds).missing(&events)
}

/// Rows for what never came after DIS at 1 s, a page from 6 to 7.5 s and EOP at 8 s.
fn never(bounds: impl FnOnce(&mut Bounds)) -> Vec<(&'static str, &'static str, Timestamp)> {
    let mut signals = begun();
    signals.push(message(Side::Caller, 8.0, Modem::V21, EOP));
    let mut all = Bounds {
        end: Timestamp::default().plus_seconds(60.0),
        whole: true,
        hung_up: None,
        not_captured: None,
        clock_goes_back: false,
    };
    bounds(&mut all);
    rows(&signals, &all)
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Missing(missing) => Some((missing.name, missing.timer, event.at)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_wait_ends_with_the_call() {
    let bye = Timestamp::default().plus_seconds(20.0);
    assert_eq!(
        never(|bounds| bounds.hung_up = Some(bye)),
        [("MCF", "T4", bye)]
    );
    // Before T4 ran out nothing was missing.
    let soon = Timestamp::default().plus_seconds(10.0);
    assert!(never(|bounds| bounds.hung_up = Some(soon)).is_empty());
}

#[test]
fn nothing_is_missing_from_a_side_that_was_not_captured() {
    assert_eq!(never(|_| ()).len(), 1);
    assert!(never(|bounds| bounds.not_captured = Some(Side::Callee)).is_empty());
}

#[test]
fn a_timer_is_named_only_where_it_ran_out() {
    let dis = [message(Side::Callee, 1.0, Modem::V21, DIS)];
    let timer = |end: f64| {
        let bounds = Bounds {
            end: Timestamp::default().plus_seconds(end),
            whole: true,
            hung_up: None,
            not_captured: None,
            clock_goes_back: false,
        };
        match rows(&dis, &bounds).first().map(|row| &row.kind) {
            Some(EventKind::Missing(missing)) => Some(missing.timer),
            _ => None,
        }
    };
    assert_eq!(timer(3.0), None);
    assert_eq!(timer(6.0), Some(""));
    assert_eq!(timer(40.0), Some("T1"));
}

/// The sender of ECM data says nothing more: its burst is over only when the fax is read to its end.
#[test]
fn page_data_stand_before_the_dcn_that_broke_them_off() {
    let mut signals = begun();
    signals.truncate(3);
    signals.push(message(
        Side::Caller,
        6.0,
        V17,
        &[0xff, 0xc0, 0x60, 0x00, 0x5a],
    ));
    signals.push(message(Side::Callee, 16.0, Modem::V21, DCN));
    let bounds = Bounds {
        end: Timestamp::default().plus_seconds(17.0),
        whole: true,
        hung_up: None,
        not_captured: None,
        clock_goes_back: false,
    };
    let events = reading(&signals).events;
    let exchange = Exchange::derive(&events, None, &bounds);
    assert_eq!(exchange.dcn, Some(exchange.lines.len() - 1));
    assert_eq!(exchange.lines.len(), 5);
    assert!(exchange.waits.is_empty(), "{:?}", exchange.waits);
}

#[test]
fn a_blank_page_with_filled_lines_is_no_training_check() {
    // White lines of MH at 14400 bit/s, filled to a scan line time of 20 ms.
    let mut line = vec![0x01, 0xb2, 0x6a];
    line.resize(36, 0);
    let mut signals = begun();
    signals[3] = data(6.0, 7.0, V17, line.repeat(50));
    let found = reading(&signals);
    assert!(matches!(found.events[3].kind, EventKind::PageData(_)));
    assert_eq!(found.pages.len(), 1);
}
