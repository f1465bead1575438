use crate::call::{CallState, FaxCarrier, Verdict};
use crate::hint::Severity;
use crate::hint::fixture::{CALLEE, CALLER, Script, audio, host, ids, image};
use crate::hint::sip::{q850_text, reason_cause};
use crate::t30::Fcf;

fn invite() -> Script {
    Script::new()
        .request(0.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
        .reply(0.01, 100, "Trying", None)
}

fn refused(status: u16, reason: &str) -> Script {
    let mut script = invite().reply(0.5, status, reason, None).ack(0.6);
    script.call.state = CallState::Rejected;
    script
}

fn refusals(script: &Script) -> Vec<&'static str> {
    ids(&script.hints())
        .into_iter()
        .filter(|id| id.starts_with("sip-invite") || *id == "sip-no-answer")
        .collect()
}

fn good_fax() -> Script {
    Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .t30(7.0, CALLER, Fcf::Dcs, &[])
        .t30(9.0, CALLEE, Fcf::Mcf, &[])
        .t30(10.0, CALLER, Fcf::Dcn, &[])
        .bye(12.0, CALLER)
        .fax(Verdict::Ok, FaxCarrier::T38)
}

#[test]
fn each_refusal_has_one_rule() {
    for (status, reason, rule) in [
        (404, "Not Found", "sip-invite-not-found"),
        (484, "Address Incomplete", "sip-invite-not-found"),
        (403, "Forbidden", "sip-invite-forbidden"),
        (603, "Decline", "sip-invite-forbidden"),
        (486, "Busy Here", "sip-invite-busy"),
        (480, "Temporarily Unavailable", "sip-invite-unavailable"),
        (488, "Not Acceptable Here", "sip-invite-media-rejected"),
        (503, "Service Unavailable", "sip-invite-server-error"),
        (483, "Too Many Hops", "sip-invite-server-error"),
        (405, "Method Not Allowed", "sip-invite-rejected"),
        (302, "Moved Temporarily", "sip-invite-rejected"),
    ] {
        assert_eq!(refusals(&refused(status, reason)), [rule], "{status}");
    }
    assert!(refusals(&good_fax()).is_empty());
}

#[test]
fn a_cause_of_the_network_behind_refines_the_status() {
    let busy = invite()
        .reply(0.5, 503, "Service Unavailable", None)
        .header("Reason", "Q.850;cause=17;text=\"User busy\"");
    assert_eq!(refusals(&busy), ["sip-invite-busy"]);
    let circuit = invite()
        .reply(0.5, 503, "Service Unavailable", None)
        .header("Reason", "Q.850;cause=34");
    assert_eq!(refusals(&circuit), ["sip-invite-unavailable"]);
    let media = invite()
        .reply(0.5, 400, "Bad Request", None)
        .header("Warning", "305 example \"Incompatible media format\"");
    assert_eq!(refusals(&media), ["sip-invite-media-rejected"]);
}

#[test]
fn a_refusal_names_the_answering_server_and_its_side() {
    let mut script = refused(404, "Not Found");
    script.call.agent.callee = Some("Kamailio".to_owned());
    let found = script.findings("sip-invite-not-found");
    assert_eq!(
        found[0].seen,
        "404 – 5550002 unknown at Kamailio; check DID assignment"
    );
    assert!(
        found[0]
            .more
            .as_ref()
            .unwrap()
            .contains("the callee's side (203.0.113.20)")
    );
    // The response decides, the INVITE is cited after it.
    assert_eq!(found[0].frames[0].0, 3);
    assert_eq!(found[0].frames[1].0, 1);
}

#[test]
fn with_a_pbx_the_hint_says_whose_side() {
    let script = refused(404, "Not Found");
    let view = crate::hint::PointOfView {
        pbx: vec![host(20)],
        ..crate::hint::PointOfView::default()
    };
    let hints = script.seen_by(&view);
    let hint = hints
        .iter()
        .find(|hint| hint.rule.id == "sip-invite-not-found")
        .unwrap();
    assert!(
        hint.finding
            .more
            .as_ref()
            .unwrap()
            .contains("your PBX (203.0.113.20)")
    );
}

#[test]
fn a_call_that_rang_is_not_refused_but_unanswered() {
    let mut rang = invite()
        .reply(1.0, 180, "Ringing", None)
        .reply(40.0, 480, "No Answer", None);
    rang.call.state = CallState::Unanswered;
    assert_eq!(refusals(&rang), ["sip-no-answer"]);
    assert_eq!(
        rang.findings("sip-no-answer")[0].seen,
        "Rang 39 s, never answered – fax off or wrong device"
    );
    let cancelled = invite()
        .reply(1.0, 180, "Ringing", None)
        .request(4.0, CALLER, "CANCEL", None)
        .reply_to(0, 4.1, 487, "Request Terminated", None);
    assert_eq!(refusals(&cancelled), ["sip-no-answer"]);
    assert!(
        cancelled.findings("sip-no-answer")[0]
            .seen
            .ends_with("caller gave up")
    );
}

#[test]
fn silence_after_four_invites() {
    let silent = |sends: &[f64]| {
        let mut script = Script::new().request(0.0, CALLER, "INVITE", None);
        for at in sends {
            script = script.again(*at);
        }
        script.capture_until(12.0)
    };
    let found = silent(&[0.5, 1.5, 3.5]).findings("sip-invite-no-response");
    assert!(
        found[0]
            .seen
            .starts_with("INVITE sent 4x, no answer at all – 203.0.113.20:5060")
    );
    assert!(silent(&[0.5]).findings("sip-invite-no-response").is_empty());
    assert!(
        invite()
            .capture_until(60.0)
            .findings("sip-invite-no-response")
            .is_empty()
    );
}

#[test]
fn credentials_refused_twice() {
    let challenge = "Digest realm=\"fax\", nonce=\"1\"";
    let with = |stale: &str| {
        Script::new()
            .request(0.0, CALLER, "INVITE", None)
            .reply(0.1, 401, "Unauthorized", None)
            .header("WWW-Authenticate", challenge)
            .request(0.2, CALLER, "INVITE", None)
            .header(
                "Authorization",
                "Digest username=\"u\", realm=\"fax\", nonce=\"1\"",
            )
            .reply(0.3, 401, "Unauthorized", None)
            .header("WWW-Authenticate", &format!("{challenge}{stale}"))
            .capture_until(10.0)
    };
    assert_eq!(with("").findings("sip-auth-loop").len(), 1);
    let found = with(", stale=true").findings("sip-auth-loop");
    assert!(found.is_empty() || found[0].seen.contains("no INVITE with credentials"));
    assert!(good_fax().findings("sip-auth-loop").is_empty());
}

#[test]
fn a_200_without_ack() {
    let script = Script::new()
        .request(0.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
        .reply(1.0, 200, "OK", Some(audio(CALLEE, 9000)))
        .reply(1.5, 200, "OK", None)
        .reply(2.5, 200, "OK", None);
    assert_eq!(
        script.findings("sip-ack-missing")[0].seen,
        "200 OK repeated 3x, no ACK – call will drop after 32 s"
    );
    assert!(script.ack(3.0).findings("sip-ack-missing").is_empty());
}

#[test]
fn an_early_bye_counts_only_for_a_fax() {
    let early = |seconds: f64| Script::switched().bye(seconds, CALLEE);
    assert_eq!(early(5.0).findings("sip-early-bye").len(), 1);
    assert!(early(40.0).findings("sip-early-bye").is_empty());
    // Of the called side it is early until T1 has run out; a caller who waited that long waited in vain.
    assert_eq!(early(25.0).findings("sip-early-bye").len(), 1);
    let waited = Script::switched().bye(25.0, CALLER);
    assert!(waited.findings("sip-early-bye").is_empty());
    let voice = Script::answered().bye(5.0, CALLEE);
    assert!(voice.findings("sip-early-bye").is_empty());
    let began = Script::switched()
        .t30(4.0, CALLEE, Fcf::Dis, &[])
        .bye(5.0, CALLEE);
    assert!(began.findings("sip-early-bye").is_empty());
}

#[test]
fn a_missing_bye_needs_a_capture_that_goes_on() {
    let open = Script::switched().t30(9.0, CALLER, Fcf::Dcn, &[]);
    assert!(open.findings("sip-bye-missing").is_empty());
    let stuck = open.capture_until(60.0);
    assert_eq!(stuck.findings("sip-bye-missing").len(), 1);
    assert!(
        stuck
            .bye(61.0, CALLER)
            .capture_until(200.0)
            .findings("sip-bye-missing")
            .is_empty()
    );
}

#[test]
fn a_bye_in_vain() {
    let vain = Script::answered()
        .request(20.0, CALLER, "BYE", None)
        .again(20.5)
        .again(21.5)
        .capture_until(30.0);
    let found = vain.findings("sip-bye-unanswered");
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].seen.starts_with("BYE 3x without 200 OK"));
    let gone = Script::answered().request(20.0, CALLER, "BYE", None).reply(
        20.1,
        481,
        "Call/Transaction Does Not Exist",
        None,
    );
    assert_eq!(
        gone.findings("sip-bye-unanswered")[0].severity,
        Severity::Warning
    );
    assert!(good_fax().findings("sip-bye-unanswered").is_empty());
}

#[test]
fn the_cause_in_a_bye_is_named() {
    let script = Script::switched()
        .request(20.0, CALLEE, "BYE", None)
        .header("Reason", "Q.850;cause=58;text=\"x\"")
        .fax(Verdict::Failed, FaxCarrier::T38);
    let found = script.findings("sip-bye-q850");
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(
        found[0].seen,
        "Callee ended the call: cause 58 – bearer capability not available"
    );
    let normal = Script::answered()
        .request(20.0, CALLER, "BYE", None)
        .header("Reason", "Q.850;cause=16");
    assert_eq!(normal.findings("sip-bye-q850")[0].severity, Severity::Note);
    assert!(good_fax().findings("sip-bye-q850").is_empty());
    assert_eq!(
        reason_cause("SIP;cause=200, Q.850 ; cause=\"16\" ").collect::<Vec<_>>(),
        [("SIP", 200), ("Q.850", 16)]
    );
    assert_eq!(q850_text(200), "see Q.850");
}

#[test]
fn a_proper_teardown_is_said() {
    assert_eq!(good_fax().findings("sip-teardown-ok").len(), 1);
    let voice = Script::answered().bye(20.0, CALLER);
    assert!(voice.findings("sip-teardown-ok").is_empty());
    // After the MCF of MPS another page was to come.
    let mut cut = Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .page(10.0, CALLER, 1)
        .t30(15.0, CALLER, Fcf::Mps, &[])
        .t30(17.0, CALLEE, Fcf::Mcf, &[])
        .bye(20.0, CALLER)
        .fax(Verdict::Partial, FaxCarrier::T38);
    let id = cut.call.events[0].id;
    cut.call.fax.as_mut().unwrap().pages = vec![crate::call::Page {
        number: 1,
        data: Vec::new(),
        command: Some((
            crate::t30::PostMessage {
                fcf: Fcf::Mps,
                then: None,
            },
            id,
        )),
        answer: Some((Fcf::Mcf, id)),
        confirmed: true,
        attempts: 1,
        given_up: 0,
    }];
    assert!(cut.findings("sip-teardown-ok").is_empty());
}

/// A T.38 fax that runs, with a refresh at 50 s.
fn refreshed(answer: crate::sip::Sdp) -> Script {
    Script::switched()
        .t30(5.0, CALLEE, Fcf::Dis, &[])
        .page(20.0, CALLER, 1)
        .request(50.0, CALLER, "INVITE", Some(image(CALLER, 4000)))
        .header("Session-Expires", "90;refresher=uac")
        .reply(50.1, 200, "OK", Some(answer))
        .header("Session-Expires", "90;refresher=uac")
        .ack(50.2)
}

#[test]
fn a_refresh_in_the_fax_is_a_warning_and_an_error_if_it_breaks_it() {
    let harmless = refreshed(image(CALLEE, 4002))
        .udptl(100, 4.0, 60.0)
        .bye(70.0, CALLER)
        .fax(Verdict::Ok, FaxCarrier::T38);
    assert_eq!(
        harmless.findings("sip-session-refresh")[0].severity,
        Severity::Warning
    );
    assert!(harmless.findings("t38-reinvite-by-sender").is_empty());

    let mut closed = image(CALLEE, 4002);
    closed.media[0].port = 0;
    let broken = refreshed(closed)
        .udptl(100, 4.0, 50.0)
        .bye(59.0, CALLEE)
        .fax(Verdict::Failed, FaxCarrier::T38);
    let found = broken.findings("sip-session-refresh");
    assert_eq!(found[0].severity, Severity::Error);
    assert!(found[0].seen.ends_with("it broke the T.38 media"));
    assert!(good_fax().findings("sip-session-refresh").is_empty());
}

#[test]
fn a_session_that_runs_out_cuts_the_fax() {
    let cut = |at: f64| {
        Script::new()
            .request(0.0, CALLER, "INVITE", Some(audio(CALLER, 8000)))
            .reply(1.0, 200, "OK", Some(audio(CALLEE, 9000)))
            .header("Session-Expires", "90;refresher=uas")
            .ack(1.1)
            .bye(at, CALLER)
            .fax(Verdict::Failed, FaxCarrier::G711)
    };
    assert_eq!(
        cut(91.0).findings("sip-session-expired")[0].severity,
        Severity::Error
    );
    assert!(cut(30.0).findings("sip-session-expired").is_empty());
    assert_eq!(
        cut(301.2).findings("sip-session-expired")[0].severity,
        Severity::Warning
    );
    assert!(good_fax().findings("sip-session-expired").is_empty());
}

#[test]
fn few_retransmissions_are_nothing() {
    let script = Script::answered()
        .request(20.0, CALLER, "BYE", None)
        .again(20.5)
        .again(21.5);
    // One or two happen on good networks too: they tell nothing of a fax.
    assert!(script.findings("sip-retransmissions").is_empty());
    let many = script.again(23.5);
    assert_eq!(
        many.findings("sip-retransmissions")[0].severity,
        Severity::Warning
    );
    // The more specific rule says it.
    let hints = many.capture_until(40.0).hints();
    assert!(!ids(&hints).contains(&"sip-retransmissions"));
    assert!(ids(&hints).contains(&"sip-bye-unanswered"));
}

#[test]
fn a_private_contact_behind_a_public_source() {
    let script = |contact: &str| {
        Script::new()
            .request(0.0, CALLER, "INVITE", None)
            .header("Contact", contact)
    };
    let found = script("<sip:fax@192.168.1.5:5060;transport=udp>").findings("sip-private-contact");
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].seen.starts_with("Contact 192.168.1.5 is private"));
    assert!(
        script("<sip:fax@203.0.113.10>")
            .findings("sip-private-contact")
            .is_empty()
    );
    assert!(script("*").findings("sip-private-contact").is_empty());
    assert_eq!(
        script("sip:[fd00::1]:5060")
            .findings("sip-private-contact")
            .len(),
        1
    );
}

#[test]
fn a_fax_tag_is_named() {
    let script = Script::new()
        .request(0.0, CALLER, "INVITE", None)
        .header("Contact", "<sip:a@b>;+sip.fax=\"t38\"");
    assert_eq!(
        script.findings("sip-fax-tag")[0].seen,
        "Caller announces fax capability: t38"
    );
    assert!(good_fax().findings("sip-fax-tag").is_empty());
}

#[test]
fn media_without_invite_though_sip_is_captured() {
    let mut script = Script::new().t30(1.0, CALLEE, Fcf::Dis, &[]);
    script.call.call_id = None;
    assert!(script.findings("sip-no-invite").is_empty());
    script.call.capture.other_sip = Some((crate::capture::FrameNo(1), 30.0));
    assert_eq!(script.findings("sip-no-invite").len(), 1);
}
