//! `rl plot`: draws the curves of runs, or their scores.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{ArgGroup, Args};
use rl_lab::Figure;
use rl_lab::compare::Comparison;
use rl_lab::curves::CurveAxis;
use rl_lab::plot::PlotConfig;
use rl_lab::runs::{RunGroup, RunsError, read};
use rl_train::Registry;

use crate::options::{axis, count};
use crate::output::{err, outln};
use crate::usage::Usage;

/// Draw the learning curves of runs, or their scores
#[derive(Args)]
#[command(
    group = ArgGroup::new("scores").args(["profile", "intervals", "improvement"]),
    after_help = "Runs are found at any depth below DIR. Those that differ by their seeds alone are \
                  one line: their interquartile mean, with a band of its 95 % bootstrap interval. \
                  --profile, --intervals and --improvement are the pictures of Agarwal et al. 2021."
)]
pub struct Arguments {
    /// Directories of runs, or with runs in them
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Metric, a column of metrics.csv; several are drawn below each other
    #[arg(
        long = "metric",
        value_name = "NAME",
        default_value = "return_mean",
        conflicts_with = "scores"
    )]
    metrics: Vec<String>,
    /// Axis to draw it over
    #[arg(short = 'x', long = "axis", value_name = "NAME", default_value = "steps", value_parser = PossibleValuesParser::new(CurveAxis::ALL.map(CurveAxis::name)).map(axis), conflicts_with = "scores")]
    axis: CurveAxis,
    /// Rows of metrics.csv whose mean a point is
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::<u32>(1..=u32::MAX.into()), conflicts_with = "scores")]
    smooth: u32,
    /// Draw the share of runs above each score
    #[arg(long)]
    profile: bool,
    /// Draw the interquartile mean of the scores with its interval
    #[arg(long)]
    intervals: bool,
    /// Draw the probability that a run of one group has a higher score than one
    /// of another
    #[arg(long)]
    improvement: bool,
    /// Picture: FILE.svg or FILE.png
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Carries it out.
///
/// # Errors
/// A wrong call, runs that cannot be read, or a picture that cannot be written.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let figure = figure(&arguments.out)?;
    let groups = groups(&arguments.directories, registry)?;
    let compared = || Comparison::of(&groups, None);
    if arguments.profile {
        compared()?.draw_profile(&figure)?;
    } else if arguments.intervals {
        compared()?.draw_intervals(&figure)?;
    } else if arguments.improvement {
        let one = "--improvement: two groups of runs or more are needed, and there is one";
        ensure!(groups.len() > 1, Usage(one.to_owned()));
        compared()?.draw_improvement(&figure)?;
    } else {
        let config = PlotConfig {
            metrics: arguments.metrics.clone(),
            axis: arguments.axis,
            smooth: arguments.smooth as usize,
        };
        config.draw(&groups, &figure)?;
    }
    outln!("{}", figure.path().display());
    Ok(())
}

/// The groups of the runs in directories, with a note on each run that repeats another.
///
/// # Errors
/// Runs that cannot be read.
pub fn groups(directories: &[PathBuf], registry: &Registry) -> Result<Vec<RunGroup>, RunsError> {
    let groups = RunGroup::of(read(directories)?, registry);
    for path in groups.iter().flat_map(|group| &group.repeats) {
        let path = path.display();
        err!("note: {path} is left out: another run has its configuration and seed");
    }
    Ok(groups)
}

/// The picture at the path of `-o`.
///
/// # Errors
/// [`Usage`] for another ending.
pub fn figure(path: &PathBuf) -> Result<Figure, Usage> {
    Figure::at(path).map_err(|error| Usage(format!("-o {error}")))
}
