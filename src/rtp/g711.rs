//! G.711: octets to samples, and levels in dBm0.
//!
//! Samples are 16 bits: full scale of the code lies 3.14 dB (A-law) and 3.17 dB (µ-law) above 0 dBm0.

/// The two laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// PCMA.
    A,
    /// PCMU.
    Mu,
}

impl Law {
    /// By encoding name (`PCMA`, `PCMU`; any case).
    pub fn of_codec(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("PCMA") {
            Some(Self::A)
        } else if name.eq_ignore_ascii_case("PCMU") {
            Some(Self::Mu)
        } else {
            None
        }
    }

    /// The sample an octet stands for, 16 bits.
    pub fn sample(self, octet: u8) -> i16 {
        // The table has 256 entries: every octet has one.
        let sample = self.samples().get(usize::from(octet));
        sample.copied().unwrap_or_default()
    }

    /// The samples of all octets, 16 bits.
    pub fn samples(self) -> &'static [i16; 256] {
        match self {
            Self::A => &A_LAW,
            Self::Mu => &MU_LAW,
        }
    }

    /// The octet that stands for silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }
}

static A_LAW: [i16; 256] = table(Law::A);
static MU_LAW: [i16; 256] = table(Law::Mu);

/// The samples of all octets.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, for the 256 values of an octet"
)]
pub(super) const fn table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = match law {
            Law::A => expand_a(octet as u8),
            Law::Mu => expand_mu(octet as u8),
        };
        octet += 1;
    }
    table
}

/// G.711 table 1; even bits are inverted on the line.
const fn expand_a(octet: u8) -> i16 {
    let code = octet ^ 0x55;
    let step = ((code & 0x0F) as i16) << 4;
    let segment = (code & 0x70) >> 4;
    let magnitude = if segment == 0 {
        step + 8
    } else {
        (step + 0x108) << (segment - 1)
    };
    if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// G.711 table 2; all bits are inverted on the line.
const fn expand_mu(octet: u8) -> i16 {
    let code = !octet;
    let step = ((code & 0x0F) as i16) << 3;
    let magnitude = ((step + 0x84) << ((code & 0x70) >> 4)) - 0x84;
    if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Level in dBm0 of a mean square of 16-bit samples; a sine of full scale has +3.15 dBm0. -99 for silence.
pub fn dbm0(mean_square: f32) -> f32 {
    const FULL_SCALE: f32 = 32768.0;
    if mean_square < 1e-3 {
        return -99.0;
    }
    (10.0 * (mean_square / (FULL_SCALE * FULL_SCALE)).log10() + 6.16).max(-99.0)
}

/// Mean square of 16-bit samples of a sine of `level` dBm0.
pub fn mean_square(level: f32) -> f32 {
    32768.0 * 32768.0 * 10f32.powf((level - 6.16) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes() {
        // G.711: the ends and the smallest steps of both laws.
        assert_eq!(Law::A.sample(0xD5), 8);
        assert_eq!(Law::A.sample(0x55), -8);
        assert_eq!(Law::A.sample(0xAA), 32256);
        assert_eq!(Law::A.sample(0x2A), -32256);
        assert_eq!(Law::Mu.sample(0xFF), 0);
        assert_eq!(Law::Mu.sample(0x80), 32124);
        assert_eq!(Law::Mu.sample(0x00), -32124);
        assert_eq!(Law::Mu.sample(0xFE), 8);
    }

    #[test]
    fn digital_milliwatt_has_0_dbm0() {
        // G.711 tables 5 and 6: the sequences of a 1 kHz sine of 0 dBm0.
        let cases = [
            (Law::A, [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4]),
            (Law::Mu, [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E]),
        ];
        for (law, octets) in cases {
            let power = octets
                .iter()
                .map(|octet| f32::from(law.sample(*octet)).powi(2))
                .sum::<f32>()
                / 8.0;
            assert!(dbm0(power).abs() < 0.1, "{law:?}: {}", dbm0(power));
        }
        assert!((dbm0(mean_square(-43.0)) + 43.0).abs() < 0.01);
    }

    #[test]
    fn names_its_laws() {
        assert_eq!(Law::of_codec("pcma"), Some(Law::A));
        assert_eq!(Law::of_codec("PCMU"), Some(Law::Mu));
        assert_eq!(Law::of_codec("G729"), None);
        assert_eq!(Law::Mu.sample(Law::Mu.silence()), 0);
    }
}
