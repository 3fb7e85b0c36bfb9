//! The network on the host against the actor, a reference in `f64`, finite differences and Burn's
//! tape.

use burn::tensor::{Device, Tensor, TensorData};
use pulp::Arch;
use rl_core::{BoxSpace, Space, Stream};

use super::{HostMlp, Tape};
use crate::network::flat_gradient;
use crate::{Activation, Actor, Head, Initialization, Mlp, MlpWeights, NormWeights, PolicyWeights};

/// Sizes of layers: alone, odd, whole registers, and wider than a block of the product.
const SHAPES: [&[usize]; 6] = [
    &[1, 1],
    &[3, 1, 17, 2],
    &[17, 65, 3],
    &[4, 64, 64, 2],
    &[65, 17, 65, 17],
    &[5, 130, 128, 1],
];
const BATCHES: [usize; 4] = [1, 7, 64, 130];

/// Every instruction set of this machine that there is a form for.
fn archs() -> Vec<Arch> {
    let mut archs = vec![Arch::new(), Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
    archs
}

fn weights(sizes: &[usize], activation: Activation, output_activation: Activation) -> MlpWeights {
    let mut rng = Stream::from_seed(0);
    let layers = sizes.windows(2).map(|pair| {
        let mut layer = Initialization::Pytorch.draw(pair[0], pair[1], 1.0, &mut rng);
        layer.bias.fill_with(|| rng.uniform(-0.5, 0.5) as f32);
        layer
    });
    MlpWeights {
        layers: layers.collect(),
        activation,
        output_activation,
    }
}

/// The network without normalisation, and with it in the hidden layers.
fn networks(sizes: &[usize], activation: Activation, output: Activation) -> [MlpWeights; 2] {
    let plain = weights(sizes, activation, output);
    let mut normalized = plain.clone();
    let hidden = sizes.len() - 2;
    for (i, layer) in normalized.layers[..hidden].iter_mut().enumerate() {
        let seed = 10 + i as u64;
        let mut norm = NormWeights::unit(layer.output_size);
        let numbers = numbers(2 * layer.output_size, seed);
        let (scale, offset) = numbers.split_at(layer.output_size);
        let parts = norm.scale.iter_mut().zip(scale);
        parts.for_each(|(own, x)| *own += 0.5 * x);
        let parts = norm.offset.iter_mut().zip(offset);
        parts.for_each(|(own, x)| *own += 0.5 * x);
        layer.norm = Some(norm);
    }
    [plain, normalized]
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Stream::from_seed(seed);
    (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
}

/// `f(x)` in `f64`.
fn activated(activation: Activation, x: f64) -> f64 {
    let (lambda, alpha) = (1.050_701, 1.673_263_2);
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
        Activation::LeakyRelu => x.max(0.01 * x),
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Selu if x > 0.0 => lambda * x,
        Activation::Selu => lambda * alpha * x.exp_m1(),
        Activation::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
    }
}

/// The network in `f64` for other parameters than its own.
fn reference(weights: &MlpWeights, parameters: &[f64], inputs: &[f32]) -> Vec<f64> {
    let rows = inputs.chunks_exact(weights.input_size());
    let evaluate = |input: &[f32]| {
        let mut x: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
        let mut rest = parameters;
        for (i, layer) in weights.layers.iter().enumerate() {
            let (weight, others) = rest.split_at(layer.weight.len());
            let (bias, others) = others.split_at(layer.output_size);
            let norm = if layer.norm.is_some() {
                2 * layer.output_size
            } else {
                0
            };
            let (norm, others) = others.split_at(norm);
            rest = others;
            let last = i + 1 == weights.layers.len();
            let activation = match last {
                true => weights.output_activation,
                false => weights.activation,
            };
            x = (0..layer.output_size)
                .map(|j| {
                    let column = weight.iter().skip(j).step_by(layer.output_size);
                    let product: f64 = x.iter().zip(column).map(|(x, w)| x * w).sum();
                    bias[j] + product
                })
                .collect();
            if !norm.is_empty() {
                let n = x.len() as f64;
                let mean = x.iter().sum::<f64>() / n;
                let variance = x.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
                let (scale, offset) = norm.split_at(x.len());
                for (j, y) in x.iter_mut().enumerate() {
                    *y = (*y - mean) / (variance + 1e-5).sqrt() * scale[j] + offset[j];
                }
            }
            x.iter_mut().for_each(|y| *y = activated(activation, *y));
        }
        x
    };
    rows.flat_map(evaluate).collect()
}

/// Numbers per input, and a description for messages.
fn described(weights: &MlpWeights) -> (usize, String) {
    let sizes: Vec<usize> = weights.layers.iter().map(|l| l.output_size).collect();
    let normalized = weights.layers[0].norm.is_some();
    let (inputs, activation) = (weights.input_size(), weights.activation);
    let what = format!("{activation:?} {inputs} {sizes:?}, normalised {normalized}");
    (inputs, what)
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|&x| f64::from(x)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The reference's derivative along a direction, by central differences.
fn difference(weights: &MlpWeights, inputs: &[f32], direction: &[f64]) -> Vec<f64> {
    const H: f64 = 1e-6;
    let at = |h: f64| {
        let parameters = wide(&weights.flatten());
        let moved: Vec<f64> = parameters
            .iter()
            .zip(direction)
            .map(|(p, v)| p + h * v)
            .collect();
        reference(weights, &moved, inputs)
    };
    let pairs = at(H).into_iter().zip(at(-H));
    pairs
        .map(|(after, before)| (after - before) / (2.0 * H))
        .collect()
}

/// Asserts that two vectors differ by less than 1e-5 of the greatest number.
fn assert_close(actual: &[f32], expected: &[f64], what: &str) {
    let scale = expected.iter().fold(1e-3, |max: f64, x| max.max(x.abs()));
    assert_eq!(actual.len(), expected.len());
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*a) - b).abs();
        assert!(
            error <= 1e-5 * scale,
            "{what}, {i}: {a} instead of {b} ({scale})"
        );
    }
}

#[test]
fn outputs_are_the_actors_bit_for_bit_in_every_batch() {
    let mut tape = Tape::default();
    for activation in Activation::ALL {
        for weights in SHAPES
            .map(|shape| networks(shape, activation, activation))
            .concat()
        {
            let (inputs_size, what) = described(&weights);
            let mlp = HostMlp::new(&weights);
            let bounds = BoxSpace::symmetric(vec![1.0; mlp.output_size()]);
            let mut actor = Actor::new(&PolicyWeights {
                head: Head::of(&Space::Box(bounds)),
                log_std: Some(vec![0.0; mlp.output_size()]),
                mlp: weights,
            });
            for n in BATCHES {
                let inputs = numbers(n * inputs_size, 1);
                let mut expected = vec![f32::NAN; n * mlp.output_size()];
                actor.evaluate(&inputs, &mut expected);
                mlp.forward(&inputs, &mut tape);
                let mut outputs = vec![f32::NAN; n * mlp.output_size()];
                mlp.evaluate(&inputs, &mut outputs, &mut Tape::default());
                for outputs in [tape.output(), &outputs] {
                    let bits = outputs.iter().map(|x| x.to_bits());
                    let same = bits.eq(expected.iter().map(|x| x.to_bits()));
                    assert!(same, "{what}, {n} rows");
                }
            }
        }
    }
}

#[test]
fn outputs_are_those_of_a_reference_in_f64() {
    let mut tape = Tape::default();
    for activation in Activation::ALL {
        let networks = SHAPES.map(|shape| networks(shape, activation, Activation::Identity));
        for weights in networks.concat() {
            let (inputs, what) = described(&weights);
            let inputs = numbers(33 * inputs, 1);
            let parameters: Vec<f64> = weights.flatten().iter().map(|&p| p.into()).collect();
            HostMlp::new(&weights).forward(&inputs, &mut tape);
            let expected = reference(&weights, &parameters, &inputs);
            assert_eq!(tape.output().len(), expected.len());
            for (a, b) in tape.output().iter().zip(expected) {
                let error = (f64::from(*a) - b).abs();
                assert!(error <= 1e-6 * b.abs().max(1.0), "{what}: {a} {b}");
            }
        }
    }
}

#[test]
fn parameters_that_are_set_are_those_of_the_weights() {
    let [from, to] = [1.0, 0.5].map(|gain: f32| {
        let [_, mut weights] = networks(&[3, 65, 17, 2], Activation::Tanh, Activation::Identity);
        let parameters = weights.parameters_mut().flatten();
        parameters.for_each(|w| *w *= gain);
        weights
    });
    let mut mlp = HostMlp::new(&from);
    mlp.set_parameters(&to.flatten());
    let (inputs, d) = (numbers(15, 1), numbers(10, 2));
    let [a, b] = [mlp, HostMlp::new(&to)].map(|mlp| {
        let mut tape = Tape::default();
        mlp.forward(&inputs, &mut tape);
        let mut gradient = vec![0.0; mlp.len()];
        mlp.backward(&mut tape, &d, &mut gradient);
        (tape.output().to_vec(), gradient)
    });
    assert_eq!(a, b);
}

#[test]
fn gradient_equals_central_differences_in_f64() {
    for activation in Activation::ALL {
        let shapes = [&[1, 1][..], &[3, 1, 17, 2], &[17, 9, 3], &[4, 21, 16, 2]];
        let networks = shapes.map(|shape| networks(shape, activation, activation));
        for weights in networks.concat() {
            let (inputs, what) = described(&weights);
            let mlp = HostMlp::new(&weights);
            let inputs = numbers(7 * inputs, 1);
            let d = numbers(7 * mlp.output_size(), 2);
            let expected: Vec<f64> = (0..mlp.len())
                .map(|i| {
                    let mut direction = vec![0.0; mlp.len()];
                    direction[i] = 1.0;
                    dot(&difference(&weights, &inputs, &direction), &wide(&d))
                })
                .collect();
            let mut tape = Tape::default();
            mlp.forward(&inputs, &mut tape);
            let mut gradient = vec![0.0; mlp.len()];
            mlp.backward(&mut tape, &d, &mut gradient);
            assert_close(&gradient, &expected, &what);
        }
    }
}

#[test]
fn gradient_equals_that_of_burns_tape() {
    let device = Device::default().autodiff();
    let mut tape = Tape::default();
    for (i, activation) in Activation::ALL.into_iter().enumerate() {
        for (j, shape) in SHAPES.into_iter().enumerate() {
            let n = BATCHES[(i + j) % BATCHES.len()];
            for weights in networks(shape, activation, activation) {
                let mlp = HostMlp::new(&weights);
                let inputs = numbers(n * shape[0], 1);
                let d = numbers(n * mlp.output_size(), 2);
                let tensor = |numbers: &[f32], width| {
                    let data = TensorData::new(numbers.to_vec(), [n, width]);
                    Tensor::<2>::from_data(data, &device)
                };
                let burns = Mlp::from_weights(&weights, &device);
                let outputs = burns.forward(tensor(&inputs, shape[0]));
                let loss = (outputs * tensor(&d, mlp.output_size())).sum();
                let gradients = loss.backward();
                let flat = flat_gradient(&burns, Some(&gradients)).into_data();
                let mut expected = wide(&flat.try_to_vec::<f32>().unwrap());
                mlp.forward(&inputs, &mut tape);
                // It adds to what is there.
                let mut gradient = vec![0.5; mlp.len()];
                mlp.backward(&mut tape, &d, &mut gradient);
                expected.iter_mut().for_each(|g| *g += 0.5);
                let (_, what) = described(&weights);
                assert_close(&gradient, &expected, &format!("{what}, {n} rows"));
            }
        }
    }
}

#[test]
fn jvp_equals_differences_and_is_the_adjoint_of_backward() {
    let mut tape = Tape::default();
    for activation in Activation::ALL {
        let networks = SHAPES.map(|shape| networks(shape, activation, activation));
        let networks = networks.concat();
        for (weights, n) in networks.iter().flat_map(|w| BATCHES.map(|n| (w, n))) {
            let (inputs, what) = described(weights);
            let what = format!("{what}, {n} rows");
            let mlp = HostMlp::new(weights);
            let inputs = numbers(n * inputs, 1);
            let u = numbers(n * mlp.output_size(), 2);
            let v = numbers(mlp.len(), 3);
            mlp.forward(&inputs, &mut tape);
            let mut j_v = vec![f32::NAN; u.len()];
            mlp.jvp(&mut tape, &v, &mut j_v);
            // Differences now and then step across a kink.
            let kinks = [Activation::Relu, Activation::LeakyRelu, Activation::Selu];
            if !kinks.contains(&activation) {
                let expected = difference(weights, &inputs, &wide(&v));
                assert_close(&j_v, &expected, &what);
            }
            let mut jt_u = vec![0.0; v.len()];
            mlp.backward(&mut tape, &u, &mut jt_u);
            let (left, right) = (dot(&wide(&u), &wide(&j_v)), dot(&wide(&jt_u), &wide(&v)));
            let magnitudes: Vec<f64> = j_v.iter().map(|x| f64::from(x.abs())).collect();
            let sizes: Vec<f64> = u.iter().map(|x| f64::from(x.abs())).collect();
            let scale = dot(&sizes, &magnitudes);
            assert!(
                (left - right).abs() <= 1e-5 * scale,
                "{what}: {left} {right}"
            );
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for activation in Activation::ALL {
        for weights in SHAPES
            .map(|shape| networks(shape, activation, activation))
            .concat()
        {
            let (inputs, what) = described(&weights);
            let mut mlp = HostMlp::new(&weights);
            let inputs = numbers(67 * inputs, 1);
            let d = numbers(67 * mlp.output_size(), 2);
            let v = numbers(mlp.len(), 3);
            let results = archs().into_iter().map(|arch| {
                mlp.set_arch(arch);
                let mut tape = Tape::default();
                mlp.forward(&inputs, &mut tape);
                let mut gradient = vec![0.0; mlp.len()];
                mlp.backward(&mut tape, &d, &mut gradient);
                let mut j_v = vec![f32::NAN; d.len()];
                mlp.jvp(&mut tape, &v, &mut j_v);
                [tape.output().to_vec(), gradient, j_v].concat()
            });
            let results: Vec<Vec<f32>> = results.collect();
            for result in results.windows(2) {
                let bits = |i: usize| result[i].iter().map(|x: &f32| x.to_bits());
                assert!(bits(0).eq(bits(1)), "{what}");
            }
        }
    }
}
