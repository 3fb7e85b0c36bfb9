//! `rl export`: writes a policy for other programs.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use rl_nets::PolicyFile;
use rl_train::export_onnx;

use super::player::{check_run, policy_path};
use crate::output::outln;
use crate::usage::Usage;

/// Write a policy as ONNX, for the runtimes that read it
#[derive(Args)]
#[command(
    after_help = "Input `observation`, as the environment shows it (one-hot for a discrete space); outputs \
                  `action`, the likeliest within its bounds, and what it is computed from: `logits`, \
                  `action_values`, `mean` and `log_std`, or `alpha` and `beta`. A file that is there is \
                  replaced."
)]
pub struct Arguments {
    /// Run directory, or a policy.safetensors
    #[arg(value_name = "DIR")]
    path: PathBuf,
    /// The best policy of the run instead of the last
    #[arg(long)]
    best: bool,
    /// File: FILE.onnx
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Carries it out.
///
/// # Errors
/// A wrong call, a policy that cannot be read, or a file that cannot be written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let out = &arguments.out;
    let is_onnx = out
        .extension()
        .is_some_and(|x| x.eq_ignore_ascii_case("onnx"));
    ensure!(
        is_onnx,
        Usage(format!("-o {}: allowed is FILE.onnx", out.display()))
    );
    let path = policy_path(&arguments.path, arguments.best);
    check_run(&arguments.path, &path, arguments.best)?;
    export_onnx(&PolicyFile::load(path)?, out)?;
    outln!("{}", out.display());
    Ok(())
}
