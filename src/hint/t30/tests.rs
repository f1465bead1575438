//! Each rule on the T.30 dialogue: a script in which it fires and one in which it keeps silent.

use std::sync::Arc;

use crate::call::{EventKind, FaxCarrier, Page, PageData, Side, Tcf, Verdict};
use crate::hint::fixture::{CALLEE, CALLER, Script, at, audio, image, read, with_t38};
use crate::hint::{Finding, PointOfView, Scene, Severity};
use crate::line::{Fcs, HdlcFrame, Modem, Tone};
use crate::t30::frame::decode;
use crate::t30::{Fcf, PostMessage};

// Octets as spandsp sends them, first bit sent the highest.
const CSI: &str = "ffc0024c0c0c0cec1c9cacacac8cd40404040404040404";
const DIS: &str = "ffc80120775f2301abc1010118";
const DIS_V8: &str = "ffc80124775f2301abc1010118";
const DIS_CANNOT: &str = "ffc80120375f2301abc1010118";
const DIS_V27: &str = "ffc8012050582301abc1010118";
const DTC: &str = "ffc88120775f2301abc1010118";
const NSF: &str = "ffc004b5000155";
const SUB: &str = "ffc0c38c4c";
const TSI: &str = "ffc0c28c0c0c0ccc4c8cacacac8cd40404040404040404";
const DCS: &str = "ffc8c100451e";
const DCS_9600: &str = "ffc8c100651e";
const DCS_2400: &str = "ffc8c100411e";
const DCS_ECM: &str = "ffc8c100441f22";
const CFR: &str = "ffc821";
const FTT: &str = "ffc822";
const EOP: &str = "ffc8f4";
const MPS: &str = "ffc8f2";
const PPS_EOP: &str = "ffc8fd2f0000f8";
const PPS_EOP_RESENT: &str = "ffc8fd2f000080";
const MCF: &str = "ffc831";
const RTN: &str = "ffc832";
const RTP: &str = "ffc833";
const PIN: &str = "ffc834";
const RNR: &str = "ffc837";
const RR: &str = "ffc8f6";
const EOR: &str = "ffc8f32f";
const ERR: &str = "ffc838";
const CRP: &str = "ffc858";
const DCN: &str = "ffc8df";
const PPR_MANY: &str = "ffc83dfffffc";
const PPR_ONE: &str = "ffc83d800000";

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|from| u8::from_str_radix(&hex[from..from + 2], 16).unwrap())
        .collect()
}

/// Puts lines on a call: `say` a message of half a second.
trait Line38: Sized {
    fn say(self, time: f64, from: Side, hex: &str) -> Self {
        self.say_with(time, from, hex, Fcs::Good)
    }
    fn say_with(self, time: f64, from: Side, hex: &str, fcs: Fcs) -> Self;
    fn tcf(self, time: f64, from: Side, zeros: u32) -> Self;
    fn data(self, time: f64, until: f64, from: Side, change: impl FnOnce(&mut PageData)) -> Self;
    /// DIS, DCS, TCF and CFR, from 8 to 14.5 s.
    fn trained(self) -> Self;
}

impl Line38 for Script {
    fn say_with(self, time: f64, from: Side, hex: &str, fcs: Fcs) -> Self {
        let frame = decode(&HdlcFrame {
            modem: Modem::V21,
            octets: octets(hex),
            fcs,
            damaged: false,
        })
        .unwrap();
        let mut script = self.event(time, from, EventKind::T30(Arc::new(frame)));
        script.call.events.last_mut().unwrap().end = at(time + 0.5);
        script.call.capture.last_time = at(time + 0.5);
        script
    }

    fn tcf(self, time: f64, from: Side, zeros: u32) -> Self {
        let mut script = self.event(
            time,
            from,
            EventKind::Tcf(Tcf {
                modem: Modem {
                    name: "V.17",
                    rate: 14_400,
                },
                octets: 2700,
                longest_zero_run: Some(zeros),
                nonzero_share: Some(0.0),
                lost_packets: 0,
                ended: true,
            }),
        );
        script.call.events.last_mut().unwrap().end = at(time + 1.5);
        script
    }

    fn data(self, time: f64, until: f64, from: Side, change: impl FnOnce(&mut PageData)) -> Self {
        let mut script = self.page(time, from, 1);
        let event = script.call.events.last_mut().unwrap();
        event.end = at(until);
        if let EventKind::PageData(page) = &mut event.kind {
            change(page);
        }
        script.call.capture.last_time = at(until);
        script
    }

    fn trained(self) -> Self {
        self.say(8.0, CALLEE, DIS)
            .say(10.0, CALLER, DCS)
            .tcf(11.0, CALLER, 2700)
            .say(14.0, CALLEE, CFR)
    }
}

/// A call in T.38 with packets of both sides.
fn t38() -> Script {
    Script::switched().udptl(200, 3.3, 60.0)
}

/// A fax of one page without ECM up to the MCF.
fn page_sent() -> Script {
    t38().trained().data(15.0, 20.0, CALLER, |_| {})
}

fn good() -> Script {
    let mut script = page_sent()
        .say(21.0, CALLER, EOP)
        .say(23.0, CALLEE, MCF)
        .say(25.0, CALLER, DCN)
        .bye(27.0, CALLER)
        .capture_until(90.0)
        .fax(Verdict::Ok, FaxCarrier::T38);
    let fax = script.call.fax.as_mut().unwrap();
    fax.pages = vec![page(1, true)];
    script
}

fn page(number: u32, confirmed: bool) -> Page {
    Page {
        number,
        data: Vec::new(),
        command: None,
        answer: None,
        confirmed,
        attempts: 1,
        given_up: 0,
    }
}

fn failed(script: Script) -> Script {
    script
        .capture_until(120.0)
        .fax(Verdict::Failed, FaxCarrier::T38)
}

#[track_caller]
fn fires(id: &str, script: &Script, severity: Severity) -> Finding {
    let found = script.findings(id);
    let first = found.first().unwrap_or_else(|| panic!("{id} is silent"));
    assert_eq!(first.severity, severity, "{id}: {}", first.seen);
    assert!(!first.frames.is_empty(), "{id} cites no frame");
    assert!(first.seen.chars().count() <= 110, "{id}: {}", first.seen);
    first.clone()
}

#[track_caller]
fn silent(id: &str, script: &Script) {
    let found = script.findings(id);
    assert!(found.is_empty(), "{id}: {}", found[0].seen);
}

/// No finding above a note on a good fax, by any of the rules of this family.
#[test]
fn good_fax_is_quiet() {
    for rule in super::RULES.iter().copied().flatten() {
        for finding in good().findings(rule.id) {
            assert!(
                matches!(finding.severity, Severity::Note | Severity::Ok),
                "{}: {}",
                rule.id,
                finding.seen
            );
        }
    }
    fires("t30-success", &good(), Severity::Ok);
    silent("t30-partial-delivery", &good());
}

#[test]
fn no_dis() {
    let waits = failed(t38().event(
        4.0,
        CALLER,
        EventKind::Indicator(crate::t38::Indicator::Cng),
    ));
    fires("t30-no-dis", &waits, Severity::Error);
    silent("t30-no-dis", &failed(t38().say(8.0, CALLEE, DIS)));
    silent("t30-no-dis", &t38().capture_until(9.0));
}

#[test]
fn dis_without_dcs() {
    let three = t38()
        .say(8.0, CALLEE, DIS)
        .say(14.0, CALLEE, DIS)
        .say(20.0, CALLEE, DIS);
    let found = fires("t30-dis-no-dcs", &failed(three), Severity::Error);
    assert!(found.seen.contains("3x"), "{}", found.seen);
    let late = t38()
        .say(8.0, CALLEE, DIS)
        .say(14.0, CALLEE, DIS)
        .say(16.0, CALLER, DCS);
    fires("t30-dis-no-dcs", &failed(late), Severity::Note);
    // A damaged DCS was sent: this is not "no DCS".
    let damaged = t38()
        .say(8.0, CALLEE, DIS)
        .say_with(10.0, CALLER, DCS, Fcs::Bad)
        .say(14.0, CALLEE, DIS);
    silent("t30-dis-no-dcs", &failed(damaged));
    // What comes after a DCN is no dialogue any more.
    let over = t38()
        .trained()
        .say(16.0, CALLEE, DCN)
        .say(20.0, CALLEE, DIS)
        .say(26.0, CALLEE, DIS);
    silent("t30-dis-no-dcs", &failed(over));
}

#[test]
fn both_ends_receive() {
    let two = t38().say(8.0, CALLEE, DIS).say(9.0, CALLER, DIS_V27);
    fires("t30-dis-both-sides", &failed(two), Severity::Error);
    let echo = t38().say(8.0, CALLEE, DIS).say(8.3, CALLER, DIS);
    silent("t30-dis-both-sides", &failed(echo));
    silent(
        "t30-dis-both-sides",
        &failed(t38().say(8.0, CALLEE, DIS).say(9.0, CALLER, DTC)),
    );
    let swapped = t38().say(8.0, CALLER, DIS).say(10.0, CALLEE, DCS);
    let found = fires(
        "t30-dis-both-sides",
        &failed(swapped.clone()),
        Severity::Error,
    );
    assert!(
        found.seen.contains("callee as sender (DCS)"),
        "{}",
        found.seen
    );
    // It goes on all the same: a call back, where the fax that was called sends.
    silent(
        "t30-dis-both-sides",
        &failed(swapped.tcf(11.0, CALLEE, 2700).say(14.0, CALLER, CFR)),
    );
    let calls = t38().event(
        7.0,
        CALLEE,
        EventKind::Indicator(crate::t38::Indicator::Cng),
    );
    fires(
        "t30-dis-both-sides",
        &failed(calls.say(8.0, CALLER, DIS)),
        Severity::Error,
    );
    silent("t30-dis-both-sides", &failed(t38().say(8.0, CALLER, DIS)));
}

#[test]
fn tones_absent() {
    fires("t30-ced-cng-absent", &good(), Severity::Note);
    let heard = t38()
        .event(
            1.5,
            CALLER,
            EventKind::Tone {
                tone: Tone::Cng,
                level: None,
            },
        )
        .event(
            2.0,
            CALLEE,
            EventKind::Tone {
                tone: Tone::Ced,
                level: None,
            },
        )
        .trained();
    silent("t30-ced-cng-absent", &heard);
}

#[test]
fn dcs_without_answer() {
    let turn =
        |script: Script, time: f64| script.say(time, CALLER, DCS).tcf(time + 1.0, CALLER, 2700);
    let mut script = t38().say(8.0, CALLEE, DIS);
    for time in [10.0, 17.0, 24.0] {
        script = turn(script, time);
    }
    let script = failed(script.say(31.0, CALLER, DCN));
    let found = fires("t30-dcs-no-response", &script, Severity::Error);
    assert!(found.seen.contains("3x"), "{}", found.seen);
    silent("t30-dcs-no-response", &good());
    // FTT is an answer.
    let refused = turn(
        turn(t38().say(8.0, CALLEE, DIS), 10.0).say(14.0, CALLEE, FTT),
        16.0,
    );
    silent("t30-dcs-no-response", &refused.say(20.0, CALLEE, CFR));
}

#[test]
fn dis_after_dcs() {
    let turn =
        |script: Script, time: f64| script.say(time, CALLER, DCS).say(time + 5.0, CALLEE, DIS);
    let mut script = t38().say(8.0, CALLEE, DIS);
    script = turn(script, 10.0);
    fires("t30-dcs-dis-loop", &failed(script.clone()), Severity::Note);
    script = turn(script, 17.0);
    fires("t30-dcs-dis-loop", &failed(script), Severity::Error);
    // Under way when the DCS came.
    let crossing = t38()
        .say(8.0, CALLEE, DIS)
        .say(14.0, CALLER, DCS)
        .say(14.2, CALLEE, DIS)
        .say(20.0, CALLEE, CFR);
    silent("t30-dcs-dis-loop", &crossing);
}

#[test]
fn tcf() {
    let without = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS)
        .say(16.0, CALLEE, FTT);
    fires("t30-tcf-missing", &failed(without.clone()), Severity::Error);
    silent("t30-tcf-missing", &good());
    let local = |sdp| with_t38(sdp, |t38| t38.rate_management = Some("localTCF".to_owned()));
    let mut agreed = without;
    let offer = &mut agreed.call.negotiations.last_mut().unwrap().offer;
    *offer = local(image(CALLEE, 4002));
    silent("t30-tcf-missing", &failed(agreed));

    let broken = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS)
        .tcf(11.0, CALLER, 900)
        .say(14.0, CALLEE, FTT);
    fires("t30-tcf-corrupt", &failed(broken), Severity::Warning);
    silent("t30-tcf-corrupt", &good());
    // What is not zero spoils a TCF only where it breaks the 1.5 s of zeros.
    for (run, spoilt) in [(2700, false), (2600, true)] {
        let mut edges = t38()
            .say(8.0, CALLEE, DIS)
            .say(10.0, CALLER, DCS)
            .tcf(11.0, CALLER, run);
        if let EventKind::Tcf(tcf) = &mut edges.call.events.last_mut().unwrap().kind {
            tcf.nonzero_share = Some(0.02);
        }
        let edges = failed(edges.say(14.0, CALLEE, FTT));
        if spoilt {
            fires("t30-tcf-corrupt", &edges, Severity::Warning);
        } else {
            silent("t30-tcf-corrupt", &edges);
        }
    }
}

#[test]
fn failed_training() {
    let turn = |script: Script, time: f64, dcs: &str| {
        script
            .say(time, CALLER, dcs)
            .tcf(time + 1.0, CALLER, 900)
            .say(time + 4.0, CALLEE, FTT)
    };
    let mut script = turn(t38().say(8.0, CALLEE, DIS), 10.0, DCS);
    fires("t30-ftt", &script, Severity::Note);
    silent("t30-train-failed", &script);
    script = turn(script, 17.0, DCS_9600);
    assert_eq!(script.findings("t30-ftt")[1].severity, Severity::Warning);
    let recovers = script
        .clone()
        .say(24.0, CALLER, DCS_9600)
        .say(28.0, CALLEE, CFR);
    silent("t30-train-failed", &recovers);
    script = turn(script, 24.0, DCS_2400).say(31.0, CALLER, DCN);
    let found = fires("t30-train-failed", &failed(script), Severity::Error);
    assert!(found.seen.contains("14400->9600->2400"), "{}", found.seen);
    silent("t30-ftt", &good());
}

#[test]
fn rate_and_correction() {
    let slow = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS_9600)
        .tcf(11.0, CALLER, 2700)
        .say(14.0, CALLEE, CFR);
    fires("t30-low-rate", &slow, Severity::Note);
    silent("t30-low-rate", &good());
    // Slow from the beginning.
    let crawls = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS_2400)
        .tcf(11.0, CALLER, 450)
        .say(14.0, CALLEE, CFR);
    fires("t30-low-rate", &crawls, Severity::Warning);
    // In the middle of the document, after RTN.
    let refused = page_sent().say(21.0, CALLER, EOP).say(23.0, CALLEE, RTN);
    let falls_back = refused
        .say(25.0, CALLER, DCS_9600)
        .tcf(26.0, CALLER, 1800)
        .say(28.0, CALLEE, CFR);
    let delivered = falls_back.clone().fax(Verdict::Ok, FaxCarrier::T38);
    fires("t30-low-rate", &delivered, Severity::Note);
    let found = fires("t30-low-rate", &failed(falls_back), Severity::Warning);
    assert!(found.seen.ends_with("1 fallback"), "{}", found.seen);
    // An RTN at the end with no DCS after it is no fallback.
    let found = fires(
        "t30-low-rate",
        &failed(
            slow.data(15.0, 20.0, CALLER, |_| {})
                .say(21.0, CALLER, EOP)
                .say(23.0, CALLEE, RTN)
                .say(25.0, CALLER, DCN),
        ),
        Severity::Note,
    );
    assert!(found.seen.ends_with("0 fallbacks"), "{}", found.seen);
    fires("t30-ecm-off", &good(), Severity::Note);
    let ecm = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS_ECM)
        .say(14.0, CALLEE, CFR);
    silent("t30-ecm-off", &ecm);
    let rejected = page_sent().say(21.0, CALLER, EOP).say(23.0, CALLEE, RTN);
    fires("t30-ecm-off", &failed(rejected), Severity::Warning);
}

#[test]
fn capabilities() {
    let too_much = t38().say(8.0, CALLEE, DIS_V27).say(10.0, CALLER, DCS);
    let found = fires("t30-dcs-exceeds-dis", &failed(too_much), Severity::Error);
    assert!(found.seen.contains("V.17"), "{}", found.seen);
    silent("t30-dcs-exceeds-dis", &good());
    let full = t38().say(8.0, CALLEE, DIS_CANNOT).say(10.0, CALLER, DCN);
    fires("t30-dis-cannot-receive", &failed(full), Severity::Error);
    silent("t30-dis-cannot-receive", &good());
    let super_g3 = t38().say(8.0, CALLEE, DIS_V8);
    fires("t30-v34-in-t38", &failed(super_g3.clone()), Severity::Error);
    fires(
        "t30-v34-in-t38",
        &super_g3.say(10.0, CALLER, DCS),
        Severity::Note,
    );
    silent("t30-v34-in-t38", &good());
}

#[test]
fn facilities() {
    let nsf = t38().say(7.0, CALLEE, NSF).say(8.0, CALLEE, DIS);
    fires("t30-nsf", &nsf, Severity::Note);
    let proprietary = nsf.say(10.0, CALLER, "ffc8c4b50001").findings("t30-nsf");
    assert_eq!(proprietary[1].severity, Severity::Warning);
    silent("t30-nsf", &good());
    let sub = t38()
        .say(8.0, CALLEE, DIS)
        .say(9.0, CALLER, SUB)
        .say(10.0, CALLER, DCS);
    fires(
        "t30-subaddress-password",
        &sub.clone().say(14.0, CALLEE, CFR),
        Severity::Note,
    );
    fires(
        "t30-subaddress-password",
        &sub.say(14.0, CALLEE, DCN),
        Severity::Error,
    );
    silent(
        "t30-subaddress-password",
        &t38().say(7.0, CALLEE, CSI).say(9.0, CALLER, TSI),
    );
    let poll = t38().say(8.0, CALLEE, DIS).say(10.0, CALLER, DTC);
    fires(
        "t30-polling",
        &poll.clone().say(12.0, CALLEE, DCN),
        Severity::Error,
    );
    fires("t30-polling", &poll, Severity::Warning);
    silent("t30-polling", &good());
}

#[test]
fn exchange() {
    let over = t38().say(8.0, CALLEE, DIS).data(8.1, 11.0, CALLER, |_| {});
    // 0.4 s of overlap is within the tolerance.
    silent("t30-collision", &over);
    let mut both = t38().say(8.0, CALLEE, DIS);
    both.call.events.last_mut().unwrap().end = at(10.0);
    both = both.say(9.0, CALLER, DCS);
    both.call.events.last_mut().unwrap().end = at(10.0);
    // A receiver that never answers is deaf, whatever the overlap.
    silent("t30-collision", &both);
    fires(
        "t30-collision",
        &both.say(14.0, CALLEE, CFR),
        Severity::Warning,
    );
    silent("t30-collision", &good());

    let unheard = page_sent()
        .say(21.0, CALLER, EOP)
        .say(23.0, CALLEE, MCF)
        .say(25.0, CALLER, EOP)
        .say(27.0, CALLEE, MCF);
    fires("t30-response-not-heard", &unheard, Severity::Warning);
    let crossed = page_sent()
        .say(21.0, CALLER, EOP)
        .say(24.0, CALLEE, MCF)
        .say(24.6, CALLER, EOP);
    silent("t30-response-not-heard", &crossed);
    silent("t30-response-not-heard", &good());
}

#[test]
fn repetition_asked() {
    let stuck = t38()
        .say(8.0, CALLEE, DIS)
        .say_with(10.0, CALLER, DCS, Fcs::Bad)
        .say(12.0, CALLEE, CRP)
        .say(14.0, CALLEE, DIS);
    fires("t30-crp-fnv", &failed(stuck), Severity::Error);
    let survived = t38()
        .say(8.0, CALLEE, DIS)
        .say_with(9.0, CALLER, DCS, Fcs::Bad)
        .say(10.0, CALLEE, CRP)
        .say(12.0, CALLER, DCS)
        .say(16.0, CALLEE, CFR)
        .data(17.0, 22.0, CALLER, |_| {})
        .say(23.0, CALLER, EOP)
        .say(25.0, CALLEE, MCF);
    fires("t30-crp-fnv", &survived, Severity::Warning);
    silent("t30-crp-fnv", &good());
}

#[test]
fn page_does_not_come() {
    let nothing = failed(t38().trained());
    fires("t30-cfr-no-page", &nothing, Severity::Error);
    silent("t30-cfr-no-page", &good());
    silent("t30-cfr-no-page", &t38().trained().capture_until(16.0));
    let again = t38()
        .trained()
        .say(18.0, CALLER, DCS)
        .say(24.0, CALLEE, CFR)
        .say(30.0, CALLER, DCN);
    silent("t30-cfr-no-page", &failed(again));
    // The page comes, but the receiver has waited T2 and hung up.
    let late = |bye: f64, page: f64| {
        let script = t38().trained().bye(bye, CALLEE);
        failed(script.data(page, page + 3.0, CALLER, |_| {}))
    };
    fires("t30-cfr-no-page", &late(21.0, 23.0), Severity::Error);
    silent("t30-cfr-no-page", &late(16.0, 16.5));
    silent("t30-cfr-no-page", &late(25.0, 23.0));
}

#[test]
fn page_breaks_off() {
    let cut = |script: Script| script.data(15.0, 18.0, CALLER, |page| page.ended = false);
    fires(
        "t30-page-truncated",
        &failed(cut(t38().trained())),
        Severity::Error,
    );
    let hung_up = cut(t38().trained()).bye(18.1, CALLEE);
    fires(
        "t30-page-truncated",
        &failed(hung_up.clone()),
        Severity::Warning,
    );
    silent("t30-page-truncated", &good());
    silent(
        "t30-page-truncated",
        &cut(t38().trained()).capture_until(18.5),
    );

    let found = fires("t30-dropped-mid-fax", &failed(hung_up), Severity::Error);
    assert!(
        found.seen.starts_with("callee hung up in phase C"),
        "{}",
        found.seen
    );
    silent("t30-dropped-mid-fax", &good());
    let ended = failed(t38().trained().say(16.0, CALLEE, DCN).bye(17.0, CALLER));
    silent("t30-dropped-mid-fax", &ended);
}

#[test]
fn nothing_after_the_page() {
    fires("t30-page-no-postmsg", &failed(page_sent()), Severity::Error);
    silent("t30-page-no-postmsg", &good());
    silent("t30-page-no-postmsg", &page_sent().capture_until(24.0));
    let late = |bye: f64, eop: f64| failed(page_sent().bye(bye, CALLEE).say(eop, CALLER, EOP));
    fires("t30-page-no-postmsg", &late(26.2, 29.0), Severity::Error);
    silent("t30-page-no-postmsg", &late(21.0, 21.5));
    silent("t30-page-no-postmsg", &late(30.0, 29.0));
}

#[test]
fn slow_page() {
    let slow = t38().trained().data(15.0, 140.0, CALLER, |_| {});
    fires("t30-page-slow", &slow, Severity::Note);
    silent("t30-page-slow", &good());
}

/// A block and its first PPR, at 15 to 24 s.
fn block() -> Script {
    t38()
        .trained()
        .data(15.0, 20.0, CALLER, |page| page.block = Some(0))
        .say(21.0, CALLER, PPS_EOP)
        .say(23.0, CALLEE, PPR_MANY)
}

#[test]
fn resends() {
    let again = |script: Script, time: f64| {
        script
            .data(time, time + 2.0, CALLER, |page| page.block = Some(0))
            .say(time + 3.0, CALLER, PPS_EOP_RESENT)
            .say(time + 5.0, CALLEE, PPR_ONE)
    };
    let found = fires("t30-ppr", &block(), Severity::Warning);
    assert!(found.seen.contains("22/32 frames"), "{}", found.seen);
    let few = t38()
        .trained()
        .data(15.0, 20.0, CALLER, |page| page.block = Some(0))
        .say(21.0, CALLER, PPS_EOP)
        .say(23.0, CALLEE, PPR_ONE);
    fires("t30-ppr", &few, Severity::Note);
    silent("t30-ppr", &good());
    let mut script = block();
    for turn in 0..3 {
        silent("t30-ppr-fourth", &script);
        script = again(script, 25.0 + f64::from(turn) * 8.0);
    }
    fires("t30-ppr-fourth", &failed(script), Severity::Error);
    // The same PPS again with no data in between asks for nothing new.
    let mut script = block();
    for turn in 0..3 {
        let time = 26.0 + f64::from(turn) * 4.0;
        script = script
            .say(time, CALLER, PPS_EOP)
            .say(time + 2.0, CALLEE, PPR_MANY);
    }
    silent("t30-ppr-fourth", &script);
    let given_up = block().say(26.0, CALLER, EOR).say(28.0, CALLEE, ERR);
    fires("t30-eor-err", &given_up, Severity::Error);
    silent("t30-eor-err", &good());
}

#[test]
fn not_ready() {
    let mut script = page_sent()
        .say(21.0, CALLER, PPS_EOP)
        .say(23.0, CALLEE, RNR);
    fires(
        "t30-rnr-wait",
        &script.clone().say(25.0, CALLER, RR).say(27.0, CALLEE, MCF),
        Severity::Note,
    );
    for turn in 0..15 {
        let time = 25.0 + f64::from(turn) * 4.0;
        script = script.say(time, CALLER, RR).say(time + 2.0, CALLEE, RNR);
    }
    fires(
        "t30-rnr-wait",
        &failed(script.say(88.0, CALLER, DCN)),
        Severity::Error,
    );
    silent("t30-rnr-wait", &good());
}

#[test]
fn not_confirmed() {
    let mut script = page_sent();
    for time in [21.0, 25.0, 29.0] {
        script = script.say(time, CALLER, EOP);
    }
    let script = failed(script.say(33.0, CALLER, DCN));
    let found = fires("t30-postmsg-no-response", &script, Severity::Error);
    assert!(found.seen.contains("EOP sent 3x"), "{}", found.seen);
    silent("t30-postmsg-no-response", &good());
    // The hang-up comes before T4 is over: nothing is known of the answer.
    let early = page_sent().say(21.0, CALLER, EOP).bye(22.0, CALLEE);
    silent("t30-postmsg-no-response", &early);
}

#[test]
fn rejected() {
    let script = page_sent().say(21.0, CALLER, EOP).say(23.0, CALLEE, RTN);
    fires("t30-rtn", &failed(script.clone()), Severity::Error);
    let mut saved = failed(script);
    saved.call.fax.as_mut().unwrap().pages = vec![page(1, true)];
    fires("t30-rtn", &saved, Severity::Warning);
    silent("t30-rtn", &good());
    let retrain = page_sent().say(21.0, CALLER, MPS).say(23.0, CALLEE, RTP);
    fires("t30-rtp", &retrain, Severity::Note);
    silent("t30-rtp", &good());
    let pin = page_sent().say(21.0, CALLER, EOP).say(23.0, CALLEE, PIN);
    fires("t30-pip-pin", &pin, Severity::Warning);
    silent("t30-pip-pin", &good());
}

#[test]
fn disconnects() {
    const DCN_RULES: [&str; 4] = [
        "t30-dcn-before-dcs",
        "t30-dcn-after-dcs",
        "t30-dcn-in-page",
        "t30-dcn-after-page",
    ];
    let dis = || t38().say(8.0, CALLEE, DIS);
    let dcs = || dis().say(10.0, CALLER, DCS);
    let mps = || page_sent().say(21.0, CALLER, MPS);
    // Who sent it, where, and the one rule that says so.
    let table: Vec<(Script, Side, Option<&str>)> = vec![
        (dis(), CALLER, Some(DCN_RULES[0])),
        (dis(), CALLEE, Some(DCN_RULES[0])),
        (dcs(), CALLEE, Some(DCN_RULES[1])),
        (dcs().say(13.0, CALLEE, FTT), CALLER, Some(DCN_RULES[1])),
        (t38().trained(), CALLER, Some(DCN_RULES[2])),
        (mps(), CALLEE, Some(DCN_RULES[3])),
        (mps().say(23.0, CALLEE, MCF), CALLER, Some(DCN_RULES[3])),
        (mps().say(23.0, CALLEE, MCF), CALLEE, Some(DCN_RULES[2])),
        (
            page_sent().say(21.0, CALLER, EOP).say(23.0, CALLEE, MCF),
            CALLER,
            None,
        ),
    ];
    for (number, (script, side, expected)) in table.into_iter().enumerate() {
        let script = script.say(26.0, side, DCN).capture_until(90.0);
        let fired: Vec<&str> = DCN_RULES
            .into_iter()
            .filter(|id| !script.findings(id).is_empty())
            .collect();
        assert_eq!(fired, Vec::from_iter(expected), "case {number}");
    }
    // A page without ECM that ends with DCN and no EOP: a known sloppy end.
    fires(
        "t30-dcn-in-page",
        &page_sent().say(21.0, CALLER, DCN),
        Severity::Warning,
    );
}

#[test]
fn ends_without_dcn() {
    let script = page_sent()
        .say(21.0, CALLER, EOP)
        .say(23.0, CALLEE, MCF)
        .bye(25.0, CALLER);
    fires("t30-no-dcn", &script, Severity::Note);
    silent("t30-no-dcn", &good());
    let reason = |cause: u16| {
        page_sent()
            .say(21.0, CALLER, EOP)
            .say(23.0, CALLEE, MCF)
            .request(25.0, CALLER, "BYE", None)
            .header("Reason", &format!("Q.850;cause={cause}"))
    };
    fires("t30-no-dcn", &reason(16), Severity::Note);
    fires("t30-no-dcn", &reason(102), Severity::Warning);
    let mut waits = script.clone();
    let mcf =
        waits.call.events.iter_mut().rfind(
            |event| matches!(&event.kind, EventKind::T30(message) if message.fcf == Fcf::Mcf),
        );
    mcf.unwrap().repeat = 2;
    fires("t30-no-dcn", &waits, Severity::Warning);
}

#[test]
fn partial() {
    let mut script = failed(mixed());
    let fax = script.call.fax.as_mut().unwrap();
    fax.pages = vec![page(1, true), page(2, false)];
    (fax.pages_sent, fax.pages_confirmed) = (2, 1);
    fax.pages[1].data = vec![script.call.events.last().unwrap().id];
    let found = fires("t30-partial-delivery", &script, Severity::Error);
    assert!(found.seen.starts_with("1 of 2 pages"), "{}", found.seen);
    // The headline begins with that too, whatever the cause is.
    script.call.fax.as_mut().unwrap().verdict = Verdict::Partial;
    let headline = script.headline();
    assert!(headline.starts_with("1 of 2 pages"), "{headline}");
    script.call.fax.as_mut().unwrap().verdict = Verdict::Incomplete;
    silent("t30-partial-delivery", &script);
}

#[test]
fn a_next_page_is_missing_only_where_one_was_announced() {
    let confirmed = |fcf: Fcf, then: Option<Fcf>| {
        let mut script = failed(mixed());
        let id = script.call.events.last().unwrap().id;
        let fax = script.call.fax.as_mut().unwrap();
        fax.pages = vec![page(1, true)];
        fax.pages[0].command = Some((PostMessage { fcf, then }, id));
        fax.pages[0].answer = Some((Fcf::Mcf, id));
        (fax.pages_sent, fax.pages_confirmed) = (1, 1);
        script
    };
    for (fcf, then) in [
        (Fcf::Mps, None),
        (Fcf::Pps, Some(Fcf::Mps)),
        (Fcf::Eom, None),
    ] {
        let found = fires(
            "t30-partial-delivery",
            &confirmed(fcf, then),
            Severity::Error,
        );
        assert!(found.seen.contains("announced"), "{}", found.seen);
    }
    silent("t30-partial-delivery", &confirmed(Fcf::Eop, None));
    let last = confirmed(Fcf::Pps, Some(Fcf::Eop));
    silent("t30-partial-delivery", &last);
}

#[test]
fn the_fate_of_a_page_is_its_last_answer() {
    let fate = |answer: Option<&str>| {
        let mut script = page_sent().say(21.0, CALLER, EOP);
        let id = script.call.events.last().unwrap().id;
        if let Some(answer) = answer {
            script = script.say(23.0, CALLEE, answer);
        }
        let mut script = failed(script);
        let fax = script.call.fax.as_mut().unwrap();
        fax.pages = vec![page(1, false)];
        let command = PostMessage {
            fcf: Fcf::Eop,
            then: None,
        };
        fax.pages[0].command = Some((command, id));
        (fax.pages_sent, fax.pages_confirmed) = (1, 0);
        fires("t30-partial-delivery", &script, Severity::Error).seen
    };
    assert!(fate(None).contains("no answer to EOP"));
    assert!(fate(Some(RNR)).contains("stayed busy (RNR)"));
    assert!(fate(Some(DCN)).contains("DCN in answer to EOP"));
}

fn mixed() -> Script {
    page_sent().say(21.0, CALLER, MPS).say(23.0, CALLEE, MCF)
}

/// The rule that explains the failure.
fn cause(script: Script) -> Option<&'static str> {
    let script = script.fax(Verdict::Failed, FaxCarrier::T38);
    let view = PointOfView::default();
    let call = read(&script.call);
    let scene = Scene::new(&call, None, &view);
    crate::hint::diagnose(&scene).root.map(|root| root.rule.id)
}

#[test]
fn what_did_not_come_is_missing_only_after_its_wait() {
    let eop = || page_sent().say(21.0, CALLER, EOP);
    // Within T4 of the EOP the call goes back to audio: that is what happened first.
    let back = eop()
        .request(22.0, CALLER, "INVITE", Some(audio(CALLER, 3000)))
        .reply(22.1, 200, "OK", Some(audio(CALLEE, 3002)))
        .ack(22.2)
        .bye(40.0, CALLER)
        .capture_until(90.0);
    assert_eq!(cause(back), Some("t38-back-to-audio-midfax"));
    let silent = eop().bye(40.0, CALLER).capture_until(90.0);
    assert_eq!(cause(silent), Some("t30-postmsg-no-response"));
}

#[test]
fn a_delivered_fax_leaves_notes_of_what_came_late() {
    // The first DCS is not answered, the second is.
    let mut late = t38()
        .say(8.0, CALLEE, DIS)
        .say(10.0, CALLER, DCS)
        .tcf(11.0, CALLER, 2700)
        .say(16.0, CALLER, DCS)
        .tcf(17.0, CALLER, 2700)
        .say(20.0, CALLEE, CFR)
        .data(21.0, 26.0, CALLER, |_| {})
        .say(27.0, CALLER, EOP)
        .say(29.0, CALLEE, MCF)
        .say(31.0, CALLER, DCN)
        .bye(33.0, CALLER)
        .capture_until(90.0)
        .fax(Verdict::Ok, FaxCarrier::T38);
    late.call.fax.as_mut().unwrap().pages = vec![page(1, true)];
    let hints = late.hints();
    let hint = hints
        .iter()
        .find(|hint| hint.rule.id == "t30-dcs-no-response")
        .unwrap();
    assert_eq!(hint.finding.severity, Severity::Note);
}

#[test]
fn dcn_of_a_receiver_that_was_asked_again() {
    let again = page_sent()
        .say(21.0, CALLER, EOP)
        .say(23.0, CALLEE, MCF)
        .say(26.0, CALLER, EOP)
        .say(28.0, CALLEE, DCN);
    let found = again.findings("t30-dcn-after-page");
    assert!(found[0].seen.contains("had answered"), "{}", found[0].seen);
}

#[test]
fn an_answer_that_t30_does_not_know() {
    let odd = page_sent()
        .say(21.0, CALLER, EOP)
        .say(23.0, CALLEE, "ffc8ff")
        .say(24.0, CALLER, DCN);
    fires("t30-postmsg-no-response", &odd, Severity::Error);
}
