//! Configuration of the measurement.

use serde::Serialize;

/// Policy and environment that estimators are measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VarianceSetting {
    /// The gridworld of Sutton & Barto 2018, example 4.1, and its uniform policy, softmax of
    /// logits of 0. The gradient and the value function are exact.
    FiniteMdp,
    /// CartPole-v1 and a network that keeps the pole up for a while. The value function is a
    /// quadratic function of observation and time, fitted to the rewards-to-go of other episodes;
    /// for the gradient stands the mean of the unbiased on-policy estimators over all batches.
    #[serde(rename = "cartpole")]
    CartPole,
}

impl VarianceSetting {
    /// Every setting.
    pub const ALL: [Self; 2] = [Self::FiniteMdp, Self::CartPole];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::FiniteMdp => "finite-mdp",
            Self::CartPole => "cartpole",
        }
    }

    /// The setting in one line.
    pub fn description(self) -> &'static str {
        match self {
            Self::FiniteMdp => "4×4 gridworld, uniform softmax policy, exact gradient and values",
            Self::CartPole => "CartPole-v1, 2×64 tanh policy, values fitted by least squares",
        }
    }

    /// Number of batches by default.
    pub fn default_batches(self) -> usize {
        match self {
            Self::FiniteMdp => 10_000,
            Self::CartPole => 400,
        }
    }
}

/// Configuration of the measurement.
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
