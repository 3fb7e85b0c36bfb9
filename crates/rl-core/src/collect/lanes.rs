//! Whole episodes from the environments of one thread.

use super::error::{FirstError, Phase};
use super::shard::{Shard, all_finite, bad_reward, check_observation};
use super::transform::Frozen;
use crate::collect::CollectError;
use crate::{Episode, Policy, StepSlices, Stream, TrajectoryBuilder, TrajectoryStore};

/// Episodes that a collection wants of each environment.
#[derive(Clone, Copy, Debug)]
pub(super) struct EpisodePlan {
    /// Least number of their steps together.
    pub min_steps: usize,
    /// Most steps of one.
    pub longest: usize,
    /// Number of environments that share a stream in each of their episodes.
    pub group_size: usize,
    /// Number of collections before this one.
    pub collection: u64,
}

/// Experience of one environment in one collection.
pub(super) struct LaneEpisodes {
    pub trajectories: TrajectoryStore,
    pub episodes: Vec<Episode>,
}

impl LaneEpisodes {
    pub fn new(observation_dim: usize, action_dim: usize) -> Self {
        Self {
            trajectories: TrajectoryStore::new(observation_dim, action_dim),
            episodes: Vec::new(),
        }
    }
}

/// An environment that still gathers: the lane of the batch, and the trajectory that it writes.
struct Gathering<'a> {
    lane: usize,
    trajectory: Option<TrajectoryBuilder<'a>>,
    episodes: &'a mut Vec<Episode>,
    length: usize,
}

impl<P: Policy + Clone> Shard<P> {
    /// Runs every environment until it has its steps in whole episodes, each from a reset.
    ///
    /// The environments that still gather are kept in the first rows of all buffers, so that policy
    /// and batch see no others.
    pub fn episodes(
        &mut self,
        transform: &Frozen,
        plan: &EpisodePlan,
        out: &mut [LaneEpisodes],
    ) -> FirstError {
        self.running.fill(false);
        for moments in &mut self.moments {
            moments.clear();
        }
        let mut errors = FirstError::default();
        let Some(mut policy) = self.policy.take() else {
            return errors;
        };
        let mut lanes: Vec<usize> = (0..self.moments.len()).collect();
        self.gather(&mut policy, transform, plan, out, &mut lanes, &mut errors);
        self.policy = Some(policy);
        // Each action stream back to its environment, for the next collection.
        for row in 0..lanes.len() {
            while lanes[row] != row {
                let home = lanes[row];
                lanes.swap(row, home);
                self.action_rngs.swap(row, home);
            }
        }
        errors
    }

    /// Leaves in `lanes` the lane whose action stream is in each row. The first step in which an
    /// environment fails is the last.
    fn gather(
        &mut self,
        policy: &mut P,
        transform: &Frozen,
        plan: &EpisodePlan,
        out: &mut [LaneEpisodes],
        lanes: &mut [usize],
        errors: &mut FirstError,
    ) {
        let (dim, action_dim) = (
            self.spaces.observation.flat_dim(),
            self.spaces.action.flat_dim(),
        );
        let (first, seed) = (self.first, self.seed);
        let mut rows: Vec<Gathering<'_>> = Vec::with_capacity(lanes.len());
        for (lane, experience) in out.iter_mut().enumerate() {
            experience.trajectories.clear();
            experience.trajectories.reserve(plan.min_steps);
            experience.episodes.clear();
            if let Err(error) = self.begin(transform, plan, lane, lane, 0) {
                return errors.note(0, Phase::Reset, error);
            }
            let seen = &self.seen[lane * dim..][..dim];
            rows.push(Gathering {
                lane,
                trajectory: Some(experience.trajectories.begin(seen)),
                episodes: &mut experience.episodes,
                length: 0,
            });
        }

        // The first `gathering` rows are in an episode; the others have their steps.
        let (mut gathering, mut step) = (rows.len(), 0);
        while gathering > 0 {
            step += 1;
            let actions = &mut self.actions[..gathering * action_dim];
            policy.act(
                &self.seen[..gathering * dim],
                &mut self.action_rngs[..gathering],
                actions,
            );
            self.clipped.clear();
            self.clipped.extend_from_slice(actions);
            self.spaces.action.clip(&mut self.clipped);
            let buffers = &mut self.buffers;
            let slices = StepSlices {
                observations: &mut buffers.observations[..gathering * dim],
                rewards: &mut buffers.rewards[..gathering],
                statuses: &mut buffers.statuses[..gathering],
                final_observations: &mut buffers.final_observations[..gathering * dim],
                episode_returns: &mut buffers.episode_returns[..gathering],
                episode_lengths: &mut buffers.episode_lengths[..gathering],
            };
            let stepped = self
                .batch
                .step_lanes(&lanes[..gathering], &self.clipped, slices);
            if let Err(error) = stepped {
                let moved = lanes.iter().any(|&lane| self.batch.has_failed(lane));
                let phase = if moved { Phase::Step } else { Phase::Action };
                let length = |lane| {
                    let mut rows = rows.iter();
                    let row = rows.find(|row| row.lane == lane);
                    row.map_or(0, |row| row.length)
                };
                let error = CollectError::of_batch(error, first, seed, length);
                return errors.note(step, phase, error);
            }
            if !all_finite(&self.buffers.observations[..gathering * dim]) {
                for (row, gathering) in rows[..gathering].iter().enumerate() {
                    let observation = &self.buffers.observations[row * dim..][..dim];
                    let (environment, length) = (first + gathering.lane, gathering.length);
                    if let Err(error) = check_observation(observation, seed, environment, length) {
                        errors.note(step, Phase::Observation, error);
                    }
                }
                return;
            }

            let mut full = false;
            for (row, gathering) in rows[..gathering].iter_mut().enumerate() {
                match self.record(transform, plan, row, gathering) {
                    Ok(true) if gathering.length >= plan.longest => {
                        let error = CollectError::Endless {
                            environment: first + gathering.lane,
                            seed,
                            steps: gathering.length,
                        };
                        errors.note(step, Phase::Step, error);
                    }
                    Ok(goes_on) => full |= !goes_on,
                    Err((phase, error)) => errors.note(step, phase, error),
                }
            }
            if !errors.is_none() {
                return;
            }
            if full {
                for row in (0..gathering).rev() {
                    if rows[row].trajectory.is_none() {
                        gathering -= 1;
                        rows.swap(row, gathering);
                        lanes.swap(row, gathering);
                        self.action_rngs.swap(row, gathering);
                        let seen = gathering * dim..(gathering + 1) * dim;
                        self.seen.copy_within(seen, row * dim);
                    }
                }
            }
        }
    }

    /// Starts an episode of a lane and writes its first observation, as the policy sees it.
    fn begin(
        &mut self,
        transform: &Frozen,
        plan: &EpisodePlan,
        lane: usize,
        row: usize,
        episode: usize,
    ) -> Result<(), CollectError> {
        if plan.group_size > 1 {
            let group = (self.first + lane) / plan.group_size;
            let (group, episode) = (group as u32, episode as u32);
            let rng = Stream::of_group(self.seed, group, plan.collection, episode);
            self.batch.set_rng(lane, rng);
        }
        let dim = self.spaces.observation.flat_dim();
        let seen = &mut self.seen[row * dim..][..dim];
        self.batch
            .restart(lane, seen)
            .map_err(|error| CollectError::of_batch(error, self.first, self.seed, |_| 0))?;
        check_observation(seen, self.seed, self.first + lane, 0)?;
        self.moments[lane].discounted_return = 0.0;
        transform.observe(&mut self.moments[lane], seen);
        Ok(())
    }

    /// Writes down the step of a row, and starts the next episode after the last; false if the
    /// environment has its steps instead.
    fn record(
        &mut self,
        transform: &Frozen,
        plan: &EpisodePlan,
        row: usize,
        gathering: &mut Gathering<'_>,
    ) -> Result<bool, (Phase, CollectError)> {
        let Some(mut trajectory) = gathering.trajectory.take() else {
            return Ok(false);
        };
        let (dim, action_dim) = (
            self.spaces.observation.flat_dim(),
            self.spaces.action.flat_dim(),
        );
        let lane = gathering.lane;
        let reward = self.buffers.rewards[row];
        let learned = transform
            .reward(&mut self.moments[lane], reward)
            .ok_or_else(|| {
                let environment = self.first + lane;
                let length = gathering.length;
                let error = bad_reward(environment, self.seed, length, reward, transform);
                (Phase::Reward, error)
            })?;
        gathering.length += 1;
        let action = &self.actions[row * action_dim..][..action_dim];
        let seen = &mut self.seen[row * dim..][..dim];
        seen.copy_from_slice(&self.buffers.observations[row * dim..][..dim]);
        if let Some(end) = self.buffers.statuses[row].end() {
            // No action answers the final observation: it is not counted among the observations.
            transform.normalization.apply(seen);
            let store = trajectory.finish(action, learned, seen, end);
            gathering.episodes.push(Episode {
                total_reward: self.buffers.episode_returns[row],
                length: self.buffers.episode_lengths[row],
            });
            if store.steps() >= plan.min_steps {
                return Ok(false);
            }
            gathering.length = 0;
            self.begin(transform, plan, lane, row, gathering.episodes.len())
                .map_err(|error| (Phase::Reset, error))?;
            let seen = &self.seen[row * dim..][..dim];
            gathering.trajectory = Some(store.begin(seen));
        } else {
            transform.observe(&mut self.moments[lane], seen);
            trajectory.push(action, learned, seen);
            gathering.trajectory = Some(trajectory);
        }
        Ok(true)
    }
}
