//! What each role looks like: the one place that knows colours. The screen draws with it, the export writes it as SGR.
//!
//! Of the sixteen colours that every terminal has, and never red against green: everything that a colour says is also
//! said by a word or a mark, so that nothing is lost without them.

use super::Role;

/// A colour of text: one of the sixteen, as the parameter of SGR (30 to 37, 90 to 97).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hue(pub u8);

impl Hue {
    const RED: Self = Self(31);
    const YELLOW: Self = Self(33);
    const BLUE: Self = Self(34);
    const MAGENTA: Self = Self(35);
    const CYAN: Self = Self(36);
    const BRIGHT_RED: Self = Self(91);
    const BRIGHT_BLUE: Self = Self(94);

    /// Names of the first eight; `bright-` before them makes the others.
    const NAMES: [&str; 8] = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    ];

    fn named(word: &str) -> Option<Self> {
        let (base, word) = match word.strip_prefix("bright-") {
            Some(word) => (90, word),
            None => (30, word),
        };
        let mut numbered = (base..).zip(Self::NAMES);
        numbered.find_map(|(number, name)| (name == word).then_some(Self(number)))
    }

    fn name(self) -> String {
        let bright = if self.0 >= 90 { "bright-" } else { "" };
        let name = Self::NAMES.get(usize::from(self.0 % 10));
        format!("{bright}{}", name.copied().unwrap_or("white"))
    }
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

impl Style {
    const PLAIN: Self = Self {
        hue: None,
        bold: false,
        dim: false,
    };

    const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// `bold red`, `dim`, `bright-blue`, `plain`.
    pub fn named(text: &str) -> Result<Self, String> {
        let mut style = Self::PLAIN;
        for word in text.split_whitespace() {
            match word {
                "plain" => {}
                "bold" => style.bold = true,
                "dim" => style.dim = true,
                colour => {
                    let hue = Hue::named(colour).ok_or_else(|| {
                        format!("{colour}: not one of plain, bold, dim and the sixteen colours (red, bright-blue, ...)")
                    })?;
                    style.hue = Some(hue);
                }
            }
        }
        Ok(style)
    }

    /// As [`Style::named`] reads it.
    pub fn name(self) -> String {
        let words = [
            self.bold.then(|| "bold".to_owned()),
            self.dim.then(|| "dim".to_owned()),
            self.hue.map(Hue::name),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        if words.is_empty() {
            return "plain".to_owned();
        }
        words.join(" ")
    }
}

/// Colours that go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Colours that can be read on a dark and on a light ground.
    #[default]
    Both,
    /// For a dark ground.
    Dark,
    /// For a light ground.
    Light,
    /// Bold and dim alone.
    None,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Both, Self::Dark, Self::Light, Self::None];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::None => "none",
        }
    }

    /// SIP, what is good, what warns, what failed. Red and its opposite are told apart by those who see no difference
    /// between red and green.
    fn hues(self) -> [Option<Hue>; 4] {
        let hues = match self {
            Self::Both => [Hue::CYAN, Hue::CYAN, Hue::MAGENTA, Hue::RED],
            Self::Dark => [Hue::BRIGHT_BLUE, Hue::CYAN, Hue::YELLOW, Hue::BRIGHT_RED],
            Self::Light => [Hue::CYAN, Hue::BLUE, Hue::MAGENTA, Hue::RED],
            Self::None => return [None; 4],
        };
        hues.map(Some)
    }

    fn style(self, role: Role) -> Style {
        let [sip, good, warning, bad] = self.hues();
        let with = |hue| Style {
            hue,
            ..Style::PLAIN
        };
        match role {
            Role::Plain | Role::Indicator | Role::Note => Style::PLAIN,
            Role::Heading | Role::T30 | Role::Key | Role::Mark => Style::PLAIN.bold(),
            Role::Dim | Role::Lifeline | Role::Rtp | Role::Repeat | Role::Consequence => Style {
                dim: true,
                ..Style::PLAIN
            },
            Role::Sip => with(sip),
            Role::Page | Role::Good => with(good),
            Role::Missing => with(bad),
            Role::Error => with(bad).bold(),
            Role::Warning => with(warning).bold(),
        }
    }
}

/// Roles with the names that the settings have for them, in the order of [`Role`].
pub const ROLES: [(Role, &str, &str); 18] = [
    (Role::Plain, "plain", "plain text"),
    (Role::Heading, "heading", "headings, names of hosts"),
    (Role::Dim, "dim", "times, frames, octets"),
    (Role::Lifeline, "lifeline", "lifelines"),
    (Role::Sip, "sip", "arrows of SIP"),
    (Role::Indicator, "indicator", "T.38 indicators, tones"),
    (Role::T30, "t30", "T.30 messages"),
    (Role::Page, "page", "pages, TCF"),
    (Role::Rtp, "rtp", "RTP"),
    (Role::Missing, "missing", "what never came, what was lost"),
    (Role::Repeat, "repeat", "repeats, retransmissions"),
    (Role::Error, "error", "errors, a fax that failed"),
    (Role::Warning, "warning", "warnings"),
    (Role::Note, "note", "notes of rules"),
    (Role::Good, "good", "a fax that was delivered"),
    (
        Role::Consequence,
        "consequence",
        "hints that follow from another one",
    ),
    (Role::Key, "key", "keys in the foot line"),
    (Role::Mark, "mark", "marked calls"),
];

/// How all roles look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette([Style; ROLES.len()]);

impl Default for Palette {
    fn default() -> Self {
        Self::of(Theme::default())
    }
}

impl Palette {
    /// The colours of a theme.
    pub fn of(theme: Theme) -> Self {
        Self(ROLES.map(|(role, ..)| theme.style(role)))
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.0.get(role as usize).copied().unwrap_or_default()
    }

    /// Another look for a role.
    pub fn set(&mut self, role: Role, style: Style) {
        if let Some(place) = self.0.get_mut(role as usize) {
            *place = style;
        }
    }

    /// The same without colours.
    #[must_use]
    pub fn without_colours(self) -> Self {
        Self(self.0.map(|style| Style { hue: None, ..style }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_place() {
        for (at, (role, name, _)) in ROLES.iter().enumerate() {
            assert_eq!(*role as usize, at, "{name}");
        }
    }

    #[test]
    fn looks_are_read_as_they_are_written() {
        for theme in Theme::ALL {
            for (role, ..) in ROLES {
                let style = Palette::of(theme).style(role);
                assert_eq!(Style::named(&style.name()), Ok(style));
            }
        }
        assert_eq!(Style::named("bold bright-red").unwrap().hue, Some(Hue(91)));
        assert!(Style::named("bold reddish").is_err());
    }

    #[test]
    fn no_theme_sets_red_against_green() {
        for theme in Theme::ALL {
            let palette = Palette::of(theme);
            let hues = ROLES.map(|(role, ..)| palette.style(role).hue);
            assert!(!hues.contains(&Hue::named("green")));
            assert!(!hues.contains(&Hue::named("bright-green")));
        }
    }
}
