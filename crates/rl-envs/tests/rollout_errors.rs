//! What rollouts do with actions and rewards that are out of bounds, or not finite.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{
    BoxSpace, Environment, EnvironmentError, Policy, RolloutCollector, RolloutConfig, RolloutError,
    Space, Status, Step, Stream, Threads,
};
use rl_envs::{Batch, CartPole, EnvironmentId};

/// Streams of environments that draw nothing.
fn streams(n: usize) -> Vec<Stream> {
    vec![Stream::from_seed(0); n]
}

/// An environment without an end whose reward is the action, infinite beyond 1e9, and that refuses
/// actions beyond its bounds.
#[derive(Clone, Debug, Default)]
struct Strict;

impl Environment for Strict {
    type Observation = [f32; 1];
    type Action = [f32; 1];

    fn observation_space(&self) -> BoxSpace {
        BoxSpace::symmetric(&[1.0]).unwrap()
    }

    fn action_space(&self) -> Space {
        Space::Box(BoxSpace::new(vec![-1.0], vec![f32::INFINITY]).unwrap())
    }

    fn reset(&mut self, _rng: &mut Stream) -> [f32; 1] {
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
        Ok(Step {
            observation: [1.0],
            reward: if action[0] > 1e9 {
                f64::INFINITY
            } else {
                action[0].into()
            },
            status: Status::Running,
        })
    }
}

/// Takes its actions from a list, `n` a step.
#[derive(Clone)]
struct Listed<'a>(std::slice::Iter<'a, f32>);

impl Policy for Listed<'_> {
    fn act(&mut self, _observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        actions.fill_with(|| *self.0.next().unwrap());
    }
}

fn listed(actions: &[f32]) -> Listed<'_> {
    Listed(actions.iter())
}

/// A collector over shards of one `Strict` each: every shard's policy reads the whole list.
fn strict(shards: usize) -> RolloutCollector<Batch<Strict>> {
    let shards = (0..shards).map(|_| Batch::new(Strict::default, streams(1)));
    let collector = RolloutCollector::new(shards.collect(), 0, RolloutConfig::default());
    collector.unwrap().with_threads(Threads::new(2).unwrap())
}

#[test]
fn an_action_is_clipped_for_the_environment_and_stored_as_it_was_drawn() {
    let mut collector = strict(1);
    let rollout = &collector
        .collect(&listed(&[0.5, -3.0, 7.0]), 3)
        .unwrap()
        .rollout;
    assert_eq!(rollout.actions(), [0.5, -3.0, 7.0]);
    assert_eq!(rollout.rewards(), [0.5, -1.0, 7.0]);
}

#[test]
fn an_action_that_is_not_finite_is_refused_by_its_environment() {
    for (action, shards) in [(f32::NAN, 1), (f32::INFINITY, 2), (f32::NEG_INFINITY, 3)] {
        let mut collector = strict(shards);
        let error = collector
            .collect(&listed(&[0.0, action, 0.0]), 3)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "environment 0, step 1 of the rollout: action [{action:?}] is outside the action \
                 space Box([-1, inf])"
            )
        );
    }
}

#[test]
fn a_reward_that_is_not_finite_is_an_error_with_its_place_and_the_next_rollout_starts_anew() {
    let mut collector = strict(1);
    collector.collect(&listed(&[0.0]), 1).unwrap();
    assert_eq!(
        collector.collect(&listed(&[0.0, 0.0, 2e9]), 3),
        Err(RolloutError::NonFiniteReward {
            environment: 0,
            step: 2,
            reward: f64::INFINITY,
            scale: 1.0,
        })
    );
    let rollout = &collector.collect(&listed(&[0.0, 0.0]), 2).unwrap().rollout;
    assert_eq!(
        rollout.observations(),
        [0.0, 1.0],
        "the first is that of a reset"
    );
    let rollout = &collector.collect(&listed(&[0.0, 0.0]), 2).unwrap().rollout;
    assert_eq!(rollout.observations(), [1.0, 1.0]);
}

/// Draws actions that are rewarded, rewarded infinitely, or refused.
#[derive(Clone)]
struct Failing;

impl Policy for Failing {
    fn act(&mut self, _observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        for (rng, action) in rngs.iter_mut().zip(actions) {
            *action = [0.0, 0.0, 0.0, 2e9, f32::NAN][rng.below(5)];
        }
    }
}

#[test]
fn the_first_error_in_time_is_told_whatever_the_number_of_shards() {
    let mut errors = Vec::new();
    for seed in 0..50 {
        let [one, two, three] = [&[0, 5][..], &[0, 2, 5], &[0, 1, 2, 5]].map(|starts| {
            let shard =
                |bounds: &[usize]| Batch::new(Strict::default, streams(bounds[1] - bounds[0]));
            let shards = starts.windows(2).map(shard).collect();
            let collector = RolloutCollector::new(shards, seed, RolloutConfig::default());
            let mut collector = collector.unwrap().with_threads(Threads::new(3).unwrap());
            collector.collect(&Failing, 100).unwrap_err().to_string()
        });
        assert_eq!((&two, &three), (&one, &one), "seed {seed}");
        errors.push(one);
    }
    errors.sort();
    errors.dedup();
    assert!(errors.len() >= 5, "{errors:?}");
}

#[test]
fn nothing_to_collect_is_an_error() {
    let config = RolloutConfig::default();
    let none = RolloutCollector::<Batch<CartPole>>::new(vec![], 0, config);
    assert_eq!(none.err(), Some(RolloutError::NoEnvironment));
    let empty = EnvironmentId::CartPole.make_shards(0, 0, 2);
    let empty = RolloutCollector::new(empty, 0, config);
    assert_eq!(empty.err(), Some(RolloutError::NoEnvironment));
    assert_eq!(
        strict(1).collect(&listed(&[]), 0),
        Err(RolloutError::NoStep)
    );

    let mut mixed = EnvironmentId::CartPole.make_shards(0, 2, 2);
    mixed.extend(EnvironmentId::Pendulum.make_shards(0, 1, 1));
    let mixed = RolloutCollector::new(mixed, 0, config);
    assert_eq!(mixed.err(), Some(RolloutError::Spaces(2)));

    let config = RolloutConfig {
        reward_scale: 0.0,
        ..config
    };
    let shards = EnvironmentId::CartPole.make_shards(0, 2, 2);
    let unchecked = RolloutCollector::new(shards, 0, config);
    assert!(matches!(unchecked.err(), Some(RolloutError::Config(_))));
}
