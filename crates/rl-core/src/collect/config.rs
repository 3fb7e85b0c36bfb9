//! Configuration of collection.

use std::sync::Arc;

use crate::collect::CollectError;
use crate::{EnvironmentSource, LONGEST_EPISODE, Reduce, SingleProcess, Threads, TransformConfig};

/// Greatest number of environments side by side in a process.
const MOST_ENVIRONMENTS: usize = 1 << 16;

/// Environments to collect from, and everything that decides what is collected.
///
/// ```
/// use rl_core::finite_mdp::{FiniteMdpEnvironment, chain};
/// use rl_core::{CollectConfig, Rollouts, RandomPolicy, Space};
///
/// let mdp = chain(4, 1.0)?;
/// let config = CollectConfig::new(move || FiniteMdpEnvironment::new(mdp.clone())).environments(3);
/// let mut rollouts = Rollouts::new(config, 10)?;
/// let batch = rollouts.collect(&RandomPolicy::new(Space::discrete(2)), 10)?;
/// assert_eq!(batch.rollout.len(), 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CollectConfig {
    /// Source of the environments.
    pub source: Arc<dyn EnvironmentSource>,
    /// Number of environments side by side in this process, 1 to 65536.
    pub environments: usize,
    /// Number of consecutive environments that draw the same numbers, at least 1. Where whole
    /// episodes are gathered, the `k`-th of a collection has a stream that all environments of a
    /// group share: the same start, and the same noise of its steps.
    pub group_size: usize,
    /// Seed of the run.
    pub seed: u64,
    /// Threads that environments are spread over.
    pub threads: Threads,
    /// Transform of observations and rewards.
    pub transform: TransformConfig,
    /// Discount γ, from 0 to 1, of the returns that rewards are normalised by.
    pub gamma: f64,
    /// Steps that an episode has at most, at least 1, where whole episodes are gathered: one that
    /// goes on is an error.
    pub longest_episode: usize,
    /// Processes that collect together.
    pub reduce: Arc<dyn Reduce>,
}

impl CollectConfig {
    /// One environment on one thread, seed 0, observations and rewards as they are, and episodes
    /// of up to a million steps.
    pub fn new(source: impl EnvironmentSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            environments: 1,
            group_size: 1,
            seed: 0,
            threads: Threads::default(),
            transform: TransformConfig::default(),
            gamma: 1.0,
            longest_episode: LONGEST_EPISODE,
            reduce: Arc::new(SingleProcess),
        }
    }

    /// Sets the number of environments.
    #[must_use]
    pub fn environments(mut self, environments: usize) -> Self {
        self.environments = environments;
        self
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the threads.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Index of the first environment, counted through all processes.
    pub(super) fn first_environment(&self) -> u32 {
        (self.reduce.rank() * self.environments) as u32
    }

    /// An error for a value out of its range.
    pub(super) fn check(&self) -> Result<(), CollectError> {
        if self.environments == 0 {
            return Err(CollectError::NoEnvironment);
        }
        if self.environments > MOST_ENVIRONMENTS {
            return Err(CollectError::Config {
                key: "environments",
                value: self.environments.to_string(),
                allowed: "at most 65536",
            });
        }
        if self.group_size == 0 {
            return Err(CollectError::EmptyGroup);
        }
        if self.longest_episode == 0 {
            return Err(CollectError::Config {
                key: "longest_episode",
                value: "0".into(),
                allowed: "at least 1",
            });
        }
        self.transform.check(self.gamma)
    }
}
