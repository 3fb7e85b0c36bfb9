//! Layers with too few outputs to fill registers: each output is a dot product with its inputs.

use pulp::{Simd, WithSimd};

use super::aligned::LINE;
use super::product::{Left, stride};

/// Computation of a narrow layer's outputs.
pub(super) struct Dots<'a> {
    /// `Wᵀ`, whose rows are [`stride`] apart.
    pub(super) transposed: &'a [f32],
    pub(super) bias: &'a [f32],
    /// Number of inputs and of outputs.
    pub(super) size: (usize, usize),
    pub(super) input: Left<'a>,
    pub(super) rows: usize,
    /// Outputs whose rows are [`stride`] apart.
    pub(super) output: &'a mut [f32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            transposed,
            bias,
            size: (inputs, outputs),
            input,
            rows,
            output,
        } = self;
        // Numbers beyond these are left over from the activation's padding, and undefined.
        let padded = inputs.next_multiple_of(LINE);
        let columns = transposed.chunks_exact(stride(inputs));
        let columns = columns.zip(bias.iter());
        for (j, (w, bias)) in columns.enumerate() {
            let rows = input.numbers.chunks(input.stride).take(rows);
            for (x, y) in rows.zip(output.chunks_exact_mut(stride(outputs))) {
                y[j] = bias + dot(simd, &x[..padded], &w[..padded]);
            }
        }
    }
}

/// Dot product `Σ x w`. Every 16th term goes into the same partial sum, so that the result has the
/// same bits for every width of a register.
#[inline(always)]
fn dot<S: Simd>(simd: S, x: &[f32], w: &[f32]) -> f32 {
    let registers = LINE / S::F32_LANES;
    let ((x, _), (w, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(w));
    let mut lines = [simd.splat_f32s(0.0); LINE];
    for (x, w) in x.chunks_exact(registers).zip(w.chunks_exact(registers)) {
        for ((sum, &x), &w) in lines.iter_mut().zip(x).zip(w) {
            *sum = simd.mul_add_f32s(x, w, *sum);
        }
    }
    let mut sums = [0.0_f32; LINE];
    S::as_mut_simd_f32s(&mut sums)
        .0
        .copy_from_slice(&lines[..registers]);
    total(sums)
}

/// Sum of partial sums, in an order that does not depend on the machine.
#[inline(always)]
pub(super) fn total(sums: [f32; LINE]) -> f32 {
    let sums: [f32; 8] = std::array::from_fn(|i| sums[i] + sums[i + 8]);
    let sums: [f32; 4] = std::array::from_fn(|i| sums[i] + sums[i + 4]);
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}
