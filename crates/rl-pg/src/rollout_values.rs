//! Advantages of a rollout: what the actor-critic algorithms learn from.

use rl_core::{Gae, Rollout};
use rl_learn::{Learner, UpdateError};

/// What a critic makes of a rollout; all are `[steps]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Estimates {
    /// `ln π(aₜ|oₜ)` before the update.
    pub log_probs: Vec<f32>,
    /// `V(oₜ)` before the update.
    pub values: Vec<f32>,
    next_values: Vec<f32>,
    successor_values: Vec<f32>,
    /// Generalised advantage estimates.
    pub advantages: Vec<f32>,
    /// λ-returns, `Aₜ + V(oₜ)`.
    pub returns: Vec<f32>,
}

impl Estimates {
    /// Evaluates the policy and the value function on a rollout; log-probs only if `with_log_probs`.
    pub fn compute(
        &mut self,
        learner: &mut dyn Learner,
        rollout: &Rollout,
        gae: &Gae,
        with_log_probs: bool,
    ) -> Result<(), UpdateError> {
        let n = rollout.len();
        self.log_probs
            .resize(if with_log_probs { n } else { 0 }, 0.0);
        for buffer in [
            &mut self.values,
            &mut self.next_values,
            &mut self.advantages,
            &mut self.returns,
        ] {
            buffer.resize(n, 0.0);
        }
        let successors = rollout.successors();
        self.successor_values
            .resize(successors.len() / rollout.observation_dim(), 0.0);
        learner.evaluate(
            rollout.observations(),
            rollout.actions(),
            &mut self.log_probs,
            &mut self.values,
        )?;
        learner.evaluate(successors, &[], &mut [], &mut self.successor_values)?;
        rollout.next_values(&self.values, &self.successor_values, &mut self.next_values);
        rollout.advantages(
            gae,
            &self.values,
            &self.next_values,
            &mut self.advantages,
            &mut self.returns,
        );
        Ok(())
    }
}
