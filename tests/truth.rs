//! The whole pipeline against the truth files of the synthetic captures: what spandsp's two ends said.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::fmt::Write as _;
use std::path::Path;

use faxflow::api::analysis::reading::Analysis;
use faxflow::api::analysis::{Analysed, Options};
use faxflow::api::call::{Call, EventKind, Side};
use faxflow::api::line::{Fcs, Modem};
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

shared::over_captures!(
    t38_frames_are_those_that_the_capture_holds,
    faxes_agree_with_the_ends,
    legs_of_one_fax_find_each_other
);

/// Reads a capture and analyses all its calls.
fn analyse(path: &Path) -> Vec<Analysed> {
    let mut analysis = Analysis::open(Options {
        file: path.to_owned(),
        ..Options::default()
    })
    .unwrap();
    analysis.read_all(|_| {}).unwrap();
    let numbers: Vec<_> = analysis.numbers().collect();
    analysis.analyse_all(&numbers, false).unwrap()
}

/// The control frames of a side, whole ones, as hex.
fn control_frames(call: &Call, side: Side) -> Vec<String> {
    call.events
        .iter()
        .filter(|event| event.from == side)
        .filter_map(|event| match &event.kind {
            EventKind::T30(frame)
                if frame.fcs == Fcs::Good && !frame.damaged && frame.modem == Modem::V21 =>
            {
                Some(hex(&frame.octets))
            }
            _ => None,
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}

/// What the truth file says can be seen of a link: control frames, whole ones.
fn seen_frames(link: &Value) -> Vec<String> {
    let whole = |frame: &&Value| {
        frame["fcs"] == "ok"
            && frame["damaged"] == false
            && !["FCD", "RCP"].contains(&frame["name"].as_str().unwrap())
    };
    link["seen_frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(whole)
        .filter(|frame| frame["len"].as_u64().unwrap() >= 3)
        .map(|frame| frame["hex"].as_str().unwrap().to_owned())
        .collect()
}

/// The call of a link: by Call-ID, or, where the capture has no SIP, the only one.
fn call_of<'c>(calls: &'c [Analysed], fax: &Value, leg: usize) -> Option<&'c Call> {
    let call_id = fax["calls"][leg].as_str()?;
    let named = calls
        .iter()
        .find(|one| one.call.call_id.as_deref() == Some(call_id));
    let only = || calls.iter().find(|one| one.call.call_id.is_none());
    named.or_else(only).map(|one| &*one.call)
}

fn t38_frames_are_those_that_the_capture_holds(directory: &Path) {
    let mut wrong = String::new();
    let mut links = 0;
    for (truth, path) in shared::truths(directory) {
        let recording = &truth["params"]["recording"];
        if recording["from"] != 0.0 || recording["to"] != 0.0 || truth["params"]["snaplen"] != 0 {
            continue;
        }
        let calls = analyse(&path);
        for fax in truth["faxes"].as_array().unwrap() {
            for link in fax["links"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|link| link["type"] == "udptl")
            {
                let leg = usize::try_from(link["leg"].as_u64().unwrap()).unwrap();
                let (side, bit) = if link["dir"] == "caller to callee" {
                    (Side::Caller, 1)
                } else {
                    (Side::Callee, 2)
                };
                let only = recording["only"].as_u64().unwrap();
                if only != 0 && only != bit {
                    continue;
                }
                links += 1;
                let found = call_of(&calls, fax, leg)
                    .map(|call| control_frames(call, side))
                    .unwrap_or_default();
                let expected = seen_frames(link);
                let same = found.len() == expected.len()
                    && found.iter().zip(&expected).all(|(found, expected)| {
                        // The truth cuts long frames to 40 octets.
                        if expected.len() == 80 {
                            found.starts_with(expected.as_str())
                        } else {
                            found == expected
                        }
                    });
                if !same {
                    let _ = writeln!(
                        wrong,
                        "{} leg {leg} {side}:\n  found    {found:?}\n  expected {expected:?}",
                        truth["name"]
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(links > 0);
}

/// Fields of the fax that must agree with what the ends report: by the end that sends pages.
fn faxes_agree_with_the_ends(directory: &Path) {
    let mut wrong = String::new();
    let mut faxes = 0;
    for (truth, path) in shared::truths(directory) {
        let calls = analyse(&path);
        for fax in truth["faxes"].as_array().unwrap() {
            faxes += 1;
            let name = truth["name"].as_str().unwrap();
            let Some(call) = call_of(&calls, fax, 0) else {
                let _ = writeln!(wrong, "{name}: no call");
                continue;
            };
            let Some(found) = &call.fax else {
                let _ = writeln!(wrong, "{name}: no fax");
                continue;
            };
            compare(&truth, fax, call, found, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(faxes > 0);
}

fn compare(
    truth: &Value,
    fax: &Value,
    call: &Call,
    found: &faxflow::api::call::Fax,
    wrong: &mut String,
) {
    let name = truth["name"].as_str().unwrap();
    let expect = truth["expect"].as_str().unwrap();
    let delivered = truth["cause"].is_null();
    let verdict = found.verdict.name();
    let good = match (expect, delivered) {
        ("unknown", _) => verdict == "incomplete",
        (_, true) => verdict == "ok",
        (_, false) => matches!(verdict, "failed" | "partial"),
    };
    if !good {
        let _ = writeln!(
            wrong,
            "{name}: verdict {verdict} ({expect}): {}",
            found.summary
        );
    }
    let cut = truth["params"]["snaplen"] != 0 || expect == "unknown";
    if !delivered || cut {
        return;
    }
    let sender = usize::from(fax["ends"][0]["pages_tx"] == 0);
    let end = &fax["ends"][sender];
    let mut differs = |what: &str, found: String, expected: String| {
        if found != expected {
            let _ = writeln!(wrong, "{name}: {what} {found}, expected {expected}");
        }
    };
    differs(
        "pages",
        found.pages_confirmed.to_string(),
        end["pages_tx"].to_string(),
    );
    differs(
        "rate",
        found.bit_rate.unwrap_or(0).to_string(),
        end["bit_rate"].to_string(),
    );
    differs(
        "ecm",
        format!("{:?}", found.ecm),
        format!("Some({})", end["ecm"]),
    );
    differs(
        "compression",
        found.compression.unwrap_or("-").to_owned(),
        end["encoding"].as_str().unwrap().to_owned(),
    );
    let fine = end["y_res_per_m"] == 7700;
    differs(
        "resolution",
        found.resolution.unwrap_or("-").to_owned(),
        (if fine { "204x196" } else { "204x98" }).to_owned(),
    );
    // Idents count where the message that carries them is in the capture, whole.
    let seen = |name: &str| {
        fax["links"].as_array().unwrap().iter().any(|link| {
            link["seen_frames"].as_array().is_some_and(|frames| {
                frames.iter().any(|frame| {
                    frame["name"] == name && frame["fcs"] == "ok" && frame["damaged"] == false
                })
            })
        })
    };
    let ident = |value: &Value| value.as_str().unwrap().to_owned();
    if seen("TSI") {
        differs(
            "sender id",
            found.sender_id.clone().unwrap_or_default(),
            ident(&end["tx_ident"]),
        );
    }
    if seen("CSI") {
        let receiver = &fax["ends"][1 - sender];
        differs(
            "receiver id",
            found.receiver_id.clone().unwrap_or_default(),
            ident(&receiver["tx_ident"]),
        );
    }
    let _ = call;
}

fn legs_of_one_fax_find_each_other(directory: &Path) {
    let mut wrong = String::new();
    for (truth, path) in shared::truths(directory) {
        let calls = analyse(&path);
        let expected = truth["calls"].as_array().unwrap();
        // Two calls that follow each other by seconds are two faxes; two legs begin within one.
        for (at, one) in expected.iter().enumerate() {
            let Some(call) = calls
                .iter()
                .find(|found| found.call.call_id.as_deref() == one["call_id"].as_str())
            else {
                if truth["params"]["recording"]["no_sip"] == false
                    && truth["params"]["snaplen"] == 0
                {
                    let _ = writeln!(wrong, "{}: call {at} is not listed", truth["name"]);
                }
                continue;
            };
            let legs = truth["params"]["legs"].as_u64().unwrap();
            let partner = (legs == 2 && at < 2).then(|| &expected[1 - at]["call_id"]);
            let found = call
                .call
                .other_leg
                .and_then(|other| calls.iter().find(|one| one.call.number == other));
            let found = found.and_then(|one| one.call.call_id.clone());
            if found.as_deref() != partner.and_then(|id| id.as_str()) {
                let _ = writeln!(
                    wrong,
                    "{}: call {at}: other leg {found:?}, expected {partner:?}",
                    truth["name"]
                );
            }
        }
        let no_sip = truth["params"]["recording"]["no_sip"] == true;
        if calls.len() != expected.len() && !no_sip {
            let _ = writeln!(
                wrong,
                "{}: {} calls, expected {}",
                truth["name"],
                calls.len(),
                expected.len()
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
