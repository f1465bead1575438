//! Sequence numbers: unwrapped, repeats and late packets told from each other, restarts found.

use crate::t38::per::DecodeError;
use crate::t38::stats::UdptlStats;
use crate::t38::stream::parse::{self, Parsed};
use crate::t38::stream::slots::{Origin, Slot, Slots};
use crate::t38::stream::{Arrival, Framing};

/// A jump of the sequence number by more than this is a restart (as spandsp has it), not loss.
const JUMP: i64 = 1000;
/// Packets looked at ahead to tell a restart from one stray packet.
const LOOK_AHEAD: usize = 3;
/// Silence after which the same number with other content is a new beginning, in seconds.
const PAUSE: f64 = 1.0;
/// Unwrapped number of sequence number 0 in a run: copies of packets before it can be numbered too.
pub(super) const BASE: i64 = 0x1_0000;

/// Packets of one run of sequence numbers: what one sender sent between two restarts.
#[derive(Debug, Default)]
pub(super) struct Run<'a> {
    /// By unwrapped sequence number; in order, once the run is complete.
    pub(super) slots: Slots<'a>,
    /// Each packet that counted, with its unwrapped number, in capture order.
    pub(super) packets: Vec<(i64, Parsed<'a>)>,
    /// What does not decode, after which number: arrival and reason.
    pub(super) malformed: Vec<(i64, usize, DecodeError)>,
}

/// All packets in order.
#[derive(Debug, Default)]
pub(super) struct Ordered<'a> {
    pub(super) runs: Vec<Run<'a>>,
}

/// Parses all arrivals and puts them into runs.
pub(super) fn order<'a>(
    arrivals: &'a [Arrival<'a>],
    framing: Framing,
    stats: &mut UdptlStats,
) -> Ordered<'a> {
    let parsed: Vec<_> = arrivals
        .iter()
        .enumerate()
        .map(|(index, arrival)| (index, parse::parse(index, arrival, framing)))
        .collect();
    let mut seqs = Vec::with_capacity(parsed.len());
    let packets = parsed
        .iter()
        .filter_map(|(_, parsed)| parsed.as_ref().ok()?.as_ref());
    seqs.extend(packets.map(|packet| packet.seq));
    // Nearly always the first run is all there is.
    let run = Run {
        slots: Slots::with_capacity(seqs.len()),
        packets: Vec::with_capacity(seqs.len()),
        malformed: Vec::new(),
    };
    let mut sorter = Sorter {
        arrivals,
        seqs,
        next: 0,
        run,
        highest: None,
        last: 0,
        done: Vec::new(),
    };
    for (index, parsed) in parsed {
        match parsed {
            Ok(Some(packet)) => sorter.add(packet, stats),
            Ok(None) => {}
            Err(error) => {
                sorter.add_malformed(index, error);
            }
        }
    }
    sorter.end_run();
    Ordered { runs: sorter.done }
}

struct Sorter<'a> {
    arrivals: &'a [Arrival<'a>],
    /// Sequence numbers of all packets, to look ahead.
    seqs: Vec<u16>,
    /// Place in `seqs` of the packet after the current one.
    next: usize,
    run: Run<'a>,
    /// Highest unwrapped number of the run.
    highest: Option<i64>,
    /// Arrival of the last packet.
    last: usize,
    done: Vec<Run<'a>>,
}

enum Place {
    /// At this unwrapped number.
    At(i64),
    /// In a new run.
    Restart,
    /// Nowhere: a single packet with a number out of all order.
    Stray,
}

impl<'a> Sorter<'a> {
    fn add_malformed(&mut self, index: usize, error: DecodeError) {
        let after = self.highest.unwrap_or(BASE - 1);
        self.run.malformed.push((after, index, error));
    }

    fn add(&mut self, packet: Parsed<'a>, stats: &mut UdptlStats) {
        self.next += 1;
        let index = packet.index;
        match self.place(&packet) {
            Place::At(number) => self.put(number, packet, stats),
            Place::Restart => {
                let frame = self
                    .arrivals
                    .get(index)
                    .map_or_else(Default::default, |arrival| arrival.frame);
                let from = wrap(self.highest.unwrap_or_default());
                stats.restarts.push((frame, from, packet.seq));
                self.end_run();
                self.highest = None;
                self.put(BASE + i64::from(packet.seq), packet, stats);
            }
            Place::Stray => self.add_malformed(
                index,
                DecodeError {
                    offset: 0,
                    reason: "sequence number out of all order",
                },
            ),
        }
        self.last = index;
    }

    fn end_run(&mut self) {
        self.run.slots.settle();
        self.done.push(std::mem::take(&mut self.run));
    }

    fn put(&mut self, number: i64, packet: Parsed<'a>, stats: &mut UdptlStats) {
        if let Some(error) = packet.problem {
            self.run.malformed.push((number, packet.index, error));
        }
        if let Some(known) = self.run.slots.get_mut(number) {
            stats.repeats += 1;
            if !known.whole && packet.whole {
                known.ifp = packet.primary;
                known.whole = true;
            }
            return;
        }
        if let Some(highest) = self.highest.filter(|highest| number < *highest) {
            stats.reordered += 1;
            self.note_late(highest - number, number, packet.index, stats);
        }
        self.highest = self.highest.max(Some(number));
        stats.packets += 1;
        let slot = Slot {
            ifp: packet.primary.clone(),
            whole: packet.whole,
            origin: Origin::Primary,
            index: packet.index,
        };
        self.run.slots.insert(number, slot);
        self.run.packets.push((number, packet));
    }

    /// How far behind its place a packet came.
    fn note_late(&self, behind: i64, number: i64, index: usize, stats: &mut UdptlStats) {
        let overtaken_at = self
            .run
            .slots
            .after(number)
            .filter_map(|slot| self.arrivals.get(slot.index))
            .map(|arrival| arrival.at)
            .min();
        let (Some(first), Some(arrival)) = (overtaken_at, self.arrivals.get(index)) else {
            return;
        };
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        let seconds = arrival.at.seconds_since(first);
        stats.latest = Some(match stats.latest {
            Some((most, longest, frame)) if longest >= seconds => {
                (most.max(behind), longest, frame)
            }
            Some((most, ..)) => (most.max(behind), seconds, arrival.frame),
            None => (behind, seconds, arrival.frame),
        });
    }

    fn place(&self, packet: &Parsed<'_>) -> Place {
        let Some(highest) = self.highest else {
            return Place::At(BASE + i64::from(packet.seq));
        };
        let number = highest + distance(wrap(highest), packet.seq);
        if (number - highest).abs() > JUMP {
            return self.jump(wrap(highest), packet.seq);
        }
        let (Some(now), Some(last)) = (
            self.arrivals.get(packet.index),
            self.arrivals.get(self.last),
        ) else {
            return Place::At(number);
        };
        let moved = || (now.src, now.dst) != (last.src, last.dst);
        let paused = || now.at.seconds_since(last.at) > PAUSE;
        let near_zero = packet.seq <= 3;
        let restart = match self.run.slots.get(number) {
            Some(known) if known.origin == Origin::Primary => {
                let same = known
                    .ifp
                    .iter()
                    .zip(packet.primary.iter())
                    .all(|(a, b)| a == b)
                    && (known.ifp.len() == packet.primary.len() || !known.whole || !packet.whole);
                !same && (near_zero || moved() || paused())
            }
            _ => number < highest && near_zero && (moved() || paused()),
        };
        if restart {
            Place::Restart
        } else {
            Place::At(number)
        }
    }

    /// A jump: a restart, unless the packets after it go on as before.
    fn jump(&self, old: u16, new: u16) -> Place {
        let ahead = self.seqs.iter().skip(self.next).take(LOOK_AHEAD);
        let mut with_old = 0;
        let mut with_new = 0;
        for seq in ahead {
            with_old += usize::from(distance(old, *seq).abs() <= JUMP);
            with_new += usize::from(distance(new, *seq).abs() <= JUMP);
        }
        if with_old > with_new {
            Place::Stray
        } else {
            Place::Restart
        }
    }
}

/// From one sequence number to another, the shorter way round.
fn distance(from: u16, to: u16) -> i64 {
    i64::from(to.wrapping_sub(from).cast_signed())
}

/// The sequence number of an unwrapped number.
pub(super) fn wrap(number: i64) -> u16 {
    u16::try_from(number & 0xFFFF).unwrap_or_default()
}
