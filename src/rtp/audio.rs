//! G.711 packets put together to continuous sound of 8,000 samples a second.
//!
//! RTP time stamps say where a packet belongs. What is missing stays missing: lost packets leave a hole
//! (zeros, known as erased to the demodulators), silence suppression leaves silence. Zeros are made only in
//! proportion to the sound that was captured; where there would be more, a new stretch begins.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::g711::Law;
use super::{RtpArrival, codec_name, header};
use crate::capture::{Endpoint, FrameNo, Timestamp};

/// Samples per second.
pub const RATE: u32 = 8000;

/// A gap longer than this (2 s) ends a stretch: no signal of T.30 goes on across it.
const LONGEST_GAP: i64 = 2 * RATE as i64;
/// A jump of the sequence number beyond this is a restart of the sender, not loss (RFC 3550 A.1, `MAX_DROPOUT`).
const MAX_DROPOUT: i32 = 3000;

/// Zeros for each captured sample at most, once [`FILLER_FREE`] of them are made: what is sparser is no fax that
/// could be heard.
const FILLER: usize = 4;
/// Zeros of one direction that need no sound captured for them: 2 s.
const FILLER_FREE: usize = 2 * RATE as usize;

/// Sound without a break in it.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// Who sends.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// 16-bit samples; zeros in gaps.
    pub samples: Vec<i16>,
    /// Packets in order of their first sample.
    pieces: Vec<Piece>,
    /// Samples that lost packets took away, in order: where, and how many packets.
    pub holes: Vec<(Range<usize>, u32)>,
}

/// The samples of one packet.
#[derive(Clone, Copy, Debug)]
struct Piece {
    first: usize,
    frame: FrameNo,
    at: Timestamp,
}

impl Stretch {
    /// The packet that carries a sample, and the capture time of the sample, counted from the packet's.
    ///
    /// A sample in a gap belongs to the packet before it.
    pub fn moment(&self, sample: usize) -> (FrameNo, Timestamp) {
        let next = self.pieces.partition_point(|piece| piece.first <= sample);
        let Some(piece) = self
            .pieces
            .get(next.saturating_sub(1))
            .or_else(|| self.pieces.last())
        else {
            return (FrameNo(0), Timestamp(0));
        };
        let after = sample.saturating_sub(piece.first);
        (piece.frame, piece.at.plus_seconds(seconds(after)))
    }

    /// Whether a sample is in a hole that lost packets left.
    pub fn is_erased(&self, sample: usize) -> bool {
        let next = self.holes.partition_point(|(hole, _)| hole.end <= sample);
        self.holes
            .get(next)
            .is_some_and(|(hole, _)| hole.contains(&sample))
    }

    /// Packets lost in a range of samples.
    pub fn lost_in(&self, range: &Range<usize>) -> u32 {
        self.holes
            .iter()
            .filter(|(hole, _)| hole.start < range.end && range.start < hole.end)
            .map(|(_, packets)| packets)
            .sum()
    }
}

/// Duration of a number of samples.
#[expect(clippy::cast_precision_loss, reason = "hours of sound are below 2^52")]
pub fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(RATE)
}

/// Puts the G.711 packets of one direction together, in order of time.
///
/// `codecs` names payload types as SDP does; without it PCMU is 0 and PCMA is 8. Streams of another SSRC that
/// follow each other go on in the same stretch, those that run at the same time are kept apart. Repeated
/// packets count once, late ones are put where they belong.
pub fn rebuild<S: BuildHasher>(
    arrivals: &[RtpArrival],
    codecs: &HashMap<u8, String, S>,
) -> Vec<Stretch> {
    let mut sources: Vec<Source<'_>> = Vec::new();
    let mut by_ssrc: HashMap<u32, usize, RandomState> = HashMap::default();
    for arrival in arrivals {
        let Some(rtp) = header::parse(&arrival.payload) else {
            continue;
        };
        let place = *by_ssrc.entry(rtp.ssrc).or_insert_with(|| {
            sources.push(Source::default());
            sources.len() - 1
        });
        let law = codec_name(rtp.payload_type, codecs).and_then(Law::of_codec);
        if let Some(source) = sources.get_mut(place) {
            source.add(arrival, &rtp, law);
        }
    }
    let mut tracks = Tracks::default();
    for source in sources {
        tracks.add(source);
    }
    let tracks = tracks.all;
    let mut stretches: Vec<Stretch> = tracks.into_iter().flat_map(|track| track.done).collect();
    stretches.retain(|stretch| !stretch.samples.is_empty());
    stretches.sort_by_key(|stretch| stretch.moment(0).1);
    stretches
}

/// Sounds that run at the same time, each of SSRCs that follow each other.
#[derive(Default)]
struct Tracks {
    all: Vec<Builder>,
    /// Places of the tracks that ended before the latest source began.
    free: BinaryHeap<Reverse<usize>>,
    /// The others, with their ends.
    busy: BinaryHeap<Reverse<(Timestamp, usize)>>,
    filler: Filler,
}

impl Tracks {
    /// One that begins before a track ended (by more than jitter) is another sound.
    fn add(&mut self, source: Source<'_>) {
        const JITTER: f64 = 0.2;
        let Some(first) = source.packets.first().map(|packet| packet.at) else {
            return;
        };
        let over = |end: Timestamp| first.seconds_since(end) > -JITTER;
        while let Some(Reverse((end, place))) = self.busy.peek().copied()
            && over(end)
        {
            self.busy.pop();
            self.free.push(Reverse(place));
        }
        let follows = self.free.peek().map(|place| place.0);
        // The clock may have been set back since it was found free.
        let follows =
            follows.filter(|place| self.all.get(*place).is_some_and(|it| over(it.last_at)));
        let place = if let Some(place) = follows {
            self.free.pop();
            place
        } else {
            self.all.push(Builder::default());
            self.all.len() - 1
        };
        if let Some(track) = self.all.get_mut(place) {
            track.add_source(&source.in_order(), &mut self.filler);
            self.busy.push(Reverse((track.last_at, place)));
        }
    }
}

/// How many zeros may still be made in one direction.
#[derive(Clone, Copy, Debug)]
struct Filler(usize);

impl Default for Filler {
    fn default() -> Self {
        Self(FILLER_FREE)
    }
}

impl Filler {
    fn earn(&mut self, samples: usize) {
        self.0 = self.0.saturating_add(samples.saturating_mul(FILLER));
    }

    /// Whether so many zeros may be made; they are then.
    fn take(&mut self, samples: usize) -> bool {
        let left = self.0.checked_sub(samples);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Packets of one SSRC.
#[derive(Default)]
struct Source<'p> {
    packets: Vec<Heard<'p>>,
    last: Option<(u16, i64)>,
    highest: i64,
}

/// One packet with its place in the sequence.
struct Heard<'p> {
    /// Sequence number, extended over wraps and restarts.
    index: i64,
    timestamp: u32,
    frame: FrameNo,
    at: Timestamp,
    src: Endpoint,
    dst: Endpoint,
    /// `None` for what is no G.711: comfort noise, events, other codecs.
    law: Option<Law>,
    octets: &'p [u8],
    cut: usize,
}

impl<'p> Source<'p> {
    fn add(&mut self, arrival: &'p RtpArrival, rtp: &header::RtpHeader<'p>, law: Option<Law>) {
        let index = match self.last {
            None => 0,
            Some((sequence, index)) => {
                let step = i32::from(rtp.sequence.wrapping_sub(sequence).cast_signed());
                if step.abs() <= MAX_DROPOUT {
                    index + i64::from(step)
                } else {
                    self.highest + 1
                }
            }
        };
        self.last = Some((rtp.sequence, index));
        self.highest = self.highest.max(index);
        self.packets.push(Heard {
            index,
            timestamp: rtp.timestamp,
            frame: arrival.frame,
            at: arrival.at,
            src: arrival.src,
            dst: arrival.dst,
            law,
            octets: rtp.payload,
            cut: usize::try_from(arrival.cut).unwrap_or_default(),
        });
    }

    fn in_order(mut self) -> Vec<Heard<'p>> {
        // Of repeated packets the first is left.
        self.packets.sort_by_key(|packet| packet.index);
        self.packets.dedup_by_key(|packet| packet.index);
        self.packets
    }
}

/// The stretches of one sound.
#[derive(Default)]
struct Builder {
    done: Vec<Stretch>,
    last_at: Timestamp,
    last: Option<Last>,
    /// The last packet of any kind: to count lost ones.
    last_index: Option<i64>,
    /// The last stretch ends before the samples of its last packet: nothing can be added to it.
    broken: bool,
    /// When the sound began after its last long pause, and how many samples lie behind it by the time stamps, whether
    /// zeros were made for them or not.
    began: Timestamp,
    place: usize,
}

/// The last G.711 packet put in place.
#[derive(Clone, Copy)]
struct Last {
    at: Timestamp,
    /// Time stamp of the sample after it; `None` after a change of SSRC.
    next: Option<u32>,
    len: i64,
    /// Packets lost since.
    lost: u32,
}

impl Builder {
    fn add_source(&mut self, packets: &[Heard<'_>], filler: &mut Filler) {
        self.last_index = None;
        if let Some(last) = &mut self.last {
            last.next = None;
        }
        for packet in packets {
            self.add(packet, filler);
        }
    }

    fn add(&mut self, packet: &Heard<'_>, filler: &mut Filler) {
        self.last_at = self.last_at.max(packet.at);
        if let (Some(index), Some(last)) = (self.last_index, &mut self.last) {
            let missing = packet.index.saturating_sub(index + 1);
            last.lost = last
                .lost
                .saturating_add(u32::try_from(missing).unwrap_or_default());
        }
        self.last_index = Some(packet.index);
        let Some(law) = packet.law else {
            return;
        };
        let len = packet.octets.len() + packet.cut;
        if len == 0 {
            return;
        }
        let (gap, lost) = match self.last {
            None => (LONGEST_GAP + 1, 0),
            Some(last) => match gap(&last, packet) {
                Some((gap, by_clock)) if self.is_ahead(packet, gap) => (by_clock, last.lost),
                Some((gap, _)) => (gap, last.lost),
                None => return,
            },
        };
        self.append(packet, law, (gap, lost), filler);
        let samples = u32::try_from(len).unwrap_or_default();
        self.last = Some(Last {
            at: packet.at,
            next: Some(packet.timestamp.wrapping_add(samples)),
            len: i64::from(samples),
            lost: 0,
        });
    }

    /// Whether a gap would put the packet far after its capture time: then the time stamps are not to be trusted.
    fn is_ahead(&self, packet: &Heard<'_>, gap: i64) -> bool {
        const LEAD: f64 = 5.0;
        let place = self.place + usize::try_from(gap).unwrap_or_default();
        gap > 0
            && !self.done.is_empty()
            && seconds(place) > packet.at.seconds_since(self.began) + LEAD
    }

    /// Adds the samples of a packet behind a gap, in which packets may have been lost.
    fn append(&mut self, packet: &Heard<'_>, law: Law, gap: (i64, u32), filler: &mut Filler) {
        let (gap, lost) = gap;
        let zeros = usize::try_from(gap).unwrap_or_default();
        filler.earn(packet.octets.len());
        if gap > LONGEST_GAP || self.done.is_empty() {
            (self.began, self.place) = (packet.at, 0);
        } else {
            self.place += zeros;
        }
        self.place += packet.octets.len() + packet.cut;
        let anew = gap > LONGEST_GAP || self.broken || self.done.is_empty() || !filler.take(zeros);
        if anew {
            self.done.push(Stretch {
                src: packet.src,
                dst: packet.dst,
                samples: Vec::new(),
                pieces: Vec::new(),
                holes: Vec::new(),
            });
        }
        let Some(stretch) = self.done.last_mut() else {
            return;
        };
        let samples = &mut stretch.samples;
        let before = samples.len();
        if !anew {
            samples.resize(before + zeros, 0);
        }
        if lost > 0 && samples.len() > before {
            stretch.holes.push((before..samples.len(), lost));
        }
        stretch.pieces.push(Piece {
            first: samples.len(),
            frame: packet.frame,
            at: packet.at,
        });
        samples.extend(packet.octets.iter().map(|octet| law.sample(*octet)));
        self.broken = !filler.take(packet.cut);
        if packet.cut > 0 && !self.broken {
            let whole = samples.len();
            samples.resize(whole + packet.cut, 0);
            stretch.holes.push((whole..samples.len(), 0));
        }
    }
}

/// Samples between the last packet and this one, as best known and by the capture's clock; `None` for the same
/// sound once more.
fn gap(last: &Last, packet: &Heard<'_>) -> Option<(i64, i64)> {
    // By the capture's clock, for senders that begin their time stamps anew. Below 60 ms it is jitter.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float to integer casts saturate"
    )]
    let by_clock = (packet.at.seconds_since(last.at) * f64::from(RATE)) as i64 - last.len;
    let by_clock = if by_clock < i64::from(RATE) * 6 / 100 {
        0
    } else {
        by_clock
    };
    let Some(next) = last.next else {
        return Some((by_clock, by_clock));
    };
    let by_stamp = i64::from(packet.timestamp.wrapping_sub(next).cast_signed());
    if by_stamp == -last.len {
        // A new number, but the time stamp of the packet before: a repetition.
        return None;
    }
    let plausible = by_stamp - by_clock < LONGEST_GAP && by_clock - by_stamp < LONGEST_GAP;
    let gap = if by_stamp >= 0 && (plausible || by_stamp <= LONGEST_GAP) {
        by_stamp
    } else {
        by_clock
    };
    Some((gap, by_clock))
}

#[cfg(test)]
mod tests;
