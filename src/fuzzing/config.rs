//! The files of settings.

use crate::settings;
use crate::text::{is_hostile, lossy};

/// Any text as a file of settings: what is wrong is one line; what holds can be read again, and steers no terminal.
pub fn config(octets: &[u8]) {
    let shown = match settings::shown_of(&lossy(octets)) {
        Ok(shown) => shown,
        Err(error) => {
            assert_eq!(error.lines().count(), 1, "{error:?}");
            return;
        }
    };
    assert!(
        !shown.chars().any(|c| c != '\n' && is_hostile(c)),
        "{shown:?}"
    );
    assert!(settings::shown_of(&shown).is_ok(), "{shown}");
}
