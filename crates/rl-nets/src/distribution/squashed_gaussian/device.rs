//! Squashed Gaussian distributions on a device.

use std::f32::consts::LN_2;

use burn::tensor::{Tensor, activation};

use super::NODES;
use crate::distribution::bounds::Bounds;
use crate::distribution::diag_gaussian::device::DiagGaussian;

/// Squashed Gaussians on a device, one per observation of a batch:
/// `a = low + ½ (tanh u + 1) (high − low)` per action dimension, with independent Gaussian `u`
/// (Haarnoja et al. 2018, "Soft actor-critic", appendix C).
#[derive(Clone, Debug)]
pub struct SquashedGaussian {
    /// Distribution of `u`.
    gaussian: DiagGaussian,
    bounds: Bounds,
}

impl SquashedGaussian {
    pub(in crate::distribution) fn new(gaussian: DiagGaussian, bounds: Bounds) -> Self {
        Self { gaussian, bounds }
    }

    /// Log-densities `Σ [ln N(u; μ, σ) − ln da/du]`, `[batch]`, of actions `[batch, action_dim]`.
    /// An action nearer to a bound than 5e-7 of the box's width counts as one at that distance.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        let (below, above) = self.bounds.log_shares(actions);
        // tanh u + 1 = 2 · below and 1 − tanh² u = 4 · below · above.
        let u = (below.clone() - above.clone()).mul_scalar(0.5);
        let log_slope = (below + above).add_scalar(LN_2) + self.bounds.log_width();
        self.gaussian.log_prob(u) - log_slope.sum_dim(1).squeeze_dim(1)
    }

    /// Entropies `H[u] + E[ln da/du]`, `[batch]`. The second term has no closed form; it is a sum
    /// over 20 fixed points per dimension.
    pub fn entropy(&self) -> Tensor<1> {
        let [batch, dim] = self.gaussian.mean().dims();
        let std = self.gaussian.log_std().exp();
        let log_slope = |u: Tensor<2>| {
            let soft = activation::softplus(u.clone().mul_scalar(-2.0), 1.0);
            (u + soft).sub_scalar(LN_2).mul_scalar(-2.0)
        };
        let mut mean = Tensor::zeros([batch, dim], &std.device());
        for (z, weight) in NODES {
            for z in [z, -z] {
                let u = self.gaussian.mean() + std.clone().mul_scalar(z);
                mean = mean + log_slope(u).mul_scalar(weight);
            }
        }
        let log_slope = mean.sub_scalar(LN_2) + self.bounds.log_width();
        self.gaussian.entropy() + log_slope.sum_dim(1).squeeze_dim(1)
    }
}

/// Mode and divergence that those of the host are tested against.
#[cfg(test)]
impl SquashedGaussian {
    /// Actions at the mean of `u`, `[batch, action_dim]`: the median, which stays inside the box,
    /// while the peak of the density may be at a bound.
    pub fn mode(&self) -> Tensor<2> {
        self.squash(self.gaussian.mode())
    }

    /// `KL(self ‖ other)` for the same box, `[batch]`: that of the Gaussians, because the mapping
    /// is invertible.
    pub fn kl(&self, other: &Self) -> Tensor<1> {
        self.gaussian.kl(&other.gaussian)
    }

    fn squash(&self, u: Tensor<2>) -> Tensor<2> {
        self.bounds.at(activation::sigmoid(u.mul_scalar(2.0)))
    }
}
