//! What a learner minimises.

/// The loss of a batch of `N` steps,
///
/// ```text
/// L = -1/N Σₜ [sₜ + c_H H(π(·|oₜ))] + c_V 1/N Σₜ (V(oₜ) - V̂ₜ)²
/// ```
///
/// with the surrogate `sₜ` of the policy, the coefficient `c_H` of its entropy and the
/// coefficient `c_V` of the value function's squared error. Either half may be missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// The policy's half.
    pub policy: Option<PolicyLoss>,
    /// The value function's half.
    pub value: Option<ValueLoss>,
}

/// The policy's half of a [`Loss`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyLoss {
    /// What is maximised.
    pub surrogate: Surrogate,
    /// `c_H`, not negative.
    pub entropy_coefficient: f32,
}

/// What the policy maximises at a step with advantage `Aₜ`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Surrogate {
    /// `ln π(aₜ|oₜ) Aₜ`: its gradient is the policy gradient.
    LogProb,
    /// `rₜ Aₜ` with the importance ratio `rₜ = π(aₜ|oₜ) / π_old(aₜ|oₜ)`: the policy gradient on
    /// experience of a policy that is not the present one (Schulman et al. 2017, eq. 6).
    Ratio,
    /// `min(rₜ Aₜ, clip(rₜ, 1 - ε, 1 + ε) Aₜ)` (Schulman et al. 2017, eq. 7).
    ClippedRatio {
        /// `ε`, positive.
        clip_range: f32,
    },
}

/// The value function's half of a [`Loss`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueLoss {
    /// `c_V`, positive.
    pub coefficient: f32,
    /// Where given, a step's error is the larger of those of `V` and of `V_old + clip(V - V_old,
    /// ±range)`.
    pub clip_range: Option<f32>,
}

impl Surrogate {
    /// `sₜ` and its derivative by `ln π(aₜ|oₜ)`, for a step with log-ratio `ln rₜ`.
    ///
    /// For [`LogProb`](Self::LogProb), `sₜ` is `ln π Aₜ`.
    #[inline]
    pub(crate) fn at(self, log_prob: f32, log_ratio: f32, advantage: f32) -> (f32, f32) {
        match self {
            Self::LogProb => (log_prob * advantage, advantage),
            Self::Ratio => {
                let surrogate = log_ratio.exp() * advantage;
                (surrogate, surrogate)
            }
            Self::ClippedRatio { clip_range } => {
                let ratio = log_ratio.exp();
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

    /// Whether a step's ratio is out of the clip range.
    #[inline]
    pub(crate) fn clips(self, log_ratio: f32) -> bool {
        matches!(self, Self::ClippedRatio { clip_range }
            if (log_ratio.exp() - 1.0).abs() > clip_range)
    }
}

impl ValueLoss {
    /// The error of a step and its derivative by the value, without the coefficient.
    #[inline]
    pub(crate) fn at(self, value: f32, old: f32, target: f32) -> (f32, f32) {
        let error = value - target;
        let free = (error * error, 2.0 * error);
        match self.clip_range {
            None => free,
            // Within the range there is nothing to clip, however sums are rounded.
            Some(range) if (value - old).abs() <= range => free,
            Some(range) => {
                let clipped = old + (value - old).clamp(-range, range) - target;
                // Where the clipped one is larger it is constant.
                if clipped * clipped > free.0 {
                    (clipped * clipped, 0.0)
                } else {
                    free
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipped_surrogate_is_the_pessimistic_one() {
        let surrogate = Surrogate::ClippedRatio { clip_range: 0.2 };
        let at = |ratio: f32, advantage| surrogate.at(0.0, ratio.ln(), advantage);
        let close = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        // Beyond the range where that would pay: constant.
        for (ratio, advantage, expected) in [(1.5, 2.0, 2.4), (0.5, -2.0, -1.6)] {
            let (value, slope) = at(ratio, advantage);
            close(value, expected);
            close(slope, 0.0);
        }
        // Anywhere else: the ratio's own.
        for (ratio, advantage) in [(1.1, 2.0), (0.5, 2.0), (1.5, -2.0), (1.0, -1.0)] {
            let (value, slope) = at(ratio, advantage);
            close(value, ratio * advantage);
            close(slope, ratio * advantage);
        }
        assert!(surrogate.clips(1.3_f32.ln()) && !surrogate.clips(1.1_f32.ln()));
        assert!(!Surrogate::Ratio.clips(3.0));
    }

    #[test]
    fn the_clipped_value_error_is_the_larger_one() {
        let loss = ValueLoss {
            coefficient: 1.0,
            clip_range: Some(0.5),
        };
        // Within the range of the old value: the plain error.
        assert_eq!(loss.at(1.25, 1.0, 2.0), (0.5625, -1.5));
        // Moved too far towards the target: the error of the clipped value, which is constant.
        assert_eq!(loss.at(2.0, 1.0, 2.0), (0.25, 0.0));
        // Moved too far away from it: the plain error.
        assert_eq!(loss.at(0.0, 1.0, 2.0), (4.0, -4.0));
    }
}
