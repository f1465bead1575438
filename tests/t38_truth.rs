//! The T.30 frames that faxflow finds in T.38 against the truth files of the synthetic captures.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use faxflow::api::capture::{Endpoint, FrameNo, Timestamp};
use faxflow::api::line::{Fcs, SignalKind};
use faxflow::api::rtp::header;
use faxflow::api::t38::stream::{Arrival, Assembled, Framing, assemble};
use faxflow::api::t38::udptl::{Plausibility, plausible};
use serde_json::Value;

#[path = "support/pcap.rs"]
mod pcap;
#[path = "support/shared.rs"]
mod shared;

use pcap::Datagram;

shared::over_captures!(
    finds_the_frames_of_the_truth,
    counts_loss_and_repair,
    judges_packets_by_content,
);

/// What may be T.38 by its content, as the index tells it; of a cut datagram that cannot be told.
fn arrivals<'d>(datagrams: &'d [Datagram], src: &str, dst: &str) -> Vec<Arrival<'d>> {
    datagrams
        .iter()
        .filter(|datagram| written(datagram.src) == src && written(datagram.dst) == dst)
        .filter(|datagram| datagram.cut || plausible(&datagram.payload) != Plausibility::No)
        .map(arrival)
        .collect()
}

/// As the truth files write it: no brackets around IPv6.
fn written(end: SocketAddr) -> String {
    format!("{}:{}", end.ip(), end.port())
}

fn arrival(datagram: &Datagram) -> Arrival<'_> {
    Arrival {
        frame: FrameNo(datagram.frame),
        at: Timestamp(datagram.nanos),
        src: Endpoint::new(datagram.src.ip(), datagram.src.port()),
        dst: Endpoint::new(datagram.dst.ip(), datagram.dst.port()),
        payload: (&datagram.payload).into(),
        cut: datagram.cut,
        rtp_seq: None,
    }
}

/// A frame as the truth has it: octets (cut), length.
type Seen = (String, usize);

fn found(assembled: &Assembled, control_only: bool) -> Vec<Seen> {
    assembled
        .signals
        .iter()
        .filter_map(|signal| match &signal.kind {
            SignalKind::Hdlc(frame) if frame.fcs == Fcs::Good && !frame.damaged => Some(frame),
            _ => None,
        })
        .filter(|frame| !control_only || frame.modem.name == "V.21")
        .map(|frame| {
            let shown = if frame.octets.get(2) == Some(&0x60) {
                8
            } else {
                40
            };
            let hex = frame
                .octets
                .iter()
                .take(shown)
                .fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"));
            (hex, frame.octets.len())
        })
        .collect()
}

fn expected(link: &Value, control_only: bool, from: f64, to: f64) -> Vec<Seen> {
    link["seen_frames"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|frame| frame["fcs"] == "ok" && frame["damaged"] == false)
        .filter(|frame| {
            let name = frame["name"].as_str().unwrap();
            !control_only || !matches!(name, "FCD" | "RCP")
        })
        .filter(|frame| {
            let t = frame["t"].as_f64().unwrap();
            t >= from && (to <= 0.0 || t <= to)
        })
        .map(|frame| {
            let len = usize::try_from(frame["len"].as_u64().unwrap()).unwrap();
            (frame["hex"].as_str().unwrap().to_owned(), len)
        })
        .collect()
}

/// Names of captures with what is true of them.
fn truths(directory: &Path) -> BTreeMap<String, (Value, PathBuf)> {
    (shared::truths(directory).into_iter())
        .map(|(truth, capture)| {
            let name = capture.file_stem().unwrap().to_string_lossy().into_owned();
            (name, (truth, capture))
        })
        .collect()
}

fn finds_the_frames_of_the_truth(directory: &Path) {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (name, (truth, capture)) in truths(directory) {
        if !name.contains(&only) {
            continue;
        }
        let datagrams = pcap::read(&capture);
        let recording = &truth["params"]["recording"];
        let from = recording["from"].as_f64().unwrap_or(0.0);
        let to = recording["to"].as_f64().unwrap_or(0.0);
        let cut = truth["params"]["snaplen"].as_u64().unwrap_or(0) > 0;
        for fax in truth["faxes"].as_array().unwrap() {
            for link in fax["links"].as_array().unwrap() {
                if link["type"] != "udptl" {
                    continue;
                }
                let (src, dst) = (link["src"].as_str().unwrap(), link["dst"].as_str().unwrap());
                let arrivals = arrivals(&datagrams, src, dst);
                let assembled = assemble(&arrivals, Framing::Udptl);
                let expected = expected(link, cut, from, to);
                let found = found(&assembled, cut);
                if arrivals.is_empty() && recording["only"].as_u64() != Some(0) {
                    continue;
                }
                checked += 1;
                if found != expected {
                    wrong.push(format!(
                        "{name} {src} -> {dst}: {} packets, encoding {:?}\n  expected {}\n  found    {}",
                        arrivals.len(),
                        assembled.stats.encoding,
                        difference(&expected, &found),
                        difference(&found, &expected),
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {checked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("{checked} directions agree");
}

/// What `a` has and `b` has not, by place.
fn difference(a: &[Seen], b: &[Seen]) -> String {
    let at = a
        .iter()
        .zip(b)
        .position(|(a, b)| a != b)
        .unwrap_or_else(|| a.len().min(b.len()));
    format!(
        "{} frames, from {at}: {:?}",
        a.len(),
        &a[at..a.len().min(at + 6)]
    )
}

/// Loss and repair, as faxgen's own receiver counts them.
fn counts_loss_and_repair(directory: &Path) {
    let mut wrong = Vec::new();
    for (name, (truth, capture)) in truths(directory) {
        let params = &truth["params"];
        let recording = &params["recording"];
        let part = ["from", "to"]
            .into_iter()
            .any(|key| recording[key].as_f64() != Some(0.0));
        let cut = params["snaplen"].as_u64() != Some(0);
        let datagrams = pcap::read(&capture);
        for fax in truth["faxes"].as_array().unwrap() {
            for link in fax["links"].as_array().unwrap() {
                let (src, dst) = (link["src"].as_str().unwrap(), link["dst"].as_str().unwrap());
                let arrivals = arrivals(&datagrams, src, dst);
                if link["type"] != "udptl" || part || cut || arrivals.is_empty() {
                    continue;
                }
                let stats = assemble(&arrivals, Framing::Udptl).stats;
                let count = |key: &str| link[key].as_u64().unwrap();
                let version = if params["t38_version"] == 0 {
                    "Asn1998"
                } else {
                    "Asn2002"
                };
                if name != "neg-version-mixed"
                    && stats
                        .encoding
                        .is_some_and(|encoding| format!("{encoding:?}") != version)
                {
                    wrong.push(format!("{name} {src}: {:?}, not {version}", stats.encoding));
                }
                let lost = u64::from(stats.lost - stats.recovered);
                let seen_loss = !link["hidden_loss"].as_bool().unwrap() && name.contains("visible");
                if lost != 0 && seen_loss {
                    wrong.push(format!(
                        "{name} {src}: {lost} lost, but the loss is behind the capture point"
                    ));
                }
                if stats.undecodable > 0 || !stats.restarts.is_empty() {
                    wrong.push(format!(
                        "{name} {src}: undecodable {}, restarts {:?}",
                        stats.undecodable, stats.restarts
                    ));
                }
                if link["hidden_loss"] == true
                    && (u64::from(stats.recovered), lost) != (count("recovered"), count("missing"))
                {
                    wrong.push(format!(
                        "{name} {src}: recovered {} (truth {}), for good {lost} (truth {}), late {}",
                        stats.recovered, count("recovered"), count("missing"), count("late"),
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn judges_packets_by_content(directory: &Path) {
    let mut doubtful = Vec::new();
    for (name, (truth, capture)) in truths(directory) {
        let mut paths = Vec::new();
        for fax in truth["faxes"].as_array().unwrap() {
            for link in fax["links"].as_array().unwrap() {
                let ends = [&link["src"], &link["dst"]].map(|end| end.as_str().unwrap().to_owned());
                paths.push((link["type"] == "udptl", ends));
            }
        }
        for datagram in pcap::read(&capture) {
            let ends = [written(datagram.src), written(datagram.dst)];
            let rtp = paths.iter().any(|(udptl, path)| !udptl && *path == ends);
            let udptl = paths.iter().any(|(udptl, path)| *udptl && *path == ends);
            let judged = plausible(&datagram.payload);
            if rtp && !udptl && judged != Plausibility::No {
                doubtful.push(format!("{name} {} RTP is {judged:?}", datagram.frame));
            }
            if udptl && !rtp && !datagram.cut {
                let sound = header::looks_like_rtp(&datagram.payload);
                if judged == Plausibility::No && !sound {
                    doubtful.push(format!("{name} {} T.38 is {judged:?}", datagram.frame));
                }
            }
            if !rtp && !udptl && judged != Plausibility::No {
                doubtful.push(format!("{name} {} other is {judged:?}", datagram.frame));
            }
        }
    }
    assert!(
        doubtful.is_empty(),
        "{}:\n{}",
        doubtful.len(),
        doubtful[..doubtful.len().min(40)].join("\n")
    );
}
