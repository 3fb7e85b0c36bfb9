//! Rollouts: the same number of steps from each environment.

use std::time::{Duration, Instant};

use super::error::FirstError;
use super::interact::{put_episodes, put_experience};
use super::members::Members;
use crate::collect::{CollectError, InteractError, Normalization};
use crate::{
    Agent, Clock, CollectConfig, Episode, Interact, Learns, Metrics, Policy, Rollout, StateError,
    StateReader, StateWriter,
};

/// A rollout, and the episodes that ended in it.
#[derive(Clone, Debug, PartialEq)]
pub struct RolloutBatch {
    /// The experience.
    pub rollout: Rollout,
    /// The episodes that ended, ordered by environment and then by time, in the environment's own
    /// rewards. Some began in an earlier rollout; their numbers count from there.
    pub episodes: Vec<Episode>,
}

/// Rollouts from environments side by side, for agents that learn from a [`Rollout`].
///
/// Environments carry on from one rollout to the next: only the first begins with a reset.
///
/// Actions are clipped to the bounds of a box before an environment sees them, and stored as they
/// were drawn, since that is what the policy has a density for (Huang et al. 2022, "The 37
/// implementation details of proximal policy optimization"). One that is not finite is not
/// clipped, but refused by the environment.
///
/// The moments that observations and rewards are normalised by are frozen during a rollout.
/// Afterwards they take in the raw observations of all rows and the discounted returns after them,
/// environment by environment. The first rollout has mean 0 and variance 1.
pub struct Rollouts<P> {
    pub(super) members: Members<P>,
    steps: usize,
    batch: RolloutBatch,
    acting: Duration,
}

impl<P> Rollouts<P> {
    /// Rollouts of `steps` steps of each environment per update.
    ///
    /// # Errors
    /// [`CollectError`] for a value out of its range, or environments that cannot be made.
    pub fn new(config: CollectConfig, steps: usize) -> Result<Self, CollectError> {
        Self::with_actors(config, steps, 1)
    }

    /// Rollouts for an agent with so many [actors](crate::Acts::actors): 1, or one for each
    /// environment.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_actors(
        config: CollectConfig,
        steps: usize,
        actors: usize,
    ) -> Result<Self, CollectError> {
        if steps == 0 {
            return Err(CollectError::NoStep);
        }
        let mut members = Members::new(config, actors)?;
        members.check_size(steps)?;
        let spaces = &members.spaces;
        let dims = (spaces.observation.flat_dim(), spaces.action.flat_dim());
        Ok(Self {
            batch: RolloutBatch {
                rollout: Rollout::new(members.len(), dims.0, dims.1),
                episodes: Vec::new(),
            },
            members,
            steps,
            acting: Duration::ZERO,
        })
    }

    /// Number of environments.
    pub fn environments(&self) -> usize {
        self.members.len()
    }

    /// Normalisation of the observations of the next rollout.
    pub fn normalization(&self) -> &Normalization {
        self.members.normalization()
    }

    /// The last rollout; an empty one before the first, and after an error.
    pub fn batch(&self) -> &RolloutBatch {
        &self.batch
    }
}

impl<P: Policy + Clone + Send> Rollouts<P> {
    /// Gathers `steps` steps of each environment by `policy`, at least 1.
    ///
    /// # Errors
    /// [`CollectError`], the first in time whatever the number of threads. The experience of this
    /// rollout is dropped. Environments that failed start anew; the others go on from their last
    /// step, which the error of another thread may have come before.
    pub fn collect(&mut self, policy: &P, steps: usize) -> Result<&RolloutBatch, CollectError> {
        if steps == 0 {
            return Err(CollectError::NoStep);
        }
        self.members.check_size(steps)?;
        self.members.act_by(policy);
        self.gather(steps)?;
        let updated = self.members.update_transform();
        updated.map_err(|error| CollectError::Reduce(error.to_string()))?;
        Ok(&self.batch)
    }

    fn gather(&mut self, n_steps: usize) -> Result<(), CollectError> {
        let RolloutBatch { rollout, episodes } = &mut self.batch;
        let (observation_dim, action_dim) = (rollout.observation_dim(), rollout.action_dim());
        let mut rest = rollout.begin(n_steps, episodes);
        let Members {
            shards,
            transform,
            threads,
            ..
        } = &mut self.members;
        let transform = &transform.frozen;
        let shards = shards.iter_mut().map(|shard| {
            let rows = rest.split_off(shard.batch.len() * n_steps, observation_dim, action_dim);
            (shard, rows)
        });
        let errors = threads.map(shards, |(shard, rows)| {
            shard.rollout(transform, n_steps, rows)
        });
        let outcome = FirstError::of(errors);
        if outcome.is_err() {
            rollout.begin(0, episodes);
        }
        rollout.finish(episodes);
        outcome
    }
}

impl<A: Learns<Rollout>> Interact<A> for Rollouts<<A as Agent>::Policy> {
    fn update(
        &mut self,
        agent: &mut A,
        clock: &mut Clock,
        metrics: &mut Metrics,
    ) -> Result<(), InteractError> {
        let begin = Instant::now();
        let before = *clock;
        self.members.act_by_agent(agent, &before);
        self.gather(self.steps)?;
        self.acting = begin.elapsed();
        clock.env_steps += self.batch.rollout.len() as u64;
        clock.episodes += self.batch.episodes.len() as u64;
        put_episodes(metrics, &self.batch.episodes);
        let rollout = &self.batch.rollout;
        put_experience(
            metrics,
            rollout.statuses().iter().filter_map(|status| status.end()),
            &self.members.spaces.observation,
            rollout.observations(),
        );
        agent
            .update(&self.batch.rollout, &before, metrics)
            .map_err(InteractError::Learn)?;
        self.members
            .update_transform()
            .map_err(InteractError::Learn)
    }

    fn normalization(&self) -> &Normalization {
        self.members.normalization()
    }

    fn episodes(&self) -> &[Episode] {
        &self.batch.episodes
    }

    fn actions(&self) -> &[f32] {
        self.batch.rollout.actions()
    }

    fn acting(&self) -> Duration {
        self.acting
    }

    fn save(&self, out: &mut dyn StateWriter) {
        self.members.save(out);
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<Vec<usize>, StateError> {
        self.members.load(from, true)?;
        Ok(self.members.restarted().to_vec())
    }
}
