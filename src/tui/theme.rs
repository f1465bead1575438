//! The looks of [`crate::view::style`] as styles of ratatui, and those of the screen alone.

use ratatui::style::{Color, Modifier, Style};

use crate::view::Role;
use crate::view::style::{Hue, Palette};

/// How roles are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Theme(Palette);

impl Theme {
    /// With the colours of a palette; without: bold, dim and reversed only.
    pub(super) fn new(palette: Palette, colour: bool) -> Self {
        Self(if colour {
            palette
        } else {
            palette.without_colours()
        })
    }

    /// The style of a role.
    pub(super) fn style(&self, role: Role) -> Style {
        let look = self.0.style(role);
        let mut style = Style::new();
        if let Some(hue) = look.hue {
            style = style.fg(colour(hue));
        }
        if look.bold {
            style = style.add_modifier(Modifier::BOLD);
        }
        if look.dim {
            style = style.add_modifier(Modifier::DIM);
        }
        style
    }
}

fn colour(Hue(parameter): Hue) -> Color {
    match parameter {
        30 => Color::Black,
        31 => Color::Red,
        32 => Color::Green,
        33 => Color::Yellow,
        34 => Color::Blue,
        35 => Color::Magenta,
        36 => Color::Cyan,
        37 => Color::Gray,
        90 => Color::DarkGray,
        91 => Color::LightRed,
        92 => Color::LightGreen,
        93 => Color::LightYellow,
        94 => Color::LightBlue,
        95 => Color::LightMagenta,
        96 => Color::LightCyan,
        _ => Color::White,
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
        let theme = Theme::new(Palette::default(), false);
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
}
