//! Each rule on two legs: a pair of calls in which it fires and one in which it keeps silent.

use std::sync::Arc;

use crate::call::{Call, CallNo, EventKind, FaxCarrier, Side, Verdict, pair_messages};
use crate::hint::fixture::{CALLEE, CALLER, Script, at, host, image, read};
use crate::hint::{Finding, PointOfView, Scene, Severity};
use crate::line::{Fcs, HdlcFrame, Modem};
use crate::t30::frame::decode;

const DIS: [u8; 13] = [
    0xff, 0xc8, 0x01, 0x20, 0x77, 0x5f, 0x23, 0x01, 0xab, 0xc1, 0x01, 0x01, 0x18,
];
const DCS: [u8; 6] = [0xff, 0xc8, 0xc1, 0x00, 0x45, 0x1e];
const CFR: [u8; 3] = [0xff, 0xc8, 0x21];
const EOP: [u8; 3] = [0xff, 0xc8, 0xf4];
const MCF: [u8; 3] = [0xff, 0xc8, 0x31];

fn say(script: Script, time: f64, from: Side, octets: &[u8]) -> Script {
    let frame = decode(&HdlcFrame {
        modem: Modem::V21,
        octets: octets.to_vec(),
        fcs: Fcs::Good,
        damaged: false,
    })
    .unwrap();
    let mut script = script.event(time, from, EventKind::T30(Arc::new(frame)));
    script.call.events.last_mut().unwrap().end = at(time + 0.3);
    script
}

/// The exchange of a fax as one leg shows it; `caller` and `callee` are the delays of what each side says.
fn exchange(script: Script, caller: f64, callee: f64) -> Script {
    let script = say(script, 8.0 + callee, CALLEE, &DIS);
    let script = say(script, 12.0 + caller, CALLER, &DCS);
    let script = say(script, 16.0 + callee, CALLEE, &CFR);
    let script = say(script, 24.0 + caller, CALLER, &EOP);
    say(script, 26.0 + callee, CALLEE, &MCF)
}

/// Leg A (caller 10, PBX 50) or leg B (PBX 50, callee 20).
fn placed(mut script: Script, number: u32, verdict: Verdict, carrier: FaxCarrier) -> Call {
    script = script.capture_until(120.0).fax(verdict, carrier);
    script.call.number = CallNo(number);
    let pbx = if number == 1 { CALLEE } else { CALLER };
    for period in &mut script.call.media {
        for ends in [&mut period.t38, &mut period.audio].into_iter().flatten() {
            ends.of_mut(pbx).addr = host(50);
        }
    }
    match pbx {
        Side::Caller => script.call.caller.addr = host(50),
        Side::Callee => script.call.callee.addr = host(50),
    }
    script.call
}

fn failed(script: Script, number: u32) -> Call {
    placed(script, number, Verdict::Failed, FaxCarrier::T38)
}

fn t38() -> Script {
    Script::switched().udptl(200, 4.0, 40.0)
}

/// Both legs of a fax that a PBX with this delay relays.
fn relayed(delay: f64) -> (Call, Call) {
    (
        failed(exchange(t38(), 0.0, delay), 1),
        failed(exchange(t38(), delay, 0.0), 2),
    )
}

fn findings(id: &str, call: &Call, other: &Call) -> Vec<Finding> {
    let view = PointOfView::default();
    let rule = crate::hint::rule(id).unwrap();
    rule.check
        .findings(&Scene::new(&read(call), Some(&read(other)), &view))
}

#[track_caller]
fn fires(id: &str, call: &Call, other: &Call, severity: Severity) -> Finding {
    let found = findings(id, call, other);
    let first = found.first().unwrap_or_else(|| panic!("{id} is silent"));
    assert_eq!(first.severity, severity, "{id}: {}", first.seen);
    assert!(!first.frames.is_empty(), "{id} cites no frame");
    first.clone()
}

#[track_caller]
fn silent(id: &str, call: &Call, other: &Call) {
    let found = findings(id, call, other);
    assert!(found.is_empty(), "{id}: {}", found[0].seen);
}

#[test]
fn good_pair_is_quiet() {
    let (a, b) = relayed(0.04);
    for rule in super::RULES {
        silent(rule.id, &a, &b);
        silent(rule.id, &b, &a);
    }
}

#[test]
fn pairs_in_both_directions() {
    let (a, b) = relayed(0.04);
    let pairs = pair_messages(&a, &b);
    assert_eq!(pairs.len(), 5);
    assert!(
        pairs
            .iter()
            .all(|pair| (pair.delay - 0.04).abs() < 1e-6 && !pair.changed)
    );
    assert_eq!(pairs.iter().filter(|pair| pair.from_a).count(), 2);
    let mirrored = pair_messages(&b, &a);
    assert_eq!(mirrored.iter().filter(|pair| pair.from_a).count(), 3);
    assert!(mirrored.iter().all(|pair| pair.delay > 0.0));
}

#[test]
fn pairs_over_a_slow_pbx() {
    let (a, b) = relayed(1.9);
    assert_eq!(pair_messages(&a, &b).len(), 5);
}

#[test]
fn single() {
    let alone = placed(Script::answered(), 1, Verdict::Ok, FaxCarrier::G711);
    let view = PointOfView::default();
    let rule = crate::hint::rule("leg-single").unwrap();
    let found = rule.check.findings(&Scene::new(&alone, None, &view));
    assert_eq!(found[0].severity, Severity::Note);
    let (a, b) = relayed(0.04);
    silent("leg-single", &a, &b);
}

#[test]
fn message_lost_between() {
    let (mut a, b) = relayed(0.04);
    // The MCF of the callee never gets to the caller's leg.
    a.events.pop();
    let found = fires("leg-t30-not-relayed", &b, &a, Severity::Error);
    assert_eq!(found.seen, "MCF seen on leg B, missing on leg A");
    silent("leg-t30-not-relayed", &a, &b);
}

#[test]
fn latency() {
    let (a, b) = relayed(0.3);
    fires("leg-latency", &a, &b, Severity::Note);
    silent("leg-latency", &b, &a);
    let (a, b) = relayed(0.8);
    fires("leg-latency", &a, &b, Severity::Warning);
    let again = |script: Script, delay: f64| {
        say(
            say(script, 30.0 + delay, CALLER, &EOP),
            34.0 + delay,
            CALLER,
            &EOP,
        )
    };
    let a = failed(again(exchange(t38(), 0.0, 1.9), 0.0), 1);
    let b = failed(again(exchange(t38(), 1.9, 0.0), 1.9), 2);
    fires("leg-latency", &a, &b, Severity::Error);
}

fn edited(change: impl FnOnce(&mut Vec<u8>)) -> (Call, Call) {
    let mut octets = DIS.to_vec();
    change(&mut octets);
    let a = say(t38(), 8.04, CALLEE, &octets);
    let b = say(t38(), 8.0, CALLEE, &DIS);
    (failed(a, 1), failed(b, 2))
}

#[test]
fn altered() {
    // ECM (bit 27) and MMR (bit 31) taken out.
    let (a, b) = edited(|octets| octets[6] = 0x01);
    let found = fires("leg-dis-altered", &a, &b, Severity::Note);
    assert!(found.seen.contains("off"), "{}", found.seen);
    silent("leg-dis-altered", &b, &a);
    // 300 x 300 (bit 42) added.
    let (a, b) = edited(|octets| octets[8] |= 0x40);
    fires("leg-dis-altered", &a, &b, Severity::Warning);
}

#[test]
fn one_sided() {
    let a = failed(say(t38(), 9.0, CALLER, &EOP), 1);
    let b = placed(
        Script::answered()
            .request(3.0, CALLER, "INVITE", Some(image(CALLER, 4000)))
            .reply(3.1, 488, "Not Acceptable Here", None),
        2,
        Verdict::Failed,
        FaxCarrier::G711,
    );
    let found = fires("leg-t38-one-sided", &a, &b, Severity::Error);
    assert!(
        found.seen.contains("refused on leg B (488)"),
        "{}",
        found.seen
    );
    silent("leg-t38-one-sided", &b, &a);
    // A gateway converts: the messages get through.
    let a = failed(exchange(t38(), 0.0, 0.04), 1);
    let b = placed(
        exchange(Script::answered(), 0.04, 0.0),
        2,
        Verdict::Failed,
        FaxCarrier::G711,
    );
    silent("leg-t38-one-sided", &a, &b);
    fires("leg-mode-mix", &a, &b, Severity::Note);
    silent("leg-mode-mix", &b, &a);
}

#[test]
fn reinvite_not_relayed() {
    let refuses = Script::answered()
        .request(3.0, CALLEE, "INVITE", Some(image(CALLEE, 4002)))
        .reply(3.1, 488, "Not Acceptable Here", None)
        .bye(4.0, CALLEE);
    let b = failed(refuses, 2);
    let a = placed(Script::answered(), 1, Verdict::Failed, FaxCarrier::G711);
    fires("leg-reinvite-not-relayed", &b, &a, Severity::Error);
    silent("leg-reinvite-not-relayed", &a, &b);
    // Passed on: the other side refused.
    let asked = Script::answered()
        .request(3.05, CALLEE, "INVITE", Some(image(CALLEE, 4004)))
        .reply(3.08, 488, "Not Acceptable Here", None);
    silent("leg-reinvite-not-relayed", &b, &failed(asked, 1));
    // The PBX itself asked for T.38: nothing to pass on.
    let own = Script::answered()
        .request(3.0, CALLER, "INVITE", Some(image(CALLER, 4002)))
        .reply(3.1, 488, "Not Acceptable Here", None);
    silent("leg-reinvite-not-relayed", &failed(own, 2), &a);
}

#[test]
fn media_not_relayed() {
    let (a, mut b) = relayed(0.04);
    b.udptl.caller.packets = 0;
    let found = fires("leg-media-not-relayed", &a, &b, Severity::Error);
    assert!(found.seen.contains("(200)"), "{}", found.seen);
    silent("leg-media-not-relayed", &b, &a);
}

#[test]
fn bye_on_one_leg() {
    let (_, b) = relayed(0.04);
    let a = placed(
        exchange(t38(), 0.0, 0.04).bye(30.0, CALLER),
        1,
        Verdict::Ok,
        FaxCarrier::T38,
    );
    fires("leg-bye-one-sided", &a, &b, Severity::Error);
    let both = placed(
        exchange(t38(), 0.04, 0.0).bye(30.2, CALLER),
        2,
        Verdict::Ok,
        FaxCarrier::T38,
    );
    silent("leg-bye-one-sided", &a, &both);
    let mut short = a;
    short.capture.last_time = at(40.0);
    silent("leg-bye-one-sided", &short, &b);
}
