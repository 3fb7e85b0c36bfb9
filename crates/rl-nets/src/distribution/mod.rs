//! Action distributions on a device, for a batch of observations.
//!
//! Actions are flat: `[batch, action_dim]` numbers of `f32`, one (the index) per action of a
//! discrete space.

mod categorical;
mod diag_gaussian;

pub use categorical::Categorical;
pub use diag_gaussian::DiagGaussian;

use burn::tensor::Tensor;
use rl_core::Stream;

/// The distribution of the actions for each observation of a batch.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one per batch, and it holds tensors"
)]
pub enum ActionDistribution {
    /// For discrete spaces.
    Categorical(Categorical),
    /// For boxes.
    DiagGaussian(DiagGaussian),
}

impl ActionDistribution {
    /// Draws an action per observation, `[batch, action_dim]`, from the host's stream.
    pub fn sample(&self, rng: &mut Stream) -> Tensor<2> {
        match self {
            Self::Categorical(distribution) => distribution.sample(rng),
            Self::DiagGaussian(distribution) => distribution.sample(rng),
        }
    }

    /// `ln π(a|o)` of actions `[batch, action_dim]`, `[batch]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Categorical(distribution) => distribution.log_prob(actions),
            Self::DiagGaussian(distribution) => distribution.log_prob(actions),
        }
    }

    /// Entropy `-E[ln π]`, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        match self {
            Self::Categorical(distribution) => distribution.entropy(),
            Self::DiagGaussian(distribution) => distribution.entropy(),
        }
    }

    /// The likeliest action, `[batch, action_dim]`.
    pub fn mode(&self) -> Tensor<2> {
        match self {
            Self::Categorical(distribution) => distribution.mode(),
            Self::DiagGaussian(distribution) => distribution.mode(),
        }
    }

    /// The same distributions, apart from the tape that they were recorded on.
    pub fn detached(&self) -> Self {
        match self {
            Self::Categorical(distribution) => Self::Categorical(distribution.detached()),
            Self::DiagGaussian(distribution) => Self::DiagGaussian(distribution.detached()),
        }
    }

    /// `KL(self ‖ other)` per observation, `[batch]`; `None` between different kinds.
    pub fn kl(&self, other: &Self) -> Option<Tensor<1>> {
        match (self, other) {
            (Self::Categorical(p), Self::Categorical(q)) => Some(p.kl(q)),
            (Self::DiagGaussian(p), Self::DiagGaussian(q)) => Some(p.kl(q)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    /// Mean of a sample and the standard error of that mean.
    pub(super) fn mean_and_error(sample: &[f32]) -> (f64, f64) {
        let n = sample.len() as f64;
        let mean = sample.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = sample
            .iter()
            .map(|&x| (f64::from(x) - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0);
        (mean, (variance / n).sqrt())
    }
}
