//! The environments of one thread, and the steps of a rollout.

use super::error::{FirstError, Phase};
use super::transform::{Frozen, MemberMoments};
use crate::collect::CollectError;
use crate::rollout::RowsMut;
use crate::{BatchEnvironment, Episode, Policy, Spaces, StepBuffers, Stream};

/// The environments of one thread.
pub(super) struct Shard<P> {
    pub batch: Box<dyn BatchEnvironment>,
    /// Index of the first of its environments, counted through all processes.
    pub first: usize,
    pub seed: u64,
    /// Output of the last step; its observations, as the environments show them, are acted on
    /// next.
    pub buffers: StepBuffers,
    /// Observations as the policy sees them.
    pub seen: Vec<f32>,
    pub actions: Vec<f32>,
    /// Actions within the bounds of a box.
    pub clipped: Vec<f32>,
    pub action_rngs: Vec<Stream>,
    pub moments: Vec<MemberMoments>,
    /// Steps of each episode so far.
    pub lengths: Vec<usize>,
    /// Environments that are in an episode; the others start one before their next step.
    pub running: Vec<bool>,
    pub spaces: Spaces,
    pub policy: Option<P>,
}

impl<P> Shard<P> {
    pub fn new(
        batch: Box<dyn BatchEnvironment>,
        first: usize,
        seed: u64,
        action_rngs: Vec<Stream>,
        spaces: &Spaces,
    ) -> Self {
        let n = batch.len();
        let (dim, action_dim) = (spaces.observation.flat_dim(), spaces.action.flat_dim());
        Self {
            batch,
            first,
            seed,
            buffers: StepBuffers::new(n, dim),
            seen: vec![0.0; n * dim],
            actions: vec![0.0; n * action_dim],
            clipped: Vec::with_capacity(n * action_dim),
            action_rngs,
            moments: vec![MemberMoments::new(dim); n],
            lengths: vec![0; n],
            running: vec![false; n],
            spaces: spaces.clone(),
            policy: None,
        }
    }

    /// Starts an episode in every environment that is in none.
    pub fn start(&mut self, errors: &mut FirstError) {
        let dim = self.spaces.observation.flat_dim();
        for lane in 0..self.running.len() {
            if self.running[lane] {
                continue;
            }
            let observation = &mut self.buffers.observations[lane * dim..][..dim];
            let started = self
                .batch
                .restart(lane, observation)
                .map_err(|error| CollectError::of_batch(error, self.first, self.seed, |_| 0))
                .and_then(|()| check_observation(observation, self.seed, self.first + lane, 0));
            match started {
                Ok(()) => {
                    self.running[lane] = true;
                    self.lengths[lane] = 0;
                    self.moments[lane].discounted_return = 0.0;
                }
                Err(error) => errors.note(0, Phase::Reset, error),
            }
        }
    }

    /// Takes step `step` in every environment by the actions at hand, clipped to the bounds of a
    /// box. Environments that fail are in no episode afterwards.
    ///
    /// Returns `false` if no environment took the step.
    pub fn step(&mut self, step: usize, errors: &mut FirstError) -> bool {
        self.spaces.action.clip(&mut self.actions);
        let Err(error) = self.batch.step_into(&self.actions, self.buffers.as_mut()) else {
            return true;
        };
        let mut moved = false;
        for (lane, running) in self.running.iter_mut().enumerate() {
            if self.batch.has_failed(lane) {
                (moved, *running) = (true, false);
            }
        }
        let length = |lane: usize| self.lengths[lane];
        let error = CollectError::of_batch(error, self.first, self.seed, length);
        if let Some(environment) = error.environment() {
            self.running[environment - self.first] = false;
        }
        let phase = if moved { Phase::Step } else { Phase::Action };
        errors.note(step, phase, error);
        moved
    }

    /// Looks at the observations after a step of the environments that are in an episode.
    pub fn check_observations(&mut self, step: usize, errors: &mut FirstError) {
        let dim = self.spaces.observation.flat_dim();
        if all_finite(&self.buffers.observations) {
            return;
        }
        for (lane, running) in self.running.iter_mut().enumerate() {
            let observation = &self.buffers.observations[lane * dim..][..dim];
            let (environment, length) = (self.first + lane, self.lengths[lane]);
            if let (true, Err(error)) = (
                *running,
                check_observation(observation, self.seed, environment, length),
            ) {
                *running = false;
                errors.note(step, Phase::Observation, error);
            }
        }
    }
}

/// Returns `true` if there is no NaN and no infinity.
pub(super) fn all_finite(observations: &[f32]) -> bool {
    // Without an exit from the loop it runs in registers.
    observations
        .iter()
        .fold(true, |finite, x| finite & x.is_finite())
}

/// Refuses an observation, of `environment` after `step` steps of its episode, that is not finite.
#[inline]
pub(super) fn check_observation(
    observation: &[f32],
    seed: u64,
    environment: usize,
    step: usize,
) -> Result<(), CollectError> {
    match observation.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(i) => Err(bad_observation(observation, i, seed, environment, step)),
    }
}

/// The error of an observation whose `i`-th number is not finite.
#[cold]
fn bad_observation(
    observation: &[f32],
    i: usize,
    seed: u64,
    environment: usize,
    step: usize,
) -> CollectError {
    CollectError::NonFinite {
        environment,
        seed,
        step,
        quantity: format!("observation[{i}] ="),
        value: observation[i].into(),
    }
}

/// The error of a reward that is not finite.
#[cold]
pub(super) fn bad_reward(
    environment: usize,
    seed: u64,
    step: usize,
    reward: f64,
    transform: &Frozen,
) -> CollectError {
    let quantity = if reward.is_finite() {
        format!(
            "reward times the reward scale {:?} =",
            transform.reward_scale
        )
    } else {
        "reward".into()
    };
    CollectError::NonFinite {
        environment,
        seed,
        step,
        quantity,
        value: reward * transform.reward_scale,
    }
}

impl<P: Policy + Clone> Shard<P> {
    /// Lets its environments act by a policy.
    pub fn act_by(&mut self, policy: &P) {
        match &mut self.policy {
            Some(own) => own.clone_from(policy),
            None => self.policy = Some(policy.clone()),
        }
    }

    /// Takes `n_steps` steps in every environment, and writes them; the first step in which one
    /// fails is the last.
    pub fn rollout(
        &mut self,
        transform: &Frozen,
        n_steps: usize,
        mut rows: RowsMut<'_>,
    ) -> FirstError {
        let mut errors = FirstError::default();
        self.moments.iter_mut().for_each(MemberMoments::clear);
        self.start(&mut errors);
        let Some(mut policy) = self.policy.take() else {
            return errors;
        };
        for step in 0..n_steps {
            if !errors.is_none() {
                break;
            }
            self.rollout_step(
                &mut policy,
                transform,
                n_steps,
                step,
                &mut rows,
                &mut errors,
            );
        }
        self.policy = Some(policy);
        errors
    }

    fn rollout_step(
        &mut self,
        policy: &mut P,
        transform: &Frozen,
        n_steps: usize,
        step: usize,
        rows: &mut RowsMut<'_>,
        errors: &mut FirstError,
    ) {
        let (dim, action_dim) = (
            self.spaces.observation.flat_dim(),
            self.spaces.action.flat_dim(),
        );
        let observations = if transform.normalization.moments().is_some() {
            self.seen.copy_from_slice(&self.buffers.observations);
            let raw = self.seen.chunks_exact_mut(dim);
            for (moments, observation) in self.moments.iter_mut().zip(raw) {
                transform.observe(moments, observation);
            }
            &self.seen
        } else {
            &self.buffers.observations
        };
        policy.act(observations, &mut self.action_rngs, &mut self.actions);
        scatter(observations, dim, rows.observations, n_steps, step);
        scatter(&self.actions, action_dim, rows.actions, n_steps, step);
        // Episodes are started before the first step.
        let time = step + 1;
        if !self.step(time, errors) {
            return;
        }
        self.check_observations(time, errors);
        for lane in 0..self.moments.len() {
            if self.running[lane]
                && let Err(error) = self.write_row(transform, n_steps, step, lane, rows)
            {
                self.running[lane] = false;
                errors.note(time, Phase::Reward, error);
            }
        }
    }

    /// Writes the row of an environment for a step.
    fn write_row(
        &mut self,
        transform: &Frozen,
        n_steps: usize,
        step: usize,
        lane: usize,
        rows: &mut RowsMut<'_>,
    ) -> Result<(), CollectError> {
        let dim = self.spaces.observation.flat_dim();
        let row = lane * n_steps + step;
        let (reward, status) = (self.buffers.rewards[lane], self.buffers.statuses[lane]);
        let moments = &mut self.moments[lane];
        let (environment, length) = (self.first + lane, self.lengths[lane]);
        rows.rewards[row] = transform
            .reward(moments, reward)
            .ok_or_else(|| bad_reward(environment, self.seed, length, reward, transform))?;
        rows.statuses[row] = status;
        self.lengths[lane] += 1;
        let successors = if !status.continues() {
            moments.discounted_return = 0.0;
            rows.episodes[row] = Episode {
                total_reward: self.buffers.episode_returns[lane],
                length: self.buffers.episode_lengths[lane],
            };
            let observation = &self.buffers.final_observations[lane * dim..][..dim];
            check_observation(observation, self.seed, environment, length)?;
            self.lengths[lane] = 0;
            &self.buffers.final_observations
        } else if step + 1 == n_steps {
            &self.buffers.observations
        } else {
            return Ok(());
        };
        let successor = &mut rows.successors[row * dim..][..dim];
        successor.copy_from_slice(&successors[lane * dim..][..dim]);
        transform.normalization.apply(successor);
        Ok(())
    }
}

/// Writes the rows of a step, `width` numbers for each environment, among all their rows.
fn scatter(from: &[f32], width: usize, to: &mut [f32], n_steps: usize, step: usize) {
    let lanes = to.chunks_exact_mut(n_steps * width);
    for (lane, row) in lanes.zip(from.chunks_exact(width)) {
        lane[step * width..][..width].copy_from_slice(row);
    }
}
