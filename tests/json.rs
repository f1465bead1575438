//! `--format json` and `ndjson` against docs/faxflow-1.schema.json, and records that can be joined.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

#[path = "support/shared.rs"]
mod shared;

shared::over_captures!(every_line_is_as_the_schema_says);

fn faxflow(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_faxflow"))
        .env("FAXFLOW_CONFIG", "")
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.code().is_some_and(|code| code < 4));
    String::from_utf8(output.stdout).unwrap()
}

fn lines(words: &[&str]) -> Vec<Value> {
    let text = faxflow(words);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faxflow-1.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The keywords of JSON Schema that ours uses. Keys that it does not name are an error here.
fn fault(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return fault(root, target, value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let faults: Option<Vec<String>> =
            any.iter().map(|one| fault(root, one, value, at)).collect();
        return faults.map(|faults| faults.join("; "));
    }
    let allows = |name: &str| match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(some) => some.iter().any(|one| one == name),
        _ => true,
    };
    let fits = match value {
        Value::Null => allows("null"),
        Value::Bool(_) => allows("boolean"),
        Value::Number(number) => allows("number") || number.is_u64() && allows("integer"),
        Value::String(_) => allows("string"),
        Value::Array(_) => allows("array"),
        Value::Object(_) => allows("object"),
    };
    if !fits {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return Some(format!("{at}: {value} is not {}", schema["const"]));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Some(format!("{at}: {value} is none of {words:?}"));
    }
    match value {
        Value::Array(all) => (all.iter().enumerate())
            .find_map(|(place, one)| fault(root, &schema["items"], one, &format!("{at}[{place}]"))),
        Value::Object(all) => object_fault(root, schema, all, at),
        _ => None,
    }
}

fn object_fault(
    root: &Value,
    schema: &Value,
    all: &Map<String, Value>,
    at: &str,
) -> Option<String> {
    let required = schema["required"].as_array().into_iter().flatten();
    let missing = required
        .filter_map(Value::as_str)
        .find(|key| !all.contains_key(*key));
    if let Some(key) = missing {
        return Some(format!("{at}: no {key}"));
    }
    all.iter().find_map(|(key, value)| {
        let at = format!("{at}.{key}");
        match schema["properties"].get(key) {
            Some(schema) => fault(root, schema, value, &at),
            None => Some(format!("{at}: no such key")),
        }
    })
}

fn assert_fits(schema: &Value, value: &Value, what: &str) {
    let fault = fault(schema, schema, value, "");
    assert!(fault.is_none(), "{what}: {}", fault.unwrap());
}

/// Captures of a folder, by name.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "pcap" || end == "pcapng")
        })
        .collect();
    all.sort();
    all
}

fn every_line_is_as_the_schema_says(folder: &Path) {
    let schema = schema();
    for capture in captures(folder) {
        let name = capture.to_str().unwrap();
        for command in ["calls", "flow"] {
            let lines = lines(&[command, name, "--format", "ndjson"]);
            assert!(!lines.is_empty() || command == "flow", "{name}");
            for line in &lines {
                assert_fits(&schema, line, name);
            }
            let keys = |line: &Value| -> Vec<String> {
                line.as_object().unwrap().keys().cloned().collect()
            };
            let calls: Vec<&Value> = lines.iter().filter(|line| line["type"] == "call").collect();
            for call in &calls {
                assert_eq!(keys(call), keys(calls[0]), "{name}");
                assert_eq!(call["from"]["user"], call["from_user"]);
                assert_eq!(call["capture_id"], lines[0]["capture_id"]);
            }
        }
    }
}

#[test]
fn documents_are_as_the_schema_says() {
    let schema = schema();
    let all = captures(&shared::own());
    let names: Vec<&str> = all.iter().map(|path| path.to_str().unwrap()).collect();
    for name in &names {
        for command in ["calls", "check", "flow"] {
            let document: Value =
                serde_json::from_str(&faxflow(&[command, name, "--format", "json"])).unwrap();
            assert_fits(&schema, &document, name);
        }
    }
    let several = faxflow(&[&["check", "--format", "json"], names.as_slice()].concat());
    let document: Value = serde_json::from_str(&several).unwrap();
    assert_fits(&schema, &document, "several captures");
    assert_eq!(document["captures"].as_array().unwrap().len(), names.len());
    // As of each alone, further in.
    let alone: Value =
        serde_json::from_str(&faxflow(&["check", "--format", "json", names[0]])).unwrap();
    assert_eq!(document["captures"][0]["calls"], alone["calls"]);
}

/// The uids of the calls of a capture, and those of their other legs.
fn uids(capture: &str) -> Vec<(String, Option<String>)> {
    let calls = lines(&["calls", capture, "--format", "ndjson"]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut uids: Vec<_> = calls
        .iter()
        .filter(|line| line["type"] == "call")
        .map(|call| {
            (
                text(&call["call_uid"]).unwrap(),
                text(&call["other_leg_uid"]),
            )
        })
        .collect();
    uids.sort();
    uids
}

#[test]
fn a_call_has_one_uid_wherever_it_is() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap");
    let octets = std::fs::read(&demo).unwrap();
    let uids_of_demo = uids(demo.to_str().unwrap());
    assert!(uids_of_demo.len() > 1);
    let mut once = uids_of_demo.clone();
    once.dedup();
    assert_eq!(once, uids_of_demo, "no two calls share one");
    let legs = || uids_of_demo.iter().filter_map(|(_, other)| other.as_ref());
    assert!(legs().count() > 1);
    assert!(legs().all(|other| uids_of_demo.iter().any(|(uid, _)| uid == other)));
    // With another file before it frames and numbers are others.
    let folder = tempfile::tempdir().unwrap();
    let merged = folder.path().join("merged.pcap");
    let other = std::fs::read(&captures(&shared::own())[0]).unwrap();
    std::fs::write(&merged, [octets.as_slice(), &other[24..]].concat()).unwrap();
    let in_merged = uids(merged.to_str().unwrap());
    assert!(uids_of_demo.iter().all(|one| in_merged.contains(one)));
}

#[test]
fn a_capture_has_one_id_whatever_it_is_called_and_packed_in() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.pcap.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &std::fs::read(&demo).unwrap()).unwrap();
    std::fs::write(&copy, packed.finish().unwrap()).unwrap();
    let id = |path: &Path| {
        let lines = lines(&["calls", path.to_str().unwrap(), "--format", "ndjson"]);
        assert_eq!(lines[0]["type"], "capture");
        assert_eq!(lines[0]["file"], path.to_str().unwrap());
        lines[0]["capture_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(id(&demo), id(&copy));
    assert_ne!(id(&demo), id(&captures(&shared::own())[0]));
}

#[test]
fn output_does_not_depend_on_the_threads() {
    let all = captures(&shared::own());
    let names: Vec<&str> = all.iter().map(|path| path.to_str().unwrap()).collect();
    for format in ["text", "json", "ndjson", "html"] {
        let check = |threads: &str| {
            let options = ["check", "--format", format, "--threads", threads];
            faxflow(&[&options, names.as_slice()].concat())
        };
        let alone = check("1");
        assert!(check("2") == alone && check("7") == alone, "{format}");
    }
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap");
    for command in ["calls", "flow", "check"] {
        let run = |threads: &str| {
            let demo = demo.to_str().unwrap();
            faxflow(&[command, demo, "--format", "ndjson", "--threads", threads])
        };
        assert_eq!(run("1"), run("3"), "{command}");
    }
}
