//! The gradient of the policy-gradient loss against finite differences and the analytic score.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::Device;
use rl_core::{BoxSpace, Discrete, Space, Stream};
use rl_learn::{LearnerKind, OptimizerConfig, Samples, Surrogate, Term};
use rl_nets::{Activation, Initialization, PolicyConfig, PolicyWeights};

const STEPS: usize = 40;
const OBSERVATION_DIM: usize = 3;

/// Random experience: observations, actions and weights of `STEPS` steps.
struct Experience {
    observations: Vec<f32>,
    actions: Vec<f32>,
    weights: Vec<f32>,
}

fn experience(space: &Space) -> Experience {
    let mut rng = Stream::from_seed(3);
    let mut numbers = |n: usize, bound: f64| -> Vec<f32> {
        (0..n).map(|_| rng.uniform(-bound, bound) as f32).collect()
    };
    let observations = numbers(STEPS * OBSERVATION_DIM, 1.5);
    let weights = numbers(STEPS, 10.0);
    let mut actions = vec![0.0; STEPS * space.flat_dim()];
    let mut rng = Stream::from_seed(4);
    actions
        .chunks_mut(space.flat_dim())
        .for_each(|action| space.sample(&mut rng, action));
    Experience {
        observations,
        actions,
        weights,
    }
}

fn discrete() -> Space {
    Space::Discrete(Discrete::new(3).unwrap())
}

fn continuous() -> Space {
    Space::Box(BoxSpace::symmetric([1.0, 2.0]))
}

fn policy(space: &Space, n_layers: usize, activation: Activation) -> PolicyWeights {
    PolicyConfig {
        log_std: -0.3,
        ..PolicyConfig::new(OBSERVATION_DIM, space)
    }
    .with_hidden(n_layers, 8, activation)
    .with_initialization(Initialization::Pytorch)
    .draw(&mut Stream::from_seed(5))
}

/// Loss and gradient by Burn's tape, one vector per parameter in the order of the weights.
fn by_tape(weights: &PolicyWeights, experience: &Experience) -> (f64, Vec<Vec<f64>>) {
    let samples = Samples {
        observations: &experience.observations,
        actions: &experience.actions,
        advantages: &experience.weights,
        ..Samples::default()
    };
    let terms: [&dyn Term; 1] = [&Surrogate::LogProb];
    let config = OptimizerConfig {
        learner: LearnerKind::Burn,
        ..OptimizerConfig::adam(1e-3)
    };
    let mut learner = config
        .init_natural(weights.clone().into(), &Device::default())
        .unwrap();
    let mut flat = vec![f32::NAN; learner.networks().len()];
    let measured = learner.gradient(&samples, &terms, &mut flat).unwrap();
    let mut rest = flat.iter().map(|&g| f64::from(g));
    let of = |parameter: &[f32]| rest.by_ref().take(parameter.len()).collect();
    (measured.terms[0], weights.parameters().map(of).collect())
}

fn activate(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
        Activation::LeakyRelu => x.max(0.01 * x),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Selu => {
            let (alpha, lambda) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
            lambda * if x > 0.0 { x } else { alpha * x.exp_m1() }
        }
        Activation::Softplus => x.exp().ln_1p(),
    }
}

/// The loss in plain `f64`, from parameters in the order of the weights.
fn reference_loss(shape: &PolicyWeights, parameters: &[Vec<f64>], experience: &Experience) -> f64 {
    let layers = &shape.mlp.layers;
    let action_dim = shape.action_dim();
    let mut total = 0.0;
    for t in 0..STEPS {
        let observation = &experience.observations[t * OBSERVATION_DIM..][..OBSERVATION_DIM];
        let action = &experience.actions[t * action_dim..][..action_dim];
        let mut x: Vec<f64> = observation.iter().map(|&x| x.into()).collect();
        for (i, layer) in layers.iter().enumerate() {
            let (weight, bias) = (&parameters[2 * i], &parameters[2 * i + 1]);
            let output = (0..layer.output_size).map(|j| {
                let products = x
                    .iter()
                    .enumerate()
                    .map(|(k, x)| x * weight[k * layer.output_size + j]);
                let sum = products.sum::<f64>() + bias[j];
                if i + 1 < layers.len() {
                    activate(shape.mlp.activation, sum)
                } else {
                    sum
                }
            });
            x = output.collect();
        }
        let log_prob = match parameters.get(2 * layers.len()) {
            None => {
                let normalizer = x.iter().map(|x| x.exp()).sum::<f64>().ln();
                x[action[0] as usize] - normalizer
            }
            Some(log_std) => (0..action_dim)
                .map(|i| {
                    let z = (f64::from(action[i]) - x[i]) / log_std[i].exp();
                    -0.5 * z * z - log_std[i] - 0.5 * std::f64::consts::TAU.ln()
                })
                .sum(),
        };
        total -= log_prob * f64::from(experience.weights[t]);
    }
    total / STEPS as f64
}

fn assert_close(ours: &[Vec<f64>], reference: &[Vec<f64>], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), reference.len(), "{what}");
    for (parameter, (ours, reference)) in ours.iter().zip(reference).enumerate() {
        let scale = reference
            .iter()
            .fold(0.0, |scale: f64, g| scale.max(g.abs()));
        assert!(scale > 0.0, "{what}: parameter {parameter} has a gradient");
        for (a, b) in ours.iter().zip(reference) {
            let error = (a - b).abs() / scale;
            assert!(
                error <= tolerance,
                "{what}, parameter {parameter}: {a} {b}, error {error:e}"
            );
        }
    }
}

#[test]
fn gradients_equal_central_finite_differences() {
    for space in [discrete(), continuous()] {
        let experience = experience(&space);
        for activation in Activation::ALL {
            let weights = policy(&space, 2, activation);
            let (loss, grads) = by_tape(&weights, &experience);
            let mut parameters: Vec<Vec<f64>> = weights
                .parameters()
                .map(|xs| xs.iter().map(|&x| x.into()).collect())
                .collect();
            let expected = reference_loss(&weights, &parameters, &experience);
            assert!(
                (loss - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{activation:?}"
            );

            let step = 1e-6;
            let mut differences = grads.clone();
            for p in 0..parameters.len() {
                for i in 0..parameters[p].len() {
                    let x = parameters[p][i];
                    let mut at = |y| {
                        parameters[p][i] = y;
                        reference_loss(&weights, &parameters, &experience)
                    };
                    differences[p][i] = (at(x + step) - at(x - step)) / (2.0 * step);
                    parameters[p][i] = x;
                }
            }
            // 32-bit sums over 40 steps: a few 2⁻²⁴ times √40, of the largest entry.
            assert_close(
                &grads,
                &differences,
                1e-5,
                &format!("{space} {activation:?}"),
            );
        }
    }
}

#[test]
fn the_gradient_of_the_softmax_policy_is_its_analytic_score() {
    let space = discrete();
    let experience = experience(&space);
    let weights = policy(&space, 1, Activation::Tanh);
    let [hidden, output] = weights.mlp.layers.as_slice() else {
        panic!("one hidden layer")
    };
    let (n, h, k) = (OBSERVATION_DIM, hidden.output_size, output.output_size);
    let mut grads = vec![
        vec![0.0; n * h],
        vec![0.0; h],
        vec![0.0; h * k],
        vec![0.0; k],
    ];
    for t in 0..STEPS {
        let x: Vec<f64> = experience.observations[t * n..][..n]
            .iter()
            .map(|&x| x.into())
            .collect();
        let product = |x: &[f64], layer: &rl_nets::LayerWeights, j: usize| {
            let m = layer.output_size;
            let sum = x
                .iter()
                .enumerate()
                .map(|(i, x)| x * f64::from(layer.weight[i * m + j]));
            sum.sum::<f64>() + f64::from(layer.bias[j])
        };
        let z: Vec<f64> = (0..h).map(|j| product(&x, hidden, j).tanh()).collect();
        let logits: Vec<f64> = (0..k).map(|j| product(&z, output, j)).collect();
        let total: f64 = logits.iter().map(|x| x.exp()).sum();
        // ∂ ln π(a) / ∂ logit = one-hot(a) - π, times -w / N.
        let scale = -f64::from(experience.weights[t]) / STEPS as f64;
        let d_logits: Vec<f64> = (0..k)
            .map(|j| {
                let one_hot = f64::from(experience.actions[t] == j as f32);
                scale * (one_hot - logits[j].exp() / total)
            })
            .collect();
        for j in 0..h {
            let back: f64 = (0..k)
                .map(|l| d_logits[l] * f64::from(output.weight[j * k + l]))
                .sum();
            let d_z = back * (1.0 - z[j] * z[j]);
            (0..n).for_each(|i| grads[0][i * h + j] += x[i] * d_z);
            grads[1][j] += d_z;
            (0..k).for_each(|l| grads[2][j * k + l] += z[j] * d_logits[l]);
        }
        (0..k).for_each(|l| grads[3][l] += d_logits[l]);
    }
    let (_, by_tape) = by_tape(&weights, &experience);
    assert_close(&by_tape, &grads, 1e-5, "analytic score");
}
