//! `rl variance`: measures the estimators of the policy gradient.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use rl_lab::variance::{self, VarianceConfig, VarianceSetting};

use crate::options::count;
use crate::output::outln;

/// Measure bias, variance and cost of the estimators of the policy gradient
#[derive(Args)]
#[command(
    after_help = "Every estimator with every baseline, for a fixed policy. Writes variance.csv and an \
                  SVG file per environment, and overwrites those that are there."
)]
pub struct Arguments {
    /// Setting to measure in
    #[arg(long, value_name = "NAME", default_value = "all", value_parser = PossibleValuesParser::new(VarianceSetting::ALL.map(VarianceSetting::name).into_iter().chain(["all"])).map(String::from))]
    env: String,
    /// Batches, each of which gives an estimate [default: each setting's own]
    #[arg(long, value_name = "N", value_parser = count::<u32>(2..=100_000))]
    batches: Option<u32>,
    /// Episodes of a batch
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = count::<u32>(2..=1_000))]
    trajectories: u32,
    /// Seed of policies and episodes
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count::<u64>(0..=u32::MAX.into()))]
    seed: u64,
    /// Directory of the files
    #[arg(long, value_name = "DIR", default_value = "runs/variance")]
    out: PathBuf,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Carries it out.
///
/// # Errors
/// Measurements that failed.
pub fn run(arguments: &Arguments) -> Result<()> {
    let config = VarianceConfig {
        batches: arguments.batches.map(|n| n as usize),
        trajectories: arguments.trajectories as usize,
        seed: arguments.seed,
    };
    let mut rows = Vec::new();
    for setting in VarianceSetting::ALL {
        if arguments.env != "all" && arguments.env != setting.name() {
            continue;
        }
        let measured = variance::measure(setting, &config)?;
        if !arguments.json {
            let (name, description) = (setting.name(), setting.description());
            outln!("{name}: {description}\n\n{}", variance::table(&measured));
        }
        rows.extend(measured);
    }
    let paths = variance::write(&arguments.out, &rows)?;
    if arguments.json {
        outln!("{}", serde_json::to_string(&rows)?);
    } else {
        let paths: Vec<_> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        outln!("{}", paths.join("\n"));
    }
    Ok(())
}
