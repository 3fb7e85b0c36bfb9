//! Errors of checkpoints.

use std::io;
use std::path::{Path, PathBuf};

/// Version of the layout of a checkpoint.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// Reason why a checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A directory without checkpoints.
    #[error("{} holds no checkpoint", .0.display())]
    None(PathBuf),
    /// A file that is missing, cut short, or edited.
    #[error(
        "checkpoint {} is damaged: {reason}. Once it is removed, a run goes on from the one before",
        path.display()
    )]
    Damaged {
        /// Path of the checkpoint.
        path: PathBuf,
        /// The file and its fault.
        reason: String,
    },
    /// A checkpoint of another version of this project.
    #[error(
        "checkpoint {} has format_version {found}; this version reads {FORMAT_VERSION}",
        path.display()
    )]
    Version {
        /// Path of the checkpoint.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// A checkpoint of another run.
    #[error(
        "checkpoint {} is of a run with {key} {found}; this run has {key} {expected}",
        path.display()
    )]
    OtherRun {
        /// Path of the checkpoint.
        path: PathBuf,
        /// The difference: `env`, `algo` or `seed`.
        key: &'static str,
        /// Its value in the checkpoint.
        found: String,
        /// Its value in the run.
        expected: String,
    },
    /// A refusal of the file system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Path of the file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl CheckpointError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
