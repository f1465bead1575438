//! Memory by the size of what is read.

use std::path::PathBuf;

/// From this size on, in octets, memory in large pages is faster than it is large.
const LARGE: u64 = 32 << 20;

/// Large pages are for large captures: of a small one they would take 15 MB more.
pub(super) fn fit(captures: &[PathBuf]) {
    let small = |capture: &PathBuf| {
        let about = std::fs::metadata(capture);
        about.is_ok_and(|about| about.is_file() && about.len() < LARGE)
    };
    if captures.iter().all(small) {
        // Where the system has no such switch, it stays as it is.
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}
