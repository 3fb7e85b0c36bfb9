//! Errors of reports.

use crate::files::FileError;
use crate::runs::RunsError;
use crate::web::PageError;

/// Reason why a run could not be reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A run that cannot be read.
    #[error(transparent)]
    Runs(#[from] RunsError),
    /// A page that cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A page that cannot be made.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl ReportError {
    /// Returns `true` if the call was wrong, rather than a file.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Runs(error) if error.is_usage())
    }
}
