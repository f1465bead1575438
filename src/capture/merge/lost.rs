//! Packets that one host has and another one, which has the others of the same flow, has not.

use std::collections::HashMap;

use super::sketch::Seen;
use crate::capture::{Endpoint, FrameNo};

/// Flows that are followed.
const FLOWS_MAX: usize = 100_000;
/// Frames kept of what was lost of a flow.
const FRAMES_MAX: usize = 100;
/// Packets that two hosts must both have of a flow, so that it can be said that they have it.
const BOTH_LEAST: u32 = 3;
/// A time on the way that tells who saw a packet first, seconds.
const FIRST: f64 = 20e-6;

/// What was lost of a flow between two hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Sender.
    pub src: Endpoint,
    /// Receiver.
    pub dst: Endpoint,
    /// The file that has them: a place in the files of the merged capture.
    pub seen_in: usize,
    /// A file of the host that has them not.
    pub not_in: usize,
    /// The host that has them not saw the others first: its capture lacks them, they were not lost on the way.
    pub not_captured: bool,
    /// How many.
    pub packets: u32,
    /// Of how many.
    pub of: u32,
    /// The first of them.
    pub frames: Vec<FrameNo>,
}

#[derive(Debug, Default)]
struct Tally {
    both: u32,
    /// By the host that has a packet first: how often it was clearly so.
    first: HashMap<usize, u32>,
    /// By the host that has them alone.
    alone: HashMap<usize, Alone>,
}

#[derive(Debug, Default)]
struct Alone {
    packets: u32,
    /// Hosts that captured at that time, by bits.
    could: u64,
    frames: Vec<FrameNo>,
}

/// What was seen of each flow.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    flows: HashMap<(Endpoint, Endpoint), Tally>,
    /// Hosts that had a packet of any flow second.
    hosts: u64,
}

impl Tallies {
    fn of(&mut self, seen: &Seen) -> Option<&mut Tally> {
        let key = (seen.src, seen.dst);
        if self.flows.len() >= FLOWS_MAX && !self.flows.contains_key(&key) {
            return None;
        }
        Some(self.flows.entry(key).or_default())
    }

    /// A packet that two hosts have, this one `way` seconds before the other.
    pub(super) fn both(&mut self, seen: &Seen, first: usize, way: f64) {
        self.hosts |= 1 << (first % 64);
        if let Some(tally) = self.of(seen) {
            tally.both += 1;
            let before = u32::from(way > FIRST);
            *tally.first.entry(first).or_default() += before;
        }
    }

    /// A packet that only this host has, of those `could` have had it too.
    pub(super) fn alone(&mut self, seen: &Seen, host: usize, could: u64, no: FrameNo) {
        if could == 0 {
            return;
        }
        if let Some(tally) = self.of(seen) {
            let alone = tally.alone.entry(host).or_default();
            alone.packets += 1;
            alone.could |= could;
            if alone.frames.len() < FRAMES_MAX {
                alone.frames.push(no);
            }
        }
    }

    /// What is missing of flows that two hosts have, in the order of frames.
    pub(super) fn lost(self, first_file: impl Fn(usize) -> usize) -> Vec<Lost> {
        let mut all = Vec::new();
        for ((src, dst), tally) in self.flows {
            if tally.both < BOTH_LEAST {
                continue;
            }
            let of: u32 = tally.both + tally.alone.values().map(|alone| alone.packets).sum::<u32>();
            for (host, alone) in tally.alone {
                let Some(other) = (0..64).find(|other| alone.could & 1 << other != 0) else {
                    continue;
                };
                let before = |host: usize| tally.first.get(&host).copied().unwrap_or_default();
                all.push(Lost {
                    src,
                    dst,
                    seen_in: first_file(host),
                    not_in: first_file(other),
                    not_captured: before(other) > before(host),
                    packets: alone.packets,
                    of,
                    frames: alone.frames,
                });
            }
        }
        all.sort_by_key(|lost| (lost.frames.first().copied(), lost.seen_in));
        all
    }
}
