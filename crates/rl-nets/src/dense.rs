//! A linear layer on the host, laid out for SIMD.

use crate::LayerWeights;

/// Outputs that are computed together, in registers.
const WIDE: usize = 64;
const NARROW: usize = 16;

/// A linear layer whose outputs are padded to whole blocks.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    /// Block after block, `[input_size, block]` each.
    weight: Vec<f32>,
    /// `[padded]`.
    bias: Vec<f32>,
    outputs: usize,
    wide: bool,
}

impl Dense {
    pub(crate) fn new(layer: &LayerWeights) -> Self {
        let LayerWeights {
            input_size,
            output_size,
            weight,
            bias,
        } = layer;
        let padded = output_size.next_multiple_of(NARROW);
        let wide = padded % WIDE == 0;
        let block = if wide { WIDE } else { NARROW };
        let mut packed = Vec::with_capacity(input_size * padded);
        for start in (0..padded).step_by(block) {
            for row in weight.chunks_exact(*output_size) {
                packed.extend((start..start + block).map(|j| row.get(j).copied().unwrap_or(0.0)));
            }
        }
        let mut bias = bias.clone();
        bias.resize(padded, 0.0);
        Self {
            weight: packed,
            bias,
            outputs: *output_size,
            wide,
        }
    }

    /// Outputs without their padding.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Outputs with their padding.
    pub(crate) fn padded(&self) -> usize {
        self.bias.len()
    }

    /// `y = x W + b` for one input, `[input_size]`, into `[padded]`.
    ///
    /// Each output is a chain of fused multiply-adds in the order of the inputs, so that it does
    /// not depend on the width of the machine's vectors.
    #[inline(always)]
    pub(crate) fn forward(&self, input: &[f32], output: &mut [f32]) {
        if self.wide {
            self.forward_blocks::<WIDE>(input, output);
        } else {
            self.forward_blocks::<NARROW>(input, output);
        }
    }

    #[inline(always)]
    fn forward_blocks<const BLOCK: usize>(&self, input: &[f32], output: &mut [f32]) {
        let (outputs, _) = output.as_chunks_mut::<BLOCK>();
        let (biases, _) = self.bias.as_chunks::<BLOCK>();
        let (rows, _) = self.weight.as_chunks::<BLOCK>();
        for ((output, bias), rows) in outputs.iter_mut().zip(biases).zip(rows.chunks(input.len())) {
            let mut sums = *bias;
            for (&x, row) in input.iter().zip(rows) {
                for (sum, &w) in sums.iter_mut().zip(row) {
                    *sum = x.mul_add(w, *sum);
                }
            }
            *output = sums;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Initialization;
    use rl_core::Stream;

    #[test]
    fn outputs_of_any_number_are_the_matrix_product_plus_bias() {
        let mut rng = Stream::from_seed(0);
        for (n, m) in [
            (4, 64),
            (64, 64),
            (64, 2),
            (3, 16),
            (5, 17),
            (2, 128),
            (1, 1),
        ] {
            let layer = Initialization::Pytorch.draw(n, m, 1.0, &mut rng);
            let dense = Dense::new(&layer);
            let x: Vec<f32> = (0..n).map(|_| rng.uniform(-1.0, 1.0) as f32).collect();
            let mut y = vec![f32::NAN; dense.padded()];
            dense.forward(&x, &mut y);
            for (j, &y) in y.iter().enumerate().take(m) {
                let products = (0..n).map(|i| f64::from(x[i]) * f64::from(layer.weight[i * m + j]));
                let expected = products.sum::<f64>() + f64::from(layer.bias[j]);
                assert!(
                    (f64::from(y) - expected).abs() < 1e-6,
                    "{n}×{m}, output {j}"
                );
            }
        }
    }
}
