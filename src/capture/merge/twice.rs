//! The same packet in the captures of two hosts: the later one is a copy, and what only one has was lost between them.

use std::collections::{HashMap, VecDeque};

use super::lost::{Lost, Tallies};
use super::sketch::{self, Seen};
use crate::capture::reader::Frame;
use crate::capture::{FrameNo, Timestamp};

/// Longest way between two hosts, seconds; what comes later is a repetition.
const WAY_MAX: f64 = 2.0;
/// Packets that wait for their copy.
const WAITING_MAX: usize = 200_000;

/// Repetitions of a packet that are told from each other.
const REPEATS_MAX: usize = 16;

/// A packet that one host has.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: Timestamp,
    no: FrameNo,
    host: usize,
    /// Hosts that have it too, by bits.
    taken: u64,
    seen: Seen,
}

/// Packets of the last seconds of all hosts.
#[derive(Debug)]
pub(super) struct Twice {
    hosts: Vec<usize>,
    /// From when to when each host captured, as far as it is known.
    spans: Vec<Span>,
    waiting: HashMap<u64, Waiting>,
    order: VecDeque<(u64, FrameNo)>,
    tallies: Tallies,
}

/// See [`Twice`].
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    first: Option<Timestamp>,
    last: Timestamp,
    /// Files of the host that have more frames to come.
    left: usize,
}

impl Twice {
    /// For files of these hosts that begin at these times.
    pub(super) fn new(hosts: &[usize], firsts: &[Option<Timestamp>]) -> Self {
        let count = hosts.iter().max().map_or(0, |last| last + 1);
        let mut spans = vec![Span::default(); count];
        for (host, first) in hosts.iter().zip(firsts) {
            if let (Some(span), Some(first)) = (spans.get_mut(*host), first) {
                span.first = Some(span.first.map_or(*first, |known| known.min(*first)));
                span.left += 1;
            }
        }
        Self {
            hosts: hosts.to_vec(),
            spans,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            tallies: Tallies::default(),
        }
    }

    /// Whether another host has this packet already.
    pub(super) fn is_copy(&mut self, frame: &Frame<'_>, file: usize) -> bool {
        let host = self.hosts.get(file).copied().unwrap_or_default();
        if let Some(span) = self.spans.get_mut(host) {
            span.last = span.last.max(frame.at);
        }
        self.expire(frame.at);
        let Some(seen) = sketch::packet(frame) else {
            return false;
        };
        let bit = 1_u64 << (host % 64);
        // A sender may repeat a packet to the bit: each is the copy of one.
        let mut key = seen.on_its_way();
        for _ in 0..REPEATS_MAX {
            let Some(first) = self.waiting.get_mut(&key) else {
                break;
            };
            if first.host != host && first.taken & bit == 0 {
                if first.taken == 0 {
                    let way = frame.at.seconds_since(first.at);
                    self.tallies.both(&first.seen, first.host, way);
                }
                first.taken |= bit;
                return true;
            }
            key = key.wrapping_add(1);
        }
        let new = Waiting {
            at: frame.at,
            no: frame.no,
            host,
            taken: 0,
            seen,
        };
        if let Some(old) = self.waiting.insert(key, new) {
            self.over(&old);
        }
        self.order.push_back((key, frame.no));
        false
    }

    /// No more frames come of a file.
    pub(super) fn ends(&mut self, file: usize) {
        let span = self
            .hosts
            .get(file)
            .and_then(|host| self.spans.get_mut(*host));
        if let Some(span) = span {
            span.left = span.left.saturating_sub(1);
        }
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((key, no)) = self.order.front().copied() {
            let Some(one) = self.waiting.get(&key).filter(|one| one.no == no).copied() else {
                self.order.pop_front();
                continue;
            };
            if now.seconds_since(one.at) <= WAY_MAX && self.order.len() < WAITING_MAX {
                return;
            }
            self.order.pop_front();
            self.waiting.remove(&key);
            self.over(&one);
        }
    }

    /// No other host will have it any more.
    fn over(&mut self, one: &Waiting) {
        if one.taken != 0 {
            return;
        }
        let covers = |span: &Span| {
            span.first.is_some_and(|first| first <= one.at)
                && (span.left > 0 || span.last >= one.at)
        };
        let others = self.spans.iter().enumerate();
        let could: u64 = others
            .filter(|(host, span)| *host != one.host && covers(span))
            .fold(0, |bits, (host, _)| bits | 1 << (host % 64));
        self.tallies.alone(&one.seen, one.host, could, one.no);
    }

    /// What was lost between hosts.
    pub(super) fn finish(mut self) -> Vec<Lost> {
        let rest: Vec<Waiting> = self
            .order
            .iter()
            .filter_map(|(key, no)| self.waiting.get(key).filter(|one| one.no == *no).copied())
            .collect();
        for one in rest {
            self.over(&one);
        }
        let first_file = |host: usize| self.hosts.iter().position(|own| *own == host).unwrap_or(0);
        self.tallies.lost(first_file)
    }
}
