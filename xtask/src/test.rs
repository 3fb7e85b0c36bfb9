//! `cargo xtask test`: every test of the workspace, with every backend that CI has; then the comparison
//! with Gymnasium.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{self, CI_FEATURES, cargo};
use crate::gymnasium;

/// Runs the tests. The arguments are those of `cargo test`; where there are any, the comparison with
/// Gymnasium is left out, as one of the tests not asked for.
///
/// # Errors
/// When a test fails or does not compile, or a policy scores differently in Gymnasium.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let mut command = cargo();
    command.args([
        "test",
        "--workspace",
        "--release",
        "--features",
        CI_FEATURES,
    ]);
    cargo::run(command.args(arguments).current_dir(cargo::root()))?;
    if arguments.is_empty() {
        gymnasium::run(&[])?;
    }
    Ok(())
}
