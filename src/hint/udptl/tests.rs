//! Each rule on T.38 packets: a call in which it fires and one in which it keeps silent.

use std::sync::Arc;

use crate::call::{
    Call, Encoding, EventKind, FaxCarrier, MediaPath, PageData, Side, UdptlStats, Verdict,
};
use crate::capture::{Endpoint, FrameNo};
use crate::hint::fixture::{CALLEE, CALLER, Script, at, host, image, with_t38};
use crate::hint::{Finding, Severity};
use crate::line::{Fcs, Modem};
use crate::t30::Fcf;
use crate::t38::stats::UdptlGap;

/// T.38 endpoints of `Script::switched`.
fn end(side: Side) -> Endpoint {
    match side {
        Side::Caller => Endpoint::new(host(10), 4000),
        Side::Callee => Endpoint::new(host(20), 4002),
    }
}

fn path(src: Endpoint, dst: Endpoint) -> MediaPath {
    MediaPath {
        src,
        dst,
        packets: 200,
        frame: FrameNo(30),
        first: at(4.0),
        last: at(40.0),
    }
}

/// A call in T.38 with packets of both sides where the SDP says, 4 to 40 s.
fn t38() -> Script {
    let mut script = Script::switched().udptl(200, 4.0, 40.0).capture_until(90.0);
    for side in [CALLER, CALLEE] {
        let stats = script.call.udptl.of_mut(side);
        stats.paths = vec![path(end(side), end(side.other()))];
        stats.redundancy_packets = 190;
        stats.depth_control = 3;
        stats.depth_image = 3;
    }
    script
}

fn with(script: Script, side: Side, change: impl FnOnce(&mut UdptlStats)) -> Script {
    let mut script = script;
    change(script.call.udptl.of_mut(side));
    script
}

/// Both sides hear each other.
fn talking(script: Script) -> Script {
    script
        .t30(8.0, CALLEE, Fcf::Dis, &[0x00, 0x77])
        .t30(10.0, CALLER, Fcf::Dcs, &[0x00, 0x45])
        .t30(14.0, CALLEE, Fcf::Cfr, &[])
        .capture_until(90.0)
}

#[track_caller]
fn fires(id: &str, script: &Script, severity: Severity) -> Finding {
    let found = script.findings(id);
    let first = found.first().unwrap_or_else(|| panic!("{id} is silent"));
    assert_eq!(first.severity, severity, "{id}: {}", first.seen);
    assert!(!first.frames.is_empty(), "{id} cites no frame");
    first.clone()
}

#[track_caller]
fn silent(id: &str, script: &Script) {
    let found = script.findings(id);
    assert!(found.is_empty(), "{id}: {}", found[0].seen);
}

#[test]
fn good_call_is_quiet() {
    for rule in super::RULES {
        silent(rule.id, &talking(t38()));
    }
}

#[test]
fn nothing_at_all() {
    let none = Script::switched().rtp(1.2, 3.0, CALLER);
    let mut none = none.capture_until(60.0);
    none.call.last_packet = at(40.0);
    fires("udptl-none", &none, Severity::Error);
    // Media that do not pass here: no RTP either.
    let mut elsewhere = Script::switched().capture_until(60.0);
    elsewhere.call.last_packet = at(40.0);
    silent("udptl-none", &elsewhere);
}

#[test]
fn silence_that_waits_for_a_readable_dis() {
    let dead = |stats: &mut UdptlStats| *stats = UdptlStats::default();
    let dis = |script: Script| script.t30(8.0, CALLEE, Fcf::Dis, &[0x00, 0x77]);
    fires(
        "udptl-one-way",
        &dis(with(t38(), CALLER, dead)),
        Severity::Error,
    );
    // Nothing that the called side says is whole: there is nothing to answer.
    let mut damaged = dis(with(t38(), CALLER, dead));
    if let EventKind::T30(frame) = &mut damaged.call.events.last_mut().unwrap().kind {
        Arc::make_mut(frame).damaged = true;
    }
    silent("udptl-one-way", &damaged);
}

#[test]
fn one_way() {
    let dead = |stats: &mut UdptlStats| *stats = UdptlStats::default();
    let found = fires("udptl-one-way", &with(t38(), CALLER, dead), Severity::Error);
    assert!(
        found.seen.starts_with("UDPTL only callee->caller"),
        "{}",
        found.seen
    );
    let stops = |stats: &mut UdptlStats| stats.last = Some((FrameNo(40), at(4.2)));
    fires(
        "udptl-one-way",
        &with(t38(), CALLER, stops),
        Severity::Error,
    );
    // It stands where the silence begins: at the switch, not at a CED of the audio that lasted until then.
    let mut heard = with(t38(), CALLER, dead);
    let ced = EventKind::Tone {
        tone: crate::line::Tone::Ced,
        level: None,
    };
    heard = heard.event(2.0, CALLEE, ced);
    heard.call.events.last_mut().unwrap().end = at(20.0);
    let found = fires("udptl-one-way", &heard, Severity::Error);
    let row = heard
        .call
        .events
        .iter()
        .find(|event| Some(event.id) == found.event);
    let kind = &row.unwrap().kind;
    assert!(
        matches!(kind, EventKind::Sip(sip) if sip.sdp.is_some()),
        "{kind:?}"
    );
    // Or at the last that came.
    let stopped = with(t38(), CALLER, stops).t30(4.1, CALLER, Fcf::Dcs, &[0, 0x45, 0x1e]);
    let found = fires("udptl-one-way", &stopped, Severity::Error);
    assert_eq!(
        found.event,
        stopped.call.events.last().map(|event| event.id)
    );
    // The receiver is silent while a long page runs, as it should be.
    let mut page = with(talking(t38()), CALLEE, stops).page(15.0, CALLER, 1);
    page.call.events.last_mut().unwrap().end = at(40.0);
    silent("udptl-one-way", &page);
    // The answers prove that the other side talks: the capture has half of it.
    let half = with(t38(), CALLER, dead)
        .t30(8.0, CALLEE, Fcf::Dis, &[])
        .t30(14.0, CALLEE, Fcf::Cfr, &[]);
    silent("udptl-one-way", &half);
}

#[test]
fn wrong_destination() {
    let old_port = Endpoint::new(host(10), 8000);
    let wrong = |stats: &mut UdptlStats| stats.paths = vec![path(end(CALLEE), old_port)];
    let script = with(t38(), CALLEE, wrong);
    let found = fires("udptl-wrong-destination", &script, Severity::Error);
    assert!(found.more.unwrap().contains("port of the audio"));
    fires(
        "udptl-wrong-destination",
        &talking(script.clone()),
        Severity::Warning,
    );
    // Answers to where the packets come from are right behind NAT.
    let symmetric = with(script, CALLER, |stats| {
        stats.paths = vec![path(old_port, end(CALLEE))];
    });
    silent("udptl-wrong-destination", &symmetric);
}

#[test]
fn source_mismatch() {
    let public = Endpoint::new(host(99), 61000);
    let nat = with(t38(), CALLEE, |stats| {
        stats.paths = vec![path(public, end(CALLER))];
    });
    fires(
        "udptl-source-mismatch",
        &talking(nat.clone()),
        Severity::Warning,
    );
    fires("udptl-source-mismatch", &nat, Severity::Error);
    // Seen from inside a one-to-one NAT: the SDP has the outside address, as it should.
    let inside = Endpoint::new(std::net::IpAddr::from([10, 0, 0, 5]), end(CALLEE).port);
    let mut behind = with(t38(), CALLEE, |stats| {
        stats.paths = vec![path(inside, end(CALLER))];
    });
    behind.call.callee.addr = inside.addr;
    fires("udptl-source-mismatch", &talking(behind), Severity::Note);
}

fn icmp(time: f64, count: u32) -> Script {
    t38()
        .event(
            time,
            CALLER,
            EventKind::Icmp {
                error: crate::capture::IcmpError::unreachable(3),
                quoted_dst: end(CALLER),
                count,
            },
        )
        .capture_until(90.0)
}

#[test]
fn unreachable() {
    fires("udptl-icmp", &icmp(8.0, 10), Severity::Error);
    fires("udptl-icmp", &icmp(3.5, 2), Severity::Warning);
    let after = Script::switched().bye(5.0, CALLER);
    silent("udptl-icmp", &after);
}

fn gap(lost: u32, recovered: u32, control: bool) -> impl FnOnce(&mut UdptlStats) {
    move |stats| {
        stats.lost = lost;
        stats.recovered = recovered;
        let gone = lost - recovered;
        if control {
            stats.lost_control = gone;
        } else {
            stats.lost_image = gone;
        }
        stats.gaps = vec![UdptlGap {
            frame: FrameNo(50),
            at: at(9.0),
            lost,
            recovered,
            first_seq: 7,
            control,
        }];
    }
}

#[test]
fn loss() {
    fires(
        "udptl-loss-recovered",
        &with(t38(), CALLER, gap(2, 2, false)),
        Severity::Note,
    );
    fires(
        "udptl-loss-recovered",
        &with(t38(), CALLER, gap(30, 30, false)),
        Severity::Warning,
    );
    silent(
        "udptl-loss-recovered",
        &with(t38(), CALLER, gap(2, 1, false)),
    );
    fires(
        "udptl-loss-unrecovered",
        &with(t38(), CALLER, gap(1, 0, true)),
        Severity::Error,
    );
    fires(
        "udptl-loss-unrecovered",
        &with(t38(), CALLER, gap(1, 0, false)),
        Severity::Warning,
    );
    fires(
        "udptl-loss-unrecovered",
        &with(t38(), CALLER, gap(20, 0, false)),
        Severity::Error,
    );
    silent(
        "udptl-loss-unrecovered",
        &with(t38(), CALLER, gap(2, 2, false)),
    );
    // Nothing had to be sent again.
    let delivered = talking(with(t38(), CALLER, gap(1, 0, true))).fax(Verdict::Ok, FaxCarrier::T38);
    fires("udptl-loss-unrecovered", &delivered, Severity::Note);
}

#[test]
fn without_redundancy() {
    let bare = with(t38(), CALLER, |stats| stats.redundancy_packets = 0);
    fires("udptl-no-redundancy", &bare, Severity::Warning);
    let mut agreed = bare.clone();
    let negotiation = agreed.call.negotiations.last_mut().unwrap();
    negotiation.offer = with_t38(image(CALLEE, 4002), |t38| t38.udp_ec = None);
    fires("udptl-no-redundancy", &agreed, Severity::Note);
    silent(
        "udptl-no-redundancy",
        &with(bare, CALLER, |stats| stats.packets = 10),
    );
}

#[test]
fn order() {
    fires(
        "udptl-duplicates",
        &with(t38(), CALLER, |stats| stats.repeats = 60),
        Severity::Note,
    );
    silent(
        "udptl-duplicates",
        &with(t38(), CALLER, |stats| stats.repeats = 3),
    );
    let late = |behind: u32, seconds: f64| {
        with(t38(), CALLER, |stats| {
            stats.reordered = 60;
            (stats.depth_control, stats.depth_image) = (2, 2);
            stats.latest = Some((behind, seconds, FrameNo(9)));
        })
    };
    fires("udptl-duplicates", &late(2, 0.1), Severity::Note);
    fires("udptl-duplicates", &late(3, 0.1), Severity::Warning);
    fires("udptl-duplicates", &late(1, 0.3), Severity::Warning);
    let restart = |stats: &mut UdptlStats| stats.restarts = vec![(FrameNo(11), 4000, 0)];
    let later = |script: Script| {
        script
            .t30(20.0, CALLER, Fcf::Dcs, &[])
            .t30(21.0, CALLEE, Fcf::Cfr, &[])
    };
    fires(
        "udptl-seq-reset",
        &with(later(t38()), CALLER, restart),
        Severity::Warning,
    );
    let moved = with(later(t38()), CALLER, |stats| {
        restart(stats);
        stats
            .paths
            .push(path(Endpoint::new(host(77), 4000), end(CALLEE)));
    });
    fires("udptl-seq-reset", &moved, Severity::Note);
}

#[test]
fn stalls() {
    let page = || talking(t38()).page(15.0, CALLER, 1);
    let frame = page().call.events.last().unwrap().frame;
    let stall = |seconds: f64| move |stats: &mut UdptlStats| stats.stalls = vec![(frame, seconds)];
    fires(
        "udptl-timing-gap",
        &with(page(), CALLER, stall(0.5)),
        Severity::Warning,
    );
    let good = with(page(), CALLER, stall(0.5)).fax(Verdict::Ok, FaxCarrier::T38);
    fires("udptl-timing-gap", &good, Severity::Note);
    silent("udptl-timing-gap", &with(page(), CALLER, stall(0.2)));
    // A pause with packets missing in it is loss.
    let lossy = with(with(page(), CALLER, stall(0.5)), CALLER, |stats| {
        stats.gaps = vec![UdptlGap {
            frame,
            at: at(15.0),
            lost: 1,
            recovered: 1,
            first_seq: 7,
            control: false,
        }];
    });
    silent("udptl-timing-gap", &lossy);
}

fn malformed(octets: usize) -> Script {
    let mut script = t38().event(
        9.0,
        CALLER,
        EventKind::Malformed {
            reason: "open type longer than the packet".to_owned(),
            octets: vec![0xA5; octets],
            count: 1,
        },
    );
    script.call.udptl.caller.undecodable = 1;
    script
}

#[test]
fn content() {
    fires("udptl-decode-error", &malformed(40), Severity::Warning);
    // A keepalive of a NAT.
    silent("udptl-decode-error", &malformed(4));

    let coded = |a: Encoding, b: Encoding| {
        let script = with(t38(), CALLER, |stats| {
            stats.encoding = Some(a);
            stats.encoding_frame = Some(FrameNo(33));
        });
        with(script, CALLEE, |stats| {
            stats.encoding = Some(b);
            stats.encoding_frame = Some(FrameNo(34));
        })
    };
    fires(
        "udptl-asn1-variant",
        &coded(Encoding::Asn1998, Encoding::Asn2002),
        Severity::Error,
    );
    fires(
        "udptl-asn1-variant",
        &talking(coded(Encoding::Asn2002, Encoding::Asn2002)),
        Severity::Note,
    );
    silent(
        "udptl-asn1-variant",
        &coded(Encoding::Asn1998, Encoding::Asn1998),
    );
}

#[test]
fn rtp_goes_on() {
    let residue = |until: f64, count: u32| {
        with(t38(), CALLER, |stats| {
            stats.rtp_residue = Some((count, FrameNo(20), FrameNo(25), at(3.2), at(until)));
        })
    };
    fires("udptl-rtp-residue", &residue(3.5, 10), Severity::Note);
    fires("udptl-rtp-residue", &residue(9.0, 200), Severity::Warning);
    let mut both = residue(9.0, 200);
    both.call.media.last_mut().unwrap().audio = both.call.media.last().unwrap().t38;
    silent("udptl-rtp-residue", &both);
}

#[test]
fn too_early() {
    let early = |script: Script| {
        with(script, CALLEE, |stats| {
            stats.first = Some((FrameNo(8), at(2.5)));
        })
    };
    let signal = |script: Script| script.t30(2.5, CALLEE, Fcf::Dis, &[]);
    fires("udptl-early", &signal(early(t38())), Severity::Warning);
    silent("udptl-early", &talking(signal(early(t38()))));
}

fn bad_frames(count: u32) -> Script {
    let mut script = talking(t38()).fax(Verdict::Failed, FaxCarrier::T38);
    for number in 0..count {
        script = script.t30(15.0 + f64::from(number), CALLER, Fcf::Dcs, &[]);
        if let EventKind::T30(frame) = &mut script.call.events.last_mut().unwrap().kind {
            Arc::make_mut(frame).fcs = Fcs::Bad;
        }
    }
    script
}

#[test]
fn check_sequences() {
    fires("udptl-fcs-bad", &bad_frames(1), Severity::Note);
    fires("udptl-fcs-bad", &bad_frames(3), Severity::Warning);
    silent("udptl-fcs-bad", &bad_frames(0));
}

/// Any figures do without a panic.
#[test]
fn survives_odd_figures() {
    let mut script = talking(t38());
    let odd = |call: &mut Call| {
        let stats = &mut call.udptl.caller;
        stats.packets = u32::MAX;
        stats.lost = u32::MAX;
        stats.recovered = 3;
        stats.repeats = u32::MAX;
        stats.reordered = u32::MAX;
        stats.undecodable = u32::MAX;
        stats.stalls = vec![(FrameNo(u32::MAX), f64::NAN), (FrameNo(1), f64::INFINITY)];
        stats.restarts = vec![(FrameNo(0), 1, 2)];
    };
    odd(&mut script.call);
    let page = PageData {
        page: u32::MAX,
        block: None,
        modem: Modem::V21,
        bytes: u32::MAX,
        frames: 0,
        resent: u32::MAX,
        bad_frames: 0,
        frame_numbers: Vec::new(),
        rcp: 0,
        lost_packets: 0,
        ended: false,
        level: None,
    };
    script = script.event(16.0, CALLER, EventKind::PageData(page));
    let _ = script.hints();
}
