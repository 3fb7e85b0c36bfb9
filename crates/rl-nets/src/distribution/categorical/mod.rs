//! Categorical distribution, from logits.

#[cfg(feature = "burn")]
mod device;
mod host;
mod softmaxes;

#[cfg(feature = "burn")]
pub use device::Categorical;
pub(super) use host::{backward, entropy, fisher_product, kl, log_prob, mode, sample};
pub(super) use softmaxes::{ROWS, Softmaxes};
