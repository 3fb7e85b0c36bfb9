//! Norm of a gradient.

use pulp::{Arch, Simd, WithSimd};

/// Squared Euclidean norm of a gradient, summed in `f64` in an order that does not depend on the
/// machine.
pub fn squared_norm(gradient: &[f32]) -> f64 {
    Arch::new().dispatch(Norm { gradient })
}

struct Norm<'a> {
    gradient: &'a [f32],
}

/// Number of partial sums.
const SUMS: usize = 32;

impl WithSimd for Norm<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (blocks, rest) = self.gradient.as_chunks::<SUMS>();
        let mut last = [0.0; SUMS];
        last[..rest.len()].copy_from_slice(rest);
        let registers = SUMS / S::F64_LANES;
        let mut sums = [simd.splat_f64s(0.0); SUMS];
        for block in blocks.iter().chain([&last]) {
            let mut wide = [0.0_f64; SUMS];
            for (wide, &g) in wide.iter_mut().zip(block) {
                *wide = f64::from(g);
            }
            let (wide, _) = S::as_simd_f64s(&wide);
            for (sum, &g) in sums[..registers].iter_mut().zip(wide) {
                // The square of an f32 is exact in f64, fused or not.
                *sum = simd.mul_add_f64s(g, g, *sum);
            }
        }
        let mut lanes = [0.0_f64; SUMS];
        let (lanes_of, _) = S::as_mut_simd_f64s(&mut lanes);
        lanes_of.copy_from_slice(&sums[..registers]);
        lanes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_squared_norm_is_the_sum_of_squares() {
        let gradient: Vec<f32> = (0..1001).map(|i| (i as f32).sin()).collect();
        let sum: f64 = gradient.iter().map(|&g| f64::from(g).powi(2)).sum();
        assert!((squared_norm(&gradient) / sum - 1.0).abs() < 1e-14);
        let largest = squared_norm(&[f32::MAX, 0.0]);
        assert_eq!(largest, f64::from(f32::MAX).powi(2), "no overflow");
        let scalar = Arch::Scalar.dispatch(Norm {
            gradient: &gradient,
        });
        assert_eq!(squared_norm(&gradient).to_bits(), scalar.to_bits());
    }
}
