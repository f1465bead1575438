//! RTP of a leg: sound in packets of G.711, events, gaps.

use super::script::Script;
use super::sdp::payload_type;
use super::step::{End, Step, Who};
use super::text::number;
use crate::v21_signal::{Random, compress};
use faxflow::api::rtp::g711::Law;

/// What both ends of a leg say, and when they may.
#[derive(Default)]
pub(crate) struct Sound {
    /// Start and end of each stretch with RTP.
    periods: Vec<(f64, f64)>,
    open: Option<f64>,
    played: [Vec<(f64, Vec<f64>)>; 2],
    instead: [Vec<Instead>; 2],
}

/// What packets carry in place of sound for a while.
struct Instead {
    from: f64,
    to: f64,
    what: What,
}

#[derive(Clone)]
enum What {
    /// RFC 4733 or NSE: payload type and code.
    Event(u8, u8),
    /// Comfort noise.
    Noise,
    /// No packets, the time stamp goes on.
    Silence,
    /// No packets, and no time.
    Stop,
    /// Another codec.
    Codec(String),
}

impl Sound {
    /// RTP begins, or ends.
    pub(crate) fn turn(&mut self, on: bool, at: f64) {
        match (self.open, on) {
            (None, true) => self.open = Some(at),
            (Some(start), false) => {
                self.periods.push((start, at));
                self.open = None;
            }
            _ => {}
        }
    }

    pub(crate) fn play(&mut self, from: End, at: f64, samples: Vec<f64>) {
        self.played[from.index()].push((at, samples));
    }

    /// `event`, `nse`, `cn`, `vad`, `hush`, `codec`: when it ends.
    pub(crate) fn instead(&mut self, from: End, step: &Step, at: f64) -> f64 {
        let code = || number(step.args.need(0, "code")) as u8;
        let pt = |usual| step.args.count("pt").map_or(usual, |pt| pt as u8);
        let (what, usual) = match step.verb.as_str() {
            "event" => (What::Event(pt(101), code()), 0.2),
            "nse" => (What::Event(pt(100), code()), 0.06),
            "cn" => (What::Noise, 0.02),
            "vad" => (What::Silence, 0.5),
            "hush" => (What::Stop, 0.5),
            _ => (What::Codec(step.args.need(0, "codec").to_owned()), 1e6),
        };
        let to = at + step.args.number("for").unwrap_or(usual);
        self.instead[from.index()].push(Instead {
            from: at,
            to,
            what: what.clone(),
        });
        if matches!(what, What::Codec(_)) {
            at
        } else {
            to
        }
    }

    /// Packets of one direction.
    pub(crate) fn packets(&self, script: &Script, who: Who) -> Vec<(f64, Vec<u8>)> {
        let set = |key: &str| script.setting("rtp", who, key);
        let value = |key: &str, usual: f64| set(key).map_or(usual, number);
        if set("off").is_some() {
            return Vec::new();
        }
        let every = value("ptime", 20.0) / 1000.0;
        let samples = (every * 8000.0) as usize;
        // A clock that is fast by so many millionths sends sooner.
        let pace = every / value("drift", 0.0).mul_add(1e-6, 1.0);
        let jitter = value("jitter", 0.0) / 1000.0;
        let stay = value("stay", 0.0);
        let codec = set("pt").or_else(|| set("codec")).unwrap_or("PCMU");
        let mut random = Random(0x2545_F491_4F6C_DD1D);
        let mut out = Vec::new();
        let mut stream = Stream::new(who);
        for (start, end) in &self.periods {
            stream.marker = true;
            for tick in 0.. {
                let at = start + f64::from(tick) * pace;
                if at >= *end + stay {
                    break;
                }
                let what = self.instead_at(who.from, at);
                let codec = match what {
                    Some((_, What::Codec(codec))) => codec.as_str(),
                    _ => codec,
                };
                let sent = stream.packet(what, codec, samples, || {
                    self.mixed(who.from, start + f64::from(tick) * every, samples)
                });
                out.extend(sent.map(|payload| (at + jitter * random.unit(), payload)));
            }
        }
        out
    }

    fn instead_at(&self, from: End, at: f64) -> Option<(f64, &What)> {
        self.instead[from.index()]
            .iter()
            .rev()
            .find(|instead| instead.from <= at && at < instead.to)
            .map(|instead| (instead.from, &instead.what))
    }

    /// What is heard in a packet.
    fn mixed(&self, from: End, at: f64, samples: usize) -> Vec<f64> {
        let mut out = vec![0.0; samples];
        for (start, sound) in &self.played[from.index()] {
            let offset = ((at - start) * 8000.0).round() as i64;
            for (place, value) in (offset..).zip(out.iter_mut()) {
                *value += usize::try_from(place)
                    .ok()
                    .and_then(|place| sound.get(place))
                    .unwrap_or(&0.0);
            }
        }
        out
    }
}

/// The RTP header of a direction, packet by packet.
struct Stream {
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    marker: bool,
    /// Start and time stamp of the event that is being sent.
    event: Option<(f64, u32)>,
}

impl Stream {
    fn new(who: Who) -> Self {
        let place = (who.leg * 2 + who.from.index()) as u32;
        Self {
            seq: 1000,
            timestamp: 160_000,
            ssrc: 0x1234_0001 + place,
            marker: true,
            event: None,
        }
    }

    fn packet(
        &mut self,
        what: Option<(f64, &What)>,
        codec: &str,
        samples: usize,
        sound: impl FnOnce() -> Vec<f64>,
    ) -> Option<Vec<u8>> {
        let now = self.timestamp;
        if !matches!(what, Some((_, What::Stop))) {
            self.timestamp = self.timestamp.wrapping_add(samples as u32);
        }
        let (pt, timestamp, payload) = match what {
            Some((_, What::Silence | What::Stop)) => {
                self.marker = true;
                return None;
            }
            Some((_, What::Noise)) => (13, now, vec![0x40]),
            Some((start, What::Event(pt, code))) => {
                let (_, first) = *self.event.get_or_insert((start, now));
                let lasted = (now.wrapping_sub(first) as u16 + samples as u16).to_be_bytes();
                (*pt, first, vec![*code, 10, lasted[0], lasted[1]])
            }
            _ => (payload_type(codec), now, coded(codec, samples, sound)),
        };
        if !matches!(what, Some((_, What::Event(..)))) {
            self.event = None;
        }
        let mut out = vec![0x80, pt | u8::from(self.marker) << 7];
        out.extend(self.seq.to_be_bytes());
        out.extend(timestamp.to_be_bytes());
        out.extend(self.ssrc.to_be_bytes());
        out.extend(payload);
        self.marker = false;
        self.seq = self.seq.wrapping_add(1);
        Some(out)
    }
}

/// The payload; of what is no G.711 only the size is right.
fn coded(codec: &str, samples: usize, sound: impl FnOnce() -> Vec<f64>) -> Vec<u8> {
    let law = match codec {
        "PCMU" => Law::Mu,
        "PCMA" => Law::A,
        "G722" => return vec![0x55; samples],
        "G726-32" => return vec![0x55; samples / 2],
        "GSM" => return vec![0xD5; 33 * samples / 160],
        _ => return vec![0x55; samples / 8],
    };
    sound()
        .into_iter()
        .map(|value| compress(value, law))
        .collect()
}
