//! Gaussian distributions on a device.

use burn::tensor::Tensor;

use super::{LN_TAU, LOG_STD_RANGE};

/// Gaussian distributions on a device, one per observation of a batch, with independent dimensions.
#[derive(Clone, Debug)]
pub struct DiagGaussian {
    /// μ, `[batch, action_dim]`.
    mean: Tensor<2>,
    /// `ln σ`, `[batch, action_dim]` or, where it is the same for all, `[1, action_dim]`.
    log_std: Tensor<2>,
}

impl DiagGaussian {
    /// Gaussians with means `[batch, action_dim]` and log standard deviations `[action_dim]`.
    pub fn new(mean: Tensor<2>, log_std: Tensor<1>) -> Self {
        Self {
            mean,
            log_std: log_std.unsqueeze(),
        }
    }

    /// Gaussians with a log standard deviation, clamped to `[-20, 2]`, for each observation: means
    /// and `ln σ` are `[batch, action_dim]`.
    pub fn of_state(mean: Tensor<2>, log_std: Tensor<2>) -> Self {
        let [low, high] = LOG_STD_RANGE;
        Self {
            mean,
            log_std: log_std.clamp(low, high),
        }
    }

    /// μ, `[batch, action_dim]`.
    pub(in crate::distribution) fn mean(&self) -> Tensor<2> {
        self.mean.clone()
    }

    /// `ln σ`, `[batch or 1, action_dim]`.
    pub(in crate::distribution) fn log_std(&self) -> Tensor<2> {
        self.log_std.clone()
    }

    /// Log-densities `Σ [-(a - μ)² / 2σ² - ln σ - ln √2π]`, `[batch]`, of actions
    /// `[batch, action_dim]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        let z = (actions - self.mean.clone()) * self.log_std.clone().neg().exp();
        let terms = z.square().mul_scalar(-0.5) - self.log_std.clone();
        terms.sub_scalar(0.5 * LN_TAU).sum_dim(1).squeeze_dim(1)
    }

    /// Entropies `Σ [ln σ + ln √(2πe)]`, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        let per_observation: Tensor<1> = self
            .log_std
            .clone()
            .add_scalar(0.5 * (LN_TAU + 1.0))
            .sum_dim(1)
            .squeeze_dim(1);
        let [batch, _] = self.mean.dims();
        per_observation.expand([batch])
    }
}

/// Mode and divergence that those of the host are tested against.
#[cfg(test)]
impl DiagGaussian {
    /// The mean, `[batch, action_dim]`.
    pub fn mode(&self) -> Tensor<2> {
        self.mean.clone()
    }

    /// `KL(self ‖ other) = Σ [ln σ₂/σ₁ + (σ₁² + (μ₁ - μ₂)²) / 2σ₂² - ½]`, `[batch]`.
    pub fn kl(&self, other: &Self) -> Tensor<1> {
        let log_ratio = other.log_std.clone() - self.log_std.clone();
        let variance_ratio = log_ratio.clone().mul_scalar(-2.0).exp();
        let z = (self.mean.clone() - other.mean.clone()) * other.log_std.clone().neg().exp();
        let terms = log_ratio
            + (variance_ratio + z.square())
                .mul_scalar(0.5)
                .sub_scalar(0.5);
        terms.sum_dim(1).squeeze_dim(1)
    }
}
