//! `cargo xtask …`: the one command that people and CI call.
//!
//! Training and its like are commands of the binary `rl`: this program builds it with the chosen
//! backend and is then replaced by it. It depends on no `rl-*` crate, so that it compiles in
//! seconds.

mod backend;
mod cargo;
mod check;
mod downstream;
mod gymnasium;
mod mujoco;
mod regress;
mod rl;
mod structure;
mod test;
mod tools;
mod usage;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::usage::UsageError;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<UsageError>() { 2 } else { 1 })
        }
    }
}

/// Runs the command that the first argument names.
fn dispatch(arguments: &[OsString]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        return Ok(help());
    };
    match command.to_string_lossy().as_ref() {
        "help" | "--help" | "-h" => return Ok(help()),
        "check" | "structure" | "mujoco" | "downstream" | "regress"
            if rest.iter().any(|word| word == "--help" || word == "-h") =>
        {
            return Ok(help());
        }
        "check" => check::run(rest)?,
        "structure" => structure::run(rest)?,
        "test" => test::run(rest)?,
        "gymnasium" => gymnasium::run(rest)?,
        "mujoco" => mujoco::run(rest)?,
        "downstream" => downstream::run(rest)?,
        "regress" => regress::run(rest)?,
        name if usage::is_rl_command(name) => return rl::run(name, rest),
        name => return Err(usage::unknown_command(name).into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the list of commands.
fn help() -> ExitCode {
    print!("{}", usage::text());
    ExitCode::SUCCESS
}
