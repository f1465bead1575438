//! What terminals can do and what the sender chose: the bits of DIS, DTC and DCS (T.30 5.3.6.2.2, Table 2).

use crate::line::Modem;

mod compare;
mod table;

pub use compare::{difference, exceeds};
pub use table::{BITS, Bit};

/// Bits that say "another octet follows": every eighth, from 24 on.
const FIRST_EXTENSION: u8 = 24;

/// The information field of a DIS or DTC, as far as its extension bits say it goes.
///
/// Missing octets mean 0 (T.30 Table 2, note 1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    octets: Vec<u8>,
    after: usize,
}

impl Capabilities {
    /// Reads the FIF of a DIS, DTC or DCS, in the order of T.38 (bit 1 is the highest of the first octet).
    pub fn new(fif: &[u8]) -> Self {
        let mut size = 0;
        for (octet, number) in fif.iter().zip(1..) {
            size = number;
            // The first two octets have no extension bit.
            if number >= 3 && octet & 1 == 0 {
                break;
            }
        }
        Self {
            octets: fif.get(..size).unwrap_or_default().to_vec(),
            after: fif.len() - size,
        }
    }

    /// Bit `number` (1-based); false where the octet is not there.
    pub fn bit(&self, number: u8) -> bool {
        let Some(index) = number.checked_sub(1) else {
            return false;
        };
        self.octets
            .get(usize::from(index / 8))
            .is_some_and(|octet| octet & (0x80 >> (index % 8)) != 0)
    }

    /// Bits from `first` to `last` as a number, `first` the highest.
    pub fn bits(&self, first: u8, last: u8) -> u8 {
        (first..=last).fold(0, |value, number| value << 1 | u8::from(self.bit(number)))
    }

    /// Number of the last bit that is there.
    pub fn last_bit(&self) -> u8 {
        u8::try_from(self.octets.len() * 8).unwrap_or(u8::MAX)
    }

    /// Octets after the one without extension bit: they say nothing.
    pub fn octets_after(&self) -> usize {
        self.after
    }

    /// The last octet says that another one follows, but there is none.
    pub fn is_cut(&self) -> bool {
        self.octets.len() >= 3 && self.octets.last().is_some_and(|octet| octet & 1 != 0)
    }

    /// DIS, DTC: modems that the terminal has, each at its highest rate; the last one is the fastest. Empty
    /// for a reserved value.
    pub fn modems(&self) -> Vec<Modem> {
        const V27_2400: Modem = modem("V.27ter", 2400);
        const V27: Modem = modem("V.27ter", 4800);
        const V29: Modem = modem("V.29", 9600);
        const V17: Modem = modem("V.17", 14400);
        const V33: Modem = modem("V.33", 14400);
        match self.bits(11, 14) {
            0b0000 => vec![V27_2400],
            0b0100 => vec![V27],
            0b1000 => vec![V29],
            0b1100 => vec![V27, V29],
            0b1110 => vec![V27, V29, V33],
            0b1101 => vec![V27, V29, V17],
            _ => Vec::new(),
        }
    }

    /// DIS, DTC: highest rate of its modems in bit/s, V.34 aside; 0 for a reserved value.
    pub fn max_rate(&self) -> u32 {
        self.modems()
            .iter()
            .map(|modem| modem.rate)
            .max()
            .unwrap_or(0)
    }

    /// DIS, DTC: V.8, so V.34 (Super G3).
    pub fn v8(&self) -> bool {
        self.bit(6)
    }

    /// Can receive (DIS), or the receiver shall receive (DCS).
    pub fn receives(&self) -> bool {
        self.bit(10)
    }

    /// Has a document to be polled (DIS).
    pub fn has_document(&self) -> bool {
        self.bit(9)
    }

    /// Error correction mode.
    pub fn ecm(&self) -> bool {
        self.bit(27)
    }

    /// Best compression of black and white pages.
    pub fn compression(&self) -> &'static str {
        if self.bit(78) {
            "JBIG"
        } else if self.bit(31) {
            "MMR"
        } else if self.bit(16) {
            "MR"
        } else {
            "MH"
        }
    }

    /// The finest resolution in a word: `standard`, `fine`, `superfine`, or dots per inch.
    pub fn finest(&self) -> &'static str {
        const FINEST: [(u8, &str); 8] = [
            (106, "1200x1200"),
            (109, "600x1200"),
            (105, "600x600"),
            (108, "400x800"),
            (107, "300x600"),
            (43, "400x400"),
            (42, "300x300"),
            (41, "superfine"),
        ];
        FINEST
            .iter()
            .find(|(number, _)| self.bit(*number))
            .map_or_else(
                || if self.bit(15) { "fine" } else { "standard" },
                |(_, word)| word,
            )
    }

    /// The bits read as those of a DCS.
    pub fn as_command(&self) -> DcsMode {
        DcsMode::from_bits(self)
    }

    /// One line: `V.17 14400, ECM, MMR, fine`.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.v8() {
            parts.push("V.34".to_owned());
        }
        parts.push(
            self.modems()
                .last()
                .map_or_else(|| "reserved modems".to_owned(), ToString::to_string),
        );
        if self.ecm() {
            parts.push("ECM".to_owned());
        }
        parts.push(self.compression().to_owned());
        parts.push(self.finest().to_owned());
        if !self.receives() {
            parts.push("cannot receive".to_owned());
        }
        if self.has_document() {
            parts.push("document to poll".to_owned());
        }
        parts.join(", ")
    }
}

/// What a DCS commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DcsMode {
    /// Modem and rate; `IAF` at 0 where the rate is not that of a modem (bit 123). `unknown modem` for a
    /// reserved value.
    pub modem: Modem,
    /// Error correction mode.
    pub ecm: bool,
    /// Octets in an ECM frame: 256 or 64.
    pub frame_size: u16,
    /// `MH`, `MR`, `MMR`, `JBIG`, `JPEG`, `T.43`, `MRC`.
    pub compression: &'static str,
    /// Dots per inch across and down: `204x98`, `204x196`, `200x200`, ...
    pub resolution: &'static str,
    /// Page width in mm: 215, 255 or 303.
    pub width: u16,
    /// `A4`, `B4`, `unlimited`.
    pub length: &'static str,
    /// Least time of a scan line in ms; `None` for a reserved value.
    pub scan_time: Option<u8>,
    /// Internet-aware fax: no training, no rate limit of a modem.
    pub iaf: bool,
}

impl DcsMode {
    /// Reads the FIF of a DCS.
    pub fn new(fif: &[u8]) -> Self {
        Capabilities::new(fif).as_command()
    }

    fn from_bits(bits: &Capabilities) -> Self {
        let iaf = bits.bit(123);
        Self {
            modem: if iaf {
                modem("IAF", 0)
            } else {
                dcs_modem(bits.bits(11, 14))
            },
            ecm: bits.ecm(),
            frame_size: if bits.bit(28) { 64 } else { 256 },
            compression: compression(bits),
            resolution: resolution(bits),
            width: match bits.bits(17, 18) {
                0b10 => 255,
                0b01 => 303,
                _ => 215,
            },
            length: match bits.bits(19, 20) {
                0b00 => "A4",
                0b10 => "B4",
                _ => "unlimited",
            },
            scan_time: match bits.bits(21, 23) {
                0b000 => Some(20),
                0b100 => Some(5),
                0b010 => Some(10),
                0b001 => Some(40),
                0b111 => Some(0),
                _ => None,
            },
            iaf,
        }
    }

    /// One line: `V.17 14400, ECM, MMR, fine`.
    pub fn summary(&self) -> String {
        let mut parts = vec![self.modem.to_string()];
        if self.ecm {
            parts.push(if self.frame_size == 64 {
                "ECM 64".to_owned()
            } else {
                "ECM".to_owned()
            });
        }
        parts.push(self.compression.to_owned());
        parts.push(
            match self.resolution {
                "204x98" | "200x100" => "standard",
                "204x196" | "200x200" => "fine",
                "204x391" | "200x400" => "superfine",
                other => other,
            }
            .to_owned(),
        );
        parts.join(", ")
    }
}

const fn modem(name: &'static str, rate: u32) -> Modem {
    Modem { name, rate }
}

/// Bits 11 to 14 of a DCS.
const fn dcs_modem(bits: u8) -> Modem {
    match bits {
        0b0000 => modem("V.27ter", 2400),
        0b0100 => modem("V.27ter", 4800),
        0b1000 => modem("V.29", 9600),
        0b1100 => modem("V.29", 7200),
        0b0001 => modem("V.17", 14400),
        0b0101 => modem("V.17", 12000),
        0b1001 => modem("V.17", 9600),
        0b1101 => modem("V.17", 7200),
        0b0010 => modem("V.33", 14400),
        0b0110 => modem("V.33", 12000),
        _ => modem("unknown modem", 0),
    }
}

fn compression(bits: &Capabilities) -> &'static str {
    if bits.bits(92, 94) != 0 {
        "MRC"
    } else if bits.bit(36) {
        "T.43"
    } else if bits.bit(68) {
        "JPEG"
    } else if bits.bit(78) || bits.bit(79) {
        "JBIG"
    } else if bits.bit(31) {
        "MMR"
    } else if bits.bit(16) {
        "MR"
    } else {
        "MH"
    }
}

/// Resolution that a DCS selects; bit 44 set means inch-based (T.30 Table 2).
fn resolution(bits: &Capabilities) -> &'static str {
    const SELECTED: [(u8, &str, &str); 9] = [
        (106, "1200x1200", "1200x1200"),
        (109, "600x1200", "600x1200"),
        (105, "600x600", "600x600"),
        (108, "400x800", "400x800"),
        (107, "300x600", "300x600"),
        (43, "408x391", "400x400"),
        (42, "300x300", "300x300"),
        (41, "204x391", "200x400"),
        (15, "204x196", "200x200"),
    ];
    let inch = bits.bit(44);
    let (_, metric, inches) = SELECTED
        .into_iter()
        .find(|(number, ..)| bits.bit(*number))
        .unwrap_or((0, "204x98", "200x100"));
    if inch { inches } else { metric }
}

/// Whether a bit says only that another octet follows.
pub(super) const fn is_extension(number: u8) -> bool {
    number >= FIRST_EXTENSION && number.is_multiple_of(8)
}

#[cfg(test)]
mod tests;
