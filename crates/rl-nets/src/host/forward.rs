//! Forward passes: one for outputs alone, one that records what derivatives need.

use pulp::{Simd, WithSimd};

use super::layer::{Layer, input_size, output_size, widest};
use super::product::{Left, stride};
use super::rows::{CHUNK, chunks, unpad};
use super::tape::{Buffers, Tape};

/// Forward pass that keeps only the outputs.
pub(super) struct Evaluate<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) inputs: &'a [f32],
    pub(super) outputs: &'a mut [f32],
    pub(super) buffers: &'a mut Buffers,
}

impl WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layers,
            inputs,
            outputs,
            buffers,
        } = self;
        let n_in = input_size(layers);
        let n_out = output_size(layers);
        let rows = (outputs.len() / n_out).min(CHUNK);
        let [mut from, mut to] = buffers.get(rows * widest(layers));
        let chunks = inputs
            .chunks(CHUNK * n_in)
            .zip(outputs.chunks_mut(CHUNK * n_out));
        for (inputs, outputs) in chunks {
            let rows = inputs.len() / n_in;
            for (i, layer) in layers.iter().enumerate() {
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
                layer.forward(simd, input, rows, output, None);
                std::mem::swap(&mut from, &mut to);
            }
            unpad(from, n_out, outputs);
        }
    }
}

/// Forward pass that records the activations of every layer on a tape.
pub(super) struct Forward<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) tape: &'a mut Tape,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { layers, tape } = self;
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            for (i, layer) in layers.iter().enumerate() {
                let (before, after) = tape.activations.split_at_mut(i);
                let input = layer.input(&tape.inputs, before, &chunk);
                let width = stride(layer.outputs);
                let output = &mut after[0][chunk.start * width..chunk.end * width];
                let norm_rows = (layer.norm.is_some()).then(|| tape.norms[i].rows(&chunk, width));
                layer.forward(simd, input, rows, output, norm_rows);
            }
        }
        if let Some(last) = tape.activations.last() {
            unpad(last, output_size(layers), &mut tape.output);
        }
    }
}
