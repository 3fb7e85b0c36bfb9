//! Action distributions: on the host for one observation, on a device for a batch.
//!
//! A [`Head`] is what turns the outputs of a policy's network into one of them;
//! [`DistributionKind`] says which there are. An [`ActionDistribution`] is a batch of them on a
//! device. Tests hold the two forms equal.
//!
//! Actions are flat: `[batch, action_dim]` numbers of `f32`, one (the index) per action of a
//! discrete space.

mod beta;
mod bounds;
mod categorical;
mod diag_gaussian;
mod exp;
mod head;
mod kind;
mod marginal;
mod special;
mod squashed_gaussian;
#[cfg(test)]
mod tests;

pub use beta::Beta;
pub use categorical::Categorical;
pub use diag_gaussian::DiagGaussian;
pub use head::{Head, HeadError};
pub use kind::DistributionKind;
pub use squashed_gaussian::SquashedGaussian;

use burn::tensor::Tensor;
use rl_core::Stream;

/// The distribution of the actions for each observation of a batch.
#[derive(Clone, Debug)]
pub enum ActionDistribution {
    /// For discrete spaces.
    Categorical(Categorical),
    /// For boxes, with `ln σ` a parameter or of the observation.
    DiagGaussian(DiagGaussian),
    /// For bounded boxes, by tanh.
    SquashedGaussian(SquashedGaussian),
    /// For bounded boxes.
    Beta(Beta),
}

/// `$body` with `$distribution` whichever it is.
macro_rules! any {
    ($self:ident, $distribution:ident => $body:expr) => {
        match $self {
            Self::Categorical($distribution) => $body,
            Self::DiagGaussian($distribution) => $body,
            Self::SquashedGaussian($distribution) => $body,
            Self::Beta($distribution) => $body,
        }
    };
}

impl ActionDistribution {
    /// Draws an action per observation, `[batch, action_dim]`, from the host's stream.
    pub fn sample(&self, rng: &mut Stream) -> Tensor<2> {
        any!(self, distribution => distribution.sample(rng))
    }

    /// `ln π(a|o)` of actions `[batch, action_dim]`, `[batch]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        any!(self, distribution => distribution.log_prob(actions))
    }

    /// Entropy `-E[ln π]`, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        any!(self, distribution => distribution.entropy())
    }

    /// The action that stands for the distribution when none is drawn, `[batch, action_dim]`; see
    /// [`Head::mode`].
    pub fn mode(&self) -> Tensor<2> {
        any!(self, distribution => distribution.mode())
    }

    /// The same distributions, apart from the tape that they were recorded on.
    pub fn detached(&self) -> Self {
        match self {
            Self::Categorical(distribution) => Self::Categorical(distribution.detached()),
            Self::DiagGaussian(distribution) => Self::DiagGaussian(distribution.detached()),
            Self::SquashedGaussian(distribution) => Self::SquashedGaussian(distribution.detached()),
            Self::Beta(distribution) => Self::Beta(distribution.detached()),
        }
    }

    /// `KL(self ‖ other)` per observation, `[batch]`; `None` between different kinds. Bounded ones
    /// are taken to have the same bounds.
    pub fn kl(&self, other: &Self) -> Option<Tensor<1>> {
        match (self, other) {
            (Self::Categorical(p), Self::Categorical(q)) => Some(p.kl(q)),
            (Self::DiagGaussian(p), Self::DiagGaussian(q)) => Some(p.kl(q)),
            (Self::SquashedGaussian(p), Self::SquashedGaussian(q)) => Some(p.kl(q)),
            (Self::Beta(p), Self::Beta(q)) => Some(p.kl(q)),
            _ => None,
        }
    }
}
