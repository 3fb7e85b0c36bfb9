//! The same reward for ever.

use rl_core::{BoxSpace, Environment, EnvironmentError, Space, Status, Step, Stream};

use super::{check_action, cube, two_actions};

/// Reward 1 for either of two actions, for ever; the observation is always `[0]`.
///
/// It never ends: put it under a [`TimeLimit`](crate::TimeLimit). The value of its observation is
/// `1 / (1 - γ)`, whatever the limit, if an algorithm tells truncated episodes from terminated
/// ones, and less if it doesn't. Every policy is optimal.
#[derive(Clone, Debug, Default)]
pub struct ConstantReward {
    running: bool,
}

impl ConstantReward {
    /// The environment.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Environment for ConstantReward {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> BoxSpace {
        cube::<1>(0.0, 0.0)
    }

    fn action_space(&self) -> Space {
        Space::Discrete(two_actions())
    }

    fn reset(&mut self, _rng: &mut Stream) -> [f32; 1] {
        self.running = true;
        [0.0]
    }

    fn step(
        &mut self,
        action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        if !self.running {
            return Err(EnvironmentError::NotReset);
        }
        check_action(*action, two_actions())?;
        Ok(Step {
            observation: [0.0],
            reward: 1.0,
            status: Status::Running,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeLimit;
    use rl_core::{Collector, End, GaeConfig, RandomPolicy, TrajectoryStore, ValuedSteps};

    fn experience() -> TrajectoryStore {
        let environment = TimeLimit::new(ConstantReward::new(), 20);
        let policy = RandomPolicy::new(Environment::action_space(&environment));
        let mut collector = Collector::new(vec![environment; 2], 0).unwrap();
        collector
            .collect(&policy, 100)
            .unwrap()
            .trajectories
            .clone()
    }

    /// Where the value of the one observation settles, each time replaced by its mean λ-return.
    fn learned_value(experience: &TrajectoryStore, end: impl Fn(End) -> End) -> f32 {
        let gae = GaeConfig {
            gamma: 0.9,
            lambda: 0.8,
        };
        let gae = gae.validate().unwrap();
        let mut value = 0.0;
        for _ in 0..200 {
            let mut returns = vec![0.0; experience.steps()];
            let mut rest = returns.as_mut_slice();
            for trajectory in experience.iter() {
                let (returns, after) = rest.split_at_mut(trajectory.len());
                let steps = ValuedSteps::Trajectory {
                    rewards: trajectory.rewards,
                    values: &vec![value; trajectory.len()],
                    final_value: value,
                    end: end(trajectory.end),
                };
                gae.lambda_returns(steps, returns);
                rest = after;
            }
            value = returns.iter().sum::<f32>() / returns.len() as f32;
        }
        value
    }

    #[test]
    fn under_a_time_limit_the_learned_value_is_the_one_without_it() {
        let value = learned_value(&experience(), |end| end);
        assert!((value - 10.0).abs() < 1e-3, "{value}");
    }

    #[test]
    fn with_time_limits_taken_for_deaths_the_learned_value_is_too_low() {
        let value = learned_value(&experience(), |_| End::Terminated);
        assert!(value < 8.0, "{value}");
    }
}
