//! A value function that is linear in polynomial features, fitted by least squares.

use rl_core::finite_mdp::solve;

/// Added to the diagonal of the normal equations, per step: features that hardly vary keep small
/// coefficients.
const RIDGE: f64 = 1e-6;

/// The least-squares fit of numbers to all monomials of up to second degree in the inputs.
pub struct QuadraticFit {
    coefficients: Vec<f64>,
}

impl QuadraticFit {
    /// Fits `targets` `[n]` to inputs of `dim` numbers, `[n, dim]`; `None` if the inputs are not
    /// finite.
    pub fn new(inputs: &[f64], dim: usize, targets: &[f32]) -> Option<Self> {
        let size = (dim + 1) * (dim + 2) / 2;
        let (mut matrix, mut right) = (vec![0.0; size * size], vec![0.0; size]);
        let mut features = Vec::with_capacity(size);
        for (input, &target) in inputs.chunks_exact(dim).zip(targets) {
            monomials(input, &mut features);
            for ((row, right), a) in matrix.chunks_exact_mut(size).zip(&mut right).zip(&features) {
                row.iter_mut().zip(&features).for_each(|(x, b)| *x += a * b);
                *right += a * f64::from(target);
            }
        }
        let ridge = RIDGE * targets.len() as f64;
        matrix
            .iter_mut()
            .step_by(size + 1)
            .for_each(|x| *x += ridge);
        Some(Self {
            coefficients: solve(matrix, right)?,
        })
    }

    /// The fitted values of inputs, `[n, dim]`.
    pub fn values(&self, inputs: &[f64], dim: usize) -> Vec<f32> {
        let mut features = Vec::with_capacity(self.coefficients.len());
        let value = |input: &[f64]| {
            monomials(input, &mut features);
            let terms = features.iter().zip(&self.coefficients);
            terms.map(|(x, c)| x * c).sum::<f64>() as f32
        };
        inputs.chunks_exact(dim).map(value).collect()
    }
}

/// `1`, `xᵢ` and `xᵢ xⱼ` for `i ≤ j`.
fn monomials(x: &[f64], features: &mut Vec<f64>) {
    features.clear();
    features.push(1.0);
    features.extend_from_slice(x);
    for (i, a) in x.iter().enumerate() {
        features.extend(x[i..].iter().map(|b| a * b));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Stream;

    #[test]
    fn a_quadratic_function_is_fitted_exactly() {
        let mut rng = Stream::from_seed(0);
        let inputs: Vec<f64> = (0..300).map(|_| rng.uniform(-2.0, 2.0)).collect();
        let f = |x: &[f64]| (1.0 - 2.0 * x[0] + x[1] * x[2] - 3.0 * x[2] * x[2]) as f32;
        let targets: Vec<f32> = inputs.chunks_exact(3).map(f).collect();
        let values = QuadraticFit::new(&inputs, 3, &targets)
            .unwrap()
            .values(&inputs, 3);
        for (value, target) in values.iter().zip(targets) {
            assert!((value - target).abs() < 1e-4, "{value} {target}");
        }
    }
}
