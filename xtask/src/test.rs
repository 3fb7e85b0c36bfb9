//! `cargo xtask test`: every test of the workspace, with every backend that CI has; then the comparison
//! with Gymnasium, and the program outside of the workspace.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{self, OF_PYTHON, cargo};
use crate::{downstream, gymnasium, mujoco};

/// Runs the tests. The arguments are those of `cargo test`; with any, what comes after them is
/// left out.
///
/// # Errors
/// If a test fails or does not compile, a policy has another score in Gymnasium, or
/// the program outside of the workspace fails.
pub fn run(arguments: &[OsString]) -> Result<()> {
    mujoco::prepare()?;
    let features = mujoco::ci_features();
    let mut command = cargo();
    command.args(["test", "--workspace", "--exclude", OF_PYTHON]);
    command.args(["--release", "--features", &features]);
    mujoco::on_path(&mut command);
    cargo::run(command.args(arguments).current_dir(cargo::root()))?;
    if arguments.is_empty() {
        gymnasium::run(&[])?;
        downstream::run(&[])?;
    }
    Ok(())
}
