//! Environments that step together.

use crate::{BoxSpace, EnvironmentError, Space, Status};

/// `n` environments that step together, into flat buffers of the caller's.
///
/// An environment whose episode ends starts the next one within the same step (same-step reset):
/// the observation to act on next is the new episode's first, and the final observation of the old
/// one stands beside it.
pub trait BatchEnvironment: Send {
    /// Number of environments, `n`.
    fn len(&self) -> usize;

    /// Whether there is no environment at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The space of observations of each environment.
    fn observation_space(&self) -> BoxSpace;

    /// The space of actions of each environment.
    fn action_space(&self) -> Space;

    /// Starts an episode in every environment and writes the first observations,
    /// `[n, observation_dim]`.
    ///
    /// # Errors
    /// [`BatchError::Length`].
    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError>;

    /// Takes a step in every environment; `actions` is `[n, action_dim]`.
    ///
    /// # Errors
    /// [`BatchError`]. Actions are judged before any environment moves: states, streams and
    /// buffers are untouched.
    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError>;
}

/// Why a batch could not step.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// A buffer of the wrong length.
    #[error("{buffer} holds {actual} numbers; {environments} environments need {expected}")]
    Length {
        /// Which buffer.
        buffer: &'static str,
        /// Its length.
        actual: usize,
        /// The length it must have.
        expected: usize,
        /// Number of environments.
        environments: usize,
    },
    /// An environment refused its action.
    #[error("environment {environment}: {source}")]
    Environment {
        /// Index of the environment.
        environment: usize,
        /// Why.
        source: EnvironmentError,
    },
}

impl BatchError {
    /// An error unless a buffer holds `width` numbers for each of `environments`.
    ///
    /// # Errors
    /// [`BatchError::Length`].
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
}

/// What a step of `n` environments writes.
#[derive(Clone, Debug, PartialEq)]
pub struct StepBuffers {
    /// The observations to act on next, `[n, observation_dim]`: the first ones of new episodes
    /// where episodes ended.
    pub observations: Vec<f32>,
    /// The rewards of the step, `[n]`.
    pub rewards: Vec<f64>,
    /// How the episodes stand after the step, before any reset, `[n]`.
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
    pub fn check(&self, n: usize, observation_dim: usize) -> Result<(), BatchError> {
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

impl BatchEnvironment for Box<dyn BatchEnvironment> {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn observation_space(&self) -> BoxSpace {
        (**self).observation_space()
    }

    fn action_space(&self) -> Space {
        (**self).action_space()
    }

    fn reset_into(&mut self, observations: &mut [f32]) -> Result<(), BatchError> {
        (**self).reset_into(observations)
    }

    fn step_into(&mut self, actions: &[f32], out: StepSlices<'_>) -> Result<(), BatchError> {
        (**self).step_into(actions, out)
    }
}
