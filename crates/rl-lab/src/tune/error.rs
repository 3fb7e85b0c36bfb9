//! Errors of a tuning.

use rl_train::UsageError;

use crate::files::FileError;
use crate::jobs::JobError;

/// Reason why a tuning has no result.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// A configuration that is refused.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// Runs that could not be made.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A file that could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A fault of the sampler.
    #[error("the sampler of values failed: {0}")]
    Sampler(String),
    /// Draws none of which makes a run.
    #[error("none of {draws} draws makes a run; the last: {reason}")]
    NoRun {
        /// Number of them.
        draws: usize,
        /// The refusal of the last.
        reason: String,
    },
    /// Trials that failed, every one of them.
    #[error("every trial failed: there is no best one")]
    NoBest,
}

impl TuneError {
    /// Returns `true` if the configuration is at fault, rather than a run.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) => true,
            Self::Job(error) => error.is_usage(),
            _ => false,
        }
    }
}
