//! Tests of what all ways of collecting share.

mod limits;
mod resuming;
mod returns;
mod wide;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{
    ActionChoice, Acts, Agent, BoxError, Budget, Clock, End, Environment, EnvironmentError,
    Episode, FlatEnvironment, Learns, LearnsOnline, Metrics, Policy, PolicyRecord, Purpose,
    RandomPolicy, Rollout, SavedPolicy, Snapshot, Space, State, StateError, StateReader,
    StateWriter, Status, Step, Stream, Threads, TrajectoryStore, run_episode,
};

/// Ends after a random number of steps; rewards count up within the episode.
#[derive(Clone, Debug, Default)]
struct Countdown {
    left: usize,
    step: usize,
    /// Cannot be saved.
    forgetful: bool,
}

impl Environment for Countdown {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::symmetric([100.0])
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        (self.left, self.step) = (1 + rng.below(20), 0);
        Ok([self.left as f32])
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

    fn save_state(&self) -> Option<Vec<f64>> {
        (!self.forgetful).then(|| vec![self.left as f64, self.step as f64])
    }

    fn restore_state(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let [left, step] = state else {
            return Err(EnvironmentError::state("two numbers are needed"));
        };
        (self.left, self.step) = (*left as usize, *step as usize);
        Ok(())
    }
}

fn policy() -> RandomPolicy {
    RandomPolicy::new(Space::discrete(3))
}

fn config(environments: usize, threads: usize) -> CollectConfig {
    CollectConfig::new(Countdown::default)
        .environments(environments)
        .seed(7)
        .threads(Threads::new(threads).unwrap())
}

fn episodes(environments: usize, threads: usize, min_steps: usize) -> Episodes<RandomPolicy> {
    Episodes::new(config(environments, threads), min_steps).unwrap()
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for threads in [2, 3, 7, 16] {
        let (mut many, mut one) = (episodes(7, threads, 200), episodes(7, 1, 200));
        let mut rows = [threads, 1].map(|threads| Rollouts::new(config(7, threads), 20).unwrap());
        for _ in 0..3 {
            let expected = one.collect(&policy(), 200).unwrap();
            assert_eq!(many.collect(&policy(), 200).unwrap(), expected, "{threads}");
            let [many, one] = rows
                .each_mut()
                .map(|rows| rows.collect(&policy(), 20).unwrap());
            assert_eq!(many, one, "{threads}");
        }
    }
    let mut one = episodes(7, 1, 200);
    let first = one.collect(&policy(), 200).unwrap().clone();
    assert_ne!(
        one.collect(&policy(), 200).unwrap(),
        &first,
        "streams go on"
    );
}

/// The rule as the architecture states it: all environments advance tick by tick, and one that ends
/// its episode starts another only while the batch lacks steps.
fn tick_by_tick(environments: usize, min_steps: usize) -> Vec<Vec<usize>> {
    let mut lengths = vec![Vec::new(); environments];
    let mut rngs: Vec<Stream> = (0..environments)
        .map(|i| Stream::derive(7, Purpose::Environment, i as u32))
        .collect();
    let mut running: Vec<Option<Countdown>> = rngs
        .iter_mut()
        .map(|rng| {
            let mut environment = Countdown::default();
            environment.reset(rng).unwrap();
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
                    environment.reset(&mut rngs[i]).unwrap();
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
            let mut episodes = episodes(environments, 1, min_steps);
            let lengths: Vec<usize> = episodes
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
    let mut config = config(3, 1);
    config.transform.reward_scale = 0.5;
    let mut episodes = Episodes::new(config, 100).unwrap();
    let batch = episodes.collect(&policy(), 4000).unwrap();
    assert!(batch.trajectories.steps() >= 4000);
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
    let mut config = config(2, 2);
    config.transform.reward_scale = 1e38;
    let mut episodes = Episodes::new(config.clone(), 100).unwrap();
    let error = episodes.collect(&policy(), 100).unwrap_err().to_string();
    assert!(
        error.contains("step 3 of the episode: reward times the reward scale 1e38"),
        "{error}"
    );
    let mut rollouts = Rollouts::new(config, 100).unwrap();
    let error = rollouts.collect(&policy(), 100).unwrap_err().to_string();
    assert!(
        error.contains("run with seed 7, step 3 of the episode"),
        "{error}"
    );
}

#[test]
fn nothing_to_collect_is_refused() {
    let refused = |config, steps| {
        let [a, b] = [
            Episodes::<RandomPolicy>::new(CollectConfig::clone(&config), steps).err(),
            Rollouts::<RandomPolicy>::new(config, steps).err(),
        ];
        assert_eq!(a, b);
        a.unwrap()
    };
    assert_eq!(refused(config(0, 1), 5), CollectError::NoEnvironment);
    assert_eq!(refused(config(1, 1), 0), CollectError::NoStep);
    let mut grouped = config(1, 1);
    grouped.group_size = 0;
    assert_eq!(refused(grouped, 5), CollectError::EmptyGroup);
    let mut scaled = config(1, 1);
    scaled.transform.reward_scale = f64::NAN;
    let message = refused(scaled, 5).to_string();
    assert!(message.starts_with("reward_scale = NaN"), "{message}");
}

/// Refuses actions outside `[-1, 1]`; the action is the reward, and the third step the last.
#[derive(Clone, Debug, Default)]
struct Strict {
    step: usize,
}

impl Environment for Strict {
    type Observation = [f32; 1];
    type Action = [f32; 1];

    fn observation_space(&self) -> Space {
        Space::symmetric([3.0])
    }

    fn action_space(&self) -> Space {
        Space::symmetric([1.0])
    }

    fn reset(&mut self, _rng: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.step = 0;
        Ok([0.0])
    }

    fn step(
        &mut self,
        action: &[f32; 1],
        _rng: &mut Stream,
    ) -> Result<Step<[f32; 1]>, EnvironmentError> {
        let space = self.action_space();
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
    let config = CollectConfig::new(Strict::default).environments(2);
    let mut episodes = Episodes::new(config.clone(), 6).unwrap();
    for trajectory in episodes.collect(&policy, 6).unwrap().trajectories.iter() {
        assert_eq!(trajectory.actions, [0.5, -3.0, 7.0]);
        assert_eq!(trajectory.rewards, [0.5, -1.0, 1.0]);
    }
    let mut rollouts = Rollouts::new(config, 4).unwrap();
    let rollout = &rollouts.collect(&policy, 4).unwrap().rollout;
    assert_eq!(rollout.actions(), [0.5, -3.0, 7.0, 0.5].repeat(2));
    assert_eq!(rollout.rewards(), [0.5, -1.0, 1.0, 0.5].repeat(2));
    let [mut rng, mut unused] = [0, 1].map(Stream::from_seed);
    let episode = run_episode(&mut Strict::default(), &mut policy, &mut rng, &mut unused);
    assert_eq!(episode.unwrap().total_reward, 0.5);
}

#[test]
fn an_action_that_is_not_finite_is_refused_by_its_environment() {
    let policy = Listed([0.0, f32::INFINITY, 0.0]);
    let config = CollectConfig::new(Strict::default);
    let expected = "environment 0 of the run with seed 0, step 1 of the episode: action [inf] is \
                    outside the action space Box([-1, 1])";
    let error = Episodes::new(config.clone(), 3)
        .unwrap()
        .collect(&policy, 3)
        .unwrap_err();
    assert_eq!(error.to_string(), expected);
    let error = Rollouts::new(config, 3)
        .unwrap()
        .collect(&policy, 3)
        .unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_members_of_a_group_start_their_episodes_from_the_same_states() {
    let mut config = config(4, 1);
    config.group_size = 2;
    let mut rollouts = Rollouts::new(config, 200).unwrap();
    let rollout = &rollouts.collect(&policy(), 200).unwrap().rollout;
    let environment = |i: usize| rollout.environment_range(i..i + 1);
    let [a, b, c, d] = [0, 1, 2, 3].map(environment);
    assert_eq!(a.observations(), b.observations());
    assert_eq!(c.observations(), d.observations());
    assert_ne!(a.observations(), c.observations());
    assert_ne!(a.actions(), b.actions());
}
