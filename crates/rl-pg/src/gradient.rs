//! Divisors of the sum that estimates a policy gradient.

use rl_learn::words;
use serde::{Deserialize, Serialize};

/// Estimate of the policy gradient by the sum `Σₜ ∇ ln π(aₜ|oₜ) Âₜ` over the steps of whole
/// episodes: what it is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gradient {
    /// A constant: the number of episodes of an update, as in `1/|D| Σ_τ Σₜ`, or of its least
    /// steps. The mean is the gradient of the return, up to that constant.
    #[default]
    Sum,
    /// The number of steps gathered. It depends on the actions, and so the mean of a batch of few
    /// episodes is no multiple of the gradient: where one action ends an episode with reward 1, and
    /// the other with reward k after k steps, the mean over an episode's steps is 0 for any policy.
    MeanOverSteps,
}

words!(Gradient: Sum, MeanOverSteps);

impl Gradient {
    /// Factor that makes the estimate of a mean over `steps` steps; the sum is divided by
    /// `constant`.
    pub(crate) fn of_mean(self, steps: usize, constant: usize) -> f32 {
        match self {
            Self::Sum => (steps as f64 / constant as f64) as f32,
            Self::MeanOverSteps => 1.0,
        }
    }
}
