//! Packets that were recorded twice: by a mirror of both ports, on a bridge and its VLAN, with `-i any`.
//!
//! A copy has the same IP identification, the same endpoints and the same content, and comes at once. A sender
//! that repeats a packet on purpose (T.38 gateways do, SIP does) gives it a new identification or waits longer.
//! Many senders give none (0, as IPv6 has none): then a copy comes sooner, or has one hop less to go, as what a host
//! forwards from one of its interfaces to another.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use super::Timestamp;
use super::ip::{Identity, IpPacket};

/// Rule `cap-duplicate-frames`: a copy comes within this time.
const WINDOW_NS: u64 = 5_000_000;

/// The same where the identification says nothing (0, or IPv6), with the same hop count.
const WINDOW_UNIDENTIFIED_NS: u64 = 1_000_000;

/// The same with a hop count that is one apart: no sender repeats a packet so.
const WINDOW_FORWARDED_NS: u64 = 20_000_000;

/// Pairs of packets remembered: some milliseconds of a busy gigabit link, in as little of the processor's cache as
/// possible, through which all of the capture streams at the same time.
const SLOTS: usize = 1024;

/// Times are kept in units of 1024 ns.
const TICK_BITS: u32 = 10;

/// What tells the copies of a UDP datagram from the other packets between its endpoints.
///
/// For those that keep what they saw of each flow themselves, see [`Latest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    tag: Tag,
    /// The sender numbers its packets.
    identified: bool,
}

impl Stamp {
    /// Of a packet that is no datagram of the capture.
    pub const NONE: Self = Self {
        tag: Tag(0),
        identified: false,
    };

    /// From IPv4's identification and hop count, UDP's checksum, and the first octets of the payload (RTP has its
    /// own counter there): all in the order in which they lie in the frame, the first octet the lowest.
    #[inline]
    pub(super) fn v4(identification: u16, hops: u8, checksum: u16, start: u64) -> Self {
        let identified = identification != 0;
        let numbered = u64::from(identification) << 48;
        let content = high((numbered ^ start).wrapping_mul(PRIMES.0));
        Self {
            tag: Tag::of(
                (content ^ u32::from(checksum)) | Tag::SOME,
                hops,
                identified,
            ),
            identified,
        }
    }

    /// The same for what is taken apart already.
    pub(super) fn of(ip: &IpPacket<'_>, checksum: u16, payload: &[u8]) -> Self {
        let start = payload.first_chunk().copied().map_or(0, u64::from_le_bytes);
        let checksum = checksum.swap_bytes();
        match ip.id {
            Identity::V4(id) => Self::v4(id.swap_bytes(), ip.hops, checksum, start),
            Identity::V6(label) => Self {
                identified: false,
                ..Self::v4(
                    low_half(label),
                    ip.hops,
                    checksum,
                    start ^ u64::from(label >> 16),
                )
            },
        }
    }
}

/// The last packets of one RTP stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latest {
    /// By the low bits of the sequence number: tag, and time in ticks. Streams have a packet in 10 ms or more.
    seen: [Seen; 4],
}

impl Latest {
    #[inline]
    fn place(sequence: u16) -> usize {
        usize::from(sequence) % 4
    }

    /// Remembers a packet.
    #[inline]
    pub fn add(&mut self, sequence: u16, stamp: Stamp, at: Timestamp) {
        if let Some(seen) = self.seen.get_mut(Self::place(sequence)) {
            *seen = Seen {
                tag: stamp.tag,
                ticks: ticks(at.0),
            };
        }
    }

    /// Whether this is a copy of one of them.
    pub fn is_copy(&self, sequence: u16, stamp: Stamp, at: Timestamp) -> bool {
        stamp != Stamp::NONE
            && self
                .seen
                .get(Self::place(sequence))
                .is_some_and(|seen| seen.is_again(stamp.tag, ticks(at.0), stamp.identified))
    }
}

/// Packets of the last milliseconds, as hashes.
#[derive(Debug)]
pub(super) struct Recent {
    slots: Box<[[Seen; 2]]>,
    state: FixedState,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    tag: Tag,
    /// The low half of the time: what is an hour old can look new, but then the tag differs.
    ticks: u32,
}

impl Seen {
    /// Whether a packet with this tag at this time is a copy of the one seen.
    #[inline]
    fn is_again(self, tag: Tag, ticks: u32, identified: bool) -> bool {
        let age = ticks.wrapping_sub(self.ticks);
        self.tag.is_alike(tag)
            && age.min(age.wrapping_neg()) <= window(identified, self.tag.hops_apart(tag))
    }
}

/// The half of a hash of the content that does not choose the slot; in its low bits the hop count, where the
/// identification says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    /// The bits of the hop count.
    const HOPS: u32 = 0b11;
    /// A bit that tells a tag from none.
    const SOME: u32 = 0b100;

    #[inline]
    fn of(content: u32, hops: u8, identified: bool) -> Self {
        let hops = if identified { 0 } else { u32::from(hops) };
        Self(content & !Self::HOPS | hops & Self::HOPS)
    }

    /// The same content.
    #[inline]
    const fn is_alike(self, other: Self) -> bool {
        (self.0 ^ other.0) & !Self::HOPS == 0
    }

    /// How far the hop counts are apart: 0, 1 or more.
    #[inline]
    const fn hops_apart(self, other: Self) -> u32 {
        let apart = self.0.wrapping_sub(other.0) & Self::HOPS;
        if apart == Self::HOPS { 1 } else { apart }
    }
}

/// Within how many ticks a copy comes.
#[inline]
const fn window(identified: bool, hops_apart: u32) -> u32 {
    match (identified, hops_apart) {
        (true, _) => ticks(WINDOW_NS),
        (false, 0) => ticks(WINDOW_UNIDENTIFIED_NS),
        (false, 1) => ticks(WINDOW_FORWARDED_NS),
        // Twice forwarded, or two packets.
        (false, _) => 0,
    }
}

#[inline]
const fn ticks(ns: u64) -> u32 {
    low(ns >> TICK_BITS)
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
        let (id, identified) = match ip.id {
            Identity::V4(id) => (id.into(), id != 0),
            Identity::V6(label) => (label, false),
        };
        let len = content.payload.len() as u64;
        let head = u64::from(id) << 32 | len << 8;
        // Ports and checksum are in the low 48 bits; a checksum of all the rest tells as much as a hash of it.
        let summed = id != 0 && content.ports & 0xFFFF != 0;
        let start = start(content.payload)
            .filter(|(first, _)| content.sequence == 0 && (summed || is_rtp(*first)));
        let hash = match (ip.src, ip.dst, start) {
            // Nearly all packets of a capture: few and wide steps.
            (IpAddr::V4(src), IpAddr::V4(dst), Some((first, second))) => {
                let path = u64::from(src.to_bits()) << 32 | u64::from(dst.to_bits());
                mix(path ^ first, content.ports ^ PRIMES.0)
                    ^ mix(head ^ PRIMES.1, second ^ PRIMES.0)
            }
            _ => self.hash(head, ip, content),
        };
        self.look_up(hash, at.0, ip.hops, identified)
    }

    #[inline(never)]
    fn hash(&self, head: u64, ip: &IpPacket<'_>, content: &Content<'_>) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(head);
        write_address(&mut hasher, ip.src);
        write_address(&mut hasher, ip.dst);
        hasher.write_u64(content.ports);
        hasher.write_u64(content.sequence);
        match start(content.payload).filter(|(first, _)| is_rtp(*first)) {
            Some((first, second)) => {
                hasher.write_u64(first);
                hasher.write_u64(second);
            }
            None => hasher.write(content.payload),
        }
        hasher.finish()
    }

    #[inline]
    fn look_up(&mut self, hash: u64, at: u64, hops: u8, identified: bool) -> bool {
        let (tag, ticks) = (Tag::of(high(hash), hops, identified), ticks(at));
        let index = usize::try_from(low(hash)).unwrap_or(0) % SLOTS;
        let Some([newer, older]) = self.slots.get_mut(index) else {
            return false;
        };
        // The first copy's time stays: a chain of repetitions must not keep itself alive.
        for seen in [&*newer, &*older] {
            if seen.is_again(tag, ticks, identified) {
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
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[expect(clippy::cast_possible_truncation, reason = "one half is wanted")]
const fn low(value: u64) -> u32 {
    value as u32
}

#[expect(clippy::cast_possible_truncation, reason = "one half is wanted")]
const fn low_half(value: u32) -> u16 {
    value as u16
}

const fn high(value: u64) -> u32 {
    low(value >> 32)
}

/// The first sixteen octets.
#[inline]
fn start(payload: &[u8]) -> Option<(u64, u64)> {
    let (start, _) = payload.split_first_chunk::<16>()?;
    let (first, second) = start.split_first_chunk::<8>()?;
    Some((
        u64::from_be_bytes(*first),
        u64::from_be_bytes(*second.first_chunk()?),
    ))
}

/// Whether a payload begins like RTP (RFC 3550 5.1: version 2): it then carries its own counter and time in its
/// first twelve octets; comparing all of a gigabyte of voice would only cost time.
#[inline]
const fn is_rtp(first: u64) -> bool {
    first >> 62 == 2
}

fn write_address(hasher: &mut impl Hasher, address: IpAddr) {
    match address {
        IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
        IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
    }
}
