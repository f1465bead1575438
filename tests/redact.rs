//! `--redact`: nothing is left that tells who and where, and the fax reads the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use regex::bytes::Regex;
use serde_json::Value;

#[path = "support/shared.rs"]
mod shared;

fn faxflow(words: &[&str]) -> (Option<i32>, Vec<u8>) {
    let output = assert_cmd::Command::cargo_bin("faxflow")
        .unwrap()
        .args(words)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{words:?}: {told}");
    (output.status.code(), output.stdout)
}

/// All strings under some keys of a document.
fn strings<'v>(value: &'v Value, keys: &[&str], out: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner.as_str() {
                    Some(text) if keys.contains(&key.as_str()) => {
                        out.insert(text);
                    }
                    _ => strings(inner, keys, out),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|one| strings(one, keys, out)),
        _ => {}
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn base64(octets: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Whole groups only: what stands in any text is found.
    let groups = octets.chunks_exact(3).map(|three| {
        let word = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [18, 12, 6, 0].map(|at| char::from(SIGNS[(word >> at & 63) as usize]))
    });
    groups.flatten().collect()
}

/// What must not be found, in each way to write it.
fn forbidden(truth: &Value) -> Vec<Vec<u8>> {
    let mut things = BTreeSet::new();
    let keys = [
        "from",
        "to",
        "call_id",
        "ip",
        "tx_ident",
        "rx_ident",
        "rx_sub_address",
        "rx_password",
    ];
    strings(truth, &keys, &mut things);
    let mut out = Vec::new();
    for thing in things {
        if let Ok(addr) = thing.parse::<IpAddr>() {
            out.push(thing.as_bytes().to_vec());
            out.push(match addr {
                IpAddr::V4(addr) => addr.octets().to_vec(),
                IpAddr::V6(addr) => addr.octets().to_vec(),
            });
            continue;
        }
        let number = digits(thing);
        if number.len() < 6 && !thing.contains('@') {
            continue;
        }
        let mut texts = vec![thing.as_bytes().to_vec()];
        if !thing.contains('@') && number.len() >= 6 {
            texts.push(number.as_bytes().to_vec());
            for first in 0..3 {
                texts.push(base64(&number.as_bytes()[first..]).into_bytes());
            }
            let percent = number
                .bytes()
                .flat_map(|digit| [b'%', b'0' + (digit >> 4), b'0' + (digit & 15)]);
            texts.push(percent.collect());
            for start in [0, 1] {
                let pairs = number.as_bytes()[start..].chunks_exact(2);
                let bcd = |swapped: bool| -> Vec<u8> {
                    let octet = |pair: &[u8]| {
                        let [high, low] = if swapped {
                            [pair[1], pair[0]]
                        } else {
                            [pair[0], pair[1]]
                        };
                        (high & 15) << 4 | low & 15
                    };
                    pairs.clone().map(octet).collect()
                };
                texts.extend([bcd(false), bcd(true)]);
            }
        }
        for text in texts {
            let mirrored: Vec<u8> = text.iter().map(|octet| octet.reverse_bits()).collect();
            out.push(mirrored.iter().rev().copied().collect());
            out.push(mirrored);
            out.push(text.iter().rev().copied().collect());
            out.push(text);
        }
    }
    out
}

/// Any of them, as octets.
fn any_of<'w>(all: impl Iterator<Item = &'w Vec<u8>>) -> Regex {
    let octet = |octet: &u8| format!("\\x{octet:02x}");
    let one = |what: &Vec<u8>| what.iter().map(octet).collect::<String>();
    let all: Vec<String> = all.map(one).collect();
    Regex::new(&format!("(?-u){}", all.join("|"))).unwrap()
}

/// What the calls are said to be.
fn results(capture: &str, more: &[&str]) -> Vec<[Value; 4]> {
    let (_, out) = faxflow(&[&["check", capture, "--format", "json"], more].concat());
    let document: Value = serde_json::from_slice(&out).unwrap();
    let calls = document["calls"].as_array().unwrap().iter();
    calls
        .map(|call| {
            let fax = &call["fax"];
            [
                &fax["verdict"],
                &call["cause"],
                &fax["pages_confirmed"],
                &call["state"],
            ]
            .map(Clone::clone)
        })
        .collect()
}

/// Whether sound tells of the fax: with it silent only its SIP is left.
fn is_sound(truth: &Value) -> bool {
    let mut modes = BTreeSet::new();
    strings(&truth["faxes"], &["mode", "kind"], &mut modes);
    !modes.iter().all(|mode| *mode == "t38")
}

fn nothing_is_left_and_the_fax_reads_the_same(directory: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved.pcapng");
    let map = folder.path().join("map.json");
    let (saved, map) = (saved.to_str().unwrap(), map.to_str().unwrap());
    let redact = ["--redact", "--redact-map", map];
    let (mut searched, mut compared) = (0, 0);
    for (truth, capture) in shared::truths(directory) {
        let capture = capture.to_str().unwrap();
        let calls = truth["calls"].as_array().unwrap();
        let chosen: Vec<String> = (1..=calls.len())
            .map(|call| format!("--call={call}"))
            .collect();
        let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let forbidden = forbidden(&truth);
        let save = ["save", capture, "-o", saved, "--force"];
        let (code, _) = faxflow(&[&save[..], &chosen, &redact].concat());
        if code == Some(0) {
            let octets = std::fs::read(saved).unwrap();
            let left = any_of(forbidden.iter()).find(&octets);
            let left = left.map(|found| found.as_bytes().to_vec());
            assert_eq!(left, None, "{capture}");
            searched += 1;
        }
        for format in ["text", "json"] {
            let (_, out) = faxflow(&[&["flow", capture, "--format", format], &redact[..]].concat());
            let texts = forbidden
                .iter()
                .filter(|what| what.is_ascii() && what.len() > 5);
            let left = any_of(texts).find(&out);
            let left = left.map(|found| found.as_bytes().to_vec());
            assert_eq!(left, None, "{capture} as {format}");
        }
        if !is_sound(&truth) {
            assert_eq!(
                results(capture, &redact),
                results(capture, &[]),
                "{capture}"
            );
            compared += 1;
        }
    }
    assert!(searched > 20 && compared > 15, "{searched} {compared}");
}

shared::over_captures!(nothing_is_left_and_the_fax_reads_the_same);

/// The ladder of a redacted capture is the ladder, with stand-ins.
#[test]
fn the_ladder_is_the_same_by_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.json");
    for name in [
        "t38-fail-icmp",
        "t38-ok-fragments",
        "t38-ok-tcp",
        "t38-ok-ipv6",
        "leg-mcf-not-relayed",
    ] {
        let capture = shared::own().join(format!("{name}.pcap"));
        let capture = capture.to_str().unwrap();
        let redact = ["--redact", "--redact-map", map.to_str().unwrap()];
        // The arrows and names: what is of one height in both.
        let (_, redacted) =
            faxflow(&[&["flow", capture, "--format", "json"], &redact[..]].concat());
        let (_, original) = faxflow(&["flow", capture, "--format", "json"]);
        let known: Value = serde_json::from_slice(&std::fs::read(&map).unwrap()).unwrap();
        let known: BTreeMap<String, Value> = serde_json::from_value(known["map"].clone()).unwrap();
        let messages = |octets: &[u8], by: &BTreeMap<String, Value>| -> Vec<String> {
            let document: Value = serde_json::from_slice(octets).unwrap();
            let calls = document["calls"].as_array().unwrap();
            let all = calls
                .iter()
                .flat_map(|call| call["messages"].as_array().unwrap());
            all.map(|message| {
                let end = |side: &str| {
                    let end = message[side].as_str().unwrap();
                    let (addr, port) = end.rsplit_once(':').unwrap();
                    let bare = addr.trim_matches(['[', ']']);
                    let addr = by.get(bare).and_then(Value::as_str).unwrap_or(bare);
                    format!("{addr} {port}")
                };
                let (frame, name) = (&message["frame"], &message["name"]);
                format!("{frame} {name} {} {}", end("src"), end("dst"))
            })
            .collect()
        };
        assert_eq!(
            messages(&redacted, &BTreeMap::new()),
            messages(&original, &known),
            "{name}"
        );
    }
}

#[test]
fn the_map_is_for_its_owner_and_gives_the_same_stand_ins_again() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.json");
    let capture = shared::own().join("t38-ok-v17.pcap");
    let words = [
        "flow",
        capture.to_str().unwrap(),
        "--redact",
        "--redact-map",
        map.to_str().unwrap(),
    ];
    let (_, first) = faxflow(&words);
    assert_eq!(
        std::fs::metadata(&map).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (_, again) = faxflow(&words);
    assert_eq!(first, again);
    let (_, other) = faxflow(&words[..3]);
    assert_ne!(first, other);
    std::fs::write(&map, "no map").unwrap();
    assert_eq!(faxflow(&words).0, Some(2));
}

/// Sound says so, and pages of a redacted capture are white.
#[test]
fn sound_is_silent_and_pages_are_blank() {
    let folder = tempfile::tempdir().unwrap();
    let sound = shared::own().join("audio-ok-v29.pcap");
    let (_, out) = faxflow(&["flow", sound.to_str().unwrap(), "--call", "1", "--redact"]);
    assert!(String::from_utf8_lossy(&out).contains("silence"));
    let page = shared::own().join("t38-ok-v17.pcap");
    let to = folder.path().join("pages");
    let words = [
        "pages",
        page.to_str().unwrap(),
        "-o",
        to.to_str().unwrap(),
        "--format",
        "png",
    ];
    let size = |more: &[&str]| {
        let words = [&words[..], more].concat();
        assert_eq!(faxflow(&words).0, Some(0));
        let files = std::fs::read_dir(&to).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    let (original, blank) = (size(&[]), size(&["--force", "--redact"]));
    assert!(blank * 2 < original, "{blank} {original}");
}
