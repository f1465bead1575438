//! Over the captures of ../shared: every frame is found, the payloads are where they are said to be.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use super::packet::Decoder;
use super::reader::Reader;
use super::store::Store;
use super::{CaptureInfo, Transport};

/// A folder of ../shared, or `None` (told) where it is absent.
fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures")
        .join(folder);
    if !path.is_dir() {
        println!("skipped: {} is absent", path.display());
        return None;
    }
    Some(path)
}

/// Reads a capture to its end; counts packets by transport.
fn read(path: &std::path::Path) -> (CaptureInfo, HashMap<&'static str, usize>) {
    let mut reader = Reader::open(path).unwrap();
    let mut store = Store::new(&reader);
    let mut decoder = Decoder::new();
    let mut counts = HashMap::new();
    let mut kept = Vec::new();
    let mut last = 0;
    while let Some(frame) = reader.next_frame().unwrap() {
        assert!(frame.no.0 > last);
        last = frame.no.0;
        decoder.decode(&frame, &mut |packet| {
            let kind = match packet.transport {
                Transport::Udp => "udp",
                Transport::Tcp { .. } => "tcp",
                Transport::Sctp => "sctp",
                Transport::Icmp { .. } => "icmp",
            };
            *counts.entry(kind).or_default() += 1;
            if packet.duplicate {
                *counts.entry("duplicate").or_default() += 1;
            }
            if packet.cut > 0 {
                *counts.entry("cut").or_default() += 1;
            }
            if kept.len() < 500 {
                kept.push((store.locate(packet).unwrap(), packet.payload.to_vec()));
            }
        });
    }
    for (place, payload) in kept {
        assert_eq!(store.fetch(place).unwrap(), payload);
    }
    let info = reader.info_mut();
    decoder.report(info, true);
    (info.clone(), counts)
}

#[test]
fn reads_every_real_capture() {
    let Some(folder) = shared("real") else { return };
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let mut seen = 0;
    for line in manifest.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (name, packets) = (columns[0], columns[7].parse::<u64>().unwrap());
        let (info, counts) = read(&folder.join(name));
        println!("{name}: {counts:?} {:?} {:?}", info.link_types, info.notes);
        assert_eq!(info.packets, packets, "{name}: {:?}", info.notes);
        seen += 1;
    }
    assert!(seen > 50);
}

#[test]
fn reads_every_synthetic_capture() {
    let Some(folder) = shared("synthetic") else {
        return;
    };
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if !path
            .extension()
            .is_some_and(|e| e == "pcap" || e == "pcapng")
        {
            continue;
        }
        let truth = fs::read_to_string(path.with_extension("json")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let (info, counts) = read(&path);
        println!(
            "{}: {counts:?} {} {}",
            path.display(),
            info.duplicate_frames,
            info.orphan_fragments
        );
        assert_eq!(
            Some(info.packets),
            truth["packets"].as_u64(),
            "{}",
            path.display()
        );
        assert_eq!(Some(info.file_pos), info.file_bytes, "{}", path.display());
        assert!(
            info.notes.is_empty(),
            "{}: {:?}",
            path.display(),
            info.notes
        );
        assert_eq!(info.orphan_fragments, 0, "{}", path.display());
        let twice = path.file_stem().is_some_and(|name| name == "cap-twice");
        let expected = if twice { info.packets / 2 } else { 0 };
        assert_eq!(info.duplicate_frames, expected, "{}", path.display());
        seen += 1;
    }
    assert!(seen > 100);
}
