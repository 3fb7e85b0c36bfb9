//! Configuration of the evidence.

use std::path::PathBuf;

/// Configuration of the evidence: the claims, the number of runs and the place of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceConfig {
    /// Name of the environment of the claims; `None` for all.
    pub env: Option<String>,
    /// Name of the algorithm of the claims; `None` for all.
    pub algo: Option<String>,
    /// Runs per claim, with the seeds from 0; 1 to 10000.
    pub seeds: u64,
    /// Runs at a time; 1 to 1024.
    pub jobs: usize,
    /// Directory of the report and, in `runs`, of the run directories.
    pub out: PathBuf,
    /// Keys that every run sets on top of its preset.
    pub set: Vec<(String, String)>,
    /// The binary `rl`: each run is a process of its own.
    pub program: PathBuf,
}
