//! Captures changed in their structure: framing that stays valid around lengths, numbers and contents that lie.
//!
//! Only pcap files in little-endian order, as nearly all captures of the tests are; others are left as they are.

use super::Random;

/// A record: its header, with the captured length kept in step, and its data.
#[derive(Clone)]
struct Record {
    header: [u8; 16],
    data: Vec<u8>,
}

/// The values at which limits lie.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0x81, 0xc0, 0xfe, 0xff];

/// Changes a few things of a capture. False: it is of no form that is known here.
pub(crate) fn restructure(octets: &mut Vec<u8>, random: &mut Random) -> bool {
    if !octets.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) || octets.len() < 40 {
        return false;
    }
    let mut records = split(&octets[24..]);
    for _ in 0..=random.below(8) {
        if records.is_empty() {
            break;
        }
        change(&mut records, random);
    }
    octets.truncate(24);
    for mut record in records {
        let captured = u32::try_from(record.data.len()).unwrap();
        record.header[8..12].copy_from_slice(&captured.to_le_bytes());
        octets.extend(record.header);
        octets.extend(record.data);
    }
    true
}

fn split(mut rest: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((header, data)) = rest.split_first_chunk::<16>() {
        let len = u32::from_le_bytes(header[8..12].try_into().unwrap());
        let Some((data, after)) = data.split_at_checked(usize::try_from(len).unwrap()) else {
            break;
        };
        records.push(Record {
            header: *header,
            data: data.to_vec(),
        });
        rest = after;
    }
    records
}

fn change(records: &mut Vec<Record>, random: &mut Random) {
    let (one, other) = (random.below(records.len()), random.below(records.len()));
    match random.below(12) {
        0 => records.swap(one, other),
        1 => {
            let again = records[one].clone();
            records.insert(other, again);
        }
        2 => {
            let range = random.range(records.len(), 20);
            records.drain(range);
        }
        3 => {
            let range = random.range(records.len(), 50);
            let block = records[range].to_vec();
            records.splice(other..other, block);
        }
        // Cut by a snap length, or claimed to have been longer.
        4 => {
            let keep = random.below(records[one].data.len() + 1);
            records[one].data.truncate(keep);
        }
        5 => {
            let snap = random.below(200);
            for record in records.iter_mut() {
                record.data.truncate(snap.max(20));
            }
        }
        // The time: another second, far away, or none.
        6 => {
            let edge = EDGES[random.below(EDGES.len())];
            let at = random.below(8);
            records[one].header[at] = edge;
        }
        // Content of another frame behind these headers, at some depth.
        7 => {
            let depth = random.below(80);
            let tail = records[other]
                .data
                .get(depth..)
                .unwrap_or_default()
                .to_vec();
            records[one].data.truncate(depth);
            records[one].data.extend(tail);
        }
        // A field of a header or of the protocol inside at an edge: lengths, types, numbers, flags.
        8 | 9 => {
            let len = records[one].data.len();
            if len > 0 {
                let first = random.below(len.min(70));
                let count = 1 + random.below(4);
                for octet in records[one].data.iter_mut().skip(first).take(count) {
                    *octet = EDGES[random.below(EDGES.len())];
                }
            }
        }
        // The same field in all frames of that size.
        10 => {
            let len = records[one].data.len();
            let at = random.below(len.min(80));
            let edge = EDGES[random.below(EDGES.len())];
            for record in records.iter_mut().filter(|record| record.data.len() == len) {
                if let Some(octet) = record.data.get_mut(at) {
                    *octet = edge;
                }
            }
        }
        // More of the same: a field or line over and over.
        _ => {
            let data = &mut records[one].data;
            let range = random.range(data.len(), 60);
            let times = 1 + random.below(200);
            let block = data[range.clone()].repeat(times);
            let room = 60_000_usize.saturating_sub(data.len());
            data.splice(range.start..range.start, block.into_iter().take(room));
        }
    }
}
