//! Rollouts of real environments: alone, in SIMD registers and on threads, the same bits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::collect::RolloutBatch;
use rl_core::{
    CollectConfig, EnvironmentSource, Episode, FlatEnvironment, GaeConfig, Policy, Purpose,
    RandomPolicy, Rollouts, RunningMoments, Space, Status, Stream, Threads, TransformConfig,
};
use rl_envs::trivial::ConstantReward;
use rl_envs::{EnvironmentId, TimeLimit};

const NORMALIZED: TransformConfig = TransformConfig {
    reward_scale: 0.1,
    normalize_observations: true,
    normalize_rewards: true,
};

/// Random actions that depend on what is observed, those of a box often beyond its bounds.
#[derive(Clone)]
struct Wild(Space);

impl Policy for Wild {
    fn act(&mut self, observations: &[f32], rngs: &mut [Stream], actions: &mut [f32]) {
        let observations = observations.chunks(observations.len() / rngs.len());
        let actions = actions.chunks_mut(self.0.flat_dim());
        for ((rng, observation), action) in rngs.iter_mut().zip(observations).zip(actions) {
            self.0.sample(rng, action);
            match &self.0 {
                Space::Discrete(_) if observation[0] > 0.5 => action[0] = 0.0,
                Space::Discrete(_) => {}
                Space::Box(_) => action
                    .iter_mut()
                    .for_each(|x| *x = 2.0 * *x + observation[0]),
            }
        }
    }
}

/// Environments of a source on some threads, whose rewards are discounted by 0.99.
fn config(
    source: impl EnvironmentSource + 'static,
    environments: usize,
    seed: u64,
    threads: usize,
) -> CollectConfig {
    let mut config = CollectConfig::new(source)
        .environments(environments)
        .seed(seed)
        .threads(Threads::new(threads).unwrap());
    config.gamma = 0.99;
    config
}

fn transformed(config: CollectConfig, transform: TransformConfig) -> CollectConfig {
    CollectConfig {
        transform,
        ..config
    }
}

fn wild(id: EnvironmentId) -> Wild {
    Wild(id.make().unwrap().spaces().action)
}

/// Everything a rollout says, as bits.
fn bits(batch: &RolloutBatch) -> Vec<u64> {
    let RolloutBatch { rollout, episodes } = batch;
    let numbers = [
        rollout.observations(),
        rollout.actions(),
        rollout.rewards(),
        rollout.successors(),
    ];
    (numbers
        .into_iter()
        .flatten()
        .map(|x| u64::from(x.to_bits())))
    .chain(rollout.statuses().iter().map(|&status| status as u64))
    .chain(
        episodes
            .iter()
            .map(|episode| episode.total_reward.to_bits()),
    )
    .chain(episodes.iter().map(|episode| episode.length as u64))
    .collect()
}

#[test]
fn the_number_of_threads_and_the_form_of_the_batches_change_nothing() {
    const ENVIRONMENTS: usize = 19;
    for id in [EnvironmentId::CartPole, EnvironmentId::Pendulum] {
        for transform in [TransformConfig::default(), NORMALIZED] {
            let rollouts = |config| Rollouts::new(transformed(config, transform), 64).unwrap();
            let registered = |threads| rollouts(config(id, ENVIRONMENTS, 3, threads));
            let scalar = |threads| rollouts(config(move || id.make(), ENVIRONMENTS, 3, threads));
            let mut reference = registered(1);
            let mut others = [
                registered(2),
                registered(3),
                scalar(1),
                scalar(2),
                // More threads than environments.
                scalar(ENVIRONMENTS + 3),
            ];
            let mut ends = 0;
            for n_steps in [64, 300, 1, 300] {
                let expected = reference.collect(&wild(id), n_steps).unwrap();
                ends += expected.episodes.len();
                let expected = bits(expected);
                for (form, other) in others.iter_mut().enumerate() {
                    let batch = other.collect(&wild(id), n_steps).unwrap();
                    assert!(bits(batch) == expected, "{id}, form {form}, {transform:?}");
                    assert_eq!(other.normalization(), reference.normalization());
                }
            }
            assert!(ends >= 3 * ENVIRONMENTS, "{ends} ends");
        }
    }
}

#[test]
fn every_environment_is_the_same_on_any_number_of_threads() {
    for &id in EnvironmentId::ALL {
        let observations = id.make().unwrap().spaces().observation;
        let transform = TransformConfig {
            // An index has no moments.
            normalize_observations: matches!(observations, Space::Box(_)),
            ..NORMALIZED
        };
        let rollouts = [1, 2, 3].map(|threads| {
            let config = transformed(config(id, 10, 5, threads), transform);
            let mut rollouts = Rollouts::new(config, 70).unwrap();
            rollouts.collect(&wild(id), 70).unwrap();
            bits(rollouts.collect(&wild(id), 70).unwrap())
        });
        assert!(
            rollouts[0] == rollouts[1] && rollouts[0] == rollouts[2],
            "{id}"
        );
    }
}

/// Contents of a rollout of one environment, as a user would write it down.
#[derive(Debug, Default, PartialEq)]
struct Written {
    observations: Vec<f32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    statuses: Vec<Status>,
    successors: Vec<f32>,
    episodes: Vec<Episode>,
}

#[test]
fn a_rollout_is_what_stepping_the_environments_by_hand_gives() {
    const ENVIRONMENTS: usize = 5;
    for id in [EnvironmentId::CartPole, EnvironmentId::Pendulum] {
        let mut rollouts = Rollouts::new(config(id, ENVIRONMENTS, 9, 2), 250).unwrap();
        let mut policy = wild(id);
        let mut alone: Vec<_> = (0..ENVIRONMENTS)
            .map(|i| {
                let mut rng = Stream::derive(9, Purpose::Environment, i as u32);
                let mut environment = id.make().unwrap();
                let dim = environment.spaces().observation.flat_dim();
                let mut observation = vec![0.0; dim];
                environment.reset_into(&mut rng, &mut observation).unwrap();
                let action_rng = Stream::derive(9, Purpose::Action, i as u32);
                (environment, rng, action_rng, observation, Vec::new())
            })
            .collect();
        for n_steps in [250, 411] {
            let mut all = Written::default();
            for (environment, rng, action_rng, observation, episode) in &mut alone {
                for step in 0..n_steps {
                    let mut action = [0.0];
                    policy.act(observation, std::slice::from_mut(action_rng), &mut action);
                    all.observations.extend_from_slice(observation);
                    all.actions.extend(action);
                    let (reward, status) =
                        environment.step_into(&action, rng, observation).unwrap();
                    episode.push(reward);
                    all.rewards.push(reward as f32);
                    all.statuses.push(status);
                    if status != Status::Running || step + 1 == n_steps {
                        all.successors.extend_from_slice(observation);
                    }
                    if status != Status::Running {
                        all.episodes.push(Episode {
                            total_reward: episode.iter().sum(),
                            length: episode.len(),
                        });
                        episode.clear();
                        environment.reset_into(rng, observation).unwrap();
                    }
                }
            }
            let RolloutBatch { rollout, episodes } = rollouts.collect(&policy, n_steps).unwrap();
            assert_eq!(rollout.len(), ENVIRONMENTS * n_steps);
            let written = Written {
                observations: rollout.observations().to_vec(),
                actions: rollout.actions().to_vec(),
                rewards: rollout.rewards().to_vec(),
                statuses: rollout.statuses().to_vec(),
                successors: rollout.successors().to_vec(),
                episodes: episodes.clone(),
            };
            assert!(written == all, "{id}, {n_steps} steps");
            assert!(episodes.len() >= ENVIRONMENTS);
        }
    }
}

/// Mean and variance of numbers, by two passes.
fn moments(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares = numbers.iter().map(|x| (x - mean).powi(2));
    (mean, squares.sum::<f64>() / n)
}

fn clipped(x: f64) -> f64 {
    x.clamp(-10.0, 10.0)
}

fn assert_close(ours: f32, expected: f64, what: &str) {
    let difference = (f64::from(ours) - expected).abs();
    assert!(
        difference <= 1e-5 * expected.abs().max(1.0),
        "{what}: {ours} instead of {expected}"
    );
}

/// The rules of Stable-Baselines3's `VecNormalize`, but for statistics that change between two
/// rollouts only.
#[test]
fn normalisation_is_by_what_earlier_rollouts_saw() {
    const ENVIRONMENTS: usize = 4;
    const GAMMA: f64 = 0.9;
    let transform = TransformConfig {
        reward_scale: 3.0,
        normalize_observations: true,
        normalize_rewards: true,
    };
    for id in [EnvironmentId::CartPole, EnvironmentId::Pendulum] {
        // It looks at no observation, and so acts alike on both.
        let policy = RandomPolicy::new(id.make().unwrap().spaces().action);
        let [mut raw, mut normalized] = [TransformConfig::default(), transform].map(|transform| {
            let config = CollectConfig {
                gamma: GAMMA,
                ..transformed(config(id, ENVIRONMENTS, 1, 2), transform)
            };
            Rollouts::new(config, 30).unwrap()
        });
        let dim = id.make().unwrap().spaces().observation.flat_dim();
        let (mut seen, mut returns) = (vec![Vec::new(); dim], Vec::new());
        let mut discounted_returns = [0.0; ENVIRONMENTS];
        for n_steps in [30, 250, 100] {
            let frozen = normalized.normalization().clone();
            let raw = &raw.collect(&policy, n_steps).unwrap().rollout;
            let ours = normalized.collect(&policy, n_steps).unwrap();
            let rollout = &ours.rollout;
            assert_eq!(
                (rollout.actions(), rollout.statuses()),
                (raw.actions(), raw.statuses())
            );

            let by: Vec<_> = (seen.iter())
                .map(|xs: &Vec<f64>| {
                    if xs.is_empty() {
                        (0.0, 1.0)
                    } else {
                        moments(xs)
                    }
                })
                .collect();
            for (ours, theirs) in [
                (rollout.observations(), raw.observations()),
                (rollout.successors(), raw.successors()),
            ] {
                assert_eq!(ours.len(), theirs.len());
                for (ours, theirs) in ours.chunks(dim).zip(theirs.chunks(dim)) {
                    let mut by_hand = theirs.to_vec();
                    frozen.apply(&mut by_hand);
                    assert_eq!(ours, by_hand, "a policy elsewhere sees the same");
                    for (d, (mean, variance)) in by.iter().enumerate() {
                        let x = (f64::from(theirs[d]) - mean) / (variance + 1e-8).sqrt();
                        assert_close(ours[d], clipped(x), "observation");
                    }
                }
            }
            for (d, xs) in seen.iter_mut().enumerate() {
                xs.extend(raw.observations().chunks(dim).map(|row| f64::from(row[d])));
            }

            let variance = if returns.is_empty() {
                1.0
            } else {
                moments(&returns).1
            };
            for (row, &reward) in raw.rewards().iter().enumerate() {
                let scaled = 3.0 * f64::from(reward);
                let x = scaled / (variance + 1e-8).sqrt();
                assert_close(rollout.rewards()[row], clipped(x), "reward");
                let discounted_return = &mut discounted_returns[row / n_steps];
                *discounted_return = GAMMA * *discounted_return + scaled;
                returns.push(*discounted_return);
                if raw.statuses()[row] != Status::Running {
                    *discounted_return = 0.0;
                }
            }
            for episode in &ours.episodes {
                let least = if id == EnvironmentId::CartPole {
                    1.0
                } else {
                    -17.0
                };
                let length = episode.length as f64;
                assert!(
                    episode.total_reward >= least * length,
                    "in the environment's rewards"
                );
            }
        }
    }
}

#[test]
fn a_reward_for_ever_under_a_time_limit_is_worth_one_over_one_minus_gamma() {
    let limited = || TimeLimit::new(ConstantReward::new(), 7);
    let policy = RandomPolicy::new(limited().spaces().action);
    let mut rollouts = Rollouts::new(config(limited, 3, 0, 1), 25).unwrap();
    let gae = GaeConfig {
        gamma: 0.9,
        lambda: 0.95,
    }
    .validate()
    .unwrap();
    for _ in 0..3 {
        let rollout = &rollouts.collect(&policy, 25).unwrap().rollout;
        let successors = rollout.successors().len() / rollout.observation_dim();
        let values = vec![10.0; rollout.len()];
        let [mut next_values, mut advantages, mut returns] = [(); 3].map(|()| values.clone());
        rollout
            .view()
            .next_values(&values, &vec![10.0; successors], &mut next_values);
        rollout
            .view()
            .advantages(&gae, &values, &next_values, &mut advantages, &mut returns);
        assert!(rollout.statuses().contains(&Status::Truncated));
        assert!(advantages.iter().all(|x| x.abs() < 1e-5), "{advantages:?}");
        assert!(
            returns.iter().all(|x| (x - 10.0).abs() < 1e-5),
            "{returns:?}"
        );
    }
}

#[test]
fn a_rollout_in_used_memory_allocates_for_itself_and_not_per_step() {
    for transform in [TransformConfig::default(), NORMALIZED] {
        for id in [
            EnvironmentId::CartPole,
            EnvironmentId::LunarLanderContinuous,
        ] {
            let policy = RandomPolicy::new(id.make().unwrap().spaces().action);
            let config = transformed(config(id, 9, 0, 1), transform);
            let mut rollouts = Rollouts::new(config, 2000).unwrap();
            let mut allocations = |n_steps| {
                let measured = allocation_counter::measure(|| {
                    rollouts.collect(&policy, n_steps).unwrap();
                });
                measured.count_total
            };
            allocations(2000);
            let few = allocations(1);
            assert_eq!(allocations(2000), few, "{id}, {transform:?}");
            assert!(few < 10, "{few} allocations per rollout of {id}");
        }
    }
}

#[test]
fn the_moments_in_the_file_of_a_policy_are_those_acted_with() {
    let config = || config(EnvironmentId::CartPole, 3, 0, 1);
    let policy = wild(EnvironmentId::CartPole);
    let mut plain = Rollouts::new(config(), 10).unwrap();
    plain.collect(&policy, 10).unwrap();
    assert_eq!(plain.normalization().moments(), None);

    let mut rollouts = Rollouts::new(transformed(config(), NORMALIZED), 10).unwrap();
    assert_eq!(
        rollouts.normalization().moments(),
        Some(&RunningMoments::new(4))
    );
    rollouts.collect(&policy, 10).unwrap();
    let moments = rollouts.normalization().moments().unwrap();
    assert_eq!(moments, &moments.frozen());
    assert_ne!(moments, &RunningMoments::new(4));
}
