//! What a policy gradient weighs the log-probability of an action with.

use rl_core::{TrajectoryStore, discounted_return, discounted_reward_to_go};
use serde::{Deserialize, Serialize};

/// The weight `wₜ` of `∇ ln π(aₜ|oₜ)` in the policy gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// The return of the whole trajectory, `Σ_{t'} γ^{t'} r_{t'}`, the same for each of its steps.
    TotalReturn,
    /// The reward-to-go, `Σ_{t' ≥ t} γ^{t'-t} r_{t'}`: what the action cannot have caused is left
    /// out, which leaves the gradient's mean as it is (for γ = 1) and lowers its variance.
    #[default]
    RewardToGo,
}

impl Weighting {
    /// The weights of all steps of a store, `[steps]`.
    ///
    /// These are Monte Carlo returns: without a value function there is nothing to bootstrap a
    /// truncated trajectory from, and its return ends with its last reward.
    pub fn of(self, experience: &TrajectoryStore, gamma: f64) -> Vec<f32> {
        let mut weights = vec![0.0; experience.steps()];
        let mut rest = weights.as_mut_slice();
        for trajectory in experience.iter() {
            let (weights, after) = rest.split_at_mut(trajectory.len());
            match self {
                Self::TotalReturn => weights.fill(discounted_return(trajectory.rewards, gamma)),
                Self::RewardToGo => {
                    discounted_reward_to_go(trajectory.rewards, gamma, 0.0, weights);
                }
            }
            rest = after;
        }
        weights
    }
}

/// Shifts and scales numbers to mean 0 and standard deviation 1; equal numbers become zeros.
pub fn normalize(xs: &mut [f32]) {
    let n = xs.len() as f64;
    let mean = xs.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = xs
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / n;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    for x in xs {
        *x = ((f64::from(*x) - mean) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::End;

    fn experience() -> TrajectoryStore {
        let mut store = TrajectoryStore::new(1, 1);
        let mut first = store.begin(&[0.0]);
        first.push(&[0.0], 1.0, &[0.0]);
        first.push(&[0.0], 2.0, &[0.0]);
        first.finish(&[0.0], 4.0, &[0.0], End::Terminated);
        store
            .begin(&[0.0])
            .finish(&[0.0], -1.0, &[0.0], End::Truncated);
        store
    }

    #[test]
    fn weights_of_two_trajectories_by_hand() {
        let experience = experience();
        assert_eq!(
            Weighting::TotalReturn.of(&experience, 1.0),
            [7.0, 7.0, 7.0, -1.0]
        );
        assert_eq!(
            Weighting::TotalReturn.of(&experience, 0.5),
            [3.0, 3.0, 3.0, -1.0]
        );
        assert_eq!(
            Weighting::RewardToGo.of(&experience, 1.0),
            [7.0, 6.0, 4.0, -1.0]
        );
        assert_eq!(
            Weighting::RewardToGo.of(&experience, 0.5),
            [3.0, 4.0, 4.0, -1.0]
        );
    }

    #[test]
    fn normalised_weights_have_mean_zero_and_deviation_one() {
        let mut weights = [1.0, 2.0, 3.0, 4.0];
        normalize(&mut weights);
        let a = 1.5 / 1.25_f32.sqrt();
        assert!(
            (weights[3] - a).abs() < 1e-6 && (weights[0] + a).abs() < 1e-6,
            "{weights:?}"
        );
        let mut equal = [500.0; 3];
        normalize(&mut equal);
        assert_eq!(equal, [0.0; 3]);
    }
}
