//! Generalized advantage estimation.
//!
//! Sums run in `f64` and are rounded once.

use crate::ValuedSteps;

/// Parameters of generalized advantage estimation, unchecked; [`validate`](Self::validate) turns
/// them into a [`Gae`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaeConfig {
    /// The discount γ, from 0 to 1.
    pub gamma: f64,
    /// The decay λ of the trace, from 0 (the TD error: low variance, and the bias of the value
    /// function) to 1 (the discounted return minus the value: no such bias, and high variance).
    pub lambda: f64,
}

impl Default for GaeConfig {
    /// γ = 0.99 and λ = 0.95, the values of most PPO implementations.
    fn default() -> Self {
        Self {
            gamma: 0.99,
            lambda: 0.95,
        }
    }
}

/// A parameter of [`GaeConfig`] out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key} = {value} is out of range: a number from 0 to 1")]
pub struct GaeConfigError {
    /// Name of the parameter: "gamma" or "lambda".
    pub key: &'static str,
    /// Its value.
    pub value: f64,
}

impl GaeConfig {
    /// The estimator with these parameters.
    ///
    /// # Errors
    /// [`GaeConfigError`] if γ or λ is not a number from 0 to 1.
    pub fn validate(self) -> Result<Gae, GaeConfigError> {
        for (key, value) in [("gamma", self.gamma), ("lambda", self.lambda)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(GaeConfigError { key, value });
            }
        }
        Ok(Gae {
            gamma: self.gamma,
            lambda: self.lambda,
        })
    }
}

/// Generalized advantage estimation, GAE(γ, λ), with checked parameters (Schulman et al. 2016,
/// "High-dimensional continuous control using generalized advantage estimation").
///
/// ```
/// use rl_core::{End, GaeConfig, ValuedSteps};
///
/// let gae = GaeConfig { gamma: 0.5, lambda: 0.5 }.validate()?;
/// let steps = ValuedSteps::Trajectory {
///     rewards: &[1.0, 1.0],
///     values: &[0.0, 2.0],
///     final_value: 4.0,
///     end: End::Truncated,
/// };
/// let mut advantages = [0.0; 2];
/// gae.advantages(steps, &mut advantages);
/// assert_eq!(advantages, [2.25, 1.0]); // TD errors 2 and 1
/// # Ok::<(), rl_core::error::GaeConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gae {
    gamma: f64,
    lambda: f64,
}

impl Gae {
    /// The discount γ.
    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// The decay λ of the trace.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Writes the advantages `Âₜ = Σₗ (γλ)ˡ δₜ₊ₗ` (eq. 16), `[T]`: sums over the steps from `t` to
    /// the end of the episode or of the rollout of the TD errors `δₜ = rₜ + γ V(oₜ₊₁) - V(oₜ)`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn advantages(&self, steps: ValuedSteps<'_>, advantages: &mut [f32]) {
        self.estimate(steps, advantages, |advantage, _| advantage);
    }

    /// Writes the λ-returns `Gₜ = Âₜ + V(oₜ)`, `[T]`, the means of the n-step returns weighted by
    /// `(1 - λ) λⁿ⁻¹` (Sutton & Barto 2018, eq. 12.3). They are targets for a value function.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn lambda_returns(&self, steps: ValuedSteps<'_>, returns: &mut [f32]) {
        self.estimate(steps, returns, |advantage, value| advantage + value);
    }

    /// Computes `Âₜ = δₜ + γλ Âₜ₊₁` within each episode, from the last step to the first, and
    /// writes `result(Âₜ, V(oₜ))`.
    fn estimate(&self, steps: ValuedSteps<'_>, out: &mut [f32], result: impl Fn(f64, f64) -> f64) {
        steps.check(out.len());
        let mut advantage = 0.0;
        for (t, out) in out.iter_mut().enumerate().rev() {
            let step = steps.get(t);
            let td_error = step.reward + self.gamma * step.bootstrap - step.value;
            let trace = if step.continues { advantage } else { 0.0 };
            advantage = td_error + self.gamma * self.lambda * trace;
            *out = result(advantage, step.value) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::valued_steps::testing::{close, reward_one_for_ever, rollouts, unit};
    use crate::{End, Status, TrajectoryStore, discounted_reward_to_go, td_targets};
    use proptest::prelude::*;

    fn gae(gamma: f64, lambda: f64) -> Gae {
        GaeConfig { gamma, lambda }.validate().unwrap()
    }

    #[test]
    fn property_tests_draw_the_same_cases_every_time() {
        assert_ne!(
            ProptestConfig::default().rng_seed,
            proptest::test_runner::RngSeed::Random
        );
    }

    proptest! {
        #[test]
        fn advantages_equal_the_quadratic_definition(
            rollout in rollouts(), gamma in unit(), lambda in unit(),
        ) {
            let advantages = rollout.map(|steps, out| gae(gamma, lambda).advantages(steps, out));
            close(&advantages, |t| rollout.advantage(t, gamma, lambda))?;
        }

        #[test]
        fn lambda_returns_are_the_weighted_mean_of_n_step_returns(
            rollout in rollouts(), gamma in unit(), lambda in unit(),
        ) {
            let returns = rollout.map(|steps, out| gae(gamma, lambda).lambda_returns(steps, out));
            close(&returns, |t| rollout.lambda_return(t, gamma, lambda))?;
        }

        #[test]
        fn lambda_zero_gives_the_td_error(rollout in rollouts(), gamma in unit()) {
            let advantages = rollout.map(|steps, out| gae(gamma, 0.0).advantages(steps, out));
            let targets = rollout.map(|steps, out| td_targets(steps, gamma, out));
            close(&advantages, |t| f64::from(targets[t]) - f64::from(rollout.values[t]))?;
        }

        #[test]
        fn lambda_one_gives_the_discounted_return_minus_the_value(
            rollout in rollouts(), gamma in unit(),
        ) {
            let advantages = rollout.map(|steps, out| gae(gamma, 1.0).advantages(steps, out));
            close(&advantages, |t| {
                let last = rollout.last(t);
                let final_value = match rollout.statuses[last] {
                    Status::Terminated => 0.0,
                    _ => rollout.next_values[last],
                };
                let mut returns = vec![0.0; last + 1 - t];
                let rewards = &rollout.rewards[t..=last];
                discounted_reward_to_go(rewards, gamma, final_value, &mut returns);
                f64::from(returns[0]) - f64::from(rollout.values[t])
            })?;
        }

        #[test]
        fn without_a_future_the_advantage_is_the_reward_minus_the_value(
            rollout in rollouts(), lambda in unit(),
        ) {
            let advantages = rollout.map(|steps, out| gae(0.0, lambda).advantages(steps, out));
            close(&advantages, |t| f64::from(rollout.rewards[t]) - f64::from(rollout.values[t]))?;
        }

        #[test]
        fn a_rollout_cut_into_trajectories_has_the_same_advantages(
            rollout in rollouts(), gamma in unit(), lambda in unit(),
        ) {
            let gae = gae(gamma, lambda);
            let whole = rollout.map(|steps, out| gae.advantages(steps, out));
            let mut store = TrajectoryStore::new(1, 1);
            let mut first = 0;
            while first < whole.len() {
                let last = rollout.last(first);
                // An episode that is still running at the end of the rollout counts as truncated
                // there.
                let end = rollout.statuses[last].end().unwrap_or(End::Truncated);
                store.clear();
                let mut trajectory = store.begin(&[0.0]);
                for t in first..last {
                    trajectory.push(&[0.0], rollout.rewards[t], &[0.0]);
                }
                trajectory.finish(&[0.0], rollout.rewards[last], &[0.0], end);

                let mut advantages = vec![f32::NAN; last + 1 - first];
                let steps = ValuedSteps::of_trajectory(
                    &store.get(0).unwrap(),
                    &rollout.values[first..=last],
                    rollout.next_values[last],
                );
                gae.advantages(steps, &mut advantages);
                prop_assert_eq!(&advantages, &whole[first..=last]);
                first = last + 1;
            }
        }
    }

    #[test]
    fn the_value_of_reward_one_for_ever_is_the_fixed_point_under_a_time_limit() {
        for (gamma, value) in [(0.5, 2.0), (0.75, 4.0), (0.9375, 16.0)] {
            let rollout = reward_one_for_ever(value, Status::Truncated);
            for lambda in [0.0, 0.5, 1.0] {
                let returns =
                    rollout.map(|steps, out| gae(gamma, lambda).lambda_returns(steps, out));
                assert_eq!(returns, [value; 10]);
            }
        }
    }

    #[test]
    fn a_time_limit_taken_for_a_death_moves_the_fixed_point() {
        let rollout = reward_one_for_ever(2.0, Status::Terminated);
        let returns = rollout.map(|steps, out| gae(0.5, 1.0).lambda_returns(steps, out));
        assert_eq!(returns[..4], [1.875, 1.75, 1.5, 1.0]);
    }

    #[test]
    fn a_parameter_out_of_range_is_an_error_that_names_it() {
        let error = |gamma, lambda| {
            GaeConfig { gamma, lambda }
                .validate()
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(1.5, 0.5),
            "gamma = 1.5 is out of range: a number from 0 to 1"
        );
        assert_eq!(
            error(1.0, -0.1),
            "lambda = -0.1 is out of range: a number from 0 to 1"
        );
        assert!(error(f64::NAN, 0.5).starts_with("gamma = NaN"));
    }

    #[test]
    fn a_checked_configuration_keeps_its_parameters() {
        let gae = gae(0.75, 0.25);
        assert_eq!((gae.gamma(), gae.lambda()), (0.75, 0.25));
    }
}
