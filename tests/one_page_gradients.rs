//! The learners' gradients are those of the algorithms on one page, which share no code with them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use rl_core::{Space, Stream};
use rl_learn::{
    Batch, EntropyBonus, LearnerKind, OptimizerConfig, Samples, Surrogate, Term, ValueError,
};
use rl_nets::{Device, MlpConfig, MlpWeights, Networks, PolicyConfig};

#[path = "../examples/ppo_on_one_page.rs"]
#[expect(dead_code, reason = "a program of its own")]
mod ppo_on_one_page;
#[path = "../examples/vpg_on_one_page.rs"]
#[expect(dead_code, reason = "a program of its own")]
mod vpg_on_one_page;

use ppo_on_one_page::{ActorCritic, Layer};
use vpg_on_one_page::Policy;

const ROWS: usize = 64;

/// Layers with the weights of a network of ours.
fn layers(network: &MlpWeights) -> Vec<Layer> {
    let device = Device::flex().autodiff();
    let layer = |layer: &rl_nets::LayerWeights| {
        let weight = TensorData::new(layer.weight.clone(), [layer.input_size, layer.output_size]);
        let bias = TensorData::new(layer.bias.clone(), [1, layer.output_size]);
        [weight, bias].map(|data| Param::from_data(data, &device))
    };
    network.layers.iter().map(layer).collect()
}

/// The gradients of layers, one after the other: each weight, then its bias.
fn flat<'a>(layers: impl IntoIterator<Item = &'a Layer>, gradients: &GradientsParams) -> Vec<f32> {
    let of = |parameter: &Param<Tensor<2>>| {
        let gradient = gradients.get::<2>(parameter.id).unwrap();
        gradient.into_data().iter::<f32>().collect::<Vec<_>>()
    };
    layers.into_iter().flatten().flat_map(of).collect()
}

/// A policy and a value function whose outputs are of the size of 1, so that every term of a loss
/// has a gradient worth comparing.
fn networks(rng: &mut Stream) -> Networks {
    let mut policy = PolicyConfig::new(4, &Space::discrete(2));
    policy.mlp.output_gain = 1.0;
    Networks::separate(policy.draw(rng), MlpConfig::new(4, 1).draw(rng)).unwrap()
}

/// Columns of samples.
struct Columns {
    observations: Vec<f32>,
    actions: Vec<f32>,
    log_probs: Vec<f32>,
    advantages: Vec<f32>,
    targets: Vec<f32>,
}

impl Columns {
    /// Random ones; some of their ratios are out of the range that PPO clips to.
    fn draw(rng: &mut Stream) -> Self {
        let mut uniform =
            |n, low, high| -> Vec<f32> { (0..n).map(|_| rng.uniform(low, high) as f32).collect() };
        Self {
            observations: uniform(4 * ROWS, -1.0, 1.0),
            log_probs: uniform(ROWS, -1.2, -0.4),
            advantages: uniform(ROWS, -2.0, 3.0),
            targets: uniform(ROWS, -5.0, 5.0),
            actions: (0..ROWS).map(|_| rng.below(2) as f32).collect(),
        }
    }

    fn samples(&self) -> Samples<'_> {
        Samples {
            observations: &self.observations,
            actions: &self.actions,
            advantages: &self.advantages,
            log_probs: &self.log_probs,
            targets: &self.targets,
            values: &[],
            weights: &[],
        }
    }

    /// Rows of `N` numbers: an observation, the action, and `rest` of its row.
    fn rows<const N: usize>(&self, rest: impl Fn(usize) -> Vec<f32>) -> Vec<[f32; N]> {
        let row = |row: usize| {
            let observation = &self.observations[4 * row..4 * (row + 1)];
            let rest = rest(row);
            let numbers = observation.iter().chain([&self.actions[row]]).chain(&rest);
            let numbers: Vec<f32> = numbers.copied().collect();
            numbers.try_into().unwrap()
        };
        (0..ROWS).map(row).collect()
    }
}

/// The gradient that a learner of ours computes over all samples, with normalised advantages.
fn gradient(
    kind: LearnerKind,
    networks: Networks,
    samples: Samples<'_>,
    terms: &[&dyn Term],
) -> Vec<f32> {
    let config = OptimizerConfig {
        learner: kind,
        ..OptimizerConfig::adam(1e-3)
    };
    let mut learner = config.init(networks, &Device::flex()).unwrap();
    let batch = Batch {
        samples,
        terms,
        ..Batch::default()
    };
    let mut found = Vec::new();
    learner
        .session(&batch, &mut |session| {
            session.gradient(0..ROWS, true)?;
            session.exchange(&mut |gradient| {
                found = gradient.to_vec();
                Ok(())
            })
        })
        .unwrap();
    found
}

/// Both learners agree with the gradient of the page up to rounding.
fn assert_equal(networks: &Networks, samples: Samples<'_>, terms: &[&dyn Term], expected: &[f32]) {
    let norm = |numbers: &mut dyn Iterator<Item = f32>| {
        numbers.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt()
    };
    let size = norm(&mut expected.iter().copied());
    assert!(size > 1e-3, "a gradient of nothing: {size}");
    for kind in [LearnerKind::Burn, LearnerKind::Fused] {
        let ours = gradient(kind, networks.clone(), samples, terms);
        assert_eq!(ours.len(), expected.len());
        let difference = norm(&mut ours.iter().zip(expected).map(|(a, b)| a - b));
        assert!(difference < 1e-5 * size, "{kind:?}: {difference} of {size}");
    }
}

#[test]
fn the_first_gradient_of_ppo_is_that_of_the_page() {
    let rng = &mut Stream::from_seed(0);
    let (networks, columns) = (networks(rng), Columns::draw(rng));
    let page = ActorCritic {
        actor: layers(&networks.policy_weights().unwrap().mlp),
        critic: layers(&networks.value_weights().unwrap()),
    };
    let rows = columns.rows(|row| {
        vec![
            columns.log_probs[row],
            columns.advantages[row],
            columns.targets[row],
        ]
    });
    let expected = flat(page.actor.iter().chain(&page.critic), &page.gradient(&rows));
    let terms: &[&dyn Term] = &[
        &Surrogate::ClippedRatio { clip_range: 0.2 },
        &EntropyBonus(0.01),
        &ValueError {
            coefficient: 0.5,
            clip_range: None,
        },
    ];
    assert_equal(&networks, columns.samples(), terms, &expected);
}

#[test]
fn the_first_gradient_of_vpg_is_that_of_the_page() {
    let rng = &mut Stream::from_seed(1);
    let networks = Networks::policy(networks(rng).policy_weights().unwrap());
    let columns = Columns::draw(rng);
    let page = Policy {
        layers: layers(&networks.policy_weights().unwrap().mlp),
    };
    let rows = columns.rows(|row| vec![columns.advantages[row]]);
    let expected = flat(&page.layers, &page.gradient(&rows));
    let samples = Samples {
        log_probs: &[],
        targets: &[],
        ..columns.samples()
    };
    assert_equal(&networks, samples, &[&Surrogate::LogProb], &expected);
}
