//! One decision for several steps.

use rl_core::{EnvironmentError, FlatEnvironment, Spaces, Status, Stream};

use super::{WrapperError, inner};

/// Repeats each action a number of times, or until the episode ends: the rewards are summed, and
/// the last observation is the one seen.
#[derive(Clone, Debug)]
pub struct FrameSkip<E> {
    environment: E,
    repetitions: usize,
}

inner!(FrameSkip);

impl<E> FrameSkip<E> {
    /// Takes each action `repetitions` times in `environment`.
    ///
    /// # Errors
    /// [`WrapperError::Zero`] for none.
    pub fn new(environment: E, repetitions: usize) -> Result<Self, WrapperError> {
        if repetitions == 0 {
            return Err(WrapperError::Zero("the repetitions of an action"));
        }
        Ok(Self {
            environment,
            repetitions,
        })
    }

    /// Number of times that an action is taken.
    pub fn repetitions(&self) -> usize {
        self.repetitions
    }
}

impl<E: FlatEnvironment> FlatEnvironment for FrameSkip<E> {
    fn spaces(&self) -> Spaces {
        self.environment.spaces()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let (mut total, mut status) = self.environment.step_into(action, rng, observation)?;
        for _ in 1..self.repetitions {
            if status != Status::Running {
                break;
            }
            // Should the environment refuse an action that it has just taken, the step is over: an
            // error would say that nothing has changed. The next step meets the refusal itself.
            let Ok((reward, next)) = self.environment.step_into(action, rng, observation) else {
                break;
            };
            total += reward;
            status = next;
        }
        Ok((total, status))
    }

    fn save_flat(&self) -> Option<Vec<f64>> {
        self.environment.save_flat()
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        self.environment.restore_flat(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::toys::Line;
    use super::*;

    /// A [`Line`] that refuses every second step it is asked for.
    struct Moody {
        line: Line,
        asked: usize,
    }

    fn moody() -> FrameSkip<Moody> {
        let line = Line::new(-50.0, 50.0);
        FrameSkip::new(Moody { line, asked: 0 }, 4).unwrap()
    }

    impl FlatEnvironment for Moody {
        fn spaces(&self) -> Spaces {
            self.line.spaces()
        }

        fn reset_into(
            &mut self,
            rng: &mut Stream,
            observation: &mut [f32],
        ) -> Result<(), EnvironmentError> {
            self.line.reset_into(rng, observation)
        }

        fn save_flat(&self) -> Option<Vec<f64>> {
            None
        }

        fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
            self.line.restore_flat(state)
        }

        fn step_into(
            &mut self,
            action: &[f32],
            rng: &mut Stream,
            observation: &mut [f32],
        ) -> Result<(f64, Status), EnvironmentError> {
            self.asked += 1;
            if self.asked % 2 == 1 {
                self.line.step_into(action, rng, observation)
            } else {
                Err(EnvironmentError::EpisodeOver)
            }
        }
    }

    #[test]
    fn an_action_is_repeated_and_its_rewards_summed_until_the_end() {
        let mut environment = FrameSkip::new(Line::new(-5.0, 5.0), 4).unwrap();
        let mut rng = Stream::from_seed(0);
        let mut observation = [0.0];
        environment.reset_into(&mut rng, &mut observation).unwrap();
        let mut step = |action: f32| {
            let step = environment.step_into(&[action], &mut rng, &mut observation);
            (step, observation[0])
        };
        assert_eq!(step(1.5), (Ok((6.0, Status::Running)), 6.0));
        assert_eq!(step(3.0), (Ok((6.0, Status::Terminated)), 12.0));
        assert_eq!(step(3.0), (Err(EnvironmentError::EpisodeOver), 12.0));
    }

    #[test]
    fn a_refusal_between_two_repetitions_ends_the_step_without_an_error() {
        let mut environment = moody();
        let mut rng = Stream::from_seed(0);
        let mut observation = [0.0];
        environment.reset_into(&mut rng, &mut observation).unwrap();
        let step = environment.step_into(&[1.0], &mut rng, &mut observation);
        assert_eq!((step, observation), (Ok((1.0, Status::Running)), [1.0]));
    }

    #[test]
    fn no_step_is_asked_for_after_the_end() {
        let mut environment = moody();
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        let step = environment.step_into(&[11.0], &mut rng, &mut [0.0]);
        assert_eq!(step, Ok((11.0, Status::Terminated)));
        assert_eq!(environment.inner().asked, 1);
    }

    #[test]
    fn no_repetition_at_all_is_refused() {
        let error = FrameSkip::new(Line::new(-5.0, 5.0), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the repetitions of an action must be at least 1, not 0"
        );
    }
}
