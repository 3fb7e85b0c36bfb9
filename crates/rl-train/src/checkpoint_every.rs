//! Interval between checkpoints.

use std::time::Duration;

/// Interval between checkpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckpointEvery {
    /// A number of updates.
    Updates(u64),
    /// A time.
    Time(Duration),
}

impl Default for CheckpointEvery {
    /// A minute.
    fn default() -> Self {
        Self::Time(Duration::from_secs(60))
    }
}
