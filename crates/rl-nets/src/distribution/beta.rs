//! The Beta distribution, scaled to the bounds of a box.

use burn::tensor::{Tensor, activation};
use rand_distr::Distribution;
use rl_core::Stream;

use super::bounds::Bounds;
use super::marginal::{Interval, Marginal};
use super::special::{digamma, digamma_tensor, ln_beta, ln_gamma, trigamma};

/// Number added to `α − 1` and `β − 1`, so that the mode of a uniform distribution is the middle.
const TINY: f32 = 1e-30;

/// Beta distributions on a device, scaled to a box, one per observation of a batch:
/// `a = low + x (high − low)` per action dimension, with independent `x` of Beta distributions with
/// `α, β ≥ 1` (Chou, Maturana and Scherer 2017).
#[derive(Clone, Debug)]
pub struct Beta {
    /// `α − 1`, `[batch, action_dim]`.
    alpha_1: Tensor<2>,
    /// `β − 1`, `[batch, action_dim]`.
    beta_1: Tensor<2>,
    bounds: Bounds,
}

impl Beta {
    /// Distributions with `α = 1 + softplus(alpha)` and `β = 1 + softplus(beta)`, for `alpha` and
    /// `beta` of `[batch, action_dim]`.
    pub(super) fn new(alpha: Tensor<2>, beta: Tensor<2>, bounds: Bounds) -> Self {
        Self {
            alpha_1: activation::softplus(alpha, 1.0),
            beta_1: activation::softplus(beta, 1.0),
            bounds,
        }
    }

    fn alpha(&self) -> Tensor<2> {
        self.alpha_1.clone().add_scalar(1.0)
    }

    fn beta(&self) -> Tensor<2> {
        self.beta_1.clone().add_scalar(1.0)
    }

    /// Log-densities `Σ [(α − 1) ln x + (β − 1) ln (1 − x) − ln B(α, β) − ln (high − low)]`,
    /// `[batch]`, of actions `[batch, action_dim]`. An action nearer to a bound than 5e-7 of the
    /// box's width counts as one at that distance.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        let (below, above) = self.bounds.log_shares(actions);
        let terms = self.alpha_1.clone() * below + self.beta_1.clone() * above
            - ln_beta(self.alpha(), self.beta())
            - self.bounds.log_width();
        terms.sum_dim(1).squeeze_dim(1)
    }

    /// Entropies
    /// `Σ [ln B(α, β) + (α − 1)(ψ(α + β) − ψ(α)) + (β − 1)(ψ(α + β) − ψ(β)) + ln (high − low)]`,
    /// `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        let [by_alpha, by_beta] = self.mean_logs();
        let terms = ln_beta(self.alpha(), self.beta()) + self.bounds.log_width()
            - self.alpha_1.clone() * by_alpha
            - self.beta_1.clone() * by_beta;
        terms.sum_dim(1).squeeze_dim(1)
    }

    /// `E ln x = ψ(α) − ψ(α + β)` and `E ln (1 − x) = ψ(β) − ψ(α + β)`, `[batch, action_dim]` each.
    fn mean_logs(&self) -> [Tensor<2>; 2] {
        let of_sum = digamma_tensor(self.alpha() + self.beta());
        [self.alpha(), self.beta()].map(|x| digamma_tensor(x) - of_sum.clone())
    }
}

/// Mode and divergence that those of the host are tested against.
#[cfg(test)]
impl Beta {
    /// Actions of the greatest density, at `x = (α − 1) / (α + β − 2)`; the middle where the
    /// density is flat.
    pub fn mode(&self) -> Tensor<2> {
        let (a, b) = (
            self.alpha_1.clone().add_scalar(TINY),
            self.beta_1.clone().add_scalar(TINY),
        );
        self.bounds.at(a.clone() / (a + b))
    }

    /// `KL(self ‖ other) = Σ [ln B(α₂, β₂) − ln B(α₁, β₁) + (α₁ − α₂) E ln x + (β₁ − β₂)
    /// E ln (1 − x)]` for the same box, `[batch]`.
    pub fn kl(&self, other: &Self) -> Tensor<1> {
        let [by_alpha, by_beta] = self.mean_logs();
        let terms = ln_beta(other.alpha(), other.beta()) - ln_beta(self.alpha(), self.beta())
            + (self.alpha_1.clone() - other.alpha_1.clone()) * by_alpha
            + (self.beta_1.clone() - other.beta_1.clone()) * by_beta;
        terms.sum_dim(1).squeeze_dim(1)
    }
}

/// A draw of `x`; NaN for parameters that are NaN.
fn sample(alpha: f64, beta: f64, rng: &mut Stream) -> f32 {
    rand_distr::Beta::new(alpha, beta).map_or(f32::NAN, |beta| beta.sample(rng) as f32)
}

/// Beta distribution of one dimension on the host, with network outputs as parameters. It is
/// computed in `f64`, because gamma functions of large numbers cancel.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScaledBeta {
    /// `α − 1` and `β − 1`.
    alpha_1: f64,
    beta_1: f64,
    /// Derivatives of `α` and `β` by the outputs.
    slopes: [f64; 2],
    interval: Interval,
}

impl ScaledBeta {
    fn alpha(self) -> f64 {
        1.0 + self.alpha_1
    }

    fn beta(self) -> f64 {
        1.0 + self.beta_1
    }

    fn ln_beta(self) -> f64 {
        let (alpha, beta) = (self.alpha(), self.beta());
        ln_gamma(alpha) + ln_gamma(beta) - ln_gamma(alpha + beta)
    }

    /// `E ln x` and `E ln (1 − x)`.
    fn mean_logs(self) -> [f64; 2] {
        let of_sum = digamma(self.alpha() + self.beta());
        [self.alpha(), self.beta()].map(|x| digamma(x) - of_sum)
    }
}

impl Marginal for ScaledBeta {
    fn new(alpha: f32, beta: f32, interval: &Interval) -> Self {
        let outputs = [alpha, beta].map(f64::from);
        let [alpha_1, beta_1] = outputs.map(|x| x.max(0.0) + (-x.abs()).exp().ln_1p());
        Self {
            alpha_1,
            beta_1,
            slopes: outputs.map(|x| (1.0 + (-x).exp()).recip()),
            interval: *interval,
        }
    }

    fn log_prob(self, action: f32) -> f32 {
        let (below, above) = self.interval.shares(action);
        let log_density = self.alpha_1 * f64::from(below).ln()
            + self.beta_1 * f64::from(above).ln()
            - self.ln_beta();
        log_density as f32 - self.interval.log_width
    }

    fn entropy(self) -> f32 {
        let [by_alpha, by_beta] = self.mean_logs();
        let entropy = self.ln_beta() - self.alpha_1 * by_alpha - self.beta_1 * by_beta;
        entropy as f32 + self.interval.log_width
    }

    fn kl(self, other: Self) -> f64 {
        let [by_alpha, by_beta] = self.mean_logs();
        other.ln_beta() - self.ln_beta()
            + (self.alpha_1 - other.alpha_1) * by_alpha
            + (self.beta_1 - other.beta_1) * by_beta
    }

    fn gradient(self, action: f32, d_log_prob: f32, d_entropy: f32) -> [f32; 2] {
        let (below, above) = self.interval.shares(action);
        let [by_alpha, by_beta] = self.mean_logs();
        let mut gradient = [
            f64::from(d_log_prob) * (f64::from(below).ln() - by_alpha),
            f64::from(d_log_prob) * (f64::from(above).ln() - by_beta),
        ];
        if d_entropy != 0.0 {
            // ∂H/∂α = (α + β − 2) ψ'(α + β) − (α − 1) ψ'(α).
            let of_sum = (self.alpha_1 + self.beta_1) * trigamma(self.alpha() + self.beta());
            let d_entropy = f64::from(d_entropy);
            gradient[0] += d_entropy * (of_sum - self.alpha_1 * trigamma(self.alpha()));
            gradient[1] += d_entropy * (of_sum - self.beta_1 * trigamma(self.beta()));
        }
        [0, 1].map(|i| (gradient[i] * self.slopes[i]) as f32)
    }

    fn fisher_product(self, v: [f32; 2]) -> [f32; 2] {
        let v = [0, 1].map(|i| f64::from(v[i]) * self.slopes[i]);
        let shared = trigamma(self.alpha() + self.beta()) * (v[0] + v[1]);
        let own = [trigamma(self.alpha()), trigamma(self.beta())];
        [0, 1].map(|i| (self.slopes[i] * (own[i] * v[i] - shared)) as f32)
    }

    fn sample(self, rng: &mut Stream) -> f32 {
        self.interval.at(sample(self.alpha(), self.beta(), rng))
    }

    fn mode(self) -> f32 {
        let (a, b) = (
            self.alpha_1 + f64::from(TINY),
            self.beta_1 + f64::from(TINY),
        );
        self.interval.at((a / (a + b)) as f32)
    }
}
