//! The error of quantiles of the return.

use burn::tensor::{Tensor, TensorData};

use crate::{FusedQuantileTerm, Input, Minibatch, Term, UpdateError};

/// Quantile Huber loss of the quantiles `θᵢ` of the return of the actions taken, at `τᵢ = (i - ½)/N`, against samples `yⱼ`
/// of its distribution: `1/B Σₜ wₜ Σᵢ 1/N Σⱼ |τᵢ - [yⱼ < θᵢ]| L(yⱼ - θᵢ)`, where `L` is the Huber loss with `κ = 1` (Dabney et
/// al. 2018, "Distributional reinforcement learning with quantile regression", eq. 10). No gradient flows through the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileError {
    /// Its factor in the loss.
    pub coefficient: f32,
    /// Weigh rows by the column of weights; otherwise every row counts as one.
    pub weighted: bool,
}

/// `τᵢ` of the quantile with an index from 0 on, of `n`.
fn level(index: usize, n: usize) -> f32 {
    (index as f32 + 0.5) / n as f32
}

impl Term for QuantileError {
    fn name(&self) -> &'static str {
        "td_loss"
    }

    fn coefficient(&self) -> f32 {
        self.coefficient
    }

    fn inputs(&self) -> &'static [Input] {
        match self.weighted {
            false => &[Input::Target, Input::Quantiles],
            true => &[Input::Target, Input::Weight, Input::Quantiles],
        }
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let (quantiles, samples) = (minibatch.quantiles()?, minibatch.target_quantiles()?);
        let n = quantiles.dims()[1];
        let levels: Vec<f32> = (0..n).map(|i| level(i, n)).collect();
        let levels: Tensor<3> =
            Tensor::from_data(TensorData::new(levels, [1, n, 1]), &quantiles.device());
        // [rows, quantiles, samples]
        let errors: Tensor<3> = samples.unsqueeze_dim::<3>(1) - quantiles.unsqueeze_dim::<3>(2);
        let below = errors.clone().inner().lower_elem(0.0).float();
        let slopes = Tensor::from_inner((levels.inner() - below).abs());
        let size = errors.abs();
        let q = size.clone().clamp_max(1.0);
        let losses = slopes * q.clone() * (size - q.mul_scalar(0.5));
        let rows: Tensor<1> = losses.mean_dim(2).sum_dim(1).flatten(0, 2);
        Ok(match self.weighted {
            false => rows.mean(),
            true => (rows * minibatch.weights()?).mean(),
        })
    }

    fn fused_quantiles(&self) -> Option<&dyn FusedQuantileTerm> {
        Some(self)
    }
}

impl FusedQuantileTerm for QuantileError {
    fn differentiate(
        &self,
        quantiles: &[f32],
        samples: &[f32],
        weight: f32,
        scale: f32,
        d_quantiles: &mut [f32],
    ) -> f32 {
        let weight = if self.weighted { weight } else { 1.0 };
        let share = 1.0 / samples.len() as f32;
        let (n, mut loss) = (quantiles.len(), 0.0);
        for (i, (theta, d)) in quantiles.iter().zip(d_quantiles).enumerate() {
            let (above, below) = (level(i, n), level(i, n) - 1.0);
            let (mut sum, mut slope) = (0.0, 0.0);
            for sample in samples {
                let error = sample - theta;
                let asymmetry = if error < 0.0 { -below } else { above };
                let clipped = error.clamp(-1.0, 1.0);
                sum += asymmetry * clipped * (error - 0.5 * clipped);
                slope -= asymmetry * clipped;
            }
            loss += share * sum;
            *d += weight * scale * share * slope;
        }
        weight * loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM: QuantileError = QuantileError {
        coefficient: 1.0,
        weighted: false,
    };

    #[test]
    fn the_loss_of_a_quantile_weighs_samples_above_it_by_its_level() {
        // One quantile, the median: half of the Huber loss.
        let mut slope = [0.0];
        assert_eq!(
            TERM.differentiate(&[0.0], &[3.0], 1.0, 1.0, &mut slope),
            0.5 * 2.5
        );
        assert_eq!(slope, [-0.5]);
        // Of two, the lower at level 1/4: 1/4 for what is above it, 3/4 for what is below.
        let mut slopes = [0.0; 2];
        let loss = TERM.differentiate(&[0.0, 0.0], &[0.5, -0.5], 1.0, 1.0, &mut slopes);
        let huber = 0.5 * 0.25;
        assert!((loss - (0.25 + 0.75) * huber).abs() < 1e-7);
        assert!((slopes[0] - 0.5 * (0.75 - 0.25) * 0.5).abs() < 1e-7);
        assert!((slopes[1] + slopes[0]).abs() < 1e-7);
    }

    #[test]
    fn the_least_loss_is_at_the_quantiles_of_the_samples() {
        // Of the samples 0, 1, … 99, far apart by the Huber loss's width, the quantiles at 1/4 and 3/4.
        let samples: Vec<f32> = (0..100).map(|i| 10.0 * i as f32).collect();
        let mut theta = [500.0, 500.0];
        for _ in 0..4000 {
            let mut slopes = [0.0; 2];
            TERM.differentiate(&theta, &samples, 1.0, 1.0, &mut slopes);
            theta = [0, 1].map(|i| theta[i] - 2.0 * slopes[i]);
        }
        assert!(
            (theta[0] - 245.0).abs() < 10.0 && (theta[1] - 745.0).abs() < 10.0,
            "{theta:?}"
        );
    }
}
