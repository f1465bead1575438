//! What a `fires` scenario expects of the finding: severity, side, frames (the deciding one first), words.

use std::fmt::Write as _;

use faxflow::api::hint::Hint;

use crate::scenario::{Made, Words};

/// What must be said of every finding.
const WANTED: [&str; 4] = ["severity", "side", "frames", "seen"];

/// In `frames=`: it cites none.
const NONE: &str = "none";

/// Words after `expect`, as they should be for this hint; its words, leg and cause stay where they hold.
pub(crate) fn written(old: &Words, made: &Made, hint: &Hint) -> String {
    let frames = labels(made, hint);
    let deciding = frames.first().copied().unwrap_or(NONE);
    let others = old
        .option("frames")
        .map_or_else(|| frames.iter().copied().skip(1).take(2).collect(), list)
        .into_iter()
        .filter(|label| *label != deciding && frames.contains(label));
    let cited: Vec<&str> = std::iter::once(deciding).chain(others).collect();
    let said = old
        .option("seen")
        .filter(|said| hint.finding.seen.contains(said));
    let quoted = |text: &str| format!("\"{}\"", text.split('"').next().unwrap_or_default());
    let mut out = format!(
        "expect severity={} side={} frames={} seen={}",
        hint.finding.severity.name(),
        side(hint),
        cited.join(","),
        quoted(said.unwrap_or(&hint.finding.seen)),
    );
    for key in ["leg", "cause"] {
        if let Some(value) = old.option(key) {
            let _ = write!(out, " {key}={value}");
        }
    }
    out
}

/// What is left out of an expectation.
pub(crate) fn missing(expect: &Words) -> Result<(), String> {
    let missing: Vec<&str> = WANTED
        .into_iter()
        .filter(|wanted| expect.option(wanted).is_none_or(str::is_empty))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "`expect` does not say {} (EXPECT=write puts in what is so now: read it)",
        missing.join(", ")
    ))
}

/// Whether a hint is as expected.
pub(crate) fn met(expect: &Words, made: &Made, hint: &Hint) -> Result<(), String> {
    let finding = &hint.finding;
    let equal = |key: &str, is: &str| match expect.option(key) {
        Some(wanted) if wanted != is => Err(format!("{key} is {is}, not {wanted}")),
        _ => Ok(()),
    };
    equal("severity", finding.severity.name())?;
    equal("side", side(hint))?;
    if let Some(wanted) = expect.option("seen")
        && !finding.seen.contains(wanted)
    {
        return Err(format!("it says `{}`, not `{wanted}`", finding.seen));
    }
    let cited = labels(made, hint);
    let wanted = expect.option("frames").map(list).unwrap_or_default();
    if cited.is_empty() && wanted == [NONE] {
        return Ok(());
    }
    if wanted.first() != cited.first() {
        return Err(format!(
            "{:?} decides, not {:?}",
            cited.first(),
            wanted.first()
        ));
    }
    match wanted.iter().find(|label| !cited.contains(label)) {
        Some(missing) => Err(format!("it cites {cited:?}, not {missing}")),
        None => Ok(()),
    }
}

/// Who has to act.
fn side(hint: &Hint) -> &'static str {
    hint.side.map_or("nobody", |side| side.name())
}

fn list(text: &str) -> Vec<&str> {
    text.split(',').collect()
}

/// Labels of the frames that a hint cites, each once.
fn labels<'m>(made: &'m Made, hint: &Hint) -> Vec<&'m str> {
    let mut out: Vec<&str> = Vec::new();
    for frame in &hint.finding.frames {
        let label = made.labels.get(frame.0 as usize - 1).map(String::as_str);
        if let Some(label) = label.filter(|label| !out.contains(label)) {
            out.push(label);
        }
    }
    out
}
