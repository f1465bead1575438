use crate::call::{FaxCarrier, Verdict};
use crate::capture::FrameNo;
use crate::hint::fixture::{CALLEE, CALLER, Script, at, ids, image};
use crate::t30::Fcf;

fn whole() -> Script {
    Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .t30(7.0, CALLER, Fcf::Dcs, &[])
        .bye(20.0, CALLER)
}

#[test]
fn a_whole_capture_has_no_capture_hint() {
    let hints = whole().hints();
    assert!(
        !ids(&hints).iter().any(|id| id.starts_with("cap-")),
        "{:?}",
        ids(&hints)
    );
}

#[test]
fn names_the_snap_length() {
    let mut script = whole();
    script.call.capture.truncated = vec![FrameNo(2), FrameNo(3), FrameNo(4), FrameNo(5)];
    script.call.capture.truncated_count = 4;
    script.call.capture.truncated_sip = 2;
    script.call.capture.snaplen = 96;
    let found = script.findings("cap-snaplen-truncated");
    assert_eq!(found[0].frames, [FrameNo(2), FrameNo(3), FrameNo(4)]);
    assert!(found[0].seen.starts_with("4 packets cut at 96 bytes"));
    assert!(
        found[0]
            .more
            .as_ref()
            .unwrap()
            .contains("2 of them carry SIP")
    );
}

#[test]
fn tells_a_missing_start() {
    let mut script = whole();
    script.call.capture.starts_mid_call = true;
    assert_eq!(script.findings("cap-starts-mid-call").len(), 1);
    // Without any SIP that is another rule's matter.
    script.call.call_id = None;
    script.call.packets.sip = 0;
    assert!(script.findings("cap-starts-mid-call").is_empty());
}

#[test]
fn a_call_without_bye_at_the_end_of_the_file_is_unfinished() {
    let script = Script::switched().t30(5.0, CALLEE, Fcf::Dis, &[]);
    assert_eq!(script.findings("cap-ends-early").len(), 1);
    assert!(
        script
            .capture_until(5.0 + 36.0)
            .findings("cap-ends-early")
            .is_empty()
    );
    assert!(whole().findings("cap-ends-early").is_empty());
}

#[test]
fn an_answer_without_its_question_shows_the_missing_direction() {
    let mut script = Script::new()
        .t30(1.0, CALLEE, Fcf::Dis, &[])
        .t30(6.0, CALLEE, Fcf::Cfr, &[]);
    assert_eq!(script.findings("cap-one-direction").len(), 1);
    // DIS alone answers nothing: the other side may be silent.
    script = Script::new()
        .t30(1.0, CALLEE, Fcf::Dis, &[])
        .t30(6.0, CALLEE, Fcf::Dis, &[]);
    assert!(script.findings("cap-one-direction").is_empty());
}

#[test]
fn an_ack_without_its_200_shows_the_missing_direction() {
    let script = Script::new().request(0.0, CALLER, "INVITE", None).ack(1.0);
    assert_eq!(script.findings("cap-one-direction").len(), 1);
    let silent = Script::new()
        .request(0.0, CALLER, "INVITE", None)
        .again(0.5)
        .again(1.5);
    assert!(silent.findings("cap-one-direction").is_empty());
}

#[test]
fn drops_are_told_by_the_recorder_or_by_gaps_in_both_directions() {
    let mut script = whole();
    script.call.capture.dropped = 7;
    assert!(
        script.findings("cap-drops")[0]
            .seen
            .contains("7 packets dropped")
    );

    let mut script = whole();
    let gap = |time: f64, frame| crate::t38::stats::UdptlGap {
        frame: FrameNo(frame),
        at: at(time),
        lost: 1,
        recovered: 0,
        first_seq: 1,
        control: false,
    };
    script.call.udptl.caller.gaps = vec![gap(5.0, 7), gap(6.0, 8), gap(7.0, 9)];
    script.call.udptl.callee.gaps = vec![gap(5.05, 7), gap(6.05, 8), gap(7.02, 9)];
    assert_eq!(script.findings("cap-drops").len(), 1);
    script.call.udptl.callee.gaps = vec![gap(5.05, 7), gap(9.0, 8), gap(12.0, 9)];
    assert!(script.findings("cap-drops").is_empty());
}

#[test]
fn media_without_sip() {
    let mut script = Script::new().t30(1.0, CALLEE, Fcf::Dis, &[]);
    script.call.call_id = None;
    assert_eq!(script.findings("cap-sip-not-captured").len(), 1);
    assert!(whole().findings("cap-sip-not-captured").is_empty());
}

#[test]
fn clock_and_duplicates() {
    let mut script = whole();
    script.call.capture.clock_jumps = vec![(FrameNo(6), -3.0)];
    assert!(script.findings("cap-clock-jump")[0].seen.contains("-3.0 s"));
    script.call.capture.duplicates = 1;
    assert!(script.findings("cap-duplicate-frames").is_empty());
    script.call.capture.duplicates = 9;
    assert_eq!(script.findings("cap-duplicate-frames").len(), 1);
}

#[test]
fn sip_only_captures_say_so() {
    let script = Script::answered().bye(20.0, CALLER);
    assert_eq!(script.findings("cap-no-media").len(), 1);
    assert!(
        Script::answered()
            .rtp(1.0, 9.0, CALLER)
            .bye(20.0, CALLER)
            .findings("cap-no-media")
            .is_empty()
    );
    // Also where the hosts that speak SIP send the media: a filter may have left them out.
    let direct = Script::new()
        .request(0.0, CALLER, "INVITE", Some(image(CALLER, 4000)))
        .reply(1.0, 200, "OK", Some(image(CALLEE, 4002)))
        .ack(1.1)
        .bye(20.0, CALLER);
    assert_eq!(direct.findings("cap-no-media").len(), 1);
}

#[test]
fn an_unfinished_fax_has_the_end_of_the_capture_as_its_cause() {
    let script = Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .fax(Verdict::Incomplete, FaxCarrier::T38);
    let view = crate::hint::PointOfView::default();
    let call = crate::hint::fixture::read(&script.call);
    let scene = crate::hint::Scene::new(&call, None, &view);
    let root = crate::hint::diagnose(&scene).root.unwrap();
    assert_eq!(root.rule.id, "cap-ends-early");
}
