//! `rl compare`: compares groups of runs.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use rl_lab::compare::Comparison;
use rl_train::Registry;

use super::plot::{figure, groups};
use crate::output::{out, outln};

/// Compare runs: scores of groups of seeds with intervals, time to a threshold,
/// probability of improvement
#[derive(Args)]
#[command(
    after_help = "Runs that differ by their seeds alone are a group. The score of a run is the mean \
                  return of its evaluation, or its expected return where that is known; where a run \
                  has none, all are compared by the mean return of late while they trained. Times are medians over the runs, to where the \
                  mean return of the last 100 episodes is at the threshold. Intervals are 95 % \
                  bootstrap intervals, as those of Agarwal et al. 2021."
)]
pub struct Arguments {
    /// Directories of runs, or with runs in them
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Score to reach [default: the one at which the environment counts as
    /// solved, if it has one]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Picture of the scores with their intervals: FILE.svg or FILE.png
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Carries it out.
///
/// # Errors
/// A wrong call, runs that cannot be read, or a picture that cannot be written.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let figure = arguments.out.as_ref().map(figure).transpose()?;
    let groups = groups(&arguments.directories, registry)?;
    let environment = groups
        .first()
        .and_then(|group| registry.find_environment(group.env()));
    let solved = environment.and_then(|environment| environment.solved());
    let comparison = Comparison::of(&groups, arguments.threshold.or(solved))?;
    if let Some(figure) = &figure {
        comparison.draw_intervals(figure)?;
    }
    if arguments.json {
        outln!("{}", serde_json::to_string(&comparison)?);
    } else {
        out!("{}", comparison.table());
    }
    Ok(())
}
