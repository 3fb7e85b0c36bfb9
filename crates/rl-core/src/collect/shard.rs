//! The environments of one thread, side by side.

use super::CollectError;
use crate::{Episode, FlatEnvironment, Policy, Space, Stream, TrajectoryBuilder, TrajectoryStore};

/// The environments of one thread.
#[derive(Debug)]
pub(super) struct Shard<E> {
    pub members: Vec<Member<E>>,
    /// The stream that the actions of member `i` are drawn from.
    pub action_rngs: Vec<Stream>,
    /// Observation of each running lane, `[lanes, observation_dim]`.
    observations: Vec<f32>,
    /// Action of each running lane, `[lanes, action_dim]`.
    actions: Vec<f32>,
    pub action_space: Space,
    /// The action of one lane within the bounds of the space, `[action_dim]`.
    clipped: Vec<f32>,
}

/// An environment with what belongs to it.
#[derive(Debug)]
pub(super) struct Member<E> {
    pub index: usize,
    pub environment: E,
    pub rng: Stream,
    pub store: TrajectoryStore,
    pub episodes: Vec<Episode>,
}

impl<E: FlatEnvironment> Shard<E> {
    pub fn new(
        members: Vec<Member<E>>,
        action_rngs: Vec<Stream>,
        observation_dim: usize,
        action_space: &Space,
    ) -> Self {
        let n = members.len();
        Self {
            members,
            action_rngs,
            observations: vec![0.0; n * observation_dim],
            actions: vec![0.0; n * action_space.flat_dim()],
            clipped: vec![0.0; action_space.flat_dim()],
            action_space: action_space.clone(),
        }
    }

    /// Runs every member until it has taken at least `min_steps` steps in whole episodes.
    pub fn collect(
        &mut self,
        policy: &mut impl Policy,
        min_steps: usize,
        reward_scale: f64,
    ) -> Result<(), CollectError> {
        let observation_dim = self.observations.len() / self.members.len();
        let action_dim = self.clipped.len();
        let rows = self.observations.chunks_exact_mut(observation_dim);
        let mut lanes: Vec<Lane<'_, E>> = self
            .members
            .iter_mut()
            .zip(rows)
            .map(|(member, observation)| Lane::begin(member, observation, min_steps, reward_scale))
            .collect();

        // The first `running` lanes are in an episode; the others have their steps.
        let mut running = lanes.len();
        let mut outcome = Ok(());
        while running > 0 && outcome.is_ok() {
            policy.act(
                &self.observations[..running * observation_dim],
                &mut self.action_rngs[..running],
                &mut self.actions[..running * action_dim],
            );
            let mut row = 0;
            while row < running {
                let observation =
                    &mut self.observations[row * observation_dim..][..observation_dim];
                let action = &self.actions[row * action_dim..][..action_dim];
                self.clipped.copy_from_slice(action);
                self.action_space.clip(&mut self.clipped);
                match lanes[row].step(action, &self.clipped, observation) {
                    Ok(true) => row += 1,
                    Ok(false) => {
                        // The last running lane moves up, its action of this tick still to come.
                        running -= 1;
                        lanes.swap(row, running);
                        self.action_rngs.swap(row, running);
                        swap_rows(&mut self.observations, observation_dim, row, running);
                        swap_rows(&mut self.actions, action_dim, row, running);
                    }
                    Err(error) => {
                        outcome = Err(error);
                        break;
                    }
                }
            }
        }

        // Each action stream back to its environment, for the next collection.
        let first = lanes.iter().map(|lane| lane.index).min().unwrap_or(0);
        for row in 0..lanes.len() {
            while lanes[row].index != first + row {
                let home = lanes[row].index - first;
                lanes.swap(row, home);
                self.action_rngs.swap(row, home);
            }
        }
        outcome
    }
}

fn swap_rows(flat: &mut [f32], width: usize, a: usize, b: usize) {
    for i in 0..width {
        flat.swap(a * width + i, b * width + i);
    }
}

/// A member of a shard during one collection.
struct Lane<'a, E> {
    index: usize,
    environment: &'a mut E,
    rng: &'a mut Stream,
    episodes: &'a mut Vec<Episode>,
    /// The episode that is running; `None` once the lane has its steps.
    trajectory: Option<TrajectoryBuilder<'a>>,
    total_reward: f64,
    length: usize,
    min_steps: usize,
    reward_scale: f64,
}

impl<'a, E: FlatEnvironment> Lane<'a, E> {
    fn begin(
        member: &'a mut Member<E>,
        observation: &mut [f32],
        min_steps: usize,
        reward_scale: f64,
    ) -> Self {
        let Member {
            index,
            environment,
            rng,
            store,
            episodes,
        } = member;
        store.clear();
        store.reserve(min_steps);
        episodes.clear();
        environment.reset_into(rng, observation);
        Self {
            index: *index,
            environment,
            rng,
            episodes,
            trajectory: Some(store.begin(observation)),
            total_reward: 0.0,
            length: 0,
            min_steps,
            reward_scale,
        }
    }

    /// Takes a step and writes the next observation to act on; `false` if there is none, because
    /// the episode ended and the lane has its steps. The environment sees `clipped`, and `action` is
    /// kept.
    fn step(
        &mut self,
        action: &[f32],
        clipped: &[f32],
        observation: &mut [f32],
    ) -> Result<bool, CollectError> {
        let Some(mut trajectory) = self.trajectory.take() else {
            return Ok(false);
        };
        let (environment, step, scale) = (self.index, self.length, self.reward_scale);
        let (reward, status) = self
            .environment
            .step_into(clipped, self.rng, observation)
            .map_err(|source| CollectError::Environment {
                environment,
                step,
                source,
            })?;
        let scaled = (reward * scale) as f32;
        if !scaled.is_finite() {
            return Err(CollectError::NonFiniteReward {
                environment,
                step,
                reward,
                scale,
            });
        }
        self.total_reward += reward;
        self.length += 1;

        if let Some(end) = status.end() {
            let store = trajectory.finish(action, scaled, observation, end);
            self.episodes.push(Episode {
                total_reward: self.total_reward,
                length: self.length,
            });
            if store.steps() < self.min_steps {
                self.environment.reset_into(self.rng, observation);
                (self.total_reward, self.length) = (0.0, 0);
                self.trajectory = Some(store.begin(observation));
            }
        } else {
            trajectory.push(action, scaled, observation);
            self.trajectory = Some(trajectory);
        }
        Ok(self.trajectory.is_some())
    }
}
