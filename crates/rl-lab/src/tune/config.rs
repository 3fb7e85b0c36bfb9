//! Configuration of a tuning.

use std::path::PathBuf;
use std::time::Duration;

use super::ranges::TunedKey;
use crate::jobs::Program;

/// Configuration of a tuning: what is tuned, for how long, and the place of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneConfig {
    /// Configuration file below everything that is set.
    pub config: Option<PathBuf>,
    /// Keys that every run sets, with the texts of their values.
    pub set: Vec<(String, String)>,
    /// Keys that are tuned; those of the algorithm without any.
    pub keys: Vec<TunedKey>,
    /// Number of trials, the base among them; 2 to 10,000.
    pub trials: usize,
    /// Time after which no trial begins.
    pub time: Option<Duration>,
    /// Seeds of each trial, from 0 on; 1 to 25.
    pub seeds_per_trial: u64,
    /// Seed of the draws.
    pub seed: u64,
    /// Runs at a time; 1 to 1024.
    pub jobs: usize,
    /// Directory of the results and, in `runs`, of the run directories.
    pub out: PathBuf,
    /// The binary `rl`: each run is a process of its own.
    pub program: Program,
}
