//! The figures of RTP in one direction: loss, bursts, order, jitter, gaps, drift (RFC 3550 A.1, A.8).
//!
//! Sequence numbers count per source (SSRC), whatever the payload; spans are runs of one payload type and
//! packet size within it. Comfort noise and telephone events belong to the span they interrupt.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::header::{self, RtpHeader};
use super::{RtpArrival, RtpSpan, RtpStats, codec_name, event, pace};
use crate::capture::{FrameNo, Timestamp};

/// A jump of the sequence number beyond this is a restart of the sender, not loss (RFC 3550 A.1, `MAX_DROPOUT`).
const MAX_DROPOUT: i64 = 3000;
/// Packets in a row that make a switch of codec or packet size; fewer are strays.
const SWITCH: usize = 3;
/// Gaps kept by span.
const MAX_GAPS: usize = 1000;
/// A stall after which it is told whether the sender paused, seconds.
const PAUSE: f64 = 0.2;
/// Packets that a stall may hold back: a second of 5 ms each.
const MOST_HELD_BACK: usize = 200;
/// Shortest silence gap, ms (rule `g711-vad`).
const SILENCE_MS: f64 = 200.0;

/// Spans of one direction, from its packets in order of capture, by first packet.
///
/// `codecs` names payload types as SDP does; without it the static table of RFC 3551 holds.
pub fn spans<S: BuildHasher>(
    arrivals: &[RtpArrival],
    codecs: &HashMap<u8, String, S>,
) -> Vec<RtpSpan> {
    let mut sources: Vec<(u32, Vec<Packet<'_>>)> = Vec::new();
    let mut places: HashMap<u32, usize, RandomState> = HashMap::default();
    for arrival in arrivals {
        let Some(rtp) = header::parse(&arrival.payload) else {
            continue;
        };
        let packet = Packet::new(arrival, &rtp, codecs);
        let place = *places.entry(rtp.ssrc).or_insert(sources.len());
        match sources.get_mut(place) {
            Some((_, packets)) => packets.push(packet),
            None => sources.push((rtp.ssrc, vec![packet])),
        }
    }
    let mut spans: Vec<RtpSpan> = sources
        .into_iter()
        .flat_map(|(ssrc, packets)| source_spans(ssrc, packets, codecs))
        .collect();
    spans.sort_by_key(|span| (span.at, span.frame));
    spans
}

/// What a packet is to its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Audio,
    ComfortNoise,
    Event,
}

struct Packet<'a> {
    arrival: &'a RtpArrival,
    sequence: u16,
    timestamp: u32,
    payload_type: u8,
    kind: Kind,
    /// Octets of the payload, cut ones included.
    len: usize,
    /// Sequence number extended over wraps; set by [`number`].
    index: i64,
}

impl<'a> Packet<'a> {
    fn new<S: BuildHasher>(
        arrival: &'a RtpArrival,
        rtp: &RtpHeader<'_>,
        codecs: &HashMap<u8, String, S>,
    ) -> Self {
        let name = codec_name(rtp.payload_type, codecs);
        let kind = if name.is_some_and(|name| name.eq_ignore_ascii_case("CN")) {
            Kind::ComfortNoise
        } else if event::kind_of(rtp, codecs).is_some() {
            Kind::Event
        } else {
            Kind::Audio
        };
        Self {
            arrival,
            sequence: rtp.sequence,
            timestamp: rtp.timestamp,
            payload_type: rtp.payload_type,
            kind,
            len: rtp.payload.len() + usize::try_from(arrival.cut).unwrap_or_default(),
            index: 0,
        }
    }

    /// What makes a span: payload type, and packet size where the codec has but one.
    fn shape(&self, codec: &str) -> (u8, usize) {
        let fixed = ["PCMU", "PCMA", "G722"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(codec));
        (self.payload_type, if fixed { self.len } else { 0 })
    }
}

fn source_spans<S: BuildHasher>(
    ssrc: u32,
    mut packets: Vec<Packet<'_>>,
    codecs: &HashMap<u8, String, S>,
) -> Vec<RtpSpan> {
    number(&mut packets);
    let missing = missing(&packets);
    let mut spans = Vec::new();
    let mut rest = packets.as_slice();
    while !rest.is_empty() {
        let (span, later) = rest.split_at(span_len(rest, codecs).clamp(1, rest.len()));
        // Where the codec changes the numbers may begin anew: what seems to be missing there is none.
        let is_new = spans.is_empty();
        let missing = missing.iter().filter(|run| {
            is_new || Some(run.frame) != span.first().map(|packet| packet.arrival.frame)
        });
        spans.extend(figures(ssrc, span, missing, codecs));
        rest = later;
    }
    spans
}

/// Extends the sequence numbers; after a restart they go on behind the highest.
fn number(packets: &mut [Packet<'_>]) {
    let mut last: Option<(u16, i64)> = None;
    let mut highest = 0i64;
    for packet in packets {
        let index = last.map_or(0, |(sequence, index)| {
            let step = i64::from(packet.sequence.wrapping_sub(sequence).cast_signed());
            if step.abs() <= MAX_DROPOUT {
                index + step
            } else {
                highest + 1
            }
        });
        packet.index = index;
        highest = highest.max(index);
        last = Some((packet.sequence, index));
    }
}

/// Numbers in a row that never came, and the packet that showed their absence.
struct Missing {
    first: i64,
    /// The number behind the last one.
    end: i64,
    frame: FrameNo,
    at: Timestamp,
}

impl Missing {
    fn count(&self) -> u32 {
        u32::try_from(self.end - self.first).unwrap_or(u32::MAX)
    }
}

/// Runs of numbers that never came, in order of number and so of the packets that showed it. A packet adds one at
/// most, however far it jumps.
fn missing(packets: &[Packet<'_>]) -> Vec<Missing> {
    let mut missing: BTreeMap<i64, Missing> = BTreeMap::new();
    let mut highest = packets.first().map_or(0, |packet| packet.index);
    for packet in packets {
        let run = |first, end| Missing {
            first,
            end,
            frame: packet.arrival.frame,
            at: packet.arrival.at,
        };
        if packet.index > highest + 1 {
            missing.insert(highest + 1, run(highest + 1, packet.index));
        } else if packet.index < highest
            && let Some((first, late)) = missing.range_mut(..=packet.index).next_back()
            && late.end > packet.index
        {
            // It was only late: what is left of the run lies before and behind it.
            let (first, end) = (*first, late.end);
            let behind = Missing {
                first: packet.index + 1,
                ..*late
            };
            late.end = packet.index;
            if late.end == first {
                missing.remove(&first);
            }
            if behind.first < end {
                missing.insert(behind.first, behind);
            }
        }
        highest = highest.max(packet.index);
    }
    missing.into_values().collect()
}

/// Packets up to the next switch of codec or packet size.
fn span_len<S: BuildHasher>(packets: &[Packet<'_>], codecs: &HashMap<u8, String, S>) -> usize {
    let mut shape = None;
    let mut strays: Option<(usize, (u8, usize), usize)> = None;
    for (place, packet) in packets.iter().enumerate() {
        if packet.kind != Kind::Audio {
            continue;
        }
        let codec = codec_name(packet.payload_type, codecs).unwrap_or_default();
        let own = packet.shape(codec);
        match (shape, &mut strays) {
            (None, _) => shape = Some(own),
            (Some(current), strays) if current == own => *strays = None,
            (_, Some((first, other, count))) if *other == own => {
                *count += 1;
                if *count >= SWITCH {
                    return *first;
                }
            }
            (_, strays) => *strays = Some((place, own, 1)),
        }
    }
    packets.len()
}

fn figures<'m, S: BuildHasher>(
    ssrc: u32,
    packets: &[Packet<'_>],
    missing: impl Iterator<Item = &'m Missing>,
    codecs: &HashMap<u8, String, S>,
) -> Option<RtpSpan> {
    let (first, last) = (packets.first()?, packets.last()?);
    let audio = packets.iter().find(|packet| packet.kind == Kind::Audio);
    let payload_type = audio.unwrap_or(first).payload_type;
    let codec = codec_name(payload_type, codecs)
        .map_or_else(|| format!("PT {payload_type}"), str::to_owned);
    let clock = clock_rate(&codec);
    let mut stats = RtpStats::default();
    sequence_figures(packets, &mut stats);
    loss_figures(packets, missing, &mut stats);
    timing_figures(packets, clock, &mut stats);
    Some(RtpSpan {
        frame: first.arrival.frame,
        last_frame: last.arrival.frame,
        at: first.arrival.at,
        end: last.arrival.at,
        src: first.arrival.src,
        dst: first.arrival.dst,
        ssrc,
        payload_type,
        codec,
        stats,
    })
}

/// Ticks of the RTP clock in a second (RFC 3551 6; G722 has 8000 by mistake, RFC 3551 4.5.2).
fn clock_rate(codec: &str) -> f64 {
    match codec.to_ascii_lowercase().as_str() {
        "opus" => 48_000.0,
        "l16" => 44_100.0,
        "amr-wb" | "speex/16000" | "g7221" => 16_000.0,
        "h261" | "h263" | "h264" | "jpeg" | "mpa" | "mpv" | "mp2t" | "nv" | "celb" => 90_000.0,
        _ => 8000.0,
    }
}

fn sequence_figures(packets: &[Packet<'_>], stats: &mut RtpStats) {
    // Most streams come in order: nothing is there twice then.
    let in_order = packets.is_sorted_by(|one, next| one.index < next.index);
    let mut seen: HashSet<i64, RandomState> = HashSet::default();
    let mut highest = i64::MIN;
    for packet in packets {
        if !in_order && !seen.insert(packet.index) {
            stats.duplicates += 1;
            continue;
        }
        stats.packets += 1;
        stats.reordered += u32::from(packet.index < highest);
        highest = highest.max(packet.index);
        if packet.kind == Kind::ComfortNoise {
            stats.comfort_noise += 1;
            stats
                .first_comfort_noise
                .get_or_insert(packet.arrival.frame);
        }
    }
}

/// Loss belongs to the span of the packet that showed it.
fn loss_figures<'m>(
    packets: &[Packet<'_>],
    missing: impl Iterator<Item = &'m Missing>,
    stats: &mut RtpStats,
) {
    let (Some(first), Some(last)) = (packets.first(), packets.last()) else {
        return;
    };
    let (first, last) = (first.arrival.frame, last.arrival.frame);
    let own = missing.skip_while(|run| run.frame < first);
    for run in own.take_while(|run| run.frame <= last) {
        stats.lost = stats.lost.saturating_add(run.count());
        stats.longest_burst = stats.longest_burst.max(run.count());
        if stats.gaps.len() < MAX_GAPS {
            stats.gaps.push((run.frame, run.at, run.count()));
        }
    }
}

/// Jitter, late packets, silence, packet duration and drift: from audio packets in order of capture.
fn timing_figures(packets: &[Packet<'_>], clock: f64, stats: &mut RtpStats) {
    stats.pace = pace::steady(&steps(packets, clock));
    let ratio = stats.pace.map_or(1.0, |pace| pace.ratio);
    let mut jitter = 0.0f64;
    let mut durations: BTreeMap<u32, u32> = BTreeMap::new();
    let mut drift = Drift::default();
    let audio = || packets.iter().filter(|packet| packet.kind == Kind::Audio);
    let events = indices(packets, |kind| kind == Kind::Event);
    let others = indices(packets, |kind| kind != Kind::Audio);
    let all: Vec<&Packet<'_>> = audio().collect();
    for (place, (before, packet)) in all.iter().zip(all.iter().skip(1)).enumerate() {
        let ticks = f64::from(
            packet
                .timestamp
                .wrapping_sub(before.timestamp)
                .cast_signed(),
        );
        let stamped = ticks / clock;
        let passed = packet.arrival.at.seconds_since(before.arrival.at);
        // A new beginning of the time stamps says nothing of the network.
        let restarted = (stamped - passed).abs() > 5.0;
        let paused = passed - stamped >= PAUSE
            && !catches_up(
                all.get(place + 1..).unwrap_or_default(),
                passed - stamped,
                clock,
            );
        if restarted || paused {
            drift = Drift::default();
            continue;
        }
        // Jitter is what is uneven: a steady pace is taken out.
        jitter += ((passed - stamped / ratio).abs() * 1000.0 - jitter) / 16.0;
        stats.max_jitter_ms = stats.max_jitter_ms.max(jitter);
        drift.add(stamped, passed);
        if stats.pace.is_none() {
            stats.drift_ppm = drift.ppm().or(stats.drift_ppm);
        }
        let consecutive = packet.index == before.index + 1;
        if consecutive && (1.0..=0.2 * clock).contains(&ticks) {
            *durations.entry(milliseconds(stamped * 1000.0)).or_default() += 1;
        }
        let usual = f64::from(usual(&durations));
        let silent = stamped * 1000.0 - usual;
        let complete =
            packet.index - before.index == 1 + between(&others, before.index, packet.index);
        let interrupted = between(&events, before.index, packet.index) > 0;
        if complete && !interrupted && silent >= SILENCE_MS {
            stats
                .silence_gaps
                .push((packet.arrival.frame, milliseconds(silent)));
        } else if consecutive && passed * 1000.0 > stats.max_gap_ms {
            stats.max_gap_ms = passed * 1000.0;
            stats.max_gap_frame = packet.arrival.frame;
        }
    }
    stats.ptime_ms = usual(&durations);
}

/// Whether the packets after a stall come closer together than they were sent: then they were held back on their way.
/// Else the sender paused, as where its media are opened anew, and goes on with the next time stamp.
fn catches_up(after: &[&Packet<'_>], stall: f64, clock: f64) -> bool {
    let Some(first) = after.first() else {
        return false;
    };
    let later = after.iter().skip(1).take(MOST_HELD_BACK);
    let mut early = later.map(|packet| {
        let ticks = packet.timestamp.wrapping_sub(first.timestamp).cast_signed();
        f64::from(ticks) / clock - packet.arrival.at.seconds_since(first.arrival.at)
    });
    early.any(|early| early >= stall / 2.0)
}

/// From packet to packet of audio: how much sound, and how much time.
fn steps(packets: &[Packet<'_>], clock: f64) -> Vec<pace::Step> {
    let audio = || packets.iter().filter(|packet| packet.kind == Kind::Audio);
    let step = |(before, packet): (&Packet<'_>, &Packet<'_>)| {
        let ticks = packet.timestamp.wrapping_sub(before.timestamp);
        pace::Step {
            frame: packet.arrival.frame,
            sound: f64::from(ticks.cast_signed()) / clock,
            time: packet.arrival.at.seconds_since(before.arrival.at),
            is_next: packet.index == before.index + 1,
        }
    };
    audio().zip(audio().skip(1)).map(step).collect()
}

/// Sequence numbers of the packets of some kinds, sorted, each once.
fn indices(packets: &[Packet<'_>], wanted: fn(Kind) -> bool) -> Vec<i64> {
    let wanted = packets.iter().filter(|packet| wanted(packet.kind));
    let mut indices: Vec<i64> = wanted.map(|packet| packet.index).collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// How many of the sorted `indices` lie between two numbers.
fn between(indices: &[i64], low: i64, high: i64) -> i64 {
    let count = indices
        .partition_point(|index| *index < high)
        .saturating_sub(indices.partition_point(|index| *index <= low));
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn usual(durations: &BTreeMap<u32, u32>) -> u32 {
    let most = durations.iter().max_by_key(|(_, count)| **count);
    most.map_or(0, |(duration, _)| *duration)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float to integer casts saturate"
)]
fn milliseconds(value: f64) -> u32 {
    value.round() as u32
}

/// Regression of the sender's clock on the capture's.
#[derive(Default)]
struct Drift {
    count: f64,
    x: f64,
    y: f64,
    sum_x: f64,
    sum_y: f64,
    sum_xx: f64,
    sum_xy: f64,
}

impl Drift {
    fn add(&mut self, stamped: f64, passed: f64) {
        self.x += passed;
        self.y += stamped;
        self.count += 1.0;
        // The difference is regressed, not the clock itself: that keeps the digits.
        let late = self.y - self.x;
        self.sum_x += self.x;
        self.sum_y += late;
        self.sum_xx += self.x * self.x;
        self.sum_xy += self.x * late;
    }

    /// Parts per million that the sender is fast, once there is a minute to tell it by.
    fn ppm(&self) -> Option<f64> {
        let spread = self.count * self.sum_xx - self.sum_x * self.sum_x;
        (self.x >= 60.0 && spread > 0.0)
            .then(|| (self.count * self.sum_xy - self.sum_x * self.sum_y) / spread * 1e6)
    }
}

#[cfg(test)]
mod tests;
