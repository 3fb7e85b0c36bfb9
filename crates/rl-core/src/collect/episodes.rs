//! Whole episodes from environments side by side.

use std::time::{Duration, Instant};

use super::error::FirstError;
use super::interact::{put_episodes, put_experience};
use super::lanes::{EpisodePlan, LaneEpisodes};
use super::members::Members;
use crate::collect::{CollectError, InteractError, Normalization};
use crate::{
    Agent, Clock, CollectConfig, Episode, Interact, Learns, Metrics, Policy, StateError,
    StateReader, StateWriter, TrajectoryStore,
};

/// A batch of whole episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// The experience, ordered by environment and then by time.
    pub trajectories: TrajectoryStore,
    /// The statistics of each episode, in the same order.
    pub episodes: Vec<Episode>,
}

/// Batches of whole episodes, for agents that learn from a [`TrajectoryStore`].
///
/// A batch is full once it holds the wanted number of steps; from then on no environment starts an
/// episode, and each finishes the one it is in. None is dropped, so that short episodes are not
/// favoured.
///
/// Side by side, `n` environments have taken `n·t` steps after `t` ticks as long as the batch is
/// not full. An environment may therefore start an episode as long as its own steps times `n` are
/// fewer than those wanted, a rule that needs no look at the others: what is collected does not
/// depend on the number of threads.
///
/// Actions are clipped to the bounds of a box before an environment sees them, and stored as they
/// were drawn. Moments are frozen during a collection, as in [`Rollouts`](crate::Rollouts).
pub struct Episodes<P> {
    pub(super) members: Members<P>,
    plan: EpisodePlan,
    lanes: Vec<LaneEpisodes>,
    collection: Collection,
    acting: Duration,
}

impl<P> Episodes<P> {
    /// Batches of at least `min_steps` steps of all environments together per update, and of at
    /// least one episode of each.
    ///
    /// # Errors
    /// [`CollectError`] for a value out of its range, or environments that cannot be made.
    pub fn new(config: CollectConfig, min_steps: usize) -> Result<Self, CollectError> {
        if min_steps == 0 {
            return Err(CollectError::NoStep);
        }
        let plan = EpisodePlan {
            min_steps,
            longest: config.longest_episode,
            group_size: config.group_size,
            collection: 0,
        };
        let mut members = Members::new(config, 1)?;
        members.check_size(min_steps.div_ceil(members.len()))?;
        let spaces = &members.spaces;
        let dims = (spaces.observation.flat_dim(), spaces.action.flat_dim());
        let lanes = (0..members.len()).map(|_| LaneEpisodes::new(dims.0, dims.1));
        Ok(Self {
            lanes: lanes.collect(),
            collection: Collection {
                trajectories: TrajectoryStore::new(dims.0, dims.1),
                episodes: Vec::new(),
            },
            members,
            plan,
            acting: Duration::ZERO,
        })
    }
}

impl<P: Policy + Clone + Send> Episodes<P> {
    /// Gathers a batch of at least `min_steps` steps by `policy`.
    ///
    /// # Errors
    /// [`CollectError`], the first in time whatever the number of threads; the experience gathered so
    /// far is dropped.
    pub fn collect(&mut self, policy: &P, min_steps: usize) -> Result<&Collection, CollectError> {
        let members = &mut self.members;
        members.check_size(min_steps.div_ceil(members.len()))?;
        members.act_by(policy);
        self.gather(min_steps)?;
        let updated = self.members.update_transform();
        updated.map_err(|error| CollectError::Reduce(error.to_string()))?;
        Ok(&self.collection)
    }

    fn gather(&mut self, min_steps: usize) -> Result<(), CollectError> {
        let plan = EpisodePlan {
            min_steps: min_steps.div_ceil(self.members.len()),
            ..self.plan
        };
        self.plan.collection += 1;
        let Members {
            shards,
            transform,
            threads,
            ..
        } = &mut self.members;
        let transform = &transform.frozen;
        let mut rest = self.lanes.as_mut_slice();
        let shards = shards.iter_mut().map(|shard| {
            let lanes = rest.split_off_mut(..shard.batch.len());
            (shard, lanes.unwrap_or_default())
        });
        let errors = threads.map(shards, |(shard, lanes)| {
            shard.episodes(transform, &plan, lanes)
        });
        let Collection {
            trajectories,
            episodes,
        } = &mut self.collection;
        trajectories.clear();
        episodes.clear();
        FirstError::of(errors)?;
        for lane in &self.lanes {
            trajectories.append(&lane.trajectories);
            episodes.extend_from_slice(&lane.episodes);
        }
        Ok(())
    }
}

impl<A: Learns<TrajectoryStore>> Interact<A> for Episodes<<A as Agent>::Policy> {
    fn update(
        &mut self,
        agent: &mut A,
        clock: &mut Clock,
        metrics: &mut Metrics,
    ) -> Result<(), InteractError> {
        let begin = Instant::now();
        let before = *clock;
        self.members.act_by_agent(agent, &before);
        self.gather(self.plan.min_steps)?;
        self.acting = begin.elapsed();
        let Collection {
            trajectories,
            episodes,
        } = &self.collection;
        clock.env_steps += trajectories.steps() as u64;
        clock.episodes += episodes.len() as u64;
        put_episodes(metrics, episodes);
        put_experience(
            metrics,
            trajectories.iter().map(|trajectory| trajectory.end),
            &self.members.spaces.observation,
            trajectories.observations(),
        );
        agent
            .update(trajectories, &before, metrics)
            .map_err(InteractError::Learn)?;
        self.members
            .update_transform()
            .map_err(InteractError::Learn)
    }

    fn normalization(&self) -> &Normalization {
        self.members.normalization()
    }

    fn episodes(&self) -> &[Episode] {
        &self.collection.episodes
    }

    fn actions(&self) -> &[f32] {
        self.collection.trajectories.actions()
    }

    /// A batch of many episodes speaks for itself.
    fn recent_episodes(&self) -> usize {
        if self.plan.min_steps > 1 { 0 } else { 100 }
    }

    fn acting(&self) -> Duration {
        self.acting
    }

    fn save(&self, out: &mut dyn StateWriter) {
        self.members.save(out);
        if self.plan.group_size > 1 {
            out.u64s("collections", &[self.plan.collection]);
        }
    }

    fn load(&mut self, from: &dyn StateReader) -> Result<Vec<usize>, StateError> {
        // Between two updates no episode runs.
        self.members.load(from, false)?;
        if self.plan.group_size > 1 {
            from.u64s(
                "collections",
                std::slice::from_mut(&mut self.plan.collection),
            )?;
        }
        Ok(Vec::new())
    }
}
