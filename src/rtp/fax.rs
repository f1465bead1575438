//! The fax in G.711 sound, of one direction: tones, T.30 messages in V.21, and where fast modems are at work.
//!
//! Sound to `Signal`s, the same that T.38 gives; what they mean is decided above.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

use super::audio::{self, Stretch};
use super::{RtpArrival, block, carrier, g711, progress, sniff, tone, v8, v21};
use crate::capture::Timestamp;
use crate::line::{CarrierSpan, Fcs, HdlcFrame, Modem, Signal, SignalKind, Tone};

/// What was heard in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Signals in order of time.
    pub signals: Vec<Signal>,
    /// Level of each signal in dBm0, in the same order.
    pub levels: Vec<f32>,
    /// It is a fax: T.30 frames, or a fax tone with a V.21 preamble. 2100 Hz alone may be any modem.
    pub is_fax: bool,
}

/// Listens to the G.711 packets of one direction, in order of time.
///
/// `codecs` names payload types as SDP does; without it PCMU is 0 and PCMA is 8.
pub fn listen<S: BuildHasher>(arrivals: &[RtpArrival], codecs: &HashMap<u8, String, S>) -> Heard {
    let mut found = Vec::new();
    for stretch in audio::rebuild(arrivals, codecs) {
        hear(&stretch, &mut found);
    }
    found.sort_by_key(|(signal, _)| signal.at);
    drop_faint(&mut found);
    join_preambles(&mut found);
    let (signals, levels): (Vec<Signal>, Vec<f32>) = found.into_iter().unzip();
    Heard {
        is_fax: is_fax(&signals),
        signals,
        levels,
    }
}

/// Whether there may be anything of a fax in some sound: most of what is said before a switch to T.38 is
/// silence, ringing or speech, and looking costs a tenth of listening. The shortest signal, CNG, lasts 0.5 s.
fn is_worth_it(stretch: &Stretch) -> bool {
    // A bit for each of the last pieces of 20 ms.
    let mut latest: u16 = 0;
    stretch.samples.chunks(sniff::SAMPLES).any(|piece| {
        latest = latest << 1
            | u16::from(sniff::sniff_samples(piece).is_some_and(sniff::Sniff::is_of_fax));
        latest.count_ones() >= SIGNS
    })
}

/// So many of 16 pieces make a signal; noise has one now and then.
const SIGNS: u32 = 6;

fn hear(stretch: &Stretch, found: &mut Vec<(Signal, f32)>) {
    if !is_worth_it(stretch) {
        return;
    }
    let blocks = block::measure(stretch);
    for tone in tone::find(&blocks)
        .into_iter()
        .chain(progress::find(&blocks))
    {
        let kind = SignalKind::Tone(tone.tone);
        found.push((signal(stretch, &tone.samples, kind), g711::dbm0(tone.power)));
    }
    let mut messages = Vec::new();
    for heard in v21::listen(stretch) {
        let (samples, kind, power) = match heard {
            v21::Heard::Preamble { samples, power } => (samples, SignalKind::Preamble, power),
            v21::Heard::Frame(content) => (
                content.first..content.last,
                SignalKind::Hdlc(HdlcFrame {
                    modem: Modem::V21,
                    octets: content.octets,
                    fcs: content.fcs,
                    damaged: content.damaged,
                }),
                content.power,
            ),
            v21::Heard::Unframed { samples, power } => {
                (samples, SignalKind::Tone(Tone::V8Signal), power)
            }
        };
        found.push((signal(stretch, &samples, kind), g711::dbm0(power)));
        messages.push(samples);
    }
    for carrier in carrier::find(stretch, &blocks, &messages) {
        let kind = SignalKind::Carrier(CarrierSpan {
            modem: carrier.modem,
            lost_packets: stretch.lost_in(&carrier.samples),
            level: g711::dbm0(carrier.power),
        });
        found.push((
            signal(stretch, &carrier.samples, kind),
            g711::dbm0(carrier.power),
        ));
    }
}

/// Finds CM and JM of V.8 that are for a fax, or do not say what they are for.
///
/// To be asked where `ANSam` was heard: it takes as long as all the rest of listening.
pub fn menus<S: BuildHasher>(
    arrivals: &[RtpArrival],
    codecs: &HashMap<u8, String, S>,
) -> Vec<(Signal, f32)> {
    let mut found = Vec::new();
    for stretch in audio::rebuild(arrivals, codecs) {
        let menus = v8::listen(&stretch);
        let of_fax = menus
            .into_iter()
            .filter(|menu| menu.is_fax() || menu.call_function().is_none());
        found.extend(of_fax.map(|menu| {
            let kind = SignalKind::V8 {
                name: menu.sequence.name(),
                text: menu.text(),
            };
            (
                signal(&stretch, &menu.samples, kind),
                g711::dbm0(menu.power),
            )
        }));
    }
    found
}

/// Finds the tones that the telephone network gives to who calls.
///
/// To be asked where a fax calls and none answers: the sound need not be like anything of a fax.
pub fn progress<S: BuildHasher>(
    arrivals: &[RtpArrival],
    codecs: &HashMap<u8, String, S>,
) -> Vec<(Signal, f32)> {
    let mut out = Vec::new();
    for stretch in audio::rebuild(arrivals, codecs) {
        for tone in progress::find(&block::measure(&stretch)) {
            let kind = SignalKind::Tone(tone.tone);
            out.push((
                signal(&stretch, &tone.samples, kind),
                g711::dbm0(tone.power),
            ));
        }
    }
    out
}

/// A terminal that is this much weaker than its own T.30 messages is none: echo of the other one, or noise.
const FAINT: f32 = 18.0;

fn drop_faint(found: &mut Vec<(Signal, f32)>) {
    let strongest = found
        .iter()
        .filter(|(signal, _)| is_good_frame(&signal.kind))
        .map(|(_, level)| *level)
        .fold(f32::NEG_INFINITY, f32::max);
    found.retain(|(_, level)| *level > strongest - FAINT);
}

/// Flags with a short dropout in them are one preamble.
fn join_preambles(found: &mut Vec<(Signal, f32)>) {
    const DROPOUT: f64 = 0.6;
    found.dedup_by(|(later, _), (earlier, _)| {
        let joined = later.kind == SignalKind::Preamble
            && earlier.kind == SignalKind::Preamble
            && later.at.seconds_since(earlier.end) < DROPOUT;
        if joined {
            earlier.end = later.end;
            earlier.last_frame = later.last_frame;
        }
        joined
    });
}

fn signal(stretch: &Stretch, samples: &Range<usize>, kind: SignalKind) -> Signal {
    let (frame, at) = stretch.moment(samples.start);
    let (last_frame, _) = stretch.moment(samples.end.saturating_sub(1).max(samples.start));
    Signal {
        frame,
        last_frame,
        at,
        end: at.plus_seconds(audio::seconds(samples.len())),
        src: stretch.src,
        dst: stretch.dst,
        kind,
    }
}

/// Takes out of each direction what is only an echo of the other one: the same signal, at the same time or up
/// to 0.8 s later, and weaker by 6 dB or more; broken frames where the other side was heard over it.
pub fn drop_echoes(one: &mut Heard, other: &mut Heard) {
    let of_one = echoes(one, other);
    let of_other = echoes(other, one);
    one.drop(&of_one);
    other.drop(&of_other);
}

/// For each signal whether it is an echo.
fn echoes(heard: &Heard, source: &Heard) -> Vec<bool> {
    const EARLIEST: f64 = -0.05;
    const LATEST: f64 = 0.8;
    const WEAKER: f32 = 6.0;
    // Signals are in order of time: only those around one can be its origin. How far back the broken ones have to look
    // is told by the latest end of all before.
    let mut latest_end = Timestamp(0);
    let ends: Vec<Timestamp> = source
        .signals
        .iter()
        .map(|signal| {
            latest_end = latest_end.max(signal.end);
            latest_end
        })
        .collect();
    heard
        .signals
        .iter()
        .zip(&heard.levels)
        .map(|(signal, level)| {
            let broken = is_broken_frame(&signal.kind);
            let late = |origin: &Signal| signal.at.seconds_since(origin.at);
            let behind = (source.signals).partition_point(|origin| late(origin) > EARLIEST);
            let before = source.signals.iter().zip(&source.levels).zip(&ends);
            before
                .take(behind)
                .rev()
                .take_while(|((origin, _), latest_end)| {
                    if broken {
                        signal.at.seconds_since(**latest_end) < LATEST
                    } else {
                        late(origin) < LATEST
                    }
                })
                .filter(|((_, source_level), _)| **source_level > level + WEAKER)
                .any(|((origin, _), _)| {
                    if broken {
                        signal.at.seconds_since(origin.end) < LATEST
                    } else {
                        is_same(&signal.kind, &origin.kind)
                    }
                })
        })
        .collect()
}

fn is_same(echo: &SignalKind, origin: &SignalKind) -> bool {
    match (echo, origin) {
        (SignalKind::Hdlc(echo), SignalKind::Hdlc(origin)) => echo.octets == origin.octets,
        (SignalKind::Carrier(_), SignalKind::Carrier(_)) => true,
        (echo, origin) => echo == origin,
    }
}

const fn is_good_frame(kind: &SignalKind) -> bool {
    matches!(kind, SignalKind::Hdlc(frame) if matches!(frame.fcs, Fcs::Good))
}

const fn is_broken_frame(kind: &SignalKind) -> bool {
    matches!(kind, SignalKind::Hdlc(frame) if !matches!(frame.fcs, Fcs::Good))
}

impl Heard {
    /// Adds CM and JM; the same signal that was not read is left out.
    pub fn add_menus(&mut self, menus: Vec<(Signal, f32)>) {
        let unread: Vec<bool> = (self.signals.iter())
            .map(|signal| {
                let same =
                    |(menu, _): &(Signal, f32)| menu.at <= signal.end && signal.at <= menu.end;
                signal.kind == SignalKind::Tone(Tone::V8Signal) && menus.iter().any(same)
            })
            .collect();
        self.drop(&unread);
        self.add(menus);
    }

    /// Adds signals that were looked for afterwards; what is there already is left out.
    pub fn add(&mut self, signals: Vec<(Signal, f32)>) {
        for (one, level) in signals {
            let place = self.signals.partition_point(|signal| signal.at <= one.at);
            if self.signals.contains(&one) {
                continue;
            }
            self.signals.insert(place, one);
            self.levels.insert(place, level);
        }
    }

    /// Whether `ANSam` was heard.
    pub fn answers_with_v8(&self) -> bool {
        let is_ansam = |signal: &Signal| {
            matches!(
                signal.kind,
                SignalKind::Tone(Tone::AnsAm | Tone::AnsAmReversals)
            )
        };
        self.signals.iter().any(is_ansam)
    }

    fn drop(&mut self, dropped: &[bool]) {
        let mut keep = dropped.iter().map(|dropped| !dropped);
        self.signals.retain(|_| keep.next().unwrap_or(true));
        let mut keep = dropped.iter().map(|dropped| !dropped);
        self.levels.retain(|_| keep.next().unwrap_or(true));
        self.is_fax = is_fax(&self.signals);
    }
}

fn is_fax(signals: &[Signal]) -> bool {
    let has = |wanted: fn(&SignalKind) -> bool| signals.iter().any(|signal| wanted(&signal.kind));
    let frames = has(is_good_frame);
    let tones = has(|kind| {
        matches!(
            kind,
            SignalKind::Tone(
                Tone::Cng | Tone::Ced | Tone::CedReversals | Tone::AnsAm | Tone::AnsAmReversals
            )
        )
    });
    frames || tones && has(|kind| matches!(kind, SignalKind::Preamble))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::block::tests::{packets, sine};
    use super::*;
    use crate::capture::FrameNo;

    fn heard(signal: &[f64]) -> Heard {
        listen(&packets(signal), &HashMap::new())
    }

    #[test]
    fn an_answer_tone_is_no_fax() {
        let tone = heard(&[sine(2100.0, -12.0, 3.0), sine(0.0, -90.0, 0.5)].concat());
        assert_eq!(tone.signals.len(), 1);
        assert!((tone.levels[0] + 12.0).abs() < 0.3);
        assert!(!tone.is_fax);
    }

    #[test]
    fn times_are_those_of_the_sound() {
        let tone = heard(&[sine(0.0, -90.0, 0.5), sine(1100.0, -12.0, 0.5)].concat());
        let signal = &tone.signals[0];
        assert_eq!(signal.kind, SignalKind::Tone(Tone::Cng));
        assert_eq!(
            (signal.frame, signal.last_frame),
            (FrameNo(26), FrameNo(50))
        );
        assert_eq!(signal.at, Timestamp(500_000_000));
        assert!((signal.end.seconds_since(signal.at) - 0.5).abs() < 0.001);
    }

    #[test]
    fn other_codecs_are_not_listened_to() {
        let codecs = HashMap::from([(0, "G726-32".to_owned())]);
        let tone = listen(&packets(&sine(1100.0, -12.0, 0.5)), &codecs);
        assert_eq!(tone, Heard::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_packets_are_heard_without_panic(
            packets in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..200), 0u64..1 << 34, any::<u8>()), 0..60)
        ) {
            let endpoint = crate::capture::Endpoint::new([192, 0, 2, 1].into(), 4000);
            let arrivals: Vec<RtpArrival> = packets
                .into_iter()
                .map(|(mut payload, at, cut)| {
                    if let [first, second, ..] = payload.as_mut_slice() {
                        *first = *first & 0x3F | 0x80;
                        *second &= 0x88;
                    }
                    RtpArrival {
                        frame: FrameNo(1),
                        at: Timestamp(at),
                        src: endpoint,
                        dst: endpoint,
                        payload,
                        cut: cut.into(),
                    }
                })
                .collect();
            let heard = listen(&arrivals, &HashMap::new());
            prop_assert_eq!(heard.signals.len(), heard.levels.len());
            super::super::stream::spans(&arrivals, &HashMap::new());
            super::super::event::events(&arrivals, &HashMap::new());
        }
    }
}
