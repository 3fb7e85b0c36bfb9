//! A Burn module of one's own as the policy.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use common::{Training, adam, score, setup};
use rl_core::{
    Agent, Environment, EnvironmentError, SavedPolicy, Snapshot, Space, State, Status, Step,
    Stream, Threads,
};
use rl_learn::{Algorithm, LearnerKind, NetworksConfig, OwnNetworks, Setup};
use rl_nets::Forward;
use rl_pg::{PpoConfig, TrpoConfig};

const SIDE: usize = 6;
const STEPS: usize = 10;

/// Pictures of a bar somewhere, which is to be called horizontal (0) or vertical (1).
#[derive(Default)]
struct Bars {
    vertical: bool,
    steps: usize,
}

impl Bars {
    fn show(&mut self, rng: &mut Stream) -> Vec<f32> {
        self.vertical = rng.below(2) == 1;
        let (along, across) = (rng.below(SIDE - 2), rng.below(SIDE));
        let mut picture = vec![0.0; SIDE * SIDE];
        for i in along..along + 3 {
            let (row, column) = if self.vertical {
                (i, across)
            } else {
                (across, i)
            };
            picture[row * SIDE + column] = 1.0;
        }
        picture
    }
}

impl Environment for Bars {
    type Observation = Vec<f32>;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::unbounded(SIDE * SIDE)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<Vec<f32>, EnvironmentError> {
        self.steps = 0;
        Ok(self.show(rng))
    }

    fn step(
        &mut self,
        action: &usize,
        rng: &mut Stream,
    ) -> Result<Step<Vec<f32>>, EnvironmentError> {
        let reward = f64::from(u8::from(*action == usize::from(self.vertical)));
        self.steps += 1;
        Ok(Step {
            observation: self.show(rng),
            reward,
            status: if self.steps < STEPS {
                Status::Running
            } else {
                Status::Terminated
            },
        })
    }
}

/// Eight filters, each with its strongest response anywhere.
#[derive(Module, Debug)]
struct Filters {
    filters: Conv2d,
    output: Linear,
}

impl Filters {
    fn new(device: &Device) -> Self {
        Self {
            filters: Conv2dConfig::new([1, 8], [3, 3]).init(device),
            output: LinearConfig::new(8, 2).init(device),
        }
    }
}

impl Forward for Filters {
    fn forward(&self, observations: Tensor<2>) -> Tensor<2> {
        let [batch, _] = observations.dims();
        let pictures = observations.reshape([batch, 1, SIDE, SIDE]);
        let responses = relu(self.filters.forward(pictures));
        let places = (SIDE - 2) * (SIDE - 2);
        let strongest = responses.reshape([batch, 8, places]).max_dim(2);
        self.output.forward(strongest.reshape([batch, 8]))
    }
}

fn with_filters() -> Setup {
    let setup = setup(Bars::default, 8);
    Setup {
        networks: NetworksConfig {
            own: OwnNetworks::default().policy(Filters::new),
            ..setup.networks
        },
        ..setup
    }
}

fn ppo() -> PpoConfig {
    PpoConfig {
        steps_per_environment: 32,
        epochs: 4,
        optimizer: adam(1e-2, LearnerKind::Auto),
        ..PpoConfig::default()
    }
}

#[test]
fn a_convolutional_policy_learns_to_tell_bars_apart_is_saved_by_its_names_and_goes_on() {
    let mut training = Training::new(ppo(), with_filters());
    let before = score(&training.agent, Bars::default);
    for _ in 0..15 {
        training.update();
    }
    let after = score(&training.agent, Bars::default);
    assert!(before < 8.0 && after > 9.0, "{before} {after}");

    let record = training.agent.policy().record();
    let names: Vec<(&str, &[usize])> = record
        .arrays
        .iter()
        .map(|array| (array.name.as_str(), array.shape.as_slice()))
        .collect();
    let expected: [(&str, &[usize]); 4] = [
        ("policy.filters.weight", &[8, 1, 3, 3]),
        ("policy.filters.bias", &[8]),
        ("policy.output.weight", &[8, 2]),
        ("policy.output.bias", &[2]),
    ];
    assert_eq!(names, expected);

    let snapshot = Snapshot::of(&training.agent);
    let mut restored = Training::new(ppo(), with_filters()).agent;
    restored.load(&snapshot).unwrap();
    assert_eq!(restored.policy().record(), record);
    assert_eq!(Snapshot::of(&restored), snapshot);
}

#[test]
fn what_needs_a_perceptron_refuses_a_module_by_name() {
    let message = |error: &dyn std::fmt::Display| error.to_string();
    let error = TrpoConfig::default().validate(with_filters()).err();
    let trpo = message(&error.unwrap());
    assert!(
        trpo.contains("a policy of one's own") && trpo.contains("trpo"),
        "{trpo}"
    );
    let fused = PpoConfig {
        optimizer: adam(1e-2, LearnerKind::Fused),
        ..ppo()
    };
    let error = PpoConfig::build(&fused.validate(with_filters()).unwrap()).err();
    let fused = message(&error.unwrap());
    assert!(
        fused.contains("learner = fused") && fused.contains("a module"),
        "{fused}"
    );
}

#[test]
fn a_run_with_a_module_has_the_same_bits_on_any_number_of_threads() {
    let learned = [1, 2, 4].map(|threads| {
        let setup = Setup {
            threads: Threads::new(threads).unwrap(),
            ..with_filters()
        };
        let mut training = Training::new(ppo(), setup);
        (0..4).for_each(|_| _ = training.update());
        Snapshot::of(&training.agent)
    });
    assert_eq!(learned[0], learned[1]);
    assert_eq!(learned[0], learned[2]);
}
