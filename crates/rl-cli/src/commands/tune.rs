//! `rl tune`: searches for better values of keys.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Error, Result};
use clap::Args;
use rl_lab::tune::{TuneConfig, TuneProgress, TunedKey};
use rl_train::Registry;

use crate::options::{Base, count, program};
use crate::output::{err, out, outln};
use crate::usage::Usage;

/// Search for values of keys that make the runs of a configuration better
#[derive(Args)]
#[command(
    after_help = "A trial is judged by 0.9 of the mean score of its final policies and 0.1 of the \
                  mean return while they learned. One whose first seed is below the median of all \
                  first seeds ends after it; the best four are run with four times the seeds. All \
                  seeds are of 0 to 99, on which settings are chosen. Without --key, the keys of \
                  the algorithm are tuned that have a range by themselves. Values are drawn by \
                  tree-structured Parzen estimators. A call that was stopped, or that has more \
                  trials, goes on from the runs in OUT/runs; the number of jobs changes no result. \
                  The trainings end with this command."
)]
pub struct Arguments {
    #[command(flatten)]
    base: Base,
    /// Set a key of every run, which is tuned if --key names it
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Tune this key, over its own range, LOW..HIGH, or some values
    #[arg(long, value_name = "KEY[=LOW..HIGH|=A,B]")]
    key: Vec<String>,
    /// Trials, the configuration as it is among them
    #[arg(long, value_name = "N", default_value = "60", value_parser = count::<usize>(0..=u64::MAX), allow_negative_numbers = true)]
    trials: usize,
    /// Minutes of this call after which no trial begins
    #[arg(long, value_name = "M", allow_negative_numbers = true)]
    minutes: Option<f64>,
    /// Seeds of each trial, from 0 on
    #[arg(long, value_name = "N", default_value = "3", value_parser = count::<u64>(0..=u64::MAX), allow_negative_numbers = true)]
    seeds_per_trial: u64,
    /// Seed of the search
    #[arg(long, value_name = "N", default_value = "0", value_parser = count::<u64>(0..=u64::MAX), allow_negative_numbers = true)]
    seed: u64,
    /// Runs at a time, each a process
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        allow_negative_numbers = true
    )]
    jobs: usize,
    /// Directory of best.toml, tune.md, tune.csv, tune.svg and the run directories
    #[arg(long, value_name = "DIR", default_value = "runs/tune")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Carries it out.
///
/// # Errors
/// A wrong call, or runs that failed.
pub fn run(arguments: &Arguments, registry: &Registry, options: &[String]) -> Result<()> {
    let time = |minutes: f64| {
        let seconds = Duration::try_from_secs_f64(60.0 * minutes);
        seconds.map_err(|_| Usage(format!("--minutes {minutes}: allowed is a number from 0")))
    };
    let keys = arguments.key.iter();
    let config = TuneConfig {
        config: arguments.base.config.clone(),
        set: arguments.base.pairs(&arguments.set)?,
        keys: keys
            .map(|text| TunedKey::parse(registry, text))
            .collect::<Result<_, _>>()?,
        trials: arguments.trials,
        time: arguments.minutes.map(time).transpose()?,
        seeds_per_trial: arguments.seeds_per_trial,
        seed: arguments.seed,
        jobs: arguments.jobs,
        out: arguments.out.clone(),
        program: program(options)?,
    };
    let progress = &mut |progress: &_| err!("{}", line(progress));
    let tuning = config.run(registry, progress).map_err(|error| {
        if error.is_usage() {
            Error::new(Usage(error.to_string()))
        } else {
            Error::new(error)
        }
    })?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&tuning)?);
        return Ok(());
    }
    out!("{}", tuning.table());
    outln!("\n{}", tuning.scores().join("\n"));
    let out = config.out.display();
    outln!("\nwritten to {out}: best.toml, tune.md, tune.csv, tune.svg");
    outln!(
        "a preset: rl train --config {}",
        config.out.join("best.toml").display()
    );
    Ok(())
}

/// The line for a trial that has ended.
fn line(progress: &TuneProgress) -> String {
    let TuneProgress {
        trial,
        trials,
        state,
        score,
        took,
    } = progress;
    let score = match score.is_finite() {
        true => format!("mean score {score:.2}"),
        false => "no score".to_owned(),
    };
    let (state, took) = (state.name(), took.as_secs_f64());
    format!("trial {trial:>3} of {trials}  {state:<8}  {score}  after {took:.0} s")
}
