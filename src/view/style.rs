//! What each role looks like: the one table that knows colours. The screen draws with it, the export writes it as SGR.
//!
//! Four of the sixteen colours only, those that can be read on a dark and on a light ground; everything
//! that a colour says is also said by a word or a mark, so that nothing is lost without them.

use super::Role;

/// A colour of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hue {
    /// What failed or is missing.
    Red,
    /// What was delivered.
    Green,
    /// Warnings.
    Magenta,
    /// SIP.
    Cyan,
}

/// How a role looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Its colour; `None`: that of plain text.
    pub hue: Option<Hue>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
}

impl Role {
    /// How the role looks.
    pub fn style(self) -> Style {
        let plain = Style::default();
        let of = |hue| Style {
            hue: Some(hue),
            ..plain
        };
        match self {
            Self::Plain | Self::Indicator | Self::Note => plain,
            Self::Heading | Self::T30 | Self::Key | Self::Mark => Style {
                bold: true,
                ..plain
            },
            Self::Dim | Self::Lifeline | Self::Rtp | Self::Repeat | Self::Consequence => {
                Style { dim: true, ..plain }
            }
            Self::Sip => of(Hue::Cyan),
            Self::Page | Self::Good => of(Hue::Green),
            Self::Missing => of(Hue::Red),
            Self::Error => Style {
                bold: true,
                ..of(Hue::Red)
            },
            Self::Warning => Style {
                bold: true,
                ..of(Hue::Magenta)
            },
        }
    }
}
