//! Every algorithm learns, in environments whose optimum is known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{
    Agent, BatchEnvironment, Collector, FlatEnvironment, Rollout, RolloutCollector, RolloutConfig,
    Space, Stream, Threads, TrajectoryStore, run_episode,
};
use rl_envs::trivial::{Bandit, ConstantReward, DelayedReward, Identity};
use rl_envs::{Batch, TimeLimit};
use rl_learn::{LearnerKind, OptimizerConfig, UpdateError};
use rl_nets::{
    ActionChoice, Activation, Actor, Device, DistributionKind, MlpConfig, Networks, PolicyConfig,
};
use rl_pg::{
    A2cConfig, A3c, Baseline, PolicyGradient, PpoConfig, ReinforceConfig, TrpoConfig, UpdateReport,
    ValueTargets, VpgConfig, Weighting,
};

fn networks(environment: &impl FlatEnvironment, kind: Option<DistributionKind>) -> Networks {
    let mut rng = Stream::from_seed(0);
    let (inputs, space) = (
        environment.observation_space().dim(),
        environment.action_space(),
    );
    let kind = kind.unwrap_or(match space {
        Space::Discrete(_) => DistributionKind::Categorical,
        Space::Box(_) => DistributionKind::DiagGaussian,
    });
    let policy = PolicyConfig::new(inputs, &space)
        .with_distribution(kind)
        .unwrap()
        .with_hidden(1, 16, Activation::Tanh);
    let value = MlpConfig {
        n_layers: 1,
        size: 16,
        ..MlpConfig::new(inputs, 1)
    };
    Networks::separate(policy.draw(&mut rng), value.draw(&mut rng))
}

/// Mean return of the likeliest actions over 20 episodes.
fn score<E: FlatEnvironment>(networks: &Networks, make: impl Fn() -> E) -> f64 {
    let weights = networks.policy_weights().unwrap();
    let mut policy = Actor::new(&weights).with_choice(ActionChoice::Mode);
    let mut environment = make();
    let returns = (0..20).map(|seed| {
        let (mut reset, mut act) = (Stream::from_seed(seed), Stream::from_seed(seed));
        run_episode(&mut environment, &mut policy, &mut reset, &mut act)
            .unwrap()
            .total_reward
    });
    returns.sum::<f64>() / 20.0
}

fn train_on_episodes<E, A>(
    mut agent: A,
    make: impl Fn() -> E,
    steps: usize,
    updates: usize,
) -> Networks
where
    E: FlatEnvironment,
    A: Agent<
            Policy = Actor,
            Experience = TrajectoryStore,
            Report = UpdateReport,
            Error = UpdateError,
        > + PolicyGradient,
{
    let mut collector = Collector::new((0..4).map(|_| make()).collect(), 0).unwrap();
    for _ in 0..updates {
        let batch = collector.collect(&agent.policy(), steps).unwrap();
        agent.update(&batch.trajectories).unwrap();
    }
    agent.networks()
}

fn batch<E: FlatEnvironment + 'static>(
    make: impl Fn() -> E,
    environments: u64,
) -> Box<dyn BatchEnvironment> {
    Box::new(Batch::new(
        make,
        (0..environments).map(Stream::from_seed).collect(),
    ))
}

fn rollouts<E: FlatEnvironment + 'static>(
    make: impl Fn() -> E,
) -> RolloutCollector<Box<dyn BatchEnvironment>> {
    RolloutCollector::new(vec![batch(make, 8)], 0, RolloutConfig::default()).unwrap()
}

fn train_on_rollouts<E, A>(
    mut agent: A,
    make: impl Fn() -> E,
    steps: usize,
    updates: usize,
) -> Networks
where
    E: FlatEnvironment + 'static,
    A: Agent<Policy = Actor, Experience = Rollout, Report = UpdateReport, Error = UpdateError>
        + PolicyGradient,
{
    let mut collector = rollouts(make);
    for _ in 0..updates {
        let batch = collector.collect(&agent.policy(), steps).unwrap();
        agent.update(&batch.rollout).unwrap();
    }
    agent.networks()
}

fn identity() -> Identity<4> {
    Identity::new(10).unwrap()
}

fn delayed() -> DelayedReward {
    DelayedReward::new(6).unwrap()
}

fn bandit() -> Bandit {
    Bandit::deterministic(&[0.0, 0.2, 1.0, 0.5]).unwrap()
}

fn adam(learning_rate: f64, learner: LearnerKind) -> OptimizerConfig {
    OptimizerConfig {
        learner,
        ..OptimizerConfig::adam(learning_rate)
    }
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
        let device = Device::flex();
        let agent = config.init(networks(&bandit(), None), &device).unwrap();
        let learned = train_on_episodes(agent, bandit, 4, 150);
        assert_eq!(score(&learned, bandit), 1.0, "{learner:?}");
        let agent = config.init(networks(&identity(), None), &device).unwrap();
        let learned = train_on_episodes(agent, identity, 4, 150);
        assert_eq!(score(&learned, identity), 10.0, "{learner:?}");
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
            let config = VpgConfig {
                weighting,
                baseline,
                value_targets,
                n_step: 3,
                epochs: if weighting == Weighting::Gae { 2 } else { 1 },
                value_iterations: 20,
                value_learning_rate: 1e-2,
                optimizer: adam(3e-2, LearnerKind::Auto),
                ..VpgConfig::default()
            };
            let agent = config
                .init(networks(&delayed(), None), &Device::flex())
                .unwrap();
            let learned = train_on_episodes(agent, delayed, 200, 40);
            let what = format!("{weighting:?} {baseline:?} {value_targets:?}");
            assert_eq!(score(&learned, delayed), 1.0, "{what}");
        }
    }
}

#[test]
fn actor_critics_learn_the_identity_and_a_delayed_reward() {
    let device = Device::flex();
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
        let shuffling = || Stream::from_seed(9);

        let agent = a2c.init(networks(&identity(), None), &device).unwrap();
        let learned = train_on_rollouts(agent, identity, 8, 120);
        assert_eq!(score(&learned, identity), 10.0, "a2c {learner:?}");
        let agent = ppo
            .init(networks(&identity(), None), &device, shuffling())
            .unwrap();
        let learned = train_on_rollouts(agent, identity, 32, 20);
        assert_eq!(score(&learned, identity), 10.0, "ppo {learner:?}");
        let agent = trpo.init(networks(&identity(), None), &device).unwrap();
        let learned = train_on_rollouts(agent, identity, 32, 40);
        assert_eq!(score(&learned, identity), 10.0, "trpo {learner:?}");

        let agent = ppo
            .init(networks(&delayed(), None), &device, shuffling())
            .unwrap();
        let learned = train_on_rollouts(agent, delayed, 32, 20);
        assert_eq!(score(&learned, delayed), 1.0, "ppo {learner:?}");
    }
}

#[test]
fn asynchronous_workers_learn_from_gradients_of_stale_parameters() {
    for learner in BOTH {
        let config = A2cConfig {
            steps_per_environment: 10,
            optimizer: adam(1e-2, learner),
            ..A2cConfig::default()
        };
        let networks = networks(&identity(), None);
        let mut agent = A3c::new(config, 4, networks, &Device::flex()).unwrap();
        let mut collectors: Vec<_> = (0..4)
            .map(|worker| {
                let config = RolloutConfig::default();
                RolloutCollector::numbered(vec![batch(identity, 1)], 0, config, worker).unwrap()
            })
            .collect();
        for update in 0..100 {
            let policies: Vec<Actor> = agent.policies().cloned().collect();
            let rollouts: Vec<&Rollout> = collectors
                .iter_mut()
                .zip(&policies)
                .map(|(collector, policy)| &collector.collect(policy, 10).unwrap().rollout)
                .collect();
            let report = agent.update(&rollouts).unwrap();
            // In the first round all start from the same parameters: 0, 1, 2 and 3 updates old.
            let expected = if update == 0 { 1.5 } else { 3.0 };
            assert_eq!(report.staleness, Some(expected));
        }
        assert_eq!(score(&agent.networks(), identity), 10.0, "{learner:?}");
    }
}

#[test]
fn policies_may_share_their_layers_with_the_value_function() {
    let mut rng = Stream::from_seed(0);
    let space = FlatEnvironment::action_space(&identity());
    let policy = PolicyConfig::new(4, &space).with_hidden(1, 16, Activation::Tanh);
    let head = MlpConfig {
        n_layers: 0,
        ..MlpConfig::new(16, 1)
    };
    let networks = Networks::shared(policy.draw(&mut rng), &head.draw(&mut rng).layers[0]);
    let config = PpoConfig {
        steps_per_environment: 32,
        epochs: 4,
        optimizer: adam(1e-2, LearnerKind::Auto),
        ..PpoConfig::default()
    };
    let agent = config
        .init(networks, &Device::flex(), Stream::from_seed(9))
        .unwrap();
    let learned = train_on_rollouts(agent, identity, 32, 60);
    assert_eq!(score(&learned, identity), 10.0);
}

#[test]
fn the_ratios_of_the_first_minibatch_are_exactly_one() {
    for learner in BOTH {
        let config = PpoConfig {
            steps_per_environment: 32,
            optimizer: adam(1e-2, learner),
            ..PpoConfig::default()
        };
        let networks = networks(&identity(), None);
        let mut agent = config
            .init(networks, &Device::flex(), Stream::from_seed(9))
            .unwrap();
        let mut collector = rollouts(identity);
        for _ in 0..5 {
            let batch = collector.collect(&agent.policy(), 32).unwrap();
            agent.update(&batch.rollout).unwrap();
            assert_eq!(agent.last_fit().first_ratio_error, 0.0, "{learner:?}");
            assert!(agent.last_fit().approx_kl > 0.0, "later ones are not");
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
        let networks = networks(&identity(), None);
        let mut agent = config.init(networks, &Device::flex()).unwrap();
        let mut collector = rollouts(identity);
        for _ in 0..10 {
            let before = agent.networks().policy_weights().unwrap();
            let batch = collector.collect(&agent.policy(), 64).unwrap();
            let report = agent.update(&batch.rollout).unwrap();
            let after = agent.networks().policy_weights().unwrap();
            let kl = Actor::new(&before).mean_kl(
                &Actor::new(&after),
                batch.rollout.observations(),
                &Threads::default(),
            );
            assert_eq!(kl, report.kl);
            assert!(kl <= target_kl, "{kl}");
            // The step is of the size that was asked for, not a timid one.
            assert!(report.steps == 1 && kl >= 0.3 * target_kl, "{kl}");
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
    let agent = config
        .init(
            networks(&make(), None),
            &Device::flex(),
            Stream::from_seed(9),
        )
        .unwrap();
    let learned = train_on_rollouts(agent, make, 25, 150);
    let value = learned.value_weights().unwrap();
    let mut learner = OptimizerConfig::adam(1e-3)
        .init(Networks::value(value), &Device::flex())
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

impl FlatEnvironment for Ended {
    fn observation_space(&self) -> rl_core::BoxSpace {
        FlatEnvironment::observation_space(&self.inner)
    }

    fn action_space(&self) -> Space {
        FlatEnvironment::action_space(&self.inner)
    }

    fn reset_into(&mut self, rng: &mut Stream, observation: &mut [f32]) {
        self.inner.reset_into(rng, observation);
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, rl_core::Status), rl_core::EnvironmentError> {
        let (reward, status) = self.inner.step_into(action, rng, observation)?;
        let status = match status {
            rl_core::Status::Truncated if self.terminate => rl_core::Status::Terminated,
            status => status,
        };
        Ok((reward, status))
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
