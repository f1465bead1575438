//! Packets that were recorded twice: by a mirror of both ports, on a bridge and its VLAN, with `-i any`.
//!
//! A copy has the same IP identification, the same endpoints and the same content, and comes at once. A sender
//! that repeats a packet on purpose (T.38 gateways do, SIP does) gives it a new identification or waits longer.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::Timestamp;
use super::ip::{Identity, IpPacket};

/// RULES.md `cap-duplicate-frames`: a copy comes within this time.
const WINDOW_NS: u64 = 5_000_000;

/// The same where the identification says nothing (0, or IPv6): the hop count must be the same too.
const WINDOW_UNIDENTIFIED_NS: u64 = 1_000_000;

/// Pairs of packets remembered: some 5 ms of a busy gigabit link.
const SLOTS: usize = 4096;

/// Packets of the last milliseconds, as hashes.
#[derive(Debug)]
pub(super) struct Recent {
    slots: Box<[[Seen; 2]]>,
    state: FixedState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    hash: u64,
    at: u64,
}

/// What of a transport payload is compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'f> {
    /// Ports, and for TCP sequence numbers.
    pub(super) ports: u64,
    pub(super) sequence: u64,
    pub(super) payload: &'f [u8],
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![[Seen::default(); 2]; SLOTS].into_boxed_slice(),
            state: FixedState::default(),
        }
    }

    /// Whether this packet was seen just before; remembers it if not.
    #[inline]
    pub(super) fn is_copy(
        &mut self,
        at: Timestamp,
        ip: &IpPacket<'_>,
        content: &Content<'_>,
    ) -> bool {
        let mut hasher = self.state.build_hasher();
        let (id, hops, window) = match ip.id {
            Identity::V4(id @ 1..) => (id.into(), 0, WINDOW_NS),
            Identity::V4(0) => (0, ip.hops, WINDOW_UNIDENTIFIED_NS),
            Identity::V6(label) => (label, ip.hops, WINDOW_UNIDENTIFIED_NS),
        };
        // Few and wide writes: this runs for every packet of a capture.
        let len = content.payload.len() as u64;
        hasher.write_u64(u64::from(id) << 32 | len << 8 | u64::from(hops));
        match (ip.src, ip.dst) {
            (std::net::IpAddr::V4(src), std::net::IpAddr::V4(dst)) => {
                hasher.write_u64(u64::from(src.to_bits()) << 32 | u64::from(dst.to_bits()));
            }
            (src, dst) => {
                write_address(&mut hasher, src);
                write_address(&mut hasher, dst);
            }
        }
        hasher.write_u64(content.ports);
        if content.sequence != 0 {
            hasher.write_u64(content.sequence);
        }
        match rtp_start(content.payload) {
            Some((first, second)) => {
                hasher.write_u64(first);
                hasher.write_u64(second);
            }
            None => hasher.write(content.payload),
        }
        self.look_up(hasher.finish(), at.0, window)
    }

    fn look_up(&mut self, hash: u64, at: u64, window: u64) -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits choose a slot"
        )]
        let index = hash as usize % SLOTS;
        let Some(pair) = self.slots.get_mut(index) else {
            return false;
        };
        let [newer, older] = pair;
        // The first copy's time stays: a chain of repetitions must not keep itself alive.
        for seen in [&mut *newer, &mut *older] {
            if seen.hash == hash && seen.at.abs_diff(at) <= window {
                return true;
            }
        }
        *older = *newer;
        *newer = Seen { hash, at };
        false
    }
}

/// What must be the same in packets that begin like RTP (RFC 3550 5.1: version 2): they carry their own counter
/// and time in the first twelve octets; comparing all of a gigabyte of voice would only cost time.
fn rtp_start(payload: &[u8]) -> Option<(u64, u64)> {
    let (start, _) = payload.split_first_chunk::<16>()?;
    let (first, second) = start.split_first_chunk::<8>()?;
    if first.first()? >> 6 != 2 {
        return None;
    }
    Some((
        u64::from_ne_bytes(*first),
        u64::from_ne_bytes(*second.first_chunk()?),
    ))
}

fn write_address(hasher: &mut impl Hasher, address: std::net::IpAddr) {
    match address {
        std::net::IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
        std::net::IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
    }
}
