//! A choice that pays off later.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

use super::{StepsLeft, TWO_ACTIONS, TrivialError, check_action, cube};
use crate::saved::{Saved, optional};

/// The first of `n` actions decides the reward, which is paid with the last: 1 after action 1, 0
/// after action 0. The actions in between do nothing, and every other reward is 0.
///
/// Observed are the share of the steps taken, from 0 to 1, and the choice: 0 before it is made,
/// then 1 or -1. Episodes terminate after `n` steps. The optimal return is 1, discounted `γⁿ⁻¹`;
/// random actions earn half of it.
#[derive(Clone, Debug)]
pub struct DelayedReward {
    steps: usize,
    choice: Option<usize>,
    left: StepsLeft,
}

impl DelayedReward {
    /// Episodes of `steps` steps, the `n` above.
    ///
    /// # Errors
    /// [`TrivialError::NoSteps`].
    pub fn new(steps: usize) -> Result<Self, TrivialError> {
        if steps == 0 {
            return Err(TrivialError::NoSteps);
        }
        Ok(Self {
            steps,
            choice: None,
            left: StepsLeft::default(),
        })
    }

    fn observation(&self, left: usize) -> [f32; 2] {
        let choice = match self.choice {
            None => 0.0,
            Some(0) => -1.0,
            Some(_) => 1.0,
        };
        [1.0 - left as f32 / self.steps as f32, choice]
    }
}

impl Environment for DelayedReward {
    type Observation = [f32; 2];
    type Action = usize;

    fn observation_space(&self) -> Space {
        cube::<2>(-1.0, 1.0)
    }

    fn action_space(&self) -> Space {
        Space::Discrete(TWO_ACTIONS)
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 2], EnvironmentError> {
        self.choice = None;
        self.left = StepsLeft(Some(self.steps));
        Ok(self.observation(self.steps))
    }

    fn step(
        &mut self,
        action: &usize,
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 2]>, EnvironmentError> {
        let left = self.left.get()? - 1;
        check_action(*action, TWO_ACTIONS)?;
        self.left = StepsLeft(Some(left));
        let choice = *self.choice.get_or_insert(*action);
        let (reward, status) = match left {
            0 => (choice as f64, Status::Terminated),
            _ => (0.0, Status::Running),
        };
        Ok(Step {
            observation: self.observation(left),
            reward,
            status,
        })
    }

    /// The steps left, and the number 1 and the choice (0 and 0 before it is made).
    fn save_state(&self) -> Option<Vec<f64>> {
        let choice = optional(self.choice.map(|choice| choice as f64));
        Some([self.left.save(), choice].concat())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let left = StepsLeft::restored(&mut saved, self.steps)?;
        let choice = saved.optional_count(1)?;
        saved.finish()?;
        (self.left, self.choice) = (left, choice);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(actions: &[usize]) -> Vec<Step<[f32; 2]>> {
        let mut environment = DelayedReward::new(actions.len()).unwrap();
        let mut rng = Stream::from_seed(0);
        assert_eq!(environment.reset(&mut rng).unwrap(), [0.0, 0.0]);
        actions
            .iter()
            .map(|action| environment.step(action, &mut rng).unwrap())
            .collect()
    }

    #[test]
    fn the_first_action_decides_the_last_reward() {
        for (actions, choice, reward) in [([1, 0, 0, 0], 1.0, 1.0), ([0, 1, 1, 1], -1.0, 0.0)] {
            let steps = episode(&actions);
            assert_eq!(
                steps.iter().map(|step| step.reward).collect::<Vec<_>>(),
                [0.0, 0.0, 0.0, reward]
            );
            assert_eq!(steps[0].observation, [0.25, choice]);
            assert_eq!(steps[3].observation, [1.0, choice]);
            assert_eq!(steps[2].status, Status::Running);
            assert_eq!(steps[3].status, Status::Terminated);
        }
    }

    #[test]
    fn an_only_action_is_paid_at_once() {
        assert_eq!(episode(&[1])[0].reward, 1.0);
    }

    #[test]
    fn an_episode_without_steps_is_an_error() {
        assert_eq!(DelayedReward::new(0).unwrap_err(), TrivialError::NoSteps);
    }
}
