//! Progress of a tuning.

use std::time::Duration;

use super::trial::TrialState;

/// Progress of a tuning after the end of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneProgress {
    /// The trial; 0 is the base.
    pub trial: usize,
    /// Number of all trials.
    pub trials: usize,
    /// Its state: complete, pruned, failed or a finalist.
    pub state: TrialState,
    /// Mean score of its runs; `-inf` where one failed.
    pub score: f64,
    /// Time since the start of this call.
    pub took: Duration,
}
