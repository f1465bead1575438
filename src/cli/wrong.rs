//! What is wrong with a command line, in one line (docs/cli.md).

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::manual;
use crate::text::alike;

/// `--frmat: no such option; did you mean --format? (faxflow check -h tells the usage)`. `None`: help or version,
/// which are no errors.
pub fn in_one_line(error: &clap::Error, words: &[OsString]) -> Option<String> {
    let what = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::UnknownArgument => unknown(error),
        ErrorKind::InvalidValue => invalid(error),
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            format!("{}: {}", value(error), why.unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing", all(error, ContextKind::InvalidArg))
        }
        ErrorKind::ArgumentConflict => format!(
            "{} does not go with {}",
            all(error, ContextKind::InvalidArg),
            all(error, ContextKind::PriorArg)
        ),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    };
    let command = command(words).map_or_else(String::new, |name| format!(" {name}"));
    Some(format!("{what} (faxflow{command} -h tells the usage)"))
}

fn unknown(error: &clap::Error) -> String {
    let word = all(error, ContextKind::InvalidArg);
    if word.starts_with('-') {
        let meant = all(error, ContextKind::SuggestedArg);
        let meant = if meant.is_empty() {
            String::new()
        } else {
            format!("; did you mean {meant}?")
        };
        return format!("{word}: no such option{meant}");
    }
    format!("{word}: one word too many")
}

fn invalid(error: &clap::Error) -> String {
    let meant = all(error, ContextKind::SuggestedValue);
    let known = all(error, ContextKind::ValidValue);
    let end = if meant.is_empty() {
        format!("not one of {known}")
    } else {
        format!("did you mean {meant}? It is one of {known}")
    };
    format!("{}: {end}", value(error))
}

/// `--format xml`: the option and what was given for it.
fn value(error: &clap::Error) -> String {
    let option = all(error, ContextKind::InvalidArg);
    let option = option.split(' ').next().unwrap_or_default();
    format!("{option} {}", all(error, ContextKind::InvalidValue))
}

fn all(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// The command among the words, if there is one.
fn command(words: &[OsString]) -> Option<&str> {
    let names = manual::commands();
    let known = |word: &&str| names.iter().any(|name| name == word);
    let mut words = words.iter().skip(1).filter_map(|word| word.to_str());
    words.find(known)
}

/// The command that a word may have been meant for.
pub fn nearest_command(word: &str) -> Option<String> {
    let names = manual::commands();
    alike(word, names.iter().map(String::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let words: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
        let error = manual::parse(words.clone()).unwrap_err();
        in_one_line(&error, &words).unwrap()
    }

    #[test]
    fn every_error_is_one_line_that_helps() {
        for (line, said) in [
            ("faxflow --frmat x a", "--frmat: no such option"),
            ("faxflow check --forma text a", "did you mean --format?"),
            ("faxflow watch a b", "b: one word too many"),
            ("faxflow a b --clock-offset c", "--clock-offset c: seconds"),
            (
                "faxflow check a --format zzz",
                "--format zzz: not one of text, json",
            ),
            ("faxflow check a --format jso", "did you mean json?"),
            ("faxflow flow a --width 3", "--width 3: "),
            ("faxflow a --tz Nowhere", "--tz Nowhere: no such time zone"),
            ("faxflow calls", "<FILE>... is missing (faxflow calls -h"),
            ("faxflow -q -v a", "does not go with"),
        ] {
            let told = told(line);
            assert!(told.contains(said), "{line}: {told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
}
