//! The fax in G.711 sound, of one direction: tones, T.30 messages in V.21, and where fast modems are at work.
//!
//! Sound to [`Signal`]s, the same that T.38 gives; what they mean is decided above.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::ops::Range;

use super::audio::{self, Stretch};
use super::{RtpArrival, g711, v21};
use crate::line::{Fcs, HdlcFrame, Modem, Signal, SignalKind, Tone};

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
        for heard in v21::listen(&stretch) {
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
            found.push((signal(&stretch, &samples, kind), g711::dbm0(power)));
        }
    }
    found.sort_by_key(|(signal, _)| signal.at);
    let (signals, levels): (Vec<Signal>, Vec<f32>) = found.into_iter().unzip();
    Heard {
        is_fax: is_fax(&signals),
        signals,
        levels,
    }
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

fn is_fax(signals: &[Signal]) -> bool {
    let has = |wanted: fn(&SignalKind) -> bool| signals.iter().any(|signal| wanted(&signal.kind));
    let frames = has(|kind| matches!(kind, SignalKind::Hdlc(frame) if frame.fcs == Fcs::Good));
    let tones = has(|kind| {
        matches!(
            kind,
            SignalKind::Tone(Tone::Cng | Tone::Ced | Tone::CedReversals | Tone::AnsAm | Tone::AnsAmReversals)
        )
    });
    frames || tones && has(|kind| matches!(kind, SignalKind::Preamble))
}
