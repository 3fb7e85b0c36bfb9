//! How the speed and the memory of a training grow with its sizes, one at a time.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::process::Pin;
use super::{TrainBenchError, own};
use crate::evidence::median;
use rl_train::{Config, Origin, UsageError};

/// Steps of an update, but where it is what grows.
const BATCH: usize = 16_384;
/// Environments, but where they are what grows.
const ENVIRONMENTS: usize = 64;
/// Minibatches that an update is cut into.
const MINIBATCHES: usize = 4;

/// A size that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalingAxis {
    /// Number of environments, with as many steps per update in all.
    Environments,
    /// Units of each of the two hidden layers of policy and value function.
    Width,
    /// Steps per update, of which each minibatch is a fourth.
    Batch,
    /// Threads.
    Threads,
}

impl ScalingAxis {
    /// Every size.
    pub const ALL: [Self; 4] = [Self::Environments, Self::Width, Self::Batch, Self::Threads];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environments => "environments",
            Self::Width => "width",
            Self::Batch => "batch",
            Self::Threads => "threads",
        }
    }

    /// What it grows through, each a constant multiple of the one before.
    fn values(self) -> Vec<usize> {
        let powers = |base: usize, range: std::ops::RangeInclusive<u32>| {
            range.map(|exponent| base.pow(exponent)).collect()
        };
        match self {
            Self::Environments => powers(4, 0..=7),
            Self::Width => powers(2, 4..=10),
            Self::Batch => powers(4, 4..=10),
            // Twice as many as there are cores: what too many cost belongs to the picture.
            Self::Threads => powers(2, 0..=cores().ilog2() + 1),
        }
    }
}

impl Serialize for ScalingAxis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingConfig {
    /// The sizes.
    pub axes: Vec<ScalingAxis>,
    /// The largest value of a size to try, if not all.
    pub most: Option<usize>,
    /// Runs of each point, of which the median counts.
    pub runs: usize,
    /// Least seconds of a run's training, in whole updates: about, and at least one update.
    pub seconds: f64,
    /// The binary `rl`.
    pub program: PathBuf,
}

/// A training with one of its sizes changed; medians over the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScalingPoint {
    /// The size that is changed.
    pub axis: ScalingAxis,
    /// Its value.
    pub value: usize,
    /// Environment steps per second.
    pub steps_per_s: f64,
    /// The least of a run.
    pub steps_per_s_min: f64,
    /// The most of a run.
    pub steps_per_s_max: f64,
    /// Nanoseconds of acting and environments per environment step.
    pub acting_ns: f64,
    /// Nanoseconds of learning per environment step.
    pub learning_ns: f64,
    /// Largest resident memory of any run, in bytes.
    pub peak_bytes: Option<u64>,
    /// Environment steps of a run.
    pub steps: u64,
    /// Number of runs.
    pub runs: usize,
}

/// Trains at every point. `progress` hears of each.
///
/// # Errors
/// [`TrainBenchError`].
pub fn bench_scaling(
    config: &ScalingConfig,
    progress: &mut dyn FnMut(&ScalingPoint),
) -> Result<Vec<ScalingPoint>, TrainBenchError> {
    let mut points = Vec::new();
    for &axis in &config.axes {
        for value in axis.values() {
            if config.most.is_none_or(|most| value <= most) {
                let point = measure(axis, value, config)?;
                progress(&point);
                points.push(point);
            }
        }
    }
    Ok(points)
}

fn measure(
    axis: ScalingAxis,
    value: usize,
    config: &ScalingConfig,
) -> Result<ScalingPoint, TrainBenchError> {
    let what = format!("{} = {value}", axis.name());
    let threads = if axis == ScalingAxis::Threads {
        value
    } else {
        1
    };
    let pin = Pin::to(threads.min(cores()));
    let train = |updates: u64| {
        let run = training(axis, value, updates)?;
        own::train(&what, &config.program, &run, &pin)
    };
    let first = train(1)?;
    let updates = (config.seconds / first.trained.wall_s).ceil().max(1.0);
    // The first run was long enough to count.
    let mut runs = Vec::with_capacity(config.runs);
    if updates == 1.0 {
        runs.push(first);
    }
    while runs.len() < config.runs {
        runs.push(train(updates as u64)?);
    }
    let column = |value: &dyn Fn(&own::Trained) -> f64| {
        let values = runs.iter().map(|run| value(&run.trained));
        values.collect::<Vec<_>>()
    };
    let rates = column(&|run| run.env_steps as f64 / run.wall_s);
    let per_step = |seconds: &dyn Fn(&own::Trained) -> f64| {
        median(&column(&|run| 1e9 * seconds(run) / run.env_steps as f64))
    };
    Ok(ScalingPoint {
        axis,
        value,
        steps_per_s: median(&rates),
        steps_per_s_min: rates.iter().copied().fold(f64::INFINITY, f64::min),
        steps_per_s_max: rates.iter().copied().fold(0.0, f64::max),
        acting_ns: per_step(&|run| run.acting_s),
        learning_ns: per_step(&|run| run.wall_s - run.acting_s),
        peak_bytes: runs.iter().filter_map(|run| run.peak_bytes).max(),
        steps: runs.first().map_or(0, |run| run.trained.env_steps),
        runs: runs.len(),
    })
}

/// PPO on CartPole-v1: 4 epochs of 4 minibatches, networks of two layers of 64.
fn training(axis: ScalingAxis, value: usize, updates: u64) -> Result<Config, UsageError> {
    let of = |which, otherwise| if axis == which { value } else { otherwise };
    let environments = of(ScalingAxis::Environments, ENVIRONMENTS);
    let batch = of(ScalingAxis::Batch, BATCH);
    let origin = Origin::Flag(format!("{} = {value}", axis.name()));
    let mut layers = Config::layers();
    for (key, text) in [("preset", "none"), ("env", "cartpole"), ("algo", "ppo")] {
        layers.set(key, text, &origin)?;
    }
    for (key, number) in [
        ("updates", updates as usize),
        ("environments", environments),
        ("steps_per_environment", batch / environments),
        ("minibatch_size", batch / MINIBATCHES),
        ("epochs", 4),
        ("size", of(ScalingAxis::Width, 64)),
        ("threads", of(ScalingAxis::Threads, 1)),
    ] {
        layers.set(key, &number.to_string(), &origin)?;
    }
    layers.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_a_whole_configuration_and_changes_its_size_alone() {
        for axis in ScalingAxis::ALL {
            let values = axis.values();
            assert!(values.len() >= 2 && values.is_sorted(), "{values:?}");
            for value in values {
                let config = training(axis, value, 3).unwrap();
                let others = ScalingAxis::ALL.into_iter().filter(|other| *other != axis);
                for other in others {
                    let base = match other {
                        ScalingAxis::Environments => config.environments == ENVIRONMENTS,
                        ScalingAxis::Width => config.size == 64,
                        ScalingAxis::Batch => toml_number(&config, "minibatch_size") == 4096,
                        ScalingAxis::Threads => config.threads == 1,
                    };
                    assert!(base, "{other:?} changes with {axis:?} = {value}");
                }
            }
        }
    }

    fn toml_number(config: &Config, key: &str) -> i64 {
        let table: toml::Table = config.to_toml().unwrap().parse().unwrap();
        table[key].as_integer().unwrap()
    }

    #[test]
    fn sizes_go_as_far_as_they_should() {
        let ends = |axis: ScalingAxis| {
            let values = axis.values();
            (values[0], values[values.len() - 1])
        };
        assert_eq!(ends(ScalingAxis::Environments), (1, 16_384));
        assert_eq!(ends(ScalingAxis::Width), (16, 1024));
        assert_eq!(ends(ScalingAxis::Batch), (256, 1_048_576));
    }
}
