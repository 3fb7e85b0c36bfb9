//! A multi-layer perceptron on the host.

use pulp::Arch;

use super::aligned::Aligned;
use super::backward::Backward;
use super::forward::{Evaluate, Forward};
use super::jvp::Jvp;
use super::layer::{Affine, Layer, LayerPart, input_size, output_size};
use super::layer_norm::NormTape;
use super::product::stride;
use super::tape::Tape;
use crate::MlpWeights;

/// Multi-layer perceptron on the host whose parameters are one flat vector, with its derivatives.
///
/// The vector's order is that of [`PolicyWeights::parameters`](crate::PolicyWeights::parameters):
/// layer by layer, weight `[in, out]` row by row, then bias `[out]`, then scale and offset of its
/// normalisation, if it has one. Outputs and gradients have the
/// same bits for every width of the machine's registers. An output does not depend on the other
/// inputs of its batch, and equals that of the [`Actor`](crate::Actor); a gradient sums the rows in
/// their order.
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
    layers: Vec<Layer>,
    arch: Arch,
}

impl HostMlp {
    /// The network with these weights.
    pub fn new(weights: &MlpWeights) -> Self {
        Self::with_layers(weights, |_, _| true)
    }

    /// The network without the memory that only derivatives need: new parameters take less time.
    pub fn to_evaluate(weights: &MlpWeights) -> Self {
        Self::with_layers(weights, Layer::is_narrow)
    }

    /// The network with `Wᵀ` in the layers whose numbers of inputs and outputs `transposed`
    /// accepts, apart from the first layer.
    fn with_layers(weights: &MlpWeights, transposed: fn(usize, usize) -> bool) -> Self {
        let last = weights.layers.len().saturating_sub(1);
        let layers = weights.layers.iter().enumerate().map(|(i, layer)| {
            let transposed = i > 0 && transposed(layer.input_size, layer.output_size);
            let activation = if i == last {
                weights.output_activation
            } else {
                weights.activation
            };
            Layer::new(layer, activation, transposed)
        });
        Self {
            layers: layers.collect(),
            arch: Arch::new(),
        }
    }

    /// Numbers per input.
    pub fn input_size(&self) -> usize {
        input_size(&self.layers)
    }

    /// Numbers per output.
    pub fn output_size(&self) -> usize {
        output_size(&self.layers)
    }

    /// Number of parameters.
    #[expect(clippy::len_without_is_empty, reason = "no network is empty")]
    pub fn len(&self) -> usize {
        self.layers.iter().map(Layer::len).sum()
    }

    /// Replaces all parameters, `[len]`.
    ///
    /// # Panics
    /// If their number is not [`len`](Self::len).
    pub fn set_parameters(&mut self, parameters: &[f32]) {
        assert_eq!(parameters.len(), self.len(), "the network's parameters");
        let mut parameters = parameters;
        for layer in &mut self.layers {
            let own;
            (own, parameters) = parameters.split_at(layer.len());
            layer.set(own);
        }
    }

    /// Writes the outputs `[n, output_size]` for a batch of inputs `[n, input_size]`, without a
    /// record for derivatives.
    ///
    /// The tape only lends its memory: the record of an earlier [`forward`](Self::forward) stays
    /// valid.
    ///
    /// # Panics
    /// If the inputs are not whole rows, or `outputs` has another number of rows.
    pub fn evaluate(&self, inputs: &[f32], outputs: &mut [f32], tape: &mut Tape) {
        let rows = self.rows(inputs);
        assert_eq!(outputs.len(), rows * self.output_size(), "a row per input");
        self.arch.dispatch(Evaluate {
            layers: &self.layers,
            inputs,
            outputs,
            buffers: &mut tape.buffers,
        });
    }

    /// Computes the outputs for a batch of inputs `[n, input_size]`, and records them and the
    /// activations on the tape, for [`backward`](Self::backward) and [`jvp`](Self::jvp).
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
        tape.norms.resize_with(self.layers.len(), NormTape::default);
        let records = tape.activations.iter_mut().zip(&mut tape.norms);
        for ((activations, norm), layer) in records.zip(&self.layers) {
            activations.resize(rows * stride(layer.outputs));
            norm.resize(layer.norm.as_ref(), rows);
        }
        self.arch.dispatch(Forward {
            layers: &self.layers,
            tape,
        });
    }

    /// Adds the gradient of a loss by the parameters to `gradient` `[len]`: `Jᵀ d` for the
    /// derivatives `d` `[n, output_size]` of the loss by the outputs of the tape's batch.
    ///
    /// # Panics
    /// If the tape's last forward pass was not of this network, or a slice has another length.
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
        tape.norms.iter_mut().for_each(NormTape::clear_gradient);
        self.arch.dispatch(Backward {
            layers: &self.layers,
            tape,
            d_outputs,
            gradient,
        });
    }

    /// Writes the derivative `J v` of the outputs of the tape's batch along a direction `v` `[len]`
    /// of the parameters into `d_outputs` `[n, output_size]`.
    ///
    /// # Panics
    /// If the tape's last forward pass was not of this network, or a slice has another length.
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
        let parts = tape.direction.iter_mut().zip(&mut tape.norms);
        for ((affine, of_norm), layer) in parts.zip(&self.layers) {
            let own;
            (own, direction) = direction.split_at(layer.len());
            affine.resize(layer.inputs, layer.outputs);
            let LayerPart { weight, bias, norm } = layer.split(own);
            affine.pack(weight, bias);
            of_norm.set_direction(norm);
        }
        self.arch.dispatch(Jvp {
            layers: &self.layers,
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
}
