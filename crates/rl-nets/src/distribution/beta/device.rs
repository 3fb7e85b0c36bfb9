//! Beta distributions on a device.

use burn::tensor::{Tensor, activation};

#[cfg(test)]
use super::TINY;
use crate::distribution::bounds::Bounds;
use crate::distribution::special::device::{digamma_tensor, ln_beta};

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
    pub(in crate::distribution) fn new(alpha: Tensor<2>, beta: Tensor<2>, bounds: Bounds) -> Self {
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
