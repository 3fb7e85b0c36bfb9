//! Growth of the speed and the memory of a training with its sizes, one at a time.

mod axis;
mod chart;
mod config;
mod knees;
mod point;
mod report;

use rl_train::{Config, Layers, NO_PRESET, Origin, Registry, UsageError};

use super::process::Pin;
use super::{BenchError, Machine, own};
use crate::statistics::median;
use axis::cores;

pub use axis::ScalingAxis;
pub use config::ScalingBench;
pub use point::ScalingPoint;
pub use report::ScalingReport;

/// Steps of an update, but where it is what grows.
const BATCH: usize = 16_384;
/// Environments, but where they are what grows.
const ENVIRONMENTS: usize = 64;
/// Minibatches that an update is cut into.
const MINIBATCHES: usize = 4;

impl ScalingBench {
    /// Trains at every point, and passes each to `progress`.
    ///
    /// # Errors
    /// [`BenchError`].
    pub fn run(
        &self,
        progress: &mut dyn FnMut(&ScalingPoint),
    ) -> Result<ScalingReport, BenchError> {
        let machine = Machine::here();
        let mut points = Vec::new();
        for &axis in &self.axes {
            for value in axis.values() {
                if self.most.is_none_or(|most| value <= most) {
                    let point = self.measure(axis, value)?;
                    progress(&point);
                    points.push(point);
                }
            }
        }
        Ok(ScalingReport::new(self.clone(), machine, points))
    }

    fn measure(&self, axis: ScalingAxis, value: usize) -> Result<ScalingPoint, BenchError> {
        let name = format!("{} = {value}", axis.name());
        let threads = if axis == ScalingAxis::Threads {
            value
        } else {
            1
        };
        let pin = Pin::to(threads.min(cores()));
        let train = |updates: u64| {
            let run = training(axis, value, updates)?;
            own::train(&name, &self.program, &run, &pin)
        };
        let first = train(1)?;
        let updates = (self.seconds / first.trained.wall_s).ceil().max(1.0);
        // The first run was long enough to count.
        let mut runs = Vec::with_capacity(self.runs);
        if updates == 1.0 {
            runs.push(first);
        }
        while runs.len() < self.runs {
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
}

/// PPO on CartPole-v1: 4 epochs of 4 minibatches, networks of two layers of 64.
fn training(axis: ScalingAxis, value: usize, updates: u64) -> Result<Config, UsageError> {
    let of = |which, otherwise| if axis == which { value } else { otherwise };
    let environments = of(ScalingAxis::Environments, ENVIRONMENTS);
    let batch = of(ScalingAxis::Batch, BATCH);
    let origin = Origin::Flag(format!("{} = {value}", axis.name()));
    let registry = Registry::default();
    let mut layers = Layers::new(&registry);
    for (key, text) in [("preset", NO_PRESET), ("env", "cartpole"), ("algo", "ppo")] {
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
                let Config { run, algorithm, .. } = training(axis, value, 3).unwrap();
                let minibatch_size = algorithm["minibatch_size"].as_integer();
                let others = ScalingAxis::ALL.into_iter().filter(|other| *other != axis);
                for other in others {
                    let base = match other {
                        ScalingAxis::Environments => run.environments == ENVIRONMENTS,
                        ScalingAxis::Width => run.networks.size == 64,
                        ScalingAxis::Batch => minibatch_size == Some(4096),
                        ScalingAxis::Threads => run.threads == 1,
                    };
                    assert!(base, "{other:?} changes with {axis:?} = {value}");
                }
            }
        }
    }
}
