//! Learning small networks on the host: multi-layer perceptrons with their derivatives, and
//! optimizers, over one flat vector of parameters.
//!
//! Burn's tape serves every network and device; for a network of a few thousand parameters its
//! bookkeeping takes longer than the arithmetic. Here an MLP is a fixed sequence of products whose
//! sums stay in registers, with the same bits for every width of them.

mod aligned;
mod backward;
mod dots;
mod forward;
mod jvp;
mod layer;
mod layer_norm;
mod mlp;
mod norm;
mod optimizer;
mod product;
mod rows;
mod tape;
#[cfg(test)]
mod tests;

pub use mlp::HostMlp;
pub use norm::squared_norm;
pub use optimizer::{Adam, AdamConfig, AdamFactors, RmsProp, RmsPropConfig};
pub use tape::Tape;
