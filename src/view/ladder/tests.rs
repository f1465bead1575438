use unicode_width::UnicodeWidthStr;

use proptest::prelude::*;

use super::*;
use std::sync::Arc;

mod paths;

use crate::call::{EventKind, Path, Side, Stage, StageMark, Verdict};
use crate::t38::Indicator;
use crate::view::{fixture, to_text};

fn screen(flow: &AnalysedFlow, options: &Options) -> String {
    let ladder = layout(flow, options);
    let mut rows = vec![ladder.title.clone(), ladder.strip.clone()];
    rows.extend(ladder.header.clone());
    rows.extend(ladder.rows(0..ladder.len()));
    to_text(&rows)
}

fn wide(width: usize) -> Options {
    Options {
        width,
        ..Options::default()
    }
}

#[test]
fn one_leg_at_118() {
    insta::assert_snapshot!(screen(&fixture::good(), &wide(118)));
}

#[test]
fn one_leg_at_80() {
    insta::assert_snapshot!(screen(&fixture::good(), &wide(80)));
}

#[test]
fn what_the_user_calls_a_host_stands_before_its_address() {
    let flow = fixture::good();
    let addr = flow.flow.legs[0].caller.addr;
    let called = |ascii| Options {
        names: crate::view::Names::new([(addr, "Büro\u{202e}".to_owned())]),
        ascii,
        ..wide(118)
    };
    let text = screen(&flow, &called(false));
    assert!(text.contains(&format!("Büro\\u{{202e}} {addr}")), "{text}");
    assert!(screen(&flow, &called(true)).is_ascii());
}

#[test]
fn one_leg_unfolded() {
    let options = Options {
        fold: Fold::Nothing,
        ..wide(118)
    };
    insta::assert_snapshot!(screen(&fixture::good(), &options));
}

#[test]
fn two_legs_at_118() {
    insta::assert_snapshot!(screen(&fixture::no_dcs(), &wide(118)));
}

#[test]
fn two_legs_at_80() {
    insta::assert_snapshot!(screen(&fixture::no_dcs(), &wide(80)));
}

#[test]
fn two_legs_in_ascii() {
    let options = Options {
        ascii: true,
        ..wide(118)
    };
    let text = screen(&fixture::no_dcs(), &options);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn refused_and_hostile() {
    let text = screen(&fixture::refused(), &wide(118));
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn whole_cuts_nothing() {
    let ladder = layout_whole(&fixture::no_dcs(), &wide(100));
    insta::assert_snapshot!(to_text(&ladder.whole_rows().collect::<Vec<_>>()));
}

#[test]
fn legs_without_a_common_host_stand_apart() {
    let mut flow = fixture::no_dcs();
    let mut far = (*flow.flow.legs[1]).clone();
    far.caller = fixture::endpoint([10, 0, 0, 1], 5060);
    far.path = Path::default();
    flow.flow.legs[1] = far.into();
    // In a text of 80 columns too, all names whole.
    let narrow = layout_whole(&flow, &wide(80));
    let rows = [narrow.header.clone(), narrow.whole_rows().collect()].concat();
    assert!(
        rows.iter().all(|row| row.text().width() <= 80),
        "{}",
        to_text(&rows)
    );
    let header = to_text(&narrow.header);
    for name in [
        "203.0.113.10",
        "203.0.113.5",
        "10.0.0.1",
        "198.51.100.20",
        "callee 5550002",
    ] {
        assert!(header.contains(name), "{name}: {header}");
    }
    let text = screen(&flow, &wide(150));
    insta::assert_snapshot!(text.lines().take(8).collect::<Vec<_>>().join("\n"));
}

#[test]
fn finds_the_row_of_what_is_folded() {
    let flow = fixture::good();
    let ladder = layout(&flow, &wide(118));
    let call = &flow.flow.legs[0];
    for event in &call.events {
        let row = ladder.row_of(call.number, event.id).unwrap();
        assert!(row < ladder.len());
    }
    // 100 Trying and the retransmission stand in the row of the INVITE.
    assert_eq!(ladder.row_of(call.number, EventId(1)), Some(0));
    assert_eq!(ladder.row_of(call.number, EventId(2)), Some(0));
    for (row, (call, event)) in ladder.keys.iter().enumerate() {
        assert_eq!(ladder.row_of(*call, *event), Some(row));
        assert_eq!(ladder.event_at(row), Some((*call, *event)));
    }
    assert_eq!(ladder.row_of(CallNo(99), EventId(0)), None);
    assert_eq!(ladder.row_of(call.number, EventId(9999)), None);
}

#[test]
fn nothing_is_laid_out_of_nothing() {
    let flow = AnalysedFlow {
        flow: crate::call::Flow { legs: Vec::new() },
        hints: Vec::new(),
        pbx: Vec::new(),
    };
    assert!(layout(&flow, &wide(80)).is_empty());
    assert!(layout_whole(&flow, &wide(80)).whole_rows().next().is_none());
}

/// A copy stands below its original, also where other rows come between in time, and one that was captured
/// before its original; no delta is told backwards.
#[test]
fn deltas_of_two_legs_go_forward() {
    let mut flow = fixture::no_dcs();
    for leg in &mut flow.flow.legs {
        let mut call = (**leg).clone();
        // The second leg is recorded late, so that some copies come before their originals.
        if call.number == CallNo(3) {
            for event in &mut call.events {
                event.at = event.at.plus_seconds(0.06);
            }
        }
        *leg = call.into();
    }
    let options = Options {
        time: TimeMode::Delta,
        ..wide(118)
    };
    let text = screen(&flow, &options);
    let times = text
        .lines()
        .filter_map(|line| line.get(..8)?.trim().parse::<f64>().ok());
    assert!(times.clone().count() > 5, "{text}");
    assert!(times.clone().all(|time| time >= 0.0), "{text}");
    assert!(text.contains("before the other leg"), "{text}");
    assert!(!text.contains("+-"), "{text}");
}

/// Words that have no room on an arrow stand beside it, names that have none go on below.
#[test]
fn a_narrow_text_says_all_that_a_wide_one_says() {
    let mut flow = fixture::no_dcs();
    let mut caller = (*flow.flow.legs[0]).clone();
    caller.caller.addr = "2001:db8:1234:5678:9abc:def0:1234:5678".parse().unwrap();
    caller.path = Path::default();
    flow.flow.legs[0] = caller.into();
    let words = |width| {
        let ladder = layout_whole(&flow, &wide(width));
        let head = ladder.header.iter().flat_map(|row| {
            let text = row.text();
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        let rows = to_text(&ladder.whole_rows().collect::<Vec<_>>());
        (head.collect::<String>(), rows)
    };
    let (head, rows) = words(64);
    for piece in ["2001:db8:1234:", "5678:9abc:def0:", "1234:5678"] {
        assert!(head.contains(piece), "{piece}: {head}");
    }
    for pair in ["m=image", "5550002", "(2)"] {
        assert!(rows.contains(pair), "{pair}: {rows}");
    }
    assert!(rows.lines().all(|line| line.width() <= 64), "{rows}");
    assert!(layout_whole(&flow, &wide(80)).header.len() > 2);
}

proptest! {
    #[test]
    fn no_row_is_wider_than_the_screen(
        width in 0_usize..220,
        which in 0_usize..7,
        flags in any::<[bool; 6]>(),
        fold_step in 0_usize..3,
        time in 0_usize..3,
        start in 0_usize..30,
        len in 0_usize..30,
    ) {
        let flow = [
            fixture::good, fixture::no_dcs, fixture::refused,
            paths::three, paths::four, paths::five, paths::media_proxy,
        ][which]();
        let [ascii, sdp, media, hints, _, _] = flags;
        let time = [TimeMode::Relative, TimeMode::Delta, TimeMode::Utc][time];
        let fold = [Fold::Nothing, Fold::Repeats, Fold::Copies][fold_step];
        let options = Options { width, ascii, time, sdp, media, fold, first: start, hints, ..Options::default() };
        let ladder = layout(&flow, &options);
        let all = ladder.rows(0..ladder.len());
        prop_assert_eq!(all.len(), ladder.len());
        for row in all.iter().chain(&ladder.header).chain([&ladder.title, &ladder.strip]) {
            prop_assert!(row.width() <= width, "{} > {width}: {}", row.width(), row.text());
            prop_assert!(!ascii || row.text().is_ascii(), "{}", row.text());
        }
        let end = (start + len).min(all.len());
        prop_assert_eq!(&ladder.rows(start..start + len), &all[start.min(end)..end]);
        // A text keeps every label whole, whatever the width.
        let text = layout_whole(&flow, &options);
        for row in text.whole_rows().collect::<Vec<_>>().iter().chain(&text.whole_strip()).chain(&text.header) {
            let text = row.text();
            prop_assert!(width < 80 || which > 2 || text.width() <= width, "{} > {width}: {text}", text.width());
        }
        let whole = to_text(&text.whole_rows().collect::<Vec<_>>());
        prop_assert!(!whole.contains(['…', '~']) || ascii || which == 2);
    }
}

/// What comes again and again is folded, but for the first and the last: ICMP errors, CNG, RNR and RR.
#[test]
fn folds_runs() {
    use Side::{Callee, Caller};
    let mut leg = fixture::Builder::new(1, [192, 0, 2, 10], [198, 51, 100, 20]);
    for nth in 0..6 {
        let at = 3.5 * f64::from(nth);
        leg.indicator(at, Caller, Indicator::Cng);
        let icmp = EventKind::Icmp {
            error: crate::capture::IcmpError::unreachable(3),
            quoted_dst: fixture::endpoint([198, 51, 100, 20], 4000),
            count: 1,
        };
        leg.put(at + 0.1, 0.0, Callee, icmp);
    }
    // PPS-EOP; then RNR and RR in turn until MCF.
    leg.t30(30.0, Caller, &[0xff, 0xc8, 0x7d, 0x74, 0, 0, 0]);
    for nth in 0..5 {
        let at = 31.0 + 2.0 * f64::from(nth);
        leg.t30(at, Callee, &[0xff, 0xc8, 0x37]);
        leg.t30(at + 1.0, Caller, &[0xff, 0xc8, 0x76]);
    }
    leg.t30(42.0, Callee, &[0xff, 0xc8, 0x31]);
    let flow = leg.flow();
    let rows = |fold| {
        let options = Options { fold, ..wide(118) };
        let ladder = layout(&flow, &options);
        for (row, (call, event)) in ladder.keys.iter().enumerate() {
            assert_eq!(ladder.row_of(*call, *event), Some(row));
        }
        (ladder.len(), screen(&flow, &options))
    };
    let (folded, text) = rows(Fold::Repeats);
    let (unfolded, _) = rows(Fold::Nothing);
    assert_eq!(unfolded, 24);
    // Of each of the four: two rows.
    assert_eq!(folded, 10, "{text}");
    assert_eq!(text.matches("[+ 4 repeats]").count(), 2, "{text}");
    assert_eq!(text.matches("[+ 3 repeats]").count(), 2, "{text}");
}

#[test]
fn the_pbx_is_named_only_where_it_is_known() {
    let roles = |flow: &AnalysedFlow| layout(flow, &wide(118)).header[1].text();
    let mut flow = fixture::no_dcs();
    assert!(roles(&flow).contains(" PBX "), "{}", roles(&flow));
    // Both calls go to the same host: it is called twice, and stands between nobody.
    let mut second = (*flow.flow.legs[1]).clone();
    (second.caller, second.callee) = (second.callee, second.caller);
    second.path = Path::default();
    flow.flow.legs[1] = second.into();
    assert!(roles(&flow).contains("callee of both"), "{}", roles(&flow));
    // Unless the user says so.
    flow.pbx = vec!["203.0.113.5".parse().unwrap()];
    assert!(roles(&flow).contains(" PBX "), "{}", roles(&flow));
    // Of one leg too.
    flow.flow.legs.truncate(1);
    assert!(
        roles(&flow).contains("PBX, callee 5550002"),
        "{}",
        roles(&flow)
    );
    flow.pbx.clear();
    assert!(!roles(&flow).contains("PBX"), "{}", roles(&flow));
}

/// A damaged message may have been another one: neither its name nor what it asks is stated.
#[test]
fn a_damaged_message_is_not_taken_at_its_word() {
    let mut leg = fixture::Builder::new(1, [192, 0, 2, 10], [198, 51, 100, 20]);
    let ppr: Vec<u8> = [0xff, 0xc8, 0x3d].into_iter().chain([0xff; 32]).collect();
    leg.t30(1.0, Side::Callee, &ppr);
    let event = leg.t30(2.0, Side::Callee, &ppr);
    if let EventKind::T30(frame) = &mut event.kind {
        Arc::make_mut(frame).fcs = crate::line::Fcs::Bad;
    }
    let text = one_leg(leg);
    let rows: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(
        rows[1].contains(" PPR ") && rows[1].contains("  256 frames asked again"),
        "{text}"
    );
    assert!(rows[0].contains(" PPR? "), "{text}");
    assert!(
        rows[0].contains("reads 256 frames asked again, bad check sequence"),
        "{text}"
    );
}

/// In audio the training before a TCF cannot be told from it.
#[test]
fn a_tcf_that_was_only_heard_is_told_with_its_training() {
    let mut leg = fixture::Builder::new(1, [192, 0, 2, 10], [198, 51, 100, 20]);
    let tcf = crate::call::Tcf {
        modem: crate::line::Modem {
            name: "V.17",
            rate: 14400,
        },
        octets: 0,
        longest_zero_run: None,
        nonzero_share: None,
        lost_packets: 0,
        ended: true,
    };
    leg.put(1.0, 2.9, Side::Caller, EventKind::Tcf(tcf));
    let text = one_leg(leg);
    assert!(text.contains(" TCF 14400 "), "{text}");
    assert!(text.contains("2.9 s with training"), "{text}");
}

fn one_leg(leg: fixture::Builder) -> String {
    screen(&leg.flow(), &wide(118))
}

/// What passes through the PBX at once stands below its original; what takes so long that other messages cross it
/// does not.
#[test]
fn messages_that_cross_are_seen_to_cross() {
    let dis = [0xff, 0xc8, 0x01, 0x00, 0x77, 0x1f];
    let dcs = [0xff, 0xc8, 0x41, 0x00, 0x77, 0x1f];
    let order = |delay: f64| {
        let mut near = fixture::Builder::new(1, [192, 0, 2, 10], [203, 0, 113, 5]);
        let mut far = fixture::Builder::new(2, [203, 0, 113, 5], [198, 51, 100, 20]);
        far.t30(8.0, Side::Callee, &dis);
        near.t30(8.5, Side::Caller, &dcs);
        near.t30(8.0 + delay, Side::Callee, &dis);
        let flow = fixture::flow([near, far]);
        let text = screen(&flow, &wide(118));
        let names = ["DIS", "DCS"];
        let named = |line: &str| {
            names
                .into_iter()
                .find(|name| line.contains(&format!(" {name} ")))
        };
        text.lines().filter_map(named).collect::<Vec<_>>()
    };
    assert_eq!(order(0.6), ["DIS", "DIS", "DCS"]);
    assert_eq!(order(1.9), ["DIS", "DCS", "DIS"]);
}

#[test]
fn the_strip_of_two_legs_shows_where_either_failed() {
    let marks = |flow: &mut AnalysedFlow, leg: usize, stages: &[(&'static str, StageMark)]| {
        let call = Arc::make_mut(&mut flow.flow.legs[leg]);
        let stage = |(name, mark): &(&'static str, StageMark)| Stage {
            phase: None,
            name,
            mark: *mark,
            text: String::new(),
        };
        call.fax.as_mut().unwrap().stages = stages.iter().map(stage).collect();
    };
    let strip = |flow: &AnalysedFlow| to_text(&[layout(flow, &wide(118)).strip]);
    let mut flow = fixture::no_dcs();
    assert_eq!(flow.flow.legs.len(), 2);
    let (seen, not_seen) = (StageMark::Passed, StageMark::NotSeen);
    for (leg, verdict) in [(0, Verdict::Failed), (1, Verdict::Ok)] {
        let call = Arc::make_mut(&mut flow.flow.legs[leg]);
        call.fax.as_mut().unwrap().verdict = verdict;
    }
    // The leg that leads does not tell where it failed; the other one does.
    marks(
        &mut flow,
        0,
        &[("T.38", not_seen), ("A", seen), ("B", not_seen)],
    );
    marks(
        &mut flow,
        1,
        &[("T.38", StageMark::Failed), ("A", not_seen), ("B", seen)],
    );
    assert_eq!(strip(&flow).trim(), "T.38 ✗   A ✓   B ✓");
    // It does: what the other leg went on to do is not what the fax did.
    marks(
        &mut flow,
        0,
        &[("T.38", seen), ("A", seen), ("B", StageMark::Failed)],
    );
    marks(&mut flow, 1, &[("T.38", seen), ("A", seen), ("B", seen)]);
    assert_eq!(strip(&flow).trim(), "T.38 ✓   A ✓   B ✗");
    // None does, and not one message was seen.
    for (heard, told) in [
        (seen, "T.38 ✓   A ✓   B ✗ no DIS"),
        (not_seen, "T.38 ✓   A ✗ not heard   B ·"),
    ] {
        for leg in [0, 1] {
            let stages = [("T.38", seen), ("A", heard), ("B", not_seen)];
            marks(&mut flow, leg, &stages);
        }
        assert_eq!(strip(&flow).trim(), told);
    }
}
