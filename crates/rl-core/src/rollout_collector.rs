//! Collecting rollouts: the same number of steps from each of a batch of environments.

use crate::rollout::RowsMut;
use crate::{
    BatchEnvironment, BatchError, EnvironmentError, Episode, Policy, Purpose, Rollout,
    RolloutConfig, RolloutConfigError, RunningMoments, Space, StepBuffers, Stream, Threads,
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

/// Why a rollout could not be collected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RolloutError {
    /// There is nothing to collect from.
    #[error("a rollout needs at least one environment")]
    NoEnvironment,
    /// There is nothing to collect.
    #[error("a rollout needs at least one step per environment")]
    NoStep,
    /// Shards of different environments.
    #[error("shard {0} has other spaces than shard 0")]
    Spaces(usize),
    /// A parameter out of its range.
    #[error(transparent)]
    Config(#[from] RolloutConfigError),
    /// An environment refused a step.
    #[error("environment {environment}, step {step} of the rollout: {source}")]
    Environment {
        /// Index of the environment.
        environment: usize,
        /// Step of the rollout, from 0.
        step: usize,
        /// Why.
        source: EnvironmentError,
    },
    /// A reward that is NaN or infinite, by itself or once scaled and rounded to `f32`.
    #[error(
        "environment {environment}, step {step} of the rollout: reward {reward} times the reward \
         scale {scale} is not a finite 32-bit number"
    )]
    NonFiniteReward {
        /// Index of the environment.
        environment: usize,
        /// Step of the rollout, from 0.
        step: usize,
        /// The environment's reward.
        reward: f64,
        /// What it was multiplied by.
        scale: f64,
    },
    /// A batch whose spaces or number of environments are not what it said.
    #[error(transparent)]
    Batch(BatchError),
}

impl RolloutError {
    /// Sorts errors of shards by when a single shard would have met them: actions are judged
    /// before rewards are seen.
    fn order(&self) -> (usize, bool, usize) {
        match *self {
            Self::Environment {
                environment, step, ..
            } => (step, false, environment),
            Self::NonFiniteReward {
                environment, step, ..
            } => (step, true, environment),
            _ => (0, false, 0),
        }
    }
}

/// Collects rollouts from environments side by side.
///
/// Environments carry on from one rollout to the next: only the first begins with a reset. Their
/// number and streams decide what is collected, not how they are spread over shards: actions of
/// environment `i`, counted through all shards, are drawn from the run's stream `(Action, i)`.
///
/// Actions are clipped to the bounds of a box before an environment sees them, and stored as they
/// were drawn, since that is what the policy has a density for (Huang et al. 2022, "The 37
/// implementation details of proximal policy optimization"). One that is not finite is not
/// clipped, but refused by the environment.
///
/// What observations and rewards are normalised by is frozen during a rollout. Afterwards it takes
/// in the raw observations of all rows and the discounted returns after them, environment by
/// environment. The first rollout has mean 0 and variance 1.
#[derive(Debug)]
pub struct RolloutCollector<B> {
    threads: Threads,
    shards: Vec<Shard<B>>,
    /// Whether every environment is in an episode.
    started: bool,
    transforms: Transforms,
    observation_moments: RunningMoments,
    return_moments: RunningMoments,
    batch: RolloutBatch,
}

/// What happens to actions, observations and rewards, the same for all steps of a rollout.
#[derive(Clone, Debug)]
struct Transforms {
    /// Whose bounds actions are clipped to.
    actions: Space,
    reward_scale: f64,
    /// What observations are normalised by.
    observations: Option<RunningMoments>,
    rewards: Option<RewardNormalization>,
}

#[derive(Clone, Copy, Debug)]
struct RewardNormalization {
    gamma: f64,
    /// What rewards are divided by.
    deviation: f64,
}

impl<B: BatchEnvironment> RolloutCollector<B> {
    /// A collector over the environments of `shards`, in order, for the run with `seed`.
    ///
    /// # Errors
    /// [`RolloutError::Config`], [`RolloutError::NoEnvironment`], or [`RolloutError::Spaces`].
    pub fn new(shards: Vec<B>, seed: u64, config: RolloutConfig) -> Result<Self, RolloutError> {
        Self::numbered(shards, seed, config, 0)
    }

    /// A collector whose environments are those from index `first_environment` on of a run that
    /// has several collectors: their actions are drawn from streams of their own.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn numbered(
        shards: Vec<B>,
        seed: u64,
        config: RolloutConfig,
        first_environment: u32,
    ) -> Result<Self, RolloutError> {
        config.validate()?;
        let first = shards.first().ok_or(RolloutError::NoEnvironment)?;
        let (observation_space, action_space) = (first.observation_space(), first.action_space());
        if let Some(other) = shards.iter().position(|shard| {
            shard.observation_space() != observation_space || shard.action_space() != action_space
        }) {
            return Err(RolloutError::Spaces(other));
        }
        let (observation_dim, action_dim) = (observation_space.dim(), action_space.flat_dim());
        let mut environments = 0;
        let mut nonempty = Vec::new();
        for batch in shards.into_iter().filter(|batch| !batch.is_empty()) {
            let indices = environments..environments + batch.len();
            environments = indices.end;
            nonempty.push(Shard {
                first: indices.start,
                buffers: StepBuffers::new(batch.len(), observation_dim),
                normalized: vec![0.0; batch.len() * observation_dim],
                actions: vec![0.0; batch.len() * action_dim],
                members: vec![Member::new(observation_dim); batch.len()],
                action_rngs: indices
                    .map(|index| {
                        Stream::derive(seed, Purpose::Action, first_environment + index as u32)
                    })
                    .collect(),
                batch,
            });
        }
        if nonempty.is_empty() {
            return Err(RolloutError::NoEnvironment);
        }
        let observation_moments = RunningMoments::new(observation_dim);
        let return_moments = RunningMoments::new(1);
        Ok(Self {
            threads: Threads::default(),
            shards: nonempty,
            started: false,
            transforms: Transforms {
                actions: action_space,
                reward_scale: config.reward_scale,
                observations: config
                    .normalize_observations
                    .then(|| observation_moments.frozen()),
                rewards: config.normalize_rewards.map(|gamma| RewardNormalization {
                    gamma,
                    deviation: return_moments.deviation(0),
                }),
            },
            observation_moments,
            return_moments,
            batch: RolloutBatch {
                rollout: Rollout::new(environments, observation_dim, action_dim),
                episodes: Vec::new(),
            },
        })
    }

    /// Spreads the shards over threads: best as many as shards.
    #[must_use]
    pub fn with_threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// Number of environments.
    pub fn environments(&self) -> usize {
        self.batch.rollout.environments()
    }

    /// The last rollout; an empty one before the first.
    pub fn batch(&self) -> &RolloutBatch {
        &self.batch
    }

    /// What the observations of the next rollout will be normalised by, if they are: what a policy
    /// that acts elsewhere needs, in the precision of its file.
    pub fn normalization(&self) -> Option<RunningMoments> {
        self.transforms.observations.clone()
    }

    /// Takes `n_steps` steps of `policy` in every environment.
    ///
    /// # Errors
    /// [`RolloutError`], the first in time, whatever the number of shards. The experience of this
    /// rollout is dropped, and the next one starts from a reset.
    pub fn collect<P: Policy + Clone + Send>(
        &mut self,
        policy: &P,
        n_steps: usize,
    ) -> Result<&RolloutBatch, RolloutError> {
        if n_steps == 0 {
            return Err(RolloutError::NoStep);
        }
        let restart = !std::mem::take(&mut self.started);
        let transforms = &self.transforms;
        let RolloutBatch { rollout, episodes } = &mut self.batch;
        let (observation_dim, action_dim) = (rollout.observation_dim(), rollout.action_dim());
        let mut rest = rollout.begin(n_steps, episodes);
        let shards = self.shards.iter_mut().map(|shard| {
            let rows = shard.members.len() * n_steps;
            let rows = rest.split_off(rows, observation_dim, action_dim);
            (shard, rows, policy.clone())
        });
        let outcomes = self.threads.map(shards, |(shard, rows, mut policy)| {
            shard.collect(&mut policy, transforms, restart, n_steps, rows)
        });
        let errors = outcomes.into_iter().filter_map(Result::err);
        if let Some(error) = errors.min_by_key(RolloutError::order) {
            return Err(error);
        }
        rollout.finish(episodes);
        self.started = true;
        self.update_normalization();
        Ok(&self.batch)
    }

    /// Takes in what the environments have seen in this rollout, in their order.
    fn update_normalization(&mut self) {
        let members = || self.shards.iter().flat_map(|shard| &shard.members);
        if let Some(observations) = &mut self.transforms.observations {
            for member in members() {
                self.observation_moments.merge(&member.observations);
            }
            *observations = self.observation_moments.frozen();
        }
        if let Some(rewards) = &mut self.transforms.rewards {
            for member in members() {
                self.return_moments.merge(&member.returns);
            }
            rewards.deviation = self.return_moments.deviation(0);
        }
    }
}

/// The environments of one thread.
#[derive(Debug)]
struct Shard<B> {
    batch: B,
    /// Index of the first of its environments.
    first: usize,
    members: Vec<Member>,
    action_rngs: Vec<Stream>,
    /// What the last step wrote; its observations, as the environments show them, are acted on
    /// next.
    buffers: StepBuffers,
    /// The same observations as the policy sees them, where that is different.
    normalized: Vec<f32>,
    actions: Vec<f32>,
}

/// What is remembered of one environment.
#[derive(Clone, Debug)]
struct Member {
    /// Of the observations of this rollout, as the environment shows them.
    observations: RunningMoments,
    /// The discounted return G of the episode so far.
    discounted_return: f64,
    /// Of the discounted returns of this rollout.
    returns: RunningMoments,
}

impl Member {
    fn new(observation_dim: usize) -> Self {
        Self {
            observations: RunningMoments::new(observation_dim),
            discounted_return: 0.0,
            returns: RunningMoments::new(1),
        }
    }
}

impl<B: BatchEnvironment> Shard<B> {
    /// Takes `n_steps` steps in every environment, and writes them.
    fn collect(
        &mut self,
        policy: &mut impl Policy,
        transforms: &Transforms,
        restart: bool,
        n_steps: usize,
        rows: RowsMut<'_>,
    ) -> Result<(), RolloutError> {
        for member in &mut self.members {
            member.observations.clear();
            member.returns.clear();
        }
        if restart {
            self.members
                .iter_mut()
                .for_each(|member| member.discounted_return = 0.0);
            self.batch
                .reset_into(&mut self.buffers.observations)
                .map_err(RolloutError::Batch)?;
        }
        let observation_dim = self.buffers.observations.len() / self.members.len();
        let action_dim = self.actions.len() / self.members.len();
        for step in 0..n_steps {
            let observations = match &transforms.observations {
                Some(moments) => {
                    let raw = self.buffers.observations.chunks_exact(observation_dim);
                    for (member, observation) in self.members.iter_mut().zip(raw) {
                        member.observations.update(observation);
                    }
                    self.normalized.copy_from_slice(&self.buffers.observations);
                    for observation in self.normalized.chunks_exact_mut(observation_dim) {
                        moments.normalize(observation);
                    }
                    &self.normalized
                }
                None => &self.buffers.observations,
            };
            policy.act(observations, &mut self.action_rngs, &mut self.actions);
            scatter(
                observations,
                observation_dim,
                rows.observations,
                n_steps,
                step,
            );
            scatter(&self.actions, action_dim, rows.actions, n_steps, step);
            transforms.actions.clip(&mut self.actions);
            self.batch
                .step_into(&self.actions, self.buffers.as_mut())
                .map_err(|error| self.place(error, step))?;

            for (environment, member) in self.members.iter_mut().enumerate() {
                let row = environment * n_steps + step;
                let reward = self.buffers.rewards[environment];
                let status = self.buffers.statuses[environment];
                rows.rewards[row] = member.reward(reward, transforms).ok_or_else(|| {
                    RolloutError::NonFiniteReward {
                        environment: self.first + environment,
                        step,
                        reward,
                        scale: transforms.reward_scale,
                    }
                })?;
                rows.statuses[row] = status;
                let successors = if !status.continues() {
                    member.discounted_return = 0.0;
                    rows.episodes[row] = Episode {
                        total_reward: self.buffers.episode_returns[environment],
                        length: self.buffers.episode_lengths[environment],
                    };
                    &self.buffers.final_observations
                } else if step + 1 == n_steps {
                    &self.buffers.observations
                } else {
                    continue;
                };
                let successor = &mut rows.successors[row * observation_dim..][..observation_dim];
                successor.copy_from_slice(
                    &successors[environment * observation_dim..][..observation_dim],
                );
                if let Some(moments) = &transforms.observations {
                    moments.normalize(successor);
                }
            }
        }
        Ok(())
    }

    /// The error of a step, of an environment counted through all shards.
    fn place(&self, error: BatchError, step: usize) -> RolloutError {
        match error {
            BatchError::Environment {
                environment,
                source,
            } => RolloutError::Environment {
                environment: self.first + environment,
                step,
                source,
            },
            error @ BatchError::Length { .. } => RolloutError::Batch(error),
        }
    }
}

impl Member {
    /// The reward to learn from; `None` if it is not finite.
    fn reward(&mut self, reward: f64, transforms: &Transforms) -> Option<f32> {
        let scaled = reward * transforms.reward_scale;
        if !(scaled as f32).is_finite() {
            return None;
        }
        let Some(RewardNormalization { gamma, deviation }) = transforms.rewards else {
            return Some(scaled as f32);
        };
        self.discounted_return = gamma * self.discounted_return + scaled;
        self.returns.update(&[self.discounted_return]);
        let clip = RunningMoments::CLIP;
        Some(((scaled / deviation) as f32).clamp(-clip, clip))
    }
}

/// Writes what belongs to a step, a row of `width` numbers per environment, among all their rows.
fn scatter(from: &[f32], width: usize, to: &mut [f32], n_steps: usize, step: usize) {
    let lanes = to.chunks_exact_mut(n_steps * width);
    for (lane, row) in lanes.zip(from.chunks_exact(width)) {
        lane[step * width..][..width].copy_from_slice(row);
    }
}
