//! The same reward for ever.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

use super::{TWO_ACTIONS, check_action, cube};
use crate::saved::Saved;

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

    fn observation_space(&self) -> Space {
        cube::<1>(0.0, 0.0)
    }

    fn action_space(&self) -> Space {
        Space::Discrete(TWO_ACTIONS)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.running = true;
        Ok([0.0])
    }

    fn step(
        &mut self,
        action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        if !self.running {
            return Err(EnvironmentError::NotReset);
        }
        check_action(*action, TWO_ACTIONS)?;
        Ok(Step {
            observation: [0.0],
            reward: 1.0,
            status: Status::Running,
        })
    }

    fn save_state(&self) -> Option<Vec<f64>> {
        Some(vec![f64::from(u8::from(self.running))])
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let running = saved.flag()?;
        saved.finish()?;
        self.running = running;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeLimit;
    use rl_core::{
        CollectConfig, End, Episodes, GaeConfig, RandomPolicy, TrajectoryStore, ValuedSteps,
    };

    fn experience() -> TrajectoryStore {
        let limited = || TimeLimit::new(ConstantReward::new(), 20);
        let policy = RandomPolicy::new(limited().action_space());
        let mut episodes = Episodes::new(CollectConfig::new(limited).environments(2), 100).unwrap();
        let batch = episodes.collect(&policy, 100).unwrap();
        batch.trajectories.clone()
    }

    /// The limit of the value of the one observation, each time replaced by its mean λ-return.
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
