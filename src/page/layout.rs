//! How a page is coded and how large its pixels are: what a DCS says of it.

use std::fmt;

/// Coding of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// Modified Huffman (T.4 4.1).
    Mh,
    /// Modified READ (T.4 4.2).
    Mr,
    /// Modified modified READ (T.6).
    Mmr,
}

impl Coding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mh, Self::Mr, Self::Mmr];

    /// By the name that [`crate::t30::capability::DcsMode::compression`] has; `None` for JBIG, JPEG and the
    /// like.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coding| coding.name() == name)
    }

    /// `MH`, `MR`, `MMR`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mh => "MH",
            Self::Mr => "MR",
            Self::Mmr => "MMR",
        }
    }
}

/// Dots per inch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// Across.
    pub x: u32,
    /// Down.
    pub y: u32,
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.x, self.y)
    }
}

impl Resolution {
    /// R8 x 3.85 lines/mm, which every terminal has.
    pub const STANDARD: Self = Self { x: 204, y: 98 };

    /// Reads `204x196`.
    pub fn by_name(name: &str) -> Option<Self> {
        let (x, y) = name.split_once('x')?;
        Some(Self {
            x: x.parse().ok()?,
            y: y.parse().ok()?,
        })
    }

    /// Dots per millimetre across and down. The metric ones of T.4 are rounded in dots per inch: 8.04 x 3.85 is
    /// called 204 x 98.
    pub fn per_mm(self) -> (f64, f64) {
        let x = match self.x {
            204 => 1728.0 / 215.0,
            408 => 3456.0 / 215.0,
            inch => f64::from(inch) / MM_PER_INCH,
        };
        let y = match self.y {
            98 => 3.85,
            196 => 7.7,
            391 => 15.4,
            inch => f64::from(inch) / MM_PER_INCH,
        };
        (x, y)
    }
}

/// Millimetres of an inch.
pub const MM_PER_INCH: f64 = 25.4;

/// How the rows of a page are coded, how long they are and how large the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Coding.
    pub coding: Coding,
    /// Pixels of a row.
    pub width: u32,
    /// Size of the pixels.
    pub resolution: Resolution,
}

impl Layout {
    /// Pixels of a row of the nominal width in mm: 215, 255 or 303 (T.4 Table 1, T.30 Table 2).
    pub const fn pixels(width_mm: u16, resolution: Resolution) -> u32 {
        let at_8_per_mm = match width_mm {
            255 => 2048,
            303 => 2432,
            _ => 1728,
        };
        match resolution.x {
            300 => at_8_per_mm * 3 / 2,
            400 | 408 => at_8_per_mm * 2,
            600 => at_8_per_mm * 3,
            1200 => at_8_per_mm * 6,
            _ => at_8_per_mm,
        }
    }
}
