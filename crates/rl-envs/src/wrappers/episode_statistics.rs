//! Returns and lengths of episodes.

use std::collections::VecDeque;

use rl_core::{EnvironmentError, Episode, FlatEnvironment, Spaces, Status, Stream};

use crate::saved::Saved;

use super::{WrapperError, inner};

/// Keeps the return and the length of the episode that runs and of the last ones finished.
///
/// Wrapped directly around an environment, within what changes rewards or repeats actions, it tells
/// the environment's own returns. An episode that a reset cuts short is not a finished one.
#[derive(Clone, Debug)]
pub struct EpisodeStatistics<E> {
    environment: E,
    running: Option<Episode>,
    finished: VecDeque<Episode>,
    window: usize,
}

inner!(EpisodeStatistics);

impl<E> EpisodeStatistics<E> {
    /// Remembers the last `window` finished episodes of `environment`.
    ///
    /// # Errors
    /// [`WrapperError::Zero`] for a window of none.
    pub fn new(environment: E, window: usize) -> Result<Self, WrapperError> {
        if window == 0 {
            return Err(WrapperError::Zero("the number of episodes remembered"));
        }
        Ok(Self {
            environment,
            running: None,
            finished: VecDeque::with_capacity(window),
            window,
        })
    }

    /// The episode so far; `None` before the first reset and after an end.
    pub fn running(&self) -> Option<Episode> {
        self.running
    }

    /// The last finished episodes, at most as many as the window is long, the oldest first.
    pub fn finished(&self) -> impl ExactSizeIterator<Item = Episode> + DoubleEndedIterator {
        self.finished.iter().copied()
    }
}

impl<E: FlatEnvironment> FlatEnvironment for EpisodeStatistics<E> {
    fn spaces(&self) -> Spaces {
        self.environment.spaces()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        self.environment.reset_into(rng, observation)?;
        self.running = Some(Episode {
            total_reward: 0.0,
            length: 0,
        });
        Ok(())
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let (reward, status) = self.environment.step_into(action, rng, observation)?;
        if let Some(episode) = &mut self.running {
            episode.total_reward += reward;
            episode.length += 1;
        }
        if status.end().is_some() {
            if self.finished.len() == self.window {
                self.finished.pop_front();
            }
            self.finished.extend(self.running.take());
        }
        Ok((reward, status))
    }

    /// The number of episodes running (0 or 1) and finished, the return and the length of each, and
    /// the state of the environment within.
    fn save_flat(&self) -> Option<Vec<f64>> {
        let running = self.running.iter();
        let mut state = vec![running.len() as f64, self.finished.len() as f64];
        for episode in running.chain(&self.finished) {
            state.extend([episode.total_reward, episode.length as f64]);
        }
        state.extend(self.environment.save_flat()?);
        Some(state)
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let mut saved = Saved::new(state);
        let (running, finished) = (saved.count(1)?, saved.count(self.window)?);
        let mut episodes = VecDeque::with_capacity(self.window + 1);
        for _ in 0..running + finished {
            episodes.push_back(Episode {
                total_reward: saved.number()?,
                length: saved.count(usize::MAX)?,
            });
        }
        self.environment.restore_flat(saved.rest())?;
        self.running = match running {
            0 => None,
            _ => episodes.pop_front(),
        };
        self.finished = episodes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::toys::Line;
    use super::*;

    fn episode(total_reward: f64, length: usize) -> Episode {
        Episode {
            total_reward,
            length,
        }
    }

    #[test]
    fn the_last_finished_episodes_and_the_running_one_are_counted() {
        let mut environment = EpisodeStatistics::new(Line::new(-20.0, 20.0), 2).unwrap();
        let mut rng = Stream::from_seed(0);
        assert_eq!(environment.running(), None);
        let mut play = |actions: &[f32]| {
            environment.reset_into(&mut rng, &mut [0.0]).unwrap();
            for &action in actions {
                environment
                    .step_into(&[action], &mut rng, &mut [0.0])
                    .unwrap();
            }
            let finished: Vec<_> = environment.finished().collect();
            (environment.running(), finished)
        };
        assert_eq!(play(&[11.0]), (None, vec![episode(11.0, 1)]));
        // Cut short by the reset of the next line.
        assert_eq!(
            play(&[1.0, 2.0]),
            (Some(episode(3.0, 2)), vec![episode(11.0, 1)])
        );
        assert_eq!(play(&[9.0, 3.0]).1, [episode(11.0, 1), episode(12.0, 2)]);
        assert_eq!(play(&[13.0]).1, [episode(12.0, 2), episode(13.0, 1)]);
    }

    #[test]
    fn a_refused_step_is_not_counted() {
        let mut environment = EpisodeStatistics::new(Line::new(-20.0, 20.0), 1).unwrap();
        let mut rng = Stream::from_seed(0);
        environment.reset_into(&mut rng, &mut [0.0]).unwrap();
        environment
            .step_into(&[21.0], &mut rng, &mut [0.0])
            .unwrap_err();
        assert_eq!(environment.running(), Some(episode(0.0, 0)));
    }

    #[test]
    fn a_window_of_no_episode_is_refused() {
        let error = EpisodeStatistics::new(Line::new(-20.0, 20.0), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of episodes remembered must be at least 1, not 0"
        );
    }
}
