//! Trainings as processes: a list of runs that is worked off some at a time, on one machine or on several.
//!
//! Every run is a process of its own: concurrent backward passes within one process are not safe on every backend,
//! and a run that dies takes no other with it. Results are files alone: a run that is complete in its directory is
//! not repeated, and a [`Shard`] of the list leaves directories that any other call puts together.

mod command;
mod error;
mod failures;
mod gathered;
mod job;
mod plan_file;
mod pool;
mod program;
mod recipe;
mod run_summary;
mod shard;

pub use error::JobError;
pub use gathered::{Gathered, Share};
pub use job::PARENT_VARIABLE;
pub use pool::JobProgress;
pub use program::Program;
pub use shard::Shard;

use std::ops::Range;

use rl_train::UsageError;

pub(crate) use command::{command, set_options, shown};
pub(crate) use job::{Job, JobResult};
pub(crate) use plan_file::claim as claim_plan;
pub(crate) use pool::JobPool;
pub(crate) use recipe::Recipe;
pub(crate) use run_summary::RunSummary;

/// Seeds of a configuration, at most.
const MOST_SEEDS: u64 = 10_000;

/// Refuses no seeds, and more than 10,000.
///
/// # Errors
/// [`UsageError`].
pub(crate) fn check_seeds(seeds: &Range<u64>) -> Result<(), UsageError> {
    let count = seeds.end.saturating_sub(seeds.start);
    if (1..=MOST_SEEDS).contains(&count) {
        return Ok(());
    }
    Err(UsageError(format!(
        "{count} seeds (from --seeds): allowed are 1 to {MOST_SEEDS}"
    )))
}
