//! Wrong calls.

/// Error of a wrong call, which ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
