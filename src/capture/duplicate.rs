//! Packets that were recorded twice: by a mirror of both ports, on a bridge and its VLAN, with `-i any`.
//!
//! A copy has the same IP identification, the same endpoints and the same content, and comes at once. A sender
//! that repeats a packet on purpose (T.38 gateways do, SIP does) gives it a new identification or waits longer.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use super::Timestamp;
use super::ip::{Identity, IpPacket};

/// RULES.md `cap-duplicate-frames`: a copy comes within this time.
const WINDOW_NS: u64 = 5_000_000;

/// The same where the identification says nothing (0, or IPv6): the hop count must be the same too.
const WINDOW_UNIDENTIFIED_NS: u64 = 1_000_000;

/// Pairs of packets remembered: some milliseconds of a busy gigabit link, in as little of the processor's cache as
/// possible, through which all of the capture streams at the same time.
const SLOTS: usize = 1024;

/// Times are kept in units of 1024 ns.
const TICK_BITS: u32 = 10;

/// Packets of the last milliseconds, as hashes.
#[derive(Debug)]
pub(super) struct Recent {
    slots: Box<[[Seen; 2]]>,
    state: FixedState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The half of the hash that does not choose the slot.
    tag: u32,
    /// The low half of the time: what is an hour old can look new, but then the tag differs.
    ticks: u32,
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
    #[expect(
        clippy::inline_always,
        reason = "every packet of a capture takes this way"
    )]
    #[inline(always)]
    pub(super) fn is_copy(
        &mut self,
        at: Timestamp,
        ip: &IpPacket<'_>,
        content: &Content<'_>,
    ) -> bool {
        let (id, hops, window) = match ip.id {
            Identity::V4(id @ 1..) => (id.into(), 0, WINDOW_NS),
            Identity::V4(0) => (0, ip.hops, WINDOW_UNIDENTIFIED_NS),
            Identity::V6(label) => (label, ip.hops, WINDOW_UNIDENTIFIED_NS),
        };
        let len = content.payload.len() as u64;
        let head = u64::from(id) << 32 | len << 8 | u64::from(hops);
        let start = rtp_start(content.payload).filter(|_| content.sequence == 0);
        let hash = match (ip.src, ip.dst, start) {
            // Nearly all packets of a capture: few and wide steps.
            (IpAddr::V4(src), IpAddr::V4(dst), Some((first, second))) => {
                let path = u64::from(src.to_bits()) << 32 | u64::from(dst.to_bits());
                mix(path ^ first, content.ports ^ PRIMES.0) ^ mix(head ^ PRIMES.1, second)
            }
            _ => self.hash(head, ip, content),
        };
        self.look_up(hash, at.0, window)
    }

    #[inline(never)]
    fn hash(&self, head: u64, ip: &IpPacket<'_>, content: &Content<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(head);
        write_address(&mut hasher, ip.src);
        write_address(&mut hasher, ip.dst);
        hasher.write_u64(content.ports);
        hasher.write_u64(content.sequence);
        match rtp_start(content.payload) {
            Some((first, second)) => {
                hasher.write_u64(first);
                hasher.write_u64(second);
            }
            None => hasher.write(content.payload),
        }
        hasher.finish()
    }

    #[inline]
    fn look_up(&mut self, hash: u64, at: u64, window: u64) -> bool {
        let (tag, ticks, window) = (high(hash), low(at >> TICK_BITS), low(window >> TICK_BITS));
        let index = usize::try_from(low(hash)).unwrap_or(0) % SLOTS;
        let Some([newer, older]) = self.slots.get_mut(index) else {
            return false;
        };
        // The first copy's time stays: a chain of repetitions must not keep itself alive.
        for seen in [&*newer, &*older] {
            let age = ticks.wrapping_sub(seen.ticks);
            if seen.tag == tag && age.min(age.wrapping_neg()) <= window {
                return true;
            }
        }
        *older = *newer;
        *newer = Seen { tag, ticks };
        false
    }
}

/// Odd numbers without a pattern, so that no field of zeros makes a product of zero.
const PRIMES: (u64, u64) = (0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03);

/// Both halves of a product: every bit of both numbers counts.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other | 1);
    product as u64 ^ (product >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "one half is wanted")]
const fn low(value: u64) -> u32 {
    value as u32
}

const fn high(value: u64) -> u32 {
    low(value >> 32)
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

fn write_address(hasher: &mut impl Hasher, address: IpAddr) {
    match address {
        IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
        IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
    }
}
