//! Action distributions: on the host for one observation, on a device for a batch.
//!
//! A [`Head`] turns the outputs of a policy's network into a distribution of one of the kinds of
//! [`DistributionKind`]. An [`ActionDistribution`] is a batch of them on a device. Tests hold the
//! two forms equal.
//!
//! Actions are flat: `[batch, action_dim]` of `f32`, where an action of a discrete space is one
//! number, its index.

#[cfg(feature = "burn")]
mod action_distribution;
mod action_value_form;
mod beta;
#[cfg(feature = "burn")]
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

#[cfg(feature = "burn")]
pub use action_distribution::ActionDistribution;
pub use action_value_form::ActionValueForm;
#[cfg(feature = "burn")]
pub use beta::device::Beta;
#[cfg(feature = "burn")]
pub use categorical::Categorical;
#[cfg(feature = "burn")]
pub use diag_gaussian::device::DiagGaussian;
pub use head::{Head, HeadError};
pub use kind::DistributionKind;
#[cfg(feature = "burn")]
pub use squashed_gaussian::device::SquashedGaussian;
