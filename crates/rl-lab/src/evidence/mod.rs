//! Evidence: claims about the presets, measured over many seeds.

mod claims;
mod completed;
mod config;
mod error;
mod planned;
mod queue;
mod report;

use rl_train::{Registry, UsageError};

use crate::files::write_all;
use claims::Claim;

pub use config::EvidenceConfig;
pub use error::EvidenceError;
pub use planned::PARENT_VARIABLE;
pub use queue::EvidenceProgress;
pub use report::Evidence;

impl EvidenceConfig {
    /// Trains every preset that a claim is about with each seed, and compares the scores with
    /// what is claimed. `evidence.md` and `runs.csv` go to the output
    /// directory.
    ///
    /// A run that is complete there already is not repeated. `progress` is called after each that
    /// ends. The registry is that of the binary.
    ///
    /// # Errors
    /// [`EvidenceError`]; a claim that is missed is none. When runs fail, the others are kept.
    pub fn gather(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&EvidenceProgress),
    ) -> Result<Evidence, EvidenceError> {
        for (key, value, most) in [
            (
                "seeds",
                self.seeds.end.saturating_sub(self.seeds.start),
                10_000,
            ),
            ("jobs", self.jobs as u64, 1024),
        ] {
            if !(1..=most).contains(&value) {
                let message = format!("{value} {key} (from --{key}): allowed are 1 to {most}");
                return Err(UsageError(message).into());
            }
        }
        let claims = Claim::select(self.env.as_deref(), self.algo.as_deref())?;
        let evidence = Evidence::of(queue::run_all(self, registry, &claims, progress)?);
        let files = [
            ("evidence.md".to_owned(), evidence.page(self).into_bytes()),
            ("runs.csv".to_owned(), evidence.csv(&self.out)?),
        ];
        write_all(&self.out, files)?;
        Ok(evidence)
    }
}
