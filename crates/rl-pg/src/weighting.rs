//! What a policy gradient weighs the log-probability of an action with.

use serde::{Deserialize, Serialize};

/// The estimate of how good an action was: the weight `wₜ` of `∇ ln π(aₜ|oₜ)` in the policy
/// gradient, before a baseline is taken from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// The return of the whole trajectory, `Σ_{t'} γ^{t'} r_{t'}`, the same for each of its steps.
    TotalReturn,
    /// The reward-to-go, `Σ_{t' ≥ t} γ^{t'-t} r_{t'}`: what the action cannot have caused is left
    /// out, which leaves the gradient's mean as it is (for γ = 1) and lowers its variance.
    #[default]
    RewardToGo,
    /// The return of `n_step` steps and the value of the observation after them; needs a value
    /// function.
    NStep,
    /// The generalised advantage estimate (Schulman et al. 2016, eq. 16), which has the value
    /// function for its baseline; needs one.
    Gae,
}

impl Weighting {
    /// Whether it bootstraps from a value function.
    pub fn needs_values(self) -> bool {
        matches!(self, Self::NStep | Self::Gae)
    }
}

/// Shifts and scales numbers to mean 0 and standard deviation 1; equal numbers become zeros.
pub fn normalize(xs: &mut [f32]) {
    let n = xs.len() as f64;
    let mean = xs.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = xs
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / n;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    for x in xs {
        *x = ((f64::from(*x) - mean) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_weights_have_mean_zero_and_deviation_one() {
        let mut weights = [1.0, 2.0, 3.0, 4.0];
        normalize(&mut weights);
        let a = 1.5 / 1.25_f32.sqrt();
        assert!(
            (weights[3] - a).abs() < 1e-6 && (weights[0] + a).abs() < 1e-6,
            "{weights:?}"
        );
        let mut equal = [500.0; 3];
        normalize(&mut equal);
        assert_eq!(equal, [0.0; 3]);
    }
}
