//! An environment of one's own on the command line: `train`, `eval` and the rest know its name.

mod corridor;

use std::process::ExitCode;

use rl::prelude::*;

fn main() -> ExitCode {
    let corridor = EnvironmentEntry::new("corridor", corridor::Corridor::default)
        .described("a corridor of ten cells, with its exit on the right")
        .solved_at(-10.0);
    rl_cli::main(&Registry::default().environment(corridor))
}
