//! Errors of runs as processes.

use std::io;
use std::path::PathBuf;

use rl_train::{TrainError, UsageError};

use crate::files::FileError;

/// Reason why a list of runs is not complete.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A configuration that is refused.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A run that cannot be made.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A directory of a run that holds another one.
    #[error(
        "{} holds a run of another configuration: {differences}. Choose another --out, or move it \
         away", directory.display()
    )]
    OtherRun {
        /// The directory.
        directory: PathBuf,
        /// Keys with both values.
        differences: String,
    },
    /// A directory that another process works in.
    #[error(
        "{} is in use by another process. Wait for its end, or choose another --out",
        directory.display()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// A file of a run that makes no sense.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A run that could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The binary.
        program: PathBuf,
        /// Reason of the system.
        source: io::Error,
    },
    /// A run that ended with an error of its own.
    #[error("{0}")]
    Failed(String),
    /// Runs that failed.
    #[error(
        "{failed} of {total} runs failed. Complete ones are kept in {}, and the same command \
         goes on from there.{reasons}", directory.display()
    )]
    Runs {
        /// Number of them.
        failed: usize,
        /// Number of all runs.
        total: usize,
        /// A line for each label and reason, with the seeds.
        reasons: String,
        /// Directory of the others.
        directory: PathBuf,
    },
}

impl JobError {
    /// Returns `true` if the configuration is at fault, rather than a run.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage(_) | Self::OtherRun { .. } => true,
            Self::Train(error) => error.is_usage(),
            _ => false,
        }
    }
}
