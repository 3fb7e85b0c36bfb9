//! Views of rollouts: the steps of some of the environments.

use crate::{Gae, Status, ValuedSteps};

/// Steps of some consecutive environments of a [`Rollout`](crate::Rollout). An agent with a policy
/// per environment learns from one environment at a time.
///
/// Rows and successors are those of the rollout, counted from the first of these environments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RolloutView<'a> {
    pub(crate) environments: usize,
    pub(crate) steps: usize,
    pub(crate) observation_dim: usize,
    pub(crate) action_dim: usize,
    pub(crate) observations: &'a [f32],
    pub(crate) actions: &'a [f32],
    pub(crate) rewards: &'a [f32],
    pub(crate) statuses: &'a [Status],
    pub(crate) successors: &'a [f32],
}

impl<'a> RolloutView<'a> {
    /// Number of environments, `n`.
    pub fn environments(&self) -> usize {
        self.environments
    }

    /// Number of steps of each environment, `T`.
    pub fn steps_per_environment(&self) -> usize {
        self.steps
    }

    /// Number of rows, `n·T`.
    pub fn len(&self) -> usize {
        self.environments * self.steps
    }

    /// Returns `true` if there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers per observation.
    pub fn observation_dim(&self) -> usize {
        self.observation_dim
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.action_dim
    }

    /// The observations that the actions were chosen from, `[rows, observation_dim]`; normalised
    /// where the policy's are.
    pub fn observations(&self) -> &'a [f32] {
        self.observations
    }

    /// The actions as the policy drew them, `[rows, action_dim]`.
    pub fn actions(&self) -> &'a [f32] {
        self.actions
    }

    /// The rewards to learn from, `[rows]`.
    pub fn rewards(&self) -> &'a [f32] {
        self.rewards
    }

    /// The status of the episode after each row, `[rows]`.
    pub fn statuses(&self) -> &'a [Status] {
        self.statuses
    }

    /// The successors, `[successors, observation_dim]`: the observations after the rows that ended
    /// an episode and after the last row of each environment, in the order of these rows.
    pub fn successors(&self) -> &'a [f32] {
        self.successors
    }

    /// Writes the value of the observation after each row, `[rows]`: that of its successor where it
    /// has one, elsewhere that of the next row. `values` is `[rows]`, the values of
    /// [`observations`](Self::observations), and `successor_values` is `[successors]`, those of
    /// [`successors`](Self::successors).
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn next_values(&self, values: &[f32], successor_values: &[f32], out: &mut [f32]) {
        let successors = self.successors.len() / self.observation_dim;
        assert_eq!(values.len(), self.len(), "one value per row");
        assert_eq!(
            successor_values.len(),
            successors,
            "one value per successor"
        );
        assert_eq!(out.len(), self.len(), "one next value per row");
        let mut successor = 0;
        for (row, out) in out.iter_mut().enumerate() {
            *out = if has_successor(self.statuses, self.steps, row) {
                successor += 1;
                successor_values[successor - 1]
            } else {
                values[row + 1]
            };
        }
    }

    /// Writes the advantages and the λ-returns of all rows, environment by environment. All slices
    /// are `[rows]`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn advantages(
        &self,
        gae: &Gae,
        values: &[f32],
        next_values: &[f32],
        advantages: &mut [f32],
        returns: &mut [f32],
    ) {
        assert_eq!(advantages.len(), self.len(), "one advantage per row");
        assert_eq!(returns.len(), self.len(), "one return per row");
        for environment in 0..self.environments {
            let rows = environment * self.steps..(environment + 1) * self.steps;
            let steps = self.lane(environment, values, next_values);
            gae.advantages(steps, &mut advantages[rows.clone()]);
            gae.lambda_returns(steps, &mut returns[rows]);
        }
    }

    /// The steps of one environment, `[T]`, with its part of the values of all rows; `values` and
    /// `next_values` are `[rows]`.
    ///
    /// # Panics
    /// If the lengths differ, or there is no such environment.
    pub fn lane<'v>(
        &self,
        environment: usize,
        values: &'v [f32],
        next_values: &'v [f32],
    ) -> ValuedSteps<'v>
    where
        'a: 'v,
    {
        assert_eq!(values.len(), self.len(), "one value per row");
        assert_eq!(next_values.len(), self.len(), "one next value per row");
        let rows = environment * self.steps..(environment + 1) * self.steps;
        ValuedSteps::Rollout {
            rewards: &self.rewards[rows.clone()],
            values: &values[rows.clone()],
            next_values: &next_values[rows.clone()],
            statuses: &self.statuses[rows],
        }
    }
}

/// Returns `true` if the observation after a row is kept beside the rows, of `steps` per
/// environment.
pub(crate) fn has_successor(statuses: &[Status], steps: usize, row: usize) -> bool {
    !statuses[row].continues() || (row + 1).is_multiple_of(steps)
}
