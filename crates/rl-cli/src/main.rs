//! `rl`: trains and judges agents. `rl --help` tells how.

use std::process::ExitCode;

use rl_train::Registry;

fn main() -> ExitCode {
    rl_cli::main(&Registry::default())
}
