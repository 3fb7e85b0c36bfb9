//! Collecting experience: whole episodes from environments side by side.

mod shard;

use shard::{Member, Shard};

use crate::{
    EnvironmentError, Episode, FlatEnvironment, Policy, Purpose, Stream, Threads, TrajectoryStore,
};

/// A batch of whole episodes.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// The experience, ordered by environment and then by time.
    pub trajectories: TrajectoryStore,
    /// The statistics of each episode, in the same order.
    pub episodes: Vec<Episode>,
}

/// Why experience could not be collected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CollectError {
    /// There is nothing to collect from.
    #[error("experience needs at least one environment")]
    NoEnvironment,
    /// Groups without members.
    #[error("environments form groups of at least 1; 0 were asked for")]
    EmptyGroup,
    /// An environment refused a step.
    #[error("environment {environment}, step {step} of the episode: {source}")]
    Environment {
        /// Index of the environment.
        environment: usize,
        /// Step of the episode, from 0.
        step: usize,
        /// Why.
        source: EnvironmentError,
    },
    /// A reward that is NaN or infinite, by itself or once scaled and rounded to `f32`.
    #[error(
        "environment {environment}, step {step} of the episode: reward {reward} times the reward \
         scale {scale} is not a finite 32-bit number"
    )]
    NonFiniteReward {
        /// Index of the environment.
        environment: usize,
        /// Step of the episode, from 0.
        step: usize,
        /// The environment's reward.
        reward: f64,
        /// What it was multiplied by.
        scale: f64,
    },
}

/// Collects whole episodes from environments side by side.
///
/// Environment `i` draws from the run's streams `(Environment, i)` and `(Action, i)`. A batch is
/// full once it holds the wanted number of steps; from then on no environment starts an episode,
/// and each finishes the one it is in. None is dropped, so that short episodes are not favoured.
///
/// Side by side, `n` environments have taken `n·t` steps after `t` ticks as long as the batch is
/// not full. An environment may therefore start an episode as long as its own steps times `n` are
/// fewer than those wanted, a rule that needs no look at the others: what is collected does not
/// depend on the number of threads.
///
/// Actions are clipped to the bounds of a box before an environment sees them, and stored as they
/// were drawn, since that is what the policy has a density for. One that is not finite is not
/// clipped, but refused by the environment.
#[derive(Debug)]
pub struct Collector<E> {
    threads: Threads,
    shards: Vec<Shard<E>>,
    environments: usize,
    reward_scale: f64,
    collection: Collection,
}

impl<E: FlatEnvironment> Collector<E> {
    /// A collector over `environments`, which must share their spaces, for the run with `seed`.
    ///
    /// # Errors
    /// [`CollectError::NoEnvironment`].
    pub fn new(environments: Vec<E>, seed: u64) -> Result<Self, CollectError> {
        Self::grouped(environments, seed, 1)
    }

    /// A collector whose environments, in groups of `group_size`, draw the same numbers: the `k`th
    /// episode of each member of a group starts from the same state, as long as environments draw
    /// for their resets alone. Their actions differ.
    ///
    /// # Errors
    /// [`CollectError::NoEnvironment`], or [`CollectError::EmptyGroup`].
    pub fn grouped(
        environments: Vec<E>,
        seed: u64,
        group_size: usize,
    ) -> Result<Self, CollectError> {
        if group_size == 0 {
            return Err(CollectError::EmptyGroup);
        }
        let first = environments.first().ok_or(CollectError::NoEnvironment)?;
        let observation_dim = first.observation_space().dim();
        let action_space = first.action_space();
        let action_dim = action_space.flat_dim();
        let total = environments.len();
        let stream = |purpose, index| Stream::derive(seed, purpose, index as u32);
        let members = environments
            .into_iter()
            .enumerate()
            .map(|(index, environment)| Member {
                index,
                environment,
                rng: stream(Purpose::Environment, index / group_size),
                store: TrajectoryStore::new(observation_dim, action_dim),
                episodes: Vec::new(),
            });
        let action_rngs = (0..total).map(|index| stream(Purpose::Action, index));
        Ok(Self {
            threads: Threads::default(),
            shards: vec![Shard::new(
                members.collect(),
                action_rngs.collect(),
                observation_dim,
                &action_space,
            )],
            environments: total,
            reward_scale: 1.0,
            collection: Collection {
                trajectories: TrajectoryStore::new(observation_dim, action_dim),
                episodes: Vec::new(),
            },
        })
    }

    /// Spreads the environments over threads.
    #[must_use]
    pub fn with_threads(mut self, threads: Threads) -> Self {
        let observation_dim = self.collection.trajectories.observation_dim();
        let action_space = self.shards[0].action_space.clone();
        let shards = self.shards.into_iter();
        let (members, action_rngs): (Vec<_>, Vec<_>) = shards
            .map(|shard| (shard.members, shard.action_rngs))
            .unzip();
        let members = members.into_iter().flatten();
        let mut all = members.zip(action_rngs.into_iter().flatten()).peekable();
        let shard_len = self.environments.div_ceil(threads.count());
        self.shards = Vec::new();
        while all.peek().is_some() {
            let (members, action_rngs) = all.by_ref().take(shard_len).unzip();
            let shard = Shard::new(members, action_rngs, observation_dim, &action_space);
            self.shards.push(shard);
        }
        self.threads = threads;
        self
    }

    /// Multiplies the rewards that are learned from; the statistics keep the environment's.
    #[must_use]
    pub fn with_reward_scale(mut self, reward_scale: f64) -> Self {
        self.reward_scale = reward_scale;
        self
    }

    /// The environments, in order, between two collections: to synchronize what wrappers know.
    pub fn environments_mut(&mut self) -> impl Iterator<Item = &mut E> {
        let members = self.shards.iter_mut().flat_map(|shard| &mut shard.members);
        members.map(|member| &mut member.environment)
    }

    /// Collects whole episodes of `policy` until they hold at least `min_steps` steps (at least
    /// one episode per environment).
    ///
    /// # Errors
    /// [`CollectError`]; the experience gathered so far is dropped.
    pub fn collect<P: Policy + Clone + Send>(
        &mut self,
        policy: &P,
        min_steps: usize,
    ) -> Result<&Collection, CollectError> {
        let steps_per_lane = min_steps.div_ceil(self.environments);
        let reward_scale = self.reward_scale;
        let shards = self.shards.iter_mut();
        let outcomes = self.threads.map(
            shards.map(|shard| (shard, policy.clone())),
            |(shard, mut policy)| shard.collect(&mut policy, steps_per_lane, reward_scale),
        );
        outcomes.into_iter().collect::<Result<(), _>>()?;

        let Collection {
            trajectories,
            episodes,
        } = &mut self.collection;
        trajectories.clear();
        episodes.clear();
        for member in self.shards.iter().flat_map(|shard| &shard.members) {
            trajectories.append(&member.store);
            episodes.extend_from_slice(&member.episodes);
        }
        Ok(&self.collection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BoxSpace, Discrete, End, Environment, RandomPolicy, Space, Status, Step, run_episode,
    };

    /// Ends after a random number of steps; rewards count up within the episode.
    #[derive(Clone, Debug, Default)]
    struct Countdown {
        left: usize,
        step: usize,
    }

    impl Environment for Countdown {
        type Observation = [f32; 1];
        type Action = usize;

        fn observation_space(&self) -> BoxSpace {
            BoxSpace::symmetric(&[100.0]).unwrap()
        }

        fn action_space(&self) -> Space {
            Space::Discrete(Discrete::new(3).unwrap())
        }

        fn reset(&mut self, rng: &mut Stream) -> [f32; 1] {
            *self = Self {
                left: 1 + rng.below(20),
                step: 0,
            };
            [self.left as f32]
        }

        fn step(
            &mut self,
            _action: &usize,
            _rng: &mut Stream,
        ) -> Result<Step<[f32; 1]>, EnvironmentError> {
            self.left = self
                .left
                .checked_sub(1)
                .ok_or(EnvironmentError::EpisodeOver)?;
            self.step += 1;
            let status = match self.left {
                0 if self.step.is_multiple_of(2) => Status::Terminated,
                0 => Status::Truncated,
                _ => Status::Running,
            };
            Ok(Step {
                observation: [self.left as f32],
                reward: self.step as f64,
                status,
            })
        }
    }

    fn policy() -> RandomPolicy {
        RandomPolicy::new(Environment::action_space(&Countdown::default()))
    }

    fn collector(environments: usize, threads: usize) -> Collector<Countdown> {
        Collector::new(vec![Countdown::default(); environments], 7)
            .unwrap()
            .with_threads(Threads::new(threads).unwrap())
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let mut one = collector(7, 1);
        for threads in [2, 3, 7, 16] {
            let mut many = collector(7, threads);
            let mut one = Collector::new(vec![Countdown::default(); 7], 7).unwrap();
            for _ in 0..3 {
                let expected = one.collect(&policy(), 200).unwrap();
                assert_eq!(
                    many.collect(&policy(), 200).unwrap(),
                    expected,
                    "{threads} threads"
                );
            }
        }
        let first = one.collect(&policy(), 200).unwrap().clone();
        assert_ne!(
            one.collect(&policy(), 200).unwrap(),
            &first,
            "streams go on"
        );
    }

    /// The rule as the architecture states it: all environments advance tick by tick, and one
    /// that ends its episode starts another only while the batch lacks steps.
    fn tick_by_tick(environments: usize, min_steps: usize) -> Vec<Vec<usize>> {
        let mut lengths = vec![Vec::new(); environments];
        let mut rngs: Vec<Stream> = (0..environments)
            .map(|i| Stream::derive(7, Purpose::Environment, i as u32))
            .collect();
        let mut running: Vec<Option<Countdown>> = rngs
            .iter_mut()
            .map(|rng| {
                let mut environment = Countdown::default();
                environment.reset(rng);
                Some(environment)
            })
            .collect();
        let mut steps = 0;
        while running.iter().any(Option::is_some) {
            steps += running.iter().flatten().count();
            for (i, slot) in running.iter_mut().enumerate() {
                let Some(environment) = slot else { continue };
                let step = environment.step(&0, &mut rngs[i]).unwrap();
                if step.status != Status::Running {
                    lengths[i].push(environment.step);
                    if steps < min_steps {
                        environment.reset(&mut rngs[i]);
                    } else {
                        *slot = None;
                    }
                }
            }
        }
        lengths
    }

    #[test]
    fn the_batch_is_the_one_of_environments_advancing_tick_by_tick() {
        for environments in [1, 2, 5, 8] {
            for min_steps in [1, 10, 99, 100] {
                let mut collector = collector(environments, 1);
                let lengths: Vec<usize> = collector
                    .collect(&policy(), min_steps)
                    .unwrap()
                    .episodes
                    .iter()
                    .map(|episode| episode.length)
                    .collect();
                assert_eq!(lengths, tick_by_tick(environments, min_steps).concat());
            }
        }
    }

    #[test]
    fn every_episode_is_whole_and_keeps_its_end() {
        let mut collector = collector(3, 1).with_reward_scale(0.5);
        let batch = collector.collect(&policy(), 100).unwrap();
        assert!(batch.trajectories.steps() >= 100);
        assert_eq!(batch.trajectories.len(), batch.episodes.len());
        for (trajectory, episode) in batch.trajectories.iter().zip(&batch.episodes) {
            let length = trajectory.len();
            assert_eq!(trajectory.observations[0], length as f32);
            assert_eq!(trajectory.final_observation, [0.0]);
            let end = if length % 2 == 0 {
                End::Terminated
            } else {
                End::Truncated
            };
            assert_eq!(trajectory.end, end);
            let total: f32 = trajectory.rewards.iter().sum();
            assert_eq!(
                episode,
                &Episode {
                    total_reward: f64::from(total) * 2.0,
                    length
                }
            );
        }
    }

    #[test]
    fn a_reward_that_is_not_finite_is_an_error_with_its_place() {
        let mut collector = collector(2, 2).with_reward_scale(1e38);
        let error = collector.collect(&policy(), 100).unwrap_err();
        let CollectError::NonFiniteReward { step, reward, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((step, reward), (3, 4.0));
    }

    /// Refuses actions outside `[-1, 1]`; the action is the reward, and the third step the last.
    #[derive(Clone, Debug, Default)]
    struct Strict {
        step: usize,
    }

    impl Environment for Strict {
        type Observation = [f32; 1];
        type Action = [f32; 1];

        fn observation_space(&self) -> BoxSpace {
            BoxSpace::symmetric(&[3.0]).unwrap()
        }

        fn action_space(&self) -> Space {
            Space::Box(BoxSpace::symmetric(&[1.0]).unwrap())
        }

        fn reset(&mut self, _rng: &mut Stream) -> [f32; 1] {
            self.step = 0;
            [0.0]
        }

        fn step(
            &mut self,
            action: &[f32; 1],
            _rng: &mut Stream,
        ) -> Result<Step<[f32; 1]>, EnvironmentError> {
            let space = Environment::action_space(self);
            if !space.contains(action) {
                return Err(EnvironmentError::outside(action, &space));
            }
            self.step += 1;
            Ok(Step {
                observation: [self.step as f32],
                reward: action[0].into(),
                status: if self.step == 3 {
                    Status::Terminated
                } else {
                    Status::Running
                },
            })
        }
    }

    /// Acts by the number of the step.
    #[derive(Clone)]
    struct Listed([f32; 3]);

    impl Policy for Listed {
        fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
            for (action, step) in actions.iter_mut().zip(observations) {
                *action = self.0[*step as usize];
            }
        }
    }

    #[test]
    fn an_action_is_clipped_for_the_environment_and_stored_as_it_was_drawn() {
        let mut policy = Listed([0.5, -3.0, 7.0]);
        let mut collector = Collector::new(vec![Strict::default(); 2], 0).unwrap();
        let batch = collector.collect(&policy, 6).unwrap();
        for trajectory in batch.trajectories.iter() {
            assert_eq!(trajectory.actions, [0.5, -3.0, 7.0]);
            assert_eq!(trajectory.rewards, [0.5, -1.0, 1.0]);
        }
        let [mut rng, mut unused] = [0, 1].map(Stream::from_seed);
        let episode = run_episode(&mut Strict::default(), &mut policy, &mut rng, &mut unused);
        assert_eq!(episode.unwrap().total_reward, 0.5);
    }

    #[test]
    fn an_action_that_is_not_finite_is_refused_by_its_environment() {
        let mut policy = Listed([0.0, f32::INFINITY, 0.0]);
        let mut collector = Collector::new(vec![Strict::default()], 0).unwrap();
        let error = collector.collect(&policy, 3).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment 0, step 1 of the episode: action [inf] is outside the action space \
             Box([-1, 1])"
        );
        let [mut rng, mut unused] = [0, 1].map(Stream::from_seed);
        let episode = run_episode(&mut Strict::default(), &mut policy, &mut rng, &mut unused);
        assert!(episode.is_err());
    }

    #[test]
    fn no_environment_is_an_error() {
        let error = Collector::<Countdown>::new(vec![], 0).unwrap_err();
        assert_eq!(error, CollectError::NoEnvironment);
    }

    #[test]
    fn the_members_of_a_group_start_their_episodes_from_the_same_states() {
        let environments = vec![Countdown::default(); 4];
        let mut collector = Collector::grouped(environments, 7, 2).unwrap();
        collector.collect(&policy(), 200).unwrap();
        let members = collector.shards.iter().flat_map(|shard| &shard.members);
        let starts: Vec<Vec<f32>> = members
            .map(|member| member.store.iter().map(|t| t.observations[0]).collect())
            .collect();
        assert_eq!(starts[0], starts[1]);
        assert_eq!(starts[2], starts[3]);
        assert_ne!(starts[0], starts[2]);
        let empty = Collector::grouped(vec![Countdown::default()], 7, 0);
        assert_eq!(empty.unwrap_err(), CollectError::EmptyGroup);
    }
}
