//! Run directories, read: what was configured, how far the run is, and its metrics.
//!
//! ```no_run
//! use rl_lab::runs::{RunGroup, read};
//! use rl_train::Registry;
//!
//! let runs = read(&["runs".into()])?;
//! for group in RunGroup::of(runs, &Registry::default()) {
//!     let returns = group.runs[0].metrics()?;
//!     println!("{}: {:?}", group.name, returns.column("return_mean")?.last());
//! }
//! # Ok::<(), rl_lab::runs::RunsError>(())
//! ```

mod changes;
mod error;
mod find;
mod group;
mod metrics;
mod stored;
mod summary;
#[cfg(test)]
pub(crate) mod testing;

pub use changes::changed_keys;
pub use error::RunsError;
pub use find::{directories, read};
pub use group::{RunGroup, one_environment};
pub use metrics::MetricsTable;
pub use stored::{RunState, StoredRun};
pub use summary::{EvaluationSummary, RunSummary};
