//! The `spawnsafe` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    spawnsafe::cli::main()
}
