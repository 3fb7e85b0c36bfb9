//! Errors of gathering evidence.

use rl_train::UsageError;

use crate::files::FileError;
use crate::jobs::JobError;
use crate::runs::RunsError;

/// Reason why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A configuration that is refused.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// Runs that could not be made.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A file that could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Runs that could not be read, or a picture that could not be written.
    #[error(transparent)]
    Runs(#[from] RunsError),
}

impl EvidenceError {
    /// Returns `true` if the configuration is at fault, rather than a run.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) => true,
            Self::Job(error) => error.is_usage(),
            Self::File(_) | Self::Runs(_) => false,
        }
    }
}
