//! Sizes, runs and the binary that growth is measured with.

use std::path::PathBuf;

use super::ScalingAxis;

/// Measurement of a training, PPO on CartPole-v1, whose sizes grow.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingBench {
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
