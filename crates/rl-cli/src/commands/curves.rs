//! `rl curves`: draws learning curves of several seeds.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use rl_lab::curves::{Arm, CurveAxis, CurvesConfig};
use rl_train::Registry;

use super::plot::figure;
use crate::options::{assignments, axis, count, seed_range};
use crate::output::{err, out, outln};
use crate::usage::Usage;

/// Train configurations with several seeds, and draw their learning curves
#[derive(Args)]
#[command(
    after_help = "A configuration is a preset, with keys after it to change: \
                  notebook-total,gamma=0.99. Thin lines are runs; a thick one is their mean, with a \
                  band of its standard error. Of a single run, the band is the standard error of its \
                  evaluations. Beside the picture goes a CSV file."
)]
pub struct Arguments {
    /// Configurations: PRESET[,KEY=VALUE]...
    #[arg(required = true, value_name = "CONFIGURATION")]
    arms: Vec<String>,
    /// Seeds that each is trained with: a range, the last not in it, or their
    /// number, from 0 on
    #[arg(long, value_name = "FIRST..END|N", default_value = "5", value_parser = seeds)]
    seeds: Range<u64>,
    /// Set a key of every configuration
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Metric to draw, a column of metrics.csv
    #[arg(long, value_name = "NAME", default_value = "return_mean")]
    metric: String,
    /// Updates whose mean a point is
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count::<u32>(1..=u32::MAX.into()))]
    window: u32,
    /// Axis to draw it over
    #[arg(short = 'x', long = "axis", value_name = "NAME", default_value = "updates", value_parser = PossibleValuesParser::new(CurveAxis::ALL.map(CurveAxis::name)).map(axis))]
    axis: CurveAxis,
    /// Value to count the curves that reach it
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Picture: FILE.svg or FILE.png
    #[arg(short, long, value_name = "FILE", default_value = "runs/curves.svg")]
    out: PathBuf,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    seed_range(text, 0)
}

/// Carries it out.
///
/// # Errors
/// A wrong call, or runs that failed.
pub fn run(arguments: &Arguments, registry: &Registry) -> Result<()> {
    let figure = figure(&arguments.out)?;
    let all: Vec<(String, String)> = pairs(&arguments.set)?;
    let arm = |text: &String| -> Result<Arm> {
        let (preset, keys) = text.split_once(',').unwrap_or((text, ""));
        let keys = keys.split(',').filter(|key| !key.is_empty());
        let own = pairs(&keys.map(str::to_owned).collect::<Vec<_>>())?;
        let preset = ("preset".to_owned(), preset.to_owned());
        Ok(Arm {
            name: text.clone(),
            set: [preset].into_iter().chain(all.clone()).chain(own).collect(),
        })
    };
    let config = CurvesConfig {
        arms: arguments.arms.iter().map(arm).collect::<Result<_>>()?,
        seeds: arguments.seeds.clone(),
        metric: arguments.metric.clone(),
        window: arguments.window as usize,
        axis: arguments.axis,
    };
    ensure!(
        !config.seeds.is_empty(),
        Usage("--seeds: allowed is 1 seed or more".to_owned())
    );
    let curves = config.train(registry, |arm, curve| {
        let last = curve.points.last().map_or(f64::NAN, |point| point.value);
        err!("{} seed {}: {last:.1}", arm.name, curve.seed);
    })?;
    out!("{}", curves.table(arguments.threshold));
    for path in curves.write(&figure)? {
        outln!("{}", path.display());
    }
    Ok(())
}

fn pairs(texts: &[String]) -> Result<Vec<(String, String)>> {
    let pairs = assignments(texts)?;
    let owned = pairs.iter().map(|&(key, value)| (key.into(), value.into()));
    Ok(owned.collect())
}
