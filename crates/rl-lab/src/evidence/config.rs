//! Configuration of the evidence.

use std::ops::Range;
use std::path::PathBuf;

use super::claims::CLAIM_SEEDS;
use crate::jobs::{Program, Shard};

/// Configuration of the evidence: the claims, the number of runs and the place of the files.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceConfig {
    /// Name of the environment of the claims; `None` for all.
    pub env: Option<String>,
    /// Name of the algorithm of the claims; `None` for all.
    pub algo: Option<String>,
    /// Seeds of the runs of each claim, 1 to 10000 of them; those that no setting was chosen on are
    /// [`EvidenceConfig::SEEDS`].
    pub seeds: Range<u64>,
    /// Runs at a time; 1 to 1024.
    pub jobs: usize,
    /// Share of the runs to make; `None` for all.
    pub shard: Option<Shard>,
    /// Directory of the report and, in `runs`, of the run directories.
    pub out: PathBuf,
    /// Keys that every run sets on top of its preset.
    pub set: Vec<(String, String)>,
    /// The binary `rl`: each run is a process of its own.
    pub program: Program,
}

impl EvidenceConfig {
    /// Seeds that claims are made on: no setting was chosen on them.
    pub const SEEDS: Range<u64> = CLAIM_SEEDS;
}
