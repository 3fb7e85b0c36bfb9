//! `rl sweep`: trains every combination of some keys' values.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Error, Result, ensure};
use clap::Args;
use rl_lab::jobs::{Gathered, Shard};
use rl_lab::sweep::{SweepConfig, SweptKey};
use rl_train::Registry;

use crate::jobs_screen;
use crate::options::{Base, program, seed_range, shard, values};
use crate::output::{err, out, outln};
use crate::usage::Usage;

/// Train every combination of some keys' values with several seeds
#[derive(Args)]
#[command(
    after_help = "A key with one value is set for all runs. A comma separates values; within \
                  quotes it belongs to one: --set 'init_from=\"a,b.safetensors\"'. Settings that \
                  spell the same configuration are one. A run that is complete in OUT/runs is not \
                  repeated: a call that was stopped, or that has more values or seeds, goes on \
                  from there. The trainings end with this command. With --shard, several machines \
                  share the work: the call that finds the runs of all in its OUT/runs writes the \
                  results. A task of a SLURM array is a shard by itself."
)]
pub struct Arguments {
    #[command(flatten)]
    base: Base,
    /// Set a key, or try several values of it
    #[arg(long, value_name = "KEY=VALUE[,VALUE]...")]
    set: Vec<String>,
    /// Seeds of each setting's runs: a range, the last not in it, or their number,
    /// from 0 on
    #[arg(
        long,
        value_name = "FIRST..END|N",
        default_value = "0..10",
        value_parser = seeds,
        allow_negative_numbers = true
    )]
    seeds: Range<u64>,
    /// Runs at a time, each a process
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        allow_negative_numbers = true
    )]
    jobs: usize,
    /// Make a share of the runs: of N shards, the I-th
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Score that counts as reached; that at which the environment is solved
    /// without it
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Directory of sweep.md, sweep.csv, the pictures and the run directories
    #[arg(long, value_name = "DIR", default_value = "runs/sweep")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    seed_range(text, 0)
}

/// Carries it out.
///
/// # Errors
/// A wrong call, or runs that failed.
pub fn run(arguments: &Arguments, registry: &Registry, options: &[String]) -> Result<()> {
    ensure!(
        arguments.threshold.is_none_or(f64::is_finite),
        Usage("--threshold: allowed is a finite number".to_owned())
    );
    let (mut set, mut keys) = (Vec::new(), Vec::new());
    for (key, text) in arguments.base.pairs(&arguments.set)? {
        let mut values = values(&key, &text)?;
        match values.len() {
            1 => set.push((key, values.remove(0))),
            _ => keys.push(SweptKey { key, values }),
        }
    }
    let config = SweepConfig {
        config: arguments.base.config.clone(),
        set,
        keys,
        seeds: arguments.seeds.clone(),
        jobs: arguments.jobs,
        shard: shard(arguments.shard)?,
        threshold: arguments.threshold,
        out: arguments.out.clone(),
        program: program(options)?,
    };
    let progress = &mut |progress: &_| err!("{}", jobs_screen::line(progress));
    let sweep = config.run(registry, progress).map_err(|error| {
        if error.is_usage() {
            Error::new(Usage(error.to_string()))
        } else {
            Error::new(error)
        }
    })?;
    let sweep = match sweep {
        Gathered::All(sweep) => sweep,
        Gathered::Share(share) => return jobs_screen::share(&share, arguments.json),
    };
    if arguments.json {
        outln!("{}", serde_json::to_string(&sweep)?);
        return Ok(());
    }
    out!("{}", sweep.table());
    if let Some(best) = sweep.best() {
        outln!("\nbest: {best}");
    }
    let out = config.out.display();
    outln!("\nwritten to {out}: sweep.md, sweep.csv, pictures");
    Ok(())
}
