//! Steps with values: what estimators that bootstrap from a value function are given.
//!
//! Two things may stop at a step, and they are not the same. *Bootstrapping*, counting the value
//! of the observation after the step, stops at termination alone. *The trace*, the sum over the
//! steps that follow, stops at every end: what follows belongs to another episode. Both are read
//! off the [`Status`] of the step, so that no caller holds two masks to confuse (Pardo et al. 2018,
//! "Time limits in reinforcement learning").

use crate::{End, Status, Trajectory};

/// `T` consecutive steps of one environment, with a value `V` for the observation before and after
/// each of them.
///
/// After termination there is nothing to value: whatever value stands there, NaN included, is
/// never read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValuedSteps<'a> {
    /// Any steps, in the course of which episodes end and others begin.
    Rollout {
        /// The rewards `rₜ`, `[T]`.
        rewards: &'a [f32],
        /// `V` of the observations that the actions were chosen from, `[T]`.
        values: &'a [f32],
        /// `V` of the observations the steps led to, `[T]`: where an episode ended, of its final
        /// observation, not of the first one of the next episode; elsewhere the value of the next
        /// step.
        next_values: &'a [f32],
        /// How the episode stands after each step, `[T]`. The last one may be running.
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
        /// How it ended.
        end: End,
    },
}

/// One of [`ValuedSteps`].
pub(crate) struct ValuedStep {
    pub reward: f64,
    pub value: f64,
    /// What of the observation after the step is counted: its value, or zero after termination.
    pub bootstrap: f64,
    /// Whether the next step belongs to the same episode.
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

    /// The number of steps `T`, after a look at all lengths, that of the result `out` included.
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

/// Random rollouts, and the estimators' definitions.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use proptest::prelude::*;

    /// A rollout with buffers of its own, whose next values are NaN after termination.
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

        /// The definition of the n-step return.
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

        /// The definition of the advantage, eq. 16.
        pub fn advantage(&self, t: usize, gamma: f64, lambda: f64) -> f64 {
            let td_error = |t| self.n_step(t, gamma, 1) - f64::from(self.values[t]);
            (t..=self.last(t))
                .map(|u| (gamma * lambda).powi((u - t) as i32) * td_error(u))
                .sum()
        }

        /// The definition of the λ-return, a mixture of n-step returns.
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

    /// Numbers from 0 to 1, and often the ends, where formulas break.
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

    /// A rollout with reward 1 for ever, cut into episodes of four steps, and valued by a constant.
    pub fn reward_one_for_ever(value: f32, end: Status) -> OwnedRollout {
        let status = |t| if t % 4 == 3 { end } else { Status::Running };
        let steps: Vec<_> = (0..10).map(|t| (1.0, value, value, status(t))).collect();
        OwnedRollout::new(&steps)
    }
}
