//! A multi-layer perceptron on the host.

use pulp::Arch;

use super::aligned::{Aligned, LINE};
use super::passes::{Backward, Evaluate, Forward, Jvp};
use super::product::stride;
use super::tape::Tape;
use crate::{Activation, LayerWeights, MlpWeights};

/// A multi-layer perceptron whose parameters are one flat vector, with its derivatives.
///
/// The vector's order is that of [`PolicyWeights::parameters`](crate::PolicyWeights::parameters):
/// layer by layer, weight `[in, out]` row by row, then bias `[out]`. An output is the same to the
/// bit whatever the batch its input comes in and whatever the width of the machine's vectors, and
/// equals the [`Actor`](crate::Actor)'s; so is a gradient, which sums the rows in their order.
///
/// ```
/// use rl_core::Stream;
/// use rl_nets::MlpConfig;
/// use rl_nets::host::{HostMlp, Tape};
///
/// let weights = MlpConfig::new(4, 2).draw(&mut Stream::from_seed(0));
/// let mlp = HostMlp::new(&weights);
/// let mut tape = Tape::default();
/// mlp.forward(&[0.1, 0.0, -0.1, 0.0], &mut tape);
/// let mut gradient = vec![0.0; mlp.len()];
/// // Of the first output, with respect to every parameter.
/// mlp.backward(&mut tape, &[1.0, 0.0], &mut gradient);
/// assert_eq!(gradient[mlp.len() - 2..], [1.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct HostMlp {
    pub(super) layers: Vec<Layer>,
    activation: Activation,
    output_activation: Activation,
    arch: Arch,
}

#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) affine: Affine,
    /// `Wᵀ`, `[outputs, inputs]`; empty in the first layer, whose inputs have no gradient.
    pub(super) transposed: Aligned,
}

/// A weight `[inputs, outputs]` and a bias, as products want them.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine {
    pub(super) weight: Aligned,
    pub(super) bias: Aligned,
}

impl Affine {
    fn resize(&mut self, inputs: usize, outputs: usize) {
        self.weight.resize(inputs * stride(outputs));
        self.bias.resize(stride(outputs));
    }

    #[inline(always)]
    fn pack(&mut self, weight: &[f32], bias: &[f32]) {
        let outputs = bias.len();
        let rows = self.weight.chunks_exact_mut(stride(outputs));
        for (row, weight) in rows.zip(weight.chunks_exact(outputs)) {
            row[..outputs].copy_from_slice(weight);
        }
        self.bias[..outputs].copy_from_slice(bias);
    }
}

impl HostMlp {
    /// The network with these weights.
    pub fn new(weights: &MlpWeights) -> Self {
        Self::with_layers(weights, |_, _| true)
    }

    /// The network without what only derivatives need.
    pub(crate) fn to_evaluate(weights: &MlpWeights) -> Self {
        Self::with_layers(weights, Layer::is_narrow)
    }

    /// `transposes` says for which sizes of layers `Wᵀ` is wanted.
    fn with_layers(weights: &MlpWeights, transposes: fn(usize, usize) -> bool) -> Self {
        let layers = weights.layers.iter().enumerate().map(|(i, weights)| {
            let (inputs, outputs) = (weights.input_size, weights.output_size);
            let transposed = i > 0 && transposes(inputs, outputs);
            let mut layer = Layer {
                inputs,
                outputs,
                affine: Affine::default(),
                transposed: Aligned::zeros(if transposed {
                    outputs * stride(inputs)
                } else {
                    0
                }),
            };
            layer.affine.resize(inputs, outputs);
            layer.affine.pack(&weights.weight, &weights.bias);
            layer.transpose(&weights.weight);
            layer
        });
        Self {
            layers: layers.collect(),
            activation: weights.activation,
            output_activation: weights.output_activation,
            arch: Arch::new(),
        }
    }

    /// Numbers per input.
    pub fn input_size(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// Numbers per output.
    pub fn output_size(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Number of parameters.
    #[expect(clippy::len_without_is_empty, reason = "no network is empty")]
    pub fn len(&self) -> usize {
        self.layers.iter().map(Layer::len).sum()
    }

    /// Changes the parameters, `[len]`.
    ///
    /// # Panics
    /// If there are not [`len`](Self::len) of them.
    pub fn set_parameters(&mut self, parameters: &[f32]) {
        assert_eq!(parameters.len(), self.len(), "the network's parameters");
        let mut parameters = parameters;
        for layer in &mut self.layers {
            let own;
            (own, parameters) = parameters.split_at(layer.len());
            let (weight, bias) = own.split_at(layer.inputs * layer.outputs);
            layer.affine.pack(weight, bias);
            layer.transpose(weight);
        }
    }

    /// The outputs `[n, output_size]` for a batch of inputs `[n, input_size]`, when no derivatives
    /// are needed.
    ///
    /// The tape lends its memory; what [`forward`](Self::forward) left on it stays.
    ///
    /// # Panics
    /// If the inputs are not whole rows, or `outputs` has another number of them.
    pub fn evaluate(&self, inputs: &[f32], outputs: &mut [f32], tape: &mut Tape) {
        let rows = self.rows(inputs);
        assert_eq!(outputs.len(), rows * self.output_size(), "a row per input");
        self.arch.dispatch(Evaluate {
            mlp: self,
            inputs,
            outputs,
            buffers: &mut tape.buffers,
        });
    }

    /// Computes the outputs for a batch of inputs `[n, input_size]`, and keeps on the tape what
    /// their derivatives need.
    ///
    /// # Panics
    /// If the inputs are not whole rows.
    pub fn forward(&self, inputs: &[f32], tape: &mut Tape) {
        let rows = self.rows(inputs);
        tape.rows = rows;
        tape.inputs.clear();
        tape.inputs.extend_from_slice(inputs);
        tape.output.resize(rows * self.output_size(), 0.0);
        tape.activations
            .resize_with(self.layers.len(), Aligned::default);
        for (activations, layer) in tape.activations.iter_mut().zip(&self.layers) {
            activations.resize(rows * stride(layer.outputs));
        }
        self.arch.dispatch(Forward { mlp: self, tape });
    }

    /// Adds `Jᵀ d`, the gradient of `Σ d · outputs` over the tape's batch with respect to the
    /// parameters, to `gradient` `[len]`, where `d` `[n, output_size]` are the derivatives of a
    /// loss by the outputs.
    ///
    /// # Panics
    /// If the sizes are not those of the tape and of the network.
    pub fn backward(&self, tape: &mut Tape, d_outputs: &[f32], gradient: &mut [f32]) {
        self.check(tape);
        assert_eq!(
            d_outputs.len(),
            tape.output.len(),
            "a derivative per output"
        );
        assert_eq!(gradient.len(), self.len(), "a derivative per parameter");
        if tape.rows == 0 {
            return;
        }
        tape.gradients
            .resize_with(self.layers.len(), Affine::default);
        for (affine, layer) in tape.gradients.iter_mut().zip(&self.layers) {
            if layer.swapped() {
                affine.resize(layer.outputs, layer.inputs);
                affine.bias.resize(stride(layer.outputs));
            } else {
                affine.resize(layer.inputs, layer.outputs);
            }
            affine.bias.fill(0.0);
        }
        self.arch.dispatch(Backward {
            mlp: self,
            tape,
            d_outputs,
            gradient,
        });
    }

    /// `J v`, the derivative of the tape's outputs along a direction `v` `[len]` of the
    /// parameters, into `d_outputs` `[n, output_size]`.
    ///
    /// # Panics
    /// If the sizes are not those of the tape and of the network.
    pub fn jvp(&self, tape: &mut Tape, direction: &[f32], d_outputs: &mut [f32]) {
        self.check(tape);
        assert_eq!(direction.len(), self.len(), "a direction of the parameters");
        assert_eq!(
            d_outputs.len(),
            tape.output.len(),
            "a derivative per output"
        );
        tape.direction
            .resize_with(self.layers.len(), Affine::default);
        let mut direction = direction;
        for (affine, layer) in tape.direction.iter_mut().zip(&self.layers) {
            let own;
            (own, direction) = direction.split_at(layer.len());
            affine.resize(layer.inputs, layer.outputs);
            let (weight, bias) = own.split_at(layer.inputs * layer.outputs);
            affine.pack(weight, bias);
        }
        self.arch.dispatch(Jvp {
            mlp: self,
            tape,
            d_outputs,
        });
    }

    #[cfg(test)]
    pub(super) fn set_arch(&mut self, arch: Arch) {
        self.arch = arch;
    }

    fn rows(&self, inputs: &[f32]) -> usize {
        let size = self.input_size();
        assert_eq!(inputs.len() % size, 0, "whole inputs");
        inputs.len() / size
    }

    fn check(&self, tape: &Tape) {
        let recorded = tape.activations.len() == self.layers.len()
            && tape.inputs.len() == tape.rows * self.input_size()
            && tape
                .activations
                .iter()
                .zip(&self.layers)
                .all(|(a, layer)| a.len() == tape.rows * stride(layer.outputs));
        assert!(recorded, "a tape of this network's forward");
    }

    pub(super) fn activation_of(&self, layer: usize) -> Activation {
        if layer + 1 == self.layers.len() {
            self.output_activation
        } else {
            self.activation
        }
    }

    pub(super) fn widest(&self) -> usize {
        let widths = self.layers.iter().map(|layer| stride(layer.outputs));
        widths.max().unwrap_or(0)
    }
}

impl Layer {
    pub(super) fn len(&self) -> usize {
        (self.inputs + 1) * self.outputs
    }

    /// Whether `dWᵀ` has fewer registers to compute than `dW`. The network's inputs are not
    /// padded, so the first layer's `dW` has no choice.
    pub(super) fn swapped(&self) -> bool {
        !self.transposed.is_empty()
            && self.outputs * stride(self.inputs) < self.inputs * stride(self.outputs)
    }

    /// Whether a layer's outputs are too few to fill registers.
    fn is_narrow(inputs: usize, outputs: usize) -> bool {
        outputs <= 4 && inputs >= 4 * LINE
    }

    /// Whether its outputs are sums along its inputs, which have to be padded.
    pub(super) fn narrow(&self) -> bool {
        !self.transposed.is_empty() && Self::is_narrow(self.inputs, self.outputs)
    }

    /// Writes `Wᵀ`, a few columns at a time, so that the lines they are written to stay in the
    /// first cache.
    fn transpose(&mut self, weight: &[f32]) {
        let stride = stride(self.inputs);
        for (i, columns) in self.transposed.chunks_mut(LINE * stride).enumerate() {
            let rows = weight.chunks_exact(self.outputs);
            for (k, row) in rows.enumerate() {
                for (column, &w) in columns.chunks_exact_mut(stride).zip(&row[i * LINE..]) {
                    column[k] = w;
                }
            }
        }
    }
}

impl MlpWeights {
    /// The parameters as one vector: layer by layer, weight `[in, out]` row by row, then bias.
    pub fn flatten(&self) -> Vec<f32> {
        let parts = |layer: &'_ LayerWeights| [layer.weight.clone(), layer.bias.clone()];
        self.layers.iter().flat_map(parts).flatten().collect()
    }

    /// Changes the parameters to those of a vector that [`flatten`](Self::flatten) may have made.
    ///
    /// # Panics
    /// If there are more or fewer of them.
    pub fn set_flattened(&mut self, parameters: &[f32]) {
        let mut rest = parameters;
        for layer in &mut self.layers {
            for part in [&mut layer.weight, &mut layer.bias] {
                let own;
                (own, rest) = rest.split_at(part.len());
                part.copy_from_slice(own);
            }
        }
        assert!(rest.is_empty(), "the network's parameters");
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{Actor, Head, Initialization, PolicyWeights};
    use rl_core::{BoxSpace, Space, Stream};

    use super::super::passes::tests::reference;

    /// Sizes of layers: alone, odd, whole registers, and wider than a block of the product.
    pub(in super::super) const SHAPES: [&[usize]; 6] = [
        &[1, 1],
        &[3, 1, 17, 2],
        &[17, 65, 3],
        &[4, 64, 64, 2],
        &[65, 17, 65, 17],
        &[5, 130, 128, 1],
    ];
    pub(in super::super) const BATCHES: [usize; 4] = [1, 7, 64, 130];

    /// Every instruction set of this machine that there is a form for.
    pub(in super::super) fn archs() -> Vec<Arch> {
        let mut archs = vec![Arch::new(), Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        archs
    }

    pub(in super::super) fn weights(
        sizes: &[usize],
        activation: Activation,
        output_activation: Activation,
    ) -> MlpWeights {
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

    pub(in super::super) fn numbers(n: usize, seed: u64) -> Vec<f32> {
        let mut rng = Stream::from_seed(seed);
        (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
    }

    #[test]
    fn outputs_are_the_actors_bit_for_bit_in_every_batch() {
        let mut tape = Tape::default();
        for activation in Activation::ALL {
            for shape in SHAPES {
                let weights = weights(shape, activation, activation);
                let mlp = HostMlp::new(&weights);
                let bounds = BoxSpace::symmetric(&vec![1.0; mlp.output_size()]).unwrap();
                let mut actor = Actor::new(&PolicyWeights {
                    head: Head::of(&Space::Box(bounds)),
                    log_std: Some(vec![0.0; mlp.output_size()]),
                    mlp: weights,
                });
                for n in BATCHES {
                    let inputs = numbers(n * shape[0], 1);
                    let mut expected = vec![f32::NAN; n * mlp.output_size()];
                    actor.evaluate(&inputs, &mut expected);
                    mlp.forward(&inputs, &mut tape);
                    let mut outputs = vec![f32::NAN; n * mlp.output_size()];
                    mlp.evaluate(&inputs, &mut outputs, &mut Tape::default());
                    for outputs in [tape.output(), &outputs] {
                        let bits = outputs.iter().map(|x| x.to_bits());
                        let same = bits.eq(expected.iter().map(|x| x.to_bits()));
                        assert!(same, "{activation:?} {shape:?}, {n} rows");
                    }
                }
            }
        }
    }

    #[test]
    fn outputs_are_those_of_a_reference_in_f64() {
        let mut tape = Tape::default();
        for activation in Activation::ALL {
            for shape in SHAPES {
                let weights = weights(shape, activation, Activation::Identity);
                let inputs = numbers(33 * shape[0], 1);
                let parameters: Vec<f64> = weights.flatten().iter().map(|&p| p.into()).collect();
                HostMlp::new(&weights).forward(&inputs, &mut tape);
                let expected = reference(&weights, &parameters, &inputs);
                assert_eq!(tape.output().len(), expected.len());
                for (a, b) in tape.output().iter().zip(expected) {
                    let error = (f64::from(*a) - b).abs();
                    assert!(
                        error <= 1e-6 * b.abs().max(1.0),
                        "{activation:?} {shape:?}: {a} {b}"
                    );
                }
            }
        }
    }

    #[test]
    fn parameters_that_are_set_are_those_of_the_weights() {
        let [mut from, to] = [1.0, 0.5].map(|gain: f32| {
            let mut weights = weights(&[3, 65, 17, 2], Activation::Tanh, Activation::Identity);
            weights
                .layers
                .iter_mut()
                .flat_map(|l| &mut l.weight)
                .for_each(|w| *w *= gain);
            weights
        });
        let mut mlp = HostMlp::new(&from);
        mlp.set_parameters(&to.flatten());
        from.set_flattened(&to.flatten());
        assert_eq!(from, to);
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
}
