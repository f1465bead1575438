//! The words of the command line before they are read: what other tools have for a file, and what was nearly meant.

use std::ffi::{OsStr, OsString};

/// `-r FILE` (tshark, tcpdump) and `-I FILE` (sngrep) are FILE, on every command.
pub fn words(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::new();
    let mut given = given.into_iter();
    let mut file_follows = None;
    for word in given.by_ref() {
        if word == "--" {
            out.push(word);
            break;
        }
        if word == "-r" || word == "-I" {
            file_follows = Some(word);
            continue;
        }
        file_follows = None;
        let joined = joined(&word).map(OsString::from);
        out.push(joined.unwrap_or(word));
    }
    // Nothing follows: the parser says that it does not know it.
    out.extend(file_follows);
    out.extend(given);
    out
}

/// The file of `-rFILE`.
fn joined(word: &OsStr) -> Option<&str> {
    let word = word.to_str()?;
    let file = word
        .strip_prefix("-r")
        .or_else(|| word.strip_prefix("-I"))?;
    (!file.is_empty()).then_some(file)
}
