//! Training of small agents.
#![allow(dead_code, reason = "every test takes what it needs of it")]

use rl_core::{
    Agent, Budget, Clock, EnvironmentSource, Interact, Metrics, Policy, Stream, run_episode,
};
use rl_learn::{Algorithm, LearnerKind, NetworksConfig, OptimizerConfig, Setup};
use rl_nets::Device;

/// Environments side by side, one hidden layer of 16 units, on the CPU.
pub fn setup(source: impl EnvironmentSource + 'static, environments: usize) -> Setup {
    Setup {
        environments,
        device: Device::flex(),
        networks: NetworksConfig {
            n_layers: 1,
            size: 16,
            ..NetworksConfig::default()
        },
        ..Setup::new(source, Budget::Updates(1000)).unwrap()
    }
}

/// Adam by one of the learners.
pub fn adam(learning_rate: f64, learner: LearnerKind) -> OptimizerConfig {
    OptimizerConfig {
        learner,
        ..OptimizerConfig::adam(learning_rate)
    }
}

/// A run that is taken update by update.
pub struct Training<K: Algorithm> {
    pub agent: K::Agent,
    pub interaction: K::Interaction,
    pub clock: Clock,
}

impl<K: Algorithm> Training<K> {
    pub fn new(config: K, setup: Setup) -> Self {
        let clock = Clock::start(setup.horizon);
        let valid = config.validate(setup).unwrap();
        let (agent, interaction) = K::build(&valid).unwrap();
        Self {
            agent,
            interaction,
            clock,
        }
    }

    pub fn update(&mut self) -> Metrics {
        let mut metrics = Metrics::default();
        self.interaction
            .update(&mut self.agent, &mut self.clock, &mut metrics)
            .unwrap();
        self.clock.updates += 1;
        metrics
    }
}

/// The agent of a training of so many updates.
pub fn train<K: Algorithm>(config: K, setup: Setup, updates: usize) -> K::Agent {
    let mut training = Training::new(config, setup);
    (0..updates).for_each(|_| _ = training.update());
    training.agent
}

/// Mean return of an agent's policy over 20 episodes.
pub fn score(agent: &impl Agent, source: impl EnvironmentSource) -> f64 {
    let mut policy = agent.policy();
    score_of(&mut policy, source)
}

pub fn score_of(policy: &mut impl Policy, source: impl EnvironmentSource) -> f64 {
    let mut environment = source.make().unwrap();
    let returns = (0..20).map(|seed| {
        let (mut reset, mut act) = (Stream::from_seed(seed), Stream::from_seed(seed));
        let episode = run_episode(environment.as_mut(), policy, &mut reset, &mut act);
        episode.unwrap().total_reward
    });
    returns.sum::<f64>() / 20.0
}
