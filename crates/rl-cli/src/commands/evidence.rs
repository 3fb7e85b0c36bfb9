//! `rl evidence`: trains presets with many seeds.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Error, Result};
use clap::Args;
use rl_lab::evidence::EvidenceConfig;
use rl_lab::jobs::{Gathered, Shard};
use rl_train::{Layers, Origin, Registry, UsageError};

use super::player::environment;
use crate::jobs_screen;
use crate::options::{assignments, program, seed_range, shard};
use crate::output::{err, out, outln};
use crate::usage::Usage;

/// Train presets with many seeds, and compare their scores with the claims
#[derive(Args)]
#[command(
    after_help = "The score of a run is the mean return of 100 episodes of its final policy, \
                  or its exact expected return where the transitions are known. A run \
                  that is complete in OUT/runs is not repeated: a call that was interrupted goes on \
                  where it stopped. The trainings end with this command. \
                  With --shard, several machines share the work: the last one, with the runs of all in \
                  its OUT/runs, writes the results. A task of a SLURM array is a shard by itself."
)]
pub struct Arguments {
    /// The claims about one environment only
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The claims about one algorithm only
    #[arg(long, value_name = "NAME")]
    algo: Option<String>,
    /// Seeds of each preset's runs: a range, the last not in it, or their number,
    /// from 200 on. Settings were chosen on the seeds 0 to 99
    #[arg(
        long,
        value_name = "FIRST..END|N",
        default_value = "200..300",
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
    /// Directory of evidence.md, runs.csv, curves and the run
    /// directories
    #[arg(long, value_name = "DIR", default_value = "runs/evidence")]
    out: PathBuf,
    /// Set a key of every run's configuration, on top of the presets
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Make a share of the runs: of N shards, the I-th
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Seeds as they are typed.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    seed_range(text, EvidenceConfig::SEEDS.start)
}

/// Carries it out.
///
/// # Errors
/// A wrong call, or runs that failed.
pub fn run(arguments: &Arguments, registry: &Registry, options: &[String]) -> Result<()> {
    let set = assignments(&arguments.set)?;
    let env = match &arguments.env {
        Some(name) => Some(environment(registry, name)?.name().to_owned()),
        None => None,
    };
    let algorithm = |name: &String| -> Result<String, UsageError> {
        let mut layers = Layers::new(registry);
        layers.set("algo", name, &Origin::Flag("--algo".into()))?;
        Ok(layers.get("algo").unwrap_or_default())
    };
    let config = EvidenceConfig {
        env,
        algo: arguments.algo.as_ref().map(algorithm).transpose()?,
        seeds: arguments.seeds.clone(),
        jobs: arguments.jobs,
        shard: shard(arguments.shard)?,
        out: arguments.out.clone(),
        set: set
            .iter()
            .map(|&(key, value)| (key.into(), value.into()))
            .collect(),
        program: program(options)?,
    };
    let progress = &mut |progress: &_| err!("{}", jobs_screen::line(progress));
    let evidence = config.gather(registry, progress).map_err(|error| {
        if error.is_usage() {
            Error::new(Usage(error.to_string()))
        } else {
            Error::new(error)
        }
    })?;
    let evidence = match evidence {
        Gathered::All(evidence) => evidence,
        Gathered::Share(share) => return jobs_screen::share(&share, arguments.json),
    };
    if arguments.json {
        outln!("{}", serde_json::to_string(&evidence)?);
    } else {
        out!("{}", evidence.table());
        outln!(
            "\nwritten to {}: evidence.md, runs.csv, ENV.svg",
            config.out.display()
        );
    }
    Ok(())
}
