//! A V.21 channel 2 transmitter and a bad line, for tests: T.30 messages as G.711 packets.

use faxflow::api::capture::{Endpoint, FrameNo, Timestamp};
use faxflow::api::rtp::RtpArrival;
use faxflow::api::rtp::g711::Law;

/// Random numbers that are the same every time (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Between 0 and 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal, variance 1.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// The line between transmitter and capture.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    /// dBm0 of the carrier.
    pub(crate) level: f64,
    /// Hz that both tones are off.
    pub(crate) offset: f64,
    /// Parts per million that the sender's clock is fast.
    pub(crate) drift: f64,
    /// White noise, dB below the carrier.
    pub(crate) snr: Option<f64>,
    pub(crate) law: Law,
}

pub(crate) const CLEAN: Line = Line {
    level: -14.0,
    offset: 0.0,
    drift: 0.0,
    snr: None,
    law: Law::Mu,
};

/// Amplitude of a sine of some dBm0, full scale 1.
pub(crate) fn amplitude(level: f64) -> f64 {
    10f64.powf((level - 3.15) / 20.0)
}

/// Bits of a T.30 message: 1 s of flags, frames with a flag between them, two flags.
pub(crate) fn message(frames: &[Vec<u8>]) -> Vec<bool> {
    let mut bits = Vec::new();
    for _ in 0..37 {
        flag(&mut bits);
    }
    for frame in frames {
        stuffed(frame, &mut bits);
        flag(&mut bits);
    }
    flag(&mut bits);
    bits
}

fn flag(bits: &mut Vec<bool>) {
    bits.extend((0..8).map(|place| 0x7E_u8 >> (7 - place) & 1 == 1));
}

fn stuffed(frame: &[u8], bits: &mut Vec<bool>) {
    let mut octets = frame.to_vec();
    octets.extend((!crc(frame)).to_be_bytes());
    let mut ones = 0;
    for octet in octets {
        for place in (0..8).rev() {
            let one = octet >> place & 1 == 1;
            bits.push(one);
            ones = if one { ones + 1 } else { 0 };
            if ones == 5 {
                bits.push(false);
                ones = 0;
            }
        }
    }
}

fn crc(octets: &[u8]) -> u16 {
    let mut crc = 0xFFFF_u16;
    for octet in octets {
        for place in (0..8).rev() {
            let top = crc >> 15 ^ u16::from(octet >> place & 1);
            crc = crc << 1 ^ if top == 1 { 0x1021 } else { 0 };
        }
    }
    crc
}

/// The message as sound, with half a second of silence on both sides.
pub(crate) fn modulate(bits: &[bool], line: Line) -> Vec<f64> {
    let rate = 8000.0 * (1.0 - line.drift * 1e-6);
    let count = (bits.len() as f64 * rate / 300.0) as usize;
    let mut sound = vec![0.0; 4000];
    let mut phase = 1.0f64;
    for sample in 0..count {
        let one = bits[(sample as f64 * 300.0 / rate) as usize];
        let hz = if one { 1650.0 } else { 1850.0 } * 8000.0 / rate + line.offset;
        phase += std::f64::consts::TAU * hz / 8000.0;
        sound.push(amplitude(line.level) * phase.sin());
    }
    sound.resize(sound.len() + 4000, 0.0);
    sound
}

/// Adds noise and makes packets of 20 ms.
pub(crate) fn packets(sound: &[f64], line: Line, random: &mut Random) -> Vec<RtpArrival> {
    let noise = line
        .snr
        .map_or(0.0, |snr| amplitude(line.level - snr) / 2f64.sqrt());
    let octets: Vec<u8> = sound
        .iter()
        .map(|value| compress(value + noise * random.normal(), line.law))
        .collect();
    let payload_type = if line.law == Law::Mu { 0 } else { 8 };
    octets
        .chunks_exact(160)
        .zip(0u16..)
        .map(|(chunk, number)| arrival(number, payload_type, chunk))
        .collect()
}

fn arrival(number: u16, payload_type: u8, octets: &[u8]) -> RtpArrival {
    let mut payload = vec![0x80, payload_type];
    payload.extend(number.to_be_bytes());
    payload.extend((u32::from(number) * 160).to_be_bytes());
    payload.extend([0, 0, 0, 1]);
    payload.extend(octets);
    RtpArrival {
        frame: FrameNo(u32::from(number) + 1),
        at: Timestamp(u64::from(number) * 20_000_000),
        src: Endpoint::new([192, 0, 2, 1].into(), 4000),
        dst: Endpoint::new([192, 0, 2, 2].into(), 4000),
        payload,
        cut: 0,
    }
}

/// The nearest octet of the law.
pub(crate) fn compress(value: f64, law: Law) -> u8 {
    use std::sync::OnceLock;
    static TABLES: OnceLock<[Vec<(i16, u8)>; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [Law::A, Law::Mu].map(|law| {
            let mut table: Vec<(i16, u8)> = (0..=255u8)
                .map(|octet| (law.sample(octet), octet))
                .collect();
            table.sort_unstable();
            table
        })
    });
    let table = &tables[usize::from(law == Law::Mu)];
    let wanted = (value * 32768.0).clamp(-32767.0, 32767.0) as i16;
    let place = table.partition_point(|(sample, _)| *sample < wanted);
    let above = table[place.min(255)];
    let below = table[place.saturating_sub(1)];
    if (i32::from(above.0) - i32::from(wanted)).abs()
        < (i32::from(wanted) - i32::from(below.0)).abs()
    {
        above.1
    } else {
        below.1
    }
}
