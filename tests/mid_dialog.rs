//! A capture that begins with the re-INVITE of the callee has the same caller and callee as the whole one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail by panic"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;

#[path = "support/json.rs"]
mod json;
#[path = "support/shared.rs"]
mod shared;

use json::{flow, list, text};

/// What of the headers tells who called is left in a capture.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Left {
    /// `ftag` in Route, and the Call-ID.
    Ftag,
    /// Call-ID with the host of the caller.
    CallId,
    /// Nothing.
    Neither,
}

/// The octets of a pcap from one frame on; `None`: another format.
fn cut(octets: &[u8], from: u64) -> Option<Vec<u8>> {
    let (header, mut rest) = octets.split_at_checked(24)?;
    let big = match header[..4] {
        [0xD4, 0xC3, 0xB2, 0xA1] | [0x4D, 0x3C, 0xB2, 0xA1] => false,
        [0xA1, 0xB2, 0xC3, 0xD4] | [0xA1, 0xB2, 0x3C, 0x4D] => true,
        _ => return None,
    };
    for _ in 1..from {
        let length = <[u8; 4]>::try_from(rest.get(8..12)?).unwrap();
        let length = if big {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        };
        rest = rest.get(16 + usize::try_from(length).unwrap()..)?;
    }
    Some([header, rest].concat())
}

/// Takes the tell-tale parts out of all headers, without changing a length.
fn blot(octets: &mut [u8], left: Left) {
    if left != Left::Ftag {
        replace(octets, b";ftag=", b";xtag=");
    }
    if left == Left::Neither {
        for name in [&b"Call-ID: "[..], b"\r\ni: "] {
            let mut at = 0;
            while let Some(found) = find(&octets[at..], name) {
                at += found + name.len();
                let line = octets[at..].iter().position(|octet| *octet == b'\r');
                let line = &mut octets[at..at + line.unwrap_or(0)];
                if let Some(mark) = line.iter_mut().find(|octet| **octet == b'@') {
                    *mark = b'-';
                }
            }
        }
    }
}

fn find(octets: &[u8], text: &[u8]) -> Option<usize> {
    octets.windows(text.len()).position(|part| part == text)
}

fn replace(octets: &mut [u8], old: &[u8], new: &[u8]) {
    let mut at = 0;
    while let Some(found) = find(&octets[at..], old) {
        at += found;
        octets[at..at + new.len()].copy_from_slice(new);
        at += new.len();
    }
}

/// Frame of the first INVITE of a callee that is observed where it is sent.
fn reinvite(calls: &[Value]) -> Option<u64> {
    let all = calls.iter().flat_map(|call| list(&call["messages"]));
    let own = all.filter(|row| row["from"] == "callee" && row["name"] == "INVITE");
    own.filter_map(|row| row["frame"].as_u64()).min()
}

/// What must not change; the T.30 roles tell where there is a fax in what is left.
fn seats(call: &Value) -> [String; 3] {
    let user = |party: &Value| text(&party["user"]).to_owned();
    [
        user(&call["from"]),
        user(&call["to"]),
        text(&call["fax"]["sender"]).to_owned(),
    ]
}

fn check(directory: &Path) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "pcap"))
        .collect();
    files.sort();
    let (mut tried, mut wrong) = (0, Vec::new());
    for file in files {
        let whole = flow(&file);
        let Some(frame) = reinvite(&whole) else {
            continue;
        };
        let octets = std::fs::read(&file).unwrap();
        // Without a Call-ID, as a short snap length leaves it, an INVITE has no To tag either.
        if whole.iter().any(|call| call["call_id"].is_null()) {
            continue;
        }
        for left in [Left::Ftag, Left::CallId, Left::Neither] {
            let Some(mut part) = cut(&octets, frame) else {
                continue;
            };
            blot(&mut part, left);
            let name = file.file_stem().unwrap().to_str().unwrap();
            let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{left:?}.pcap"));
            std::fs::write(&made, &part).unwrap();
            let calls = flow(&made);
            for call in &calls {
                let id = |call: &Value| text(&call["call_id"]).replace('@', "-");
                let leg = |all: &[Value], call: &Value| {
                    let other = |one: &&Value| one["number"] == call["other_leg"];
                    all.iter().find(other).map(id)
                };
                let Some(before) = whole.iter().find(|one| id(one) == id(call)) else {
                    continue;
                };
                let (wanted, found) = (leg(&whole, before), leg(&calls, call));
                let mut rows = list(&call["messages"]).iter();
                if wanted != found && rows.any(|row| row["layer"] != "sip") {
                    wrong.push(format!("{name} {left:?}: leg {found:?}, not {wanted:?}"));
                }
                // Neither headers nor a fax tell.
                if left == Left::Neither && call["fax"]["sender"].is_null() {
                    continue;
                }
                tried += 1;
                let (wanted, found) = (seats(before), seats(call));
                let lost = call["fax"]["sender"].is_null();
                let count = if lost { 2 } else { 3 };
                if wanted[..count] != found[..count] {
                    wrong.push(format!("{name} {left:?}: {found:?}, not {wanted:?}"));
                }
                let cause = text(&call["cause"]);
                if ["t38-reinvite-by-sender", "sip-no-answer"].contains(&cause) {
                    wrong.push(format!("{name} {left:?}: {cause}"));
                }
            }
            std::fs::remove_file(&made).unwrap();
        }
    }
    assert!(tried > 10, "only {tried} calls");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn own_captures() {
    check(&shared::own());
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared/captures")]
fn captures_of_paths() {
    check(&shared::shared("paths"));
}
