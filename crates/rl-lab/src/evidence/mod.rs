//! Evidence: claims about the presets, measured over many seeds.

mod claims;
mod completed;
mod config;
mod curves;
mod error;
mod report;
mod runs;

use rl_train::Registry;

use crate::files::write_all;
use crate::jobs::{Gathered, JobPool, JobProgress, check_seeds};
use claims::Claim;

pub use config::EvidenceConfig;
pub use error::EvidenceError;
pub use report::Evidence;

impl EvidenceConfig {
    /// Trains every preset that a claim is about with each seed, and compares the scores with
    /// what is claimed. `evidence.md`, `runs.csv` and the learning curves
    /// of each environment, `ENV.svg`, go to the output directory.
    ///
    /// A run that is complete there already is not repeated. `progress` is called after each that
    /// ends. The registry is that of the binary. Of a shard, only its share is run; the call that finds the
    /// runs of all shards there has the evidence.
    ///
    /// # Errors
    /// [`EvidenceError`]; a claim that is missed is none. When runs fail, the others are kept.
    pub fn gather(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&JobProgress),
    ) -> Result<Gathered<Evidence>, EvidenceError> {
        check_seeds(&self.seeds)?;
        JobPool::check(self.jobs)?;
        let claims = Claim::select(registry, self.env.as_deref(), self.algo.as_deref())?;
        runs::run_all(self, registry, &claims, progress)?.and_then(|runs| {
            let evidence = Evidence::of(runs);
            let files = [
                ("evidence.md".to_owned(), evidence.page(self).into_bytes()),
                ("runs.csv".to_owned(), evidence.csv(&self.out)?),
            ];
            write_all(&self.out, files)?;
            curves::draw(self, registry, evidence.runs())?;
            Ok(evidence)
        })
    }
}
