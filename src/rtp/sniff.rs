//! May this call be a fax? A test so cheap that every voice call of a large capture can afford it.
//!
//! One G.711 packet in half a second is looked at. Three sums tell enough: power, and the products of samples
//! one and two apart. For a sine of angle θ per sample they are cos θ and cos 2θ of the power, which no
//! speech keeps to; modem signals around 1750 Hz have a first product near 0 and a strongly negative second one.

#![expect(
    clippy::cast_precision_loss,
    reason = "sums of a packet, compared to a percent"
)]

use std::ops::Range;

use super::g711::{self, Law};

/// What a packet sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sniff {
    /// 1100 Hz.
    Cng,
    /// 2100 Hz.
    AnswerTone,
    /// V.21 channel 2: between 1650 and 1850 Hz.
    V21,
    /// A fast modem around 1700 or 1800 Hz.
    Modem,
    /// Anything else above silence: speech, music, ringing.
    Other,
}

impl Sniff {
    /// Whether it may be a signal of a fax.
    pub const fn is_of_fax(self) -> bool {
        !matches!(self, Self::Other)
    }
}

/// Mean square of [`scaled`] samples below which nothing is looked at: -46 dBm0.
const WEAKEST: i32 = 6_500 / 256;
/// Samples looked at: a packet of 20 ms. Of longer ones the start is enough.
pub const SAMPLES: usize = 160;

/// Of no less than 10 ms anything can be told.
const HALF: usize = SAMPLES / 2;

/// Scaled samples with as many zeros behind them as the longest lag.
type Padded = [i16; SAMPLES + 2];

/// Looks at the G.711 octets of one packet; `None` for silence, and packets below 10 ms.
pub fn sniff(payload: &[u8], law: Law) -> Option<Sniff> {
    let mut samples: Padded = [0; SAMPLES + 2];
    let table = match law {
        Law::A => &A_LAW,
        Law::Mu => &MU_LAW,
    };
    let count = payload.len().min(SAMPLES);
    let half = payload.len().min(HALF);
    let decode = |samples: &mut Padded, part: Range<usize>| {
        let octets = payload.get(part.clone())?;
        for (sample, octet) in samples.get_mut(part)?.iter_mut().zip(octets) {
            *sample = table.get(usize::from(*octet)).copied().unwrap_or_default();
        }
        Some(())
    };
    decode(&mut samples, 0..half)?;
    // Most packets are speech, and show it in half of their time.
    let begins = products::<HALF>(&samples, half);
    if begins.is_some_and(|(first, second)| is_nothing(first, second)) {
        return Some(Sniff::Other);
    }
    decode(&mut samples, half..count)?;
    of_scaled(&samples, count)
}

/// As [`sniff`], for linear samples.
pub fn sniff_samples(samples: &[i16]) -> Option<Sniff> {
    let mut all: Padded = [0; SAMPLES + 2];
    let count = samples.len().min(SAMPLES);
    for (scaled_sample, sample) in all.iter_mut().zip(samples.get(..count)?) {
        *scaled_sample = scaled(*sample);
    }
    of_scaled(&all, count)
}

/// Without its four last bits: 160 products then stay within 32 bits, and the processor does eight of them at a
/// time. The weakest tone still has a step of a tenth of its amplitude.
const fn scaled(sample: i16) -> i16 {
    sample.saturating_add(8) >> 4
}

/// What the octets of each law stand for, scaled.
static A_LAW: [i16; 256] = scaled_table(Law::A);
static MU_LAW: [i16; 256] = scaled_table(Law::Mu);

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time, for the 256 values of an octet"
)]
const fn scaled_table(law: Law) -> [i16; 256] {
    let mut table = g711::table(law);
    let mut octet = 0;
    while octet < table.len() {
        table[octet] = scaled(table[octet]);
        octet += 1;
    }
    table
}

/// The first `count` are samples, zeros follow.
fn of_scaled(samples: &Padded, count: usize) -> Option<Sniff> {
    let (first, second) = products::<SAMPLES>(samples, count)?;
    Some(classify(first, second))
}

/// The products of neighbours and of second neighbours among the first `count` of `N` samples, as parts of the power.
/// `None`: there are too few, or they are too weak.
fn products<const N: usize>(samples: &Padded, count: usize) -> Option<(f32, f32)> {
    if count < HALF {
        return None;
    }
    let all: &[i16; N] = samples.first_chunk()?;
    let lagged = |lag: usize| -> i32 {
        let other: Option<&[i16; N]> = samples.get(lag..).and_then(<[i16]>::first_chunk);
        other.map_or(0, |other| {
            all.iter()
                .zip(other)
                .map(|(one, other)| i32::from(*one) * i32::from(*other))
                .sum()
        })
    };
    let power = lagged(0);
    if power < WEAKEST * i32::try_from(count).unwrap_or(i32::MAX) {
        return None;
    }
    // Edges: one product less with each lag.
    let scale =
        |sum: i32, lag: usize| sum as f32 / power as f32 * count as f32 / (count - lag) as f32;
    Some((scale(lagged(1), 1), scale(lagged(2), 2)))
}

/// Whether the first half of a packet says already that [`classify`] will find nothing in all of it: it is far from
/// whatever that looks for.
fn is_nothing(first: f32, second: f32) -> bool {
    let may_be_cng = (0.5..0.8).contains(&first) && (-0.5..0.25).contains(&second);
    let may_be_modem = (-0.35..0.65).contains(&first) && second < -0.1;
    !may_be_cng && !may_be_modem
}

/// By the products of neighbours and of second neighbours, as parts of the power.
fn classify(first: f32, second: f32) -> Sniff {
    // A sine: cos 2θ = 2 cos² θ - 1.
    let sine = (second - (2.0 * first * first - 1.0)).abs() < 0.06;
    match (first, second) {
        // 1062 to 1138 Hz and 2085 to 2115 Hz, and what the edges of the packet add.
        (0.61..0.69, _) if sine => Sniff::Cng,
        (-0.115..-0.04, _) if sine => Sniff::AnswerTone,
        (0.08..0.32, -1.0..-0.80) => Sniff::V21,
        (-0.05..0.40, -0.90..-0.33) => Sniff::Modem,
        _ => Sniff::Other,
    }
}

/// What the packets of one stream sounded like so far, and whether the call may be a fax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    cng: u16,
    answer: u16,
    v21: u16,
    modem: u16,
    other: u16,
    looked_at: u16,
}

impl Suspicion {
    /// Takes the result for one packet.
    pub fn add(&mut self, sniff: Option<Sniff>) {
        let counter = match sniff {
            Some(Sniff::Cng) => &mut self.cng,
            Some(Sniff::AnswerTone) => &mut self.answer,
            Some(Sniff::V21) => &mut self.v21,
            Some(Sniff::Modem) => &mut self.modem,
            Some(Sniff::Other) => &mut self.other,
            None => &mut self.looked_at,
        };
        *counter = counter.saturating_add(1);
        if sniff.is_some() {
            self.looked_at = self.looked_at.saturating_add(1);
        }
    }

    /// Whether decoding is worth its time, at one packet in half a second.
    ///
    /// A fax shows V.21 for 1.2 s at least each time, or a page; CNG in one packet of seven. An answer tone
    /// alone (a data modem) is decoded too: only V.21 tells it from a fax that never spoke.
    pub const fn may_be_fax(&self) -> bool {
        self.v21 >= 2
            || self.cng >= 2
            || self.answer >= 3
            || self.modem >= 4
            || self.cng + self.v21 >= 1 && self.cng + self.answer + self.v21 + self.modem >= 2
    }

    /// Whether not one packet sounded like a tone or a message of a fax. One that sounds like a fast modem may be
    /// any noise.
    pub const fn heard_nothing(&self) -> bool {
        self.looked_at > 0 && self.cng + self.answer + self.v21 == 0 && !self.may_be_fax()
    }

    /// Whether a packet sounded like CNG.
    pub const fn heard_cng(&self) -> bool {
        self.cng > 0
    }

    /// Packets above silence that sounded like nothing of a fax.
    pub const fn other(&self) -> u16 {
        self.other
    }

    /// Packets looked at so far.
    pub const fn looked_at(&self) -> u16 {
        self.looked_at
    }
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::{packets, sine};
    use super::super::header;
    use super::*;

    fn sniffed(signal: &[f64]) -> Vec<Option<Sniff>> {
        packets(signal)
            .iter()
            .map(|arrival| sniff(header::parse(&arrival.payload).unwrap().payload, Law::Mu))
            .collect()
    }

    #[test]
    fn tells_tones() {
        for (hz, expected) in [
            (1100.0, Some(Sniff::Cng)),
            (1065.0, Some(Sniff::Cng)),
            (1135.0, Some(Sniff::Cng)),
            (2100.0, Some(Sniff::AnswerTone)),
            (2088.0, Some(Sniff::AnswerTone)),
            (1650.0, Some(Sniff::V21)),
            (1850.0, Some(Sniff::V21)),
            (440.0, Some(Sniff::Other)),
            (1000.0, Some(Sniff::Other)),
            (2600.0, Some(Sniff::Other)),
        ] {
            for level in [-10.0, -40.0] {
                let found = sniffed(&sine(hz, level, 0.2));
                assert!(
                    found.iter().all(|one| *one == expected),
                    "{hz} Hz: {found:?}"
                );
            }
        }
        assert!(
            sniffed(&sine(1100.0, -55.0, 0.2))
                .iter()
                .all(Option::is_none)
        );
    }

    #[test]
    fn half_of_a_packet_rules_out_no_signal() {
        // All that is looked for, and what lies between and around, at many phases.
        for hz in (1040..1160).chain(1600..1900).chain(2070..2130).step_by(9) {
            for arrival in packets(&sine(f64::from(hz), -20.0, 0.2)) {
                let octets = header::parse(&arrival.payload).unwrap().payload;
                let mut samples: Padded = [0; SAMPLES + 2];
                for (sample, octet) in samples.iter_mut().zip(octets) {
                    *sample = MU_LAW[usize::from(*octet)];
                }
                assert_eq!(
                    sniff(octets, Law::Mu),
                    of_scaled(&samples, SAMPLES),
                    "{hz} Hz"
                );
            }
        }
    }

    #[test]
    fn short_and_long_packets_are_looked_at() {
        let tone = packets(&sine(2100.0, -10.0, 0.2));
        let octets: Vec<u8> = tone
            .iter()
            .flat_map(|arrival| arrival.payload[12..].to_vec())
            .collect();
        for len in [80, 240, 1600] {
            assert_eq!(sniff(&octets[..len], Law::Mu), Some(Sniff::AnswerTone));
        }
        assert_eq!(sniff(&octets[..79], Law::Mu), None);
        assert_eq!(sniff(&[], Law::A), None);
    }

    #[test]
    fn one_odd_packet_is_no_suspicion() {
        let mut suspicion = Suspicion::default();
        for sniff in [None, Some(Sniff::Cng), None, None] {
            suspicion.add(sniff);
        }
        assert!(!suspicion.may_be_fax());
        suspicion.add(Some(Sniff::V21));
        assert!(suspicion.may_be_fax());
        assert_eq!(suspicion.looked_at(), 5);
    }
}
