//! Collection of experience from environments side by side, and the turns that an agent takes with
//! them.
//!
//! Every way of collecting shares one set of members: environments with their streams, what they
//! show now, and the transform of observations and rewards ([`TransformConfig`]). Environment
//! `i`, counted through all processes, draws from the run's stream `(Environment, i)` and its
//! actions from `(Action, i)`; the number of threads changes nothing.

mod config;
mod episodes;
mod error;
mod interact;
mod lanes;
mod members;
mod rollouts;
mod rounds;
mod shard;
mod size;
mod steps;
mod transform;
mod transformed;

pub use config::CollectConfig;
pub use episodes::{Collection, Episodes};
pub use error::CollectError;
pub use interact::{Interact, InteractError};
pub use rollouts::{RolloutBatch, Rollouts};
pub use rounds::Rounds;
pub use size::{SizeError, check_size};
pub use steps::Steps;
pub use transform::{Normalization, TransformConfig};
pub use transformed::Transformed;

#[cfg(test)]
mod tests;
