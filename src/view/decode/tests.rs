use super::*;
use crate::t30::Fcf;
use crate::view::time::Zone;
use crate::view::{fixture, to_text};

fn pane(at: Step, raw: bool, width: usize) -> String {
    let call = negotiated();
    let rows = message(&call, at.of(&call), raw, width);
    for row in &rows {
        assert!(row.width() <= width, "{}", row.text());
    }
    to_text(&rows)
}

/// A message of the good call.
#[derive(Clone, Copy)]
enum Step {
    Offer,
    Answer,
    Dis,
    Page,
}

impl Step {
    fn of(self, call: &Call) -> &Event {
        let t38 = &call.negotiations[1];
        let is_step = |event: &&Event| match (self, &event.kind) {
            (Self::Offer, _) => event.id == t38.offer_event,
            (Self::Answer, _) => Some(event.id) == t38.answer_event,
            (Self::Dis, EventKind::T30(frame)) => frame.fcf == Fcf::Dis,
            (Self::Page, EventKind::PageData(_)) => true,
            _ => false,
        };
        call.events.iter().find(is_step).unwrap()
    }
}

/// A call whose answer to T.38 takes less than was offered.
fn negotiated() -> Call {
    let flow = fixture::good();
    let mut call = (*flow.flow.legs[0]).clone();
    let answer = call.negotiations[1].answer.as_mut().unwrap();
    answer.media[0].t38.as_mut().unwrap().max_bit_rate = Some(9600);
    call
}

fn narrow(call: &Call, at: Step) -> String {
    let clock = Clock::Since(call.started);
    to_text(&side_pane(call, at.of(call), false, 78, clock))
}

#[test]
fn beside_the_ladder_differences_of_offer_and_answer_stand_out() {
    insta::assert_snapshot!(narrow(&negotiated(), Step::Answer));
    let mut call = negotiated();
    call.negotiations[1].answer = call.negotiations[0].answer.clone();
    let text = narrow(&call, Step::Answer);
    assert!(text.contains("≠ m="), "{text}");
    assert!(text.contains("only offered    version 0"), "{text}");
    call.negotiations[1].answer = None;
    call.negotiations[1].status = Some(488);
    let text = narrow(&call, Step::Offer);
    assert!(text.contains("no answer: 488"), "{text}");
    assert!(text.contains("offered         image"), "{text}");
}

#[test]
fn beside_the_ladder_the_caller_is_left() {
    let call = negotiated();
    let text = narrow(&call, Step::Dis);
    assert!(text.contains("caller ← callee"), "{text}");
    assert!(
        text.contains("203.0.113.10:4000 ← 203.0.113.20:4002"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

#[test]
fn shows_a_t30_message() {
    insta::assert_snapshot!(pane(Step::Dis, false, 100));
}

#[test]
fn shows_octets() {
    insta::assert_snapshot!(pane(Step::Dis, true, 60));
}

#[test]
fn beside_the_ladder_stands_what_matters() {
    let flow = fixture::good();
    let call = &flow.flow.legs[0];
    let dis = call
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::T30(_)))
        .nth(1);
    let text = |rows: &[Row]| to_text(rows);
    let (whole, short) = dis
        .map(|event| {
            (
                message(call, event, false, 80),
                side_pane(call, event, false, 80, Clock::Since(call.started)),
            )
        })
        .unwrap();
    for name in ["address", "control", "frame check sequence", "not offered"] {
        assert!(text(&whole).contains(name), "{name}");
        assert!(
            !text(&short).lines().any(|line| line.starts_with(name)),
            "{name}"
        );
    }
    assert!(text(&short).contains("ECM yes"), "{}", text(&short));
    let bad = dis.map(|event| {
        let mut event = event.clone();
        if let EventKind::T30(frame) = &mut event.kind {
            std::sync::Arc::make_mut(frame).fcs = Fcs::Bad;
        }
        side_pane(call, &event, false, 80, Clock::OfDay(6, Zone::UTC))
    });
    assert!(text(&bad.unwrap()).contains("frame check sequence"));
}

#[test]
fn shows_offer_and_answer() {
    insta::assert_snapshot!(pane(Step::Answer, false, 90));
}

#[test]
fn shows_sip_text() {
    insta::assert_snapshot!(pane(Step::Answer, true, 60));
}

#[test]
fn shows_page_data() {
    insta::assert_snapshot!(pane(Step::Page, false, 60));
}

#[test]
fn no_row_is_wider_than_the_pane() {
    for flow in [fixture::good(), fixture::no_dcs(), fixture::refused()] {
        for call in &flow.flow.legs {
            for event in &call.events {
                for (width, raw) in [(1, false), (7, true), (20, false), (45, true), (120, false)] {
                    for row in message(call, event, raw, width) {
                        assert!(row.width() <= width, "{width}: {}", row.text());
                        assert!(!row.text().contains(['\u{1b}', '\u{202e}']));
                    }
                    for row in side_pane(call, event, raw, width, Clock::OfDay(6, Zone::UTC)) {
                        assert!(row.width() <= width, "{width}: {}", row.text());
                        assert!(!row.text().contains(['\u{1b}', '\u{202e}']));
                    }
                }
            }
        }
    }
}
