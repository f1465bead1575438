use serde_json::Value;

use super::*;
use crate::analysis::reading::Analysis;
use crate::view::fixture;

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn flows() -> Vec<AnalysedFlow> {
    vec![fixture::good(), fixture::no_dcs(), fixture::refused()]
}

fn of_flow(flow: &AnalysedFlow, format: Format) -> String {
    text(|out| super::flow(out, &fixture::info(), [flow], format, &Options::default()))
}

#[test]
fn flow_as_text() {
    insta::assert_snapshot!(of_flow(&fixture::no_dcs(), Format::Text));
}

#[test]
fn flow_as_markdown() {
    insta::assert_snapshot!(of_flow(&fixture::no_dcs(), Format::Markdown));
}

#[test]
fn hostile_text_stays_text() {
    for format in [
        Format::Text,
        Format::Markdown,
        Format::Json,
        Format::Ndjson,
        Format::Html,
    ] {
        let out = of_flow(&fixture::refused(), format);
        assert!(!out.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{out}");
    }
    let out = of_flow(&fixture::refused(), Format::Markdown);
    let before_code = out.split("## Flow").next().unwrap();
    assert!(!before_code.contains("<b>"), "{before_code}");
}

#[test]
fn check_as_text() {
    let out = text(|out| {
        check(
            out,
            &fixture::info(),
            flows(),
            Format::Text,
            &Options::default(),
        )
    });
    insta::assert_snapshot!(out);
    let nothing: [AnalysedFlow; 0] = [];
    let out = text(|out| {
        check(
            out,
            &fixture::info(),
            nothing,
            Format::Text,
            &Options::default(),
        )
    });
    // What is noted of the capture may be the reason.
    let wanted = "fax.pcap: no fax found\n    Note: the capture ends in the middle of a frame";
    assert!(out.starts_with(wanted), "{out}");
}

fn calls_in(format: Format) -> String {
    let flows = flows();
    let rows = fixture::rows();
    let analysed = flows.iter().flat_map(fixture::analysed);
    text(|out| {
        calls(
            out,
            &fixture::info(),
            &rows,
            analysed,
            format,
            &Options::default(),
        )
    })
}

#[test]
fn calls_as_text_and_table() {
    insta::assert_snapshot!(calls_in(Format::Text));
    insta::assert_snapshot!(calls_in(Format::Markdown));
}

#[test]
fn calls_as_json() {
    let document: Value = serde_json::from_str(&calls_in(Format::Json)).unwrap();
    assert_eq!(document["schema"], SCHEMA);
    assert_eq!(document["calls"].as_array().unwrap().len(), 4);
    assert!(document["calls"][0].get("messages").is_none());
    let lines = calls_in(Format::Ndjson);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "capture");
    assert_eq!(lines[0]["capture"], document["capture"]);
    let calls = document["calls"].as_array().unwrap();
    assert_eq!(lines.len(), calls.len() + 1);
    for (call, line) in calls.iter().zip(&lines[1..]) {
        // The line has all of it, and more beside it.
        let in_line = |(key, value): (&String, &Value)| line.get(key) == Some(value);
        assert!(call.as_object().unwrap().iter().all(in_line));
        assert_eq!(
            (&line["type"], &line["messages"]),
            (&"call".into(), &Value::Null)
        );
        assert_eq!(line["to_user"], call["to"]["user"]);
    }
}

/// The fast path of the list against the plain way, over all captures of the repository.
#[test]
fn a_listed_call_is_as_a_loaded_one() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("tests/captures")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "pcap"));
    let mut listed = 0;
    for file in files.chain([root.join("assets/demo.pcap")]) {
        let mut analysis = Analysis::open(crate::analysis::Options {
            file: file.clone(),
            ..crate::analysis::Options::default()
        })
        .unwrap();
        analysis.read_all(|_| {}).unwrap();
        for number in analysis.numbers().collect::<Vec<_>>() {
            let Some(call) = analysis.outline(number).unwrap() else {
                continue;
            };
            listed += 1;
            let record = |call: &crate::call::Call| -> Value {
                let line = json::record(analysis.info(), call);
                serde_json::from_str(&line).unwrap()
            };
            let loaded = analysis.analyse(number).unwrap().unwrap();
            let (listed, loaded) = (record(&call), record(&loaded.call));
            for key in loaded.as_object().unwrap().keys() {
                // What a fax is, and how a call ended, is told of those that are loaded; the role of the host
                // between two legs, of both together.
                let of_fax = ["fax", "cause", "fault_side", "packets"].contains(&key.as_str());
                let of_fax = of_fax || key == "path" && !loaded["other_leg"].is_null();
                assert!(
                    of_fax || listed[key] == loaded[key],
                    "{} {number:?} {key}",
                    file.display()
                );
            }
        }
    }
    assert!(listed > 20, "{listed}");
}

/// The keys of the contract, in its order.
#[test]
fn has_every_field_of_the_contract() {
    let document = of_flow(&fixture::no_dcs(), Format::Json);
    let keys = |of: &Value| -> Vec<String> { of.as_object().unwrap().keys().cloned().collect() };
    let sorted = |text: &str| {
        let mut keys: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        keys.sort();
        keys
    };
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(keys(&document), sorted("schema capture calls"));
    assert_eq!(
        keys(&document["capture"]),
        sorted("capture_id file format link_types packets bytes first_time last_time notes")
    );
    assert_eq!(
        keys(&document["capture"]["notes"][0]),
        sorted("frame offset text")
    );
    let call = &document["calls"][0];
    assert_eq!(
        keys(call),
        sorted(
            "number call_uid call_id from to caller callee caller_agent callee_agent started answered ended duration_s \
             state status packets other_leg other_leg_uid cause fault_side path hops fax log hints messages"
        )
    );
    assert_eq!(keys(&call["from"]), sorted("user host display"));
    assert_eq!(keys(&call["packets"]), sorted("sip rtp t38"));
    assert_eq!(
        keys(&call["fax"]),
        sorted(
            "carrier sender verdict reached pages_sent pages_confirmed sender_id receiver_id modem bit_rate ecm \
             compression resolution cause fault_side summary pages"
        )
    );
    let good: Value = serde_json::from_str(&of_flow(&fixture::good(), Format::Json)).unwrap();
    assert_eq!(
        keys(&good["calls"][0]["fax"]["pages"][0]),
        sorted(
            "number width rows bad_rows longest_bad_run compression attempts confirmed blank resolution bytes \
             duration_s black header"
        )
    );
    assert_eq!(
        keys(&call["hints"][0]),
        sorted("hop rule severity side frames text advice reference")
    );
    for message in call["messages"].as_array().unwrap() {
        assert_eq!(
            keys(message),
            sorted(
                "frame last_frame time offset_s duration_s call hop src dst from layer name hex fcs_ok retransmission \
                 observed page block bytes fields second_opinion hints"
            )
        );
    }
}

#[test]
fn messages_say_what_they_are() {
    let document: Value = serde_json::from_str(&of_flow(&fixture::good(), Format::Json)).unwrap();
    let messages = document["calls"][0]["messages"].as_array().unwrap();
    let of = |name: &str| {
        messages
            .iter()
            .find(|message| message["name"] == name)
            .unwrap()
    };
    let dis = of("DIS");
    assert_eq!(dis["layer"], "t30");
    assert_eq!(dis["hex"], "ffc80100760120");
    assert_eq!(dis["fcs_ok"], true);
    assert_eq!(dis["from"], "callee");
    assert_eq!(dis["time"], "2023-11-14T22:13:25.360000Z");
    assert_eq!(dis["offset_s"], 5.31);
    let page = of("page data");
    assert_eq!(
        (&page["page"], &page["block"], &page["bytes"]),
        (&1.into(), &0.into(), &8704.into())
    );
    assert_eq!(page["hex"], Value::Null);
    assert_eq!(of("CED")["layer"], "t38");
    assert_eq!(of("v21-preamble")["layer"], "t38");
    assert_eq!(of("PPS-EOP")["hex"], "ffc8fdf4000084");
    let switch = messages
        .iter()
        .find(|message| message["hints"] == serde_json::json!(["t38-accepted"]))
        .unwrap();
    assert_eq!(switch["name"], "200 OK");
}

#[test]
fn what_never_came_is_not_observed() {
    let document: Value = serde_json::from_str(&of_flow(&fixture::no_dcs(), Format::Json)).unwrap();
    let messages = document["calls"][0]["messages"].as_array().unwrap();
    let missing = messages
        .iter()
        .find(|message| message["observed"] == false)
        .unwrap();
    assert_eq!(
        (&missing["name"], &missing["layer"]),
        (&"DCS".into(), &"t30".into())
    );
    assert_eq!(missing["from"], "caller");
}

#[test]
fn rules_one_or_all() {
    let catalogue = || {
        crate::hint::rules().filter(|rule| ["t30-dis-no-dcs", "t38-accepted"].contains(&rule.id))
    };
    let out = text(|out| rules(out, catalogue(), None, 80).map(|found| assert!(found)));
    insta::assert_snapshot!(out);
    let out =
        text(|out| rules(out, catalogue(), Some("t30-dis-no-dcs"), 80).map(|found| assert!(found)));
    insta::assert_snapshot!(out);
    let out = text(|out| rules(out, catalogue(), Some("none"), 80).map(|found| assert!(!found)));
    assert_eq!(out, "");
}

#[test]
fn an_error_of_the_writer_is_handed_up() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [
        Format::Text,
        Format::Markdown,
        Format::Json,
        Format::Ndjson,
        Format::Html,
    ] {
        let error = flow(
            &mut Full,
            &fixture::info(),
            flows(),
            format,
            &Options::default(),
        )
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format:?}");
    }
}
