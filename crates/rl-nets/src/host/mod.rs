//! Learning small networks on the host: multi-layer perceptrons with their derivatives, and
//! optimizers, over one flat vector of parameters.
//!
//! Burn's tape serves every network and device; for a network of a few thousand parameters its
//! bookkeeping takes longer than the arithmetic. Here an MLP is a fixed sequence of products whose
//! sums stay in registers, with the same bits for every width of them.

mod aligned;
mod dots;
mod mlp;
mod optimizer;
mod passes;
mod product;
mod tape;

pub use mlp::HostMlp;
pub use optimizer::{Adam, AdamConfig, RmsProp, RmsPropConfig, global_norm, squared_norm};
pub use tape::Tape;
