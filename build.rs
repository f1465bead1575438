//! Tells the tests whether the captures of ../shared are there: those that need them are reported as ignored otherwise.

use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(shared_captures)");
    println!("cargo::rerun-if-changed=build.rs");
    let shared = Path::new("../shared/captures");
    // Of a folder that is not there cargo would ask again at every build.
    if shared.is_dir() {
        println!("cargo::rerun-if-changed={}", shared.display());
        println!("cargo::rustc-cfg=shared_captures");
    }
}
