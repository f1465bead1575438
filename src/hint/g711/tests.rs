//! Each rule on fax in sound: a call in which it fires and one in which it keeps silent.

use crate::call::{EventKind, FaxCarrier, Side, Verdict};
use crate::capture::FrameNo;
use crate::hint::fixture::{CALLEE, CALLER, Script, at, audio, codec};
use crate::hint::{Finding, Scene, Severity};
use crate::line::Tone;
use crate::rtp::{RtpEvent, RtpSpan};
use crate::t30::Fcf;

/// A fax in PCMU: CNG at 2 s, DIS at 8 s, RTP of both sides up to 60 s.
fn fax() -> Script {
    Script::answered()
        .rtp(1.2, 60.0, CALLER)
        .rtp(1.2, 60.0, CALLEE)
        .event(
            2.0,
            CALLER,
            EventKind::Tone {
                tone: Tone::Cng,
                level: None,
            },
        )
        .t30(8.0, CALLEE, Fcf::Dis, &[])
        .capture_until(90.0)
        .fax(Verdict::Failed, FaxCarrier::G711)
}

fn with(mut script: Script, side: Side, change: impl FnOnce(&mut RtpSpan)) -> Script {
    let span = script
        .call
        .events
        .iter_mut()
        .filter(|event| event.from == side)
        .find_map(|event| match &mut event.kind {
            EventKind::Rtp(span) => Some(span),
            _ => None,
        });
    change(span.unwrap());
    script
}

#[track_caller]
fn fires(id: &str, script: &Script, severity: Severity) -> Finding {
    let found = script.findings(id);
    let first = found.first().unwrap_or_else(|| panic!("{id} is silent"));
    assert_eq!(first.severity, severity, "{id}: {}", first.seen);
    first.clone()
}

#[track_caller]
fn silent(id: &str, script: &Script) {
    let found = script.findings(id);
    assert!(found.is_empty(), "{id}: {}", found[0].seen);
}

#[test]
fn good_fax_is_quiet() {
    let good = fax();
    fires("g711-fax-events", &good, Severity::Note);
    for rule in super::RULES
        .iter()
        .filter(|rule| rule.id != "g711-fax-events")
    {
        silent(rule.id, &good);
    }
}

#[test]
fn tones() {
    let event = |script: Script| {
        let origin = script.call.caller;
        script.event(
            3.0,
            CALLEE,
            EventKind::RtpEvent(RtpEvent {
                frame: FrameNo(9),
                last_frame: FrameNo(9),
                at: at(3.0),
                end: at(3.0),
                src: origin,
                dst: origin,
                code: 34,
                nse: false,
            }),
        )
    };
    let found = event(fax()).findings("g711-fax-events");
    assert_eq!(found.len(), 2);
    assert!(
        found[1].seen.contains("ANSam (RFC 4733 event)"),
        "{}",
        found[1].seen
    );
    // 2100 Hz alone is no proof of a fax.
    silent("g711-fax-events", &event(Script::answered()));
}

#[test]
fn speech_codec() {
    let call = |name: &str, number: u8| {
        Script::new()
            .request(
                0.0,
                CALLER,
                "INVITE",
                Some(codec(CALLER, 8000, name, number)),
            )
            .reply(1.0, 200, "OK", Some(codec(CALLEE, 9000, name, number)))
            .ack(1.1)
            .fax(Verdict::Failed, FaxCarrier::G711)
    };
    let found = fires("g711-codec-lowrate", &call("G729", 18), Severity::Error);
    assert!(found.seen.contains("G729"), "{}", found.seen);
    fires("g711-codec-lowrate", &call("G726-32", 2), Severity::Warning);
    silent("g711-codec-lowrate", &call("PCMA", 8));
    // Upspeed: the sound itself is G.711.
    silent(
        "g711-codec-lowrate",
        &call("G729", 18).rtp(2.0, 40.0, CALLER),
    );
    let mut voice = call("G729", 18);
    voice.call.fax = None;
    silent("g711-codec-lowrate", &voice);
}

fn lossy(time: f64, lost: u32) -> Script {
    with(fax(), CALLER, |span| {
        span.stats.packets = 2900;
        span.stats.lost = lost;
        span.stats.gaps = vec![(FrameNo(70), at(time), lost)];
    })
}

#[test]
fn loss() {
    fires("g711-loss", &lossy(20.0, 30), Severity::Error);
    fires("g711-loss", &lossy(20.0, 3), Severity::Error);
    fires("g711-loss", &lossy(20.0, 1), Severity::Note);
    // An interruption is no loss.
    silent("g711-loss", &lossy(20.0, 1700));
    let mut delivered = lossy(20.0, 30);
    delivered.call.fax.as_mut().unwrap().verdict = Verdict::Ok;
    fires("g711-loss", &delivered, Severity::Warning);
    // After the DCN it does no harm, nor before the first modem signal.
    let over = lossy(40.0, 30).t30(35.0, CALLER, Fcf::Dcn, &[]);
    silent("g711-loss", &over);
    silent("g711-loss", &lossy(3.0, 30));
}

#[test]
fn jitter() {
    let shaken = |ms: f64, gap: f64| {
        with(fax(), CALLEE, |span| {
            span.stats.max_jitter_ms = ms;
            span.stats.max_gap_ms = gap;
        })
    };
    fires("g711-jitter", &shaken(45.0, 80.0), Severity::Warning);
    fires("g711-jitter", &shaken(5.0, 180.0), Severity::Warning);
    fires("g711-jitter", &shaken(25.0, 60.0), Severity::Note);
    silent("g711-jitter", &shaken(5.0, 40.0));
}

#[test]
fn codec_switch() {
    let changed = |time: f64| {
        let mut script = fax();
        script = script.rtp(time, 60.0, CALLER);
        if let EventKind::Rtp(span) = &mut script.call.events.last_mut().unwrap().kind {
            span.codec = "PCMA".to_owned();
        }
        script
    };
    fires("g711-codec-switch", &changed(20.0), Severity::Warning);
    fires("g711-codec-switch", &changed(5.0), Severity::Note);
    let apart = with(fax(), CALLEE, |span| span.codec = "PCMA".to_owned());
    fires("g711-codec-switch", &apart, Severity::Warning);

    let mut second = with(fax(), CALLER, |span| span.codec = "PCMA".to_owned());
    second = with(second, CALLEE, |span| span.codec = "PCMA".to_owned());
    second.call.number = crate::call::CallNo(2);
    let (first, view) = (fax(), crate::hint::PointOfView::default());
    let rule = crate::hint::rule("g711-codec-switch").unwrap();
    let told = |call, other| rule.check.findings(&Scene::new(call, Some(other), &view));
    assert!(
        told(&first.call, &second.call)[0]
            .seen
            .contains("transcoding")
    );
    assert!(told(&second.call, &first.call).is_empty());
}

#[test]
fn silence_suppression() {
    let pause = |frame: u32| {
        with(fax(), CALLER, |span| {
            span.stats.silence_gaps = vec![(FrameNo(frame), 700)];
        })
    };
    fires("g711-vad", &pause(90), Severity::Error);
    let mut delivered = pause(90);
    delivered.call.fax.as_mut().unwrap().verdict = Verdict::Ok;
    fires("g711-vad", &delivered, Severity::Warning);
    // Before the fax began.
    silent("g711-vad", &pause(2));
    let mut allowed = fax();
    let mut sdp = audio(CALLER, 8000);
    sdp.media[0].silence_suppression = Some(true);
    allowed.call.negotiations[0].offer = sdp;
    fires("g711-vad", &allowed, Severity::Note);
}

#[test]
fn clocks() {
    let drift = |script: Script, side: Side, ppm: f64| {
        with(script, side, |span| span.stats.drift_ppm = Some(ppm))
    };
    let found = fires(
        "g711-clock-slip",
        &drift(fax(), CALLER, 100.0),
        Severity::Warning,
    );
    assert!(found.seen.contains("every 200 s"), "{}", found.seen);
    // The capture's own clock drifts against both.
    silent(
        "g711-clock-slip",
        &drift(drift(fax(), CALLER, 100.0), CALLEE, 95.0),
    );
}

#[test]
fn one_way() {
    let half = |packets: u32| {
        let script = Script::answered()
            .rtp(1.2, 60.0, CALLER)
            .fax(Verdict::Failed, FaxCarrier::G711);
        with(script, CALLER, |span| span.stats.packets = packets)
    };
    fires("g711-one-way", &half(2900), Severity::Error);
    silent("g711-one-way", &half(20));
    silent(
        "g711-one-way",
        &with(fax(), CALLEE, |span| span.stats.packets = 10),
    );
}
