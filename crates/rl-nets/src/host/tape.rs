//! Record of a forward pass.

use super::aligned::Aligned;
use super::layer::Affine;
use super::layer_norm::NormTape;

/// Record of a [`HostMlp`](super::HostMlp)'s forward pass, and memory for its derivatives.
///
/// Meant to be used again for every batch: nothing is allocated after the first batch of a size.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub(super) rows: usize,
    pub(super) inputs: Vec<f32>,
    /// Outputs of each layer, in padded rows.
    pub(super) activations: Vec<Aligned>,
    pub(super) output: Vec<f32>,
    pub(super) buffers: Buffers,
    /// Gradient of each layer; that of the weight is transposed where
    /// [`swapped`](super::layer::Layer::swapped) returns `true`.
    pub(super) gradients: Vec<Affine>,
    pub(super) direction: Vec<Affine>,
    /// Of each layer; nothing where it is not normalised.
    pub(super) norms: Vec<NormTape>,
}

impl Tape {
    /// Outputs of the last forward pass, `[n, output_size]`.
    pub fn output(&self) -> &[f32] {
        &self.output
    }
}

/// Memory for the inputs and the outputs of one layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers([Aligned; 2]);

impl Buffers {
    pub(super) fn get(&mut self, len: usize) -> [&mut [f32]; 2] {
        self.0.each_mut().map(|buffer| {
            buffer.resize(len);
            &mut **buffer
        })
    }
}
