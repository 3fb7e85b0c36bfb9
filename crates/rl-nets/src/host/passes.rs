//! The passes through a network: forward, backward, and forward-mode derivatives.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::aligned::{Aligned, LINE};
use super::dots::Dots;
use super::mlp::{Affine, HostMlp, Layer};
use super::product::{Left, Start, product, stride};
use super::tape::{Buffers, Tape};

/// Rows that go through all layers together, so that what passes between the layers stays in the
/// nearest caches.
const CHUNK: usize = 64;

impl Layer {
    /// The rows of a chunk that go into this layer: those of the network's inputs, or of the last
    /// of the `activations` before it, which are padded.
    #[inline(always)]
    fn input<'a>(
        &self,
        inputs: &'a [f32],
        activations: &'a [Aligned],
        chunk: &Range<usize>,
    ) -> Left<'a> {
        let (numbers, stride) = match activations.last() {
            None => (inputs, self.inputs),
            Some(activations) => (&activations[..], stride(self.inputs)),
        };
        Left {
            numbers: &numbers[chunk.start * stride..chunk.end * stride],
            stride,
        }
    }

    #[inline(always)]
    fn forward<S: Simd>(&self, simd: S, input: Left<'_>, rows: usize, output: &mut [f32]) {
        if self.narrow() {
            simd.vectorize(Dots {
                layer: self,
                input,
                rows,
                output,
            });
        } else {
            let start = Start::Row(&self.affine.bias);
            let shape = (rows, self.inputs, self.outputs);
            product::<S, false>(simd, start, input, &self.affine.weight, shape, output);
        }
    }
}

pub(super) struct Evaluate<'a> {
    pub(super) mlp: &'a HostMlp,
    pub(super) inputs: &'a [f32],
    pub(super) outputs: &'a mut [f32],
    pub(super) buffers: &'a mut Buffers,
}

impl WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            mlp,
            inputs,
            outputs,
            buffers,
        } = self;
        let n_in = mlp.input_size();
        let n_out = mlp.output_size();
        let rows = (outputs.len() / n_out).min(CHUNK);
        let [mut from, mut to] = buffers.get(rows * mlp.widest());
        let chunks = inputs
            .chunks(CHUNK * n_in)
            .zip(outputs.chunks_mut(CHUNK * n_out));
        for (inputs, outputs) in chunks {
            let rows = inputs.len() / n_in;
            for (i, layer) in mlp.layers.iter().enumerate() {
                let input = match i {
                    0 => Left {
                        numbers: inputs,
                        stride: n_in,
                    },
                    _ => Left {
                        numbers: &*from,
                        stride: stride(layer.inputs),
                    },
                };
                let output = &mut to[..rows * stride(layer.outputs)];
                layer.forward(simd, input, rows, output);
                mlp.activation_of(i).apply(output);
                std::mem::swap(&mut from, &mut to);
            }
            unpad(from, n_out, outputs);
        }
    }
}

pub(super) struct Forward<'a> {
    pub(super) mlp: &'a HostMlp,
    pub(super) tape: &'a mut Tape,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { mlp, tape } = self;
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            for (i, layer) in mlp.layers.iter().enumerate() {
                let (before, after) = tape.activations.split_at_mut(i);
                let input = layer.input(&tape.inputs, before, &chunk);
                let width = stride(layer.outputs);
                let output = &mut after[0][chunk.start * width..chunk.end * width];
                layer.forward(simd, input, rows, output);
                mlp.activation_of(i).apply(output);
            }
        }
        if let Some(last) = tape.activations.last() {
            unpad(last, mlp.output_size(), &mut tape.output);
        }
    }
}

pub(super) struct Backward<'a> {
    pub(super) mlp: &'a HostMlp,
    pub(super) tape: &'a mut Tape,
    pub(super) d_outputs: &'a [f32],
    pub(super) gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            mlp,
            tape,
            d_outputs,
            gradient,
        } = self;
        let n_out = mlp.output_size();
        let [mut d_output, mut d_input] = tape.buffers.get(CHUNK * mlp.widest());
        let mut start = Start::Zero;
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            pad(
                &d_outputs[chunk.start * n_out..chunk.end * n_out],
                n_out,
                d_output,
            );
            for (i, layer) in mlp.layers.iter().enumerate().rev() {
                let width = stride(layer.outputs);
                let d = &mut d_output[..rows * width];
                mlp.activation_of(i).backward(
                    &tape.activations[i][chunk.start * width..chunk.end * width],
                    d,
                );
                let d = &*d;
                let Affine { weight, bias } = &mut tape.gradients[i];
                add_rows(d, width, bias);
                let input = layer.input(&tape.inputs, &tape.activations[..i], &chunk);
                if layer.swapped() {
                    let left = Left {
                        numbers: d,
                        stride: width,
                    };
                    let shape = (layer.outputs, rows, layer.inputs);
                    product::<S, true>(simd, start, left, input.numbers, shape, weight);
                } else {
                    let shape = (layer.inputs, rows, layer.outputs);
                    product::<S, true>(simd, start, input, d, shape, weight);
                }
                if i > 0 {
                    let left = Left {
                        numbers: d,
                        stride: width,
                    };
                    let shape = (rows, layer.outputs, layer.inputs);
                    product::<S, false>(simd, Start::Zero, left, &layer.transposed, shape, d_input);
                    std::mem::swap(&mut d_input, &mut d_output);
                }
            }
            start = Start::Sum;
        }
        let mut gradient = gradient;
        for (layer, Affine { weight, bias }) in mlp.layers.iter().zip(&tape.gradients) {
            let (own, rest) = gradient.split_at_mut(layer.len());
            gradient = rest;
            let (d_weight, d_bias) = own.split_at_mut(layer.inputs * layer.outputs);
            if layer.swapped() {
                for (j, row) in weight.chunks_exact(stride(layer.inputs)).enumerate() {
                    let column = d_weight.iter_mut().skip(j).step_by(layer.outputs);
                    for (sum, d) in column.zip(row) {
                        *sum += d;
                    }
                }
            } else {
                let rows = weight.chunks_exact(stride(layer.outputs));
                for (sums, row) in d_weight.chunks_exact_mut(layer.outputs).zip(rows) {
                    for (sum, d) in sums.iter_mut().zip(row) {
                        *sum += d;
                    }
                }
            }
            for (sum, d) in d_bias.iter_mut().zip(bias.iter()) {
                *sum += d;
            }
        }
    }
}

pub(super) struct Jvp<'a> {
    pub(super) mlp: &'a HostMlp,
    pub(super) tape: &'a mut Tape,
    pub(super) d_outputs: &'a mut [f32],
}

impl WithSimd for Jvp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            mlp,
            tape,
            d_outputs,
        } = self;
        let n_out = mlp.output_size();
        let [mut d_input, mut d_output] = tape.buffers.get(CHUNK * mlp.widest());
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            for (i, layer) in mlp.layers.iter().enumerate() {
                let width = stride(layer.outputs);
                let input = layer.input(&tape.inputs, &tape.activations[..i], &chunk);
                let shape = (rows, layer.inputs, layer.outputs);
                let Affine { weight, bias } = &tape.direction[i];
                let d = &mut d_output[..rows * width];
                // d(x W + b) = x dW + db + dx W.
                product::<S, false>(simd, Start::Row(bias), input, weight, shape, d);
                if i > 0 {
                    let left = Left {
                        numbers: &*d_input,
                        stride: input.stride,
                    };
                    product::<S, false>(simd, Start::Sum, left, &layer.affine.weight, shape, d);
                }
                mlp.activation_of(i).backward(
                    &tape.activations[i][chunk.start * width..chunk.end * width],
                    d,
                );
                std::mem::swap(&mut d_input, &mut d_output);
            }
            unpad(
                d_input,
                n_out,
                &mut d_outputs[chunk.start * n_out..chunk.end * n_out],
            );
        }
    }
}

/// The rows `0..rows` in ranges of at most [`CHUNK`].
fn chunks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(CHUNK)
        .map(move |start| start..(start + CHUNK).min(rows))
}

/// Adds each row, a line at a time, so that the sums stay in a register.
#[inline(always)]
fn add_rows(rows: &[f32], width: usize, sums: &mut [f32]) {
    let (sums, _) = sums.as_chunks_mut::<LINE>();
    for (i, sums) in sums.iter_mut().enumerate() {
        let mut line = *sums;
        for row in rows.chunks_exact(width) {
            let (row, _) = row.as_chunks::<LINE>();
            for (sum, d) in line.iter_mut().zip(row[i]) {
                *sum += d;
            }
        }
        *sums = line;
    }
}

/// Copies rows without their padding.
#[inline(always)]
fn unpad(padded: &[f32], width: usize, rows: &mut [f32]) {
    for (row, padded) in rows
        .chunks_exact_mut(width)
        .zip(padded.chunks_exact(stride(width)))
    {
        row.copy_from_slice(&padded[..width]);
    }
}

/// Copies rows, and zeros for their padding.
#[inline(always)]
fn pad(rows: &[f32], width: usize, padded: &mut [f32]) {
    for (row, padded) in rows
        .chunks_exact(width)
        .zip(padded.chunks_exact_mut(stride(width)))
    {
        let (numbers, padding) = padded.split_at_mut(width);
        numbers.copy_from_slice(row);
        padding.fill(0.0);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::mlp::tests::{BATCHES, SHAPES, archs, numbers, weights};
    use super::*;
    use crate::{Activation, Mlp, MlpWeights};
    use burn::tensor::{Device, Tensor, TensorData};

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
    pub(in super::super) fn reference(
        weights: &MlpWeights,
        parameters: &[f64],
        inputs: &[f32],
    ) -> Vec<f64> {
        let rows = inputs.chunks_exact(weights.input_size());
        let evaluate = |input: &[f32]| {
            let mut x: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
            let mut rest = parameters;
            for (i, layer) in weights.layers.iter().enumerate() {
                let (weight, others) = rest.split_at(layer.weight.len());
                let (bias, others) = others.split_at(layer.output_size);
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
                        activated(activation, bias[j] + product)
                    })
                    .collect();
            }
            x
        };
        rows.flat_map(evaluate).collect()
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

    /// Whether two vectors differ by less than 1e-5 of the greatest number.
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
    fn gradient_equals_central_differences_in_f64() {
        for activation in Activation::ALL {
            for shape in [&[1, 1][..], &[3, 1, 17, 2], &[17, 9, 3]] {
                let weights = weights(shape, activation, activation);
                let mlp = HostMlp::new(&weights);
                let inputs = numbers(7 * shape[0], 1);
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
                assert_close(&gradient, &expected, &format!("{activation:?} {shape:?}"));
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
                let weights = weights(shape, activation, activation);
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
                let mut expected: Vec<f64> = Vec::new();
                for layer in &burns.layers {
                    let weight = layer.weight.grad(&gradients).unwrap().into_data();
                    expected.extend(wide(&weight.try_to_vec::<f32>().unwrap()));
                    let bias = layer.bias.as_ref().unwrap().grad(&gradients).unwrap();
                    expected.extend(wide(&bias.into_data().try_to_vec::<f32>().unwrap()));
                }
                mlp.forward(&inputs, &mut tape);
                // It adds to what is there.
                let mut gradient = vec![0.5; mlp.len()];
                mlp.backward(&mut tape, &d, &mut gradient);
                expected.iter_mut().for_each(|g| *g += 0.5);
                let what = format!("{activation:?} {shape:?}, {n} rows");
                assert_close(&gradient, &expected, &what);
            }
        }
    }

    #[test]
    fn jvp_equals_differences_and_is_the_adjoint_of_backward() {
        let mut tape = Tape::default();
        for activation in Activation::ALL {
            for (shape, n) in SHAPES.into_iter().flat_map(|s| BATCHES.map(|n| (s, n))) {
                let what = format!("{activation:?} {shape:?}, {n} rows");
                let weights = weights(shape, activation, activation);
                let mlp = HostMlp::new(&weights);
                let inputs = numbers(n * shape[0], 1);
                let u = numbers(n * mlp.output_size(), 2);
                let v = numbers(mlp.len(), 3);
                mlp.forward(&inputs, &mut tape);
                let mut j_v = vec![f32::NAN; u.len()];
                mlp.jvp(&mut tape, &v, &mut j_v);
                // Differences now and then step across a kink.
                let kinks = [Activation::Relu, Activation::LeakyRelu, Activation::Selu];
                if !kinks.contains(&activation) {
                    let expected = difference(&weights, &inputs, &wide(&v));
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
            for shape in SHAPES {
                let mut mlp = HostMlp::new(&weights(shape, activation, activation));
                let inputs = numbers(67 * shape[0], 1);
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
                    assert!(bits(0).eq(bits(1)), "{activation:?} {shape:?}");
                }
            }
        }
    }
}
