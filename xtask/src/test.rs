//! `cargo xtask test`: every test of the workspace, with every backend that CI has.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{self, CI_FEATURES, cargo};

/// Runs the tests; the arguments are those of `cargo test`.
///
/// # Errors
/// When a test fails or does not compile.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let mut command = cargo();
    command.args([
        "test",
        "--workspace",
        "--release",
        "--features",
        CI_FEATURES,
    ]);
    cargo::run(command.args(arguments).current_dir(cargo::root()))
}
