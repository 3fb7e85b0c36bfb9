//! Gaussian distribution mapped into the bounds of a box by tanh.

use std::f32::consts::LN_2;

use burn::tensor::{Tensor, activation};
use rl_core::Stream;

use super::bounds::Bounds;
use super::diag_gaussian::{DiagGaussian, Gaussian};
use super::exp::exp;
use super::marginal::{Interval, Marginal};

/// Nodes `z > 0` and weights of an integral over the standard normal distribution, each for `z` and
/// for `-z`: the trapezoidal rule with step ½ from -4.75 to 4.75, which converges exponentially for
/// analytic functions (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal
/// rule").
///
/// The mean of `ln da/du` is exact to 1e-5 up to `σ = 1.6`, to 1e-3 up to 2.7 and to 0.06 at 7.4,
/// where 20 nodes of Gauss and Hermite, which reach further out, err by 5e-4, 7e-3 and 0.2.
const NODES: [(f32, f32); 10] = [
    (0.25, 0.193_334_14),
    (0.75, 0.150_568_78),
    (1.25, 0.091_324_58),
    (1.75, 0.043_138_68),
    (2.25, 0.015_869_833),
    (2.75, 0.004_546_783_3),
    (3.25, 0.001_014_524_5),
    (3.75, 1.762_979_2e-4),
    (4.25, 2.385_933e-5),
    (4.75, 2.514_755e-6),
];

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
    pub(super) fn new(gaussian: DiagGaussian, bounds: Bounds) -> Self {
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

/// Squashed Gaussian of one dimension on the host, with parameters `μ` and `ln σ` of `u`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Squashed {
    gaussian: Gaussian<false>,
    interval: Interval,
}

impl Squashed {
    /// The action for `u`: ½ (tanh u + 1) is the logistic function of `2u`, which keeps its digits
    /// near 0.
    #[inline]
    fn squash(self, u: f32) -> f32 {
        self.interval.at((1.0 + exp(-2.0 * u)).recip())
    }

    /// Mean of `f(u)`, as a sum over the nodes.
    #[inline]
    fn mean(self, f: impl Fn(f32) -> f32) -> f32 {
        let (mean, std) = (self.gaussian.mean, self.gaussian.std());
        let terms = NODES.map(|(z, weight)| weight * (f(mean + std * z) + f(mean - std * z)));
        terms.iter().sum()
    }

    /// `E[tanh u]` and `E[(u − μ) tanh u]`, as sums over the nodes.
    #[inline]
    fn tanh_moments(self) -> [f32; 2] {
        let (mean, std) = (self.gaussian.mean, self.gaussian.std());
        let tanh = |u: f32| 1.0 - 2.0 / (exp(2.0 * u) + 1.0);
        let terms = NODES.map(|(z, weight)| {
            let (above, below) = (tanh(mean + std * z), tanh(mean - std * z));
            [weight * (above + below), weight * std * z * (above - below)]
        });
        [0, 1].map(|i| terms.iter().map(|term| term[i]).sum())
    }
}

impl Marginal for Squashed {
    #[inline]
    fn new(mean: f32, log_std: f32, interval: &Interval) -> Self {
        Self {
            gaussian: Gaussian::new(mean, log_std, interval),
            interval: *interval,
        }
    }

    #[inline]
    fn log_prob(self, action: f32) -> f32 {
        let (below, above) = self.interval.shares(action);
        let (below, above) = (below.ln(), above.ln());
        let log_slope = below + above + LN_2 + self.interval.log_width;
        self.gaussian.log_prob(0.5 * (below - above)) - log_slope
    }

    #[inline]
    fn entropy(self) -> f32 {
        // ln(1 − tanh² u), even in u; the plain logarithm is exact enough beside LN_2.
        let log_slope = self.mean(|u| {
            let u = u.abs();
            2.0 * (LN_2 - u - (1.0 + exp(-2.0 * u)).ln())
        });
        self.gaussian.entropy() + log_slope - LN_2 + self.interval.log_width
    }

    #[inline]
    fn kl(self, other: Self) -> f64 {
        self.gaussian.kl(other.gaussian)
    }

    #[inline]
    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2] {
        let (below, above) = self.interval.shares(action);
        let u = 0.5 * (below.ln() - above.ln());
        let [d_mean, d_log_std] = self.gaussian.gradient(u, d_log_prob, d_entropy);
        if d_entropy == 0.0 {
            return [d_mean, d_log_std];
        }
        // d ln(1 − tanh² u) / du = -2 tanh u.
        let [by_mean, by_log_std] = self.tanh_moments();
        [
            d_mean - 2.0 * d_entropy * by_mean,
            d_log_std - 2.0 * d_entropy * by_log_std,
        ]
    }

    #[inline]
    fn fisher_product(self, v: [f32; 2]) -> [f32; 2] {
        self.gaussian.fisher_product(v)
    }

    #[inline]
    fn sample(self, rng: &mut Stream) -> f32 {
        self.squash(self.gaussian.sample(rng))
    }

    #[inline]
    fn mode(self) -> f32 {
        self.squash(self.gaussian.mode())
    }
}
