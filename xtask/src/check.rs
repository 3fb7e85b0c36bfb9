//! `cargo xtask check`: every check of the code that does not run it.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::cargo::{self, cargo};
use crate::usage::UsageError;
use crate::{mujoco, tools};

/// A step's name, and how its command is made when its turn comes.
type Step = (&'static str, fn() -> Result<Command>);

/// The steps, the cheapest first.
const STEPS: [Step; 6] = [
    ("format", format),
    ("structure", structure),
    ("lints", lints),
    ("docs", docs),
    ("licences", licences),
    ("spelling", spelling),
];

/// Takes the steps one after the other and stops at the first that fails.
///
/// # Errors
/// If a step fails or cannot be started.
pub fn run(arguments: &[OsString]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        let argument = argument.to_string_lossy();
        let message = format!("unexpected argument `{argument}`: `check` takes none");
        return Err(UsageError(message).into());
    }
    mujoco::prepare()?;
    let mut times = Vec::new();
    for (number, (name, command)) in (1..).zip(STEPS) {
        let start = Instant::now();
        let step = || -> Result<()> {
            let mut command = command()?;
            eprintln!(
                "check {number}/{}, {name}: {}",
                STEPS.len(),
                cargo::shown(&command)
            );
            cargo::run(command.current_dir(cargo::root()))
        };
        step().with_context(|| format!("check failed at step {number}, {name}"))?;
        times.push(format!("{name} {:.0} s", start.elapsed().as_secs_f32()));
    }
    eprintln!("check passed: {}", times.join(", "));
    Ok(())
}

fn format() -> Result<Command> {
    let mut command = cargo();
    command.args(["fmt", "--all", "--check"]);
    Ok(command)
}

/// [`structure`](crate::structure) in a process of its own, like every other step.
fn structure() -> Result<Command> {
    let mut command = Command::new(env::current_exe().context("cannot find xtask itself")?);
    command.arg("structure");
    Ok(command)
}

fn lints() -> Result<Command> {
    let mut command = cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--release"]);
    command.args(["--features", &mujoco::ci_features()]);
    command.args(["--", "-D", "warnings"]);
    cargo::without_python(&mut command);
    Ok(command)
}

fn docs() -> Result<Command> {
    let mut command = cargo();
    command.args([
        "doc",
        "--workspace",
        "--no-deps",
        "--release",
        "--features",
        &mujoco::ci_features(),
    ]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    cargo::without_python(&mut command);
    Ok(command)
}

fn licences() -> Result<Command> {
    let mut command = Command::new(tools::CARGO_DENY.find()?);
    command.args([
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]);
    Ok(command)
}

fn spelling() -> Result<Command> {
    Ok(Command::new(tools::TYPOS.find()?))
}
