//! One layer of a network: an affine map, perhaps a normalisation, and an activation.

use std::ops::Range;

use pulp::Simd;

use super::aligned::{Aligned, LINE};
use super::dots::Dots;
use super::layer_norm::{Norm, NormForward, NormRows};
use super::product::{Left, Start, product, stride};
use crate::{Activation, LayerWeights};

/// A layer `activation(x W + b)`, perhaps normalised before the activation, with the memory layouts
/// that its passes need.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) affine: Affine,
    /// `Wᵀ`, `[outputs, inputs]`; empty where no pass needs it, as in the first layer of a network,
    /// whose inputs have no gradient.
    pub(super) transposed: Aligned,
    pub(super) norm: Option<Norm>,
    pub(super) activation: Activation,
}

/// A layer's part of a vector of parameters, or of one of their derivatives.
#[derive(Clone, Copy)]
pub(super) struct LayerPart<'a> {
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    /// Scale, then offset; empty without normalisation.
    pub(super) norm: &'a [f32],
}

/// A weight `[inputs, outputs]` and a bias `[outputs]`, with rows padded to whole registers.
#[derive(Clone, Debug, Default)]
pub(super) struct Affine {
    pub(super) weight: Aligned,
    pub(super) bias: Aligned,
}

impl Affine {
    /// Makes room for a map of this size, whose numbers are left open.
    pub(super) fn resize(&mut self, inputs: usize, outputs: usize) {
        self.weight.resize(inputs * stride(outputs));
        self.bias.resize(stride(outputs));
    }

    /// Copies a weight and a bias without padding.
    #[inline(always)]
    pub(super) fn pack(&mut self, weight: &[f32], bias: &[f32]) {
        let outputs = bias.len();
        let rows = self.weight.chunks_exact_mut(stride(outputs));
        for (row, weight) in rows.zip(weight.chunks_exact(outputs)) {
            row[..outputs].copy_from_slice(weight);
        }
        self.bias[..outputs].copy_from_slice(bias);
    }
}

impl Layer {
    /// A layer with these weights, and with `Wᵀ` if `transposed`.
    pub(super) fn new(weights: &LayerWeights, activation: Activation, transposed: bool) -> Self {
        let (inputs, outputs) = (weights.input_size, weights.output_size);
        let len = if transposed {
            outputs * stride(inputs)
        } else {
            0
        };
        let mut layer = Self {
            inputs,
            outputs,
            affine: Affine::default(),
            transposed: Aligned::zeros(len),
            norm: weights.norm.as_ref().map(Norm::new),
            activation,
        };
        layer.affine.resize(inputs, outputs);
        layer.affine.pack(&weights.weight, &weights.bias);
        layer.transpose(&weights.weight);
        layer
    }

    /// Replaces all parameters.
    pub(super) fn set(&mut self, parameters: &[f32]) {
        let LayerPart { weight, bias, norm } = self.split(parameters);
        self.affine.pack(weight, bias);
        self.transpose(weight);
        if let Some(own) = &mut self.norm {
            own.set(norm);
        }
    }

    /// Number of parameters.
    pub(super) fn len(&self) -> usize {
        let norm = if self.norm.is_some() { 2 } else { 0 };
        (self.inputs + 1 + norm) * self.outputs
    }

    /// The layer's part of a vector of parameters, tensor by tensor.
    pub(super) fn split<'a>(&self, parameters: &'a [f32]) -> LayerPart<'a> {
        let (weight, rest) = parameters.split_at(self.inputs * self.outputs);
        let (bias, norm) = rest.split_at(self.outputs);
        LayerPart { weight, bias, norm }
    }

    /// Returns `true` if the gradient of the weight is computed transposed, because it then takes
    /// fewer registers. Never in the first layer, whose inputs are not padded.
    pub(super) fn swapped(&self) -> bool {
        !self.transposed.is_empty()
            && self.outputs * stride(self.inputs) < self.inputs * stride(self.outputs)
    }

    /// Returns `true` if the outputs of a layer of this size are too few to fill registers.
    pub(super) fn is_narrow(inputs: usize, outputs: usize) -> bool {
        outputs <= 4 && inputs >= 4 * LINE
    }

    /// Returns `true` if the outputs are computed as dot products with the inputs, which have to be
    /// padded.
    fn narrow(&self) -> bool {
        !self.transposed.is_empty() && Self::is_narrow(self.inputs, self.outputs)
    }

    /// Writes `Wᵀ`, a few columns at a time, so that the cache lines written to stay in the
    /// first-level cache.
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

    /// Inputs of this layer for the rows of a chunk: those of the network, or the padded
    /// activations of the layer before it.
    #[inline(always)]
    pub(super) fn input<'a>(
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

    /// Writes the outputs for a chunk of rows, and the record of their normalisation where there is
    /// one and `norm_rows` is given.
    #[inline(always)]
    pub(super) fn forward<S: Simd>(
        &self,
        simd: S,
        input: Left<'_>,
        rows: usize,
        output: &mut [f32],
        norm_rows: Option<NormRows<'_>>,
    ) {
        if self.narrow() {
            simd.vectorize(Dots {
                transposed: &self.transposed,
                bias: &self.affine.bias,
                size: (self.inputs, self.outputs),
                input,
                rows,
                output: &mut *output,
            });
        } else {
            let start = Start::Row(&self.affine.bias);
            let shape = (rows, self.inputs, self.outputs);
            product::<S, false>(simd, start, input, &self.affine.weight, shape, output);
        }
        if let Some(norm) = &self.norm {
            simd.vectorize(NormForward {
                norm,
                rows: &mut *output,
                record: norm_rows,
            });
        }
        self.activation.apply(output);
    }
}

/// Numbers per input of a network.
pub(super) fn input_size(layers: &[Layer]) -> usize {
    layers.first().map_or(0, |layer| layer.inputs)
}

/// Numbers per output of a network.
pub(super) fn output_size(layers: &[Layer]) -> usize {
    layers.last().map_or(0, |layer| layer.outputs)
}

/// Greatest padded width of the outputs of any layer.
pub(super) fn widest(layers: &[Layer]) -> usize {
    let widths = layers.iter().map(|layer| stride(layer.outputs));
    widths.max().unwrap_or(0)
}
