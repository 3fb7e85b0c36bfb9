//! Jacobian-vector products: derivatives along a direction of the parameters, by forward mode.

use pulp::{Simd, WithSimd};

use super::layer::{Affine, Layer, output_size, widest};
use super::layer_norm::NormJvp;
use super::product::{Left, Start, product, stride};
use super::rows::{CHUNK, chunks, unpad};
use super::tape::Tape;

/// Pass that computes `J v`, the derivative of the outputs of the tape's batch along the tape's
/// direction `v`.
pub(super) struct Jvp<'a> {
    pub(super) layers: &'a [Layer],
    pub(super) tape: &'a mut Tape,
    pub(super) d_outputs: &'a mut [f32],
}

impl WithSimd for Jvp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layers,
            tape,
            d_outputs,
        } = self;
        let n_out = output_size(layers);
        let [mut d_input, mut d_output] = tape.buffers.get(CHUNK * widest(layers));
        for chunk in chunks(tape.rows) {
            let rows = chunk.len();
            for (i, layer) in layers.iter().enumerate() {
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
                if let Some(norm) = &layer.norm {
                    simd.vectorize(NormJvp {
                        norm,
                        tape: &tape.norms[i],
                        chunk: chunk.clone(),
                        d_rows: &mut *d,
                    });
                }
                layer.activation.backward(
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
