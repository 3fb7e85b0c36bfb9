//! Advantages of a rollout, and how well a value function explains them.

use rl_core::{Gae, RolloutView, Space};
use rl_learn::{Learner, UpdateError};
use rl_nets::network_inputs;

/// Estimates that actor-critics make of a rollout; all are `[steps]`.
#[derive(Clone, Debug)]
pub(crate) struct Estimates {
    /// `ln π(aₜ|oₜ)` before the update; empty unless asked for.
    pub log_probs: Vec<f32>,
    /// `V(oₜ)` before the update.
    pub values: Vec<f32>,
    /// Generalised advantage estimates `Âₜ`.
    pub advantages: Vec<f32>,
    /// λ-returns `V̂ₜ = Âₜ + V(oₜ)`.
    pub returns: Vec<f32>,
}

impl Estimates {
    /// Evaluates the policy, if log-probs are asked for, and the value function on a rollout whose
    /// observations, elements of `space`, the networks take as `inputs`. Without a learner of its own
    /// the value function is beside the policy.
    pub fn of<'a>(
        policy: &'a mut dyn Learner,
        value: Option<&'a mut dyn Learner>,
        rollout: &RolloutView<'_>,
        (space, inputs): (&Space, &[f32]),
        gae: &Gae,
        with_log_probs: bool,
    ) -> Result<Self, UpdateError> {
        let zeros = |n| vec![0.0; n];
        let n = rollout.len();
        let mut log_probs = zeros(if with_log_probs { n } else { 0 });
        let [mut values, mut next_values, mut advantages, mut returns] = [(); 4].map(|()| zeros(n));
        let successors = rollout.successors();
        let mut of_successors = zeros(successors.len() / rollout.observation_dim());

        let actions = rollout.actions();
        let value = match value {
            Some(value) => {
                if with_log_probs {
                    policy.evaluate(inputs, actions, &mut log_probs, &mut [])?;
                }
                value.evaluate(inputs, &[], &mut [], &mut values)?;
                value
            }
            None => {
                policy.evaluate(inputs, actions, &mut log_probs, &mut values)?;
                policy
            }
        };
        let successors = network_inputs(space, successors);
        value.evaluate(&successors, &[], &mut [], &mut of_successors)?;
        rollout.next_values(&values, &of_successors, &mut next_values);
        rollout.advantages(gae, &values, &next_values, &mut advantages, &mut returns);
        Ok(Self {
            log_probs,
            values,
            advantages,
            returns,
        })
    }

    /// Share of the returns' variance that the values explain.
    pub fn explained_variance(&self) -> f64 {
        explained_variance(&self.returns, &self.values)
    }
}

/// `1 - Var(targets - values) / Var(targets)`: 1 for perfect values, 0 for constant ones; NaN where
/// the targets don't vary.
pub(crate) fn explained_variance(targets: &[f32], values: &[f32]) -> f64 {
    let variance = |xs: &mut dyn Iterator<Item = f64>| {
        let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for x in xs {
            n += 1.0;
            let delta = x - mean;
            mean += delta / n;
            squares += delta * (x - mean);
        }
        squares / n
    };
    let total = variance(&mut targets.iter().map(|&x| x.into()));
    let errors = targets.iter().zip(values);
    let left = variance(&mut errors.map(|(&target, &value)| f64::from(target) - f64::from(value)));
    if total > 0.0 {
        1.0 - left / total
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explained_variance_is_one_for_the_targets_and_zero_for_a_constant() {
        let targets = [1.0, 2.0, 4.0];
        assert_eq!(explained_variance(&targets, &targets), 1.0);
        assert_eq!(explained_variance(&targets, &[3.0; 3]), 0.0);
        assert!(explained_variance(&[2.0; 3], &targets).is_nan());
    }
}
