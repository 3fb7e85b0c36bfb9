//! Errors of reading and writing a policy file.

use std::path::{Path, PathBuf};

use super::layout::FORMAT_VERSION;

/// Failure to read or to write a policy file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// An error of the file system.
    #[error("cannot {action} policy {}: {source}", path.display())]
    Io {
        /// The attempt: "read" or "write".
        action: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The file system's error.
        source: std::io::Error,
    },
    /// A file that is not safetensors, or that is cut short.
    #[error("policy {} is damaged or not a safetensors file: {reason}", path.display())]
    Malformed {
        /// Path of the file.
        path: PathBuf,
        /// The parser's message.
        reason: String,
    },
    /// A file of another version of this project.
    #[error(
        "policy {} has format_version {found}; this version reads 1 to {FORMAT_VERSION}, a newer \
         one may read more", path.display()
    )]
    FormatVersion {
        /// Path of the file.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// A safetensors file that is not a policy as [`PolicyFile`](super::PolicyFile) describes it.
    #[error("policy {}: {reason}", path.display())]
    Content {
        /// Path of the file.
        path: PathBuf,
        /// The missing or wrong part.
        reason: String,
    },
}

impl PolicyFileError {
    pub(super) fn malformed(path: &Path, reason: impl ToString) -> Self {
        Self::Malformed {
            path: path.into(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn content(path: &Path, reason: String) -> Self {
        Self::Content {
            path: path.into(),
            reason,
        }
    }
}
