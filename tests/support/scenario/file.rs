//! Frames as a pcap file; as pcapng where the recorder counted what it dropped.

use super::capture::Frame;
use super::script::Script;
use super::text::number;

/// Second 0 of every scenario.
const START: u64 = 1_700_000_000;

/// The file.
pub(crate) fn write(script: &Script, frames: &[Frame]) -> Vec<u8> {
    let setting = |wanted: &str| {
        let found = script.changes.iter().rev().find(|(verb, _)| verb == wanted);
        found.map(|(_, words)| number(words.need(0, "number")) as u32)
    };
    let snap = setting("snap").unwrap_or(65_535);
    match setting("drops") {
        Some(drops) => pcapng(frames, snap, drops),
        None => pcap(frames, snap),
    }
}

fn micros(at: f64) -> u64 {
    START * 1_000_000 + (at * 1e6).round() as u64
}

fn pcap(frames: &[Frame], snap: u32) -> Vec<u8> {
    let mut out = 0xA1B2_C3D4_u32.to_le_bytes().to_vec();
    for word in [0x0004_0002, 0, 0, snap, 1] {
        out.extend(u32::to_le_bytes(word));
    }
    for frame in frames {
        let at = micros(frame.at);
        let words = [
            at / 1_000_000,
            at % 1_000_000,
            frame.octets.len() as u64,
            frame.wire as u64,
        ];
        out.extend(words.iter().flat_map(|word| (*word as u32).to_le_bytes()));
        out.extend(&frame.octets);
    }
    out
}

fn pcapng(frames: &[Frame], snap: u32, drops: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut section = 0x1A2B_3C4D_u32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend([0xFF; 8]);
    block(&mut out, 0x0A0D_0D0A, &section);
    let mut interface = vec![1, 0, 0, 0];
    interface.extend(snap.to_le_bytes());
    block(&mut out, 1, &interface);
    for frame in frames {
        let at = micros(frame.at);
        let words = [
            0,
            at >> 32,
            at & 0xFFFF_FFFF,
            frame.octets.len() as u64,
            frame.wire as u64,
        ];
        let mut body: Vec<u8> = words
            .iter()
            .flat_map(|word| (*word as u32).to_le_bytes())
            .collect();
        body.extend(&frame.octets);
        block(&mut out, 6, &body);
    }
    // Interface statistics: isb_ifdrop (option 5), end of options.
    let at = micros(frames.last().map_or(0.0, |frame| frame.at));
    let mut body: Vec<u8> = [0, at >> 32, at & 0xFFFF_FFFF]
        .iter()
        .flat_map(|word| (*word as u32).to_le_bytes())
        .collect();
    body.extend([5, 0, 8, 0]);
    body.extend(u64::from(drops).to_le_bytes());
    body.extend([0, 0, 0, 0]);
    block(&mut out, 5, &body);
    out
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let size = (body.len().next_multiple_of(4) + 12) as u32;
    out.extend(kind.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(body);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend(size.to_le_bytes());
}
