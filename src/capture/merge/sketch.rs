//! What tells one packet from all others, on whichever host it was captured.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use crate::capture::ip::{self, Identity, IpPacket, protocol};
use crate::capture::reader::{Frame, Reader};
use crate::capture::udp::UDP_HEADER;
use crate::capture::{Endpoint, Error, Timestamp, link};

/// Octets of a payload that are compared.
const COMPARED: usize = 256;
/// Payloads that are shorter say little: keep-alives, indicators.
const SHORTEST: usize = 16;
/// Packets remembered of all files together, and of one at least and at most.
const PRINTS_ALL: usize = 1 << 19;
const PRINTS_FEWEST: usize = 1 << 10;
const PRINTS_MOST: usize = 1 << 15;

/// A packet that can be found again in the capture of another host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Of what stays the same on the way, a NAT included.
    pub(super) tag: u64,
    /// Sender and receiver.
    pub(super) src: Endpoint,
    pub(super) dst: Endpoint,
    /// Enough is in it that no other packet is the same.
    tells: bool,
}

impl Seen {
    /// Of the packet between the same endpoints.
    pub(super) fn on_its_way(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write_u64(self.tag);
        write_end(&mut hasher, self.src);
        write_end(&mut hasher, self.dst);
        hasher.finish()
    }
}

fn write_end(hasher: &mut impl Hasher, end: Endpoint) {
    match end.addr {
        IpAddr::V4(addr) => hasher.write_u32(addr.to_bits()),
        IpAddr::V6(addr) => hasher.write_u128(addr.to_bits()),
    }
    hasher.write_u16(end.port);
}

/// The packet of a frame. `None`: none that could be told from others.
pub(super) fn packet(frame: &Frame<'_>) -> Option<Seen> {
    let ip = ip::packet(link::ip_packet(frame.link, frame.data)?)?;
    let (ports, number, payload) = inside(&ip)?;
    if payload.is_empty() {
        return None;
    }
    let is_same = payload.iter().all(|octet| Some(octet) == payload.first());
    let (src, dst) = (
        Endpoint::new(ip.src, ports.0),
        Endpoint::new(ip.dst, ports.1),
    );
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u8(ip.protocol);
    hasher.write_u32(number);
    match ip.id {
        Identity::V4(id @ 1..) => hasher.write_u16(id),
        // The sender does not number its packets: content and ends must do.
        Identity::V4(0) | Identity::V6(_) => {
            write_end(&mut hasher, src);
            write_end(&mut hasher, dst);
        }
    }
    hasher.write_usize(payload.len());
    hasher.write(payload.get(..COMPARED).unwrap_or(payload));
    Some(Seen {
        tag: hasher.finish(),
        src,
        dst,
        tells: payload.len() >= SHORTEST && !is_same,
    })
}

/// Ports, a number that the sender counts on, and what is carried. What hosts on the way change is left out.
fn inside<'f>(ip: &IpPacket<'f>) -> Option<((u16, u16), u32, &'f [u8])> {
    if let Some(fragment) = ip.fragment {
        return Some(((0, 0), fragment.offset, ip.payload));
    }
    let (&[s0, s1, d0, d1], rest) = ip.payload.split_first_chunk()?;
    let ports = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
    match ip.protocol {
        protocol::UDP => Some((ports, 0, ip.payload.get(UDP_HEADER..)?)),
        protocol::TCP => {
            let (&number, _) = rest.split_first_chunk()?;
            let header = usize::from(ip.payload.get(12)? >> 4) * 4;
            Some((ports, u32::from_be_bytes(number), ip.payload.get(header..)?))
        }
        _ => None,
    }
}

/// When a packet was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    pub(super) at: Timestamp,
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    /// More than once in one file: which of them another file has, nobody knows.
    again: bool,
}

/// Some packets of a capture: those whose tags are the lowest, so that two captures have the same ones.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    seen: BTreeMap<u64, Sighting>,
    /// Up to which tag there was room.
    limit: Option<u64>,
}

impl Sketch {
    /// Reads a capture for it.
    pub(super) fn of(mut reader: Reader, most: usize) -> Result<Self, Error> {
        let mut sketch = Self::default();
        while let Some(frame) = reader.next_frame()? {
            let at = frame.at;
            if let Some(seen) = packet(&frame).filter(|seen| seen.tells) {
                sketch.add(seen, at, most);
            }
        }
        Ok(sketch)
    }

    fn add(&mut self, seen: Seen, at: Timestamp, most: usize) {
        let full = self.seen.len() >= most;
        if full
            && self
                .seen
                .last_key_value()
                .is_some_and(|(last, _)| *last < seen.tag)
        {
            return;
        }
        let sighting = Sighting {
            at,
            src: seen.src.addr,
            dst: seen.dst.addr,
            again: false,
        };
        let known = self.seen.entry(seen.tag).or_insert(sighting);
        // A mirror records a packet twice at once.
        known.again |= at.seconds_since(known.at).abs() > MIRRORED;
        if self.seen.len() > most {
            self.seen.pop_last();
            self.limit = self.seen.last_key_value().map(|(last, _)| *last);
        }
    }

    /// All that were seen once.
    pub(super) fn sightings(&self) -> impl Iterator<Item = (u64, Sighting)> + '_ {
        let all = self.seen.iter().filter(|(_, one)| !one.again);
        all.map(|(tag, one)| (*tag, *one))
    }

    /// Takes in the packets of another file of the same host.
    pub(super) fn join(&mut self, other: Self) {
        for (tag, one) in other.seen {
            self.seen.entry(tag).or_insert(one);
        }
        self.limit = self.limit.into_iter().chain(other.limit).min();
    }
}

/// Copies that a mirror makes of a packet come within this time, seconds.
const MIRRORED: f64 = 0.005;

/// How many packets are remembered of each of so many files.
pub(super) fn most_of(files: usize) -> usize {
    (PRINTS_ALL / files.max(1)).clamp(PRINTS_FEWEST, PRINTS_MOST)
}

/// When the first host saw a packet, and how many nanoseconds later it was by the clock of the second.
pub(super) type Ahead = (Timestamp, i64);

/// What two hosts saw: when by the first, and by how much the clock of the second is ahead, by way and direction.
#[derive(Debug, Default)]
pub(super) struct InCommon {
    pub(super) ways: HashMap<(IpAddr, IpAddr), [Vec<Ahead>; 2]>,
    pub(super) packets: usize,
}

impl InCommon {
    /// A sender may repeat a packet to the bit, and two files of one host then have it: only where two captures share a
    /// good part of what went one way, both saw it.
    pub(super) fn of(one: &Sketch, other: &Sketch) -> Self {
        let mut found: HashMap<(IpAddr, IpAddr), Vec<Ahead>> = HashMap::new();
        for (tag, here) in one.sightings() {
            let Some(there) = other.seen.get(&tag).filter(|there| !there.again) else {
                continue;
            };
            let ahead = (there.at.0.cast_signed()).saturating_sub(here.at.0.cast_signed());
            let way = found.entry((here.src, here.dst)).or_default();
            way.push((here.at, ahead));
        }
        let mut common = Self::default();
        for ((src, dst), mut seen) in found {
            seen.sort_unstable();
            if !shares(one, other, (src, dst), &seen) {
                continue;
            }
            common.packets += seen.len();
            let [up, down] = common.ways.entry((src.min(dst), src.max(dst))).or_default();
            *(if src <= dst { up } else { down }) = seen;
        }
        common
    }
}

/// The part of the packets of a way that both captures have, where both saw it: one in so many.
const SHARED_PART: usize = 3;
/// How much more of each capture is looked at, before and after, nanoseconds.
const AROUND: u64 = 1_000_000_000;

/// Whether two captures share a good part of what went one way between the first and the last packet that both have.
fn shares(one: &Sketch, other: &Sketch, way: (IpAddr, IpAddr), seen: &[Ahead]) -> bool {
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else {
        return false;
    };
    // Only tags that both had room for.
    let limit = |sketch: &Sketch| sketch.limit.unwrap_or(u64::MAX);
    let limit = limit(one).min(limit(other));
    let by = |point: &Ahead, own: bool| {
        let ahead = if own { 0 } else { point.1 };
        point.0.0.saturating_add_signed(ahead)
    };
    let count = |sketch: &Sketch, own: bool| {
        let from = by(first, own).saturating_sub(AROUND);
        let to = by(last, own).saturating_add(AROUND);
        let all = sketch.seen.range(..=limit).map(|(_, one)| one);
        all.filter(|one| (one.src, one.dst) == way && !one.again)
            .filter(|one| (from..=to).contains(&one.at.0))
            .count()
    };
    let fewer = count(one, true).min(count(other, false));
    seen.len() * SHARED_PART >= fewer
}
