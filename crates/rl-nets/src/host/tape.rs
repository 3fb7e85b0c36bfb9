//! What a forward pass leaves for the derivatives.

use super::aligned::Aligned;
use super::mlp::Affine;

/// The record of a [`HostMlp`](super::HostMlp)'s forward pass, and memory for its derivatives.
///
/// It is to be used again and again: nothing is allocated after the first batch of a size.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub(super) rows: usize,
    pub(super) inputs: Vec<f32>,
    /// Of each layer, padded.
    pub(super) activations: Vec<Aligned>,
    pub(super) output: Vec<f32>,
    pub(super) buffers: Buffers,
    /// Of each layer; a weight that is [swapped](super::mlp) is transposed.
    pub(super) gradients: Vec<Affine>,
    pub(super) direction: Vec<Affine>,
}

impl Tape {
    /// The outputs of the last forward pass, `[n, output_size]`.
    pub fn output(&self) -> &[f32] {
        &self.output
    }
}

/// Memory for what passes between two layers.
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
