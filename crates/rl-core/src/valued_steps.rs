//! Steps with values: the input of estimators that bootstrap from a value function.
//!
//! Two things may stop at a step. *Bootstrapping*, which counts the value of the observation after
//! the step, stops at termination only. *The trace*, the sum over the steps that follow, stops at
//! every end, because the next step belongs to another episode. Both follow from the [`Status`] of
//! the step, so that no caller can confuse two masks (Pardo et al. 2018, "Time limits in
//! reinforcement learning").

use crate::{End, Status, Trajectory};

/// `T` consecutive steps of one environment, with a value `V` of the observation before and after
/// each of them.
///
/// The value after termination is never read, and may be any number, NaN included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValuedSteps<'a> {
    /// Steps of any number of episodes, of which the first may have begun before and the last may
    /// end after them.
    Rollout {
        /// The rewards `rₜ`, `[T]`.
        rewards: &'a [f32],
        /// `V` of the observations that the actions were chosen from, `[T]`.
        values: &'a [f32],
        /// `V` of the observations the steps led to, `[T]`: where an episode ended, of its final
        /// observation, not of the first observation of the next episode; elsewhere the same as the
        /// value of the next step.
        next_values: &'a [f32],
        /// Status of the episode after each step, `[T]`; the last may be [`Status::Running`].
        statuses: &'a [Status],
    },
    /// The steps of one whole trajectory.
    Trajectory {
        /// The rewards `rₜ`, `[T]`.
        rewards: &'a [f32],
        /// `V` of the observations that the actions were chosen from, `[T]`.
        values: &'a [f32],
        /// `V` of the final observation.
        final_value: f32,
        /// Termination or truncation.
        end: End,
    },
}

/// One step of [`ValuedSteps`].
pub(crate) struct ValuedStep {
    pub reward: f64,
    pub value: f64,
    /// Value of the observation after the step; zero after termination.
    pub bootstrap: f64,
    /// Flag: the next step belongs to the same episode.
    pub continues: bool,
}

impl<'a> ValuedSteps<'a> {
    /// The steps of a trajectory, with the values of its observations `[T]` and of its final one.
    pub fn of_trajectory(trajectory: &Trajectory<'a>, values: &'a [f32], final_value: f32) -> Self {
        Self::Trajectory {
            rewards: trajectory.rewards,
            values,
            final_value,
            end: trajectory.end,
        }
    }

    /// The rewards, `[T]`.
    pub fn rewards(self) -> &'a [f32] {
        match self {
            Self::Rollout { rewards, .. } | Self::Trajectory { rewards, .. } => rewards,
        }
    }

    pub(crate) fn get(self, t: usize) -> ValuedStep {
        let (value, next_value, status) = match self {
            Self::Rollout {
                values,
                next_values,
                statuses,
                ..
            } => (values[t], next_values[t], statuses[t]),
            Self::Trajectory {
                values,
                final_value,
                end,
                ..
            } => match values.get(t + 1) {
                Some(&next_value) => (values[t], next_value, Status::Running),
                None => (values[t], final_value, end.into()),
            },
        };
        ValuedStep {
            reward: f64::from(self.rewards()[t]),
            value: f64::from(value),
            bootstrap: if status.bootstraps() {
                f64::from(next_value)
            } else {
                0.0
            },
            continues: status.continues(),
        }
    }

    /// The number of steps `T`; panics unless all slices, and the result with its length `out`,
    /// have it.
    pub(crate) fn check(self, out: usize) -> usize {
        let steps = self.rewards().len();
        match self {
            Self::Rollout {
                values,
                next_values,
                statuses,
                ..
            } => {
                assert_eq!(values.len(), steps, "one value per reward");
                assert_eq!(next_values.len(), steps, "one next value per reward");
                assert_eq!(statuses.len(), steps, "one status per reward");
            }
            Self::Trajectory { values, .. } => {
                assert_eq!(values.len(), steps, "one value per reward");
            }
        }
        assert_eq!(out, steps, "one result per reward");
        steps
    }
}

/// Random rollouts, and the definitions of the estimators.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use proptest::prelude::*;

    /// Rollout that owns its buffers, with next values that are NaN after termination.
    #[derive(Clone, Debug)]
    pub struct OwnedRollout {
        pub rewards: Vec<f32>,
        pub values: Vec<f32>,
        pub next_values: Vec<f32>,
        pub statuses: Vec<Status>,
    }

    impl OwnedRollout {
        pub fn new(steps: &[(f32, f32, f32, Status)]) -> Self {
            let mut owned = Self {
                rewards: steps.iter().map(|step| step.0).collect(),
                values: steps.iter().map(|step| step.1).collect(),
                next_values: steps.iter().map(|step| step.2).collect(),
                statuses: steps.iter().map(|step| step.3).collect(),
            };
            for t in 0..steps.len() {
                match owned.statuses[t] {
                    Status::Running if t + 1 < steps.len() => {
                        owned.next_values[t] = owned.values[t + 1];
                    }
                    Status::Terminated => owned.next_values[t] = f32::NAN,
                    _ => {}
                }
            }
            owned
        }

        pub fn steps(&self) -> ValuedSteps<'_> {
            ValuedSteps::Rollout {
                rewards: &self.rewards,
                values: &self.values,
                next_values: &self.next_values,
                statuses: &self.statuses,
            }
        }

        pub fn map(&self, estimator: impl Fn(ValuedSteps<'_>, &mut [f32])) -> Vec<f32> {
            let mut out = vec![f32::NAN; self.rewards.len()];
            estimator(self.steps(), &mut out);
            out
        }

        /// Index of the last step of the episode, or of the rollout, that step `t` is in.
        pub fn last(&self, t: usize) -> usize {
            (t..self.rewards.len() - 1)
                .find(|&u| self.statuses[u] != Status::Running)
                .unwrap_or(self.rewards.len() - 1)
        }

        /// The n-step return by its definition.
        pub fn n_step(&self, t: usize, gamma: f64, n: usize) -> f64 {
            let last = self.last(t).min(t.saturating_add(n - 1));
            let mut sum = 0.0;
            for k in 0..=last - t {
                sum += gamma.powi(k as i32) * f64::from(self.rewards[t + k]);
            }
            if self.statuses[last] != Status::Terminated {
                let n = (last - t + 1) as i32;
                sum += gamma.powi(n) * f64::from(self.next_values[last]);
            }
            sum
        }

        /// The advantage by its definition, eq. 16.
        pub fn advantage(&self, t: usize, gamma: f64, lambda: f64) -> f64 {
            let td_error = |t| self.n_step(t, gamma, 1) - f64::from(self.values[t]);
            (t..=self.last(t))
                .map(|u| (gamma * lambda).powi((u - t) as i32) * td_error(u))
                .sum()
        }

        /// The λ-return by its definition, a mixture of n-step returns.
        pub fn lambda_return(&self, t: usize, gamma: f64, lambda: f64) -> f64 {
            let longest = self.last(t) - t + 1;
            let mixed = (1..longest)
                .map(|n| (1.0 - lambda) * lambda.powi(n as i32 - 1) * self.n_step(t, gamma, n))
                .sum::<f64>();
            mixed + lambda.powi(longest as i32 - 1) * self.n_step(t, gamma, longest)
        }
    }

    pub fn rollouts() -> impl Strategy<Value = OwnedRollout> {
        let number = -10.0_f32..10.0;
        let status = prop_oneof![
            4 => Just(Status::Running),
            1 => Just(Status::Terminated),
            1 => Just(Status::Truncated),
        ];
        prop::collection::vec((number.clone(), number.clone(), number, status), 1..50)
            .prop_map(|steps| OwnedRollout::new(&steps))
    }

    /// Numbers from 0 to 1, often 0 or 1 themselves.
    pub fn unit() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), Just(1.0), 0.0_f64..=1.0]
    }

    pub fn close(a: &[f32], b: impl Fn(usize) -> f64) -> Result<(), TestCaseError> {
        for (t, &a) in a.iter().enumerate() {
            let b = b(t);
            prop_assert!(
                (f64::from(a) - b).abs() <= 1e-4,
                "step {t}: {a} instead of {b}"
            );
        }
        Ok(())
    }

    /// A rollout of episodes of four steps with reward 1 each, whose observations all have the
    /// value `value`.
    pub fn reward_one_for_ever(value: f32, end: Status) -> OwnedRollout {
        let status = |t| if t % 4 == 3 { end } else { Status::Running };
        let steps: Vec<_> = (0..10).map(|t| (1.0, value, value, status(t))).collect();
        OwnedRollout::new(&steps)
    }
}
