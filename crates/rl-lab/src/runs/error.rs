//! Errors of reading runs.

use std::path::{Path, PathBuf};

use crate::files::FileError;

/// Reason why runs could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// A directory that no run has left behind.
    #[error("{} is not the directory of a run: it has no config.toml", .0.display())]
    NoRun(PathBuf),
    /// A path that is no directory.
    #[error("{} is not a directory: the directory of a run, or one with runs in it, is allowed", .0.display())]
    NoDirectory(PathBuf),
    /// A directory without runs in it.
    #[error("there is no run in {}: no directory in it has a config.toml", .0.display())]
    NoRuns(PathBuf),
    /// A metric that a run does not have.
    #[error("{} has no metric '{metric}'.{hint} It has: {known}", path.display())]
    NoMetric {
        /// The file of metrics.
        path: PathBuf,
        /// The metric.
        metric: String,
        /// ` Did you mean 'NAME'?`, if a name is near.
        hint: String,
        /// Those that there are.
        known: String,
    },
    /// Runs that cannot be compared, or are too few.
    #[error("{0}")]
    NotComparable(String),
    /// A file of a run that makes no sense.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A file that could not be read, drawn or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl RunsError {
    /// Returns `true` if the call was wrong, rather than a file.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Damaged { .. } | Self::File(_))
    }

    pub(crate) fn damaged(path: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
