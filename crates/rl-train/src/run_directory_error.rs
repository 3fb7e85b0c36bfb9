//! Errors of run directories.

use std::io;
use std::path::PathBuf;

/// Reason why the directory of a run could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum RunDirectoryError {
    /// A directory that holds something already.
    #[error(
        "output directory {} (from --out) exists and is not empty; nothing was changed. Choose a \
         new or empty one, or go on with the run in it by --resume", .0.display()
    )]
    NotEmpty(PathBuf),
    /// A directory that another process writes to.
    #[error("run directory {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A directory that no run has left behind.
    #[error("{} is not the directory of a run: it has no config.toml", .0.display())]
    NoRun(PathBuf),
    /// A refusal of the file system.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// Path of the file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
