//! What each role looks like: the only place that knows colours.
//!
//! Four of the sixteen colours only, those that can be read on a dark and on a light ground; everything
//! that a colour says is also said by a word or a mark, so that nothing is lost without them.

use ratatui::style::{Color, Modifier, Style};

use crate::view::Role;

/// How roles are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Theme {
    /// With colours; without: bold, dim and reversed only.
    pub(super) colour: bool,
}

impl Theme {
    /// The style of a role.
    pub(super) fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = Modifier::BOLD;
        match role {
            Role::Plain | Role::Indicator | Role::Note => plain,
            Role::Heading | Role::T30 | Role::Key | Role::Mark => plain.add_modifier(bold),
            Role::Dim | Role::Lifeline | Role::Rtp | Role::Repeat | Role::Consequence => {
                plain.add_modifier(Modifier::DIM)
            }
            Role::Sip => self.fg(Color::Cyan),
            Role::Page | Role::Good => self.fg(Color::Green),
            Role::Missing => self.fg(Color::Red),
            Role::Error => self.fg(Color::Red).add_modifier(bold),
            Role::Warning => self.fg(Color::Magenta).add_modifier(bold),
        }
    }

    fn fg(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }
}

/// The bar on the selected row.
pub(super) fn selected() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}

/// What a search has found.
pub(super) fn found() -> Style {
    // Bold and dim at once is one or the other, as the terminal likes.
    Style::new()
        .add_modifier(Modifier::UNDERLINED | Modifier::BOLD)
        .remove_modifier(Modifier::DIM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_no_role_has_one() {
        let theme = Theme { colour: false };
        for role in [
            Role::Error,
            Role::Warning,
            Role::Good,
            Role::Sip,
            Role::Missing,
        ] {
            assert_eq!(theme.style(role).fg, None, "{role:?}");
            assert_eq!(theme.style(role).bg, None, "{role:?}");
        }
    }

    #[test]
    fn keeps_off_colours_that_vanish_on_some_grounds() {
        let theme = Theme { colour: true };
        for role in [
            Role::Error,
            Role::Warning,
            Role::Good,
            Role::Sip,
            Role::Page,
        ] {
            let colour = theme.style(role).fg;
            assert!(
                matches!(
                    colour,
                    Some(Color::Red | Color::Green | Color::Magenta | Color::Cyan)
                ),
                "{role:?} {colour:?}"
            );
        }
    }
}
