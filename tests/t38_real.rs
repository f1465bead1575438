//! T.38 of the real captures, by hand: prints what is found (`cargo test --test t38_real -- --nocapture`).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::Path;

use faxflow::capture::{Endpoint, FrameNo, Timestamp};
use faxflow::line::SignalKind;
use faxflow::t30::frame;
use faxflow::t38::stream::{Arrival, Assembled, Framing, assemble};
use faxflow::t38::udptl::is_rtp_not_udptl;

#[path = "support/pcap.rs"]
mod pcap;

/// Both directions of the UDP ports, without RTP.
fn directions(file: &str, ports: &[u16]) -> Vec<Assembled> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures/real")
        .join(file);
    if !path.is_file() {
        println!("skipped: {} is not there", path.display());
        return Vec::new();
    }
    let mut by_source: BTreeMap<_, Vec<Arrival>> = BTreeMap::new();
    for datagram in pcap::read(&path) {
        let on_port = ports.contains(&datagram.src.port()) || ports.contains(&datagram.dst.port());
        if !on_port || is_rtp_not_udptl(&datagram.payload, &[]) {
            continue;
        }
        by_source.entry(datagram.src).or_default().push(Arrival {
            frame: FrameNo(datagram.frame),
            at: Timestamp(datagram.nanos),
            src: Endpoint::new(datagram.src.ip(), datagram.src.port()),
            dst: Endpoint::new(datagram.dst.ip(), datagram.dst.port()),
            payload: datagram.payload,
            cut: datagram.cut,
            rtp_seq: None,
        });
    }
    by_source
        .into_values()
        .map(|arrivals| assemble(&arrivals, Framing::Udptl))
        .collect()
}

/// Both directions in words, in time order.
fn story(directions: &[Assembled]) -> Vec<String> {
    let mut signals: Vec<_> = directions
        .iter()
        .enumerate()
        .flat_map(|(side, assembled)| assembled.signals.iter().map(move |signal| (side, signal)))
        .collect();
    signals.sort_by_key(|(_, signal)| signal.end);
    let mut words: Vec<(String, usize)> = Vec::new();
    for (side, signal) in signals {
        let word = match &signal.kind {
            SignalKind::Hdlc(hdlc) => {
                let name = frame::decode(hdlc).map_or_else(|| "?".into(), |frame| frame.name());
                let good = if hdlc.damaged {
                    "?"
                } else if hdlc.fcs == faxflow::line::Fcs::Good {
                    ""
                } else {
                    "!"
                };
                format!("{side} {name}{good}")
            }
            SignalKind::Silence => continue,
            SignalKind::Preamble => continue,
            SignalKind::NonEcm(data) => {
                format!("{side} non-ECM {} {}", data.modem, data.octets.len())
            }
            SignalKind::Malformed { reason, .. } => format!("{side} malformed: {reason}"),
            other => format!("{side} {other:?}"),
        };
        match words.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => words.push((word, 1)),
        }
    }
    words
        .into_iter()
        .map(|(word, count)| {
            if count > 1 {
                format!("{word} *{count}")
            } else {
                word
            }
        })
        .collect()
}

fn show(file: &str, ports: &[u16]) -> Vec<String> {
    let directions = directions(file, ports);
    for direction in &directions {
        let stats = &direction.stats;
        println!(
            "{file}: {} packets, {} repeats, {} reordered, lost {} recovered {}, depth {}/{}, fec {}, {:?}, undecodable {}, restarts {:?}, stalls {}",
            stats.packets,
            stats.repeats,
            stats.reordered,
            stats.lost,
            stats.recovered,
            stats.depth_control,
            stats.depth_image,
            stats.fec_packets,
            stats.encoding,
            stats.undecodable,
            stats.restarts,
            stats.stalls.len(),
        );
    }
    let story = story(&directions);
    println!("{}", story.join("\n"));
    story
}

#[test]
fn nat() {
    show("fax_t38_sip_ecm_ppr_nat.pcap", &[4545, 5004]);
}

#[test]
fn nse() {
    show("fax_t38_cisco_nse_sip_ogw.pcapng", &[16390]);
    show("fax_t38_cisco_nse_sip_tgw_snap512.pcapng", &[16390]);
}

#[test]
fn h323() {
    show("fax_t38_h323_ogw.pcapng", &[16384]);
    show("fax_t38_h323_tgw.pcapng", &[16384]);
}

#[test]
fn malformed() {
    show("fax_t38_media_only_malformed_ast2016003_crash.pcap", &[2]);
}

#[test]
fn rejected_has_no_t38() {
    let _ = show("fax_t38_rejected_488_trimmed_ndpi.pcap", &[]);
}
