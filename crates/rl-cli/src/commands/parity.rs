//! `rl parity`: compares the environments with recorded traces.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use rl_envs::parity::{ParityError, Replay, replay_with};

use crate::output::{out, outln};
use crate::parity_screen;
use crate::usage::Usage;

/// Compare the environments with recorded traces of Gymnasium's
#[derive(Args)]
#[command(after_help = "Exits with 1 if a number is beyond its tolerance.")]
pub struct Arguments {
    /// Directory of traces; each set is in a directory named after its environment
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Replays of environments beside those of `rl-envs`.
#[cfg(feature = "mujoco")]
const OTHERS: &[(&str, Replay)] = rl_mujoco::parity::REPLAYS;
#[cfg(not(feature = "mujoco"))]
const OTHERS: &[(&str, Replay)] = &[];

/// Carries it out.
///
/// # Errors
/// Traces that cannot be read, or numbers beyond their tolerances.
pub fn run(arguments: &Arguments) -> Result<()> {
    let directory = &arguments.directory;
    if !directory.is_dir() {
        bail!(Usage(format!("{} is not a directory", directory.display())));
    }
    let report = replay_with(directory, OTHERS).map_err(|error| match error {
        ParityError::NoTraces { .. } => anyhow::Error::new(Usage(error.to_string())),
        ParityError::UnknownEnvironment { .. } if OTHERS.is_empty() => anyhow!(
            "{error}; those of MuJoCo's tasks take a program with the feature mujoco: cargo xtask mujoco"
        ),
        error => error.into(),
    })?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        out!("{}", parity_screen::report(&report));
    }
    match report.beyond {
        0 => Ok(()),
        1 => bail!("1 number is beyond its tolerance"),
        beyond => bail!("{beyond} numbers are beyond their tolerances"),
    }
}
