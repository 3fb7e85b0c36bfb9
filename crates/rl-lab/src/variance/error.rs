//! Reasons why nothing was measured.

use rl_core::EnvironmentError;
use rl_core::collect::CollectError;
use rl_core::finite_mdp::{SolveError, TableError};
use rl_learn::{ConfigError, UpdateError};
use rl_train::error::BackendError;

/// Reason why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum VarianceError {
    /// An environment that could not be made.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Episodes that could not be played.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Tables of a finite MDP that are wrong.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A finite MDP without an exact gradient.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// A backend that computes no gradients here.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A configuration that the learner refuses.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A gradient that could not be computed.
    #[error(transparent)]
    Learner(#[from] UpdateError),
}
