//! Surrogate losses of a policy.

use burn::tensor::Tensor;

use crate::{Derivatives, FusedTerm, Input, Minibatch, Row, Term, UpdateError};

/// Surrogate loss `-1/N Σₜ sₜ`, whose gradient is a policy gradient: what the policy maximises at a
/// step with advantage `Aₜ`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Surrogate {
    /// `sₜ = ln π(aₜ|oₜ) Aₜ`: the policy gradient (Williams 1992).
    LogProb,
    /// `sₜ = rₜ Aₜ` with the importance ratio `rₜ = π(aₜ|oₜ) / π_old(aₜ|oₜ)`: the policy gradient
    /// on experience of another policy than the present one (Schulman et al. 2017, eq. 6).
    Ratio,
    /// `sₜ = min(rₜ Aₜ, clip(rₜ, 1 - ε, 1 + ε) Aₜ)` (Schulman et al. 2017, eq. 7).
    ClippedRatio {
        /// `ε`, positive.
        clip_range: f32,
    },
}

impl Surrogate {
    /// `sₜ` and its derivative by `ln π(aₜ|oₜ)`.
    #[inline]
    fn at(self, log_prob: f32, ratio: f32, advantage: f32) -> (f32, f32) {
        match self {
            Self::LogProb => (log_prob * advantage, advantage),
            Self::Ratio => {
                let surrogate = ratio * advantage;
                (surrogate, surrogate)
            }
            Self::ClippedRatio { clip_range } => {
                let free = ratio * advantage;
                let clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range) * advantage;
                // Where the clipped one is smaller it is constant.
                if clipped < free {
                    (clipped, 0.0)
                } else {
                    (free, free)
                }
            }
        }
    }
}

impl Term for Surrogate {
    fn name(&self) -> &'static str {
        "policy_loss"
    }

    fn inputs(&self) -> &'static [Input] {
        match self {
            Self::LogProb => &[Input::Advantage, Input::LogProb],
            _ => &[Input::Advantage, Input::Ratio],
        }
    }

    fn tape(&self, minibatch: &Minibatch) -> Result<Tensor<1>, UpdateError> {
        let advantages = minibatch.advantages()?;
        let surrogate = match *self {
            Self::LogProb => minibatch.log_prob()? * advantages,
            Self::Ratio => minibatch.ratio()? * advantages,
            Self::ClippedRatio { clip_range } => {
                let ratio = minibatch.ratio()?;
                let clipped = ratio.clone().clamp(1.0 - clip_range, 1.0 + clip_range);
                (ratio * advantages.clone()).min_pair(clipped * advantages)
            }
        };
        Ok(surrogate.mean().neg())
    }

    fn fused(&self) -> Option<&dyn FusedTerm> {
        Some(self)
    }
}

impl FusedTerm for Surrogate {
    fn differentiate(&self, row: &Row, scale: f32, derivatives: &mut Derivatives) -> f32 {
        let (surrogate, slope) = self.at(row.log_prob, row.ratio, row.advantage);
        derivatives.log_prob += -slope * scale;
        -surrogate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipped_surrogate_is_the_pessimistic_one() {
        let surrogate = Surrogate::ClippedRatio { clip_range: 0.2 };
        // Beyond the range where that would pay: constant.
        for (ratio, advantage, expected) in [(1.5_f32, 2.0, 2.4), (0.5, -2.0, -1.6)] {
            let (value, slope) = surrogate.at(0.0, ratio, advantage);
            assert!((value - expected).abs() < 1e-6, "{value}");
            assert_eq!(slope, 0.0);
        }
        // Anywhere else: the ratio's own.
        for (ratio, advantage) in [(1.1, 2.0), (0.5, 2.0), (1.5, -2.0), (1.0, -1.0)] {
            let free = ratio * advantage;
            assert_eq!(surrogate.at(0.0, ratio, advantage), (free, free));
        }
    }

    #[test]
    fn a_row_has_its_share_of_the_mean() {
        let row = Row {
            advantage: 3.0,
            log_prob: -2.0,
            ..Row::default()
        };
        let mut derivatives = Derivatives::default();
        assert_eq!(
            Surrogate::LogProb.differentiate(&row, 0.25, &mut derivatives),
            6.0
        );
        assert_eq!(derivatives.log_prob, -0.75);
    }
}
