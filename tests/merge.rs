//! Several captures read as one: pieces of one capture, and the captures of two hosts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

/// A record of a pcap file: microseconds, octets on the wire, what was captured.
#[derive(Clone)]
struct Record {
    at: u64,
    wire: u32,
    data: Vec<u8>,
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.pcap")
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(data[at..at + 4].try_into().unwrap())
}

/// The records of a little-endian pcap file with microseconds.
fn records(file: &Path) -> Vec<Record> {
    let data = fs::read(file).unwrap();
    assert_eq!(data[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    let mut at = 24;
    let mut all = Vec::new();
    while at < data.len() {
        let len = usize::try_from(u32_at(&data, at + 8)).unwrap();
        all.push(Record {
            at: u64::from(u32_at(&data, at)) * 1_000_000 + u64::from(u32_at(&data, at + 4)),
            wire: u32_at(&data, at + 12),
            data: data[at + 16..at + 16 + len].to_vec(),
        });
        at += 16 + len;
    }
    all
}

fn pcap(records: &[Record]) -> Vec<u8> {
    let mut out = fs::read(sample()).unwrap()[..24].to_vec();
    for record in records {
        let len = u32::try_from(record.data.len()).unwrap();
        let seconds = u32::try_from(record.at / 1_000_000).unwrap();
        let fraction = u32::try_from(record.at % 1_000_000).unwrap();
        for field in [seconds, fraction, len, record.wire] {
            out.extend(field.to_le_bytes());
        }
        out.extend(&record.data);
    }
    out
}

/// The same as pcapng, times in nanoseconds.
fn pcapng(records: &[Record]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    }
    let section = [
        &0x1a2b_3c4d_u32.to_le_bytes()[..],
        &[1, 0, 0, 0],
        &[0xff; 8],
    ]
    .concat();
    let interface = [
        &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0][..],
        &[0; 4],
    ]
    .concat();
    let mut out = [block(0x0a0d_0d0a, &section), block(1, &interface)].concat();
    for record in records {
        let at = record.at * 1000;
        let mut body = vec![0; 4];
        for half in [at >> 32, at & 0xffff_ffff] {
            body.extend(u32::try_from(half).unwrap().to_le_bytes());
        }
        body.extend(u32::try_from(record.data.len()).unwrap().to_le_bytes());
        body.extend(record.wire.to_le_bytes());
        body.extend(&record.data);
        body.resize(body.len().next_multiple_of(4), 0);
        out.extend(block(6, &body));
    }
    out
}

fn faxflow(words: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .args(words)
        .output()
        .unwrap()
}

fn json(words: &[&str]) -> Value {
    let output = faxflow(words);
    let told = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    assert!(document.is_ok(), "{told}");
    document.unwrap()
}

/// The calls without what says from which file they are.
fn calls(document: &Value) -> Value {
    fn without(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .filter(|(name, _)| !["file", "file_frame", "files"].contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), without(value)))
                .collect(),
            Value::Array(all) => all.iter().map(without).collect(),
            other => other.clone(),
        }
    }
    without(&document["calls"])
}

#[test]
fn pieces_of_a_capture_are_the_capture() {
    let whole = calls(&json(&[
        "flow",
        "--format",
        "json",
        sample().to_str().unwrap(),
    ]));
    let all = records(&sample());
    for size in [1_usize, 7, 250, 1800, all.len() - 1] {
        let folder = tempfile::tempdir().unwrap();
        for (number, piece) in all.chunks(size).enumerate() {
            // As a set that is being rotated: pcap and pcapng, and one that has just been begun.
            let octets = if number % 3 == 1 && size > 7 {
                pcapng(piece)
            } else {
                pcap(piece)
            };
            fs::write(folder.path().join(format!("fax.pcap{number}")), octets).unwrap();
        }
        fs::write(folder.path().join("fax.pcap99999"), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "not a capture").unwrap();
        let merged = json(&["flow", "--format", "json", folder.path().to_str().unwrap()]);
        assert_eq!(merged["capture"]["packets"], all.len(), "{size}");
        let mut found = calls(&merged);
        let mut wanted = whole.clone();
        if size > 7 {
            // Nanoseconds have more digits.
            blur(&mut found);
            blur(&mut wanted);
        }
        assert!(found == wanted, "pieces of {size}");
        for call in merged["calls"].as_array().unwrap() {
            for message in call["messages"].as_array().unwrap() {
                let frame = message["frame"].as_u64().unwrap() - 1;
                let size = u64::try_from(size).unwrap();
                let file = message["file"].as_str().unwrap();
                assert!(
                    file.ends_with(&format!("fax.pcap{}", frame / size)),
                    "{message}"
                );
                assert_eq!(message["file_frame"], frame % size + 1, "{message}");
            }
        }
    }
}

/// Zeros at the end of times.
fn blur(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(blur),
        Value::Array(all) => all.iter_mut().for_each(blur),
        Value::String(text) if text.starts_with("20") && text.ends_with('Z') => {
            *text = text.trim_end_matches('Z').trim_end_matches('0').to_owned();
        }
        _ => {}
    }
}

/// Frames of the same time come in the order of the files, and all by time; a single capture is as it was.
#[test]
fn frames_are_numbered_as_mergecap_does() {
    let all = records(&sample());
    let folder = tempfile::tempdir().unwrap();
    let (odd, even): (Vec<_>, Vec<_>) = all
        .iter()
        .cloned()
        .enumerate()
        .partition(|(at, _)| at % 2 == 1);
    let file = |name: &str, records: Vec<(usize, Record)>| {
        let records: Vec<Record> = records.into_iter().map(|(_, record)| record).collect();
        let path = folder.path().join(name);
        fs::write(&path, pcap(&records)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (odd, even) = (file("odd.pcap", odd), file("even.pcap", even));
    let out = folder.path().join("out.pcap");
    let words = [
        "save",
        &even,
        &odd,
        "--call",
        "1",
        "-o",
        out.to_str().unwrap(),
        "-q",
    ];
    assert!(faxflow(&words).status.success());
    // Frames of the same time come in the order of the files.
    let mut sorted: Vec<Record> = all.iter().step_by(2).cloned().collect();
    sorted.extend(all.iter().skip(1).step_by(2).cloned());
    sorted.sort_by_key(|record| record.at);
    let one = folder.path().join("one.pcap");
    fs::write(&one, pcap(&sorted)).unwrap();
    let whole = folder.path().join("whole.pcap");
    let (one, to) = (one.to_str().unwrap(), whole.to_str().unwrap());
    let words = ["save", one, "--call", "1", "-o", to, "-q"];
    assert!(faxflow(&words).status.success());
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap());

    // An order that the times do not decide.
    let still: Vec<Record> = all
        .iter()
        .take(4)
        .map(|record| Record {
            at: all[0].at,
            ..record.clone()
        })
        .collect();
    let two = [&still[..2], &still[2..]].map(pcap);
    let names = ["a.pcap", "b.pcap"].map(|name| folder.path().join(name));
    for (name, octets) in names.iter().zip(two) {
        fs::write(name, octets).unwrap();
    }
    for (first, second) in [(0, 1), (1, 0)] {
        let words = [
            names[first].to_str().unwrap(),
            names[second].to_str().unwrap(),
        ];
        let merged = json(&[
            "flow", "--call", "1", "--format", "json", words[0], words[1],
        ]);
        let message = &merged["calls"][0]["messages"][0];
        let name = if first == 0 { "INVITE" } else { "180 Ringing" };
        assert_eq!(message["name"], name);
        assert_eq!(
            (&message["frame"], &message["file_frame"]),
            (&1.into(), &1.into())
        );
    }
}

const CALLER: [u8; 4] = [192, 0, 2, 10];

/// The capture of the caller, and that of the PBX, whose clock is another one. What the caller sends takes 12 ms to the
/// PBX, each tenth T.38 packet is lost on the way if `loses`.
fn of_two_hosts(folder: &Path, ahead: f64, drift: f64, loses: bool) -> [String; 2] {
    let all = records(&sample());
    let start = all[0].at;
    let (mut own, mut pbx) = (Vec::new(), Vec::new());
    let mut t38 = 0;
    for record in &all {
        let (src, dst) = (&record.data[26..30], &record.data[30..34]);
        let (sent, got) = (src == CALLER, dst == CALLER);
        let way = |late: bool| record.at + if late { 12_000 } else { 0 };
        if sent || got {
            own.push(Record {
                at: way(got),
                ..record.clone()
            });
        }
        // T.38 of the first call.
        if loses && sent && record.data[34..36] == 5420_u16.to_be_bytes() {
            t38 += 1;
            if t38 % 10 == 0 {
                continue;
            }
        }
        let at = way(sent);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time of 2025"
        )]
        let at = (at as f64 + ahead * 1e6 + (at - start) as f64 * drift).round() as u64;
        pbx.push(Record {
            at,
            ..record.clone()
        });
    }
    ["caller.pcap", "pbx.pcap"].map(|name| {
        let records = if name == "pbx.pcap" {
            &mut pbx
        } else {
            &mut own
        };
        records.sort_by_key(|record| record.at);
        let path = folder.join(name);
        fs::write(&path, pcap(records)).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// What matters of each call.
fn outcome(document: &Value) -> Vec<Value> {
    let calls = document["calls"].as_array().unwrap().iter();
    calls
        .map(|call| {
            serde_json::json!([
                call["call_id"],
                call["state"],
                call["packets"],
                call["other_leg"],
                call["path"],
                call["hops"],
                call["fax"]["verdict"],
                call["fax"]["cause"],
                call["fax"]["summary"],
                call["fax"]["pages_confirmed"],
            ])
        })
        .collect()
}

#[test]
fn two_hosts_with_clocks_apart_are_one_path() {
    let whole = json(&["flow", "--format", "json", sample().to_str().unwrap()]);
    for (ahead, drift) in [(3.7, 50e-6), (-7200.25, -20e-6), (0.0, 0.0)] {
        let folder = tempfile::tempdir().unwrap();
        let [own, pbx] = of_two_hosts(folder.path(), ahead, drift, false);
        let merged = json(&["flow", "--format", "json", &own, &pbx]);
        let mut found = outcome(&merged);
        for call in &mut found {
            call[8] = Value::Null;
        }
        let mut wanted = outcome(&whole);
        for call in &mut wanted {
            call[8] = Value::Null;
        }
        assert_eq!(found, wanted, "{ahead}");
        let clock = &merged["capture"]["files"][1]["clock"];
        let offset = clock["offset_s"].as_f64().unwrap();
        assert!((offset - ahead).abs() < 0.005, "{clock}");
        let ppm = clock["drift_ppm"].as_f64().unwrap();
        assert!((ppm - drift * 1e6).abs() < 2.0, "{clock}");
        let notes = merged["capture"]["notes"].to_string();
        assert!(notes.contains("packets that are also in"), "{notes}");
    }
}

#[test]
fn what_is_lost_between_two_hosts_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let [own, pbx] = of_two_hosts(folder.path(), 3.7, 0.0, true);
    let merged = json(&["flow", "--call", "1", "--format", "json", &own, &pbx]);
    let hints = merged["calls"][0]["hints"].as_array().unwrap();
    let lost: Vec<_> = hints
        .iter()
        .filter(|hint| hint["rule"] == "media-lost-between-captures")
        .collect();
    assert_eq!(lost.len(), 1, "{hints:?}");
    let text = lost[0]["text"].as_str().unwrap();
    assert!(
        text.contains("are in caller.pcap, not in pbx.pcap – lost between them"),
        "{text}"
    );
    assert_eq!(
        (&lost[0]["hop"], &lost[0]["side"]),
        (&1.into(), &"path".into())
    );
    assert!(lost[0]["file"].as_str().unwrap().ends_with("caller.pcap"));
}

#[test]
fn a_clock_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let [own, pbx] = of_two_hosts(folder.path(), 3.7, 0.0, false);
    for given in ["3.7", "pbx.pcap=3.7"] {
        let words = [
            "check",
            "--merge",
            "--format",
            "json",
            "--clock-offset",
            given,
            &own,
            &pbx,
        ];
        let clock = json(&words)["capture"]["files"][1]["clock"].clone();
        assert_eq!(
            (&clock["offset_s"], &clock["given"]),
            (&3.7.into(), &true.into())
        );
    }
    for (words, told) in [
        (
            &["flow", "--clock-offset", "other.pcap=1", &own, &pbx][..],
            "not one of the captures",
        ),
        (&["flow", "--clock-offset", "1", &own], "here is one"),
        (&["check", "--clock-offset", "1", &own, &pbx], "--merge"),
    ] {
        let output = faxflow(words);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.contains(told) && stderr.lines().count() == 1,
            "{stderr}"
        );
    }
}

#[test]
fn check_keeps_one_result_a_file_unless_they_are_merged() {
    let all = records(&sample());
    let folder = tempfile::tempdir().unwrap();
    for (number, piece) in all.chunks(1700).enumerate() {
        fs::write(folder.path().join(format!("fax{number}.pcap")), pcap(piece)).unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    let apart = json(&["check", "--format", "json", folder]);
    let pieces = all.len().div_ceil(1700);
    assert_eq!(apart["captures"].as_array().unwrap().len(), pieces);
    let merged = json(&["check", "--merge", "--format", "json", folder]);
    let whole = json(&["check", "--format", "json", sample().to_str().unwrap()]);
    assert!(calls(&merged) == calls(&whole));
    let border: Vec<_> = merged["calls"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|call| call["files"].as_array().unwrap().len() == 2)
        .collect();
    assert!(
        !border.is_empty(),
        "a call goes over the border of the files"
    );
}

#[test]
fn a_file_that_is_no_capture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("a.txt");
    fs::write(&text, "hello").unwrap();
    let output = faxflow(&["calls", sample().to_str().unwrap(), text.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("a.txt: it is a text file"), "{stderr}");
    let output = faxflow(&["calls", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
}
