//! The audio layer against captures of known content: faxgen's (truth by spandsp's engines) and real ones
//! (`V21.json`, by spandsp's receiver). Skipped where ../shared is absent.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test helpers; the exceptions of clippy.toml cover test functions only"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use faxflow::capture::Endpoint;
use faxflow::line::{Fcs, SignalKind};
use faxflow::rtp::fax::{self, Heard};
use serde_json::Value;

#[path = "support/pcap_rtp.rs"]
mod pcap_rtp;

fn captures(kind: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures")
        .join(kind);
    if path.is_dir() {
        Some(path)
    } else {
        eprintln!("skipped: no {}", path.display());
        None
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn listen(path: &Path) -> BTreeMap<(Endpoint, Endpoint), Heard> {
    pcap_rtp::read(path)
        .into_iter()
        .map(|(direction, arrivals)| (direction, fax::listen(&arrivals, &HashMap::new())))
        .collect()
}

/// Frames with good FCS, as hex.
fn frames(heard: &Heard) -> Vec<String> {
    heard
        .signals
        .iter()
        .filter_map(|signal| match &signal.kind {
            SignalKind::Hdlc(frame) if frame.fcs == Fcs::Good => Some(hex(&frame.octets)),
            _ => None,
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Frames that an end's engine sent or received: those of V.21, each hex (at most 40 octets of it).
fn told(end: &Value, dir: &str) -> Vec<String> {
    end["frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|frame| frame["dir"] == dir)
        .filter(|frame| !matches!(frame["name"].as_str(), Some("FCD" | "RCP")))
        .map(|frame| frame["hex"].as_str().unwrap().to_owned())
        .collect()
}

/// Whether `some` is `all` with none or some left out.
fn is_part(some: &[String], all: &[String]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|one| rest.any(|other| other == one))
}

#[test]
fn frames_are_what_the_far_end_received() {
    let Some(folder) = captures("synthetic") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut checked = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let truth = json(&path);
        let capture = ["pcap", "pcapng"]
            .map(|extension| path.with_extension(extension))
            .into_iter()
            .find(|capture| capture.exists())
            .unwrap();
        for fax in truth["faxes"].as_array().into_iter().flatten() {
            if !matches!(fax["mode"].as_str(), Some("audio" | "gateway")) {
                continue;
            }
            let heard = listen(&capture);
            for link in fax["links"].as_array().unwrap() {
                if link["type"] != "rtp" {
                    continue;
                }
                checked += 1;
                let end = |name: &str| link[name].as_str().unwrap().parse_endpoint();
                let found = heard
                    .get(&(end("src"), end("dst")))
                    .unwrap_or_else(|| panic!("{}: no RTP {link}", path.display()));
                let from_caller = link["dir"] == "caller to callee";
                let (sender, receiver) = if from_caller { (0, 1) } else { (1, 0) };
                let received = told(&fax["ends"][receiver], "rx");
                let sent = told(&fax["ends"][sender], "tx");
                let good = frames(found);
                let exact = good == received;
                // More than the far end took is right if it was sent; less is wrong.
                let fits = is_part(&received, &good) && is_part(&good, &sent);
                if !exact {
                    eprintln!(
                        "{} {}: received {received:?}\n   heard {good:?}\n   sent {sent:?}",
                        truth["name"], link["dir"]
                    );
                }
                if !exact && !fits {
                    wrong.push(format!("{} {}", truth["name"], link["dir"]));
                }
            }
        }
    }
    assert!(checked >= 30, "{checked} directions");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn real_captures_give_every_frame() {
    let Some(folder) = captures("real") else {
        return;
    };
    let truth = json(&folder.join("V21.json"));
    let mut wrong = Vec::new();
    for (name, streams) in truth["captures"].as_object().unwrap() {
        let heard = listen(&folder.join(name));
        for stream in streams.as_array().unwrap() {
            let end = |name: &str| stream[name].as_str().unwrap().parse_endpoint();
            let expected: Vec<String> = stream["frames"]
                .as_array()
                .unwrap()
                .iter()
                .map(|frame| frame["hex"].as_str().unwrap().to_owned())
                .collect();
            let found = heard.get(&(end("src"), end("dst")));
            let good = found.map(frames).unwrap_or_default();
            // V21.json stops where tshark took the RTP for T.38: more is right, less is wrong.
            if !is_part(&expected, &good) {
                wrong.push(format!("{name} {stream}: {good:?}"));
            }
            if !found.is_some_and(|heard| heard.is_fax) {
                wrong.push(format!("{name}: no fax"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

trait ParseEndpoint {
    fn parse_endpoint(&self) -> Endpoint;
}

impl ParseEndpoint for str {
    fn parse_endpoint(&self) -> Endpoint {
        let address: std::net::SocketAddr = self.parse().unwrap();
        Endpoint::new(address.ip(), address.port())
    }
}
