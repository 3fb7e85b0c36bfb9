//! The time limit as a wrapper.

use rl_core::{Environment, EnvironmentError, Space, Status, Step, Stream};

use crate::saved::{Saved, optional};

/// Truncates the episodes of an environment after a number of steps.
///
/// A step that both terminates and reaches the limit is terminated.
#[derive(Clone, Debug)]
pub struct TimeLimit<E> {
    environment: E,
    max_steps: usize,
    /// Steps of the episode so far; `None` before the first reset.
    elapsed: Option<usize>,
}

impl<E> TimeLimit<E> {
    /// Truncates the episodes of `environment` after `max_steps` steps (at least one).
    pub fn new(environment: E, max_steps: usize) -> Self {
        Self {
            environment,
            max_steps,
            elapsed: None,
        }
    }

    /// The environment in the middle of things.
    pub(crate) fn at(environment: E, max_steps: usize, elapsed: Option<usize>) -> Self {
        Self {
            environment,
            max_steps,
            elapsed,
        }
    }

    pub(crate) fn elapsed(&self) -> Option<usize> {
        self.elapsed
    }

    /// The environment without its time limit.
    pub fn inner(&self) -> &E {
        &self.environment
    }

    /// The step at which an episode is truncated.
    pub fn max_steps(&self) -> usize {
        self.max_steps
    }
}

impl<E: Environment> Environment for TimeLimit<E> {
    type Observation = E::Observation;
    type Action = E::Action;

    fn observation_space(&self) -> Space {
        self.environment.observation_space()
    }

    fn action_space(&self) -> Space {
        self.environment.action_space()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<E::Observation, EnvironmentError> {
        let observation = self.environment.reset(rng)?;
        self.elapsed = Some(0);
        Ok(observation)
    }

    #[inline]
    fn step(
        &mut self,
        action: &E::Action,
        rng: &mut Stream,
    ) -> Result<Step<E::Observation>, EnvironmentError> {
        let elapsed = match self.elapsed {
            None => return Err(EnvironmentError::NotReset),
            Some(elapsed) if elapsed >= self.max_steps => {
                return Err(EnvironmentError::EpisodeOver);
            }
            Some(elapsed) => elapsed + 1,
        };
        let mut step = self.environment.step(action, rng)?;
        self.elapsed = Some(elapsed);
        if step.status == Status::Running && elapsed >= self.max_steps {
            step.status = Status::Truncated;
        }
        Ok(step)
    }

    /// The number 1 and the steps since the reset (0 and 0 before the first), and the state of the
    /// environment within.
    fn save_state(&self) -> Option<Vec<f64>> {
        let elapsed = optional(self.elapsed.map(|steps| steps as f64));
        Some([&elapsed[..], &self.environment.save_state()?].concat())
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let elapsed = saved.optional_count(self.max_steps)?;
        self.environment.restore_state(saved.rest())?;
        self.elapsed = elapsed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CartPole;

    fn pushed_right(limit: usize) -> (usize, Status) {
        let mut environment = TimeLimit::new(CartPole::new(), limit);
        let mut rng = Stream::from_seed(0);
        environment.reset(&mut rng).unwrap();
        for t in 1.. {
            let status = environment.step(&1, &mut rng).unwrap().status;
            if status != Status::Running {
                assert_eq!(
                    environment.step(&1, &mut rng),
                    Err(EnvironmentError::EpisodeOver)
                );
                return (t, status);
            }
        }
        unreachable!("the loop has no end of its own")
    }

    #[test]
    fn an_episode_is_truncated_at_the_limit_unless_it_terminates_there() {
        let (fall, status) = pushed_right(500);
        assert_eq!(status, Status::Terminated);
        assert_eq!(pushed_right(fall - 1), (fall - 1, Status::Truncated));
        assert_eq!(pushed_right(fall), (fall, Status::Terminated));
    }

    #[test]
    fn a_step_before_the_first_reset_is_an_error() {
        let mut environment = CartPole::v1();
        let mut rng = Stream::from_seed(0);
        assert_eq!(
            environment.step(&0, &mut rng),
            Err(EnvironmentError::NotReset)
        );
    }

    #[test]
    fn cartpole_v1_truncates_after_500_steps() {
        let mut environment = CartPole::v1();
        let mut rng = Stream::from_seed(0);
        environment.reset(&mut rng).unwrap();
        // A linear controller balances the pole for good.
        for t in 1..=500 {
            let [x, x_dot, theta, theta_dot] = environment.inner().state().unwrap();
            let push = 0.1 * x + 0.3 * x_dot + 3.0 * theta + theta_dot;
            let status = environment
                .step(&usize::from(push > 0.0), &mut rng)
                .unwrap()
                .status;
            let expected = if t == 500 {
                Status::Truncated
            } else {
                Status::Running
            };
            assert_eq!(status, expected, "step {t}");
        }
    }
}
