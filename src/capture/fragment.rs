//! IP fragments put together: in any order, overlapping or doubled, within limits.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use foldhash::fast::FixedState;

use super::ip::{Fragment, IpPacket, protocol, udp_header};
use super::udp::UDP_HEADER;
use super::{Endpoint, FrameNo, Timestamp};

/// Datagrams that are put together at a time.
const DATAGRAMS_MAX: usize = 1024;

/// Octets held by all of them.
const HELD_MAX: usize = 8 * 1024 * 1024;

/// RFC 791 and RFC 8200: fragments wait at most this long for their siblings.
const AGE_MAX_NS: u64 = 30_000_000_000;

/// Late copies of fragments are known as such for this long.
const FINISHED_NS: u64 = 1_000_000_000;

/// The longest datagram.
const DATAGRAM_MAX: usize = 65_535;

/// Pieces of a datagram kept apart: hostile ones only, real ones have two or three.
const PIECES_MAX: usize = 256;

/// Incomplete datagrams of which the beginning is kept until it is asked for.
const LOST_MAX: usize = 2000;

/// Octets of the beginning of one: a first fragment is hardly longer.
const LOST_HEAD: usize = 2048;

/// A UDP datagram of which only the first fragment came: what of its payload is there says whose it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// Frame of the first fragment.
    pub frame: FrameNo,
    /// Its time.
    pub at: Timestamp,
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// Octets of the payload by the UDP header.
    pub octets: u32,
    /// Octets of the IP payload of the first fragment: what passes here.
    pub fragment: u32,
    /// The payload as far as the first fragment has it.
    pub head: Vec<u8>,
}

/// Fragments that wait for their siblings.
#[derive(Debug, Default)]
pub(super) struct Pool {
    waiting: HashMap<Key, Partial, FixedState>,
    /// Keys in the order in which they came.
    order: VecDeque<(Key, Timestamp)>,
    held: usize,
    orphans: u64,
    incomplete: Vec<Incomplete>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    protocol: u8,
}

#[derive(Debug)]
struct Partial {
    since: Timestamp,
    /// Frame of the first fragment, and octets in it.
    first: Option<(FrameNo, u32)>,
    fragments: u64,
    data: Vec<u8>,
    /// Parts of `data` that are there: sorted, apart from each other.
    pieces: Vec<(usize, usize)>,
    /// Length of the whole, once the last fragment was seen.
    total: Option<usize>,
    finished: bool,
    /// It was given away as incomplete.
    told: bool,
}

/// What became of a fragment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It completed this payload.
    Whole(Vec<u8>),
    /// Siblings are missing.
    Waiting,
    /// All of it was here before.
    Copy,
}

impl Pool {
    /// Adds a fragment.
    pub(super) fn add(
        &mut self,
        (frame, at): (FrameNo, Timestamp),
        ip: &IpPacket<'_>,
        fragment: Fragment,
    ) -> Added {
        self.expire(at);
        let key = Key {
            src: ip.src,
            dst: ip.dst,
            id: fragment.id,
            protocol: ip.protocol,
        };
        if self
            .waiting
            .get(&key)
            .is_some_and(|partial| partial.is_past(at))
        {
            self.remove(&key);
        }
        let partial = self.waiting.entry(key).or_insert_with(|| {
            self.order.push_back((key, at));
            Partial::new(at)
        });
        if partial.finished {
            return Added::Copy;
        }
        if fragment.offset == 0 && partial.first.is_none() {
            let octets = u32::try_from(ip.payload.len()).unwrap_or(u32::MAX);
            partial.first = Some((frame, octets));
        }
        let before = partial.data.len();
        let new = partial.insert(ip.payload, fragment);
        self.held += partial.data.len() - before;
        if !new {
            return Added::Copy;
        }
        if let Some(total) = partial.whole() {
            partial.finished = true;
            partial.since = at;
            partial.pieces = Vec::new();
            let mut whole = std::mem::take(&mut partial.data);
            self.held -= whole.len();
            whole.truncate(total);
            return Added::Whole(whole);
        }
        self.make_room();
        Added::Waiting
    }

    /// Gives up a datagram of which a fragment was cut: its other fragments are not orphans.
    pub(super) fn abandon(&mut self, at: Timestamp, ip: &IpPacket<'_>, fragment: Fragment) {
        let key = Key {
            src: ip.src,
            dst: ip.dst,
            id: fragment.id,
            protocol: ip.protocol,
        };
        let mut partial = Partial::new(at);
        partial.finished = true;
        if let Some(old) = self.waiting.insert(key, partial) {
            self.held -= old.data.len();
        } else {
            self.order.push_back((key, at));
        }
        self.make_room();
    }

    /// Fragments whose siblings never came; `finished`: those that still wait will wait for ever.
    pub(super) fn orphans(&self, finished: bool) -> u64 {
        if !finished {
            return self.orphans;
        }
        let waiting = self.waiting.values().filter(|partial| !partial.finished);
        self.orphans + waiting.map(|partial| partial.fragments).sum::<u64>()
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((key, since)) = self.order.front().copied()
            && since.0.saturating_add(AGE_MAX_NS) < now.0
        {
            self.order.pop_front();
            // A key may have been removed and come again since; the younger one stays.
            let old = self
                .waiting
                .get(&key)
                .is_some_and(|partial| partial.is_past(now));
            if old {
                self.remove(&key);
            }
        }
    }

    fn make_room(&mut self) {
        while self.waiting.len() > DATAGRAMS_MAX
            || self.held > HELD_MAX
            || self.order.len() > 2 * DATAGRAMS_MAX
        {
            let Some((key, _)) = self.order.pop_front() else {
                return;
            };
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(partial) = self.waiting.remove(key) {
            self.held -= partial.data.len();
            if !partial.finished {
                self.orphans += partial.fragments;
                if self.incomplete.len() < LOST_MAX && !partial.told {
                    self.incomplete.extend(partial.incomplete(key));
                }
            }
        }
    }

    /// The datagrams that stayed incomplete since this was last asked; `finished`: no more fragments come.
    pub(super) fn take_incomplete(&mut self, finished: bool) -> Vec<Incomplete> {
        let mut out = std::mem::take(&mut self.incomplete);
        if finished {
            for (key, partial) in &mut self.waiting {
                // Only once.
                out.extend(
                    (!partial.finished && !partial.told)
                        .then(|| partial.incomplete(key))
                        .flatten(),
                );
                partial.told = true;
            }
            out.truncate(LOST_MAX);
        }
        out.sort_by_key(|one| one.frame);
        out
    }
}

impl Partial {
    fn new(since: Timestamp) -> Self {
        Self {
            since,
            first: None,
            fragments: 0,
            data: Vec::new(),
            pieces: Vec::new(),
            total: None,
            finished: false,
            told: false,
        }
    }

    /// Whether a fragment of now belongs to another datagram with the same identification.
    fn is_past(&self, now: Timestamp) -> bool {
        let age = if self.finished {
            FINISHED_NS
        } else {
            AGE_MAX_NS
        };
        self.since.0.saturating_add(age) < now.0
    }

    /// Puts a fragment in its place; what is there already stays. False: it brought nothing new.
    fn insert(&mut self, payload: &[u8], fragment: Fragment) -> bool {
        let start = usize::try_from(fragment.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(payload.len());
        if end > DATAGRAM_MAX || self.pieces.len() >= PIECES_MAX {
            return false;
        }
        let learned = !fragment.more && self.total.is_none();
        if learned {
            self.total = Some(end);
        }
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        let mut new = false;
        let mut at = start;
        // Gaps between the pieces that are there, as far as they lie inside the fragment.
        for (piece_start, piece_end) in self.pieces.iter().copied().chain([(end, end)]) {
            let gap_end = piece_start.min(end);
            if at < gap_end {
                let from = payload.get(at - start..gap_end - start);
                if let (Some(to), Some(from)) = (self.data.get_mut(at..gap_end), from) {
                    to.copy_from_slice(from);
                    new = true;
                }
            }
            at = at.max(piece_end);
        }
        if new {
            self.fragments += 1;
            self.join(start, end);
        }
        new || learned
    }

    fn join(&mut self, mut start: usize, mut end: usize) {
        self.pieces.retain(|&(piece_start, piece_end)| {
            let apart = piece_end < start || piece_start > end;
            if !apart {
                start = start.min(piece_start);
                end = end.max(piece_end);
            }
            apart
        });
        let at = self
            .pieces
            .partition_point(|&(piece_start, _)| piece_start < start);
        self.pieces.insert(at, (start, end));
    }

    /// What is known of it if it is UDP and its first fragment came.
    fn incomplete(&self, key: &Key) -> Option<Incomplete> {
        let (frame, fragment) = self.first.filter(|_| key.protocol == protocol::UDP)?;
        let data = self.data.get(..usize::try_from(fragment).ok()?)?;
        let (src_port, dst_port, len, _) = udp_header(data)?;
        let head = data.get(UDP_HEADER..)?;
        Some(Incomplete {
            frame,
            at: self.since,
            src: Endpoint::new(key.src, src_port),
            dst: Endpoint::new(key.dst, dst_port),
            octets: u32::from(len).saturating_sub(8),
            fragment,
            head: head.get(..LOST_HEAD).unwrap_or(head).to_vec(),
        })
    }

    /// The length of the whole, if all of it is there.
    fn whole(&self) -> Option<usize> {
        let total = self.total?;
        let (start, end) = self.pieces.first().copied().unwrap_or_default();
        (start == 0 && end >= total).then_some(total)
    }
}

#[cfg(test)]
mod tests;
