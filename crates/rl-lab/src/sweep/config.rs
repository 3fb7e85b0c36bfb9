//! Configuration of a sweep.

use std::ops::Range;
use std::path::PathBuf;

use crate::jobs::{Program, Shard};

/// Configuration of a sweep: the settings, their seeds, and the place of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepConfig {
    /// Configuration file below everything that is set.
    pub config: Option<PathBuf>,
    /// Keys that every run sets, with the texts of their values.
    pub set: Vec<(String, String)>,
    /// Keys that are swept; without any, there is one setting.
    pub keys: Vec<SweptKey>,
    /// Seeds that each setting is trained with, 1 or more.
    pub seeds: Range<u64>,
    /// Runs at a time; 1 to 1024.
    pub jobs: usize,
    /// Share of the runs to make; `None` for all.
    pub shard: Option<Shard>,
    /// Score that counts as reached; `None` for that of the environment, if it has one.
    pub threshold: Option<f64>,
    /// Directory of the results and, in `runs`, of the run directories.
    pub out: PathBuf,
    /// The binary `rl`: each run is a process of its own.
    pub program: Program,
}

/// Key that is swept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweptKey {
    /// Its name.
    pub key: String,
    /// The texts of its values, 1 or more.
    pub values: Vec<String>,
}
