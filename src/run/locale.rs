//! Which characters the terminal reads, by the environment.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

/// Whether the locale is one of UTF-8: by the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set and not empty
/// (POSIX, 8.2). Without any of them it is `C`, which is ASCII.
fn is_utf8(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let Some(locale) = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set) else {
        return false;
    };
    let locale = locale.to_string_lossy();
    // `language_TERRITORY.codeset@modifier`; macOS also has the code set alone.
    let codeset = locale
        .split_once('.')
        .map_or(&*locale, |(_, codeset)| codeset);
    let codeset = codeset.split('@').next().unwrap_or_default();
    codeset.replace('-', "").eq_ignore_ascii_case("utf8")
}

/// Whether what goes to standard output must be ASCII: it is a terminal, and its locale not one of UTF-8. An octet
/// from 0x80 to 0x9f would steer a terminal that reads Latin-1.
pub(super) fn output_is_ascii() -> bool {
    io::stdout().is_terminal() && !is_utf8(|name| std::env::var_os(name))
}

/// The same of standard error.
pub(super) fn errors_are_ascii() -> bool {
    io::stderr().is_terminal() && !is_utf8(|name| std::env::var_os(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf8(variables: &[(&str, &str)]) -> bool {
        is_utf8(|name| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_first_variable_that_says_something_counts() {
        assert!(utf8(&[("LANG", "de_DE.UTF-8")]));
        assert!(utf8(&[
            ("LC_ALL", ""),
            ("LC_CTYPE", "C.utf8"),
            ("LANG", "C")
        ]));
        assert!(utf8(&[("LC_CTYPE", "UTF-8")]));
        assert!(utf8(&[("LANG", "de_DE.UTF-8@euro")]));
        assert!(!utf8(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!utf8(&[("LANG", "de_DE.ISO-8859-1")]));
        assert!(!utf8(&[("LANG", "de_DE")]));
        assert!(!utf8(&[]));
    }
}
