//! Weights of the log-probabilities in a policy gradient.

use rl_learn::words;
use serde::{Deserialize, Serialize};

/// Estimate of how good an action was: the weight `wₜ` of `∇ ln π(aₜ|oₜ)` in the policy
/// gradient, before a baseline is taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// The return of the whole trajectory, `Σ_{t'} γ^{t'} r_{t'}`, the same for each of its steps.
    TotalReturn,
    /// The reward-to-go, `Σ_{t' ≥ t} γ^{t'-t} r_{t'}`: what the action cannot have caused is left
    /// out, which leaves the gradient's mean as it is (for γ = 1) and lowers its variance.
    #[default]
    RewardToGo,
    /// The return of `n_step` steps and the value of the observation after them; needs a value
    /// function.
    NStep,
    /// The generalised advantage estimate (Schulman et al. 2016, eq. 16), which has the value
    /// function for its baseline; needs one.
    Gae,
}

words!(Weighting: TotalReturn, RewardToGo, NStep, Gae);

impl Weighting {
    /// Returns `true` if it bootstraps from a value function.
    pub fn needs_values(self) -> bool {
        matches!(self, Self::NStep | Self::Gae)
    }
}
