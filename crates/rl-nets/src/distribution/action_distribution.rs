//! A batch of action distributions of any kind, on a device.

use burn::tensor::Tensor;

use super::{Beta, Categorical, DiagGaussian, SquashedGaussian};

/// Distributions of the actions on a device, one per observation of a batch.
#[derive(Clone, Debug)]
pub enum ActionDistribution {
    /// Distributions over a discrete space.
    Categorical(Categorical),
    /// Distributions over a box, with `ln σ` a parameter or an output of the network.
    DiagGaussian(DiagGaussian),
    /// Distributions over a bounded box, by tanh.
    SquashedGaussian(SquashedGaussian),
    /// Distributions over a bounded box, without tanh.
    Beta(Beta),
}

/// Evaluates `$body` with `$distribution` bound to the distributions of any kind.
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
    /// Log-probabilities (log-densities for a box) `ln π(a|o)`, `[batch]`, of actions
    /// `[batch, action_dim]`.
    pub fn log_prob(&self, actions: Tensor<2>) -> Tensor<1> {
        any!(self, distribution => distribution.log_prob(actions))
    }

    /// Entropies `-E[ln π]` in nats, `[batch]`.
    pub fn entropy(&self) -> Tensor<1> {
        any!(self, distribution => distribution.entropy())
    }
}

/// Modes and divergences that those of the host are tested against.
#[cfg(test)]
impl ActionDistribution {
    /// Actions without exploration, `[batch, action_dim]`, as by [`Head::mode`](super::Head::mode).
    pub fn mode(&self) -> Tensor<2> {
        any!(self, distribution => distribution.mode())
    }

    /// `KL(self ‖ other)` per observation, `[batch]`; `None` between different kinds. The bounds of
    /// bounded ones are assumed to be the same.
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
