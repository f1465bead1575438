//! The audio layer against captures of known content: faxgen's (truth by spandsp's engines) and real ones
//! (`V21.json`, by spandsp's receiver).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "test helpers; the exceptions of clippy.toml cover test functions only"
)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use faxflow::api::capture::Endpoint;
use faxflow::api::line::{Fcs, SignalKind, Tone};
use faxflow::api::rtp::fax::{self, Heard};
use faxflow::api::rtp::g711::Law;
use faxflow::api::rtp::header;
use faxflow::api::rtp::sniff::{Suspicion, sniff};
use serde_json::Value;

#[path = "support/pcap_rtp.rs"]
mod pcap_rtp;
#[path = "support/shared.rs"]
mod shared;

shared::over_captures!(
    frames_are_what_the_far_end_received,
    carriers_are_those_of_the_dcs,
    voice_is_no_fax,
    a_sniff_tells_fax,
);

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
    octets.iter().fold(String::new(), |mut hex, octet| {
        write!(hex, "{octet:02x}").unwrap();
        hex
    })
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

fn frames_are_what_the_far_end_received(folder: &Path) {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (truth, capture) in shared::truths(folder) {
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
                    .unwrap_or_else(|| panic!("{}: no RTP {link}", capture.display()));
                let from_caller = link["dir"] == "caller to callee";
                let (sender, receiver) = if from_caller { (0, 1) } else { (1, 0) };
                let taken = told(&fax["ends"][receiver], "rx");
                let given = told(&fax["ends"][sender], "tx");
                let good = frames(found);
                let exact = good == taken;
                // More than the far end took is right if it was sent; less is wrong.
                let fits = is_part(&taken, &good) && is_part(&good, &given);
                if !exact {
                    eprintln!(
                        "{} {}: received {taken:?}\n   heard {good:?}\n   sent {given:?}",
                        truth["name"], link["dir"]
                    );
                }
                if !exact && !fits {
                    wrong.push(format!("{} {}", truth["name"], link["dir"]));
                }
            }
        }
    }
    let least = if folder == shared::own() { 8 } else { 30 };
    assert!(checked >= least, "{checked} directions");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn real_captures_give_every_frame() {
    let folder = shared::shared("real");
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

/// Names of the modems of the carriers heard, and the packets lost in them.
fn carriers(heard: &Heard) -> (Vec<&'static str>, u32) {
    let mut lost = 0;
    let names = heard
        .signals
        .iter()
        .filter_map(|signal| match &signal.kind {
            SignalKind::Carrier(span) => {
                lost += span.lost_packets;
                Some(span.modem.name)
            }
            _ => None,
        })
        .collect();
    (names, lost)
}

fn carriers_are_those_of_the_dcs(folder: &Path) {
    // Carriers: TCF, then pages or blocks of pages; packets lost in them.
    let cases = [
        ("audio-ok-v17-ecm", "V.17", 2, 0),
        ("audio-ok-v17-nonecm", "V.17", 2, 0),
        ("audio-ok-v29", "V.29", 2, 0),
        ("audio-ok-v27-ecm", "V.27ter", 2, 0),
        ("audio-ok-2page", "V.17", 3, 0),
        ("audio-loss3-ecm", "V.17", 3, 8),
        ("audio-loss2-nonecm", "V.17", 2, 12),
    ];
    let mut checked = 0;
    for (name, modem, count, lost) in cases {
        let path = folder.join(name).with_extension("pcap");
        // Of the repository's captures only some are such faxes.
        if folder == shared::own() && !path.exists() {
            continue;
        }
        checked += 1;
        let heard = listen(&path);
        let sides: Vec<(Vec<&str>, u32)> = heard.values().map(carriers).collect();
        // 192.0.2.10, the caller, sorts first.
        assert_eq!(sides[0], (vec![modem; count], lost), "{name}");
        assert_eq!(sides[1], (vec![], 0), "{name}");
    }
    assert!(checked >= 2, "{checked} captures");
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn echoes_are_dropped_and_nothing_else() {
    let folder = shared::shared("real");
    for name in json(&folder.join("V21.json"))["captures"]
        .as_object()
        .unwrap()
        .keys()
    {
        let mut heard = listen(&folder.join(name));
        let directions: Vec<(Endpoint, Endpoint)> = heard.keys().copied().collect();
        for (src, dst) in directions {
            let Some(mut other) = heard.remove(&(dst, src)) else {
                continue;
            };
            let Some(mut one) = heard.remove(&(src, dst)) else {
                continue;
            };
            let before = (frames(&one), frames(&other));
            fax::drop_echoes(&mut one, &mut other);
            assert_eq!((frames(&one), frames(&other)), before, "{name}");
        }
    }
}

fn voice_is_no_fax(folder: &Path) {
    for (direction, heard) in listen(&folder.join("voice-dtmf.pcap")) {
        assert_eq!(heard, Heard::default(), "{direction:?}");
    }
    let modem = listen(&folder.join("voice-modem-tone.pcap"));
    assert!(modem.values().all(|heard| !heard.is_fax));
    let tones: Vec<_> = modem.values().flat_map(|heard| &heard.signals).collect();
    assert_eq!(tones.len(), 1);
    assert_eq!(tones[0].kind, SignalKind::Tone(Tone::Ced));
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn real_voice_is_no_fax() {
    let folder = shared::shared("real");
    for name in [
        "sip_g711_voice_vega_ata_401_sll.pcap",
        "sip_rtp_g711.pcap",
        "sip_adsl_phone_call.pcap",
        "sip_magicjack_short_call.pcap",
        "sip_tcp_prack_early_offer_183.pcapng",
        "sip_subscribe_notify_multi_ssrc.pcap",
        "rtp_crash_ast2017012.pcap",
    ] {
        for (direction, heard) in listen(&folder.join(name)) {
            assert_eq!(heard, Heard::default(), "{name} {direction:?}");
        }
    }
}

/// Looks at one packet in half a second of both directions, as the index pass does.
fn is_suspect(path: &Path) -> bool {
    pcap_rtp::read(path).into_values().any(|arrivals| {
        let mut suspicion = Suspicion::default();
        for arrival in arrivals.iter().step_by(25) {
            let rtp = header::parse(&arrival.payload).unwrap();
            let codec = header::static_codec(rtp.payload_type).unwrap_or_default();
            if let Some(law) = Law::of_codec(codec) {
                suspicion.add(sniff(rtp.payload, law));
            }
        }
        suspicion.may_be_fax()
    })
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
fn a_sniff_tells_real_fax_from_voice() {
    let folder = shared::shared("real");
    for name in json(&folder.join("V21.json"))["captures"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(is_suspect(&folder.join(name)), "{name}");
    }
    for name in [
        "sip_g711_voice_vega_ata_401_sll.pcap",
        "sip_rtp_g711.pcap",
        "sip_adsl_phone_call.pcap",
        "sip_subscribe_notify_multi_ssrc.pcap",
    ] {
        assert!(!is_suspect(&folder.join(name)), "{name}");
    }
}

fn a_sniff_tells_fax(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_capture = path
            .extension()
            .is_some_and(|extension| extension == "pcap");
        if is_capture && (name.starts_with("audio-") || name.starts_with("gw-")) {
            assert!(is_suspect(&path), "{name}");
        }
    }
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
