//! Measurement of one estimator.

use serde::Serialize;

use super::VarianceSetting;
use super::estimators::Theory;

/// Measurement of one estimator with one baseline. Half-widths are those of 99.9 % confidence
/// intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceRow {
    /// Setting that it was measured in.
    pub env: VarianceSetting,
    /// The estimator.
    pub estimator: &'static str,
    /// Its baseline.
    pub baseline: &'static str,
    /// Bias by theory.
    pub(crate) theory: Theory,
    /// The distance of its mean from the gradient, in norms of the gradient.
    pub bias: f64,
    /// Distance that the mean of an unbiased one may have by chance.
    pub bias_half_width: f64,
    /// The total variance of the estimate that one batch gives (the trace of its covariance), in
    /// squared norms of the gradient.
    pub variance: f64,
    /// Distance that this may have from the truth by chance.
    pub variance_half_width: f64,
    /// The variance over that of the total return without a baseline.
    pub ratio: f64,
    /// The variance in squared norms of the estimator's own mean, which no scale changes: it counts
    /// where the step does not depend on the length of the gradient, as with Adam.
    pub noise_to_signal: f64,
    /// Time to make the weights of the scores from rewards and values, in nanoseconds per
    /// environment step. The gradient itself costs the same with all weights.
    pub ns_per_step: f64,
}

impl VarianceRow {
    /// Returns `true` if the measured bias is beyond chance.
    pub(crate) fn is_biased(&self) -> bool {
        self.bias > self.bias_half_width
    }
}

#[cfg(test)]
pub mod testing {
    use super::*;

    pub fn row(theory: Theory, bias: f64, variance: f64) -> VarianceRow {
        VarianceRow {
            env: VarianceSetting::FiniteMdp,
            estimator: "GAE(λ < 1)",
            baseline: "none",
            theory,
            bias,
            bias_half_width: 0.05,
            variance,
            variance_half_width: variance / 8.0,
            ratio: variance / 20.0,
            noise_to_signal: variance / 2.0,
            ns_per_step: 1.26,
        }
    }
}
