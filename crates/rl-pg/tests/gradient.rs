//! The estimate of the policy gradient, in expectation, beside the gradient.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::setup;
use rl_core::{
    Agent, Clock, End, Environment, EnvironmentError, Learns, Metrics, Space, Status, Step, Stream,
    TrajectoryStore,
};
use rl_learn::{Algorithm, LearnerKind, NetworksConfig, Optimizer, OptimizerConfig, Setup};
use rl_nets::PolicyWeights;
use rl_pg::{Gradient, ReinforceConfig, VpgConfig};

/// Steps of an episode that begins with action 1.
const LONG: usize = 4;

/// Action 0 ends the episode with reward 1; action 1 makes it last LONG steps, each of reward 1,
/// whatever is done in the others.
#[derive(Default)]
struct ShortOrLong {
    elapsed: usize,
}

impl Environment for ShortOrLong {
    type Observation = [f32; 1];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _: &mut Stream) -> Result<[f32; 1], EnvironmentError> {
        self.elapsed = 0;
        Ok([0.0])
    }

    fn step(&mut self, action: &usize, _: &mut Stream) -> Result<Step<[f32; 1]>, EnvironmentError> {
        self.elapsed += 1;
        let over = self.elapsed == LONG || (self.elapsed == 1 && *action == 0);
        Ok(Step {
            observation: [0.0],
            reward: 1.0,
            status: if over {
                Status::Terminated
            } else {
                Status::Running
            },
        })
    }
}

/// The episodes that there are: the actions of each, `[1]` or `[LONG]`.
fn episodes() -> Vec<Vec<usize>> {
    let long = (0..1 << (LONG - 1)).map(|bits: usize| {
        let later = (0..LONG - 1).map(|i| bits >> i & 1);
        std::iter::once(1).chain(later).collect()
    });
    std::iter::once(vec![0]).chain(long).collect()
}

fn store(episodes: &[&[usize]]) -> TrajectoryStore {
    let mut store = TrajectoryStore::new(1, 1);
    for actions in episodes {
        let mut episode = store.begin(&[0.0]);
        let (last, others) = actions.split_last().unwrap();
        for &action in others {
            episode.push(&[action as f32], 1.0, &[0.0]);
        }
        episode.finish(&[*last as f32], 1.0, &[0.0], End::Terminated);
    }
    store
}

/// The logits of a linear policy at the observation 0.
fn logits(policy: &PolicyWeights) -> [f64; 2] {
    let bias = &policy.mlp.layers[0].bias;
    [f64::from(bias[0]), f64::from(bias[1])]
}

/// Every batch of episodes that is gathered one by one until it is full.
fn batches<'a>(
    episodes: &'a [Vec<usize>],
    is_full: &impl Fn(&[&[usize]]) -> bool,
    begun: &[&'a [usize]],
) -> Vec<Vec<&'a [usize]>> {
    if is_full(begun) {
        return vec![begun.to_vec()];
    }
    let longer = episodes.iter().flat_map(|episode| {
        let begun = [begun, &[episode.as_slice()]].concat();
        batches(episodes, is_full, &begun)
    });
    longer.collect()
}

/// By how much a step of size 1 on a batch changes the first logit, on average over batches, as a
/// multiple of the gradient `p (1 - p) (1 - LONG)` of the return `p + (1 - p) LONG` by that logit; and the
/// number of episodes of a batch, on average.
fn change<K: Algorithm>(config: &K, is_full: impl Fn(&[&[usize]]) -> bool) -> (f64, f64)
where
    K::Agent: Learns<TrajectoryStore, Policy = rl_nets::Actor>,
{
    let setup = Setup {
        networks: NetworksConfig {
            n_layers: 0,
            ..NetworksConfig::default()
        },
        ..setup(ShortOrLong::default, 1)
    };
    let clock = Clock::start(setup.horizon);
    let valid = config.clone().validate(setup).unwrap();
    let logits_of = |agent: &K::Agent| logits(agent.policy().weights().unwrap());
    let start = logits_of(&K::build(&valid).unwrap().0);
    let p = 1.0 / (1.0 + (start[1] - start[0]).exp());
    let (mut change, mut number) = (0.0, 0.0);
    for batch in batches(&episodes(), &is_full, &[]) {
        let actions = batch.iter().flat_map(|episode| episode.iter());
        let probability: f64 = actions.map(|&a| if a == 0 { p } else { 1.0 - p }).product();
        let (mut agent, _) = K::build(&valid).unwrap();
        let experience = store(&batch);
        agent
            .update(&experience, &clock, &mut Metrics::default())
            .unwrap();
        change += probability * (logits_of(&agent)[0] - start[0]);
        number += probability * batch.len() as f64;
    }
    (change / (p * (1.0 - p) * (1.0 - LONG as f64)), number)
}

fn ascent(learner: LearnerKind) -> OptimizerConfig {
    OptimizerConfig {
        optimizer: Optimizer::Sgd,
        learning_rate: 1.0,
        learner,
        ..OptimizerConfig::default()
    }
}

#[test]
fn the_sum_over_steps_is_the_gradient_on_average_and_the_mean_over_an_episodes_steps_is_zero() {
    for learner in [LearnerKind::Burn, LearnerKind::Fused] {
        let change = |gradient, episodes| {
            let config = ReinforceConfig {
                gradient,
                gamma: 1.0,
                optimizer: ascent(learner),
                ..ReinforceConfig::default()
            };
            change(&config, |batch| batch.len() == episodes).0
        };
        for episodes in [1, 2] {
            let sum = change(Gradient::Sum, episodes);
            assert!((sum - 1.0).abs() < 1e-5, "{learner:?} {episodes}: {sum}");
        }
        let mean = change(Gradient::MeanOverSteps, 1);
        assert!(mean.abs() < 1e-6, "{learner:?}: {mean}");
    }
}

#[test]
fn the_sum_over_a_batch_of_least_steps_is_a_multiple_of_the_gradient_that_episodes_tell() {
    // However the batch ends: Wald's identity.
    for steps_per_update in [1, 2, 5] {
        let change = |gradient| {
            let config = VpgConfig {
                gradient,
                steps_per_update,
                gamma: 1.0,
                normalize_advantages: false,
                optimizer: ascent(LearnerKind::Auto),
                ..VpgConfig::default()
            };
            let steps = |batch: &[&[usize]]| batch.iter().map(|episode| episode.len()).sum();
            change(&config, |batch| {
                let steps: usize = steps(batch);
                steps >= steps_per_update
            })
        };
        let (sum, episodes) = change(Gradient::Sum);
        let expected = episodes / steps_per_update as f64;
        assert!((sum - expected).abs() < 1e-4 * expected, "{sum} {expected}");
        let (mean, _) = change(Gradient::MeanOverSteps);
        assert!(mean < 0.9 * expected, "{mean} {expected}");
    }
}

#[test]
fn discounts_from_the_start_make_the_gradient_of_the_discounted_return() {
    // Two steps, whatever is done; action 0 is the one with a reward. The return's gradient by the
    // first logit is p (1 - p) (1 + γ), and without the factor γᵗ both steps count the same.
    let gamma = 0.5;
    for (discount_from_start, expected) in [(true, 1.0 + gamma), (false, 2.0)] {
        let config = ReinforceConfig {
            gamma,
            discount_from_start,
            optimizer: ascent(LearnerKind::Auto),
            ..ReinforceConfig::default()
        };
        let setup = Setup {
            networks: NetworksConfig {
                n_layers: 0,
                ..NetworksConfig::default()
            },
            ..setup(ShortOrLong::default, 2)
        };
        let clock = Clock::start(setup.horizon);
        let valid = config.validate(setup).unwrap();
        let bias = |agent: &<ReinforceConfig as Algorithm>::Agent| {
            logits(agent.policy().weights().unwrap())
        };
        let start = bias(&ReinforceConfig::build(&valid).unwrap().0);
        let p = 1.0 / (1.0 + (start[1] - start[0]).exp());
        let mut change = 0.0;
        // Batches of two episodes, of all that there are: the second episode may not begin at a
        // discount.
        for bits in 0..16_usize {
            let actions: [usize; 4] = std::array::from_fn(|i| bits >> i & 1);
            let mut store = TrajectoryStore::new(1, 1);
            for pair in actions.chunks(2) {
                let reward = |action: usize| 1.0 - action as f32;
                let mut episode = store.begin(&[0.0]);
                episode.push(&[pair[0] as f32], reward(pair[0]), &[0.0]);
                let last = &[pair[1] as f32];
                episode.finish(last, reward(pair[1]), &[0.0], End::Terminated);
            }
            let probability: f64 = actions
                .map(|a| if a == 0 { p } else { 1.0 - p })
                .iter()
                .product();
            let (mut agent, _) = ReinforceConfig::build(&valid).unwrap();
            agent
                .update(&store, &clock, &mut Metrics::default())
                .unwrap();
            change += probability * (bias(&agent)[0] - start[0]);
        }
        let factor = change / (p * (1.0 - p));
        assert!((factor - expected).abs() < 1e-5, "{factor} {expected}");
    }
}
