//! The captures that tests read: those of the repository (tests/captures, made with faxgen), and the many of
//! ../shared, where they are (cfg `shared_captures`, build.rs).

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_macros,
    unused_imports,
    reason = "a test may fail by panic; not every test uses all of it"
)]

use std::path::{Path, PathBuf};

/// The captures of the repository.
pub(crate) fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

/// A directory of ../shared/captures, for tests that are ignored where it is not there.
pub(crate) fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/captures")
        .join(name)
}

/// All directories of captures that are there: that of the repository, and with ../shared its synthetic and real ones.
pub(crate) fn directories() -> Vec<PathBuf> {
    let mut all = vec![own()];
    if cfg!(shared_captures) {
        all.extend([shared("synthetic"), shared("real")]);
    }
    all
}

/// Two tests of each check of a directory: one over the captures of the repository, one over all synthetic ones, which
/// is reported as ignored where ../shared is not there.
macro_rules! over_captures {
    ($($(#[$doc:meta])* $check:ident),* $(,)?) => {
        mod own_captures {
            $($(#[$doc])*
            #[test]
            fn $check() {
                super::$check(&super::shared::own());
            })*
        }

        mod all_captures {
            $($(#[$doc])*
            #[test]
            #[cfg_attr(not(shared_captures), ignore = "needs ../shared")]
            fn $check() {
                super::$check(&super::shared::shared("synthetic"));
            })*
        }
    };
}
pub(crate) use over_captures;

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
    assert!(!names.is_empty(), "no truth in {}", directory.display());
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
