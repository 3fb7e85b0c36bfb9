//! Environments that step together.

use crate::{EnvironmentError, Spaces, StateError, StateReader, StateWriter, Status, Stream};

/// `n` environments that step together, into flat buffers of the caller's.
///
/// Each has a stream that it draws from, and is called a lane where its place in the batch is
/// meant. How environments are split over batches changes nothing of what they do, nor of what is
/// saved of each.
///
/// # Failures
/// A call that is wrong in itself (a buffer of the wrong length, a lane that does not exist or is
/// in no episode, an action outside the space) is refused before any environment moves. If an
/// environment fails by itself, all others still take their step, and what they wrote is valid;
/// the error is that of the lowest lane. A lane that failed must be [restarted](Self::restart).
pub trait BatchEnvironment: Send {
    /// Number of environments, `n`.
    fn len(&self) -> usize;

    /// Returns `true` if there is no environment at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The spaces of each environment.
    fn spaces(&self) -> Spaces;

    /// Starts an episode in every environment and writes the first observations,
    /// `[n, observation_dim]`.
    ///
    /// # Errors
    /// [`BatchError`].
    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError>;

    /// Takes a step in every environment; `actions` is `[n, action_dim]`.
    ///
    /// An environment whose episode ends starts the next one within the same step (same-step
    /// reset): the observation to act on next is the new episode's first, and the final observation
    /// of the old one stands beside it.
    ///
    /// # Errors
    /// [`BatchError`].
    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError>;

    /// Takes a step in the environments `lanes` alone. Row `r` of `actions`,
    /// `[lanes.len(), action_dim]`, and of `out`, made for as many environments, belongs to
    /// `lanes[r]`.
    ///
    /// An episode that ends is not followed by another: the observation is the final one, as well
    /// as the final observation, and [`restart`](Self::restart) has to come before the next step.
    ///
    /// # Errors
    /// [`BatchError`].
    fn step_lanes(
        &mut self,
        lanes: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Result<(), BatchError>;

    /// Takes the step of [`step_into`](Self::step_into) in every environment but those of `held`, which stay as they are:
    /// any actions stand for theirs in `actions`, and their rows of `out` mean nothing.
    ///
    /// `None`, as without this method, where [`step_lanes`](Self::step_lanes) is no slower; nothing has moved then.
    fn step_except(
        &mut self,
        _held: &[usize],
        _actions: &[f32],
        _out: StepSlices<'_>,
    ) -> Option<Result<(), BatchError>> {
        None
    }

    /// Starts an episode in one environment and writes its first observation, `[observation_dim]`.
    ///
    /// # Errors
    /// [`BatchError`].
    fn restart(&mut self, lane: usize, observation: &mut [f32]) -> Result<(), BatchError>;

    /// Replaces the stream that an environment draws from, from its next draw on; without effect where
    /// there is no such environment.
    fn set_rng(&mut self, lane: usize, rng: Stream);

    /// Returns `true` if an environment has failed by itself since it was last started. A batch
    /// whose environments can fail has to say so.
    fn has_failed(&self, _lane: usize) -> bool {
        false
    }

    /// Writes the state of one environment: its stream, the return and the length of its episode,
    /// and everything that its future depends on. The observation to act on next is the caller's.
    ///
    /// Returns `false` if only the stream is there to be written: the environment cannot be saved,
    /// was never started, or has failed.
    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool;

    /// Takes up the state of one environment, which then goes on to the bit.
    ///
    /// Returns `false` if only the stream was there to be read: the lane has to be
    /// [restarted](Self::restart).
    ///
    /// # Errors
    /// [`StateError`] for a state that does not fit; the lane then has to be restarted.
    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError>;
}

/// A call that a batch refuses, or the failure of one of its environments.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// A buffer of the wrong length.
    #[error("{buffer} holds {actual} numbers; {environments} environments need {expected}")]
    Length {
        /// Name of the buffer.
        buffer: &'static str,
        /// Its length.
        actual: usize,
        /// The length it must have.
        expected: usize,
        /// Number of environments.
        environments: usize,
    },
    /// A lane beyond the last one.
    #[error("environment {lane} of a batch of {environments}")]
    Lane {
        /// Index of the lane.
        lane: usize,
        /// Number of environments.
        environments: usize,
    },
    /// An environment that refused its action, or failed.
    #[error("environment {environment}: {source}")]
    Environment {
        /// Index of the environment.
        environment: usize,
        /// Its error.
        source: EnvironmentError,
    },
}

impl BatchError {
    /// An error unless a buffer holds `width` numbers for each of `environments`.
    ///
    /// # Errors
    /// [`BatchError::Length`].
    #[inline]
    pub fn check_length(
        buffer: &'static str,
        actual: usize,
        environments: usize,
        width: usize,
    ) -> Result<(), Self> {
        let expected = environments * width;
        if actual == expected {
            return Ok(());
        }
        Err(Self::Length {
            buffer,
            actual,
            expected,
            environments,
        })
    }

    /// An error if there are only so many environments.
    ///
    /// # Errors
    /// [`BatchError::Lane`].
    pub fn check_lane(lane: usize, environments: usize) -> Result<(), Self> {
        if lane < environments {
            return Ok(());
        }
        Err(Self::Lane { lane, environments })
    }
}

/// Buffers that a step of `n` environments writes.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBuffers {
    /// The observations to act on next, `[n, observation_dim]`: the first ones of new episodes
    /// where episodes ended.
    pub observations: Vec<f32>,
    /// The rewards of the step, `[n]`.
    pub rewards: Vec<f64>,
    /// The standings of the episodes after the step, before any reset, `[n]`.
    pub statuses: Vec<Status>,
    /// The last observations of episodes that ended, `[n, observation_dim]`. Rows of running
    /// episodes are left as they were, here and below.
    pub final_observations: Vec<f32>,
    /// The undiscounted returns of episodes that ended, `[n]`.
    pub episode_returns: Vec<f64>,
    /// The numbers of steps of episodes that ended, `[n]`.
    pub episode_lengths: Vec<usize>,
}

/// [`StepBuffers`], or a part of them, to write to.
#[derive(Debug)]
pub struct StepSlices<'a> {
    /// `[n, observation_dim]`.
    pub observations: &'a mut [f32],
    /// `[n]`.
    pub rewards: &'a mut [f64],
    /// `[n]`.
    pub statuses: &'a mut [Status],
    /// `[n, observation_dim]`.
    pub final_observations: &'a mut [f32],
    /// `[n]`.
    pub episode_returns: &'a mut [f64],
    /// `[n]`.
    pub episode_lengths: &'a mut [usize],
}

impl StepBuffers {
    /// Buffers for `n` environments.
    pub fn new(n: usize, observation_dim: usize) -> Self {
        Self {
            observations: vec![0.0; n * observation_dim],
            rewards: vec![0.0; n],
            statuses: vec![Status::Running; n],
            final_observations: vec![0.0; n * observation_dim],
            episode_returns: vec![0.0; n],
            episode_lengths: vec![0; n],
        }
    }

    /// The buffers to write to.
    pub fn as_mut(&mut self) -> StepSlices<'_> {
        StepSlices {
            observations: &mut self.observations,
            rewards: &mut self.rewards,
            statuses: &mut self.statuses,
            final_observations: &mut self.final_observations,
            episode_returns: &mut self.episode_returns,
            episode_lengths: &mut self.episode_lengths,
        }
    }
}

impl<'a> StepSlices<'a> {
    /// An error unless every slice is made for `n` environments.
    ///
    /// # Errors
    /// [`BatchError::Length`].
    #[inline]
    pub fn check(&self, n: usize, observation_dim: usize) -> Result<(), BatchError> {
        let numbers = [self.observations.len(), self.final_observations.len()];
        let rows = [
            self.rewards.len(),
            self.statuses.len(),
            self.episode_returns.len(),
            self.episode_lengths.len(),
        ];
        if numbers == [n * observation_dim; 2] && rows == [n; 4] {
            return Ok(());
        }
        self.misfit(n, observation_dim)
    }

    /// The error of the first buffer whose length does not fit.
    #[cold]
    fn misfit(&self, n: usize, observation_dim: usize) -> Result<(), BatchError> {
        for (buffer, length, width) in [
            ("observations", self.observations.len(), observation_dim),
            ("rewards", self.rewards.len(), 1),
            ("statuses", self.statuses.len(), 1),
            (
                "final_observations",
                self.final_observations.len(),
                observation_dim,
            ),
            ("episode_returns", self.episode_returns.len(), 1),
            ("episode_lengths", self.episode_lengths.len(), 1),
        ] {
            BatchError::check_length(buffer, length, n, width)?;
        }
        Ok(())
    }

    /// The same slices, for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> StepSlices<'_> {
        StepSlices {
            observations: self.observations,
            rewards: self.rewards,
            statuses: self.statuses,
            final_observations: self.final_observations,
            episode_returns: self.episode_returns,
            episode_lengths: self.episode_lengths,
        }
    }

    /// The slices of the first `n` environments, and those of the rest.
    ///
    /// # Panics
    /// If there are fewer than `n`.
    pub fn split_at(self, n: usize, observation_dim: usize) -> (Self, StepSlices<'a>) {
        let (observations, observations_rest) = self.observations.split_at_mut(n * observation_dim);
        let (rewards, rewards_rest) = self.rewards.split_at_mut(n);
        let (statuses, statuses_rest) = self.statuses.split_at_mut(n);
        let (final_observations, final_observations_rest) =
            self.final_observations.split_at_mut(n * observation_dim);
        let (episode_returns, episode_returns_rest) = self.episode_returns.split_at_mut(n);
        let (episode_lengths, episode_lengths_rest) = self.episode_lengths.split_at_mut(n);
        (
            Self {
                observations,
                rewards,
                statuses,
                final_observations,
                episode_returns,
                episode_lengths,
            },
            StepSlices {
                observations: observations_rest,
                rewards: rewards_rest,
                statuses: statuses_rest,
                final_observations: final_observations_rest,
                episode_returns: episode_returns_rest,
                episode_lengths: episode_lengths_rest,
            },
        )
    }
}

impl<B: BatchEnvironment + ?Sized> BatchEnvironment for Box<B> {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn spaces(&self) -> Spaces {
        (**self).spaces()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        (**self).reset_into(observations)
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        (**self).step_into(actions, out)
    }

    fn step_lanes(
        &mut self,
        lanes: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Result<(), BatchError> {
        (**self).step_lanes(lanes, actions, out)
    }

    fn step_except(
        &mut self,
        held: &[usize],
        actions: &[f32],
        out: StepSlices<'_>,
    ) -> Option<Result<(), BatchError>> {
        (**self).step_except(held, actions, out)
    }

    fn restart(&mut self, lane: usize, observation: &mut [f32]) -> Result<(), BatchError> {
        (**self).restart(lane, observation)
    }

    fn set_rng(&mut self, lane: usize, rng: Stream) {
        (**self).set_rng(lane, rng);
    }

    fn has_failed(&self, lane: usize) -> bool {
        (**self).has_failed(lane)
    }

    fn save(&self, lane: usize, out: &mut dyn StateWriter) -> bool {
        (**self).save(lane, out)
    }

    fn load(&mut self, lane: usize, from: &dyn StateReader) -> Result<bool, StateError> {
        (**self).load(lane, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_for_another_number_of_environments_is_named() {
        for (buffer, expected) in [
            ("observations", 6),
            ("rewards", 3),
            ("statuses", 3),
            ("final_observations", 6),
            ("episode_returns", 3),
            ("episode_lengths", 3),
        ] {
            let mut buffers = StepBuffers::new(3, 2);
            assert_eq!(buffers.as_mut().check(3, 2), Ok(()));
            match buffer {
                "observations" => buffers.observations.push(0.0),
                "rewards" => buffers.rewards.push(0.0),
                "statuses" => buffers.statuses.push(Status::Running),
                "final_observations" => buffers.final_observations.push(0.0),
                "episode_returns" => buffers.episode_returns.push(0.0),
                _ => buffers.episode_lengths.push(0),
            }
            let error = BatchError::Length {
                buffer,
                actual: expected + 1,
                expected,
                environments: 3,
            };
            assert_eq!(buffers.as_mut().check(3, 2), Err(error));
        }
    }

    #[test]
    fn a_lane_beyond_the_last_is_refused() {
        let beyond = BatchError::Lane {
            lane: 3,
            environments: 3,
        };
        assert_eq!(BatchError::check_lane(2, 3), Ok(()));
        assert_eq!(BatchError::check_lane(3, 3), Err(beyond));
    }
}
