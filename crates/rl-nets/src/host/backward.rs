//! Backward pass: gradients by the parameters.

use pulp::{Simd, WithSimd};

use super::aligned::LINE;
use super::layer::{Affine, Layer, output_size, widest};
use super::layer_norm::NormBackward;
use super::product::{Left, Start, product, stride};
use super::rows::{CHUNK, chunks, pad};
use super::tape::Tape;

/// Backward pass that adds `Jᵀ d` to a gradient, for derivatives `d` by the outputs of the tape's
/// batch.
pub(super) struct Backward<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) tape: &'a mut Tape,
    pub(super) d_outputs: &'a [f32],
    pub(super) gradient: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layers,
            tape,
            d_outputs,
            gradient,
        } = self;
        let n_out = output_size(layers);
        let [mut d_output, mut d_input] = tape.buffers.get(CHUNK * widest(layers));
        let mut start = Start::Zero;
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            pad(
                &d_outputs[chunk.start * n_out..chunk.end * n_out],
                n_out,
                d_output,
            );
            for (i, layer) in layers.iter().enumerate().rev() {
                let width = stride(layer.outputs);
                let d = &mut d_output[..rows * width];
                layer.activation.backward(
                    &tape.activations[i][chunk.start * width..chunk.end * width],
                    d,
                );
                if let Some(norm) = &layer.norm {
                    simd.vectorize(NormBackward {
                        norm,
                        tape: &mut tape.norms[i],
                        chunk: chunk.clone(),
                        d_rows: &mut *d,
                    });
                }
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
        let gradients = tape.gradients.iter().zip(&tape.norms);
        for (layer, (Affine { weight, bias }, norm)) in layers.iter().zip(gradients) {
            let (own, rest) = gradient.split_at_mut(layer.len());
            gradient = rest;
            let (d_weight, rest) = own.split_at_mut(layer.inputs * layer.outputs);
            let (d_bias, d_norm) = rest.split_at_mut(layer.outputs);
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
            for (sum, d) in d_norm.iter_mut().zip(norm.gradient()) {
                *sum += d;
            }
        }
    }
}

/// Adds each row to `sums`, one cache line of columns at a time, so that the sums stay in a
/// register.
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
