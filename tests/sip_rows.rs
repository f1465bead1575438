//! The addresses of SIP rows against those of their frames, over the captures of ../shared.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail by panic"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

#[path = "support/json.rs"]
mod json;
#[path = "support/shared.rs"]
mod shared;

use json::{bare, flow, list, text};

/// Source and destination of UDP over IPv4 and IPv6 by frame, for plain pcap files with Ethernet, SLL or raw IP.
fn addresses(capture: &Path) -> BTreeMap<u64, (String, String)> {
    let octets = std::fs::read(capture).unwrap();
    let mut out = BTreeMap::new();
    let Some(header) = octets
        .get(..24)
        .filter(|header| header.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]))
    else {
        return out;
    };
    let ip_at = match u32::from_le_bytes(header[20..24].try_into().unwrap()) {
        1 => 14,
        113 => 16,
        101 => 0,
        _ => return out,
    };
    let mut rest = &octets[24..];
    let mut frame = 0;
    while rest.len() >= 16 {
        let length = usize::try_from(u32::from_le_bytes(rest[8..12].try_into().unwrap())).unwrap();
        let Some(packet) = rest.get(16..16 + length) else {
            break;
        };
        rest = &rest[16 + length..];
        frame += 1;
        if let Some(ends) = packet.get(ip_at..).and_then(ends) {
            out.insert(frame, ends);
        }
    }
    out
}

fn ends(ip: &[u8]) -> Option<(String, String)> {
    let (source, destination, udp) = match ip.first()? >> 4 {
        4 if ip.get(9) == Some(&17) && ip.get(6)?.trailing_zeros() >= 6 && *ip.get(7)? == 0 => {
            let head = usize::from(ip[0] & 15) * 4;
            let addr = |at: usize| -> Option<String> {
                let octets: [u8; 4] = ip.get(at..at + 4)?.try_into().ok()?;
                Some(std::net::Ipv4Addr::from(octets).to_string())
            };
            (addr(12)?, addr(16)?, ip.get(head..)?)
        }
        6 if ip.get(6) == Some(&17) => {
            let addr = |at: usize| -> Option<String> {
                let octets: [u8; 16] = ip.get(at..at + 16)?.try_into().ok()?;
                Some(std::net::Ipv6Addr::from(octets).to_string())
            };
            (addr(8)?, addr(24)?, ip.get(40..)?)
        }
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes(udp.get(at..at + 2)?.try_into().ok()?));
    // What lies inside of GTP-U or HEP has addresses of its own, which this plain reading does not know.
    if [2152, 9060].contains(&port(2)?) {
        return None;
    }
    Some((
        format!("{source}:{}", port(0)?),
        format!("{destination}:{}", port(2)?),
    ))
}

#[test]
#[cfg_attr(not(shared_captures), ignore = "needs ../shared/captures")]
fn sip_rows_have_the_addresses_of_their_frames() {
    let mut wrong = String::new();
    let mut rows = 0;
    for directory in ["paths", "real", "reports"] {
        let directory = shared::shared(directory);
        let entries = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        for capture in entries.filter(|path| path.extension().is_some_and(|end| end == "pcap")) {
            let frames = addresses(&capture);
            if frames.is_empty() {
                continue;
            }
            for call in flow(&capture) {
                let sip = list(&call["messages"])
                    .iter()
                    .filter(|one| one["layer"] == "sip" && one["observed"] == true);
                for one in sip {
                    let Some((source, destination)) =
                        one["frame"].as_u64().and_then(|frame| frames.get(&frame))
                    else {
                        continue;
                    };
                    rows += 1;
                    let (src, dst) = (bare(text(&one["src"])), bare(text(&one["dst"])));
                    if (&src, &dst) != (source, destination) {
                        let _ = writeln!(
                            wrong,
                            "{} frame {}: {src} to {dst}, not {source} to {destination}",
                            capture.display(),
                            one["frame"]
                        );
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(rows > 1000, "only {rows} rows");
}
