//! T.38 of the real captures against what their manifest says (`-- --nocapture` shows all that is found).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use faxflow::api::capture::{Endpoint, FrameNo, Timestamp};
use faxflow::api::line::SignalKind;
use faxflow::api::rtp::header;
use faxflow::api::t30::frame;
use faxflow::api::t38::stream::{Arrival, Assembled, Framing, assemble};
use faxflow::api::t38::udptl::{Plausibility, plausible};

#[path = "support/pcap.rs"]
mod pcap;

fn real(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures/real")
        .join(file)
}

/// Both directions of the UDP ports without the sound, told by content as the index does.
fn directions(file: &str, ports: &[u16]) -> Vec<Assembled> {
    let path = real(file);
    let mut by_source: BTreeMap<_, Vec<Arrival<'_>>> = BTreeMap::new();
    for datagram in pcap::read(&path) {
        let on_port = ports.contains(&datagram.src.port()) || ports.contains(&datagram.dst.port());
        let is_sound = plausible(&datagram.payload) == Plausibility::No
            && header::looks_like_rtp(&datagram.payload);
        if !on_port || is_sound {
            continue;
        }
        by_source.entry(datagram.src).or_default().push(Arrival {
            frame: FrameNo(datagram.frame),
            at: Timestamp(datagram.nanos),
            src: Endpoint::new(datagram.src.ip(), datagram.src.port()),
            dst: Endpoint::new(datagram.dst.ip(), datagram.dst.port()),
            payload: datagram.payload.into(),
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
                } else if hdlc.fcs == faxflow::api::line::Fcs::Good {
                    ""
                } else {
                    "!"
                };
                format!("{side} {name}{good}")
            }
            SignalKind::Silence | SignalKind::Preamble => continue,
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

/// T.30 frames and non-ECM data only, without sides: what the manifest tells.
fn steps(file: &str, ports: &[u16]) -> Vec<String> {
    show(file, ports)
        .into_iter()
        .filter(|word| !word.contains("Training") && !word.contains("Tone"))
        .map(|word| word[2..].to_owned())
        .collect()
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn reads_ecm_with_ppr_behind_nat() {
    let steps = steps("fax_t38_sip_ecm_ppr_nat.pcap", &[4545, 5004]);
    assert_eq!(
        steps.join(", "),
        "DIS, DCS, non-ECM V.29 9600 1796, CFR, FCD *256, RCP *3, PPS-NULL, PPR, FCD *6, RCP *3, PPS-NULL, MCF, \
         FCD *18, RCP *3, PPS-EOP, MCF, DCN"
    );
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn reads_cisco_nse_and_h323() {
    for (file, port, first) in [
        ("fax_t38_cisco_nse_sip_ogw.pcapng", 16390, 24),
        ("fax_t38_cisco_nse_sip_tgw_snap512.pcapng", 16390, 24),
        ("fax_t38_h323_ogw.pcapng", 16384, 16),
        ("fax_t38_h323_tgw.pcapng", 16384, 16),
    ] {
        let steps: Vec<_> = steps(file, &[port])
            .into_iter()
            // Octets after the last RCP, with a bad FCS.
            .filter(|step| !step.ends_with('!'))
            .collect();
        let training = if port == 16390 { 1858 } else { 1864 };
        assert_eq!(
            steps.join(", "),
            format!(
                "NSF, CSI, DIS, DCS, non-ECM V.29 9600 {training}, CFR, FCD *{first}, RCP *3, PPS-MPS, MCF, \
                 FCD *16, RCP *3, PPS-EOP, MCF, DCN"
            )
        );
    }
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn survives_ast_2016_003() {
    let steps = show("fax_t38_media_only_malformed_ast2016003_crash.pcap", &[2]);
    assert!(steps.iter().any(|step| step.contains("malformed")));
    assert!(steps.iter().any(|step| step.contains("FCD")));
}

/// Both rejected captures have RTP only, of which tshark makes T.38 after the offer.
#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn finds_no_t38_in_the_rejected_ones() {
    for file in [
        "fax_t38_rejected_488_megaco_b2bua_fourlegs.pcap",
        "fax_t38_rejected_488_trimmed_ndpi.pcap",
        "rtp_g711u_fax_cng_ced_v21_noSIP_a.pcap",
        "rtp_g711u_fax_cng_v21_noSIP_b.pcap",
    ] {
        let path = real(file);
        for datagram in pcap::read(&path) {
            let judged = plausible(&datagram.payload);
            assert_eq!(judged, Plausibility::No, "{file} {}", datagram.frame);
        }
    }
}
