//! The catalogue of rules as text.

use std::io::{self, Write};

use crate::hint::Rule;
use crate::view::wrap;

/// One line a rule; with an id that rule in full. `false`: there is no such rule.
pub(super) fn write(
    out: &mut impl Write,
    rules: impl IntoIterator<Item = &'static Rule>,
    id: Option<&str>,
    width: usize,
) -> io::Result<bool> {
    let Some(id) = id else {
        for rule in rules {
            writeln!(
                out,
                "{:<34} {:<8} {}",
                rule.id,
                rule.severity.name(),
                rule.title
            )?;
        }
        return Ok(true);
    };
    let Some(rule) = rules.into_iter().find(|rule| rule.id == id) else {
        return Ok(false);
    };
    writeln!(
        out,
        "{}   {}\n{}",
        rule.id,
        rule.severity.name(),
        rule.title
    )?;
    for (name, text) in [
        ("When", rule.when),
        ("Advice", rule.advice),
        ("Source", rule.reference),
    ] {
        writeln!(out)?;
        for line in wrap(&format!("{name}: {text}"), width) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(true)
}
