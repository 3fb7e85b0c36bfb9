//! Deep Q-networks on Baird's star, by a linear network: they diverge where the expected updates of `deadly_triad.rs` do, and are held
//! by the same ingredients.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::{
    Agent, Budget, Clock, Environment, EnvironmentError, Interact, Metrics, Space, Status, Step,
    Stream,
};
use rl_learn::{Algorithm, NetworksConfig, Optimizer, OptimizerConfig, Setup, TdLoss};
use rl_nets::{Device, DistributionKind, PolicyConfig, PolicyWeights};
use rl_value::{Decay, DqnConfig, ExplorationConfig};

/// Actions of the star as an environment: six that lead to the upper states, and one to the seventh, so that actions at random are
/// those of the behaviour policy.
const ACTIONS: usize = 7;

/// The star as an environment whose observations are the features of its states.
#[derive(Clone, Default)]
struct Star(usize);

impl Star {
    fn observation(self) -> [f32; 8] {
        let (own, shared) = if self.0 < 6 { (2.0, 1.0) } else { (1.0, 2.0) };
        let mut features = [0.0; 8];
        (features[self.0], features[7]) = (own, shared);
        features
    }
}

impl Environment for Star {
    type Observation = [f32; 8];
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(8)
    }

    fn action_space(&self) -> Space {
        Space::discrete(ACTIONS)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<[f32; 8], EnvironmentError> {
        self.0 = rng.below(7);
        Ok(self.clone().observation())
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        self.0 = if *action < 6 { rng.below(6) } else { 6 };
        Ok(Step {
            observation: self.clone().observation(),
            reward: 0.0,
            status: Status::Running,
        })
    }
}

/// A network without hidden layers, of the book's first parameters for each action, and biases that begin at 0.
fn linear() -> PolicyWeights {
    let config = PolicyConfig::new(8, &Space::discrete(ACTIONS));
    let config = config.with_distribution(DistributionKind::Greedy).unwrap();
    let config = config.with_hidden(0, 1, rl_nets::Activation::Identity);
    let mut weights = config.draw(&mut Stream::from_seed(0));
    let layer = &mut weights.mlp.layers[0];
    let first = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 10.0, 1.0];
    let of_inputs = layer.weight.chunks_exact_mut(ACTIONS);
    of_inputs
        .zip(first)
        .for_each(|(weights, of_input)| weights.fill(of_input));
    layer.bias.fill(0.0);
    weights
}

/// The largest action value of the star's states after DQN's gradient steps.
fn learned(change: impl FnOnce(DqnConfig) -> DqnConfig) -> f32 {
    let setup = Setup::new(Star::default, Budget::Steps(8000)).unwrap();
    let setup = Setup {
        environments: 1,
        device: Device::flex(),
        networks: NetworksConfig {
            n_layers: 0,
            start_from: Some(linear()),
            ..NetworksConfig::default()
        },
        ..setup
    };
    let config = change(DqnConfig {
        train_every: 1,
        learning_starts: 100,
        gamma: 0.99,
        target_every: 1,
        loss: TdLoss::Squared,
        exploration: ExplorationConfig {
            epsilon_start: 1.0,
            epsilon_decay: Decay::Constant,
            ..ExplorationConfig::default()
        },
        optimizer: OptimizerConfig {
            optimizer: Optimizer::Sgd,
            learning_rate: 0.05,
            ..OptimizerConfig::default()
        },
        ..DqnConfig::default()
    });
    let mut clock = Clock::start(setup.horizon);
    let (mut agent, mut rounds) = DqnConfig::build(&config.validate(setup).unwrap()).unwrap();
    while !clock.has_spent(clock.horizon) {
        let mut metrics = Metrics::default();
        rounds.update(&mut agent, &mut clock, &mut metrics).unwrap();
        clock.updates += 1;
    }
    let observations: Vec<f32> = (0..7).flat_map(|state| Star(state).observation()).collect();
    let mut values = [0.0; 7 * ACTIONS];
    agent.policy().values(&observations, &mut values);
    values.into_iter().map(f32::abs).fold(0.0, f32::max)
}

#[test]
fn dqn_itself_diverges_on_the_star_and_is_held_by_what_the_expected_updates_say() {
    const FIRST: f32 = 12.0;
    let double = |config| DqnConfig {
        double: true,
        target_every: 2,
        ..config
    };
    for found in [learned(|config| config), learned(double)] {
        assert!(found > 1e6 * FIRST, "{found}");
    }
    let renewed_rarely = |config| DqnConfig {
        target_every: 500,
        ..config
    };
    let far_ahead = |config| DqnConfig {
        n_step: 3,
        ..config
    };
    for found in [learned(renewed_rarely), learned(far_ahead)] {
        assert!(found < FIRST, "{found}");
    }
}
