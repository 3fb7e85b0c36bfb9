//! Evidence: what is claimed of the presets, measured over many seeds.

mod claims;
mod report;
mod runs;
mod statistics;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rl_envs::EnvironmentId;

pub use claims::{CLAIMS, Claim};
pub use report::{Evidence, EvidenceRow};
pub use runs::{EvidenceProgress, Run, RunEvaluation, RunResult};
pub(crate) use statistics::median;

use rl_train::{BackendError, UsageError};

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct EvidenceConfig {
    /// The claims about this environment only.
    pub env: Option<EnvironmentId>,
    /// The claims about this algorithm only.
    pub algo: Option<String>,
    /// Runs per claim, with the seeds from 0; 1 to 10000.
    pub seeds: u64,
    /// Runs at a time; 1 to 1024.
    pub jobs: usize,
    /// Where the report and, in `runs`, the run directories go.
    pub out: PathBuf,
    /// Keys that every run sets on top of its preset.
    pub set: Vec<(String, String)>,
    /// The binary `rl`: each run is a process of its own.
    pub program: PathBuf,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The call is wrong.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The backend is not part of the binary.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The directory of a run holds another one.
    #[error(
        "{} holds a run of another configuration: {differences}. Choose another --out, or move it \
         away", directory.display()
    )]
    OtherRun {
        /// The directory.
        directory: PathBuf,
        /// Keys with both values.
        differences: String,
    },
    /// A file of a run makes no sense.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file system said no.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        verb: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A run could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The binary.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A run ended with an error of its own.
    #[error("{0}")]
    Failed(String),
    /// Some of the runs failed.
    #[error(
        "{failed} of {total} runs failed. What is complete is kept in {}, and the same command \
         goes on from there.{reasons}", directory.display()
    )]
    Runs {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
        /// A line for each claim and reason, with the seeds.
        reasons: String,
        /// Where the others are.
        directory: PathBuf,
    },
}

impl EvidenceError {
    /// Whether the call was wrong, rather than a run.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Usage(_)
                | Self::OtherRun { .. }
                | Self::Backend(BackendError::NotCompiled { .. })
        )
    }

    fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { verb, path, source }
    }
}

/// Trains every preset that a claim is about with each seed, and compares the interquartile means
/// of the scores with the targets. `evidence.md` and `runs.csv` go to the output directory.
///
/// A run that is complete there already is not repeated. `progress` hears of each that ends.
///
/// # Errors
/// [`EvidenceError`]; a target that is missed is none. When runs fail, the others are kept.
pub fn evidence(
    config: &EvidenceConfig,
    progress: &mut dyn FnMut(&EvidenceProgress),
) -> Result<Evidence, EvidenceError> {
    for (key, value, most) in [
        ("seeds", config.seeds, 10_000),
        ("jobs", config.jobs as u64, 1024),
    ] {
        if !(1..=most).contains(&value) {
            let message = format!("{key} = {value} (from --{key}): allowed is 1 to {most}");
            return Err(UsageError(message).into());
        }
    }
    let claims = Claim::select(config.env, config.algo.as_deref())?;
    let evidence = Evidence::of(runs::run_all(config, &claims, progress)?);
    for (name, text) in [
        ("evidence.md", evidence.page(config)),
        ("runs.csv", evidence.csv()),
    ] {
        let path = config.out.join(name);
        fs::write(&path, text).map_err(EvidenceError::io("write", &path))?;
    }
    Ok(evidence)
}
