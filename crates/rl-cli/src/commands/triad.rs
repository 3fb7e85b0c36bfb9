//! `rl triad`: takes the deadly triad apart.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use rl_lab::triad;

use crate::output::outln;

/// Take the deadly triad apart: where learning action values diverges, and what
/// holds it
#[derive(Args)]
#[command(
    after_help = "Expected Q-learning with linear action values on two small MDPs (Baird 1995; \
                  Tsitsiklis & Van Roy 1996): without approximation, bootstrapping, off-policy updates, \
                  and with each ingredient of DQN. Writes triad.csv and triad.svg, and overwrites those \
                  that are there."
)]
pub struct Arguments {
    /// Directory of the files
    #[arg(long, value_name = "DIR", default_value = "runs/triad")]
    out: PathBuf,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Carries it out.
///
/// # Errors
/// Files that cannot be written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let rows = triad::measure()?;
    let paths = triad::write(&arguments.out, &rows)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&rows).context("JSON")?);
        return Ok(());
    }
    outln!("{}", triad::table(&rows));
    for path in paths {
        outln!("{}", path.display());
    }
    Ok(())
}
