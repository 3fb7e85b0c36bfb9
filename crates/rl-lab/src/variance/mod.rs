//! How good estimators of the policy gradient are: the bias, the variance and the cost of each,
//! with each of its baselines, for a fixed policy.

mod cartpole;
mod estimators;
mod experience;
mod finite_mdp;
mod least_squares;
mod measure;
mod report;
mod statistics;
mod svg;

use std::io;
use std::path::PathBuf;

use rl_core::finite_mdp::{SolveError, TableError};
use rl_core::{EnvironmentError, SpaceError};
use rl_learn::{ConfigError, UpdateError};
use serde::Serialize;

use rl_train::BackendError;

pub use estimators::Theory;
pub use report::{variance_table, write_variances};

/// Where estimators are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VarianceSetting {
    /// The gridworld of Sutton & Barto 2018, example 4.1, and its uniform policy, softmax of
    /// logits of 0. The gradient and the value function are exact.
    FiniteMdp,
    /// CartPole-v1 and a network that keeps the pole up for a while. The value function is a
    /// quadratic function of observation and time, fitted to the rewards-to-go of other episodes;
    /// for the gradient stands the mean of the unbiased on-policy estimators over all batches.
    CartPole,
}

impl VarianceSetting {
    /// Both.
    pub const ALL: [Self; 2] = [Self::FiniteMdp, Self::CartPole];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::FiniteMdp => "finite-mdp",
            Self::CartPole => "cartpole",
        }
    }

    /// What it is, in one line.
    pub fn description(self) -> &'static str {
        match self {
            Self::FiniteMdp => "4×4 gridworld, uniform softmax policy, exact gradient and values",
            Self::CartPole => "CartPole-v1, 2×64 tanh policy, values fitted by least squares",
        }
    }

    /// Batches that make the default measurement.
    pub fn default_batches(self) -> usize {
        match self {
            Self::FiniteMdp => 10_000,
            Self::CartPole => 400,
        }
    }
}

/// How much to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarianceConfig {
    /// Batches, at least two; each gives an estimate of the gradient. `None` leaves the number to
    /// the setting.
    pub batches: Option<usize>,
    /// Episodes of a batch, at least two.
    pub trajectories: usize,
    /// The seed of everything random.
    pub seed: u64,
}

/// What was measured of one estimator with one baseline. Half-widths are those of 99.9 %
/// confidence intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceRow {
    /// Where.
    pub env: VarianceSetting,
    /// The estimator.
    pub estimator: &'static str,
    /// Its baseline.
    pub baseline: &'static str,
    /// Whether it is unbiased there, by theory.
    pub theory: Theory,
    /// The distance of its mean from the gradient, in norms of the gradient.
    pub bias: f64,
    /// How far the mean of an unbiased one may be, by chance.
    pub bias_half_width: f64,
    /// The total variance of the estimate that one batch gives (the trace of its covariance), in
    /// squared norms of the gradient.
    pub variance: f64,
    /// How far that may be from the truth, by chance.
    pub variance_half_width: f64,
    /// The variance over that of the total return without a baseline.
    pub ratio: f64,
    /// The variance in squared norms of the estimator's own mean, which no scale changes: what
    /// counts where the step does not depend on the length of the gradient, as with Adam.
    pub noise_to_signal: f64,
    /// What it costs to make the weights of the scores from rewards and values, in nanoseconds per
    /// environment step. The gradient itself costs the same with all weights.
    pub ns_per_step: f64,
}

impl VarianceRow {
    /// Whether the measured bias is beyond chance.
    pub fn is_biased(&self) -> bool {
        self.bias > self.bias_half_width
    }
}

/// Why nothing was measured or written.
#[derive(Debug, thiserror::Error)]
pub enum VarianceError {
    /// An environment refused an action.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The tables of the finite MDP are wrong.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The finite MDP is no environment.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The finite MDP has no exact gradient.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// No backend computes gradients here.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The learner was refused its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No gradient could be computed.
    #[error(transparent)]
    Learner(#[from] UpdateError),
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Measures every estimator with every baseline, a row each. The same seed gives the same numbers,
/// times apart.
///
/// # Errors
/// [`VarianceError`].
pub fn measure_variances(
    setting: VarianceSetting,
    config: &VarianceConfig,
) -> Result<Vec<VarianceRow>, VarianceError> {
    let batches = config.batches.unwrap_or(setting.default_batches()) as u32;
    match setting {
        VarianceSetting::FiniteMdp => finite_mdp::rows(batches, config),
        VarianceSetting::CartPole => cartpole::rows(batches, config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(setting: VarianceSetting, batches: usize) -> Vec<VarianceRow> {
        let config = VarianceConfig {
            batches: Some(batches),
            trajectories: 4,
            seed: 1,
        };
        measure_variances(setting, &config).unwrap()
    }

    fn find<'a>(rows: &'a [VarianceRow], name: &str, baseline: &str) -> &'a VarianceRow {
        let matching = |row: &&VarianceRow| (row.estimator, row.baseline) == (name, baseline);
        rows.iter().find(matching).unwrap()
    }

    #[test]
    fn on_a_finite_mdp_the_interval_holds_zero_for_the_unbiased_and_for_no_other() {
        for row in rows(VarianceSetting::FiniteMdp, 10_000) {
            assert_eq!(row.is_biased(), row.theory == Theory::Biased, "{row:?}");
        }
    }

    #[test]
    fn rewards_to_go_and_baselines_lower_the_variance() {
        for setting in VarianceSetting::ALL {
            let rows = rows(setting, 60);
            let order = [
                ("total return", "none"),
                ("reward-to-go", "none"),
                ("reward-to-go", "value function"),
                ("GAE(λ = 0.95)", "value function"),
            ];
            let variances = order.map(|(name, baseline)| find(&rows, name, baseline).variance);
            assert!(
                variances.is_sorted_by(|a, b| *b < 0.8 * a),
                "{setting:?}: {variances:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        for setting in VarianceSetting::ALL {
            let timeless = || {
                let zero = |row| VarianceRow {
                    ns_per_step: 0.0,
                    ..row
                };
                rows(setting, 3).into_iter().map(zero).collect::<Vec<_>>()
            };
            assert_eq!(timeless(), timeless());
        }
    }
}
