//! Where the captures of ../shared are, if they are there.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a skipped test says so; a test may fail by panic; not every test uses all of it"
)]

use std::path::{Path, PathBuf};

/// A directory below ../shared/captures, or `None` (said on standard error) where it is not there.
pub(crate) fn captures(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures")
        .join(name);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// All truth files of a directory with the capture of each, by name.
pub(crate) fn truths(directory: &Path) -> Vec<(serde_json::Value, PathBuf)> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|path| {
            let truth = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let capture = ["pcap", "pcapng"]
                .iter()
                .map(|end| path.with_extension(end))
                .find(|path| path.exists());
            (truth, capture.unwrap())
        })
        .collect()
}
