//! The `faxflow` command; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    faxflow::run::main()
}
