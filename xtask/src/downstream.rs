//! `cargo xtask downstream`: a program outside of the workspace builds, trains, judges and resumes.
//!
//! `tests/downstream` stands for a user's program: a workspace and a profile of its own, and an
//! environment of its own on the command line of `rl-cli`. With the workspace's lock file and target
//! directory it uses the Burn that `cargo xtask train` has compiled.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::cargo;
use crate::usage::UsageError;

/// Updates of the program's run, before and after it is resumed.
const UPDATES: [usize; 2] = [3, 5];

/// Tests and builds the program, and runs it.
///
/// # Errors
/// If it does not build, a test fails, or a command fails or leaves a run incomplete.
pub fn run(arguments: &[OsString]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        let argument = argument.to_string_lossy();
        let message = format!("unexpected argument `{argument}`: `downstream` takes none");
        return Err(UsageError(message).into());
    }
    let source = cargo::root().join("tests").join("downstream");
    let target = cargo::target_directory()?;
    // The same versions, so that nothing is compiled twice.
    let lock = source.join("Cargo.lock");
    fs::copy(cargo::root().join("Cargo.lock"), &lock)
        .with_context(|| format!("cannot write `{}`", lock.display()))?;
    for command in ["test", "build"] {
        let mut cargo = cargo::cargo();
        cargo.args([command, "--release", "--manifest-path"]);
        cargo.arg(source.join("Cargo.toml"));
        cargo::run(cargo.arg("--target-dir").arg(&target))?;
    }

    let program = target
        .join("release")
        .join(format!("downstream{EXE_SUFFIX}"));
    let directory = target.join("downstream");
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot remove `{}`", directory.display()))?;
    }
    let [before, after] = UPDATES.map(|updates| updates.to_string());
    let start = ["train", "--env", "corridor", "--algo", "ppo", "--updates"];
    let call = || Command::new(&program);
    cargo::run(call().args(start).arg(before).arg("--out").arg(&directory))?;
    cargo::run(call().args(["eval", "--episodes", "10"]).arg(&directory))?;
    let resume = ["train", "--updates", &after, "--resume"];
    cargo::run(call().args(resume).arg(&directory))?;
    check(&directory)
}

/// An error unless the metrics of the run have a row for every update.
fn check(directory: &Path) -> Result<()> {
    let path = directory.join("metrics.csv");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (rows, updates) = (text.lines().count().saturating_sub(1), UPDATES[1]);
    ensure!(
        rows == updates,
        "`{}` has {rows} rows after {updates} updates",
        path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_the_rows_of_its_last_updates_is_incomplete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("metrics.csv");
        fs::write(&path, "update\n1\n2\n3\n4\n5\n").unwrap();
        check(directory.path()).unwrap();
        fs::write(&path, "update\n1\n2\n3\n").unwrap();
        let error = check(directory.path()).unwrap_err().to_string();
        assert!(error.ends_with("3 rows after 5 updates"), "{error}");
    }
}
