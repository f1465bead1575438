//! RTP out of pcap and pcapng files, for tests of the audio layer alone: UDP over IPv4 over Ethernet (VLAN too),
//! Linux cooked, or nothing. Not the product's reader: no fragments, no IPv6, no damage.

use std::collections::BTreeMap;
use std::path::Path;

use faxflow::api::capture::{Endpoint, FrameNo, Timestamp};
use faxflow::api::rtp::{RtpArrival, header};

/// RTP packets by direction (source, destination), in order of time.
pub(crate) fn read(path: &Path) -> BTreeMap<(Endpoint, Endpoint), Vec<RtpArrival>> {
    let mut streams: BTreeMap<_, Vec<RtpArrival>> = BTreeMap::new();
    for arrival in frames(&std::fs::read(path).unwrap()) {
        if header::looks_like_rtp(&arrival.payload) {
            streams
                .entry((arrival.src, arrival.dst))
                .or_default()
                .push(arrival);
        }
    }
    streams
}

fn frames(file: &[u8]) -> Vec<RtpArrival> {
    if file.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]) {
        pcapng(file)
    } else {
        pcap(file)
    }
}

fn word(octets: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(octets[place..place + 4].try_into().unwrap())
}

fn pcap(file: &[u8]) -> Vec<RtpArrival> {
    let nanoseconds = match word(file, 0) {
        0xA1B2_C3D4 => 1000,
        0xA1B2_3C4D => 1,
        other => panic!("no little-endian pcap: {other:08x}"),
    };
    let link = word(file, 20);
    let (mut place, mut number, mut found) = (24, 0, Vec::new());
    while place + 16 <= file.len() {
        let (kept, wire) = (word(file, place + 8), word(file, place + 12));
        let at = u64::from(word(file, place)) * 1_000_000_000
            + u64::from(word(file, place + 4)) * nanoseconds;
        let start = place + 16;
        let end = (start + kept as usize).min(file.len());
        number += 1;
        found.extend(udp(number, at, link, &file[start..end], wire - kept));
        place = end;
    }
    found
}

fn pcapng(file: &[u8]) -> Vec<RtpArrival> {
    let (mut place, mut number, mut found) = (0, 0, Vec::new());
    let mut interfaces = Vec::new();
    while place + 12 <= file.len() {
        let (kind, len) = (word(file, place), word(file, place + 4) as usize);
        let body = &file[place + 8..place + len - 4];
        match kind {
            1 => interfaces.push((word(body, 0) & 0xFFFF, tick(&body[8..]))),
            6 => {
                number += 1;
                let (link, tick) = interfaces[word(body, 0) as usize];
                let ticks = u64::from(word(body, 4)) << 32 | u64::from(word(body, 8));
                let (kept, wire) = (word(body, 12), word(body, 16));
                let frame = &body[20..20 + kept as usize];
                found.extend(udp(number, ticks * tick, link, frame, wire - kept));
            }
            _ => {}
        }
        place += len;
    }
    found
}

/// Nanoseconds of one tick of the interface (`if_tsresol`, decimal ones).
fn tick(mut options: &[u8]) -> u64 {
    while options.len() >= 4 {
        let code = u16::from_le_bytes([options[0], options[1]]);
        let len = usize::from(u16::from_le_bytes([options[2], options[3]]));
        if code == 9 {
            return 10u64.pow(9 - u32::from(options[4]));
        }
        options = &options[(4 + len.next_multiple_of(4)).min(options.len())..];
    }
    1000
}

fn udp(number: u32, at: u64, link: u32, frame: &[u8], cut: u32) -> Option<RtpArrival> {
    let mut ip = match link {
        1 => {
            let mut place = 12;
            while matches!(frame.get(place..place + 2)?, [0x81, 0] | [0x88, 0xA8]) {
                place += 4;
            }
            (frame[place..place + 2] == [8, 0]).then(|| &frame[place + 2..])?
        }
        113 => frame.get(16..)?,
        101 | 228 | 12 => frame,
        other => panic!("link type {other}"),
    };
    let header = usize::from(ip.first()? & 0x0F) * 4;
    if ip.first()? >> 4 != 4 || *ip.get(9)? != 17 || ip.get(6)? & 0x3F != 0 || ip.get(7) != Some(&0)
    {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    ip = &ip[..total.min(ip.len())];
    let endpoint = |address: usize, port: usize| {
        let octets: [u8; 4] = ip[address..address + 4].try_into().unwrap();
        let port = u16::from_be_bytes([ip[header + port], ip[header + port + 1]]);
        Endpoint::new(octets.into(), port)
    };
    let payload = ip.get(header + 8..)?.to_vec();
    Some(RtpArrival {
        frame: FrameNo(number),
        at: Timestamp(at),
        src: endpoint(12, 0),
        dst: endpoint(16, 2),
        payload,
        cut,
    })
}
