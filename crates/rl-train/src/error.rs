//! Errors of a run.

use rl_core::collect::InteractError;
use rl_core::error::ThreadsError;
use rl_core::{BoxError, EnvironmentError, StateError};
use rl_learn::ConfigError;
use rl_nets::error::PolicyFileError;

pub use crate::backend::BackendError;
use crate::checkpoint_error::CheckpointError;
pub use crate::evaluate::EvaluateError;
pub use crate::inspect::InspectError;
pub use crate::onnx::ExportError;
pub use crate::run_directory_error::RunDirectoryError;
use crate::usage::UsageError;

/// Reason why a run could not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A wrong configuration.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A value out of its range, or one that does not go with the others.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A run that would never end.
    #[error("a run needs a budget: updates, steps or episodes after which it ends")]
    NoBudget,
    /// A backend that is not there.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Threads that the system does not give.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// Environments that cannot be made.
    #[error("cannot make an environment: {0}")]
    Environment(EnvironmentError),
    /// An agent that cannot be made.
    #[error(transparent)]
    Build(BoxError),
    /// A configuration that no file can hold.
    #[error("the configuration cannot be written down: {0}")]
    Describe(String),
    /// An update that failed.
    #[error("update {update}: {source}")]
    Update {
        /// Number of the update, from 1.
        update: u64,
        /// Its error.
        source: InteractError,
    },
    /// An observer that failed.
    #[error(transparent)]
    Observer(BoxError),
    /// Two observers whose states would have one name.
    #[error("two observers are called '{0}'; states of observers are told apart by their names")]
    SameObserver(&'static str),
    /// A saved state of another run.
    #[error(transparent)]
    State(#[from] StateError),
    /// A checkpoint that cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A run directory that cannot be used.
    #[error(transparent)]
    Directory(#[from] RunDirectoryError),
    /// A policy that cannot be read or written.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// A policy that cannot be judged.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
}

impl TrainError {
    /// Returns `true` if the call was wrong, rather than the run.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Usage(_)
                | Self::Config(_)
                | Self::NoBudget
                | Self::Backend(BackendError::NotCompiled { .. })
                | Self::Directory(
                    RunDirectoryError::NotEmpty(_)
                        | RunDirectoryError::InUse(_)
                        | RunDirectoryError::NoRun(_)
                )
        )
    }
}
