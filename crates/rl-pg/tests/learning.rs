//! Every algorithm learns, in environments whose optimum is known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Training, adam, score, setup, train};
use rl_core::{Agent, Environment, EnvironmentError, Space, Status, Step, Stream};
use rl_envs::TimeLimit;
use rl_envs::trivial::{Bandit, ConstantReward, DelayedReward, Identity};
use rl_learn::{LearnerKind, OptimizerConfig};
use rl_nets::{Device, Networks};
use rl_pg::{
    A2cConfig, A3cConfig, Baseline, PpoConfig, ReinforceConfig, TrpoConfig, ValueTargets,
    VpgConfig, Weighting,
};

fn identity() -> Identity<4> {
    Identity::new(10).unwrap()
}

fn delayed() -> DelayedReward {
    DelayedReward::new(6).unwrap()
}

fn bandit() -> Bandit {
    Bandit::deterministic(&[0.0, 0.2, 1.0, 0.5]).unwrap()
}

const BOTH: [LearnerKind; 2] = [LearnerKind::Burn, LearnerKind::Fused];

#[test]
fn reinforce_learns_the_better_arm_and_the_identity() {
    for learner in BOTH {
        let config = ReinforceConfig {
            baseline: Baseline::Value,
            value_learning_rate: 1e-2,
            optimizer: adam(1e-2, learner),
            ..ReinforceConfig::default()
        };
        let agent = train(config.clone(), setup(bandit, 4), 150);
        assert_eq!(score(&agent, bandit), 1.0, "{learner:?}");
        let agent = train(config, setup(identity, 4), 150);
        assert_eq!(score(&agent, identity), 10.0, "{learner:?}");
    }
}

#[test]
fn vanilla_policy_gradient_learns_a_delayed_reward_with_every_weighting_and_baseline() {
    let combinations = [
        (Weighting::TotalReturn, Baseline::None),
        (Weighting::RewardToGo, Baseline::None),
        (Weighting::RewardToGo, Baseline::Batch),
        (Weighting::RewardToGo, Baseline::Time),
        (Weighting::TotalReturn, Baseline::Group),
        (Weighting::TotalReturn, Baseline::GroupScaled),
        (Weighting::RewardToGo, Baseline::Value),
        (Weighting::NStep, Baseline::Value),
        (Weighting::Gae, Baseline::Value),
    ];
    for (weighting, baseline) in combinations {
        for value_targets in [
            ValueTargets::MonteCarlo,
            ValueTargets::NStep,
            ValueTargets::Lambda,
        ] {
            if baseline != Baseline::Value && value_targets != ValueTargets::MonteCarlo {
                continue;
            }
            let grouped = matches!(baseline, Baseline::Group | Baseline::GroupScaled);
            let config = VpgConfig {
                steps_per_update: 200,
                group_size: if grouped { 4 } else { 1 },
                weighting,
                baseline,
                value_targets,
                gamma: 1.0,
                n_step: 3,
                normalize_advantages: false,
                epochs: if weighting == Weighting::Gae { 2 } else { 1 },
                value_iterations: 20,
                value_learning_rate: 1e-2,
                optimizer: adam(3e-2, LearnerKind::Auto),
                ..VpgConfig::default()
            };
            let agent = train(config, setup(delayed, 4), 40);
            let what = format!("{weighting:?} {baseline:?} {value_targets:?}");
            assert_eq!(score(&agent, delayed), 1.0, "{what}");
        }
    }
}

#[test]
fn actor_critics_learn_the_identity_and_a_delayed_reward() {
    for learner in BOTH {
        let a2c = A2cConfig {
            steps_per_environment: 8,
            optimizer: OptimizerConfig {
                max_grad_norm: Some(0.5),
                ..adam(1e-2, learner)
            },
            ..A2cConfig::default()
        };
        let ppo = PpoConfig {
            steps_per_environment: 32,
            epochs: 4,
            value_clip_range: Some(0.2),
            optimizer: adam(1e-2, learner),
            ..PpoConfig::default()
        };
        let trpo = TrpoConfig {
            steps_per_environment: 32,
            value_iterations: 20,
            optimizer: adam(1e-2, learner),
            ..TrpoConfig::default()
        };
        let agent = train(a2c, setup(identity, 8), 120);
        assert_eq!(score(&agent, identity), 10.0, "a2c {learner:?}");
        let agent = train(ppo.clone(), setup(identity, 8), 20);
        assert_eq!(score(&agent, identity), 10.0, "ppo {learner:?}");
        let agent = train(trpo, setup(identity, 8), 40);
        assert_eq!(score(&agent, identity), 10.0, "trpo {learner:?}");
        let agent = train(ppo, setup(delayed, 8), 20);
        assert_eq!(score(&agent, delayed), 1.0, "ppo {learner:?}");
    }
}

#[test]
fn asynchronous_workers_learn_from_gradients_of_stale_parameters() {
    for learner in BOTH {
        let config = A3cConfig {
            worker: A2cConfig {
                steps_per_environment: 10,
                optimizer: adam(1e-2, learner),
                ..A2cConfig::default()
            },
        };
        let mut training = Training::new(config, setup(identity, 4));
        for update in 0..100 {
            // In the first round all start from the same parameters: 0, 1, 2 and 3 updates old.
            let expected = if update == 0 { 1.5 } else { 3.0 };
            assert_eq!(training.update().get("staleness"), Some(expected));
        }
        assert_eq!(score(&training.agent, identity), 10.0, "{learner:?}");
    }
}

#[test]
fn policies_may_share_their_layers_with_the_value_function() {
    let config = PpoConfig {
        steps_per_environment: 32,
        epochs: 4,
        shared_layers: true,
        optimizer: adam(1e-2, LearnerKind::Auto),
        ..PpoConfig::default()
    };
    let agent = train(config, setup(identity, 8), 60);
    assert_eq!(agent.networks().networks().len(), 1);
    assert_eq!(score(&agent, identity), 10.0);
}

#[test]
fn the_ratios_of_the_first_minibatch_are_exactly_one() {
    for learner in BOTH {
        let config = PpoConfig {
            steps_per_environment: 32,
            optimizer: adam(1e-2, learner),
            ..PpoConfig::default()
        };
        let mut training = Training::new(config, setup(identity, 8));
        for _ in 0..5 {
            let metrics = training.update();
            let fit = training.agent.last_fit();
            assert_eq!(fit.first_ratio_error, 0.0, "{learner:?}");
            assert!(
                metrics.get("approx_kl").unwrap() > 0.0,
                "later ones are not"
            );
        }
    }
}

#[test]
fn a_step_of_trust_region_optimization_stays_within_its_divergence() {
    for target_kl in [1e-3, 1e-2] {
        let config = TrpoConfig {
            steps_per_environment: 64,
            target_kl,
            value_iterations: 5,
            ..TrpoConfig::default()
        };
        let setup = setup(identity, 8);
        let threads = setup.threads.clone();
        let mut training = Training::new(config, setup);
        for _ in 0..10 {
            let before = training.agent.policy();
            let metrics = training.update();
            let after = training.agent.policy();
            let batch = training.interaction.batch();
            let kl = before.mean_kl(&after, batch.rollout.observations(), &threads);
            assert_eq!(Some(kl), metrics.get("kl"));
            // The step is of the size that was asked for, not a timid one.
            assert!(kl <= target_kl && kl >= 0.3 * target_kl, "{kl}");
        }
    }
}

/// The value of the one observation after learning from truncated episodes of reward 1.
fn value_of_reward_one_for_ever(gamma: f64, terminate: bool) -> f64 {
    let make = move || Ended {
        inner: TimeLimit::new(ConstantReward::new(), 10),
        terminate,
    };
    let config = PpoConfig {
        gamma,
        steps_per_environment: 25,
        minibatch_size: 50,
        optimizer: adam(1e-2, LearnerKind::Auto),
        ..PpoConfig::default()
    };
    let agent = train(config, setup(make, 8), 150);
    let value = agent.networks().value_weights().unwrap();
    let mut learner = OptimizerConfig::adam(1e-3)
        .init(Networks::value(value).unwrap(), &Device::flex())
        .unwrap();
    let mut values = [0.0];
    learner.evaluate(&[0.0], &[], &mut [], &mut values).unwrap();
    values[0].into()
}

/// An environment whose time limit may be taken for a death.
struct Ended {
    inner: TimeLimit<ConstantReward>,
    terminate: bool,
}

impl Environment for Ended {
    type Observation = <ConstantReward as Environment>::Observation;
    type Action = <ConstantReward as Environment>::Action;

    fn observation_space(&self) -> Space {
        self.inner.observation_space()
    }

    fn action_space(&self) -> Space {
        self.inner.action_space()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<Self::Observation, EnvironmentError> {
        self.inner.reset(rng)
    }

    fn step(
        &mut self,
        action: &Self::Action,
        rng: &mut Stream,
    ) -> Result<Step<Self::Observation>, EnvironmentError> {
        let mut step = self.inner.step(action, rng)?;
        if step.status == Status::Truncated && self.terminate {
            step.status = Status::Terminated;
        }
        Ok(step)
    }
}

#[test]
fn a_time_limit_that_bootstraps_has_the_value_of_no_limit_and_a_death_has_not() {
    let gamma = 0.9;
    let value = value_of_reward_one_for_ever(gamma, false);
    assert!((value - 10.0).abs() < 0.3, "{value}");
    // Every step of an episode of 10 looks the same: the mean of (1 - γᵏ) / (1 - γ) over k.
    let mean = (1..=10)
        .map(|k| (1.0 - gamma.powi(k)) / (1.0 - gamma))
        .sum::<f64>()
        / 10.0;
    let wrong = value_of_reward_one_for_ever(gamma, true);
    assert!(wrong < 7.0 && wrong > mean - 2.0, "{wrong}, {mean}");
}

/// Naming a symbol whose index is observed as it is.
#[derive(Default)]
struct Symbols {
    shown: usize,
    steps: usize,
}

impl Environment for Symbols {
    type Observation = usize;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::discrete(4)
    }

    fn action_space(&self) -> Space {
        Space::discrete(4)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<usize, EnvironmentError> {
        (self.shown, self.steps) = (rng.below(4), 0);
        Ok(self.shown)
    }

    fn step(&mut self, action: &usize, rng: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        let reward = f64::from(u8::from(*action == self.shown));
        self.shown = rng.below(4);
        self.steps += 1;
        let status = match self.steps {
            10 => Status::Truncated,
            _ => Status::Running,
        };
        Ok(Step {
            observation: self.shown,
            reward,
            status,
        })
    }
}

#[test]
fn every_algorithm_takes_the_indices_of_a_discrete_observation() {
    let symbols = || setup(Symbols::default, 8);
    let optimizer = || adam(1e-2, LearnerKind::Auto);
    let ppo = PpoConfig {
        steps_per_environment: 32,
        epochs: 4,
        optimizer: optimizer(),
        ..PpoConfig::default()
    };
    assert_eq!(score(&train(ppo, symbols(), 20), Symbols::default), 10.0);
    let a2c = A2cConfig {
        steps_per_environment: 8,
        optimizer: optimizer(),
        ..A2cConfig::default()
    };
    assert_eq!(score(&train(a2c, symbols(), 120), Symbols::default), 10.0);
    let a3c = A3cConfig {
        worker: A2cConfig {
            steps_per_environment: 10,
            optimizer: optimizer(),
            ..A2cConfig::default()
        },
    };
    assert_eq!(score(&train(a3c, symbols(), 60), Symbols::default), 10.0);
    let trpo = TrpoConfig {
        steps_per_environment: 32,
        value_iterations: 20,
        optimizer: optimizer(),
        ..TrpoConfig::default()
    };
    assert_eq!(score(&train(trpo, symbols(), 40), Symbols::default), 10.0);
    let vpg = VpgConfig {
        steps_per_update: 400,
        baseline: Baseline::Value,
        optimizer: optimizer(),
        ..VpgConfig::default()
    };
    assert_eq!(score(&train(vpg, symbols(), 60), Symbols::default), 10.0);
    let reinforce = ReinforceConfig {
        baseline: Baseline::Value,
        value_learning_rate: 1e-2,
        optimizer: optimizer(),
        ..ReinforceConfig::default()
    };
    let agent = train(reinforce, symbols(), 150);
    assert_eq!(score(&agent, Symbols::default), 10.0);
}
