//! The looks of [`crate::view::style`] as styles of ratatui, and those of the screen alone.

use ratatui::style::{Color, Modifier, Style};

use crate::view::Role;
use crate::view::style::Hue;

/// How roles are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Theme {
    /// With colours; without: bold, dim and reversed only.
    pub(super) colour: bool,
}

impl Theme {
    /// The style of a role.
    pub(super) fn style(self, role: Role) -> Style {
        let look = role.style();
        let mut style = Style::new();
        if let Some(hue) = look.hue.filter(|_| self.colour) {
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

fn colour(hue: Hue) -> Color {
    match hue {
        Hue::Red => Color::Red,
        Hue::Green => Color::Green,
        Hue::Magenta => Color::Magenta,
        Hue::Cyan => Color::Cyan,
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
}
