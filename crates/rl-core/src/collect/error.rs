//! Errors of collection.

use std::cmp::Ordering;

use crate::EnvironmentError;
use crate::batch::BatchError;
use crate::collect::SizeError;

/// Reason why experience could not be collected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CollectError {
    /// No environment to collect from.
    #[error("experience needs at least one environment")]
    NoEnvironment,
    /// No step to collect.
    #[error("experience needs at least one step per environment")]
    NoStep,
    /// Groups without members.
    #[error("environments form groups of at least 1; 0 were asked for")]
    EmptyGroup,
    /// A parameter out of its range.
    #[error("{key} = {value} is out of range: allowed is {allowed}")]
    Config {
        /// Name of the parameter.
        key: &'static str,
        /// Its value.
        value: String,
        /// Its range.
        allowed: &'static str,
    },
    /// An environment that could not be made.
    #[error("cannot make an environment: {0}")]
    Make(EnvironmentError),
    /// An environment that refused an action, or failed. The data of the others is kept.
    #[error(
        "environment {environment} of the run with seed {seed}, step {step} of the episode: {source}"
    )]
    Environment {
        /// Index of the environment, counted through all processes.
        environment: usize,
        /// Seed of the run.
        seed: u64,
        /// Step of the episode, from 0.
        step: usize,
        /// Its error.
        source: EnvironmentError,
    },
    /// A number of an environment that is NaN or infinite, or a reward that is so once scaled and
    /// rounded to `f32`.
    #[error(
        "environment {environment} of the run with seed {seed}, step {step} of the episode: \
         {quantity} {value:?} is not a finite 32-bit number"
    )]
    NonFinite {
        /// Index of the environment, counted through all processes.
        environment: usize,
        /// Seed of the run.
        seed: u64,
        /// Step of the episode, from 0.
        step: usize,
        /// `reward`, `reward times the reward scale …`, or `observation[i] =`.
        quantity: String,
        /// The number.
        value: f64,
    },
    /// An episode that goes on beyond the most steps that it may have.
    #[error(
        "environment {environment} of the run with seed {seed}: its episode goes on after {steps} \
         steps; a time limit ends it, and longest_episode says how many steps one may have"
    )]
    Endless {
        /// Index of the environment, counted through all processes.
        environment: usize,
        /// Seed of the run.
        seed: u64,
        /// Steps of the episode so far.
        steps: usize,
    },
    /// More experience than memory holds.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// Moments that could not be shared with the other processes.
    #[error("the moments of observations could not be shared: {0}")]
    Reduce(String),
    /// A batch whose spaces or number of environments are not what it said.
    #[error(transparent)]
    Batch(BatchError),
}

impl CollectError {
    /// The environment that failed.
    pub(super) fn environment(&self) -> Option<usize> {
        match self {
            Self::Environment { environment, .. }
            | Self::NonFinite { environment, .. }
            | Self::Endless { environment, .. } => Some(*environment),
            _ => None,
        }
    }

    /// The error of a batch, whose environments count from `first`; `step` gives the step of the
    /// episode of a lane.
    pub(super) fn of_batch(
        error: BatchError,
        first: usize,
        seed: u64,
        step: impl Fn(usize) -> usize,
    ) -> Self {
        match error {
            BatchError::Environment {
                environment,
                source,
            } => Self::Environment {
                environment: first + environment,
                seed,
                step: step(environment),
                source,
            },
            error => Self::Batch(error),
        }
    }
}

/// Part of a step in which an error shows itself, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Actions are judged before any environment moves.
    Action,
    /// All environments take their step.
    Step,
    /// Observations are looked at before rewards.
    Observation,
    /// Rewards, and the observations at the end of an episode.
    Reward,
    /// Episodes are started after all of it.
    Reset,
}

/// The first error of a collection: of those of the earliest step and of its earliest phase, that of
/// the lowest environment. It does not depend on the number of threads.
#[derive(Debug, Default)]
pub(super) struct FirstError(Option<((usize, Phase, usize), CollectError)>);

impl FirstError {
    /// Returns `true` if there is none.
    #[inline]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Notes an error of a step, counted from the start of the collection.
    #[cold]
    pub fn note(&mut self, step: usize, phase: Phase, error: CollectError) {
        let environment = error.environment().unwrap_or_default();
        self.keep_first((step, phase, environment), error);
    }

    fn keep_first(&mut self, place: (usize, Phase, usize), error: CollectError) {
        let first = self.0.as_ref().map(|(first, _)| place.cmp(first));
        if first.is_none_or(Ordering::is_lt) {
            self.0 = Some((place, error));
        }
    }

    /// The first error of several threads.
    ///
    /// # Errors
    /// That one.
    pub fn of(threads: impl IntoIterator<Item = Self>) -> Result<(), CollectError> {
        let mut first = Self::default();
        for (place, error) in threads.into_iter().filter_map(|errors| errors.0) {
            first.keep_first(place, error);
        }
        first.result()
    }

    /// The error, if there is one.
    ///
    /// # Errors
    /// The first one.
    pub fn result(self) -> Result<(), CollectError> {
        self.0.map_or(Ok(()), |(_, error)| Err(error))
    }
}
